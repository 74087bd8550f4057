package month

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/drill/market"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/claims"
)

// sell is a buyer in one of the shops, who takes those lines that are for sale.
func (d *run) sell(order []market.Line) error {
	s := d.m.Shop(d.rng.IntN(100))
	var taken []market.Line
	for _, l := range order {
		listed, err := s.Listed(l.SKU)
		if err != nil {
			return err
		}
		if units := min(l.Units, listed); units > 0 {
			taken = append(taken, market.Line{SKU: l.SKU, Units: units})
		}
	}
	id, err := "", market.ErrNotListed
	if len(taken) > 0 {
		id, err = s.Buy(taken)
	}
	if errors.Is(err, market.ErrNotListed) {
		d.found.Turned++
		return nil
	}
	if err != nil {
		return fmt.Errorf("buy at %s: %w", s.Name, err)
	}
	b := bought{shop: s, id: id, total: market.Delivery}
	for _, l := range taken {
		b.total += int64(l.Units) * market.Price
		d.sold[l.SKU] += l.Units
		d.fetched[l.SKU] += l.Units
		d.found.Sold += l.Units
		if over := d.sold[l.SKU] - d.stock[l.SKU]; over > 0 {
			d.found.Oversold += min(over, l.Units)
			d.found.Broke("%s is oversold: %d of %d units", l.SKU, d.sold[l.SKU], d.stock[l.SKU])
		}
	}
	d.orders = append(d.orders, b)
	d.found.Shops[s.Name]++
	d.regret(b, taken)
	return nil
}

// regret decides whether a buyer cancels, or sends the goods back once they are there.
func (d *run) regret(b bought, taken []market.Line) {
	tiktok := b.shop == d.m.Shops[0]
	switch roll := d.rng.Float64(); {
	case roll < cancels:
		within := 20 * time.Second // before the parcel is told: no channel takes it later
		if tiktok {
			within = hold * 5 / 4 // some only ask, since it is too late to do it by themselves
		}
		d.at(time.Now().Add(time.Duration(d.rng.Int64N(int64(within)))), func(context.Context) error { return d.cancel(b, taken) })
	case tiktok && roll < cancels+returns*100/float64(b.shop.Share): // only TikTok Shop's returns are simulated, so it has all of them
		d.travel(b)
	}
}

func (d *run) cancel(b bought, taken []market.Line) error {
	done, err := b.shop.Cancel(b.id)
	if err != nil {
		return err
	}
	if !done {
		d.found.TooLate++
		if b.shop != d.m.Shops[0] {
			return nil
		}
		err = d.m.Sim.RequestCancel(bubble.Shop, b.id, "no_longer_needed") // which the seller must answer, but of a parcel on its way
		if err == nil {
			d.asked[b.order()] = false
		}
		return ignored(err)
	}
	d.found.Cancelled++
	for _, l := range taken {
		d.sold[l.SKU] -= l.Units
		d.fetched[l.SKU] -= l.Units
	}
	return nil
}

// travel brings the parcel to its buyer, who does not want to keep what is in it.
func (d *run) travel(b bought) {
	shipped := time.Now().Add(hold)
	ask := func(shop, order string) error {
		id, err := d.m.Sim.RequestReturn(shop, order, "RETURN_AND_REFUND", "damaged")
		if err == nil {
			d.claims[id] = b.order()
		}
		return err
	}
	for n, do := range []func(shop, order string) error{d.m.Sim.Collect, d.m.Sim.Deliver, ask} {
		at := shipped.Add(time.Duration(n+1) * travels)
		d.at(at, func(context.Context) error { return ignored(do(bubble.Shop, b.id)) })
	}
}

// ignored is the error of something that an order's state allows or not.
func ignored(err error) error {
	if errors.Is(err, tiktoksim.ErrState) {
		return nil
	}
	return err
}

// restock delivers again what was sold.
func (d *run) restock(ctx context.Context) error {
	for _, sku := range d.demand.SKUs {
		if units := d.fetched[sku]; units > 0 {
			d.fetched[sku] = 0
			if err := d.deliver(ctx, sku, units); err != nil {
				return err
			}
		}
	}
	return nil
}

// tend is the operator's: buyers who ask are answered, and what comes back is taken in.
func (d *run) tend(ctx context.Context) error {
	for _, order := range slices.Sorted(maps.Keys(d.asked)) {
		if err := d.refuse(ctx, order); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.claims)) {
		if err := d.take(ctx, d.claims[id], id); err != nil {
			return err
		}
	}
	return nil
}

// refuse tells a buyer that the parcel is packed.
func (d *run) refuse(ctx context.Context, order string) error {
	if d.asked[order] {
		return nil
	}
	page, err := d.page(order)
	if err != nil {
		return err
	}
	for _, c := range page.AfterSales.Claims {
		if slices.Contains(c.Can, "reject-cancellation") {
			d.asked[order] = true
			return d.m.Command(ctx, "reject-cancellation", map[string]any{"order": order, "claim": c.ID, "reason": "packed"})
		}
	}
	return nil
}

// take does with a return what its page offers.
func (d *run) take(ctx context.Context, order, id string) error {
	page, err := d.page(order)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(page.AfterSales.Claims, func(c claims.OrderClaim) bool { return c.ID == id })
	if at < 0 {
		return nil // not heard of yet
	}
	claim := page.AfterSales.Claims[at]
	switch {
	case slices.Contains(claim.Can, "receive-return") && claim.State == "sent_back":
		var items []map[string]any
		for _, l := range claim.Lines {
			condition := "sellable"
			if d.rng.IntN(5) == 0 {
				condition = "damaged"
			} else {
				d.stock[l.SKU] += int(l.Quantity)
			}
			items = append(items, map[string]any{"sku": l.SKU, "quantity": l.Quantity, "condition": condition})
		}
		d.found.Returned++
		delete(d.claims, id)
		return d.m.Command(ctx, "receive-return", map[string]any{"order": order, "claim": id, "items": items})
	case slices.Contains(claim.Can, "approve-return"):
		return d.m.Command(ctx, "approve-return", map[string]any{"order": order, "claim": id})
	case claim.State == "awaited":
		return ignored(d.m.Sim.SendBack(bubble.Shop, id))
	}
	return nil
}

// page reads an order as a person does.
func (d *run) page(order string) (page reads.Order, err error) {
	status, body := d.m.Page("/api/v1/orders/" + url.PathEscape(order))
	if status != http.StatusOK {
		return page, fmt.Errorf("order %s is answered with %d: %s", order, status, body)
	}
	return page, json.Unmarshal(body, &page)
}
