package ingest

import (
	"context"
	"fmt"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/ingest/lanes"
	"github.com/creatorflow/creatorflow/vault"
)

// signals takes in a webhook that tells of signals, of one shop or of many. What else is in it is noted: nothing is lost
// with the words, which the inbox keeps.
func (i *Ingest) signals(item vault.Item, hints []channels.Hint) lanes.Act {
	return func(ctx context.Context, j *lanes.Job) (vault.Mark, error) {
		byShop := map[string][]channels.Hint{}
		var order, missing []string
		taken := 0
		for _, h := range hints {
			if h.Unknown {
				if err := i.take.Once(ctx, intake.UnknownType(item.App, j, h.Type)); err != nil {
					return vault.Mark{}, err
				}
			}
			if h.Kind != channels.KindSignal {
				continue
			}
			if h.Updated.IsZero() {
				h.Updated = item.Received
			}
			if byShop[h.Shop] == nil {
				order = append(order, h.Shop)
			}
			byShop[h.Shop] = append(byShop[h.Shop], h)
		}
		for _, shop := range order {
			id, connected := i.o.Connect.ByShop(item.Channel, item.App, shop)
			if !connected {
				missing = append(missing, shop)
				if err := i.take.Once(ctx, intake.UnknownShop(item.App, j, channels.Short(shop, 64))); err != nil {
					return vault.Mark{}, err
				}
				continue
			}
			c := channels.Connection{ID: id, App: item.App, Channel: item.Channel, ShopID: shop}
			if err := i.take.ObserveSignals(ctx, c, byShop[shop], fmt.Sprintf("inbox:%d", item.Number)); err != nil {
				return vault.Mark{}, err
			}
			taken += len(byShop[shop])
		}
		if len(missing) > 0 { // taken up again once they are connected; what was taken in yields nothing then
			return noted(j, vault.Unknown, fmt.Sprintf("The shop %q is not connected. Connect it, and its part of this webhook is taken in.", channels.Short(missing[0], 64))), nil
		}
		return noted(j, vault.Done, fmt.Sprintf("Signals taken in: %d.", taken)), nil
	}
}
