package ingest

import (
	"context"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
)

// KeepBuyer keeps in the vault who buys an order that is entered here, and tells the references to that.
func (i *Ingest) KeepBuyer(ctx context.Context, connection string, o channels.Order) (person string, goes events.Destination, err error) {
	return i.take.KeepBuyer(ctx, connection, o)
}
