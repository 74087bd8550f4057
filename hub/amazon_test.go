package hub_test

import (
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/doctor"
	"github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

const merchant = "A3TH9S8BH6GOGM"

// stall is an empty hub, and a simulated Amazon with one seller.
type stall struct {
	*clinic
	*amazonsim.Sim
}

func newStall(t *testing.T, feeds ...time.Duration) *stall {
	t.Helper()
	c := &clinic{t: t, data: t.TempDir()}
	clock := func() time.Time { return time.Now().Add(time.Duration(c.passed.Load())) }
	cfg := amazonsim.Config{ClientID: "amzn1.client", ClientSecret: "client-secret", Clock: clock, Seed: 1}
	if len(feeds) > 0 {
		cfg.FeedDelay = feeds[0]
	}
	s := &stall{c, amazonsim.New(cfg)}
	refresh := s.AddSeller(amazonsim.Seller{ID: merchant, Name: "Test Store"})
	for _, l := range []amazonsim.Listing{
		{SKU: hoodieM, Title: "Hoodie", Type: "HOODIE", Price: "19.99", Quantity: 100}, {SKU: "CAP-FBA", Title: "Cap", Price: "9.00", Quantity: 5, AFN: true},
	} {
		_, err := s.AddListing(merchant, l)
		fatal(t, err)
	}
	c.market = httptest.NewServer(s.Handler())
	t.Cleanup(c.market.Close)
	listener := c.listen()
	o := hub.Options{Data: c.data, Log: slog.New(slog.DiscardHandler), Poll: time.Hour, Clock: clock}
	c.begin(o, listener, hub.MakeKey{Name: "stall", Role: accounts.Operator, Days: 1000})
	connected, err := c.admin.Connect(t.Context(), hub.ConnectShop{
		Channel: "amazon", BaseURL: c.market.URL, AuthURL: c.market.URL, Key: "amzn1.client", Secret: "client-secret",
		Given: channels.Grant{
			"refresh-token": refresh, "seller-id": merchant, "marketplace": "GB", "queue-url": s.QueueURL(c.market.URL), "aws-key-id": "AKIDSIM",
			"aws-secret": "sim-secret", "aws-region": "eu-west-1",
		},
	})
	fatal(t, err)
	if len(connected.Shops) != 1 || connected.Shops[0].Extra != nil {
		t.Fatalf("connected %+v, want one shop and no secrets of it", connected.Shops)
	}
	c.connection = connected.Shops[0]
	return s
}

func (s *stall) buy(sku string, quantity int) string {
	s.t.Helper()
	id, err := s.PlaceOrder(merchant, amazonsim.NewOrder{
		BuyerName: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Lines: []amazonsim.Line{{SKU: sku, Quantity: quantity}},
	})
	fatal(s.t, err)
	return s.connection.ID + ":" + id
}

func (s *stall) reserved() int64 {
	s.t.Helper()
	var sku reads.SKU
	s.ask("/api/v1/stock/"+hoodieM, &sku)
	return sku.Reserved
}

func (s *stall) shows(order string) (o reads.Order, ok bool) {
	s.t.Helper()
	var list reads.OrderList
	s.ask("/api/v1/orders", &list)
	for _, item := range list.Items {
		if item.ID == order {
			s.ask("/api/v1/orders/"+order, &o)
			return o, true
		}
	}
	return o, false
}

// From nothing to the first order: its news come through the queue and stock is reserved, and what the queue lost is found
// by the slow poll, which says so. What Amazon ships itself reserves nothing.
func TestAmazonFromNothing(t *testing.T) {
	s := newStall(t)
	s.do("receive-stock", `{"sku":"HOODIE-M","quantity":10}`)
	s.until("the shop was polled once", func() bool { return s.Counts().Requests["GET /orders/2026-01-01/orders"] > 0 })
	first := s.buy(hoodieM, 2)
	s.until("the order of the queue has reserved stock", func() bool { return s.reserved() == 2 })
	if o, ok := s.shows(first); !ok || o.Total.Minor != 3998 {
		t.Errorf("the order shows as %+v, %v", o.OrderSummary, ok)
	}
	own := s.buy("CAP-FBA", 1)
	s.until("Amazon's own order is shown", func() bool { _, ok := s.shows(own); return ok })
	s.until("the queue is empty", func() bool { return s.Waiting() == 0 })

	s.SetFaults(amazonsim.Faults{Lose: 1})
	lost := s.buy(hoodieM, 3)
	s.passed.Add(int64(10 * time.Minute))
	s.hub.Ingest.Poll(s.connection.ID)
	s.until("the lost order has reserved stock", func() bool { return s.reserved() == 5 })
	s.until("it is said that the queue had not brought it", func() bool {
		records, err := s.hub.Log.ReadAll(t.Context(), 0, 500)
		fatal(t, err)
		for _, r := range records {
			if e, ok := r.Event.(shops.Drifted); ok && e.Order == lost {
				return true
			}
		}
		return false
	})
	if c := s.Counts(); c.RateLimited != 0 || c.Lost != 2 || c.Queue.Deleted != c.Queue.Sent {
		t.Errorf("%d calls beyond the quota, %d notifications lost, queue %+v", c.RateLimited, c.Lost, c.Queue)
	}
	r := s.examine()
	for _, f := range r.Checks {
		if f.State == string(channels.Red) {
			t.Errorf("the doctor finds %+v", f)
		}
	}
}

// Of an order that is pending Amazon shows neither money nor buyer. Once it is paid it counts with both, on the day of its sale,
// and the next order of that buyer is one of a customer who came back.
func TestAmazonPendingOrderIsPaid(t *testing.T) {
	s := newStall(t)
	now := time.Now() // it is noon, so that all of it is of one day
	s.passed.Store(int64(now.Truncate(24 * time.Hour).Add(36 * time.Hour).Sub(now)))
	s.do("receive-stock", `{"sku":"HOODIE-M","quantity":10}`)
	pending := func() string {
		id, err := s.PlaceOrder(merchant, amazonsim.NewOrder{
			BuyerName: "Ana Maria", BuyerEmail: "ana@marketplace.amazon.example", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA",
			Lines: []amazonsim.Line{{SKU: hoodieM, Quantity: 2}}, Unpaid: true,
		})
		fatal(t, err)
		return id
	}
	figures := func() (k reads.KPIs) { s.ask("/api/v1/kpis", &k); return k }
	for n, id := range []string{pending(), pending()} {
		order := s.connection.ID + ":" + id
		s.until("the pending order waits with its stock", func() bool {
			o, ok := s.shows(order)
			return ok && o.Waiting == fulfilment.WaitUnpaid && s.reserved() >= int64(2*(n+1))
		})
		if o, _ := s.shows(order); o.Total.Minor != 0 || figures().RevenueToday.Value.Minor != int64(n)*3998 {
			t.Errorf("before it is paid it counts: %+v, %+v", o.OrderSummary, figures().RevenueToday)
		}
		fatal(t, s.PayOrder(merchant, id))
		s.until("the paid order waits for its parcel", func() bool { o, _ := s.shows(order); return o.Waiting == fulfilment.WaitTracking })
		o, _ := s.shows(order)
		if o.Total.Minor != 3998 || o.Lines[0].Price.Minor != 1999 || o.Lines[0].SKU != hoodieM {
			t.Errorf("paid, the order shows as %+v, %+v", o.OrderSummary, o.Lines)
		}
		if k := figures(); k.RevenueToday.Value.Minor != int64(n+1)*3998 || k.OrdersToday.Value != 2 {
			t.Errorf("today: %+v from %+v orders", k.RevenueToday, k.OrdersToday)
		}
	}
	if k := figures(); k.RepeatCustomers.Value == nil || *k.RepeatCustomers.Value != 100 {
		t.Errorf("the buyer of both orders: %+v", k.RepeatCustomers)
	}
}

// waiting is an order that waits for its parcel.
func (s *stall) waiting() (order string) {
	s.t.Helper()
	s.do("receive-stock", `{"sku":"HOODIE-M","quantity":10}`)
	order = s.buy(hoodieM, 2)
	s.until("the order waits for its parcel", func() bool { o, _ := s.shows(order); return o.Waiting == fulfilment.WaitTracking })
	return order
}

// asked has the buyer ask for a cancellation of an order that waits for its parcel: it is held for an answer.
func (s *stall) asked() (order string, about func(more string) string) {
	s.t.Helper()
	order = s.waiting()
	_, id, _ := strings.Cut(order, ":")
	fatal(s.t, s.RequestCancel(merchant, id, "NO_LONGER_NEEDED"))
	s.until("the order is held for an answer", func() bool { o, _ := s.shows(order); return o.Flag == "cancellation" })
	o, _ := s.shows(order)
	c := o.Claims[0]
	if c.State != "pending" || c.By != "buyer" || c.Reason != "NO_LONGER_NEEDED" || !slices.Equal(c.Can, []string{"approve-cancellation", "reject-cancellation"}) || len(o.Can) != 0 || s.reserved() != 2 {
		s.t.Errorf("the request stands as %+v on %+v with %d reserved", c, o.OrderSummary, s.reserved())
	}
	return order, func(more string) string { return `{"order":"` + order + `","claim":"` + c.ID + `"` + more + `}` }
}

// gone waits for an order to be cancelled at Amazon, once, and undone here. Amazon carries a cancellation out a little later.
func (s *stall) gone(order string) {
	s.t.Helper()
	_, id, _ := strings.Cut(order, ":")
	s.until("Amazon has taken the cancellation", func() bool { return s.Counts().Requests["POST /feeds/2021-06-30/feeds"] == 1 })
	s.until("it is said that Amazon has not decided", func() bool {
		o, _ := s.shows(order)
		return len(o.Answers) == 1 && (o.Answers[0].State == "done" || strings.Contains(o.Answers[0].Sentence, "has not decided yet"))
	})
	s.passed.Add(int64(15 * time.Minute))
	s.until("the order is undone", func() bool {
		o, _ := s.shows(order)
		return o.Cancelled && o.Flow.State == "undone" && o.Answers[0].State == "done" && s.reserved() == 0
	})
	if c := s.Counts(); c.Cancels[id] != 1 || c.Requests["POST /feeds/2021-06-30/feeds"] != 1 || c.RateLimited != 0 {
		s.t.Errorf("cancelled %d times by %d feeds, %d calls beyond the quota", c.Cancels[id], c.Requests["POST /feeds/2021-06-30/feeds"], c.RateLimited)
	}
}

// A seller cancels an order from the hub: Amazon carries it out a little later, and the stock is free.
func TestAmazonSellerCancels(t *testing.T) {
	t.Parallel()
	s := newStall(t, 10*time.Minute)
	order := s.waiting()
	if o, _ := s.shows(order); !slices.Equal(o.Can, []string{"cancel-order"}) || o.CancelAt != "" {
		t.Errorf("before anything is pressed: %q, %q", o.Can, o.CancelAt)
	}
	s.do("cancel-order", `{"order":"`+order+`","reason":"wrong_price"}`)
	s.gone(order)
}

// What a buyer asks for holds the order, and the seller's yes cancels it.
func TestAmazonBuyersCancellationApproved(t *testing.T) {
	t.Parallel()
	s := newStall(t, 10*time.Minute)
	order, about := s.asked()
	s.do("approve-cancellation", about(""))
	s.gone(order)
	s.until("the request is done", func() bool { o, _ := s.shows(order); return o.Claims[0].State == "completed" && o.Flag == "" })
}

// Amazon is told nothing of a no: the order goes on, although Amazon shows the wish as before.
func TestAmazonBuyersCancellationRejected(t *testing.T) {
	s := newStall(t, 10*time.Minute)
	order, about := s.asked()
	s.do("reject-cancellation", about(`,"reason":"packed"`))
	s.until("the order goes on", func() bool {
		o, _ := s.shows(order)
		return o.Waiting == fulfilment.WaitTracking && o.Flag == "" && o.Claims[0].State == "rejected"
	})
	s.passed.Add(int64(10 * time.Minute))
	s.hub.Ingest.Poll(s.connection.ID)
	s.until("the order was read again", func() bool { return s.Counts().Requests["GET /orders/2026-01-01/orders"] > 1 })
	_, id, _ := strings.Cut(order, ":")
	if o, _ := s.shows(order); o.Claims[0].State != "rejected" || s.Counts().Cancels[id] != 0 || s.reserved() != 2 {
		t.Errorf("after another look: %+v", o.Claims[0])
	}
}

// News of orders that go to another program's queue are not taken for ours: the doctor says where they go, and what to do.
func TestAmazonSendsElsewhere(t *testing.T) {
	t.Parallel()
	s := newStall(t)
	s.until("who connected it and who reads its queue have looked", func() bool { return s.Counts().Requests["GET /notifications/v1/subscriptions/{type}"] > 1 })
	const arn = "arn:aws:sqs:eu-west-1:999988887777:another"
	s.Redirect(merchant, arn)
	webhooks := func() (f doctor.Check) {
		for _, f = range s.examine().Checks {
			if f.Name == channels.CheckWebhooks {
				return f
			}
		}
		return f
	}
	if f := webhooks(); f.State != string(channels.Red) || !strings.Contains(f.Found, arn) || !strings.Contains(f.Mend, "that queue's address") {
		t.Errorf("the doctor finds %+v", f)
	}
	s.Unsubscribe(merchant)
	s.until("the doctor is content once that has ended", func() bool { return webhooks().State == string(channels.Green) })
}

// A subscription that the vendor forgot is made again, and that is said.
func TestAmazonSubscribesAgain(t *testing.T) {
	s := newStall(t)
	s.until("who connected it and who reads its queue have looked", func() bool { return s.Counts().Requests["GET /notifications/v1/subscriptions/{type}"] > 1 })
	s.Unsubscribe(merchant)
	webhooks := func() string {
		for _, f := range s.examine().Checks {
			if f.Name == channels.CheckWebhooks {
				return f.State
			}
		}
		return ""
	}
	if got := webhooks(); got != string(channels.Red) {
		t.Errorf("news go nowhere, and the doctor finds %s", got)
	}
	s.until("news go to the queue again", func() bool {
		records, err := s.hub.Log.ReadAll(t.Context(), 0, 500)
		fatal(t, err)
		for _, r := range records {
			if e, ok := r.Event.(shops.Subscribed); ok && e.Topic == "ORDER_CHANGE" && e.Connection == s.connection.ID {
				return true
			}
		}
		return false
	})
	s.until("the doctor is content", func() bool { return webhooks() == string(channels.Green) })
}
