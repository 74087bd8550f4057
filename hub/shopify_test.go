package hub_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/doctor"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

const myshopify = "cf-demo.myshopify.com"

// store is a hub that had nothing, and a simulated Shopify shop that is connected to it.
type store struct {
	*desk
	sim     *shopifysim.Sim
	variant int64
}

func newStore(t *testing.T, poll time.Duration, webhooks bool, edit ...func(*shopifysim.Config)) *store {
	t.Helper()
	s := &store{desk: &desk{clinic: &clinic{t: t, data: t.TempDir()}}}
	clock := func() time.Time { return time.Now().Add(time.Duration(s.passed.Load())) }
	cfg := shopifysim.Config{ClientID: appKey, ClientSecret: appSecret, Seed: 1, Clock: clock, PointsPerSecond: 1000}
	for _, e := range edit {
		e(&cfg)
	}
	s.sim = shopifysim.New(cfg)
	s.sim.AddShop(shopifysim.Shop{Domain: myshopify, Name: "Their name"})
	_, variants, err := s.sim.AddProduct(myshopify, shopifysim.Product{Title: "Hoodie", Variants: []shopifysim.SKU{{SKU: hoodieM, Price: "19.99", Quantity: 10}}})
	fatal(t, err)
	s.variant = variants[0]
	s.market = httptest.NewServer(s.sim.Handler())
	t.Cleanup(s.market.Close)
	listener := s.listen()
	o := hub.Options{Data: s.data, Log: slog.New(slog.DiscardHandler), Poll: poll, Clock: clock}
	if webhooks {
		o.Public = s.address
	}
	s.begin(o, listener, hub.MakeKey{Name: "test", Role: accounts.Operator, Days: 1}, s.sim.Run)
	s.command("receive-stock", `{"sku":"HOODIE-M","quantity":10}`, http.StatusOK)
	connected, err := s.admin.Connect(t.Context(), hub.ConnectShop{
		Channel: "shopify", BaseURL: s.market.URL, Key: appKey, Secret: appSecret, Given: channels.Grant{"shop": myshopify},
	})
	fatal(t, err)
	if len(connected.Shops) != 1 || connected.Shops[0].ShopID != myshopify || connected.Shops[0].Name != "Their name" {
		t.Fatalf("connected %+v", connected)
	}
	s.connection = connected.Shops[0]
	return s
}

// TestShopifyFromNothing connects an empty hub to a shop: an order that is placed there is in the hub, and its stock is
// reserved, once by webhook and once by poll alone.
func TestShopifyFromNothing(t *testing.T) {
	for name, c := range map[string]struct {
		poll     time.Duration
		webhooks bool
	}{"webhooks": {time.Hour, true}, "polling only": {100 * time.Millisecond, false}} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, c.poll, c.webhooks)
			id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
				Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
			})
			fatal(t, err)
			s.order = strconv.FormatInt(id, 10)
			s.until("the order's stock is reserved", func() bool { return s.stock().Reserved == 2 })
			page := s.page()
			if page.ID != s.id() || page.Channel != "shopify" || page.Total.Minor != 3998 || page.Units != 2 {
				t.Errorf("the order is %+v", page.OrderSummary)
			}
			fatal(t, s.sim.CancelOrder(myshopify, id, "CUSTOMER", true))
			s.until("a cancellation frees it", func() bool { return s.stock().Reserved == 0 })
			if got := s.sim.Counts().Webhooks.Acked; (got > 0) != c.webhooks {
				t.Errorf("%d webhooks were taken", got)
			}
		})
	}
}

// Money that a shop has only reserved is taken once the order's stock is, and the order waits for its parcel then. What the bank
// refuses waits with a sentence, and goes on when the buyer has paid in another way.
func TestShopifyReservedMoney(t *testing.T) {
	s := newStore(t, time.Hour, true)
	place := func(bank string) int64 {
		id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
			Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Authorized: true, Bank: bank,
			Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
		})
		fatal(t, err)
		s.order = strconv.FormatInt(id, 10)
		s.until("the order is in", func() bool {
			var list reads.OrderList
			s.ask("/api/v1/orders", &list)
			return slices.ContainsFunc(list.Items, func(o reads.OrderItem) bool { return o.ID == s.id() })
		})
		return id
	}
	place("")
	s.until("the paid order waits for its parcel", func() bool { return s.page().Waiting == fulfilment.WaitTracking })
	if p := s.page(); p.Status != orders.Ready || s.sim.Counts().Captures[s.order] != 1 || s.stock().Reserved != 2 {
		t.Errorf("%s, taken %d times, %d reserved", p.Status, s.sim.Counts().Captures[s.order], s.stock().Reserved)
	}
	id := place("no")
	s.until("what the bank refuses waits", func() bool { return s.page().Waiting == fulfilment.WaitPayment })
	if got := s.page().Flow.Sentence; !strings.Contains(got, "cannot be taken: Your card was declined.") || s.stock().Reserved != 4 {
		t.Errorf("it says %q with %d reserved", got, s.stock().Reserved)
	}
	s.passed.Add(int64(time.Minute)) // Shopify tells states apart by the second
	fatal(t, s.sim.ExpireAuthorisation(myshopify, id))
	s.until("a reservation that ended is said", func() bool {
		f := s.page().Flow
		return f != nil && strings.Contains(f.Sentence, "the payment is EXPIRED in Shopify")
	})
	if n := s.sim.Counts().Captures[s.order]; n != 0 {
		t.Errorf("taken %d times", n)
	}
	fatal(t, s.sim.CancelOrder(myshopify, id, "DECLINED", true))
	s.until("a cancellation frees its stock", func() bool { return s.stock().Reserved == 2 })
}

