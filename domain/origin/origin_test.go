package origin

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	events "github.com/creatorflow/creatorflow/domain/events/places"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
)

// world is a workspace's stock, as the streams have it and as the listings' ledger has it.
type world struct {
	where   places.State
	stocks  map[string]inventory.State
	chosen  map[string]State
	shelves places.Shelves
	open    map[string]bool // orders that hold stock
	lowered bool            // what happens now may leave less somewhere than orders are sent with from there
}

// promised is by how much orders are sent with more from a location than lies there.
func (w *world) promised(sku, location string) int64 {
	var all int64
	for _, parts := range w.stocks[sku].Allotted {
		for _, p := range parts {
			if places.ID(p.Location) == location {
				all += p.Quantity
			}
		}
	}
	if all == 0 {
		return 0
	}
	return max(0, all-w.stocks[sku].Units(location))
}

var (
	skus = []string{"a", "b"}
	ids  = []string{places.Main, "w", "s", "t"}
)

func (w *world) write(t *rapid.T, writes []eventlog.Decided) {
	before := map[string]int64{}
	for _, sku := range skus {
		for _, at := range ids {
			before[sku+at] = w.promised(sku, at)
		}
	}
	for _, write := range writes {
		for _, e := range write.Events {
			switch write.Stream.Kind {
			case stockevents.Kind:
				w.stocks[write.Stream.ID] = inventory.Receiving().Evolve(w.stocks[write.Stream.ID], e)
				w.shelves.Take(e)
			case events.OriginKind:
				w.chosen[write.Stream.ID] = Fold("main", write.Stream.ID).Evolve(w.chosen[write.Stream.ID], e).(State)
			default:
				w.where = w.where.Evolve(e)
				w.shelves.Arrange(e)
			}
		}
	}
	for _, sku := range skus {
		s := w.stock(sku)
		var all int64
		for _, at := range ids {
			all += s.Units(at)
			if n := w.promised(sku, at); n > before[sku+at] && !w.lowered {
				t.Fatalf("orders are sent with %d more of %s from %s than lies there", n, sku, at)
			}
		}
		if all != s.OnHand() {
			t.Fatalf("%d of %s lie at its locations, %d are on hand", all, sku, s.OnHand())
		}
		if listed := s.OnHand() - w.shelves.Aside(sku, s.OnHand()) - s.Reserved; listed != s.Available() {
			t.Fatalf("%d of %s may be listed, %d may be reserved", listed, sku, s.Available())
		}
	}
}

func (w *world) stock(sku string) inventory.State { return w.stocks[sku].In(w.where, "") }

func (w *world) seen() map[string]inventory.State {
	seen := map[string]inventory.State{}
	for _, sku := range skus {
		seen[sku] = w.stock(sku)
	}
	return seen
}

func (w *world) order(id string) Order {
	return Order{Workspace: "main", ID: id, Attempt: 1, Where: w.where, Stocks: w.seen(), Is: w.chosen[id]}
}

func (w *world) one(t *rapid.T, sku string, decided []eventlog.Event, err error) {
	if err == nil && len(decided) > 0 {
		w.write(t, []eventlog.Decided{{Stream: stockevents.Stream("main", sku), Events: decided}})
	}
}

