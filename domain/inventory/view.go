package inventory

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory/parts"
	"github.com/creatorflow/creatorflow/domain/inventory/rates"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Row is one SKU's stock as lists and pages show it; all figures are units.
type Row struct {
	SKU       string
	Name      string
	Received  int64
	Shipped   int64
	Adjusted  int64
	Returned  int64
	Reserved  int64
	OnHand    int64
	Aside     int64 // of it, not for sale: it lies where orders are not shipped from
	Available int64
	Entries   int64 // of the ledger
	Waiting   int64 // orders that wait for this SKU
	MovedAt   time.Time
	// Watch is 1 when the stock is so low, against what sold until the last movement, that a reader
	// must look at it closer: an index on it keeps the critical list from reading every SKU.
	Watch int64
}

var table = &projection.Table[Row]{
	Name: "stock_v3", Key: 1,
	Columns: []string{
		"sku text", "name text", "received bigint", "shipped bigint", "adjusted bigint", "returned bigint",
		"reserved bigint", "on_hand bigint", "aside bigint", "available bigint", "entries bigint", "waiting bigint", "moved_at bigint",
		"watch bigint",
	},
	Fields: func(r *Row) []any {
		return []any{
			&r.SKU, &r.Name, &r.Received, &r.Shipped, &r.Adjusted, &r.Returned, &r.Reserved, &r.OnHand, &r.Aside, &r.Available,
			&r.Entries, &r.Waiting, &r.MovedAt, &r.Watch,
		}
	},
}

// Entry is one movement of one SKU and the figures after it.
type Entry struct {
	SKU       string
	Entry     int64 // 1, 2, 3 … per SKU
	At        time.Time
	Kind      string // received, adjusted, reserved, released, shipped, returned, bundled, unbundled, moved, allotted
	Quantity  int64  // the change of what the kind names
	OnHand    int64
	Reserved  int64
	Available int64
	Order     string
	Reason    string
	Actor     string
	Cause     string
	Position  int64
	Location  string // where units came to, or left from, if nowhere else; of several, with commas between
	From      string // of moved units
}

var ledger = &projection.Table[Entry]{
	Name: "ledger_v3", Key: 2,
	Columns: []string{
		"sku text", "entry bigint", "at bigint", "kind text", "quantity bigint", "on_hand bigint", "reserved bigint",
		"available bigint", "order_id text", "reason text", "actor text", "cause text", "position bigint", "location text", "came_from text",
	},
	Fields: func(e *Entry) []any {
		return []any{
			&e.SKU, &e.Entry, &e.At, &e.Kind, &e.Quantity, &e.OnHand, &e.Reserved, &e.Available, &e.Order, &e.Reason,
			&e.Actor, &e.Cause, &e.Position, &e.Location, &e.From,
		}
	},
}

// promise is what an order holds of a SKU, and since when.
type promise struct {
	Order string
	SKU   string
	Units int64
	Since int64         // minutes since 1970
	From  []events.Part // where they lie, once it is known where the order is sent from
}

var promises = &projection.Table[promise]{
	Name: "promises_v3", Key: 2, Columns: []string{"order_id text", "sku text", "units bigint", "since bigint", "parts jsonb"},
	Fields: func(p *promise) []any {
		return []any{&p.Order, &p.SKU, &p.Units, &p.Since, projection.JSON(&p.From)}
	},
}

// shortage is an order that waits because a SKU has too few.
type shortage struct {
	Order string
	SKU   string
}

var shortages = &projection.Table[shortage]{
	Name: "shortages_v3", Key: 2, Columns: []string{"order_id text", "sku text"},
	Fields: func(s *shortage) []any { return []any{&s.Order, &s.SKU} },
}

// together is how many orders' shortages one query reads.
const together = 32

var whereOrders = func() string {
	marks := make([]string, together)
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	return "where order_id in (" + strings.Join(marks, ", ") + ")"
}()

// ShortTag is the tag under which a flow says that it waits for a SKU's stock.
const ShortTag = "short:"

// View folds stock, order and flow records into the ledger and the figures of each SKU.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "inventory" }

// Version implements projection.Projection.
func (View) Version() int { return 3 }

// Tables implements projection.Projection.
func (View) Tables() []string {
	return append([]string{table.Name, ledger.Name, rates.Minutes.Name, rates.Hours.Name, promises.Name, shortages.Name, parts.Table.Name}, places.Tables()...)
}

