package reads

import (
	"context"
	"errors"
	"slices"

	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/shown"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/reads/claims"
	"github.com/creatorflow/creatorflow/gateway/reads/lines"
	"github.com/creatorflow/creatorflow/gateway/reads/located"
	"github.com/creatorflow/creatorflow/gateway/reads/parcels"
	"github.com/creatorflow/creatorflow/gateway/reads/payments"
	"github.com/creatorflow/creatorflow/gateway/reads/queues"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
)

// OrderSummary is one order in a list, but for its lines.
type OrderSummary struct {
	ID         string      `json:"id"`
	ChannelID  string      `json:"channel_id"`
	Connection string      `json:"connection"`
	Channel    string      `json:"channel"`
	Status     string      `json:"status" doc:"the channel's, in the hub's words"`
	Stage      string      `json:"stage" doc:"the flow's step"`
	Phase      string      `json:"phase" doc:"where the flow stands: running, waiting, undoing, stuck, finished, undone; empty before it begins"`
	Waiting    string      `json:"waiting" doc:"no_stock, backorder, unknown_sku, on_hold, unpaid, channel, decision, payment, risk, tracking, location, authorisation, away or empty"`
	PlacedAt   string      `json:"placed_at"`
	UpdatedAt  string      `json:"updated_at"`
	Units      int64       `json:"units"`
	Total      money.Money `json:"total"`
	Cancelled  bool        `json:"cancelled"`
	Flag       string      `json:"flag" doc:"why a person should look at it: cancellation, return, stuck, risk or empty"`
}

// OrderItem is one order in a list.
type OrderItem struct {
	OrderSummary
	Lines int64 `json:"lines"`
}

func summary(r orders.Row) OrderSummary {
	return OrderSummary{
		ID: r.ID, ChannelID: r.ChannelID, Connection: r.Connection, Channel: r.Channel, Status: r.Status, Stage: r.Stage,
		Phase: r.Phase, Waiting: r.Waiting, PlacedAt: stamp(r.PlacedAt), UpdatedAt: stamp(r.UpdatedAt), Units: r.Units, Total: r.Money(), Cancelled: r.Cancelled(), Flag: r.Flag,
	}
}

// OrderList is a page of orders, newest first.
type OrderList struct {
	Page
	Items []OrderItem `json:"items"`
}

// Orders makes the body of GET /api/v1/orders.
func (b *Reads) Orders(ctx context.Context, r projection.Reader, f orders.Filter) (OrderList, error) {
	rows, total, next, err := orders.List(ctx, r, f)
	if errors.Is(err, orders.ErrCursor) {
		return OrderList{}, ErrAfter
	}
	body := OrderList{Page: Page{Position: int64(r.Position()), Total: total, Next: next}, Items: []OrderItem{}}
	for _, row := range rows {
		body.Items = append(body.Items, OrderItem{OrderSummary: summary(row), Lines: row.LineCount})
	}
	return body, err
}

// Order is everything about one order.
type Order struct {
	Position int64 `json:"position"`
	OrderSummary
	Lines    []lines.OrderLine `json:"lines" doc:"as the channel lists them now"`
	Relisted *lines.Relisted   `json:"relisted" doc:"the order as it was placed beside what its channel lists now; null while that is the same"`
	Flow     *OrderFlow        `json:"flow" doc:"null until it begins"`
	Label    *OrderLabel       `json:"label"`

	claims.AfterSales

	Backorder *queues.Backorder `json:"backorder" doc:"where the order stands in the queues of its SKUs; null when it waits in none"`

	Shipping parcels.Shipping `json:"shipping" doc:"parcels of the seller's own carrier, splits and combinations"`

	Origin *located.Origin `json:"origin" doc:"from which location it is sent, and why; null for a seller with one location"`

	Payment *payments.Payment `json:"payment" doc:"of an order that was entered here; null for one that a channel sold"`

	Events []Event `json:"events" doc:"of the order and its flow, oldest first"`
}

