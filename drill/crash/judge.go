package crash

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/sqlite"
	"github.com/creatorflow/creatorflow/vault"
)

var quiet = slog.New(slog.DiscardHandler)

// judge opens what the last hub left and holds it against what was acknowledged.
func (d *drill) judge(ctx context.Context, r *Report) (err error) {
	h, err := hub.Open(ctx, hub.Options{Data: d.data, Clock: time.Now, Log: quiet})
	if err != nil {
		return fmt.Errorf("open what the hub left: %w", err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	store, err := sqlite.ReadLog(ctx, d.data)
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	if _, broken := verify.Log(ctx, store, 0); errors.Is(broken, eventlog.ErrCorrupt) {
		r.broke("the log is not whole: %v", broken)
	} else if broken != nil {
		return broken
	}
	same, err := projection.Verify(ctx, h.Log, h.Views, hub.Projections(), projection.Options{})
	if err != nil {
		return fmt.Errorf("compare the views with a rebuild: %w", err)
	}
	if !same.Equal {
		r.broke("the views differ from a rebuild in %v", same.Differ)
	}
	if err := d.judgeWebhooks(ctx, r, h.Vault); err != nil {
		return err
	}
	if err := d.judgeCommands(ctx, r, store); err != nil {
		return err
	}
	shipped, err := d.judgeShop(r)
	if err != nil {
		return err
	}
	return d.judgeViews(ctx, r, h, shipped)
}

func (r *Report) broke(format string, args ...any) {
	r.Broken = append(r.Broken, fmt.Sprintf(format, args...))
}

func (d *drill) judgeWebhooks(ctx context.Context, r *Report, v *vault.Vault) error {
	kept := map[string]bool{}
	for after := int64(0); ; {
		items, err := v.Listed(ctx, nil, after, 1000)
		if err != nil {
			return fmt.Errorf("read the inbox: %w", err)
		}
		if len(items) == 0 {
			break
		}
		for _, item := range items {
			kept[item.Delivery] = true
			after = item.Number
		}
	}
	lost := 0
	for id := range d.gate.acked {
		if !kept[id] {
			lost++
		}
	}
	r.Acked += len(d.gate.acked)
	r.Lost += lost
	if lost > 0 {
		r.broke("%d of %d acknowledged webhooks are lost", lost, len(d.gate.acked))
	}
	return nil
}

func (d *drill) judgeCommands(ctx context.Context, r *Report, store *sqlite.Log) error {
	lost := 0
	for _, id := range d.book.acked {
		_, found, err := store.FindKey(ctx, "key:"+prefix(d.token), id)
		if err != nil {
			return fmt.Errorf("look a command key up: %w", err)
		}
		if !found {
			lost++
		}
	}
	r.Acked += len(d.book.acked)
	r.Lost += lost
	if lost > 0 {
		r.broke("%d of %d acknowledged commands are lost", lost, len(d.book.acked))
	}
	return nil
}

// atShop is what the simulated shop has seen, not what our own tables say.
type atShop struct {
	units map[string]int // shipped, by listing
	open  int            // orders neither cancelled nor shipped
}

func (d *drill) judgeShop(r *Report) (atShop, error) {
	if twice := d.sim.Counts().Twice(); len(twice) > 0 {
		r.Twice = len(twice)
		r.broke("done twice at the shop: %v", twice[:min(len(twice), 5)])
	}
	units, open, err := d.sim.Shipped(shop)
	if err != nil {
		return atShop{}, fmt.Errorf("ask the shop what was shipped: %w", err)
	}
	return atShop{units: units, open: len(open)}, nil
}

func (d *drill) judgeViews(ctx context.Context, r *Report, h *hub.Hub, at atShop) error {
	return h.Views.Read(ctx, func(reader projection.Reader) error {
		counts := map[string]int{}
		for _, of := range []string{"all", "active", "waiting:no_stock"} {
			n, err := orders.Count(ctx, reader, of)
			if err != nil {
				return err
			}
			counts[of] = int(n)
		}
		short := counts["waiting:no_stock"]
		if counts["all"] != len(d.placed) {
			r.broke("%d orders were placed, %d are known", len(d.placed), counts["all"])
		}
		if counts["active"] != short {
			r.broke("%d orders have not come to an end", counts["active"]-short)
		}
		if at.open != short {
			r.Lost += max(0, at.open-short)
			r.broke("at the shop %d orders are neither shipped nor cancelled, %d wait for stock", at.open, short)
		}
		for i := range skus {
			item, ok, err := inventory.Find(ctx, reader, sku(i), time.Now())
			if err != nil {
				return err
			}
			if !ok {
				r.broke("%s was received and is not known", sku(i))
				continue
			}
			d.judgeStock(r, item, at.units[listing(i)])
		}
		return nil
	})
}

// judgeStock holds a SKU's row against the commands that were answered and the parcels that left.
func (d *drill) judgeStock(r *Report, item inventory.Item, shipped int) {
	if item.Available < 0 {
		r.Oversold++
		r.broke("%s is oversold by %d", item.SKU, -item.Available)
	}
	// The last command may have been cut off between its effect and its answer.
	if want, open := d.book.units[item.SKU], d.book.open[item.SKU]; item.Received != want && item.Received != want+open {
		r.broke("%d units of %s were received by answered commands, the ledger says %d", want, item.SKU, item.Received)
	}
	if item.Shipped != int64(shipped) {
		r.broke("%d units of %s were shipped at the shop, the ledger says %d", shipped, item.SKU, item.Shipped)
	}
	if item.OnHand != item.Received-item.Shipped {
		r.broke("%d units of %s are on hand, %d were received and %d shipped", item.OnHand, item.SKU, item.Received, item.Shipped)
	}
}

// prefix is the part of an API key that names it.
func prefix(token string) string { return token[:min(len(token), 11)] }
