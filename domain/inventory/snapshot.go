package inventory

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/eventlog"
)

// keep keeps a State in a snapshot: a SKU that sells has a stream without end. It is no JSON, because a
// busy SKU may have 100,000 open promises, and whoever folds it waits for them: JSON took ten times as
// long.
//
//	known, received, shipped, adjusted, returned, damaged, reserved, promises as varints
//	for each promise, by order and number: length of the order, order, number, units
var keep = &eventlog.Codec{
	Schema: 1,
	Encode: func(state any) ([]byte, error) { return encode(state.(State)), nil },
	Decode: func(data []byte) (any, error) { return decode(data) },
}

func encode(s State) []byte {
	known := int64(0)
	if s.Known {
		known = 1
	}
	attempts := slices.SortedFunc(maps.Keys(s.Open), func(a, b Attempt) int {
		return cmp.Or(strings.Compare(a.Order, b.Order), cmp.Compare(a.Number, b.Number))
	})
	data := make([]byte, 0, 64+48*len(attempts))
	for _, n := range []int64{known, s.Received, s.Shipped, s.Adjusted, s.Returned, s.Damaged, s.Reserved, int64(len(attempts))} {
		data = binary.AppendVarint(data, n)
	}
	for _, a := range attempts {
		data = binary.AppendVarint(data, int64(len(a.Order)))
		data = append(data, a.Order...)
		data = binary.AppendVarint(data, int64(a.Number))
		data = binary.AppendVarint(data, s.Open[a])
	}
	return data
}

var errSnapshot = errors.New("no state of a SKU")

func decode(data []byte) (State, error) {
	text, at, wrong := string(data), 0, false // the orders are parts of one text
	next := func() int64 {
		n, length := binary.Varint(data[at:])
		if wrong = wrong || length <= 0; wrong {
			return 0
		}
		at += length
		return n
	}
	s := State{
		Known: next() == 1, Received: next(), Shipped: next(), Adjusted: next(), Returned: next(), Damaged: next(), Reserved: next(),
	}
	promises := next()
	if promises < 0 || promises > int64(len(data)) {
		return s, errSnapshot
	}
	if promises > 0 {
		s.Open = make(map[Attempt]int64, promises)
	}
	for range promises {
		length := next()
		if wrong || length < 0 || length > int64(len(data)-at) {
			return s, errSnapshot
		}
		order := text[at : at+int(length)]
		at += int(length)
		number := next()
		s.Open[Attempt{order, int(number)}] = next()
	}
	if wrong || at != len(data) {
		return s, errSnapshot
	}
	return s, nil
}
