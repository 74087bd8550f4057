package projection

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math"
)

// HashRows is the SHA-256 over rows as they come: for each value a type letter, eight bytes (the
// number itself, or the length of what follows, big endian) and the bytes.
func HashRows(rows Rows, columns int) (sum [32]byte, err error) {
	h := sha256.New()
	row, into := make([]any, columns), make([]any, columns)
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return sum, err
		}
		for _, v := range row {
			if err := hashValue(h, v); err != nil {
				return sum, err
			}
		}
	}
	return [32]byte(h.Sum(nil)), rows.Err()
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
