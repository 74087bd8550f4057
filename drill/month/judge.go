package month

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/projection"
)

// judge says of each order how it ended, has those that wait for a person mended as their page says, and holds partners' books
// against the orders.
func (d *run) judge(ctx context.Context) error {
	before, err := d.flows(ctx)
	if err != nil {
		return err
	}
	d.found.Orders = len(d.orders)
	var touched []bought
	for _, b := range d.orders {
		f, known := before[b.order()]
		answered, asked := d.asked[b.order()]
		switch {
		case !known:
			d.found.Lost++
			d.found.Broke("order %s of %s is not known", b.id, b.shop.Name)
		case ended(f) && !asked:
			d.found.Untouched++
		case ended(f) && answered:
			d.found.Touched["asked to cancel (reject-cancellation)"]++
			d.found.Mended++
		default:
			touched = append(touched, b)
		}
	}
	for _, b := range touched {
		if err := d.mend(ctx, b, before[b.order()]); err != nil {
			return err
		}
	}
	if err := bubble.Sleep(ctx, settled); err != nil {
		return err
	}
	after, err := d.flows(ctx)
	if err != nil {
		return err
	}
	for _, b := range touched {
		if ended(after[b.order()]) {
			d.found.Mended++
		} else {
			d.found.Broke("order %s of %s is still %s %s after what its page offers: %s", b.id, b.shop.Name, after[b.order()].Phase, after[b.order()].Code, after[b.order()].Sentence)
		}
	}
	d.books(after)
	if d.found.Share() < required {
		d.found.Broke("%.2f %% of the orders came to their end without a person, fewer than %.0f %%", 100*d.found.Share(), 100*required)
	}
	return nil
}

func ended(f fulfilment.Row) bool {
	return f.Phase == string(flow.Finished) || f.Phase == string(flow.Undone)
}

// flows reads every order's flow, by the hub's id of the order.
func (d *run) flows(ctx context.Context) (all map[string]fulfilment.Row, err error) {
	h := d.m.Hub()
	if err := h.Projections.WaitFor(ctx, h.Log.Head().Position); err != nil {
		return nil, err
	}
	all = map[string]fulfilment.Row{}
	err = h.Views.Read(ctx, func(r projection.Reader) error {
		for after := ""; ; {
			rows, next, err := fulfilment.List(ctx, r, "", after, 200)
			if err != nil {
				return err
			}
			for _, row := range rows {
				all[row.ID] = row
			}
			if after = next; next == "" {
				return nil
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read the flows: %w", err)
	}
	return all, nil
}

// mend does the one thing that an order's page offers: the answer to a claim, or to try again.
func (d *run) mend(ctx context.Context, b bought, f fulfilment.Row) error {
	page, err := d.page(b.order())
	if err != nil {
		return err
	}
	name, body := offered(page)
	if f.Sentence == "" || name == "" {
		d.found.Touched["in no named state"]++
		d.found.Broke("order %s of %s is %s %s at step %s and its page offers nothing: %q", b.id, b.shop.Name, f.Phase, f.Code, f.Step, f.Sentence)
		return nil
	}
	what := f.Code
	if f.Phase == string(flow.IsStuck) {
		what = "stuck at " + f.Step
	}
	d.found.Touched[what+" ("+name+")"]++
	return d.m.Command(ctx, name, body)
}

func offered(page reads.Order) (name string, body map[string]any) {
	for _, c := range page.AfterSales.Claims {
		if slices.Contains(c.Can, "approve-"+c.Kind) {
			return "approve-" + c.Kind, map[string]any{"order": page.ID, "claim": c.ID}
		}
	}
	if page.Flow != nil && slices.Contains(page.Flow.Actions, "retry") {
		return "retry-step", map[string]any{"flow": page.ID}
	}
	return "", nil
}

// books holds what shops and partners saw against how the orders ended.
func (d *run) books(flows map[string]fulfilment.Row) {
	parcels, owed := 0, int64(0)
	for _, b := range d.orders {
		if flows[b.order()].Phase != string(flow.Finished) || b.shop == d.m.Shops[0] {
			continue
		}
		parcels++
		if b.shop.Edit == nil {
			owed += b.total
		}
	}
	if n := len(d.m.EasyPost.Bought()); n != parcels {
		d.found.Broke("%d labels are bought and kept, %d orders were sent with one", n, parcels)
	}
	if c := d.m.Stripe.Counts(); c.Captured-c.Refunded != owed || d.m.Stripe.Reserved() != 0 {
		d.found.Broke("Stripe took %d and gave back %d, with %d reserved, where %d is owed", c.Captured, c.Refunded, d.m.Stripe.Reserved(), owed)
	}
	for _, s := range d.m.Shops {
		if twice := s.Twice(); len(twice) > 0 {
			d.found.Twice += len(twice)
			d.found.Broke("done twice at %s: %v", s.Name, twice[:min(len(twice), 5)])
		}
		if n := s.Over(); n > 0 {
			d.found.Broke("%d calls to %s beyond its quota", n, s.Name)
		}
	}
	if n := d.m.Hub().Listing.Shop(d.m.Shops[0].ID).Drift; n > 0 {
		d.found.Broke("%d listings of %s differ at %s", n, d.m.Shops[0].Name, time.Now().UTC())
	}
}
