package gateway

import (
	"context"

	"github.com/creatorflow/creatorflow/gateway/backorders"
	"github.com/creatorflow/creatorflow/projection"
)

// registerBackorders registers what is done with orders that there is not enough stock for.
func (g *Gateway) registerBackorders() {
	b := backorders.Commands{Log: g.o.Log, Workspace: g.o.Workspace, Flow: g.o.Fulfilment, Clock: g.o.Clock}
	view(g, "/api/v1/shortage", "get-shortage", "What is done with an order that there is not enough stock for",
		func(ctx context.Context, _ projection.Reader, _ *struct{}) (backorders.Shortage, error) {
			return b.Settings(ctx)
		})
	command(g, "set-shortage-path", "Say what is done with an order that there is not enough stock for", b.Set)
	command(g, "backorder-first", "Move an order before all others that wait in turn for its stock", b.First)
	command(g, "leave-backorders", "Have an order wait in turn for stock no more; it is held until a person retries it", b.TakeOut)
}
