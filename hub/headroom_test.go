package hub_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/gateway/reads"
)

// TestHeadroom: an order that leaves late, one that the seller cancels and one that is due next stand on the shop's page, with what to do.
func TestHeadroom(t *testing.T) {
	c := newClinic(t, own)
	_, err := c.AddProduct(shopID, tiktoksim.Product{Title: "Hoodie", SKUs: []tiktoksim.SKU{{ID: hoodie, SellerSKU: hoodieM, Price: "19.99", Quantity: 100}}})
	fatal(t, err)
	c.do("receive-stock", `{"sku":"HOODIE-M","quantity":10}`)
	place := func() string {
		t.Helper()
		id, err := c.PlaceOrder(shopID, tiktoksim.NewOrder{BuyerID: "7494000000000000001", Lines: []tiktoksim.Line{{SKUID: hoodie, Quantity: 1}}})
		fatal(t, err)
		c.until("its parcel is ready", func() bool {
			var list reads.OrderList
			c.ask("/api/v1/orders", &list)
			return slices.ContainsFunc(list.Items, func(o reads.OrderItem) bool { return o.ChannelID == id && o.Status == "arranged" })
		})
		return id
	}
	late, soon := place(), place()
	if h := c.shop().Headroom; h.Late.Mood != "unknown" || h.Late.More != nil || h.Cancelled.Of != 2 || len(h.Soon) != 0 || h.Overdue != 0 {
		t.Errorf("before anything is due: %+v", h)
	}
	due := func(order string) (at time.Time) {
		for _, s := range c.shop().Headroom.Soon {
			if s.ID == c.connection.ID+":"+order {
				at, err = time.Parse(time.RFC3339, s.DueAt)
				fatal(t, err)
			}
		}
		return at
	}
	c.passed.Add(int64(47 * time.Hour)) // the simulated shop wants parcels made ready within two days
	if due(late).IsZero() || due(soon).IsZero() {
		t.Fatalf("an hour before they are late: %+v", c.shop().Headroom)
	}
	c.passed.Add(int64(2 * time.Hour))
	if h := c.shop().Headroom; h.Overdue != 2 || h.Late.Of != 2 || h.Late.Bad != 2 || h.Late.Mood != "beyond" || *h.Late.More != 0 || !strings.Contains(h.Late.Sentence, "Send what is due today") {
		t.Errorf("overdue: %+v", h)
	}
	fatal(t, c.Collect(shopID, late))
	c.until("one has left, late", func() bool { h := c.shop().Headroom; return h.Overdue == 1 && h.Late.Of == 2 && h.Late.Bad == 2 })
}
