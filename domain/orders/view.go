package orders

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
)

// Row is one order as lists and pages show it.
type Row struct {
	ID         string
	ChannelID  string
	Connection string
	Channel    string
	Status     string // the channel's, in the hub's words
	Vendor     string // the channel's own word
	Stage      string // the flow's step
	Phase      string // running, waiting, undoing, stuck, finished, undone; empty before the flow begins
	Waiting    string // the code of the wait, else empty
	PlacedAt   time.Time
	UpdatedAt  time.Time // of our last record about it
	Units      int64     // as the channel lists them now, as is what follows
	LineCount  int64
	Total      int64 // minor units
	Currency   string
	Buyer      string
	Inbox      int64         // the raw webhook that brought it, 0 for a poll
	Lines      []events.Line // all that it was ever listed with, as the channel lists them now: one that it took out has no units
	SKUs       []string
	Packages   []string
	Pending    []string // cancellations and returns that wait for the seller, as "<kind>:<id>"
	Flag       string   // why a person must look at it: "cancellation", "return", "stuck" or "risk", else empty
	Asking     int64    // number of the answer that is on its way to the channel, else 0
}

// flag says why a person must look at an order. What a buyer waits for comes before what the hub does.
func (r Row) flag() string {
	switch {
	case len(r.Pending) > 0:
		kind, _, _ := strings.Cut(r.Pending[0], ":")
		return kind
	case r.Phase == "stuck":
		return r.Phase
	case r.Waiting == FlagRisk && !r.Cancelled():
		return FlagRisk
	}
	return ""
}

// Money is the order's total.
func (r Row) Money() money.Money { return money.Money{Minor: r.Total, Currency: r.Currency} }

// Cancelled says whether the channel shows the order as cancelled.
func (r Row) Cancelled() bool { return r.Status == Cancelled }

var table = &projection.Table[Row]{
	Name: "orders_v4", Key: 1,
	Columns: []string{
		"id text", "channel_id text", "connection text", "channel text", "status text", "vendor text", "stage text",
		"phase text", "waiting text", "placed_at bigint", "updated_at bigint", "units bigint", "line_count bigint",
		"total bigint", "currency text", "buyer text", "inbox bigint", "lines jsonb", "skus jsonb", "packages jsonb",
		"pending jsonb", "flag text", "asking bigint",
	},
	Fields: func(r *Row) []any {
		return []any{
			&r.ID, &r.ChannelID, &r.Connection, &r.Channel, &r.Status, &r.Vendor, &r.Stage, &r.Phase, &r.Waiting,
			&r.PlacedAt, &r.UpdatedAt, &r.Units, &r.LineCount, &r.Total, &r.Currency, &r.Buyer, &r.Inbox,
			projection.JSON(&r.Lines), projection.JSON(&r.SKUs), projection.JSON(&r.Packages),
			projection.JSON(&r.Pending), &r.Flag, &r.Asking,
		}
	},
}

// active is the condition of the orders that need something yet.
const active = "phase not in ('finished', 'undone')"

// count is how many orders stand under a key such as "all", "active", "status:ready", "waiting:no_stock" or
// "connection:k7".
type count struct {
	Key string
	N   int64
}

var counts = &projection.Table[count]{
	Name: "order_counts_v4", Key: 1, Columns: []string{"key text", "n bigint"},
	Fields: func(c *count) []any { return []any{&c.Key, &c.N} },
}

// Bucket is what was placed in one stretch of time, cancelled orders taken out again.
type Bucket struct {
	Currency string
	Start    int64 // minutes since 1970
	Orders   int64
	Revenue  int64 // minor units
}

func bucketTable(name string) *projection.Table[Bucket] {
	return &projection.Table[Bucket]{
		Name: name, Key: 2, Columns: []string{"currency text", "start bigint", "orders bigint", "revenue bigint"},
		Fields: func(b *Bucket) []any { return []any{&b.Currency, &b.Start, &b.Orders, &b.Revenue} },
	}
}