// TestLocations: whatever happens, every unit lies at one location and all of them are on hand; what may be listed is what may be
// reserved; no order is given units that are not there or another order's; and no location goes below nothing by a shipment while
// another that ships has some.
func TestLocations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{stocks: map[string]inventory.State{}, chosen: map[string]State{}, open: map[string]bool{}}
		sku := func(t *rapid.T) string { return rapid.SampledFrom(skus).Draw(t, "sku") }
		at := func(t *rapid.T, what string) string { return rapid.SampledFrom(ids).Draw(t, what) }
		order := func(t *rapid.T) string { return fmt.Sprint("o", rapid.IntRange(1, 4).Draw(t, "order")) }
		units := func(t *rapid.T) int64 { return rapid.Int64Range(1, 5).Draw(t, "units") }
		given := func(t *rapid.T, id string) {
			o := w.order(id)
			for name, s := range o.Stocks {
				for _, p := range s.Allotted[o.key()] {
					if s.Free(p.Location, o.key()) < p.Quantity {
						t.Fatalf("%s is given %d of %s at %q, and %d are free there", id, p.Quantity, name, p.Location, s.Free(p.Location, o.key()))
					}
				}
			}
		}
		for _, id := range ids[1:] {
			w.write(t, []eventlog.Decided{{Stream: events.Stream("main"), Events: []eventlog.Event{events.Set{Location: id, Name: id, Ships: id != "t"}}}})
		}
		for _, s := range skus {
			for _, id := range ids {
				if n := rapid.Int64Range(0, 5).Draw(t, "there"); n > 0 {
					w.one(t, s, []eventlog.Event{stockevents.Received{SKU: s, Quantity: n, Location: places.Key(id)}}, nil)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				id := at(t, "location")
				decided, err := places.Setting().Decide(w.where, events.Set{Location: id, Name: id, Ships: rapid.Bool().Draw(t, "ships")})
				if err == nil && len(decided) > 0 {
					w.write(t, []eventlog.Decided{{Stream: events.Stream("main"), Events: decided}})
				}
			},
			"prefer": func(t *rapid.T) {
				var open []string
				for _, l := range w.where.Open() {
					open = append(open, l.ID)
				}
				decided, err := places.Ordering().Decide(w.where, events.Ordered{Locations: rapid.Permutation(open).Draw(t, "locations")})
				if err != nil {
					t.Fatal(err)
				}
				w.write(t, []eventlog.Decided{{Stream: events.Stream("main"), Events: decided}})
			},
			"close": func(t *rapid.T) {
				id := at(t, "location")
				decided, err := places.Closing().Decide(w.where, events.Closed{Location: id})
				if err == nil && w.stocks["a"].Units(id) == 0 && w.stocks["b"].Units(id) == 0 {
					w.write(t, []eventlog.Decided{{Stream: events.Stream("main"), Events: decided}})
				}
			},
			"receive": func(t *rapid.T) {
				s := sku(t)
				decided, err := inventory.Receiving().Decide(w.stock(s), inventory.Receive{SKU: s, Quantity: units(t), Location: at(t, "location")})
				w.one(t, s, decided, err)
			},
			"count": func(t *rapid.T) {
				s := sku(t)
				decided, err := inventory.Adjusting().Decide(w.stock(s), inventory.Adjust{SKU: s, Delta: rapid.Int64Range(-4, 2).Draw(t, "delta"), Reason: "count", Location: at(t, "location")})
				w.lowered = true
				w.one(t, s, decided, err)
				w.lowered = false
			},
			"move": func(t *rapid.T) {
				s, from, to := sku(t), at(t, "from"), at(t, "to")
				before := w.stock(s)
				decided, err := before.Transfer(inventory.Move{SKU: s, From: from, To: to, Quantity: units(t)})
				w.one(t, s, decided, err)
				after := w.stock(s)
				if err == nil && (after.Units(from) < 0 || before.Available() >= 0 && after.Available() < 0) {
					t.Fatalf("%d are left at %s, %d available; it was %d and %d", after.Units(from), from, after.Available(), before.Units(from), before.Available())
				}
			},
			"reserve": func(t *rapid.T) {
				id := order(t)
				if w.open[id] {
					return // it holds stock, and an order asks once
				}
				demand := rapid.MapOfN(rapid.SampledFrom(skus), rapid.Int64Range(1, 4), 1, 2).Draw(t, "demand")
				writes, short := inventory.Reserve("main", id, 1, demand, w.seen())
				w.write(t, writes)
				w.open[id] = len(short) == 0
				for s := range demand {
					if len(short) == 0 && w.stock(s).Available() < 0 {
						t.Fatalf("%d of %s are available after a reservation", w.stock(s).Available(), s)
					}
				}
			},
			"decide": func(t *rapid.T) {
				id := order(t)
				writes, missing := w.order(id).Decide()
				w.write(t, writes)
				if missing == "" {
					given(t, id)
				}
				if again, _ := w.order(id).Decide(); len(again) > 0 {
					t.Fatalf("%s decides again: %v", id, again)
				}
			},
			"choose": func(t *rapid.T) {
				id := order(t)
				writes, err := w.order(id).Choose(at(t, "location"))
				w.write(t, writes)
				if err == nil {
					given(t, id)
				}
			},
			"cancel": func(t *rapid.T) {
				id := order(t)
				w.write(t, inventory.Release("main", id, 1, "", w.seen()))
				w.open[id] = false
			},
			"ship": func(t *rapid.T) {
				id := order(t)
				before := w.seen()
				writes := inventory.Ship("main", id, 1, before)
				w.lowered = true // what left although a count had said that it was not there is taken from elsewhere
				w.write(t, append(writes, w.order(id).Leave(writes)...))
				w.lowered = false
				w.open[id] = false
				for s, was := range before {
					for _, loc := range ids {
						is := w.stock(s)
						if is.Units(loc) >= min(0, was.Units(loc)) {
							continue
						}
						for _, other := range w.where.Open() {
							if other.Ships && is.Units(other.ID) > 0 {
								t.Fatalf("%d of %s at %s after a shipment, and %d at %s", is.Units(loc), s, loc, is.Units(other.ID), other.ID)
							}
						}
					}
				}
				if s := w.chosen[id]; len(writes) > 0 && w.where.Several() && len(s.Parts) == 0 {
					t.Fatalf("%s left from nowhere", id)
				}
			},
			"return": func(t *rapid.T) {
				s, id := sku(t), order(t)
				home := w.chosen[id].Home(s)
				seen := w.stocks[s].In(w.where, home)
				decided, err := inventory.Returning().Decide(seen, inventory.Return{SKU: s, Order: id, Quantity: 1, Sellable: true})
				w.one(t, s, decided, err)
				if err == nil && w.where.Takes(home) == nil && places.ID(decided[0].(stockevents.Returned).Location) != places.ID(home) {
					t.Fatalf("%v came back, sent from %q", decided, home)
				}
			},
		})
	})
}

