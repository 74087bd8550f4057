package board_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/domain/traffic"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/seal"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

// all are the views of a workspace.
var all = []projection.Projection{
	orders.View{}, inventory.View{}, fulfilment.View{}, letters.View{}, shops.View{}, workspace.View{}, traffic.View{},
}

// fataler is what testing.T and rapid.T share.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// history is what happened, as a log would give it back.
type history struct {
	fataler
	records  []eventlog.Record
	versions map[eventlog.Stream]eventlog.Version
	now      time.Time
	orders   map[string]orders.State
	flows    map[string]*flowState
	stock    map[string]inventory.State
	sold     []sale
	letters  map[string]bool
}

// flowState is a flow as its events leave it.
type flowState struct {
	phase, code string
	reserved    bool // once; released or shipped later
	stuck       bool // and not finished since
	touched     bool
	own         time.Duration
	ended       time.Time
}

// sale is units that an order holds or held, with when it got them.
type sale struct {
	order, sku string
	at         time.Time
	units      int64
}

func newHistory(t fataler, begin time.Time) *history {
	return &history{
		fataler: t, versions: map[eventlog.Stream]eventlog.Version{}, now: begin,
		orders: map[string]orders.State{}, flows: map[string]*flowState{}, stock: map[string]inventory.State{}, letters: map[string]bool{},
	}
}

// add appends an event in its stored form.
func (h *history) add(s eventlog.Stream, e eventlog.Event) {
	h.Helper()
	data, err := seal.JSON(e)
	if err != nil {
		h.Fatal(err)
	}
	decoded, err := events.Decode(e.EventName(), 1, data)
	if err != nil {
		h.Fatal(err)
	}
	h.versions[s]++
	h.records = append(h.records, eventlog.Record{
		Position: eventlog.Position(len(h.records) + 1), Stream: s, Version: h.versions[s], Name: e.EventName(), Schema: 1,
		At: h.now, Occurred: h.now, Actor: "channel:k7", Cause: fmt.Sprintf("inbox:%d", len(h.records)), Data: data, Event: decoded,
	})
	switch s.Kind {
	case orderevents.Kind:
		h.orders[s.ID] = orders.Fold("main", s.ID).Evolve(h.orders[s.ID], decoded).(orders.State)
	case stockevents.Kind:
		h.stock[s.ID] = inventory.Fold("main", s.ID).Evolve(h.stock[s.ID], decoded).(inventory.State)
	}
}

// place takes in a new order and returns its id.
func (h *history) place(id, connection, currency, buyer, status string, price int64, units map[string]int64) string {
	h.Helper()
	n := orders.News{
		Connection: connection, Channel: "tiktok", ChannelID: id, Status: status, Vendor: status, Buyer: buyer, Created: h.now, Updated: h.now,
	}
	for _, sku := range slices.Sorted(maps.Keys(units)) {
		n.Lines = append(n.Lines, orderevents.Line{Listing: "1", Code: sku, Quantity: units[sku], Price: money.Money{Minor: price, Currency: currency}})
		n.Total.Minor += price * units[sku]
	}
	n.Total.Currency = currency
	h.observe(n)
	return orders.ID(connection, id)
}

func (h *history) observe(n orders.News) {
	h.Helper()
	order := orders.ID(n.Connection, n.ChannelID)
	decided, err := orders.Observing().Decide(h.orders[order], n)
	if err != nil {
		h.Fatal(err)
	}
	for _, e := range decided {
		h.add(orderevents.Stream("main", order), e)
	}
	if h.flows[order] == nil {
		h.flows[order] = &flowState{}
	}
}

// says is newer news of a known order.
func (h *history) says(order, status string) {
	h.Helper()
	placed := h.orders[order].Placed
	h.observe(orders.News{
		Connection: placed.Connection, ChannelID: placed.ChannelID, Status: status, Vendor: status, Lines: placed.Lines, Total: placed.Total, Updated: h.now,
	})
}

