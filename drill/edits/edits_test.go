package edits

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	commandevents "github.com/creatorflow/creatorflow/domain/events/commands"
	listingevents "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/eventlog"
)

const (
	editedHat = "17290001"
	editHold  = 30 * time.Minute // of an order at the shop, before it may be sent
	editGap   = 70 * time.Second // longer than from one look at the shop to the next
)

// edits is a hub and its shop in virtual time, and two edits of one thing.
type edits struct {
	*bubble.World
	t    *testing.T
	ctx  context.Context
	way  string            // in which the two edits come
	gap  time.Duration     // between the two, where one comes first
	from eventlog.Position // where the log stood before them

	edited eventlog.Position // where the log stood when the first edit was made
	began  time.Time         // when the last edit was made
	timed  bool              // it is printed how long it took

	mu   sync.Mutex
	held *[]bubble.Webhook // kept back while it is not nil
}

// editWays are the ways in which two edits come: either first by more than a look, and both at once.
var editWays = []string{"first", "second", "at once"}

// editWorld tells a story in a world of its own: 100 hats are in the house and listed, and the hub writes the shop.
func editWorld(t *testing.T, way string, story func(e *edits)) {
	t.Helper()
	dir := t.TempDir()
	err := bubble.Run(2*time.Minute, func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		e := &edits{t: t, ctx: ctx, way: way, gap: editGap}
		w, err := bubble.Open(ctx, bubble.Options{
			Dir: dir, Seed: 1, Poll: time.Minute, Log: slog.New(slog.DiscardHandler), Market: tiktoksim.Config{RemorseHold: editHold},
			SKUs: []bubble.SKU{{Name: "HAT", Listing: editedHat, Listed: 100}}, Hooks: e.hook,
		})
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		e.World = w
		e.must(w.Receive(ctx, "HAT", 100))
		e.must(w.Command(ctx, "push-quantities", map[string]any{"connection": w.Connection(), "on": true}))
		e.sleep(10 * time.Minute)
		e.from = w.Hub().Log.Head().Position
		story(e)
		if !e.began.IsZero() {
			e.took()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (e *edits) hook(d bubble.Webhook) int {
	e.mu.Lock()
	held := e.held != nil
	if held {
		*e.held = append(*e.held, d)
	}
	e.mu.Unlock() // before anything waits: time stands still in the bubble while somebody waits for a lock
	if held {
		return http.StatusOK
	}
	return e.Post(d)
}

func (e *edits) must(err error) {
	if err != nil {
		panic(err)
	}
}

func (e *edits) sleep(d time.Duration) { e.must(bubble.Sleep(e.ctx, d)) }

// both has two edits made, as the way says.
func (e *edits) both(first, second func()) {
	e.edited = e.Hub().Log.Head().Position
	switch e.way {
	case "first":
		first()
		e.sleep(e.gap)
		second()
	case "second":
		second()
		e.sleep(e.gap)
		first()
	default:
		var both sync.WaitGroup
		both.Go(first)
		both.Go(second)
		both.Wait()
	}
	e.began = time.Now()
}

// try sends a command that may be refused, and says whether it was done.
func (e *edits) try(name string, body map[string]any) bool {
	err := e.Command(e.ctx, name, body)
	if err != nil && !errors.Is(err, bubble.ErrRefused) {
		panic(err)
	}
	return err == nil
}

// done makes an edit of a command that must be taken.
func (e *edits) done(name string, body map[string]any) func() {
	return func() { e.must(e.Command(e.ctx, name, body)) }
}

// edit makes an edit of a quantity by hand, at the seller's own screen.
func (e *edits) edit(quantity int) func() {
	return func() { e.must(e.Sim.SetQuantity(bubble.Shop, editedHat, quantity)) }
}

// buy makes an order.
func (e *edits) buy(units int) string {
	id, err := e.Place(tiktoksim.NewOrder{BuyerID: "b", BuyerName: "Ana", Address: "1 First Street", Lines: []tiktoksim.Line{{SKUID: editedHat, Quantity: units}}})
	e.must(err)
	return id
}

// ordered makes an order of three hats that the hub knows of and the shop still holds.
func (e *edits) ordered() (shops, hubs string) {
	id := e.buy(3)
	e.sleep(editGap)
	return id, e.Connection() + ":" + id
}

// told are the events of one type since the edits began.
func told[E eventlog.Event](e *edits) (found []E) {
	e.records(func(r eventlog.Record) {
		if v, ok := r.Event.(E); ok {
			found = append(found, v)
		}
	})
	return found
}

func (e *edits) records(each func(r eventlog.Record)) {
	for at := e.from; ; {
		page, err := e.Hub().Log.ReadAll(e.ctx, at, 1000)
		e.must(err)
		if len(page) == 0 {
			return
		}
		for _, r := range page {
			each(r)
			at = r.Position
		}
	}
}

// editedStock is a SKU as its page shows it.
type editedStock struct {
	OnHand    int `json:"on_hand"`
	Reserved  int `json:"reserved"`
	Available int `json:"available"`
	Adjusted  int `json:"adjusted"`
	Shipped   int `json:"shipped"`
	Listings  []struct {
		Policy  string
		Differs *string `json:"differs_since"`
	}
}

func (e *edits) stock() (s editedStock) {
	e.read("/api/v1/stock/HAT", &s)
	return s
}

func (e *edits) read(path string, into any) {
	status, body := e.Page(path)
	if status != http.StatusOK {
		panic(fmt.Sprintf("%s: %d: %s", path, status, body))
	}
	e.must(json.Unmarshal(body, into))
}

// status is an order's state at the shop and here.
func (e *edits) status(shops, hubs string) (there, here string) {
	o, err := e.Sim.Order(bubble.Shop, shops)
	e.must(err)
	var page struct{ Status string }
	e.read("/api/v1/orders/"+hubs, &page)
	return o.Status, page.Status
}

// rest lets all come to rest, and fails when it does not: nobody writes an answer to what the other wrote.
func (e *edits) rest(listed int) {
	e.t.Helper()
	e.sleep(2 * time.Hour)
	e.took() // before a story goes on and mends what was left
	head, writes := e.Hub().Log.Head().Position, e.Sim.Counts().InventoryWrites
	e.sleep(time.Hour)
	if h, w := e.Hub().Log.Head().Position, e.Sim.Counts().InventoryWrites; h != head || w != writes {
		e.t.Errorf("it goes on for hours: %d events and %d writes in the last", h-head, w-writes)
	}
	if writes > 6 {
		e.t.Errorf("%d writes to the shop; a 0 and a share for each edit are enough", writes)
	}
	s, err := e.Sim.Stock(bubble.Shop, editedHat)
	e.must(err)
	if s.Listed != listed {
		e.t.Errorf("the shop lists %d, want %d", s.Listed, listed)
	}
}

// hears are the events by which the hub hears of an edit, or takes one that is asked of it.
var hears = map[string]bool{
	"listing.differed": true, "listing.policy_set": true, "listing.repair_asked": true, "import.begun": true, "command.refused": true, "stock.adjusted": true,
	"stock.received": true, "order.placed": true, "order.status_changed": true, "order.cancelled": true, "order.superseded": true, "order.answer_asked": true,
}

// ends are those by which the sides come to agree: what lost is taken back, told to the channel, or written to the shop.
var ends = map[string]bool{"listing.write_answered": true, "listing.mended": true, "order.answer_ended": true, "flow.undone": true}

// took prints how long it took from when the last edit was made until the hub had heard of both, and from then until both sides
// agreed. Where nothing was left to be done, they agreed with the append that decided. An order that is one of the edits is heard of
// when it is placed: that the shop lets it be sent half an hour later is no edit.
func (e *edits) took() {
	if e.timed {
		return
	}
	e.timed = true
	heard, agreed, bought := e.began, e.began, map[eventlog.Stream]bool{}
	e.records(func(r eventlog.Record) {
		if r.Name == "order.placed" && r.Position > e.edited {
			bought[r.Stream] = true
		}
		if r.Name == "order.status_changed" && bought[r.Stream] {
			return
		}
		if hears[r.Name] && r.At.After(heard) {
			heard = r.At
		}
		if ends[r.Name] {
			agreed = r.At
		}
	})
	e.t.Logf("heard of both %s after the last edit, both agree %s after that", since(heard, e.began), since(agreed, heard))
}

func since(at, began time.Time) time.Duration { return max(0, at.Sub(began)).Round(time.Millisecond) }

// refused wants what was refused to be in the log, with something of what was asked.
func (e *edits) refused(want int, asked ...string) {
	e.t.Helper()
	found := told[commandevents.Refused](e)
	if len(found) != want {
		e.t.Errorf("refused %+v, want %d", found, want)
		return
	}
	for _, part := range asked {
		if want > 0 && !strings.Contains(found[0].Asked, part) {
			e.t.Errorf("%q is kept of what was asked, without %s", found[0].Asked, part)
		}
	}
}

// differed wants a quantity by hand to be told. Both at once, the hub's own write may come before any look: then nobody can know it.
func (e *edits) differed(found ...int) {
	e.t.Helper()
	all := told[listingevents.Differed](e)
	if len(all) == 0 && e.way == "at once" {
		return
	}
	for _, d := range all {
		for _, n := range found {
			if d.Found == n && len(all) == 1 {
				return
			}
		}
	}
	e.t.Errorf("told %+v, want one of %v once", all, found)
}
