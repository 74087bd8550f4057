package ledger

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

// heard notes what is told.
type heard []string

func (h *heard) Sold(sku string, e exposure.Sale) {
	*h = append(*h, fmt.Sprintf("sold %d %s at %s", e.Units, sku, e.Connection))
}

func (h *heard) Cancelled(sku string, e exposure.Cancelled) {
	*h = append(*h, fmt.Sprintf("cancelled %d %s at %s", e.Units, sku, e.Connection))
}

func (h *heard) Moved(string) {}

func (h *heard) Shared(string) {}

func (h *heard) Meant(connection, code string) {
	*h = append(*h, fmt.Sprintf("meant %s:%s", connection, code))
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func placed(status string, lines ...orderevents.Line) orderevents.Placed {
	return orderevents.Placed{Order: "k1:1", Connection: "k1", Status: status, Lines: lines, Created: noon}
}

func of(code string, quantity int64) orderevents.Line {
	return orderevents.Line{Listing: "L" + code, Code: code, Quantity: quantity}
}

// set makes a bundle of so many hats.
func set(hats int64) stockevents.Bundled {
	return stockevents.Bundled{SKU: "SET", Components: []stockevents.Component{{SKU: "HAT", Quantity: hats}}}
}

func exploded(hats int64) orderevents.Exploded {
	return orderevents.Exploded{Order: "k1:1", Bundles: []orderevents.Bundle{{SKU: "SET", Components: []orderevents.Component{{SKU: "HAT", Quantity: hats}}}}}
}

// TestLedger: what each record tells, and what is available of HAT, of which 10 are on hand, after it.
func TestLedger(t *testing.T) {
	ready := placed("ready", of("HAT", 3))
	for _, c := range []struct {
		name      string
		happened  []eventlog.Event
		available int
		told      string
	}{
		{name: "placed", happened: []eventlog.Event{ready}, available: 7, told: "sold 3 HAT at k1/LHAT"},
		{name: "the same again", happened: []eventlog.Event{ready, ready}, available: 7, told: "sold 3 HAT at k1/LHAT"},
		{
			name:     "shipped and finished: available stays",
			happened: []eventlog.Event{ready, stockevents.Shipped{SKU: "HAT", Order: "k1:1", Quantity: 3}, flows.Finished{Flow: "k1:1"}}, available: 7,
			told: "sold 3 HAT at k1/LHAT",
		},
		{
			name:     "shipped with less than it asked for",
			happened: []eventlog.Event{ready, stockevents.Shipped{SKU: "HAT", Order: "k1:1", Quantity: 1}, flows.Finished{Flow: "k1:1"}}, available: 9,
			told: "sold 3 HAT at k1/LHAT",
		},
		{
			name: "in the queue for stock it asks for as much as without, and is sold once", happened: []eventlog.Event{
				ready,
				stockevents.Backordered{SKU: "HAT", Order: "k1:1", Quantity: 3, Placed: noon},
				stockevents.BackorderFirst{SKU: "HAT", Order: "k1:1", Front: 1, Reason: "a fan"},
				stockevents.BackorderLeft{SKU: "HAT", Order: "k1:1", Reason: "by hand"},
				stockevents.Backordered{SKU: "HAT", Order: "k1:1", Quantity: 3, Placed: noon},
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				stockevents.BackorderLeft{SKU: "HAT", Order: "k1:1", Served: true},
			}, available: 7, told: "sold 3 HAT at k1/LHAT",
		},
		{name: "undone", happened: []eventlog.Event{ready, flows.Undone{Flow: "k1:1", Failed: true}}, available: 10, told: "sold 3 HAT at k1/LHAT"},
		{
			name: "cancelled", happened: []eventlog.Event{ready, orderevents.Cancelled{Order: "k1:1", Updated: noon}}, available: 10,
			told: "sold 3 HAT at k1/LHAT; cancelled 3 HAT at k1/LHAT",
		},
		{
			name: "two taken out by the channel, which the order keeps", happened: []eventlog.Event{
				ready,
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 1)}, Updated: noon},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 1)}, Updated: noon},
			}, available: 7, told: "sold 3 HAT at k1/LHAT; cancelled 2 HAT at k1/LHAT",
		},
		{
			name: "two taken out by the channel, which the order gives up", happened: []eventlog.Event{
				ready,
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 1)}, Updated: noon},
				stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 2, Kept: 1},
			}, available: 9, told: "sold 3 HAT at k1/LHAT; cancelled 2 HAT at k1/LHAT",
		},
		{
			name: "one of them is in a parcel, and leaves", happened: []eventlog.Event{
				ready,
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 1)}, Updated: noon},
				stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 1, Kept: 2},
				stockevents.Shipped{SKU: "HAT", Order: "k1:1", Quantity: 2},
				flows.Finished{Flow: "k1:1"},
			}, available: 8, told: "sold 3 HAT at k1/LHAT; cancelled 2 HAT at k1/LHAT",
		},
		{
			name: "two taken out while it waits for stock", happened: []eventlog.Event{
				ready,
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 1)}, Updated: noon},
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 1},
			}, available: 9, told: "sold 3 HAT at k1/LHAT; cancelled 2 HAT at k1/LHAT",
		},
		{
			name: "a line taken out, which the order gives up", happened: []eventlog.Event{
				placed("ready", of("HAT", 3), of("MUG", 1)),
				orderevents.Matched{Order: "k1:1", SKUs: []string{"HAT", "MUG"}},
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("MUG", 1)}, Updated: noon},
				stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
			}, available: 10, told: "sold 3 HAT at k1/LHAT; sold 1 MUG at k1/LMUG; cancelled 3 HAT at k1/LHAT",
		},
		{
			name: "freed while a person reviews it, it still asks for all", happened: []eventlog.Event{
				ready,
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
			}, available: 7, told: "sold 3 HAT at k1/LHAT",
		},
		{
			name: "a set taken out, of which the order gives the hats up", happened: []eventlog.Event{
				set(3), placed("ready", of("SET", 2)), exploded(3),
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 6},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("SET", 1)}, Updated: noon},
				stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3, Kept: 3},
			}, available: 7, told: "meant :SET; sold 2 SET at k1/LSET; cancelled 1 SET at k1/LSET",
		},
		{
			name: "freed while a person reviews it, and listed under another listing, it still asks for all", happened: []eventlog.Event{
				ready,
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{{Listing: "LCAP", Code: "HAT", Quantity: 3}}, Updated: noon},
				stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
			}, available: 7, told: "sold 3 HAT at k1/LHAT; cancelled 3 HAT at k1/LHAT; sold 3 HAT at k1/LCAP",
		},
		{
			name: "two taken out by the channel, given up and put in again", happened: []eventlog.Event{
				ready,
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 1)}, Updated: noon},
				stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 2, Kept: 1},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 4)}, Updated: noon},
				stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 1},
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 4},
			}, available: 6, told: "sold 3 HAT at k1/LHAT; cancelled 2 HAT at k1/LHAT; sold 3 HAT at k1/LHAT",
		},
		{
			name: "put in again after it was shipped", happened: []eventlog.Event{
				ready,
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 1)}, Updated: noon},
				stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 2, Kept: 1},
				stockevents.Shipped{SKU: "HAT", Order: "k1:1", Quantity: 1},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 3)}, Updated: noon},
			}, available: 9, told: "sold 3 HAT at k1/LHAT; cancelled 2 HAT at k1/LHAT; sold 2 HAT at k1/LHAT",
		},
		{
			name: "taken out before anybody knew the code", happened: []eventlog.Event{
				placed("ready", of("CAP", 2), of("CAP", 1)),
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("CAP", 1)}, Updated: noon},
				shopevents.Mapped{Connection: "k1", Code: "CAP", SKU: "HAT"},
			}, available: 9, told: "sold 2 HAT at k1/LCAP; cancelled 1 HAT at k1/LCAP; sold 1 HAT at k1/LCAP; cancelled 1 HAT at k1/LCAP; meant k1:CAP",
		},
		{
			name: "two put in by the channel: it asks for them at once", happened: []eventlog.Event{
				ready, orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 5)}, Updated: noon},
			}, available: 5, told: "sold 3 HAT at k1/LHAT; sold 2 HAT at k1/LHAT",
		},
		{
			name: "many put in, for which there is no stock, and taken out again", happened: []eventlog.Event{
				ready,
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 50)}, Updated: noon},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 3)}, Updated: noon},
			}, available: 7, told: "sold 3 HAT at k1/LHAT; sold 47 HAT at k1/LHAT; cancelled 47 HAT at k1/LHAT",
		},
		{
			name: "another line put in, of a set", happened: []eventlog.Event{
				set(3), ready,
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("SET", 1), of("HAT", 3)}, Updated: noon},
			}, available: 4, told: "meant :SET; sold 3 HAT at k1/LHAT; sold 1 SET at k1/LSET",
		},
		{
			name: "another line put in, whose code nobody knows, then mapped", happened: []eventlog.Event{
				ready,
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 3), of("CAP", 1)}, Updated: noon},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 3), of("CAP", 2)}, Updated: noon},
				shopevents.Mapped{Connection: "k1", Code: "CAP", SKU: "HAT"},
				orderevents.Matched{Order: "k1:1", SKUs: []string{"HAT", "HAT"}},
			}, available: 5, told: "sold 3 HAT at k1/LHAT; sold 1 HAT at k1/LCAP; sold 1 HAT at k1/LCAP; meant k1:CAP",
		},
		{
			name: "put in after it was shipped, it asks for nothing", happened: []eventlog.Event{
				ready,
				stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
				stockevents.Shipped{SKU: "HAT", Order: "k1:1", Quantity: 3},
				flows.Finished{Flow: "k1:1"},
				orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 5)}, Updated: noon},
			}, available: 7, told: "sold 3 HAT at k1/LHAT",
		},
		{
			name: "two put in by the channel, then cancelled", happened: []eventlog.Event{
				ready, orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 5)}, Updated: noon}, orderevents.Cancelled{Order: "k1:1", Updated: noon},
			}, available: 10, told: "sold 3 HAT at k1/LHAT; sold 2 HAT at k1/LHAT; cancelled 5 HAT at k1/LHAT",
		},
		{name: "left before it was known", happened: []eventlog.Event{placed("in_transit", of("HAT", 3))}, available: 10, told: "sold 3 HAT at k1/LHAT"},
		{
			name: "an unknown code that is mapped", happened: []eventlog.Event{
				placed("ready", of("CAP", 2)), shopevents.Mapped{Connection: "k1", Code: "CAP", SKU: "HAT"}, orderevents.Matched{Order: "k1:1", SKUs: []string{"HAT"}},
			}, available: 8, told: "sold 2 HAT at k1/LCAP; meant k1:CAP",
		},
		{
			name: "a code that is mapped to another SKU before its order was matched", happened: []eventlog.Event{
				shopevents.Mapped{Connection: "k1", Code: "CAP", SKU: "MUG"},
				placed("ready", of("CAP", 2), of("TOY", 1)), // nobody knows the toy, so the order waits
				shopevents.Mapped{Connection: "k1", Code: "CAP", SKU: "HAT"},
			}, available: 8, told: "meant k1:CAP; sold 2 MUG at k1/LCAP; sold 2 HAT at k1/LCAP; meant k1:CAP",
		},
		{
			name: "a code that is mapped to another SKU after its order was matched", happened: []eventlog.Event{
				placed("ready", of("HAT", 2)),
				orderevents.Matched{Order: "k1:1", SKUs: []string{"HAT"}},
				shopevents.Mapped{Connection: "k1", Code: "HAT", SKU: "MUG"},
			}, available: 8, told: "sold 2 HAT at k1/LHAT; meant k1:HAT",
		},
		{
			name: "an unknown code that becomes a SKU", happened: []eventlog.Event{placed("ready", of("CAP", 2)), stockevents.Received{SKU: "CAP", Quantity: 5}},
			available: 10, told: "sold 2 CAP at k1/LCAP; meant :CAP",
		},
		{
			name: "matched to another SKU than it seemed", happened: []eventlog.Event{ready, orderevents.Matched{Order: "k1:1", SKUs: []string{"MUG"}}},
			available: 10, told: "sold 3 HAT at k1/LHAT; sold 3 MUG at k1/LHAT",
		},
		{
			name: "a bundle of three and one hat", happened: []eventlog.Event{set(3), placed("ready", of("SET", 1), of("HAT", 1))}, available: 6,
			told: "meant :SET; sold 1 SET at k1/LSET; sold 1 HAT at k1/LHAT",
		},
		{
			name: "a bundle that changes before it was exploded", happened: []eventlog.Event{set(3), placed("ready", of("SET", 2)), set(4)}, available: 2,
			told: "meant :SET; sold 2 SET at k1/LSET",
		},
		{
			name: "a bundle that changes after it was exploded", happened: []eventlog.Event{set(3), placed("ready", of("SET", 2)), exploded(3), set(4)}, available: 4,
			told: "meant :SET; sold 2 SET at k1/LSET",
		},
		{
			name: "exploded to what it is no more", happened: []eventlog.Event{set(3), placed("ready", of("SET", 2)), stockevents.Unbundled{SKU: "SET"}, exploded(3)}, available: 4,
			told: "meant :SET; sold 2 SET at k1/LSET",
		},
		{
			name: "an exploded bundle that is shipped", happened: []eventlog.Event{
				set(3), placed("ready", of("SET", 2)), exploded(3), stockevents.Shipped{SKU: "HAT", Order: "k1:1", Quantity: 6}, flows.Finished{Flow: "k1:1"},
			}, available: 4, told: "meant :SET; sold 2 SET at k1/LSET",
		},
		{
			name: "an exploded bundle that is cancelled", happened: []eventlog.Event{set(3), placed("ready", of("SET", 2)), exploded(3), orderevents.Cancelled{Order: "k1:1", Updated: noon}},
			available: 10, told: "meant :SET; sold 2 SET at k1/LSET; cancelled 2 SET at k1/LSET",
		},
		{
			name: "a code that becomes a bundle", happened: []eventlog.Event{placed("ready", of("SET", 1)), set(2), stockevents.JoinedBundle{SKU: "HAT", Bundle: "SET", Quantity: 2}},
			available: 8, told: "sold 1 SET at k1/LSET; meant :SET",
		},
		{
			name: "what lies where orders are not shipped from is not for sale", happened: []eventlog.Event{
				placeevents.Set{Location: "stall", Name: "Stall"},
				stockevents.Received{SKU: "HAT", Quantity: 5, Location: "stall"},
				stockevents.Moved{SKU: "HAT", To: "stall", Quantity: 2},
				stockevents.Adjusted{SKU: "HAT", Delta: -1, Location: "stall"},
				ready,
				stockevents.Moved{SKU: "HAT", From: "stall", Quantity: 1},
			}, available: 6, told: "sold 3 HAT at k1/LHAT",
		},
		{
			name: "it is once they are", happened: []eventlog.Event{
				placeevents.Set{Location: "stall", Name: "Stall"},
				stockevents.Received{SKU: "HAT", Quantity: 5, Location: "stall"},
				placeevents.Set{Location: "stall", Name: "Stall", Ships: true},
			}, available: 15,
		},
		{
			name: "an order that a person sends from there leaves the rest for sale", happened: []eventlog.Event{
				placeevents.Set{Location: "stall", Name: "Stall"},
				stockevents.Received{SKU: "HAT", Quantity: 5, Location: "stall"},
				ready,
				stockevents.Shipped{SKU: "HAT", Order: "k1:1", Quantity: 3, From: []stockevents.Part{{Location: "stall", Quantity: 3}}},
				flows.Finished{Flow: "k1:1"},
			}, available: 10, told: "sold 3 HAT at k1/LHAT",
		},
		{name: "counted, received, returned", happened: []eventlog.Event{
			stockevents.Adjusted{SKU: "HAT", Delta: -4},
			stockevents.Received{SKU: "HAT", Quantity: 2},
			stockevents.Returned{SKU: "HAT", Quantity: 1, Sellable: true},
			stockevents.Returned{SKU: "HAT", Quantity: 5},
		}, available: 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			told := heard{}
			l := &Ledger{
				News: &told, workspace: "main", onHand: map[string]int{"HAT": 10}, asked: map[string]int{}, mapped: map[string]string{},
				orders: map[string]*order{}, unmatched: map[string]bool{}, made: map[string]map[string]int{}, in: map[string]map[string]bool{},
			}
			for i, e := range c.happened {
				r := eventlog.Record{Position: eventlog.Position(i + 1), Event: e, Stream: eventlog.Stream{Workspace: "main", Kind: fulfilment.Kind, ID: "k1:1"}}
				if err := l.Take(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			if got := l.Available("HAT"); got != c.available {
				t.Errorf("%d available, want %d", got, c.available)
			}
			if got := strings.Join(told, "; "); got != c.told {
				t.Errorf("told %q, want %q", got, c.told)
			}
			if l.Position != eventlog.Position(len(c.happened)) {
				t.Errorf("position %d", l.Position)
			}
		})
	}
}