func (h *history) receive(sku string, n int64) {
	h.add(stockevents.Stream("main", sku), stockevents.Received{SKU: sku, Quantity: n, Name: "name of " + sku})
}

// reserve promises an order's units and says whether there were enough.
func (h *history) reserve(order string) bool {
	demand, states := map[string]int64{}, map[string]inventory.State{}
	for _, line := range h.orders[order].Placed.Lines {
		demand[line.Code] += line.Quantity
		states[line.Code] = h.stock[line.Code]
	}
	writes, short := inventory.Reserve("main", order, 1, demand, states)
	if len(short) > 0 {
		w := flows.Waiting{Flow: order, Step: "reserve stock", Code: "no_stock", Sentence: "s", Since: h.now}
		for _, s := range short {
			w.For = append(w.For, inventory.ShortTag+s.SKU)
		}
		h.flow(order, w)
		return false
	}
	h.flow(order, flows.StepSucceeded{Flow: order, Step: "reserve stock", Attempt: 1})
	h.write(writes)
	h.flows[order].reserved = true
	return true
}

func (h *history) write(writes []eventlog.Decided) {
	for _, w := range writes {
		for _, e := range w.Events {
			if e, ok := e.(stockevents.Reserved); ok {
				h.sold = append(h.sold, sale{order: e.Order, sku: e.SKU, at: h.now, units: e.Quantity})
			}
			h.add(w.Stream, e)
		}
	}
}

// release gives back, ship sends, what an order holds.
func (h *history) release(order string) {
	h.write(inventory.Release("main", order, 1, "cancelled", h.stock))
	h.sold = slices.DeleteFunc(h.sold, func(s sale) bool { return s.order == order })
}

// lessen gives back what an order holds beyond some units of each SKU.
func (h *history) lessen(order string, keep int64) {
	wanted := map[string]int64{}
	for sku, s := range h.stock {
		wanted[sku] = min(keep, s.Open[inventory.Attempt{Order: order, Number: 1}])
	}
	h.write(inventory.Lessen("main", order, 1, "cancelled in part", wanted, h.stock))
	for i, s := range h.sold {
		if s.order == order {
			h.sold[i].units = min(keep, s.units)
		}
	}
}

func (h *history) ship(order string) { h.write(inventory.Ship("main", order, 1, h.stock)) }

// flow appends an event of an order's flow.
func (h *history) flow(order string, e eventlog.Event) {
	f := h.flows[order]
	h.add(eventlog.Stream{Workspace: "main", Kind: fulfilment.Kind, ID: order}, e)
	switch e := e.(type) {
	case flows.Started, flows.StepSucceeded, flows.StepStarted:
		f.phase, f.code = "running", ""
	case flows.Waiting:
		f.phase, f.code = "waiting", e.Code
	case flows.Stuck:
		f.phase, f.code, f.stuck = "stuck", "", true
	case flows.Retried:
		f.phase, f.code, f.touched = "running", "", true
	case flows.UndoStarted:
		f.phase, f.code = "undoing", ""
	case flows.Undone:
		f.phase, f.code, f.ended = "undone", "", h.now
		f.stuck = f.stuck || e.Failed
	case flows.Finished:
		f.phase, f.code, f.stuck, f.own, f.ended = "finished", "", false, e.Own, h.now
	}
}

// finish ends an order's flow well.
func (h *history) finish(order string, own time.Duration) {
	if h.flows[order].reserved {
		h.ship(order)
	}
	h.flow(order, flows.Finished{Flow: order, Own: own, Elapsed: own + time.Hour, Untouched: !h.flows[order].touched})
}

