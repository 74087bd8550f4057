package gateway

import (
	"context"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/notes"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/shipping"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/plans"
)

// registerCommands is the table of all commands.
func (g *Gateway) registerCommands() {
	w := g.o.Workspace
	command(g, "receive-stock", "Goods arrived", func(_ context.Context, b plans.ReceiveStock) (eventlog.Request, error) { return b.Plan(w) })
	command(g, "adjust-stock", "A count or damage: change the stock by a difference", func(_ context.Context, b plans.AdjustStock) (eventlog.Request, error) { return b.Plan(w) })
	command(g, "count-stock", "Book what a count found, against what the ledger said when it began", func(_ context.Context, b plans.CountStock) (eventlog.Request, error) {
		return b.Plan(w, plans.SKUText(b.SKU))
	})
	command(g, "transfer-stock", "Move units from one location to another", func(_ context.Context, b plans.TransferStock) (eventlog.Request, error) { return b.Plan(w) })
	command(g, "set-location", "Make a location, or say what one is called and whether orders ship from it", func(_ context.Context, b plans.SetLocation) (eventlog.Request, error) {
		return b.Plan(w), nil
	})
	command(g, "order-locations", "Say which locations are asked first for an order's units", func(_ context.Context, b plans.OrderLocations) (eventlog.Request, error) {
		return b.Plan(w), nil
	})
	command(g, "close-location", "End a location; what lies there goes to another one", func(ctx context.Context, b plans.CloseLocation) (eventlog.Request, error) {
		return b.Plan(ctx, g.o.Views, w)
	})
	command(g, "choose-location", "Say from which location an order is sent", func(ctx context.Context, b plans.ChooseLocation) (eventlog.Request, error) {
		return b.Plan(ctx, g.o.Log, w)
	})
	command(g, "define-bundle", "Say which SKUs a bundle is made of; it has no stock of its own", func(ctx context.Context, b plans.DefineBundle) (eventlog.Request, error) {
		return b.Plan(ctx, g.o.Log, w)
	})
	command(g, "dissolve-bundle", "Make a bundle a SKU like any other; orders keep what they have of its components", func(ctx context.Context, b plans.DissolveBundle) (eventlog.Request, error) {
		return b.Plan(ctx, g.o.Log, w)
	})
	command(g, "repair-listing", "Look at once at what a shop lists, and write what differs", func(_ context.Context, b plans.RepairListing) (eventlog.Request, error) {
		return b.Plan(w, plans.SKUText(b.SKU))
	})
	command(g, "map-sku", "Say which SKU a listing's code means; waiting orders go on", func(_ context.Context, b struct {
		Connection string `json:"connection" minLength:"1" maxLength:"40"`
		Code       string `json:"code" minLength:"1" maxLength:"400"`
		SKU        string `json:"sku" minLength:"1" maxLength:"400"`
	},
	) (eventlog.Request, error) {
		sku, err := plans.SKU(b.SKU)
		c := catalogue.Map{Connection: b.Connection, Code: b.Code, SKU: sku}
		return plans.MapSKU(w, c), err
	})
	command(g, "push-quantities", "Write a shop's quantities from now on, or leave them alone", func(_ context.Context, b struct {
		Connection string `json:"connection" minLength:"1" maxLength:"40"`
		On         bool   `json:"on"`
	},
	) (eventlog.Request, error) {
		return plans.PushQuantities(w, shopevents.Pushing{Connection: b.Connection, On: b.On}), nil
	})
	command(g, "set-listing-policy", "Say how the units of a SKU are listed", func(_ context.Context, b plans.SetListingPolicy) (eventlog.Request, error) { return b.Plan(w) })
	command(g, "set-outage", "Say which outage of the hub hybrid listings must survive", func(_ context.Context, b plans.SetOutage) (eventlog.Request, error) { return b.Plan(w) })
	command(g, "count-visits", "Say how many visits a shop had in an hour, for the conversion rate", func(_ context.Context, b plans.CountVisits) (eventlog.Request, error) {
		return b.Plan(w, g.o.Clock()), nil
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
		return g.helped(b.Flow, flow.By{Step: b.Step, Reason: b.Reason}, (*flow.Definition).Skipping, fulfilment.MaySkip)
	})
	command(g, "take-back", "Give the order up and take back what was done: what it has reserved is free again", func(_ context.Context, b help) (eventlog.Request, error) {
		r, err := g.helped(b.Flow, flow.By{Step: b.Step, Reason: b.Reason}, (*flow.Definition).TakingBack, plans.WithoutParcels)
		return plans.WithLetter(r, w, notes.TakingBack(b.Flow, b.Reason)), err
	})
	type letter struct {
		ID     string `json:"id" minLength:"1" maxLength:"200"`
		Reason string `json:"reason" maxLength:"200" required:"false"`
	}
	command(g, "replay-deadletter", "Try to take it in again", func(_ context.Context, b letter) (eventlog.Request, error) {
		if order, ok := strings.CutPrefix(b.ID, letters.FlowID("")); ok {
			return g.retry(order, b.Reason)
		}
		return plans.Replay(w, b.ID, b.Reason), nil
	})
	command(g, "replay-deadletters", "Try to take in again all that was opened in a time; it is worked off in the background", func(_ context.Context, b struct {
		From   time.Time `json:"from"`
		To     time.Time `json:"to" required:"false" doc:"now when absent, and at the latest"`
		Reason string    `json:"reason" maxLength:"200" required:"false"`
	},
	) (eventlog.Request, error) {
		return plans.ReplayAll(w, b.From, b.To, g.o.Clock(), b.Reason), nil
	})
	command(g, "correct-deadletter", "Take in a corrected copy of a webhook; what was received stays as it came", g.o.Corrected.Plan)
	command(g, "discard-deadletter", "Let it go", func(_ context.Context, b letter) (eventlog.Request, error) {
		return plans.Discard(w, b.ID, b.Reason)
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
	command(g, "back-fill", "Read every order that was placed at a shop from one day to another; it is worked off in the background", g.o.History.Plan)
	command(g, "stop-back-fill", "Read no more of a shop's older orders; what was read stays", g.o.History.Stop)
	g.registerAftersales()
	g.registerShipping()
	g.registerReview()
	g.registerDirect()
	g.registerBackorders()
	command(g, "configure-workspace", "Say what the business is called, in which zone its day begins and what it counts in",
		func(_ context.Context, b plans.ConfigureWorkspace) (eventlog.Request, error) { return b.Plan(w), nil })
}

// helped is what a person asks of an order's flow, where the order allows it.
func (g *Gateway) helped(id string, by flow.By, rule func(*flow.Definition, string) eventlog.Decider[flow.Status, flow.By], may plans.Rule) (eventlog.Request, error) {
	d := g.o.Fulfilment
	if d == nil {
		return eventlog.Request{}, edge.Busy("Flows are not running at the moment.", 5)
	}
	by.Now = g.o.Clock().UTC().Truncate(time.Microsecond)
	return plans.Allowed(plans.One(d.Stream(id), rule(d, id), by), d.Workspace, id, may), nil
}

func (g *Gateway) retry(id, reason string) (eventlog.Request, error) {
	d := g.o.Fulfilment
	if _, parcels := shipping.OrderOf(id); parcels {
		d = g.o.Shipping
	} else if _, answers := aftersales.OrderOf(id); answers {
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
