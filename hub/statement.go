package hub

import (
	"context"

	"github.com/creatorflow/creatorflow/dispatch/statement"
	"github.com/creatorflow/creatorflow/domain/workspace"
)

// Payments holds the money of the last days' orders that were entered here against what the payment partner shows.
func (a *Admin) Payments(ctx context.Context, days int) ([]statement.Account, error) {
	return ask[[]statement.Account](ctx, a, "payments", days)
}

func (h *Hub) comparePayments(ctx context.Context, days int) ([]statement.Account, error) {
	return statement.Compare(ctx, statement.Options{Log: h.Log, Views: h.Views, Shops: h.Shops, Workspace: workspace.Main, Clock: h.o.Clock}, days)
}
