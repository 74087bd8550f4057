package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/audit"
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
func (p history) judge(ctx context.Context, o hub.Options, r *Report) (err error) {
	h, err := hub.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("open what the hub left: %w", err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	kept, err := engine.Read(ctx, o.Data, o.DB, quiet)
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
	books, err := audit.Log(ctx, h.Log, h.Views, kept.MissingLabels)
	if err != nil {
		return err
	}
	if !books.Compared {
		r.Broke("the books could not be held against the views: orders and stock stand at different positions")
	}
	for _, finding := range books.Findings[:min(len(books.Findings), enough)] {
		r.Broke("the books do not balance: %s", finding)
	}
	if len(p.Behind) > 0 {
		r.Broke("after %d starts the log ended before an acknowledged position (%s)", len(p.Behind), strings.Join(p.Behind[:min(len(p.Behind), enough)], ", "))
	}
	if err := p.judgeWebhooks(ctx, r, h.Vault); err != nil {
		return err
	}
	if err := p.judgeCommands(ctx, r, h.Log); err != nil {
		return err
	}
	if len(p.Twice) > 0 {
		r.Twice = len(p.Twice)
		r.Broke("done twice at the shop: %v", p.Twice[:min(len(p.Twice), enough)])
	}
	return p.judgeViews(ctx, r, h)
}

func (p history) judgeWebhooks(ctx context.Context, r *Report, v *vault.Vault) error {
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
	for _, id := range p.Webhooks {
		if !kept[id] {
			lost++
		}
	}
	r.Acked += len(p.Webhooks)
	r.Lost += lost
	if lost > 0 {
		r.Broke("%d of %d acknowledged webhooks are lost", lost, len(p.Webhooks))
	}
	return nil
}

// judgeCommands looks for every acknowledged command among the causes of events.
func (p history) judgeCommands(ctx context.Context, r *Report, log *eventlog.Log) error {
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
	for _, id := range p.Commands {
		if !kept[id.String()] {
			lost++
		}
	}
	r.Acked += len(p.Commands)
	r.Lost += lost
	if lost > 0 {
		r.Broke("%d of %d acknowledged commands are lost", lost, len(p.Commands))
	}
	return nil
}

// enough sentences about one kind of thing are printed.
const enough = 5

func (p history) judgeViews(ctx context.Context, r *Report, h *hub.Hub) error {
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
		if want := p.Orders + p.Unpaid; counts["all"] != want {
			r.Broke("%d orders were placed, %d are known", want, counts["all"])
		}
		if open := counts["active"] - p.Unpaid; open != short {
			r.Broke("%d orders have not come to an end", open-short)
		}
		if p.Waiting != short {
			r.Lost += max(0, p.Waiting-short)
			r.Broke("at the shop %d orders are neither shipped nor cancelled, %d wait for stock", p.Waiting, short)
		}
		var stock Report
		sold := 0
		for i := range skus {
			sold += p.Shipped[listing(i)]
			item, ok, err := inventory.Find(ctx, reader, sku(i), time.Now())
			if err != nil {
				return err
			}
			if !ok {
				stock.Broke("%s was received and is not known", sku(i))
				continue
			}
			p.judgeStock(&stock, item, p.Shipped[listing(i)])
		}
		if sold == 0 && p.Orders > 0 {
			r.Broke("%d orders were placed and nothing was shipped", p.Orders)
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
func (p history) judgeStock(r *Report, item inventory.Item, shipped int) {
	if item.Available < 0 {
		r.Oversold++
		r.Broke("%s is oversold by %d", item.SKU, -item.Available)
	}
	// The last command may have been cut off between its effect and its answer.
	if want, open := p.Units[item.SKU], p.Open[item.SKU]; item.Received != want && item.Received != want+open {
		r.Broke("%d units of %s were received by answered commands, the ledger says %d", want, item.SKU, item.Received)
	}
	if item.Shipped != int64(shipped) {
		r.Broke("%d units of %s were shipped at the shop, the ledger says %d", shipped, item.SKU, item.Shipped)
	}
	if item.Reserved != 0 {
		r.Broke("%d units of %s are still reserved, although every order has ended or waits for stock", item.Reserved, item.SKU)
	}
	if item.OnHand != item.Received-item.Shipped {
		r.Broke("%d units of %s are on hand, %d were received and %d shipped", item.OnHand, item.SKU, item.Received, item.Shipped)
	}
}
