package inventory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	events "github.com/creatorflow/creatorflow/domain/events/stock"
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
	Available int64
	Entries   int64 // of the ledger
	Waiting   int64 // orders that wait for this SKU
	MovedAt   time.Time
	// Watch is 1 when the stock is so low, against what sold until the last movement, that a reader
	// must look at it closer: an index on it keeps the critical list from reading every SKU.
	Watch int64
}

var table = &projection.Table[Row]{
	Name: "stock_v2", Key: 1,
	Columns: []string{
		"sku text", "name text", "received bigint", "shipped bigint", "adjusted bigint", "returned bigint",
		"reserved bigint", "on_hand bigint", "available bigint", "entries bigint", "waiting bigint", "moved_at bigint",
		"watch bigint",
	},
	Fields: func(r *Row) []any {
		return []any{
			&r.SKU, &r.Name, &r.Received, &r.Shipped, &r.Adjusted, &r.Returned, &r.Reserved, &r.OnHand, &r.Available,
			&r.Entries, &r.Waiting, &r.MovedAt, &r.Watch,
		}
	},
}

// Entry is one movement of one SKU and the figures after it.
type Entry struct {
	SKU       string
	Entry     int64 // 1, 2, 3 … per SKU
	At        time.Time
	Kind      string // received, adjusted, reserved, released, shipped, returned
	Quantity  int64  // the change of what the kind names
	OnHand    int64
	Reserved  int64
	Available int64
	Order     string
	Reason    string
	Actor     string
	Cause     string
	Position  int64
}

var ledger = &projection.Table[Entry]{
	Name: "ledger_v2", Key: 2,
	Columns: []string{
		"sku text", "entry bigint", "at bigint", "kind text", "quantity bigint", "on_hand bigint", "reserved bigint",
		"available bigint", "order_id text", "reason text", "actor text", "cause text", "position bigint",
	},
	Fields: func(e *Entry) []any {
		return []any{
			&e.SKU, &e.Entry, &e.At, &e.Kind, &e.Quantity, &e.OnHand, &e.Reserved, &e.Available, &e.Order, &e.Reason,
			&e.Actor, &e.Cause, &e.Position,
		}
	},
}

// sold is how many units of a SKU were reserved for orders in a minute or an hour; units that a
// cancelled order gave back are taken out of the time they were sold in.
type sold struct {
	SKU   string
	Start int64 // minutes since 1970
	Units int64
}

func soldTable(name string) *projection.Table[sold] {
	return &projection.Table[sold]{
		Name: name, Key: 2, Columns: []string{"sku text", "start bigint", "units bigint"},
		Fields: func(s *sold) []any { return []any{&s.SKU, &s.Start, &s.Units} },
	}
}

var soldMinutes, soldHours = soldTable("sold_minutes_v2"), soldTable("sold_hours_v2")

// promise is what an order holds of a SKU, and since when.
type promise struct {
	Order string
	SKU   string
	Units int64
	Since int64 // minutes since 1970
}

var promises = &projection.Table[promise]{
	Name: "promises_v2", Key: 2, Columns: []string{"order_id text", "sku text", "units bigint", "since bigint"},
	Fields: func(p *promise) []any { return []any{&p.Order, &p.SKU, &p.Units, &p.Since} },
}

// shortage is an order that waits because a SKU has too few.
type shortage struct {
	Order string
	SKU   string
}

var shortages = &projection.Table[shortage]{
	Name: "shortages_v2", Key: 2, Columns: []string{"order_id text", "sku text"},
	Fields: func(s *shortage) []any { return []any{&s.Order, &s.SKU} },
}

// ShortTag is the tag under which a flow says that it waits for a SKU's stock.
const ShortTag = "short:"

// View folds stock, order and flow records into the ledger and the figures of each SKU.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "inventory" }

// Version implements projection.Projection.
func (View) Version() int { return 2 }

// Tables implements projection.Projection.
func (View) Tables() []string {
	return []string{table.Name, ledger.Name, soldMinutes.Name, soldHours.Name, promises.Name, shortages.Name, parts.Name}
}

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{
		table.Create(), ledger.Create(), soldMinutes.Create(), soldHours.Create(), promises.Create(), shortages.Create(), parts.Create(),
		"create index stock_v2_watch on stock_v2 (watch, sku)",
		"create index shortages_v2_sku on shortages_v2 (sku, order_id)",
		"create index promises_v2_sku on promises_v2 (sku, order_id)",
		"create index sold_minutes_v2_start on sold_minutes_v2 (start, sku, units)",
		"create index sold_hours_v2_start on sold_hours_v2 (start, sku, units)",
	}
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	f := folding{
		tx: tx, stock: table.Edit(tx), ledger: ledger.Edit(tx), minutes: soldMinutes.Edit(tx), hours: soldHours.Edit(tx),
		promises: promises.Edit(tx), shortages: shortages.Edit(tx), parts: parts.Edit(tx), short: map[string][]string{}, moved: map[string]bool{},
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
	minutes, hours *projection.Edit[sold]
	promises       *projection.Edit[promise]
	shortages      *projection.Edit[shortage]
	parts          *projection.Edit[part]
	short          map[string][]string // what an order waits for, as far as this batch touched it
	moved          map[string]bool     // SKUs of this batch
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
		if err := f.sell(ctx, e.SKU, p.Since, -e.Quantity); err != nil {
			return err
		}
		if err := f.promises.Delete(e.Order, e.SKU); err != nil {
			return err
		}
		return f.move(ctx, r, e.SKU, Entry{Kind: "released", Quantity: -e.Quantity, Order: e.Order, Reason: e.Reason}, func(s *Row) { s.Reserved -= e.Quantity })
	case events.Shipped:
		if err := f.promises.Delete(e.Order, e.SKU); err != nil {
			return err
		}
		return f.move(ctx, r, e.SKU, Entry{Kind: "shipped", Quantity: -e.Quantity, Order: e.Order}, func(s *Row) {
			s.Reserved -= e.Quantity
			s.Shipped += e.Quantity
		})
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
	row.Available = row.OnHand - row.Reserved
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
		edit  *projection.Edit[sold]
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
	was, err := f.waitsFor(ctx, order)
	if err != nil {
		return err
	}
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

func (f *folding) waitsFor(ctx context.Context, order string) ([]string, error) {
	if was, seen := f.short[order]; seen {
		return was, nil
	}
	rows, err := shortages.Select(ctx, f.tx, "where order_id = $1", order)
	var was []string
	for _, s := range rows {
		was = append(was, s.SKU)
	}
	return was, err
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
	for _, save := range []func(context.Context) error{f.ledger.Save, f.minutes.Save, f.hours.Save, f.promises.Save, f.shortages.Save, f.parts.Save} {
		if err := save(ctx); err != nil {
			return nil, err
		}
	}
	var topics []string
	skus := make([]string, 0, len(f.moved))
	for sku := range f.moved {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	for _, sku := range skus {
		row, err := f.stock.Get(ctx, sku)
		if err != nil {
			return nil, err
		}
		rates, err := ratesOf(ctx, f.tx, sku, row.MovedAt)
		if err != nil {
			return nil, err
		}
		row.Watch = 0
		if look(*row, rates).Severity != "ok" { // no later look can be worse: a rate rises by a movement only
			row.Watch = 1
		}
		topics = append(topics, "stock/"+sku)
	}
	if len(topics) > 0 {
		topics = append(topics, "stock/critical", "kpis")
	}
	return topics, f.stock.Save(ctx)
}
