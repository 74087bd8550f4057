package reserve

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Sold checks that a SKU was sold exactly to zero, to those that were told so and to nobody else.
func Sold(ctx context.Context, log *eventlog.Log, sku string, units int64, history []Operation) error {
	reserved, err := Balanced(ctx, log, sku, units, history)
	if err == nil && reserved != units {
		err = fmt.Errorf("of %d units of %s only %d are reserved", units, sku, reserved)
	}
	return err
}

// Balanced checks that of a SKU's units as many are reserved as orders were told of, all or nothing, and returns how many.
func Balanced(ctx context.Context, log *eventlog.Log, sku string, units int64, history []Operation) (told int64, err error) {
	state, err := log.Fold(ctx, inventory.Fold(workspace, sku))
	if err != nil {
		return 0, err
	}
	for _, op := range history {
		reserved := 0
		for _, a := range op.Answers {
			if a.Version > 0 {
				reserved++
			}
		}
		if reserved != 0 && reserved != len(op.Order.Demand) {
			return 0, fmt.Errorf("order %s got %d of its %d lines", op.Order.ID, reserved, len(op.Order.Demand))
		}
		if op.Answers[sku].Version > 0 {
			told -= op.change(sku)
		}
	}
	s := state.Value.(inventory.State)
	if s.OnHand() != units || s.Reserved != told || s.Available() < 0 {
		return told, fmt.Errorf("of %d units of %s there are %d on hand and %d reserved, and orders were told of %d", units, sku, s.OnHand(), s.Reserved, told)
	}
	return told, nil
}

// Stream reads a SKU's events.
func Stream(ctx context.Context, log *eventlog.Log, sku string) ([]eventlog.Event, error) {
	const page = 1000
	var stream []eventlog.Event
	for {
		records, err := log.ReadStream(ctx, events.Stream(workspace, sku), eventlog.Version(len(stream)), page)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			stream = append(stream, r.Event)
		}
		if len(records) < page {
			return stream, nil
		}
	}
}

// moment is an order's call or return.
type moment struct {
	at   int64
	back bool
	op   *Operation
}

// InOrder checks a SKU's history against its stream: every reservation stands at the version that its
// order was told, nobody else has one, none takes what is not there, and whoever called after another
// had its answer was answered from a state at least as new. It takes n·log n, whatever the contention.
func InOrder(sku string, stream []eventlog.Event, history []Operation) error {
	available, err := ledger(sku, stream, history)
	if err != nil {
		return err
	}
	var moments []moment
	for i := range history {
		if op := &history[i]; op.Order.Demand[sku] > 0 {
			moments = append(moments, moment{at: op.Call, op: op}, moment{at: op.Return, back: true, op: op})
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return int(a.at - b.at) })
	seen := eventlog.Version(1) // the newest that somebody had an answer from; the stock was there before all
	from := map[*Operation]eventlog.Version{}
	for _, m := range moments {
		if m.back {
			seen = max(seen, from[m.op])
			continue
		}
		need, a := m.op.Order.Demand[sku], m.op.Answers[sku]
		if a.Version > 0 {
			if a.Version <= seen || available[a.Version] != a.Available {
				return fmt.Errorf("order %s moved %d of %s at version %d, which leaves %d, and was told %d; version %d had been answered before it called",
					m.op.Order.ID, m.op.change(sku), sku, a.Version, available[a.Version], a.Available, seen)
			}
			from[m.op] = a.Version
			continue
		}
		if m.op.Release {
			return fmt.Errorf("order %s let go of %s, and was told %+v", m.op.Order.ID, sku, a)
		}
		v := seen // the oldest state that explains the answer is the one that excludes least
		for v < eventlog.Version(len(available)) && !explains(available[v], need, a) {
			v++
		}
		if v == eventlog.Version(len(available)) {
			return fmt.Errorf("order %s was refused %d of %s with %+v, which no state from version %d on explains", m.op.Order.ID, need, sku, a, seen)
		}
		from[m.op] = v
	}
	return nil
}

// explains says whether an order could be answered so when so much was available.
func explains(available, need int64, a Answer) bool {
	if a.Short {
		return available < need && available == a.Available
	}
	return available >= need // it got nothing, but because of another SKU
}

// ledger compares a stream with what orders were told, and returns what was available at each version.
func ledger(sku string, stream []eventlog.Event, history []Operation) (available []int64, err error) {
	told := map[eventlog.Version]*Operation{}
	for i := range history {
		v := history[i].Answers[sku].Version
		if other := told[v]; v > 0 && other != nil {
			return nil, fmt.Errorf("orders %s and %s were both told version %d of %s", other.Order.ID, history[i].Order.ID, v, sku)
		}
		if v > 0 {
			told[v] = &history[i]
		}
	}
	available = make([]int64, len(stream)+1)
	for i, e := range stream {
		v := eventlog.Version(i + 1)
		available[v] = available[v-1]
		switch e := e.(type) {
		case events.Received:
			available[v] += e.Quantity
		case events.Reserved:
			available[v] -= e.Quantity
			if op := told[v]; op == nil || op.Release || op.Order.ID != e.Order || op.Order.Demand[sku] != e.Quantity {
				return nil, fmt.Errorf("version %d of %s reserves %d for order %s, who was not told so", v, sku, e.Quantity, e.Order)
			}
			delete(told, v)
		case events.Released:
			available[v] += e.Quantity
			if op := told[v]; op == nil || !op.Release || op.Order.ID != e.Order || op.Order.Demand[sku] != e.Quantity {
				return nil, fmt.Errorf("version %d of %s takes %d from order %s, who was not told so", v, sku, e.Quantity, e.Order)
			}
			delete(told, v)
		default:
			return nil, fmt.Errorf("version %d of %s is %s, which nobody asked for", v, sku, e.EventName())
		}
		if available[v] < 0 {
			return nil, fmt.Errorf("version %d of %s leaves %d available", v, sku, available[v])
		}
	}
	for v, op := range told {
		return nil, fmt.Errorf("order %s was told version %d of %s, which is not there", op.Order.ID, v, sku)
	}
	return available, nil
}

// shelf is one SKU as porcupine's model has it.
type shelf struct {
	version   eventlog.Version
	available int64
}

// patience is how long porcupine may look for an order of one SKU's answers.
const patience = time.Minute

// Linearizable checks each SKU's history, of at most about a hundred operations, without the log: units
// are what the first version received.
func Linearizable(units map[string]int64, history []Operation) error {
	asked := map[string][]porcupine.Operation{}
	for i := range history {
		op := &history[i]
		for sku := range op.Order.Demand {
			asked[sku] = append(asked[sku], porcupine.Operation{ClientId: i, Input: op.change(sku), Call: op.Call, Output: op.Answers[sku], Return: op.Return})
		}
	}
	for sku, ops := range asked {
		model := porcupine.Model{
			Init: func() any { return shelf{version: 1, available: units[sku]} },
			Step: func(state, input, output any) (bool, any) {
				s, change, a := state.(shelf), input.(int64), output.(Answer)
				if a.Version == 0 { // of a release nothing explains that
					return change < 0 && explains(s.available, -change, a), s
				}
				next := shelf{version: s.version + 1, available: s.available + change}
				return next.available >= 0 && next == shelf{a.Version, a.Available}, next
			},
		}
		if is := porcupine.CheckOperationsTimeout(model, ops, patience); is != porcupine.Ok {
			return fmt.Errorf("the %d answers about %s come from no order of what was done (porcupine: %s)", len(ops), sku, is)
		}
	}
	return nil
}
