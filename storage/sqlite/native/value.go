package native

import (
	"database/sql/driver"
	"fmt"
)

// Bind binds a value of any type that a database driver takes.
func (s *Stmt) Bind(i int, value any) error {
	switch v := value.(type) {
	case nil:
		s.Null(i)
	case int64:
		s.Int(i, v)
	case float64:
		s.Float(i, v)
	case bool:
		n := int64(0)
		if v {
			n = 1
		}
		s.Int(i, n)
	case string:
		s.Text(i, v)
	case []byte:
		s.Blob(i, v)
	default:
		plain, err := driver.DefaultParameterConverter.ConvertValue(value)
		if err != nil {
			return fmt.Errorf("parameter %d: %w", i, err)
		}
		switch plain.(type) {
		case nil, int64, float64, bool, string, []byte:
			return s.Bind(i, plain)
		}
		return fmt.Errorf("parameter %d: %T is no value of SQLite's", i, value)
	}
	return nil
}

// Value is a column of the row that Step has come to: int64, float64, string, []byte or nil.
func (s *Stmt) Value(i int) any {
	switch s.ColumnKind(i) {
	case Integer:
		return s.ColumnInt(i)
	case Float:
		return s.ColumnFloat(i)
	case Text:
		return string(s.ColumnBytes(i))
	case Blob:
		return append([]byte{}, s.ColumnBytes(i)...)
	}
	return nil
}
