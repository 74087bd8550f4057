package reads

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/domain/board"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
)

// KPIs are the figures of the command screen, all from one position.
type KPIs struct {
	Position        int64         `json:"position"`
	At              string        `json:"at"`
	Workspace       Workspace     `json:"workspace"`
	ActiveOrders    int64         `json:"active_orders"`
	EventsPerSecond float64       `json:"events_per_second" doc:"that the log took, over the last ten seconds"`
	RevenueToday    Amount        `json:"revenue_today" doc:"orders placed today that are not cancelled"`
	OrdersToday     Number        `json:"orders_today"`
	Demand          Demand        `json:"demand"`
	Conversion      Share         `json:"conversion"`
	RepeatCustomers Share         `json:"repeat_customers"`
	Automation      Automation    `json:"automation"`
	DeadLetters     int64         `json:"dead_letters" doc:"messages and steps that wait for a person"`
	OtherCurrencies []money.Money `json:"other_currencies" doc:"today's revenue in currencies that are never added up"`
}

// Workspace is a seller's business.
type Workspace struct {
	Name     string             `json:"name"`
	Zone     string             `json:"zone"`
	Currency string             `json:"currency"`
	Title    string             `json:"orders_title" doc:"what the page of all orders is called; empty = Orders"`
	Versions workspace.Versions `json:"versions" doc:"by which version each was set last; 0 = nobody has set it"`
	Demo     string             `json:"demo" enum:"none,offered,removable,fixed" doc:"offered: nothing is here yet and demo data can be opened; removable, fixed: all that is shown is demo data"`
}

// Amount is money with its change.
type Amount struct {
	Value  money.Money `json:"value"`
	Change *float64    `json:"change_percent" doc:"null when there is nothing to compare with"`
	Spark  []int64     `json:"spark" doc:"up to 24 numbers, oldest first"`
	Base   string      `json:"base"`
}

// Number is a count with its change.
type Number struct {
	Value  int64    `json:"value"`
	Change *float64 `json:"change_percent"`
	Spark  []int64  `json:"spark"`
	Base   string   `json:"base"`
}

// Demand is how many orders came within the hour, beside what is usual.
type Demand struct {
	Hour  int64  `json:"orders_hour" doc:"placed within the last 60 minutes"`
	Usual *int64 `json:"usual_hour" doc:"orders of the busiest hour of the seven days that ended a day ago; null while the shop has not sold for a day before that"`
	Viral bool   `json:"viral" doc:"at least 20, and at least three times the usual"`
}

// Share is a percentage with its change in points, or the reason why there is none.
type Share struct {
	Value  *float64  `json:"value"`
	Reason string    `json:"reason,omitempty"`
	Change *float64  `json:"change_pp"`
	Spark  []float64 `json:"spark"`
	Base   string    `json:"base"`
}

// Automation is how well orders run without a person.
type Automation struct {
	Health      *float64      `json:"health_percent"`
	Finished    int64         `json:"finished"`
	Untouched   int64         `json:"untouched"`
	WindowHours int64         `json:"window_hours"`
	Mean        *float64      `json:"mean_seconds" doc:"in our hands"`
	P95         *float64      `json:"p95_seconds"`
	Elapsed     *float64      `json:"elapsed_mean_seconds" doc:"from start to end, waits included"`
	Change      *float64      `json:"change_percent"`
	Waiting     WaitingOrders `json:"waiting"`
	Stuck       int64         `json:"stuck"`
}

// WaitingOrders is how many orders wait for each of fulfilment.Waits.
type WaitingOrders map[string]int64

// Schema names every word, so that a program knows which there are.
func (WaitingOrders) Schema(r huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, Required: fulfilment.Waits, AdditionalProperties: false}
	for _, word := range fulfilment.Waits {
		s.Properties[word] = huma.SchemaFromType(r, reflect.TypeFor[int64]())
	}
	return s
}