// noon is when a random history begins.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// draw makes a random history of so many moves, from a moment on.
func draw(t *rapid.T, begin time.Time) *history {
	h := newHistory(t, begin)
	skus := []string{"a", "b", "c"}
	sku := func() string { return rapid.SampledFrom(skus).Draw(t, "sku") }
	some := func() string {
		ids := slices.Sorted(maps.Keys(h.orders))
		if len(ids) == 0 {
			return ""
		}
		return rapid.SampledFrom(ids).Draw(t, "order")
	}
	moves := []string{"place", "place", "status", "receive", "adjust", "turn", "turn", "turn", "turn", "pass", "pass", "letter", "shop"}
	for i := range rapid.IntRange(1, 60).Draw(t, "length") {
		switch rapid.SampledFrom(moves).Draw(t, "move") {
		case "pass":
			h.now = h.now.Add(time.Duration(rapid.SampledFrom([]int{1, 30, 60, 900, 3600, 7000, 86400}).Draw(t, "seconds")) * time.Second)
		case "place":
			units := rapid.MapOfN(rapid.SampledFrom(skus), rapid.Int64Range(1, 5), 1, 3).Draw(t, "units")
			h.place(fmt.Sprint(i), rapid.SampledFrom([]string{"k7", "k8"}).Draw(t, "shop"), rapid.SampledFrom([]string{"GBP", "GBP", "EUR"}).Draw(t, "currency"),
				rapid.SampledFrom([]string{"", "p1", "p2", "p3"}).Draw(t, "buyer"),
				rapid.SampledFrom([]string{orders.Unpaid, orders.OnHold, orders.Ready, orders.Cancelled}).Draw(t, "status"),
				rapid.Int64Range(0, 1000).Draw(t, "price"), units)
		case "status":
			if id := some(); id != "" {
				h.says(id, rapid.SampledFrom([]string{orders.OnHold, orders.Ready, orders.Arranged, orders.Delivered, orders.Cancelled}).Draw(t, "status"))
			}
		case "receive":
			h.receive(sku(), rapid.Int64Range(1, 9).Draw(t, "n"))
		case "adjust":
			if s := sku(); h.stock[s].Known {
				h.add(stockevents.Stream("main", s), stockevents.Adjusted{SKU: s, Delta: rapid.Int64Range(-4, 4).Draw(t, "n"), Reason: "r"})
			}
		case "turn":
			if id := some(); id != "" {
				h.turn(t, id)
			}
		case "letter":
			h.letter(t)
		case "shop":
			id := rapid.SampledFrom([]string{"k7", "k8"}).Draw(t, "shop")
			e := rapid.SampledFrom([]eventlog.Event{
				shopevents.Connected{Connection: id, Channel: "tiktok", Name: "n"},
				shopevents.Failing{Connection: id, Reason: "r", Mend: "m"},
				shopevents.Recovered{Connection: id},
				shopevents.Drifted{Connection: id, Order: "o", Found: "f"},
			}).Draw(t, "event")
			h.add(shopevents.Connection("main", id), e)
			h.add(shopevents.Listing("main", id, "x"), shopevents.InventoryChanged{Connection: id, Code: "x", From: 1, To: 2})
			h.add(shopevents.Listing("main", id, "x"), shopevents.Mapped{Connection: id, Code: "x", SKU: sku()})
		}
	}
	return h
}

