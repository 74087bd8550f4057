package inventory

import (
	"maps"
	"slices"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory/waiting"
	"github.com/creatorflow/creatorflow/eventlog"
)

func evolveQueue(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.Backordered:
		s.Queue = s.Queue.With(waiting.Order{Order: e.Order, Units: e.Quantity, Placed: e.Placed, Front: e.Front})
	case events.BackorderFirst:
		if w, ok := s.Queue.Find(e.Order); ok {
			w.Front = e.Front
			s.Queue = s.Queue.With(w)
		}
	case events.BackorderLeft:
		s.Queue = s.Queue.Without(e.Order)
	}
	return s
}

// Join has an order wait in the queues of all it needs, where it does not yet for as many units.
func Join(workspace string, t waiting.Turn, demand map[string]int64, states map[string]State) []eventlog.Decided {
	front := int64(0)
	for sku := range demand {
		w, _ := states[sku].Queue.Find(t.Order)
		front = max(front, w.Front)
	}
	return perSKU(workspace, demand, func(sku string) eventlog.Event {
		if w, waits := states[sku].Queue.Find(t.Order); waits && w.Units == demand[sku] {
			return nil
		}
		return events.Backordered{SKU: sku, Order: t.Order, Quantity: demand[sku], Placed: t.Placed.UTC().Truncate(time.Microsecond), Front: front}
	})
}

// First moves an order before all others in every queue that it waits in; no events when it stands there already.
func First(workspace, order, reason string, states map[string]State) []eventlog.Decided {
	front, first := int64(0), true
	for _, s := range states {
		if own, waits := s.Queue.Find(order); waits {
			first = first && s.Queue[0].Order == order
			front = max(front, own.Front)
		}
		for _, w := range s.Queue {
			if w.Order != order {
				front = max(front, w.Front+1)
			}
		}
	}
	if first {
		return nil
	}
	return perSKU(workspace, states, func(sku string) eventlog.Event {
		if _, waits := states[sku].Queue.Find(order); !waits {
			return nil
		}
		return events.BackorderFirst{SKU: sku, Order: order, Front: front, Reason: reason}
	})
}

// Leave takes an order out of every queue that it waits in.
func Leave(workspace, order, reason string, states map[string]State) []eventlog.Decided {
	return perSKU(workspace, states, func(sku string) eventlog.Event {
		if _, waits := states[sku].Queue.Find(order); !waits {
			return nil
		}
		return events.BackorderLeft{SKU: sku, Order: order, Reason: reason}
	})
}

func perSKU[V any](workspace string, skus map[string]V, event func(sku string) eventlog.Event) (writes []eventlog.Decided) {
	for _, sku := range slices.Sorted(maps.Keys(skus)) {
		if e := event(sku); e != nil {
			writes = append(writes, eventlog.Decided{Stream: events.Stream(workspace, sku), Events: []eventlog.Event{e}})
		}
	}
	return writes
}