// TestAmendedBeforeTheStart: what a channel took out of an order, or put in, before the ledger was read is not told again with what
// it changes next.
func TestAmendedBeforeTheStart(t *testing.T) {
	log, err := eventlog.Open(t.Context(), storagetest.New(t).Log(), eventlog.Options{Decode: events.Decode, Clock: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx) }()
	defer func() { cancel(); <-done }()
	amended := func(units int64) orderevents.Amended {
		return orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", units)}, Updated: noon}
	}
	happened := []eventlog.Event{placed("ready", of("HAT", 3)), amended(1), amended(4)}
	if _, err := log.Append(t.Context(), eventlog.Write{Stream: orderevents.Stream("main", "k1:1"), Events: happened}); err != nil {
		t.Fatal(err)
	}
	told := heard{}
	l := &Ledger{
		News: &told, log: log, workspace: "main", onHand: map[string]int{"HAT": 10}, asked: map[string]int{}, mapped: map[string]string{},
		orders: map[string]*order{}, unmatched: map[string]bool{},
	}
	if err := l.begin(t.Context(), orders.Row{ID: "k1:1"}); err != nil {
		t.Fatal(err)
	}
	for _, e := range []eventlog.Event{amended(4), amended(6)} { // the views were a record behind
		if err := l.Take(t.Context(), eventlog.Record{Event: e}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(told, "; "); got != "sold 2 HAT at k1/LHAT" || l.Available("HAT") != 4 {
		t.Errorf("told %q, %d available", got, l.Available("HAT"))
	}
}

// TestGivenUpBeforeTheStart: of an order that was cancelled in part a ledger that is read asks for what one asks for that was there.
func TestGivenUpBeforeTheStart(t *testing.T) {
	log, err := eventlog.Open(t.Context(), storagetest.New(t).Log(), eventlog.Options{Decode: events.Decode, Clock: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for _, w := range []eventlog.Write{
		{Stream: stockevents.Stream("main", "HAT"), Events: []eventlog.Event{
			stockevents.Received{SKU: "HAT", Quantity: 10},
			stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
			stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 1, Kept: 2}, // one of those that are not listed is in a parcel
		}},
		{Stream: orderevents.Stream("main", "k1:1"), Events: []eventlog.Event{
			placed("ready", of("HAT", 3)),
			orderevents.Matched{Order: "k1:1", SKUs: []string{"HAT"}},
			orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 1)}, Updated: noon, Fewer: true},
		}},
	} {
		if _, err := log.Append(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	l := &Ledger{
		log: log, workspace: "main", onHand: map[string]int{"HAT": 10}, asked: map[string]int{}, mapped: map[string]string{},
		orders: map[string]*order{}, unmatched: map[string]bool{},
	}
	if err := l.begin(t.Context(), orders.Row{ID: "k1:1", SKUs: []string{"HAT"}}); err != nil {
		t.Fatal(err)
	}
	if got := l.Available("HAT"); got != 8 {
		t.Errorf("%d available, want 8", got)
	}
}

// TestTakenOutOfAWaitingOrder: what a channel takes out of an order that held nothing when the ledger was read is nobody's.
func TestTakenOutOfAWaitingOrder(t *testing.T) {
	log, err := eventlog.Open(t.Context(), storagetest.New(t).Log(), eventlog.Options{Decode: events.Decode, Clock: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx) }()
	defer func() { cancel(); <-done }()
	stream := orderevents.Stream("main", "k1:1")
	happened := []eventlog.Event{placed("ready", of("HAT", 3), of("MUG", 1)), orderevents.Matched{Order: "k1:1", SKUs: []string{"HAT", "MUG"}}}
	if _, err := log.Append(t.Context(), eventlog.Write{Stream: stream, Events: happened}); err != nil {
		t.Fatal(err)
	}
	told := heard{}
	l := &Ledger{
		News: &told, log: log, workspace: "main", onHand: map[string]int{"HAT": 10}, asked: map[string]int{}, mapped: map[string]string{},
		orders: map[string]*order{}, unmatched: map[string]bool{},
	}
	if err := l.begin(t.Context(), orders.Row{ID: "k1:1", SKUs: []string{"HAT", "MUG"}}); err != nil {
		t.Fatal(err)
	}
	amended := orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("MUG", 1)}, Updated: noon}
	if _, err := log.Append(t.Context(), eventlog.Write{Stream: stream, Expected: 2, Events: []eventlog.Event{amended}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Take(t.Context(), eventlog.Record{Event: amended}); err != nil {
		t.Fatal(err)
	}
	if got := l.Available("HAT"); got != 10 {
		t.Errorf("%d available, want all 10", got)
	}
}

// TestInAParcelBeforeTheStart: what is in a parcel of an order that was cancelled in part is asked for until its shipment is read, although the
// log has it already.
func TestInAParcelBeforeTheStart(t *testing.T) {
	log, err := eventlog.Open(t.Context(), storagetest.New(t).Log(), eventlog.Options{Decode: events.Decode, Clock: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for _, w := range []eventlog.Write{
		{Stream: stockevents.Stream("main", "HAT"), Events: []eventlog.Event{
			stockevents.Received{SKU: "HAT", Quantity: 10},
			stockevents.Reserved{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 3},
			stockevents.Released{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 1, Kept: 2},
			stockevents.Shipped{SKU: "HAT", Order: "k1:1", Attempt: 1, Quantity: 2},
		}},
		{Stream: orderevents.Stream("main", "k1:1"), Events: []eventlog.Event{
			placed("ready", of("HAT", 3)),
			orderevents.Matched{Order: "k1:1", SKUs: []string{"HAT"}},
			orderevents.ShippingAsked{Order: "k1:1", Request: 1, Action: orders.ActionShip, Items: []orderevents.ParcelItem{{Listing: "LHAT", Quantity: 2}}},
			orderevents.Amended{Order: "k1:1", Lines: []orderevents.Line{of("HAT", 1)}, Updated: noon, Fewer: true},
		}},
	} {
		if _, err := log.Append(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	l := &Ledger{
		log: log, workspace: "main", onHand: map[string]int{"HAT": 10}, asked: map[string]int{}, mapped: map[string]string{},
		orders: map[string]*order{}, unmatched: map[string]bool{},
	}
	if err := l.begin(t.Context(), orders.Row{ID: "k1:1", SKUs: []string{"HAT"}}); err != nil {
		t.Fatal(err)
	}
	if got := l.Available("HAT"); got != 8 {
		t.Errorf("%d available, want 8", got)
	}
}