// turn carries an order's flow on in some way it could go.
func (h *history) turn(t *rapid.T, id string) {
	f := h.flows[id]
	switch f.phase {
	case "":
		h.flow(id, flows.Started{Kind: fulfilment.Kind, Flow: id, At: h.now})
	case "running":
		switch rapid.SampledFrom([]string{"reserve", "lessen", "call", "wait", "stuck", "finish", "undo"}).Draw(t, "turn") {
		case "reserve":
			if !f.reserved {
				h.reserve(id)
			}
		case "lessen":
			if f.reserved {
				h.lessen(id, rapid.Int64Range(0, 3).Draw(t, "keep"))
			}
		case "call":
			h.flow(id, flows.StepStarted{Flow: id, Step: "label", Attempt: 1, Key: "k", Deadline: h.now})
			h.flow(id, flows.StepFailed{Flow: id, Step: "label", Attempt: 1, Reason: "r", Again: h.now})
		case "wait":
			h.flow(id, flows.Waiting{Flow: id, Step: "label", Code: rapid.SampledFrom([]string{"unpaid", "on_hold"}).Draw(t, "code"), Since: h.now})
		case "stuck":
			h.flow(id, flows.Stuck{Flow: id, Step: "label", Reason: "r"})
		case "finish":
			h.finish(id, time.Duration(rapid.IntRange(1, 40000).Draw(t, "ms"))*time.Millisecond)
		case "undo":
			h.flow(id, flows.UndoStarted{Flow: id, Step: "label", Reason: "r", Failed: rapid.Bool().Draw(t, "failed")})
		}
	case "waiting":
		h.flow(id, rapid.SampledFrom([]eventlog.Event{
			flows.StepSucceeded{Flow: id, Step: "label", Attempt: 1}, flows.Retried{Flow: id}, flows.UndoStarted{Flow: id, Step: "label", Reason: "r"},
		}).Draw(t, "event"))
	case "stuck":
		h.flow(id, rapid.SampledFrom([]eventlog.Event{flows.Retried{Flow: id}, flows.UndoStarted{Flow: id, Step: "label", Reason: "r"}}).Draw(t, "event"))
	case "undoing":
		h.release(id)
		h.flow(id, flows.StepUndone{Flow: id, Step: "reserve stock"})
		h.flow(id, flows.Undone{Flow: id, Reason: "r", Failed: rapid.Bool().Draw(t, "failed")})
	}
}

func (h *history) letter(t *rapid.T) {
	id := letters.InboxID(rapid.Int64Range(1, 3).Draw(t, "letter"))
	if !h.letters[id] {
		h.add(letterevents.Stream("main", id), letterevents.Opened{Letter: id, Inbox: 1, Reason: "r"})
		h.letters[id] = true
		return
	}
	h.add(letterevents.Stream("main", id), rapid.SampledFrom([]eventlog.Event{
		letterevents.Replayed{Letter: id}, letterevents.Discarded{Letter: id}, letterevents.Resolved{Letter: id},
	}).Draw(t, "closed"))
	delete(h.letters, id)
}

// views opens a real view store.
func views(t *testing.T) projection.Store {
	t.Helper()
	return storagetest.New(t).Views()
}

// fold makes the views anew from the history, in batches of some size, and returns the tables' hashes.
func (h *history) fold(store projection.Store, batch func() int) map[string][32]byte {
	h.Helper()
	ctx := context.Background()
	var tables []string
	for _, p := range all {
		if err := store.Drop(ctx, p.Name(), p.Version()); err != nil {
			h.Fatal(err)
		}
		if err := store.Create(ctx, p); err != nil {
			h.Fatal(err)
		}
		tables = append(tables, p.Tables()...)
	}
	for rest := h.records; len(rest) > 0; {
		n := min(max(batch(), 1), len(rest))
		err := store.Write(ctx, func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
			for _, p := range all {
				if _, err := p.Apply(ctx, tx, rest[:n]); err != nil {
					return nil, fmt.Errorf("fold %s: %w", p.Name(), err)
				}
			}
			then := slices.Clone(now)
			for i := range then {
				then[i].Position = rest[n-1].Position
			}
			return then, nil
		})
		if err != nil {
			h.Fatal(err)
		}
		rest = rest[n:]
	}
	sums, _, err := store.Hashes(ctx, tables)
	if err != nil {
		h.Fatal(err)
	}
	byTable := map[string][32]byte{}
	for i, table := range tables {
		byTable[table] = sums[i]
	}
	return byTable
}

// read runs do on the views.
func (h *history) read(store projection.Store, do func(ctx context.Context, r projection.Reader) error) {
	h.Helper()
	ctx := context.Background()
	if err := store.Read(ctx, func(r projection.Reader) error { return do(ctx, r) }); err != nil {
		h.Fatal(err)
	}
}

func whole() int { return 1 << 30 }