// OrderFlow is an order's way through the seven steps.
type OrderFlow struct {
	ID       string     `json:"id"`
	State    string     `json:"state" enum:"waiting,running,undoing,finished,undone,stuck"`
	Step     string     `json:"step"`
	Sentence string     `json:"sentence"`
	WakeAt   *string    `json:"wake_at"`
	Own      float64    `json:"own_seconds" doc:"in our hands"`
	Elapsed  float64    `json:"elapsed_seconds" doc:"waits included"`
	Steps    []FlowStep `json:"steps"`
	Actions  []string   `json:"actions" enum:"retry,skip,take-back,approve,reject" doc:"what a person may ask of it now"`
}

// FlowStep is one line of the timeline.
type FlowStep struct {
	Name     string  `json:"name"`
	State    string  `json:"state" enum:"done,running,waiting,failed,undone,pending,skipped"`
	At       string  `json:"at"`
	Attempts int     `json:"attempts"`
	Seconds  float64 `json:"seconds"`
	Detail   string  `json:"detail"`
}

// OrderLabel is the reference to a shipping label's file.
type OrderLabel struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Tracking string `json:"tracking"`
}

// Order makes the body of GET /api/v1/orders/{id}.
func (b *Reads) Order(ctx context.Context, r projection.Reader, id string) (Order, error) {
	row, found, err := orders.Find(ctx, r, id)
	if err != nil {
		return Order{}, err
	}
	if !found {
		return Order{}, ErrNotFound
	}
	body := Order{Position: int64(r.Position()), OrderSummary: summary(row)}
	all, err := lines.Read(ctx, r, row, b.now())
	if err != nil {
		return Order{}, err
	}
	body.Lines = lines.Listed(all)
	if body.Backorder, err = queues.Order(ctx, r, id, b.now()); err != nil {
		return Order{}, err
	}
	history, err := b.stream(ctx, orderevents.Stream(b.o.Workspace, id), r.Position())
	if err != nil {
		return Order{}, err
	}
	if body.Relisted, err = lines.Beside(ctx, r, b.o.Workspace, id, history, all, row.Money()); err != nil {
		return Order{}, err
	}
	read := func(s eventlog.Stream) ([]eventlog.Record, error) { return b.stream(ctx, s, r.Position()) }
	if body.AfterSales, err = claims.Read(b.o.Workspace, id, b.o.CancelAt(row.Connection), history, read); err != nil {
		return Order{}, err
	}
	steps, err := b.stream(ctx, eventlog.Stream{Workspace: b.o.Workspace, Kind: fulfilment.Kind, ID: id}, r.Position())
	if err != nil {
		return Order{}, err
	}
	if len(steps) > 0 {
		body.Flow, body.Label = b.timeline(id, steps)
	}
	if body.Shipping, err = parcels.Read(b.o.Workspace, id, history, steps, read); err != nil {
		return Order{}, err
	}
	if body.Origin, err = located.Read(ctx, r, b.o.Workspace, id, row.Phase, read); err != nil {
		return Order{}, err
	}
	body.Payment = payments.Read(b.o.Workspace, id, history)
	history = append(history, steps...)
	slices.SortFunc(history, func(a, b eventlog.Record) int { return int(a.Position - b.Position) })
	body.Events = events(history)
	return body, nil
}

func (b *Reads) timeline(id string, records []eventlog.Record) (*OrderFlow, *OrderLabel) {
	t := shown.Read(records)
	f := &OrderFlow{
		ID: id, State: t.State, Step: t.Step, Sentence: t.Sentence, WakeAt: maybe(t.Wake),
		Own: seconds(t.Own), Elapsed: seconds(t.Elapsed), Steps: []FlowStep{}, Actions: shown.Actions(b.o.Workspace, id, records),
	}
	for _, s := range t.Steps {
		f.Steps = append(f.Steps, FlowStep{Name: s.Name, State: s.State, At: stamp(s.At), Attempts: s.Attempts, Seconds: seconds(s.Took), Detail: s.Detail})
	}
	if t.Data["label"] == "" {
		return f, nil
	}
	return f, &OrderLabel{ID: t.Data["label"], Type: t.Data["label_type"], Tracking: t.Data["tracking"]}
}
