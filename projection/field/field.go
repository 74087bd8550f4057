// Package field says how the fields of a view's row stand in a database: as whole numbers, texts, bytes, and JSON.
package field

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/creatorflow/creatorflow/projection/legible"
)

// JSON keeps a field as JSON text in a jsonb column. Maps are written with sorted keys, so equal
// values are equal bytes.
func JSON[T any](field *T) any { return jsonField[T]{field} }

type jsonField[T any] struct{ field *T }

// Value implements driver.Valuer.
func (f jsonField[T]) Value() (driver.Value, error) { return f.text() }

func (f jsonField[T]) text() (string, error) {
	text, err := json.Marshal(f.field)
	if err != nil {
		return "", fmt.Errorf("encode %T: %w", *f.field, err)
	}
	return string(legible.JSON(text)), nil
}

// unset says that the text is that of a zero value.
func (f jsonField[T]) unset() bool {
	into := reflect.ValueOf(f.field).Elem()
	if into.IsZero() || into.Kind() == reflect.Slice || into.Kind() == reflect.Map {
		return into.IsZero() // an empty list is a text of its own
	}
	var zero T
	return Value(f) == Value(jsonField[T]{&zero})
}

// Scan implements sql.Scanner.
func (f jsonField[T]) Scan(from any) error {
	var text []byte
	switch v := from.(type) {
	case []byte:
		text = v
	case string:
		text = []byte(v)
	case nil:
		text = []byte("null")
	default: // SQLite keeps a JSON text that is one number as a number
		text = fmt.Append(nil, v)
	}
	var into T
	if err := json.Unmarshal(text, &into); err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	*f.field = into
	return nil
}

// micros keeps a time as microseconds since 1970, the zero time as 0.
type micros struct{ at *time.Time }

// Scan implements sql.Scanner.
func (m micros) Scan(from any) error {
	us, ok := from.(int64)
	if !ok {
		return fmt.Errorf("a time is kept as bigint microseconds, got %T", from)
	}
	*m.at = time.Time{}
	if us != 0 {
		*m.at = time.UnixMicro(us).UTC()
	}
	return nil
}

// Destinations makes a row's fields fit for Scan.
func Destinations(fields []any) []any {
	for i, field := range fields {
		if at, ok := field.(*time.Time); ok {
			fields[i] = micros{at}
		}
	}
	return fields
}

// Values are the fields as a database driver takes them: copies that later changes do not reach.
func Values(fields []any) []any {
	for i, field := range fields {
		fields[i] = Value(field)
	}
	return fields
}

// Unset says that a field's value is that of a zero row.
func Unset(field any) bool {
	switch field := field.(type) {
	case *string:
		return *field == ""
	case *int64:
		return *field == 0
	case *time.Time:
		return Value(field) == int64(0)
	case interface{ unset() bool }:
		return field.unset()
	}
	return Same(Value(field), Value(reflect.New(reflect.TypeOf(field).Elem()).Interface()))
}

// Value turns a field, or a key as the caller gave it, into int64, float64, bool, string, []byte
// or nil. What cannot be turned stays, for the driver to refuse with its own words.
func Value(given any) any {
	switch v := given.(type) {
	case *string:
		return legible.Text(*v)
	case *int64:
		return *v
	case *int:
		return int64(*v)
	case *bool:
		return *v
	case *float64:
		return *v
	case *[]byte:
		return bytes.Clone(*v)
	case *time.Time:
		return Value(*v)
	case time.Time:
		if v.IsZero() {
			return int64(0)
		}
		return v.UnixMicro()
	case string:
		if text := legible.Text(v); text != v {
			return text
		}
		return given
	case int64:
		return given
	case int:
		return int64(v)
	case interface{ text() (string, error) }:
		if text, err := v.text(); err == nil {
			return text
		}
	}
	plain, err := driver.DefaultParameterConverter.ConvertValue(given)
	if err != nil {
		return given
	}
	if text, ok := plain.(string); ok {
		return legible.Text(text)
	}
	return plain
}

// Same compares two results of Value.
func Same(a, b any) bool {
	x, ok := a.([]byte)
	if !ok {
		return a == b
	}
	y, ok := b.([]byte)
	return ok && bytes.Equal(x, y)
}

// CanBeKey says whether a result of Value can be part of a primary key.
func CanBeKey(v any) bool { return v != nil && reflect.TypeOf(v).Comparable() }

// Set stores a key part in the field of a row.
func Set(field, v any) error {
	switch field := field.(type) {
	case *string:
		if text, ok := v.(string); ok {
			*field = legible.Text(text)
			return nil
		}
	case *int64:
		if n, ok := v.(int64); ok {
			*field = n
			return nil
		}
	}
	if at, ok := field.(*time.Time); ok {
		return micros{at}.Scan(Value(v))
	}
	if s, ok := field.(sql.Scanner); ok {
		return s.Scan(Value(v))
	}
	into, from := reflect.ValueOf(field).Elem(), reflect.ValueOf(Value(v))
	if !from.CanConvert(into.Type()) || (from.Kind() == reflect.String) != (into.Kind() == reflect.String) {
		return fmt.Errorf("%T does not fit %s", v, into.Type())
	}
	into.Set(from.Convert(into.Type()))
	return nil
}
