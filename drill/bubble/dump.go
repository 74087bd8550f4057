package bubble

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/vault"
)

// Dump is the final state in a canonical form: the orders with their lines, money, state, address and
// the outcome of their flows, the stock of each SKU, and what the shop has seen done. What differs
// between two runs of the same orders without meaning anything is not in it: positions, versions,
// times, our own ids, the ids that the shop gives to packages, and superseded news.
func (w *World) Dump(ctx context.Context) ([]string, error) {
	s, err := w.state(ctx)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, id := range slices.Sorted(maps.Keys(s.orders)) {
		row, f := s.orders[id], s.flows[id]
		address, err := w.recipient(ctx, row)
		if err != nil {
			return nil, err
		}
		items := make([]string, len(row.Lines))
		for i, l := range row.Lines {
			items[i] = fmt.Sprintf("%d×%s at %s", l.Quantity, l.Code, l.Price)
		}
		lines = append(lines,
			fmt.Sprintf("order %s: %s (%s), %s, total %s, %d packages, to %s", id, row.Status, row.Vendor,
				strings.Join(items, ", "), row.Money(), len(row.Packages), address),
			fmt.Sprintf("flow %s: %s %s", id, f.Phase, f.Code))
	}
	for _, name := range slices.Sorted(maps.Keys(s.stock)) {
		k := s.stock[name]
		lines = append(lines, fmt.Sprintf("stock %s: %d received, %d shipped, %d adjusted, %d returned, %d on hand, %d reserved, %d available, %d orders wait",
			name, k.Received, k.Shipped, k.Adjusted, k.Returned, k.OnHand, k.Reserved, k.Available, k.Waiting))
	}
	for _, id := range slices.Sorted(maps.Keys(s.at)) {
		at := s.at[id]
		var ships, labels int
		for _, p := range at.Packages {
			ships, labels = ships+s.counts.Ships[p.ID], labels+s.counts.Labels[p.ID]
		}
		lines = append(lines, fmt.Sprintf("shop %s: %s, %d packages, shipped %d times, %d labels", id, at.Status, len(at.Packages), ships, labels))
	}
	for _, k := range w.o.SKUs {
		stock, err := w.Sim.Stock(Shop, k.Listing)
		if err != nil {
			return nil, fmt.Errorf("ask the shop for the stock of %s: %w", k.Name, err)
		}
		lines = append(lines, fmt.Sprintf("shop %s: %d listed, %d committed", k.Name, stock.Listed, stock.Committed))
	}
	return lines, nil
}

// recipient is where the vault says that an order goes.
func (w *World) recipient(ctx context.Context, row orders.Row) (string, error) {
	if row.Buyer == "" {
		return "nobody", nil
	}
	text, err := w.Hub().Vault.Person(ctx, row.Buyer)
	if errors.Is(err, vault.ErrNotFound) {
		return "nobody", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the buyer of order %s: %w", row.ChannelID, err)
	}
	var kept map[string]struct {
		Recipient channels.Recipient `json:"recipient"`
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return "", fmt.Errorf("read the addresses of the buyer of order %s: %w", row.ChannelID, err)
	}
	return fmt.Sprintf("%q", kept[row.ChannelID].Recipient), nil
}

// Differ names the first lines in which two dumps differ, each with the run that has it; nil when they are the same.
func Differ(one, other []string, most int) (lines []string) {
	for _, side := range []struct {
		sign        string
		here, there []string
	}{{"-", one, other}, {"+", other, one}} {
		there := map[string]bool{}
		for _, line := range side.there {
			there[line] = true
		}
		for _, line := range side.here {
			if !there[line] && len(lines) < most {
				lines = append(lines, side.sign+" "+line)
			}
		}
	}
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(a[2:], b[2:]) })
	return lines
}