// Sales are kept by the minute and by the quarter of an hour; sliding figures sum them at read time.
var minutes, quarters = bucketTable("sales_minutes_v4"), bucketTable("sales_quarters_v4")

// customer is how often one buyer has bought; cancelled orders do not count.
type customer struct {
	Buyer  string
	Orders int64
}

var customers = &projection.Table[customer]{
	Name: "customers_v4", Key: 1, Columns: []string{"buyer text", "orders bigint"},
	Fields: func(c *customer) []any { return []any{&c.Buyer, &c.Orders} },
}

// Loyalty is how many customers there were by the end of a day (UTC), and how many had come back.
type Loyalty struct {
	Day       int64 // days since 1970
	Customers int64
	Repeat    int64
	Moves     int64 // orders that were counted or taken out that day: a day that ends with no customer has a row too
}

var loyalty = &projection.Table[Loyalty]{
	Name: "customer_days_v4", Key: 1, Columns: []string{"day bigint", "customers bigint", "repeat_customers bigint", "moves bigint"},
	Fields: func(l *Loyalty) []any { return []any{&l.Day, &l.Customers, &l.Repeat, &l.Moves} },
}

// View folds order and flow records into the lists, counters and revenue that screens read.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "orders" }

// Version implements projection.Projection.
func (View) Version() int { return 4 }

// Tables implements projection.Projection.
func (View) Tables() []string {
	return []string{table.Name, counts.Name, minutes.Name, quarters.Name, customers.Name, loyalty.Name}
}

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{
		table.Create(), counts.Create(), minutes.Create(), quarters.Create(), customers.Create(), loyalty.Create(),
		// With the channel's id in it, a scan for a part of that id need not look at the rows.
		"create index orders_v4_placed on orders_v4 (placed_at desc, id desc, channel_id)",
		"create index orders_v4_active on orders_v4 (placed_at desc, id desc) where " + active,
		"create index orders_v4_connection on orders_v4 (connection, placed_at desc, id desc)",
		"create index orders_v4_status on orders_v4 (status, placed_at desc, id desc)",
		"create index orders_v4_phase on orders_v4 (phase, placed_at desc, id desc)",
		"create index orders_v4_waiting on orders_v4 (waiting, placed_at desc, id desc)",
		"create index orders_v4_flag on orders_v4 (placed_at desc, id desc) where flag <> ''",
		"create index orders_v4_asking on orders_v4 (id) where asking <> 0",
		"create index orders_v4_channel_id on orders_v4 (channel_id)",
		"create index sales_minutes_v4_start on sales_minutes_v4 (start, currency)",
		"create index sales_quarters_v4_start on sales_quarters_v4 (start, currency)",
	}
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	f := folding{
		orders: table.Edit(tx), counts: counts.Edit(tx), minutes: minutes.Edit(tx), quarters: quarters.Edit(tx),
		customers: customers.Edit(tx), loyalty: loyalty.Edit(tx), topics: map[string]bool{},
	}
	for _, r := range batch {
		if err := f.record(ctx, r); err != nil {
			return nil, err
		}
	}
	for _, save := range []func(context.Context) error{
		f.orders.Save, f.counts.Save, f.minutes.Save, f.quarters.Save, f.customers.Save, f.loyalty.Save,
	} {
		if err := save(ctx); err != nil {
			return nil, err
		}
	}
	topics := make([]string, 0, len(f.topics))
	for topic := range f.topics {
		topics = append(topics, topic)
	}
	return topics, nil
}

// flowKind is the kind of the flow that belongs to an order; its id is the order's.
const flowKind = "fulfilment"

type folding struct {
	orders            *projection.Edit[Row]
	counts            *projection.Edit[count]
	minutes, quarters *projection.Edit[Bucket]
	customers         *projection.Edit[customer]
	loyalty           *projection.Edit[Loyalty]
	topics            map[string]bool
}

