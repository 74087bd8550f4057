package inventory

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	stock "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory/waiting"
	"github.com/creatorflow/creatorflow/eventlog"
)

var day = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// shelf is the stock of a few SKUs and the orders that want of them.
type shelf struct {
	states map[string]State
	waits  map[string]wish // those that stand in the queue
	served map[string]wish
}

type wish struct {
	turn   waiting.Turn
	demand map[string]int64
}

func newShelf() *shelf {
	return &shelf{states: map[string]State{}, waits: map[string]wish{}, served: map[string]wish{}}
}

func (s *shelf) write(writes ...eventlog.Decided) {
	for _, w := range writes {
		for _, e := range w.Events {
			s.states[w.Stream.ID] = evolve(s.states[w.Stream.ID], e)
		}
	}
}

func (s *shelf) receive(sku string, n int64) {
	s.write(eventlog.Decided{Stream: stock.Stream("main", sku), Events: []eventlog.Event{stock.Received{SKU: sku, Quantity: n}}})
}

// of are the states of a demand, as a flow folds them.
func (s *shelf) of(demand map[string]int64) map[string]State {
	states := map[string]State{}
	for sku := range demand {
		states[sku] = s.states[sku]
	}
	return states
}

// earlier is how many units of a SKU others wait for who are to have them before an order.
func (s *shelf) earlier(w wish, sku string) (units int64) {
	own, _ := s.states[sku].Queue.Find(w.turn.Order)
	for _, other := range s.states[sku].Queue {
		sooner := other.Placed.Before(w.turn.Placed) || other.Placed.Equal(w.turn.Placed) && other.Order < w.turn.Order
		if other.Front > own.Front || other.Front == own.Front && sooner {
			units += other.Units
		}
	}
	return units
}

// ask is the turn of an order's flow: it gets all it needs and leaves what is others', or stands in the queue.
func (s *shelf) ask(r *rapid.T, w wish) bool {
	states, earlier := s.of(w.demand), map[string]int64{}
	for sku := range w.demand {
		earlier[sku] = s.earlier(w, sku)
	}
	defer func() {
		for sku, units := range earlier {
			if _, served := s.served[w.turn.Order]; served && r != nil && s.states[sku].Available() < units {
				r.Fatalf("%s was served, and of %s %d are left for the %d that are wanted before it", w.turn.Order, sku, s.states[sku].Available(), units)
			}
		}
	}()
	writes, short := InTurn("main", w.turn, w.demand, states)
	if len(short) > 0 {
		s.write(Join("main", w.turn, w.demand, states)...)
		s.waits[w.turn.Order] = w
		return false
	}
	s.write(writes...)
	delete(s.waits, w.turn.Order)
	s.served[w.turn.Order] = w
	return true
}

func (s *shelf) leave(order string) {
	s.write(Leave("main", order, "asked", s.of(s.waits[order].demand))...)
	delete(s.waits, order)
}

func turnOf(order string, placed int) waiting.Turn {
	return waiting.Turn{Order: order, Attempt: 1, Placed: day.Add(time.Duration(placed) * time.Minute)}
}

