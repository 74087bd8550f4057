package inventory

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/creatorflow/creatorflow/domain/inventory/waiting"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
)

// keep keeps a State in a snapshot: a SKU that sells has a stream without end. It is no JSON, because a
// busy SKU may have 100,000 open promises, and whoever folds it waits for them: JSON took ten times as
// long.
//
//	known, received, shipped, adjusted, returned, damaged, reserved, promises as varints
//	for each promise, by order and number: length of the order, order, number, units
//	of a SKU that has to do with bundles or locations, or that orders wait for, besides: components, then for each, by SKU, length of
//	the SKU, SKU, units; the same of bundles
//	of one that orders wait for, or that has to do with locations: who waits, as waiting.Queue writes it
//	of one that has to do with locations besides: where its units lie, as places.Held writes it
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
	attempts := slices.SortedFunc(maps.Keys(s.Open), Attempt.Compare)
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
	if !s.Shared() && len(s.Queue) == 0 && s.Blank() {
		return data
	}
	for _, m := range []map[string]int64{s.Components, s.Bundles} {
		data = binary.AppendVarint(data, int64(len(m)))
		for _, sku := range slices.Sorted(maps.Keys(m)) {
			data = binary.AppendVarint(data, int64(len(sku)))
			data = append(data, sku...)
			data = binary.AppendVarint(data, m[sku])
		}
	}
	if len(s.Queue) == 0 && s.Blank() {
		return data
	}
	data = s.Queue.AppendTo(data)
	if s.Blank() {
		return data
	}
	return s.AppendTo(data)
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
	name := func() string {
		length := next()
		if wrong = wrong || length < 0 || length > int64(len(data)-at); wrong {
			return ""
		}
		at += int(length)
		return text[at-int(length) : at]
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
		order := name()
		if wrong {
			return s, errSnapshot
		}
		number := next()
		s.Open[Attempt{Order: order, Number: int(number)}] = next()
	}
	for _, m := range []*map[string]int64{&s.Components, &s.Bundles} {
		if at == len(data) {
			break
		}
		for n := next(); n > 0 && !wrong; n-- {
			sku := name()
			*m = with(*m, sku, next())
		}
	}
	if at < len(data) {
		s.Queue = waiting.Read(next, name, func() bool { return wrong })
	}
	if at < len(data) && !wrong {
		s.Held = places.ReadHeld(next, name, func() bool { return wrong })
	}
	if wrong || at != len(data) {
		return s, errSnapshot
	}
	return s, nil
}