func (f *folding) record(ctx context.Context, r eventlog.Record) error {
	if strings.HasPrefix(r.Name, "flow.") && r.Stream.Kind != flowKind {
		return nil
	}
	id, change := changes(r)
	if change == nil {
		return nil
	}
	row, err := f.orders.Get(ctx, id)
	if err != nil {
		return err
	}
	before := *row
	change(row)
	row.UpdatedAt, row.Flag = r.At, row.flag()
	f.topics["kpis"], f.topics["orders/"+id] = true, true
	if err := f.recount(ctx, before, *row); err != nil {
		return err
	}
	switch {
	case before.LineCount > 0 && (before.Total != row.Total || before.Currency != row.Currency || before.Buyer != row.Buyer): // it counts in the minute of its sale
		if err := f.sell(ctx, before, r.At, -1); err != nil {
			return err
		}
		return f.sell(ctx, *row, r.At, 1)
	case before.LineCount == 0 && row.LineCount > 0:
		return f.sell(ctx, *row, r.At, 1)
	case row.Cancelled() && !before.Cancelled():
		return f.sell(ctx, *row, r.At, -1)
	}
	return nil
}

// changes says which order a record is about and what it changes.
func changes(r eventlog.Record) (string, func(*Row)) {
	switch e := r.Event.(type) {
	case events.Placed:
		number := inbox(r.Cause) // a function that held the record would cost each call a copy of it
		return e.Order, func(row *Row) {
			row.ChannelID, row.Connection, row.Channel = e.ChannelID, e.Connection, e.Channel
			row.Status, row.Vendor, row.PlacedAt = e.Status, e.Vendor, e.Created.UTC()
			row.Total, row.Currency, row.Buyer = e.Total.Minor, e.Total.Currency, e.Buyer
			row.Lines, row.LineCount, row.Packages, row.Inbox = e.Lines, int64(len(e.Lines)), e.Packages, number
			for _, line := range e.Lines {
				row.Units += line.Quantity
			}
		}
	case events.Disclosed:
		return e.Order, func(row *Row) {
			row.Lines, row.Total, row.Currency, row.Buyer = listed.Priced(row.Lines, e.Lines), e.Total.Minor, e.Total.Currency, e.Buyer
		}
	case events.Amended:
		return e.Order, func(row *Row) {
			if shows := (listed.List{Lines: e.Lines, Total: e.Total}); shows.Unpriced() { // it only hides its money
				e.Lines = listed.Priced(e.Lines, row.Lines)
			} else {
				row.Total, row.Currency = e.Total.Minor, e.Total.Currency
			}
			row.Lines, row.Units, row.LineCount = listed.Now(row.Lines, e.Lines)
		}
	case events.StatusChanged:
		return e.Order, func(row *Row) { row.Status, row.Vendor, row.Packages = e.To, e.Vendor, e.Packages }
	case events.Cancelled:
		return e.Order, func(row *Row) { row.Status, row.Vendor, row.Packages = Cancelled, e.Vendor, nil }
	case events.PaymentCompleted, events.Superseded, events.Confirmed, events.Exploded:
		return r.Stream.ID, func(*Row) {}
	case events.Matched:
		return e.Order, func(row *Row) { row.SKUs = e.SKUs }
	case flows.Started:
		return e.Flow, func(row *Row) { row.Phase, row.Stage = "running", "" }
	case flows.StepStarted:
		return e.Flow, func(row *Row) { row.Phase, row.Stage, row.Waiting = phase(e.Undo), e.Step, "" }
	case flows.StepSucceeded:
		return e.Flow, func(row *Row) { row.Phase, row.Stage, row.Waiting = "running", e.Step, "" }
	case flows.StepFailed:
		return e.Flow, func(row *Row) { row.Stage = e.Step }
	case flows.Waiting:
		return e.Flow, func(row *Row) { row.Phase, row.Stage, row.Waiting = "waiting", e.Step, e.Code }
	case flows.UndoStarted:
		return e.Flow, func(row *Row) { row.Phase, row.Stage, row.Waiting = "undoing", e.Step, "" }
	case flows.StepUndone:
		return e.Flow, func(row *Row) { row.Stage = e.Step }
	case flows.Stuck:
		return e.Flow, func(row *Row) { row.Phase, row.Stage, row.Waiting = "stuck", e.Step, "" }
	case flows.Retried:
		return e.Flow, func(row *Row) { row.Phase, row.Waiting = "running", "" }
	case flows.Finished:
		return e.Flow, func(row *Row) { row.Phase, row.Waiting = "finished", "" }
	case flows.Undone:
		return e.Flow, func(row *Row) { row.Phase, row.Waiting = "undone", "" }
	}
	return changesClaims(r.Event)
}

