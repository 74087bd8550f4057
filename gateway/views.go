package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/plans"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/located"
	"github.com/creatorflow/creatorflow/gateway/reads/signals"
	"github.com/creatorflow/creatorflow/projection"
)

// Paged are the parameters of every list.
type Paged struct {
	After string `query:"after" maxLength:"400" doc:"the next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// view registers a GET whose body is read from the views, in one transaction.
func view[I, B any](g *Gateway, path, id, summary string, read func(ctx context.Context, r projection.Reader, in *I) (B, error)) {
	huma.Register(g.api, edge.Get(path, id, summary), func(ctx context.Context, in *I) (*edge.Positioned[B], error) {
		if p := g.rebuilding(); p != nil {
			p.RequestID = edge.RequestID(ctx)
			return nil, p
		}
		var out edge.Positioned[B]
		err := g.o.Views.Read(ctx, func(r projection.Reader) (err error) {
			out.Body, err = read(ctx, r, in)
			out.Position = int64(r.Position())
			return err
		})
		if err != nil {
			return nil, g.answer(ctx, err)
		}
		return &out, nil
	})
}

func (g *Gateway) registerViews() {
	b := g.o.Reads
	type none struct{}
	view(g, "/api/v1/kpis", "get-kpis", "The figures of the command screen",
		func(ctx context.Context, r projection.Reader, _ *none) (reads.KPIs, error) { return b.KPIs(ctx, r) })
	type seriesInput struct {
		Metric string    `query:"metric" enum:"revenue,orders" default:"revenue"`
		From   time.Time `query:"from" doc:"default: 7 days before to"`
		To     time.Time `query:"to" doc:"default: now"`
		Step   string    `query:"step" enum:"15m,1h,1d" default:"1h"`
	}
	view(g, "/api/v1/series", "get-series", "A figure over time",
		func(ctx context.Context, r projection.Reader, in *seriesInput) (reads.Series, error) {
			return b.Series(ctx, r, reads.SeriesQuery{Metric: in.Metric, From: in.From, To: in.To, Step: in.Step})
		})
	type stockInput struct {
		Paged
		Text     string `query:"q" maxLength:"100" doc:"the begin of a SKU or a part of its name"`
		Critical bool   `query:"critical" doc:"only what needs someone, most urgent first"`
	}
	view(g, "/api/v1/stock", "list-stock", "SKUs and their stock",
		func(ctx context.Context, r projection.Reader, in *stockInput) (reads.StockList, error) {
			return b.Stock(ctx, r, reads.StockQuery{Text: in.Text, Critical: in.Critical, After: in.After, Limit: in.Limit})
		})
	type SKUInput struct {
		SKU string `path:"sku" maxLength:"400"`
	}
	view(g, "/api/v1/stock/{sku}", "get-stock", "Everything about one SKU's stock",
		func(ctx context.Context, r projection.Reader, in *SKUInput) (reads.SKU, error) {
			return b.SKU(ctx, r, plans.SKUText(in.SKU))
		})
	type ledgerInput struct {
		SKUInput
		Paged
	}
	view(g, "/api/v1/stock/{sku}/ledger", "list-ledger", "Every movement of one SKU, newest first",
		func(ctx context.Context, r projection.Reader, in *ledgerInput) (reads.LedgerList, error) {
			return b.Ledger(ctx, r, plans.SKUText(in.SKU), in.After, in.Limit)
		})
	huma.Register(g.api, edge.Get("/api/v1/locations", "list-locations", "Where units lie, in the order in which locations are asked for an order's"),
		func(ctx context.Context, _ *none) (*edge.Positioned[located.List], error) {
			body, err := located.Locations(ctx, g.o.Log, g.o.Workspace)
			if err != nil {
				return nil, g.answer(ctx, err)
			}
			return &edge.Positioned[located.List]{Position: body.Position, Body: body}, nil
		})
	type ordersInput struct {
		Paged
		Text       string `query:"q" maxLength:"100" doc:"the begin of the channel's order id"`
		Status     string `query:"status" maxLength:"40" doc:"a channel's status, a waiting word, active, cancelled, finished or stuck"`
		Connection string `query:"connection" maxLength:"40"`
		Flagged    bool   `query:"flagged" doc:"only orders that a person should look at"`
	}
	view(g, "/api/v1/orders", "list-orders", "Orders, newest first",
		func(ctx context.Context, r projection.Reader, in *ordersInput) (reads.OrderList, error) {
			if in.Flagged && in.Status != "" {
				return reads.OrderList{}, edge.Invalid(edge.Fault{Field: "query.flagged", Rule: "cannot be combined with status"})
			}
			return b.Orders(ctx, r, orders.Filter{Text: in.Text, Status: in.Status, Flagged: in.Flagged, Connection: in.Connection, After: in.After, Limit: in.Limit})
		})
	type orderInput struct {
		ID string `path:"id" maxLength:"200"`
	}
	view(g, "/api/v1/orders/{id}", "get-order", "Everything about one order",
		func(ctx context.Context, r projection.Reader, in *orderInput) (reads.Order, error) {
			return b.Order(ctx, r, in.ID)
		})
	view(g, "/api/v1/connections", "list-connections", "Every connected shop and how it fares",
		func(ctx context.Context, r projection.Reader, _ *none) (reads.Connections, error) {
			return b.Connections(ctx, r)
		})
	view(g, "/api/v1/connections/{id}", "get-connection", "One connected shop and how it fares",
		func(ctx context.Context, r projection.Reader, in *orderInput) (reads.OneConnection, error) {
			return b.Connection(ctx, r, in.ID)
		})
	type flowsInput struct {
		Paged
		State string `query:"state" enum:"running,waiting,undoing,stuck,finished,undone"`
	}
	view(g, "/api/v1/flows", "list-flows", "Flows and where they stand",
		func(ctx context.Context, r projection.Reader, in *flowsInput) (reads.FlowList, error) {
			return b.Flows(ctx, r, in.State, in.After, in.Limit)
		})
	type signalsInput struct {
		Connection string    `query:"connection" maxLength:"40"`
		Media      string    `query:"media" maxLength:"64" doc:"the channel's id of a post"`
		From       time.Time `query:"from" doc:"default: an hour before to"`
		To         time.Time `query:"to" doc:"default: now"`
	}
	view(g, "/api/v1/signals", "list-signals", "Comments and mentions by post and minute",
		func(ctx context.Context, r projection.Reader, in *signalsInput) (signals.Signals, error) {
			return signals.Read(ctx, r, g.o.Clock(), signals.Query{Connection: in.Connection, Media: in.Media, From: in.From, To: in.To})
		})
	view(g, "/api/v1/signals/days", "list-signal-days", "Comments and mentions by day and the SKUs that they name",
		func(ctx context.Context, r projection.Reader, in *signals.DaysQuery) (signals.Days, error) {
			return signals.ReadDays(ctx, r, g.o.Clock(), g.o.Workspace, *in)
		})
	view(g, "/api/v1/deadletters", "list-deadletters", "What could not be taken in or carried out",
		func(ctx context.Context, r projection.Reader, in *Paged) (reads.DeadLetterList, error) {
			return b.DeadLetters(ctx, r, in.After, in.Limit)
		})
}

// rebuilding says that the views have not caught up since they were made, and how long it takes.
func (g *Gateway) rebuilding() *edge.Problem {
	if g.o.Status == nil {
		return nil
	}
	all := g.o.Status()
	if len(all) == 0 { // just started: there may be no tables yet
		return edge.Busy("The figures are being opened. They come by themselves in a moment.", 1)
	}
	for _, s := range all {
		if !s.Building || s.Head == 0 || s.Head-s.Position < serveBehind {
			continue
		}
		return edge.Busy(fmt.Sprintf("The figures are being rebuilt from the log: %d %% done. They come by themselves.", 100*s.Position/s.Head), 5)
	}
	return nil
}

// serveBehind is how far a view that is being built may lag behind and serve nevertheless, in
// events: a start after a short stop is not worth a closed door.
const serveBehind = 5000