// Whatever comes in whatever order and wakes in whatever order: no unit is promised twice, nobody takes a unit that somebody before
// it waits for, two queues do not block each other, and with enough units everybody is served.
func TestQueueProperties(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s, received := newShelf(), map[string]int64{}
		skus := []string{"a", "b", "c"}
		pick := func(from map[string]wish) string {
			return rapid.SampledFrom(slices.Sorted(maps.Keys(from))).Draw(r, "order")
		}
		// wake has every waiting order asked, in any order, until nobody gets anything any more.
		wake := func() {
			for again := true; again; {
				again = false
				for _, id := range rapid.Permutation(slices.Sorted(maps.Keys(s.waits))).Draw(r, "woken") {
					w := s.waits[id]
					again = s.ask(r, w) || again
				}
			}
		}
		judge := func() {
			var all []waiting.Order
			for sku, state := range s.states {
				var sum int64
				for _, w := range s.served {
					sum += w.demand[sku]
				}
				if state.Reserved != sum || state.OnHand() != received[sku] || state.Available() < 0 {
					r.Fatalf("%s: %d received, %d on hand, %d reserved, %d served, %d available", sku, received[sku], state.OnHand(), state.Reserved, sum, state.Available())
				}
				if !slices.IsSortedFunc(state.Queue, waiting.Before) {
					r.Fatalf("%s: the queue is in no order: %+v", sku, state.Queue)
				}
				for _, w := range state.Queue {
					if own, waits := s.waits[w.Order]; !waits || own.demand[sku] != w.Units {
						r.Fatalf("%s: %+v stands in the queue and should not", sku, w)
					}
					all = append(all, w)
				}
			}
			for id, w := range s.waits {
				for sku := range w.demand {
					if _, stands := s.states[sku].Queue.Find(id); !stands {
						r.Fatalf("%s waits and does not stand in the queue of %s", id, sku)
					}
				}
			}
			// An order has one place among all orders, and the first of all lacks units that are not there: nothing else.
			for _, a := range all {
				for _, b := range all {
					if a.Order == b.Order && (a.Front != b.Front || !a.Placed.Equal(b.Placed)) {
						r.Fatalf("%s has two places: %+v and %+v", a.Order, a, b)
					}
				}
			}
			if len(all) == 0 {
				return
			}
			first := slices.MinFunc(all, waiting.Before).Order
			lacks := false
			for sku, need := range s.waits[first].demand {
				lacks = lacks || s.states[sku].Available() < need
			}
			if !lacks {
				r.Fatalf("%s is the first of all and waits, although all it needs is there: %+v", first, s.states)
			}
		}
		for n := range rapid.IntRange(1, 25).Draw(r, "steps") {
			switch what := rapid.IntRange(0, 9).Draw(r, "what"); {
			case what < 5:
				demand := rapid.MapOfN(rapid.SampledFrom(skus), rapid.Int64Range(1, 4), 1, 3).Draw(r, "demand")
				s.ask(r, wish{turnOf(fmt.Sprint(n), rapid.IntRange(0, 9).Draw(r, "placed")), demand})
			case what < 8:
				sku, units := rapid.SampledFrom(skus).Draw(r, "sku"), rapid.Int64Range(1, 6).Draw(r, "units")
				received[sku] += units
				s.receive(sku, units)
			case len(s.waits) == 0:
			case what == 8:
				id := pick(s.waits)
				s.write(First("main", id, "asked", s.of(s.waits[id].demand))...)
				for sku := range s.waits[id].demand {
					if s.states[sku].Queue[0].Order != id {
						r.Fatalf("%s was moved to the front of %s, where %+v stands", id, sku, s.states[sku].Queue)
					}
				}
			default:
				s.leave(pick(s.waits))
			}
			wake()
			judge()
		}
		for _, sku := range skus {
			var wanted int64
			for _, w := range s.waits {
				wanted += w.demand[sku]
			}
			if missing := wanted - s.states[sku].Available(); missing > 0 {
				received[sku] += missing
				s.receive(sku, missing)
			}
		}
		wake()
		judge()
		if len(s.waits) > 0 {
			r.Fatalf("there is enough for all, and %+v still wait", s.waits)
		}
	})
}

func TestQueueByHand(t *testing.T) {
	s := newShelf()
	s.receive("x", 1)
	two := map[string]int64{"x": 1, "y": 1}
	s.ask(nil, wish{turnOf("two", 1), two})
	if s.ask(nil, wish{turnOf("late", 2), map[string]int64{"x": 1}}) {
		t.Error("who came later took the unit that an earlier order waits for")
	}
	if !s.ask(nil, wish{turnOf("early", 0), map[string]int64{"x": 1}}) {
		t.Error("who ordered first waits for those who ordered later")
	}
	if _, short := Reserve("main", "new", 1, map[string]int64{"x": 1}, s.states); len(short) != 1 || short[0] != (Short{SKU: "x", Need: 1, Ahead: 2}) {
		t.Errorf("an order without a time comes last: %+v", short)
	}
	if again := Join("main", turnOf("two", 1), two, s.states); again != nil {
		t.Errorf("it stands there already: %+v", again)
	}
	s.write(First("main", "late", "a regular", s.of(map[string]int64{"x": 1}))...)
	if again := First("main", "late", "once more", s.of(map[string]int64{"x": 1})); again != nil || s.states["x"].Queue[0].Order != "late" {
		t.Errorf("it was moved twice: %+v, %+v", again, s.states["x"].Queue)
	}
	s.write(First("main", "two", "a fan", s.of(two))...)
	if q := s.states["x"].Queue; q[0].Order != "two" || q[0].Front != 2 || s.states["y"].Queue[0].Front != 2 {
		t.Errorf("the one who was moved last comes first: %+v", s.states)
	}
	// What a parcel took that had gone is nobody's to wait for.
	s.receive("x", 1)
	writes, short := Take("main", "two", 1, two, s.states)
	s.write(writes...)
	if len(short) != 1 || short[0].SKU != "y" || len(s.states["y"].Queue) != 0 || len(s.states["x"].Queue) != 1 {
		t.Errorf("taken: short of %+v, queues %+v", short, s.states)
	}
}

func TestQueueInSnapshots(t *testing.T) {
	s := newShelf()
	s.receive("x", 5)
	for i, order := range []string{"k7:2", "k7:10", "k7:1"} {
		s.ask(nil, wish{turnOf(order, i%2), map[string]int64{"x": int64(6 + i)}})
	}
	s.write(First("main", "k7:1", "a fan", s.states)...)
	joined := evolve(s.states["x"], stock.JoinedBundle{SKU: "x", Bundle: "SET", Quantity: 2})
	for _, state := range []State{s.states["x"], joined} {
		if again, err := decode(encode(state)); err != nil || !reflect.DeepEqual(again, state) {
			t.Errorf("got %+v, %v; it was %+v", again, err, state)
		}
	}
	alone := joined
	alone.Queue = nil
	for cut := len(encode(alone)) + 1; cut < len(encode(joined)); cut++ {
		if _, err := decode(encode(joined)[:cut]); err == nil {
			t.Errorf("%d of %d bytes are taken for a state", cut, len(encode(joined)))
		}
	}
}