// Money that is on its way is waited for although Shopify calls it PENDING meanwhile: nobody is told to have it paid again, and it
// is taken once.
func TestShopifySlowBank(t *testing.T) {
	s := newStore(t, time.Hour, true, func(c *shopifysim.Config) { c.JobDelay = 10 * time.Minute })
	id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
		Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Authorized: true, Bank: "pending",
		Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
	})
	fatal(t, err)
	s.order = strconv.FormatInt(id, 10)
	s.until("the bank is asked", func() bool {
		is, err := s.sim.Order(myshopify, id)
		fatal(t, err)
		return is.Financial == "PENDING"
	})
	s.passed.Add(int64(2 * time.Second)) // Shopify tells states apart by the second
	fatal(t, s.sim.HoldOrder(myshopify, id))
	fatal(t, s.sim.ReleaseOrder(myshopify, id))
	s.until("the news of it are in", func() bool { return s.page().Status == orders.Unpaid })
	s.until("the order waits for the bank", func() bool {
		p := s.page()
		return p.Waiting == fulfilment.WaitChannel && strings.Contains(p.Flow.Sentence, "has not decided yet")
	})
	s.passed.Add(int64(11 * time.Minute))
	s.until("the paid order waits for its parcel", func() bool { return s.page().Waiting == fulfilment.WaitTracking })
	if n := s.sim.Counts().Captures[s.order]; n != 1 {
		t.Errorf("taken %d times", n)
	}
}

// A seller cancels an order from the hub: Shopify cancels it, gives the money back, and the flow frees the stock. What was sent in
// Shopify meanwhile it refuses, and that is said.
func TestShopifySellerCancels(t *testing.T) {
	t.Parallel()
	s := newStore(t, time.Hour, true)
	id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
		Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Authorized: true,
		Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
	})
	fatal(t, err)
	s.order = strconv.FormatInt(id, 10)
	s.until("the money is taken, and the order waits for its parcel", func() bool {
		o := s.page()
		return o.Waiting == fulfilment.WaitTracking && slices.Equal(o.Can, []string{"cancel-order"})
	})
	s.command("cancel-order", s.about(`,"reason":"wrong_price"`), http.StatusOK)
	if a := s.answered("done"); a.Sentence != "" {
		t.Errorf("the answer ended with %q", a.Sentence)
	}
	s.until("the order is undone", func() bool { p := s.page(); return p.Cancelled && p.Flow.State == "undone" && s.stock().Reserved == 0 })
	is, err := s.sim.Order(myshopify, id)
	fatal(t, err)
	if c := s.sim.Counts(); is.Financial != "REFUNDED" || is.Reason != "STAFF" || c.SellerCancels[s.order] != 1 || c.Captures[s.order] != 1 {
		t.Errorf("in Shopify it is %+v, cancelled %d times, taken %d times", is, c.SellerCancels[s.order], c.Captures[s.order])
	}
}

// TestShopifyDoctor looks at a shop that is well, and then at one whose app was removed.
func TestShopifyDoctor(t *testing.T) {
	s := newStore(t, time.Hour, true)
	var report doctor.Report
	s.until("all is green", func() bool {
		report = s.examine()
		return report.State == "green"
	})
	if len(report.Checks) != len(checks) {
		t.Errorf("%d findings, want %d: %+v", len(report.Checks), len(checks), report.Checks)
	}
	fatal(t, s.sim.Uninstall(myshopify))
	if report = s.examine(); report.State != "red" {
		t.Errorf("the app was removed, and the doctor says %+v", report)
	}
}

// Every delivery comes twice, with the same id: the order is placed once, its stock is reserved once, and both copies are acknowledged.
func TestShopifyDeliveryTwice(t *testing.T) {
	t.Parallel()
	s := newStore(t, time.Hour, true, func(c *shopifysim.Config) { c.Faults.Duplicate = 1 })
	id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
		Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
	})
	fatal(t, err)
	s.order = strconv.FormatInt(id, 10)
	s.until("its stock is reserved", func() bool { return s.stock().Reserved == 2 })
	s.until("every copy is acknowledged", func() bool {
		c := s.sim.Counts().Webhooks
		return c.Duplicated > 0 && c.Pending == 0 && c.Acked >= 2*c.Duplicated
	})
	placed := 0
	records, err := s.hub.Log.ReadAll(t.Context(), 0, 500)
	fatal(t, err)
	for _, r := range records {
		if r.Event.EventName() == "order.placed" {
			placed++
		}
	}
	if st := s.stock(); placed != 1 || st.Reserved != 2 || st.OnHand != 10 {
		t.Errorf("placed %d times, %d reserved of %d on hand", placed, st.Reserved, st.OnHand)
	}
}
