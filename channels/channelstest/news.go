package channelstest

import (
	"testing"

	"github.com/creatorflow/creatorflow/channels"
)

// news: whoever changes a quantity, a shop that tells of it names the listing and what it lists now; of an order, of a write.
func news(t *testing.T, w World) {
	newsy, ok := w.Connector.(channels.Newsy)
	if !ok {
		return // it is found by looks alone
	}
	product, listing := w.Sim.List("TOLD", "3.00", 9)
	if queued, ok := w.Connector.(channels.Queued); ok {
		for range 2 { // of orders, then of quantities
			must[channels.Subscription](t)(queued.Listen(t.Context()))
		}
	}
	must[[]channels.Quantity](t)(w.Connector.Quantities(t.Context(), []string{listing}))
	told := func(what string, want int64) (h channels.Hint) {
		t.Helper()
		for range 3 { // that it was listed may be told before
			for h = w.hint(t, w.Sim.Next()); h.Kind != channels.KindQuantity; {
				h = w.hint(t, w.Sim.Next())
			}
			if got, concerned := newsy.Concerns(h.News); !concerned || got != listing || h.Updated.IsZero() || h.Delivery == "" || h.Unknown {
				t.Fatalf("%s: %+v concerns %q, %v", what, h, got, concerned)
			}
			if h.News.Quantity == want {
				return h
			}
		}
		t.Fatalf("%s: %+v, want %d", what, h, want)
		return h
	}
	if err := w.Connector.SetQuantity(t.Context(), product, listing, 7); err != nil {
		t.Fatal(err)
	}
	told("after a write of 7", 7)
	w.Sim.Place(false, Line{Listing: listing, Price: "3.00", Quantity: 2})
	h := told("after two of 7 were sold", 5)
	for _, other := range []channels.News{
		{Seller: h.News.Seller, Place: "another-place", Item: h.News.Item}, {Seller: "another", Place: "another-place", Item: h.News.Item}, {},
	} {
		if got, concerned := newsy.Concerns(other); concerned {
			t.Errorf("%+v concerns %q", other, got)
		}
	}
}

// hint is what a webhook tells.
func (w World) hint(t *testing.T, d Delivery) channels.Hint {
	t.Helper()
	return must[[]channels.Hint](t)(w.Webhooks.Hints(w.Webhooks.Keep(d.Header, d.Body)))[0]
}

// aboutOrder is the next webhook that tells of no quantity.
func (w World) aboutOrder(t *testing.T) Delivery {
	t.Helper()
	for {
		if d := w.Sim.Next(); w.hint(t, d).Kind != channels.KindQuantity {
			return d
		}
	}
}
