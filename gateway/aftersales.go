package gateway

import (
	"context"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/plans"
)

// registerAftersales registers the commands about cancellations and returns. They are accepted here and carried to the channel
// by a flow; what became of them stands on the order.
func (g *Gateway) registerAftersales() {
	answer := func(a aftersales.Answer) (eventlog.Request, error) { return plans.Answer(g.o.Workspace, a), nil }
	command(g, "cancel-order", "Cancel a whole order in the seller's name; the channel is asked in the background", func(_ context.Context, b struct {
		Order  string `json:"order" minLength:"1" maxLength:"200"`
		Reason string `json:"reason" enum:"out_of_stock,wrong_price,undeliverable,buyer_asked"`
	},
	) (eventlog.Request, error) {
		return answer(aftersales.Answer{Order: b.Order, Action: orders.ActionCancel, Reason: b.Reason})
	})
	type yes struct {
		Order string `json:"order" minLength:"1" maxLength:"200"`
		Claim string `json:"claim" minLength:"1" maxLength:"100" doc:"the channel's id of the cancellation or return"`
	}
	type no struct {
		Order  string `json:"order" minLength:"1" maxLength:"200"`
		Claim  string `json:"claim" minLength:"1" maxLength:"100" doc:"the channel's id of the cancellation or return"`
		Reason string `json:"reason" enum:"packed,not_eligible,agreed_otherwise,not_as_sent"`
	}
	for _, kind := range []string{orders.Cancellation, orders.Return} {
		command(g, "approve-"+kind, "Say yes to a "+kind+" that a buyer asks for", func(_ context.Context, b yes) (eventlog.Request, error) {
			return answer(aftersales.Answer{Order: b.Order, Action: orders.ActionApprove, Kind: kind, Claim: b.Claim})
		})
		command(g, "reject-"+kind, "Say no to a "+kind+" that a buyer asks for", func(_ context.Context, b no) (eventlog.Request, error) {
			return answer(aftersales.Answer{Order: b.Order, Action: orders.ActionReject, Kind: kind, Claim: b.Claim, Reason: b.Reason})
		})
	}
	command(g, "receive-return", "Goods of a return came back: sellable ones are on hand again, and a return that waits for that is approved",
		func(ctx context.Context, b plans.ReceiveReturn) (eventlog.Request, error) {
			return b.Plan(ctx, g.o.Log, g.o.Workspace)
		})
}