// TestPick: all from the first location that has all of it, else from the fewest, of equally many from those that are asked first.
func TestPick(t *testing.T) {
	where := places.State{}
	for _, id := range []string{"w", "s", "t"} {
		where = where.Evolve(events.Set{Location: id, Name: id, Ships: id != "t"})
	}
	for name, c := range map[string]struct {
		there, need map[string]int64
		order       []string
		want        string
	}{
		"the first":                       {map[string]int64{"a main": 2, "a w": 2}, map[string]int64{"a": 2}, nil, "[{a main 2}]"},
		"another is asked first":          {map[string]int64{"a main": 2, "a w": 2}, map[string]int64{"a": 2}, []string{"w", "main", "s", "t"}, "[{a w 2}]"},
		"two rather than three":           {map[string]int64{"a main": 1, "a w": 1, "a s": 2}, map[string]int64{"a": 3}, nil, "[{a main 1} {a s 2}]"},
		"of equal pairs the first":        {map[string]int64{"a main": 1, "a w": 1, "a s": 1}, map[string]int64{"a": 2}, nil, "[{a main 1} {a w 1}]"},
		"one that does not ship is not":   {map[string]int64{"a t": 5, "a main": 1}, map[string]int64{"a": 2}, nil, "[]"},
		"one for all SKUs before a split": {map[string]int64{"a main": 1, "b w": 1, "a s": 1, "b s": 1}, map[string]int64{"a": 1, "b": 1}, nil, "[{a s 1} {b s 1}]"},
	} {
		t.Run(name, func(t *testing.T) {
			at := where
			if c.order != nil {
				at = at.Evolve(events.Ordered{Locations: c.order})
			}
			parts, enough := at.Pick(c.need, func(sku, location string) int64 { return c.there[sku+" "+location] })
			if got := fmt.Sprint(parts); got != c.want || enough != (c.want != "[]") {
				t.Errorf("got %s, %t; want %s", got, enough, c.want)
			}
		})
	}
}