// Schema implements projection.Projection.
func (View) Schema() []string {
	return append([]string{
		table.Create(), ledger.Create(), rates.Minutes.Create(), rates.Hours.Create(), promises.Create(), shortages.Create(), parts.Table.Create(),
		"create index stock_v3_watch on stock_v3 (watch, sku)",
		"create index shortages_v3_sku on shortages_v3 (sku, order_id)",
		"create index promises_v3_sku on promises_v3 (sku, order_id)",
		"create index sold_minutes_v3_start on sold_minutes_v3 (start, sku, units)",
		"create index sold_hours_v3_start on sold_hours_v3 (start, sku, units)",
	}, places.Schema()...)
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	f := folding{
		tx: tx, stock: table.Edit(tx), ledger: ledger.Edit(tx), minutes: rates.Minutes.Edit(tx), hours: rates.Hours.Edit(tx),
		promises: promises.Edit(tx), shortages: shortages.Edit(tx), parts: parts.Table.Edit(tx), places: places.Batch(tx), short: map[string][]string{}, moved: map[string]bool{},
	}
	if err := f.waits(ctx, batch); err != nil {
		return nil, err
	}
	for _, r := range batch {
		if err := f.record(ctx, r); err != nil {
			return nil, err
		}
	}
	return f.save(ctx)
}

type folding struct {
	tx             projection.Tx
	stock          *projection.Edit[Row]
	ledger         *projection.Edit[Entry]
	minutes, hours *projection.Edit[rates.Sold]
	promises       *projection.Edit[promise]
	shortages      *projection.Edit[shortage]
	parts          *projection.Edit[parts.Part]
	places         *places.Folding
	short          map[string][]string // what an order waits for, as far as this batch touched it
	moved          map[string]bool     // SKUs of this batch
	sent           []string            // orders of this batch of which it was said from where they are sent
}

func (f *folding) record(ctx context.Context, r eventlog.Record) error {
	switch e := r.Event.(type) {
	case events.Received:
		return f.move(ctx, r, e.SKU, Entry{Kind: "received", Quantity: e.Quantity, Reason: e.Reason}, func(s *Row) {
			s.Received += e.Quantity
			if e.Name != "" {
				s.Name = e.Name
			}
		})
	case events.Adjusted:
		return f.move(ctx, r, e.SKU, Entry{Kind: "adjusted", Quantity: e.Delta, Reason: e.Reason}, func(s *Row) { s.Adjusted += e.Delta })
	case events.Returned:
		return f.move(ctx, r, e.SKU, Entry{Kind: "returned", Quantity: e.Quantity, Reason: e.Reason, Order: e.Order}, func(s *Row) {
			if e.Sellable {
				s.Returned += e.Quantity
			}
		})
	case events.Reserved:
		minute := r.At.Unix() / 60
		if err := f.promises.Put(promise{Order: e.Order, SKU: e.SKU, Units: e.Quantity, Since: minute}); err != nil {
			return err
		}
		if err := f.sell(ctx, e.SKU, minute, e.Quantity); err != nil {
			return err
		}
		return f.move(ctx, r, e.SKU, Entry{Kind: "reserved", Quantity: e.Quantity, Order: e.Order}, func(s *Row) { s.Reserved += e.Quantity })
	case events.Released:
		p, err := f.promises.Get(ctx, e.Order, e.SKU)
		if err != nil {
			return err
		}
		since := p.Since
		if err := f.sell(ctx, e.SKU, since, -e.Quantity); err != nil {
			return err
		}
		if err := f.settle(ctx, e.SKU, e.Order); err != nil {
			return err
		}
		if e.Kept > 0 {
			if err := f.promises.Put(promise{Order: e.Order, SKU: e.SKU, Units: e.Kept, Since: since}); err != nil {
				return err
			}
		}
		return f.move(ctx, r, e.SKU, Entry{Kind: "released", Quantity: -e.Quantity, Order: e.Order, Reason: e.Reason}, func(s *Row) { s.Reserved -= e.Quantity })
	case events.Shipped:
		if err := f.settle(ctx, e.SKU, e.Order); err != nil {
			return err
		}
		return f.move(ctx, r, e.SKU, Entry{Kind: "shipped", Quantity: -e.Quantity, Order: e.Order}, func(s *Row) {
			s.Reserved -= e.Quantity
			s.Shipped += e.Quantity
		})
	case events.Bundled:
		return f.move(ctx, r, e.SKU, Entry{Kind: "bundled", Reason: Made(e.Components)}, func(s *Row) {
			if e.Name != "" {
				s.Name = e.Name
			}
		})
	case events.Unbundled:
		return f.move(ctx, r, e.SKU, Entry{Kind: "unbundled"}, func(*Row) {})
	case events.Moved:
		return f.move(ctx, r, e.SKU, Entry{Kind: "moved", Quantity: e.Quantity, Reason: e.Reason}, func(*Row) {})
	case events.Allotted:
		return f.allotted(ctx, e.SKU, e.Order, e.From)
	case placeevents.Set, placeevents.Ordered, placeevents.Closed:
		return f.arrange(ctx, r.Event)
	case placeevents.Chosen:
		f.sent = append(f.sent, "orders/"+e.Order)
	case flows.Waiting, flows.StepSucceeded, flows.UndoStarted, flows.Undone:
		return f.shortage(ctx, r)
	}
	return nil
}

