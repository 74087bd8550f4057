package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/demo/excerpt"
)

// replay is a simulated shop that lives through an order log.
type replay struct {
	sim   *tiktoksim.Sim
	log   excerpt.Excerpt
	clock func() time.Time
	skus  map[string]string // by the log's SKU, the shop's id of the listing
}

// vendorID is a log's order id as long as the vendor's.
func vendorID(id string) string { return "576460000000" + id }

// newReplay lists the log's products on the simulated shop.
func newReplay(sim *tiktoksim.Sim, log excerpt.Excerpt, clock func() time.Time) (*replay, error) {
	r := &replay{sim: sim, log: log, clock: clock, skus: make(map[string]string, len(log.Products))}
	for i, p := range log.Products {
		id := fmt.Sprintf("17290000%011d", i+1)
		r.skus[p.SKU] = id
		if _, err := sim.AddProduct(ShopID, tiktoksim.Product{Title: p.Title, SKUs: []tiktoksim.SKU{
			{ID: id, SellerSKU: p.SKU, Price: p.Price.Decimal(), Quantity: p.Stock},
		}}); err != nil {
			return nil, fmt.Errorf("list %s on the simulated shop: %w", p.SKU, err)
		}
	}
	return r, nil
}

// Replay lists a log's products on a simulated shop and lets its orders happen at a pace.
func Replay(ctx context.Context, sim *tiktoksim.Sim, log excerpt.Excerpt, perMinute int, clock func() time.Time) error {
	r, err := newReplay(sim, log, clock)
	if err != nil {
		return err
	}
	if err := r.paced(ctx, perMinute); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// paced lets so many entries a minute happen.
func (r *replay) paced(ctx context.Context, perMinute int) error {
	start := r.clock()
	done := 0
	return r.each(ctx, func(ctx context.Context, _ excerpt.Entry) error {
		done++
		return sleep(ctx, start.Add(time.Duration(done)*time.Minute/time.Duration(perMinute)).Sub(r.clock()))
	})
}

// each lets every entry happen and calls then after it.
func (r *replay) each(ctx context.Context, then func(context.Context, excerpt.Entry) error) error {
	for _, entry := range r.log.Entries {
		if err := r.happen(entry); err != nil {
			return err
		}
		if err := then(ctx, entry); err != nil {
			return err
		}
	}
	return nil
}

func (r *replay) happen(entry excerpt.Entry) error {
	o := entry.Order
	if o == nil {
		if err := r.sim.CancelOrder(ShopID, vendorID(entry.Cancel), "buyer_cancel"); err != nil {
			return fmt.Errorf("cancel %s on the simulated shop: %w", entry.Cancel, err)
		}
		return nil
	}
	lines := make([]tiktoksim.Line, len(o.Lines))
	for i, l := range o.Lines {
		lines[i] = tiktoksim.Line{SKUID: r.skus[l.SKU], Quantity: l.Quantity, Price: l.Price.Decimal()}
	}
	_, err := r.sim.PlaceOrder(ShopID, tiktoksim.NewOrder{
		ID: vendorID(o.ID), BuyerID: o.Buyer(), BuyerName: "Buyer " + o.Buyer(), RegionCode: "GB",
		Address: o.ID + " Example Street", City: "London", PostalCode: "EC1A 1BB",
		Lines: lines, Currency: r.log.Currency, HoldUntilCancelled: o.Cancelled, CreateTime: r.clock(),
	})
	if err != nil {
		return fmt.Errorf("place %s on the simulated shop: %w", o.ID, err)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
