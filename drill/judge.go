package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/vault"
)

// judge opens what the last hub left and holds it against what was acknowledged.
func (c *Campaign) judge(ctx context.Context, r *Report) (err error) {
	h, err := hub.Open(ctx, c.hub())
	if err != nil {
		return fmt.Errorf("open what the hub left: %w", err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	kept, err := engine.Read(ctx, c.data, c.o.DB, quiet)
	if err != nil {
		return fmt.Errorf("read what the hub left: %w", err)
	}
	defer func() { err = errors.Join(err, kept.Close()) }()

	if _, broken := verify.Log(ctx, kept.Log, 0); errors.Is(broken, eventlog.ErrCorrupt) {
		r.Broke("the log is not whole: %v", broken)
	} else if broken != nil {
		return broken
	}
	if broken := kept.Check(ctx); errors.Is(broken, eventlog.ErrCorrupt) {
		r.Broke("the files below the log are not whole: %v", broken)
	} else if broken != nil {
		return broken
	}
	same, err := projection.Verify(ctx, h.Log, h.Views, hub.Projections(), projection.Options{})
	if err != nil {
		return fmt.Errorf("compare the views with a rebuild: %w", err)
	}
	if !same.Equal {
		r.Broke("the views differ from a rebuild in %v", same.Differ)
	}
	if behind := c.book.behind; len(behind) > 0 {
		r.Broke("after %d starts the log ended before an acknowledged position (%s)", len(behind), strings.Join(behind[:min(len(behind), enough)], ", "))
	}
	if err := c.judgeWebhooks(ctx, r, h.Vault); err != nil {
		return err
	}
	if err := c.judgeCommands(ctx, r, h.Log); err != nil {
		return err
	}
	shipped, err := c.judgeShop(r)
	if err != nil {
		return err
	}
	return c.judgeViews(ctx, r, h, shipped)
}

func (c *Campaign) judgeWebhooks(ctx context.Context, r *Report, v *vault.Vault) error {
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
	for id := range c.gate.acked {
		if !kept[id] {
			lost++
		}
	}
	r.Acked += len(c.gate.acked)
	r.Lost += lost
	if lost > 0 {
		r.Broke("%d of %d acknowledged webhooks are lost", lost, len(c.gate.acked))
	}
	return nil
}

// judgeCommands looks for every acknowledged command among the causes of events.
func (c *Campaign) judgeCommands(ctx context.Context, r *Report, log *eventlog.Log) error {
	kept := map[string]bool{}
	for after := eventlog.Position(0); ; {
		records, err := log.ReadAll(ctx, after, 1000)
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if len(records) == 0 {
			break
		}
		for _, record := range records {
			if id, ok := strings.CutPrefix(record.Cause, "command:"); ok {
				kept[id] = true
			}
		}
		after = records[len(records)-1].Position
	}
	lost := 0
	for _, id := range c.book.acked {
		if !kept[id.String()] {
			lost++
		}
	}
	r.Acked += len(c.book.acked)
	r.Lost += lost
	if lost > 0 {
		r.Broke("%d of %d acknowledged commands are lost", lost, len(c.book.acked))
	}
	return nil
}

// enough sentences about one kind of thing are printed.
const enough = 5

// atShop is what the simulated shop has seen, not what our own tables say.
type atShop struct {
	units map[string]int // shipped, by listing
	open  int            // orders neither cancelled nor shipped
}

func (c *Campaign) judgeShop(r *Report) (atShop, error) {
	if twice := c.sim.Counts().Twice(); len(twice) > 0 {
		r.Twice = len(twice)
		r.Broke("done twice at the shop: %v", twice[:min(len(twice), enough)])
	}
	units, open, err := c.sim.Shipped(shop)
	if err != nil {
		return atShop{}, fmt.Errorf("ask the shop what was shipped: %w", err)
	}
	return atShop{units: units, open: len(open)}, nil
}

func (c *Campaign) judgeViews(ctx context.Context, r *Report, h *hub.Hub, at atShop) error {
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
		if counts["all"] != len(c.placed) {
			r.Broke("%d orders were placed, %d are known", len(c.placed), counts["all"])
		}
		if counts["active"] != short {
			r.Broke("%d orders have not come to an end", counts["active"]-short)
		}
		if at.open != short {
			r.Lost += max(0, at.open-short)
			r.Broke("at the shop %d orders are neither shipped nor cancelled, %d wait for stock", at.open, short)
		}
		var stock Report
		for i := range skus {
			item, ok, err := inventory.Find(ctx, reader, sku(i), time.Now())
			if err != nil {
				return err
			}
			if !ok {
				stock.Broke("%s was received and is not known", sku(i))
				continue
			}
			c.judgeStock(&stock, item, at.units[listing(i)])
		}
		if more := len(stock.Broken) - enough; more > 0 {
			stock.Broken = append(stock.Broken[:enough], fmt.Sprintf("%d more sentences like this", more))
		}
		r.Oversold += stock.Oversold
		r.Broken = append(r.Broken, stock.Broken...)
		return nil
	})
}

// judgeStock holds a SKU's row against the commands that were answered and the parcels that left.
func (c *Campaign) judgeStock(r *Report, item inventory.Item, shipped int) {
	if item.Available < 0 {
		r.Oversold++
		r.Broke("%s is oversold by %d", item.SKU, -item.Available)
	}
	// The last command may have been cut off between its effect and its answer.
	if want, open := c.book.units[item.SKU], c.book.open[item.SKU]; item.Received != want && item.Received != want+open {
		r.Broke("%d units of %s were received by answered commands, the ledger says %d", want, item.SKU, item.Received)
	}
	if item.Shipped != int64(shipped) {
		r.Broke("%d units of %s were shipped at the shop, the ledger says %d", shipped, item.SKU, item.Shipped)
	}
	if item.OnHand != item.Received-item.Shipped {
		r.Broke("%d units of %s are on hand, %d were received and %d shipped", item.OnHand, item.SKU, item.Received, item.Shipped)
	}
}