func (f *folding) move(ctx context.Context, r eventlog.Record, sku string, e Entry, change func(*Row)) error {
	row, err := f.stock.Get(ctx, sku)
	if err != nil {
		return err
	}
	known, name := row.Entries > 0, row.Name
	change(row)
	if !known || name != row.Name {
		if err := f.index(sku, known, name, row.Name); err != nil {
			return err
		}
	}
	row.OnHand = row.Received - row.Shipped + row.Adjusted + row.Returned
	if err := f.shelve(ctx, r.Event, row, &e); err != nil {
		return err
	}
	row.Entries++
	row.MovedAt = r.At
	f.moved[sku] = true
	e.SKU, e.Entry, e.At, e.Position = sku, row.Entries, r.At, int64(r.Position)
	e.OnHand, e.Reserved, e.Available = row.OnHand, row.Reserved, row.Available
	e.Actor, e.Cause = r.Actor, r.Cause
	return f.ledger.Put(e)
}

func (f *folding) sell(ctx context.Context, sku string, minute, units int64) error {
	for _, into := range []struct {
		edit  *projection.Edit[rates.Sold]
		start int64
	}{{f.minutes, minute}, {f.hours, minute - minute%60}} {
		s, err := into.edit.Get(ctx, sku, into.start)
		if err != nil {
			return err
		}
		s.Units += units
	}
	return nil
}

// shortage keeps which orders wait for which SKUs.
func (f *folding) shortage(ctx context.Context, r eventlog.Record) error {
	if r.Stream.Kind != "fulfilment" {
		return nil
	}
	order := r.Stream.ID
	was := f.short[order]
	var is []string
	if w, ok := r.Event.(flows.Waiting); ok {
		for _, tag := range w.For {
			if sku, ok := strings.CutPrefix(tag, ShortTag); ok {
				is = append(is, sku)
			}
		}
	}
	f.short[order] = is
	for _, sku := range was {
		if !slices.Contains(is, sku) {
			if err := f.waiting(ctx, order, sku, -1); err != nil {
				return err
			}
		}
	}
	for _, sku := range is {
		if !slices.Contains(was, sku) {
			if err := f.waiting(ctx, order, sku, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// waits reads what the orders of a batch wait for whose flows have news.
func (f *folding) waits(ctx context.Context, batch []eventlog.Record) error {
	var orders []any
	for _, r := range batch {
		if _, seen := f.short[r.Stream.ID]; !seen && r.Stream.Kind == "fulfilment" {
			f.short[r.Stream.ID], orders = nil, append(orders, r.Stream.ID)
		}
	}
	for part := range slices.Chunk(orders, together) { // the last one's first order fills it up
		rows, err := shortages.Select(ctx, f.tx, whereOrders, append(part[:len(part):len(part)], slices.Repeat(part[:1], together-len(part))...)...)
		for _, s := range rows {
			f.short[s.Order] = append(f.short[s.Order], s.SKU)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *folding) waiting(ctx context.Context, order, sku string, by int64) error {
	row, err := f.stock.Get(ctx, sku)
	if err != nil {
		return err
	}
	row.Waiting += by
	f.moved[sku] = true
	if by < 0 {
		return f.shortages.Delete(order, sku)
	}
	return f.shortages.Put(shortage{Order: order, SKU: sku})
}

// save writes the rows, and marks the SKUs that need watching by what sold until their last movement.
func (f *folding) save(ctx context.Context) ([]string, error) {
	for _, save := range []func(context.Context) error{f.ledger.Save, f.minutes.Save, f.hours.Save, f.promises.Save, f.shortages.Save, f.parts.Save, f.places.Save} {
		if err := save(ctx); err != nil {
			return nil, err
		}
	}
	var topics []string
	skus := slices.Sorted(maps.Keys(f.moved))
	at, rows := make([]rates.At, len(skus)), make([]*Row, len(skus))
	for i, sku := range skus {
		row, err := f.stock.Get(ctx, sku)
		if err != nil {
			return nil, err
		}
		at[i], rows[i] = rates.At{SKU: sku, Now: row.MovedAt}, row
	}
	sells, err := rates.Each(ctx, f.tx, at)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		row.Watch = 0
		if look(*row, sells[row.SKU]).Severity != "ok" { // no later look can be worse: a rate rises by a movement only
			row.Watch = 1
		}
		topics = append(topics, "stock/"+row.SKU)
	}
	if len(topics) > 0 {
		topics = append(topics, "stock/critical", "kpis")
	}
	slices.Sort(f.sent)
	return append(topics, slices.Compact(f.sent)...), f.stock.Save(ctx)
}
