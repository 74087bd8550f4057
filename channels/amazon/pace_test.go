package amazon_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/channelstest"
)

// hurried is a connector in virtual time, at a simulator that keeps to the rates of Amazon's own tables.
func hurried(t *testing.T) (sim *amazonsim.Sim, road *channelstest.Road, c *amazon.Connector) {
	t.Helper()
	sim = amazonsim.New(amazonsim.Config{ClientID: "amzn1.client", ClientSecret: "client-secret", Clock: time.Now, Seed: 1})
	road = &channelstest.Road{To: sim.Handler()}
	refresh := sim.AddSeller(amazonsim.Seller{ID: seller, Name: "Test Store"})
	for _, l := range []amazonsim.Listing{{SKU: "MUG", Title: "Mug", Price: "5.00", Quantity: 1000}, {SKU: "CAP", Title: "Cap", Price: "9.00", Quantity: 1000}} {
		if _, err := sim.AddListing(seller, l); err != nil {
			t.Fatal(err)
		}
	}
	o := channels.Opening{
		App:    channels.App{ID: "app1", Channel: "amazon", Key: "amzn1.client", Secrets: []string{"client-secret"}, BaseURL: "http://amazon.test", AuthURL: "http://amazon.test"},
		Client: &http.Client{Transport: road}, Clock: time.Now, Timeout: 2 * time.Second,
	}
	token, shops, err := amazon.Vendor.Authorize(t.Context(), o, channels.Grant{"refresh-token": refresh, "seller-id": seller, "marketplace": "GB"})
	if err != nil {
		t.Fatal(err)
	}
	o.Connection = shops[0]
	o.Tokens = amazon.Vendor.Keeper(o, &drawer{token: token})
	return sim, road, amazon.New(o)
}

// bought is an order that may be shipped.
func bought(t *testing.T, sim *amazonsim.Sim) string {
	t.Helper()
	id, err := sim.PlaceOrder(seller, amazonsim.NewOrder{BuyerName: "Ana", Lines: []amazonsim.Line{{SKU: "MUG", Quantity: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// At full speed, many callers of each call at once, Amazon refuses nothing, and nearly all of its rate is used.
func TestFullSpeedWithoutARefusal(t *testing.T) {
	for name, of := range map[string]struct {
		perSecond, burst float64
		calls            int
		call             func(ctx context.Context, c *amazon.Connector, order func() string) error
	}{
		"read orders": {0.5, 30, 200, func(ctx context.Context, c *amazon.Connector, order func() string) error {
			_, err := c.Orders(ctx, []string{order()})
			return err
		}},
		"list orders": {0.0056, 20, 60, func(ctx context.Context, c *amazon.Connector, _ func() string) error {
			_, err := c.Changed(ctx, time.Now().Add(-time.Hour), time.Now(), "")
			return err
		}},
		"write quantities": {5, 5, 400, func(ctx context.Context, c *amazon.Connector, _ func() string) error {
			return c.SetQuantity(ctx, "", "CAP", 7)
		}},
		"confirm parcels": {0.5, 30, 100, func(ctx context.Context, c *amazon.Connector, order func() string) error { // each reads its order, at that rate
			_, err := c.Send(ctx, order(), channels.Parcel{Reference: "p-1", Carrier: "Royal Mail", Tracking: "RM1GB"})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim, _, c := hurried(t)
				took := channelstest.Hurry(t, 20, of.calls/20, func(ctx context.Context) error {
					return of.call(ctx, c, func() string { return bought(t, sim) })
				})
				least := time.Duration((float64(of.calls) - of.burst) / of.perSecond * float64(time.Second))
				if n := sim.Counts().RateLimited; n != 0 || took < least || took > least+least/4+time.Duration(of.burst/of.perSecond*float64(time.Second)) {
					t.Errorf("%d refusals, %d calls in %v, which the vendor would take in %v", n, of.calls, took, least)
				}
			})
		})
	}
}

// A 429 that names a time is not asked again before that time.
func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim, road, c := hurried(t)
		order := bought(t, sim)
		channelstest.RetryAfter(t, road, func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"errors":[{"code":"QuotaExceeded","message":"You exceeded your quota for the requested resource.","details":""}]}`))
		}, func(ctx context.Context) error {
			_, err := c.Orders(ctx, []string{order})
			return err
		})
		if n := sim.Counts().RateLimited; n != 0 {
			t.Errorf("%d more refusals", n)
		}
	})
}
