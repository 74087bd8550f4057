package gateway

import (
	"context"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	listingevents "github.com/creatorflow/creatorflow/domain/events/listings"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	workspaceevents "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/plans"
)

// registerCommands is the table of all commands.
func (g *Gateway) registerCommands() {
	w := g.o.Workspace
	command(g, "receive-stock", "Goods arrived", func(_ context.Context, b struct {
		SKU      string `json:"sku" minLength:"1" maxLength:"400"`
		Quantity int64  `json:"quantity" minimum:"1"`
		Reason   string `json:"reason" maxLength:"200" required:"false"`
	},
	) (eventlog.Request, error) {
		sku, err := skuOf(b.SKU)
		return plans.One(stockevents.Stream(w, sku), inventory.Receiving(), inventory.Receive{SKU: sku, Quantity: b.Quantity, Reason: b.Reason}), err
	})
	command(g, "adjust-stock", "A count or damage: change the stock by a difference", func(_ context.Context, b struct {
		SKU    string `json:"sku" minLength:"1" maxLength:"400"`
		Delta  int64  `json:"delta"`
		Reason string `json:"reason" minLength:"1" maxLength:"200"`
	},
	) (eventlog.Request, error) {
		sku, err := skuOf(b.SKU)
		return plans.One(stockevents.Stream(w, sku), inventory.Adjusting(), inventory.Adjust{SKU: sku, Delta: b.Delta, Reason: b.Reason}), err
	})
	command(g, "map-sku", "Say which SKU a listing's code means; waiting orders go on", func(_ context.Context, b struct {
		Connection string `json:"connection" minLength:"1" maxLength:"40"`
		Code       string `json:"code" minLength:"1" maxLength:"400"`
		SKU        string `json:"sku" minLength:"1" maxLength:"400"`
	},
	) (eventlog.Request, error) {
		sku, err := skuOf(b.SKU)
		c := catalogue.Map{Connection: b.Connection, Code: b.Code, SKU: sku}
		return plans.MapSKU(w, c), err
	})
	command(g, "push-quantities", "Write a shop's quantities from now on, or leave them alone", func(_ context.Context, b struct {
		Connection string `json:"connection" minLength:"1" maxLength:"40"`
		On         bool   `json:"on"`
	},
	) (eventlog.Request, error) {
		e := shopevents.Pushing{Connection: b.Connection, On: b.On}
		return plans.One(shopevents.Connection(w, b.Connection), shops.Switching(), e), nil
	})
	command(g, "set-listing-policy", "Say how the units of a SKU are listed", func(_ context.Context, b struct {
		SKU        string `json:"sku" maxLength:"400" required:"false" doc:"all SKUs that have no policy of their own when absent"`
		Connection string `json:"connection" maxLength:"40" required:"false" doc:"every connection when absent"`
		Policy     string `json:"policy" enum:"escrow,mirror,hybrid" doc:"escrow gives each shop units of its own and cannot oversell; mirror lists all units everywhere; hybrid mirrors while there are many"`
		Buffer     int    `json:"buffer" minimum:"0" maximum:"1000000" required:"false" doc:"units that a mirror does not list"`
	},
	) (eventlog.Request, error) {
		set := listingevents.PolicySet{Connection: b.Connection, Policy: b.Policy, Buffer: b.Buffer}
		if b.SKU != "" {
			var err error
			if set.SKU, err = skuOf(b.SKU); err != nil {
				return eventlog.Request{}, err
			}
		}
		return plans.SetPolicy(w, set), nil
	})
	command(g, "retry-step", "Try a flow's step again now, also when it waits for stock", func(_ context.Context, b struct {
		Flow string `json:"flow" minLength:"1" maxLength:"200"`
	},
	) (eventlog.Request, error) {
		return g.retry(b.Flow, "asked by hand")
	})
	type help struct {
		Flow   string `json:"flow" minLength:"1" maxLength:"200"`
		Step   string `json:"step" maxLength:"100" required:"false" doc:"where the flow stood when it was looked at; 409 when it has moved on"`
		Reason string `json:"reason" minLength:"1" maxLength:"200"`
	}
	command(g, "skip-step", "Go on without the step: it was done by other means. Label and telling the channel only", func(_ context.Context, b help) (eventlog.Request, error) {
		return g.helped(b.Flow, flow.By{Step: b.Step, Reason: b.Reason}, (*flow.Definition).Skipping)
	})
	command(g, "take-back", "Give the order up and take back what was done: what it has reserved is free again", func(_ context.Context, b help) (eventlog.Request, error) {
		r, err := g.helped(b.Flow, flow.By{Step: b.Step, Reason: b.Reason}, (*flow.Definition).TakingBack)
		return plans.WithLetter(r, w, fulfilment.TakingBack(b.Flow, b.Reason)), err
	})
	type letter struct {
		ID     string `json:"id" minLength:"1" maxLength:"200"`
		Reason string `json:"reason" maxLength:"200" required:"false"`
	}
	command(g, "replay-deadletter", "Try to take it in again", func(_ context.Context, b letter) (eventlog.Request, error) {
		if order, ok := strings.CutPrefix(b.ID, letters.FlowID("")); ok {
			return g.retry(order, b.Reason)
		}
		return plans.One(letterevents.Stream(w, b.ID), letters.Replaying(), letterevents.Replayed{Letter: b.ID, Reason: b.Reason}), nil
	})
	command(g, "replay-deadletters", "Try to take in again all that was opened in a time; it is worked off in the background", func(_ context.Context, b struct {
		From   time.Time `json:"from"`
		To     time.Time `json:"to" required:"false" doc:"now when absent, and at the latest"`
		Reason string    `json:"reason" maxLength:"200" required:"false"`
	},
	) (eventlog.Request, error) {
		now := g.o.Clock()
		if b.To.IsZero() || b.To.After(now) { // what fails again is opened later, and not tried for ever
			b.To = now
		}
		return plans.One(letterevents.Replays(w), letters.ReplayingAll(), letterevents.ReplayBegun{
			From: b.From.UTC().Truncate(time.Microsecond), To: b.To.UTC().Truncate(time.Microsecond), Reason: b.Reason,
		}), nil
	})
	command(g, "discard-deadletter", "Let it go", func(_ context.Context, b letter) (eventlog.Request, error) {
		if strings.HasPrefix(b.ID, letters.FlowID("")) {
			return eventlog.Request{}, eventlog.Refusal("An order's flow cannot be discarded: retry it, or cancel the order at its channel.")
		}
		return plans.One(letterevents.Stream(w, b.ID), letters.Discarding(), letterevents.Discarded{Letter: b.ID, Reason: b.Reason}), nil
	})
	command(g, "put-back", "The parcel of an order that was cancelled late was not collected: put its units back", func(ctx context.Context, b letter) (eventlog.Request, error) {
		order, ok := strings.CutPrefix(b.ID, fulfilment.ReturnID(""))
		switch {
		case g.o.Fulfilment == nil:
			return eventlog.Request{}, edge.Busy("Flows are not running at the moment.", 5)
		case !ok || order == "":
			return eventlog.Request{}, edge.Invalid(edge.Fault{Field: "id", Rule: "must name the order after " + fulfilment.ReturnID("")})
		}
		return plans.PutBack(ctx, g.o.Log, g.o.Fulfilment, order, b.Reason)
	})
	g.registerAftersales()
	command(g, "configure-workspace", "Say what the business is called, in which zone its day begins and what it counts in", func(_ context.Context, b struct {
		Name     *string             `json:"name,omitempty" maxLength:"400"`
		Zone     *string             `json:"zone,omitempty" maxLength:"100" doc:"an IANA name such as Europe/London"`
		Currency *string             `json:"currency,omitempty" maxLength:"100" doc:"an ISO 4217 code such as GBP"`
		Versions *workspace.Versions `json:"versions,omitempty" doc:"those of the workspace that was read; a named field that was set since answers 412"`
	},
	) (eventlog.Request, error) {
		c := workspace.Configure{Name: b.Name, Zone: b.Zone, Currency: b.Currency, Seen: b.Versions}
		return plans.One(workspaceevents.Stream(w), workspace.Configuring(), c), nil
	})
}

// helped is what a person asks of an order's flow.
func (g *Gateway) helped(id string, by flow.By, rule func(*flow.Definition, string) eventlog.Decider[flow.Status, flow.By]) (eventlog.Request, error) {
	d := g.o.Fulfilment
	if d == nil {
		return eventlog.Request{}, edge.Busy("Flows are not running at the moment.", 5)
	}
	by.Now = g.o.Clock().UTC().Truncate(time.Microsecond)
	return plans.One(d.Stream(id), rule(d, id), by), nil
}

func (g *Gateway) retry(id, reason string) (eventlog.Request, error) {
	d := g.o.Fulfilment
	if _, answers := aftersales.OrderOf(id); answers {
		d = g.o.Answers
	}
	if d == nil {
		return eventlog.Request{}, edge.Busy("Flows are not running at the moment.", 5)
	}
	if id == "" {
		return eventlog.Request{}, edge.Invalid(edge.Fault{Field: "id", Rule: "must name the flow after " + letters.FlowID("")})
	}
	return plans.One(d.Stream(id), d.Retrying(id), reason), nil
}
