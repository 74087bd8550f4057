// Package rowsum sums up the rows of a table, so that two engines' tables can be compared.
package rowsum

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"math"
)

// Rows are what is summed up.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// Of is the SHA-256 over rows as they come: for each value a type letter, eight bytes (the
// number itself, or the length of what follows, big endian) and the bytes. asJSON has an entry for
// each column: JSON is brought to one form first, because one database keeps the text and another
// its meaning.
func Of(rows Rows, asJSON []bool) (sum [32]byte, err error) {
	h := sha256.New()
	row, into := make([]any, len(asJSON)), make([]any, len(asJSON))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return sum, err
		}
		for i, v := range row {
			if asJSON[i] {
				if v, err = Canonical(v); err != nil {
					return sum, err
				}
			}
			if err := hashValue(h, v); err != nil {
				return sum, err
			}
		}
	}
	return [32]byte(h.Sum(nil)), rows.Err()
}

// Canonical is a JSON value with sorted keys, without spaces, each number in its shortest form.
func Canonical(v any) (any, error) {
	var text []byte
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default: // SQLite keeps a JSON text that is one number as a number
		text = fmt.Append(nil, v)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("hash JSON: %w", err)
	}
	out, err := json.Marshal(plainNumbers(value))
	if err != nil {
		return nil, fmt.Errorf("hash JSON: %w", err)
	}
	return out, nil
}

// plainNumbers writes 1e3 and 1000.0 as 1000.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, err := v.Float64()
		if err != nil { // no float64 holds it: as it stands
			return v
		}
		if whole := int64(f); float64(whole) == f && math.Abs(f) < 1<<53 {
			return whole
		}
		return f
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainNumbers(v[k])
		}
	}
	return v
}

func hashValue(h hash.Hash, v any) error {
	letter, number, text := byte('n'), uint64(0), []byte(nil)
	switch x := v.(type) {
	case nil:
	case bool:
		letter = 'i' // one database has no boolean
		if x {
			number = 1
		}
	case int64:
		letter, number = 'i', uint64(x) //nolint:gosec // the bits are what counts
	case float64:
		letter, number = 'f', math.Float64bits(x)
	case string:
		letter, number, text = 's', uint64(len(x)), []byte(x)
	case []byte:
		letter, number, text = 'b', uint64(len(x)), x
	default:
		return fmt.Errorf("cannot hash a %T", v)
	}
	var b [9]byte
	b[0] = letter
	binary.BigEndian.PutUint64(b[1:], number)
	h.Write(b[:])
	h.Write(text)
	return nil
}
