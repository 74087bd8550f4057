package projection

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
	return value(f) == value(jsonField[T]{&zero})
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

// destinations makes a row's fields fit for Scan.
func destinations(fields []any) []any {
	for i, field := range fields {
		if at, ok := field.(*time.Time); ok {
			fields[i] = micros{at}
		}
	}
	return fields
}

// values are the fields as a database driver takes them: copies that later changes do not reach.
func values(fields []any) []any {
	for i, field := range fields {
		fields[i] = value(field)
	}
	return fields
}

// unset says that a field's value is that of a zero row.
func unset(field any) bool {
	switch field := field.(type) {
	case *string:
		return *field == ""
	case *int64:
		return *field == 0
	case *time.Time:
		return value(field) == int64(0)
	case interface{ unset() bool }:
		return field.unset()
	}
	return same(value(field), value(reflect.New(reflect.TypeOf(field).Elem()).Interface()))
}

// value turns a field, or a key as the caller gave it, into int64, float64, bool, string, []byte
// or nil. What cannot be turned stays, for the driver to refuse with its own words.
func value(v any) any {
	switch v := v.(type) {
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
		return value(*v)
	case time.Time:
		if v.IsZero() {
			return int64(0)
		}
		return v.UnixMicro()
	case string:
		return legible.Text(v)
	case int64:
		return v
	case int:
		return int64(v)
	case interface{ text() (string, error) }:
		if text, err := v.text(); err == nil {
			return text
		}
	}
	plain, err := driver.DefaultParameterConverter.ConvertValue(v)
	if err != nil {
		return v
	}
	if text, ok := plain.(string); ok {
		return legible.Text(text)
	}
	return plain
}

// same compares two results of value.
func same(a, b any) bool {
	x, ok := a.([]byte)
	if !ok {
		return a == b
	}
	y, ok := b.([]byte)
	return ok && bytes.Equal(x, y)
}

func canBeKey(v any) bool { return v != nil && reflect.TypeOf(v).Comparable() }

// set stores a key part in the field of a row.
func set(field, v any) error {
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
		return micros{at}.Scan(value(v))
	}
	if s, ok := field.(sql.Scanner); ok {
		return s.Scan(value(v))
	}
	into, from := reflect.ValueOf(field).Elem(), reflect.ValueOf(value(v))
	if !from.CanConvert(into.Type()) || (from.Kind() == reflect.String) != (into.Kind() == reflect.String) {
		return fmt.Errorf("%T does not fit %s", v, into.Type())
	}
	into.Set(from.Convert(into.Type()))
	return nil
}