func phase(undo bool) string {
	if undo {
		return "undoing"
	}
	return "running"
}

// inbox is the number in a cause such as "inbox:331", else 0.
func inbox(cause string) int64 {
	number, ok := strings.CutPrefix(cause, "inbox:")
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// keys are the counters an order stands under.
func keys(r Row) []string {
	if r.LineCount == 0 {
		return nil
	}
	k := []string{"all", "status:" + r.Status, "connection:" + r.Connection}
	if r.Waiting != "" {
		k = append(k, "waiting:"+r.Waiting)
	}
	if r.Phase != "" {
		k = append(k, "phase:"+r.Phase)
	}
	if r.Phase != "finished" && r.Phase != "undone" {
		k = append(k, "active")
	}
	if r.Flag != "" {
		k = append(k, "flagged")
	}
	return k
}

func (f *folding) recount(ctx context.Context, before, after Row) error {
	if before.Status == after.Status && before.Waiting == after.Waiting && before.Phase == after.Phase && before.Flag == after.Flag && before.LineCount == after.LineCount {
		return nil // it stands under the same keys
	}
	was, is := keys(before), keys(after)
	return errors.Join(f.leave(ctx, was, is, -1), f.leave(ctx, is, was, 1))
}

// leave counts under those keys that are not among others.
func (f *folding) leave(ctx context.Context, keys, others []string, by int64) (err error) {
	for _, key := range keys {
		if err == nil && !slices.Contains(others, key) {
			err = f.add(ctx, key, by)
		}
	}
	return err
}

func (f *folding) add(ctx context.Context, key string, by int64) error {
	c, err := f.counts.Get(ctx, key)
	if err != nil {
		return err
	}
	c.N += by
	return nil
}

// sell adds an order to revenue and to its buyer, or takes it out again.
func (f *folding) sell(ctx context.Context, r Row, at time.Time, by int64) error {
	if r.Cancelled() && by > 0 {
		return nil
	}
	f.topics["series/revenue"] = true
	minute := r.PlacedAt.Unix() / 60
	for _, into := range []struct {
		edit  *projection.Edit[Bucket]
		start int64
	}{{f.minutes, minute}, {f.quarters, minute - minute%15}} {
		b, err := into.edit.Get(ctx, r.Currency, into.start)
		if err != nil {
			return err
		}
		b.Orders += by
		b.Revenue += by * r.Total
	}
	if r.Buyer == "" {
		return nil
	}
	c, err := f.customers.Get(ctx, r.Buyer)
	if err != nil {
		return err
	}
	was := c.Orders
	c.Orders += by
	first, again := step(was, c.Orders, 1), step(was, c.Orders, 2)
	if err := f.add(ctx, "customers", first); err != nil {
		return err
	}
	if err := f.add(ctx, "repeat_customers", again); err != nil {
		return err
	}
	all, err := f.counts.Get(ctx, "customers")
	if err != nil {
		return err
	}
	repeat, err := f.counts.Get(ctx, "repeat_customers")
	if err != nil {
		return err
	}
	day, err := f.loyalty.Get(ctx, at.Unix()/86400)
	if err != nil {
		return err
	}
	day.Customers, day.Repeat = all.N, repeat.N
	day.Moves++
	return nil
}

// step says whether a count crossed a mark: +1 upwards, −1 downwards.
func step(was, is, mark int64) int64 {
	switch {
	case was < mark && is >= mark:
		return 1
	case was >= mark && is < mark:
		return -1
	}
	return 0
}