// KPIs makes the body of GET /api/v1/kpis.
func (b *Reads) KPIs(ctx context.Context, r projection.Reader) (KPIs, error) {
	w, err := b.workspace(ctx, r)
	if err != nil {
		return KPIs{}, err
	}
	letters, err := letters.Open(ctx, r)
	if err != nil {
		return KPIs{}, err
	}
	now := b.now()
	k, err := board.Read(ctx, r, now, w.Location(), w.Currency)
	if err != nil {
		return KPIs{}, err
	}
	rate, err := b.rate(ctx, now, r.Position())
	if err != nil {
		return KPIs{}, err
	}
	body := KPIs{
		Position: int64(r.Position()), At: stamp(now), Workspace: Workspace{Name: w.Name, Zone: w.Zone, Currency: w.Currency, Title: w.OrdersTitle, Versions: w.Changed, Demo: b.o.Demo()},
		ActiveOrders: k.Active, EventsPerSecond: round(rate, 1),
		RevenueToday:    Amount{Value: k.Revenue.Value, Change: roundMaybe(k.Revenue.Change, 1), Spark: newest(k.Revenue.Spark), Base: "yesterday, same time"},
		OrdersToday:     Number{Value: k.Orders.Value, Change: roundMaybe(k.Orders.Change, 1), Spark: newest(k.Orders.Spark), Base: "yesterday, same time"},
		Demand:          Demand{Hour: k.Demand.Hour, Usual: k.Demand.Usual, Viral: k.Demand.Viral},
		Conversion:      share(k.Conversion, 2, "same hours yesterday", "no traffic data"),
		RepeatCustomers: share(k.Repeat, 1, "last 30 days", "no customers yet"),
		Automation:      automation(k.Automation), DeadLetters: letters, OtherCurrencies: list(k.Others),
	}
	return body, nil
}

func share(s board.Share, digits int, base, otherwise string) Share {
	out := Share{Value: roundMaybe(s.Value, digits), Change: roundMaybe(s.Change, digits), Spark: newest(s.Spark), Base: base}
	for i, v := range out.Spark {
		out.Spark[i] = round(v, digits)
	}
	if out.Value == nil {
		out.Reason = otherwise
	}
	return out
}

func automation(a board.Automation) Automation {
	out := Automation{
		Health: roundMaybe(a.Health, 1), Finished: a.Now.Finished, Untouched: a.Now.Untouched,
		WindowHours: int64(board.Window / time.Hour), Change: roundMaybe(a.Change, 1), Waiting: a.Waiting, Stuck: a.Stuck,
	}
	if a.Now.Finished > 0 {
		mean, p95, elapsed := seconds(a.Now.Mean), seconds(a.Now.P95), seconds(a.Now.Elapsed)
		out.Mean, out.P95, out.Elapsed = &mean, &p95, &elapsed
	}
	return out
}

// newest keeps the last 24 numbers.
func newest[T any](spark []T) []T { return list(spark[max(0, len(spark)-24):]) }

// ErrSeries says that a series was asked for in steps or a stretch that is not offered.
var ErrSeries = errors.New("a series has 1 to 2,000 steps of 15m, 1h or 1d, from before to")

// SeriesQuery asks for a series; zero fields mean revenue of the last 7 days by the hour.
type SeriesQuery struct {
	Metric   string
	From, To time.Time
	Step     string
}

// Series is a figure over time.
type Series struct {
	Position    int64   `json:"position"`
	Metric      string  `json:"metric" enum:"revenue,orders"`
	Currency    string  `json:"currency" doc:"of revenue, which is in its minor units"`
	StepSeconds int64   `json:"step_seconds"`
	Zone        string  `json:"zone" doc:"where days begin"`
	Points      []Point `json:"points"`
}

// Point is one step of a series.
type Point struct {
	At    string `json:"at" doc:"begin of the step"`
	Value int64  `json:"value"`
}

// Series makes the body of GET /api/v1/series.
func (b *Reads) Series(ctx context.Context, r projection.Reader, q SeriesQuery) (Series, error) {
	w, err := b.workspace(ctx, r)
	if err != nil {
		return Series{}, err
	}
	step, ok := map[string]time.Duration{"15m": 15 * time.Minute, "": time.Hour, "1h": time.Hour, "1d": 24 * time.Hour}[q.Step]
	if q.To.IsZero() {
		q.To = b.now()
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-7 * 24 * time.Hour)
	}
	if steps := q.To.Sub(q.From) / max(step, 1); !ok || !q.From.Before(q.To) || steps > 2000 {
		return Series{}, ErrSeries
	}
	edges := board.Edges(q.From, q.To, step, w.Location())
	buckets, err := orders.Series(ctx, r, w.Currency, edges)
	if err != nil {
		return Series{}, err
	}
	body := Series{Position: int64(r.Position()), Metric: q.Metric, Currency: w.Currency, StepSeconds: int64(step / time.Second), Zone: w.Zone, Points: []Point{}}
	for i, bucket := range buckets {
		value := bucket.Revenue
		if q.Metric == "orders" {
			value = bucket.Orders
		}
		body.Points = append(body.Points, Point{At: stamp(edges[i]), Value: value})
	}
	return body, nil
}
