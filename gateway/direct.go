package gateway

import (
	"context"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/direct"
)

// registerDirect registers what a seller sells outside the channels.
func (g *Gateway) registerDirect() {
	w := g.o.Workspace
	command(g, "place-order", "Enter an order that no channel sold: its stock is taken with it, or nothing is entered",
		func(ctx context.Context, b direct.PlaceOrder) (eventlog.Request, error) {
			return b.Plan(ctx, g.o.Log, w, g.o.Clock(), g.o.KeepBuyer, g.o.Connect)
		})
	command(g, "pay-order", "Say by what else an order that was entered here is paid",
		func(_ context.Context, b direct.PayOrder) (eventlog.Request, error) { return b.Plan(w), nil })
	command(g, "send-payment-link", "Have a link made by which the buyer pays an order that was entered here; it ends any before it", func(_ context.Context, b direct.SendLink) (eventlog.Request, error) {
		return b.Plan(w, g.o.Clock()), nil
	})
}
