package shopify_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/shopify"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
)

// hurried is a connector in virtual time, at a simulated shop with the points of Shopify's plan for most: 100 a second, 2,000 at once.
func hurried(t *testing.T) (sim *shopifysim.Sim, road *channelstest.Road, c *shopify.Connector, product, listing string) {
	t.Helper()
	sim = shopifysim.New(shopifysim.Config{ClientID: "cfclient01", ClientSecret: secret, Clock: time.Now, Seed: 1, PointsPerSecond: 100, Bucket: 2000, Scopes: scopes})
	road = &channelstest.Road{To: sim.Handler()}
	sim.AddShop(shopifysim.Shop{Domain: shop, Name: "Test Shop"})
	id, variants, err := sim.AddProduct(shop, shopifysim.Product{Title: "Mug", Variants: []shopifysim.SKU{{SKU: "MUG", Price: "5.00", Quantity: 1000}}})
	if err != nil {
		t.Fatal(err)
	}
	pair := sim.Tokens(shop)
	o := channels.Opening{
		App:        channels.App{ID: "app1", Channel: "shopify", Key: "cfclient01", Secrets: []string{secret}, BaseURL: "http://shopify.test"},
		Connection: channels.Connection{ID: "c1", App: "app1", Channel: "shopify", ShopID: shop}, Client: &http.Client{Transport: road}, Clock: time.Now, Timeout: 2 * time.Second,
	}
	o.Tokens = shopify.Vendor.Keeper(o, &drawer{token: channels.Token{
		Access: pair.AccessToken, AccessExpires: pair.AccessExpires, Refresh: pair.RefreshToken, RefreshExpires: pair.RefreshExpires,
	}})
	return sim, road, shopify.New(o), strconv.FormatInt(id, 10), strconv.FormatInt(variants[0], 10)
}

// bought is an order of one mug.
func bought(t *testing.T, sim *shopifysim.Sim, listing string) string {
	t.Helper()
	id, err := sim.PlaceOrder(shop, shopifysim.NewOrder{
		Buyer: "Ana", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: number(t, listing), Quantity: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return strconv.FormatInt(id, 10)
}

// At full speed, many callers of calls that cost differently, Shopify refuses nothing for want of points, and most of what it gives is
// spent.
func TestFullSpeedWithoutARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim, _, c, product, listing := hurried(t)
		var orders []string
		for range 50 {
			orders = append(orders, bought(t, sim, listing))
		}
		turn := make(chan int, 1)
		turn <- 0
		took := channelstest.Hurry(t, 40, 15, func(ctx context.Context) (err error) {
			n := <-turn
			turn <- n + 1
			switch n % 4 {
			case 0:
				if err = c.SetQuantity(ctx, product, listing, int64(n%9)); channels.ClassOf(err) == channels.Stale {
					err = nil // somebody else here was quicker; it cost the points all the same
				}
			case 1:
				_, err = c.Quantities(ctx, []string{listing})
			default:
				_, err = c.Orders(ctx, orders[n%40:n%40+1+n%10])
			}
			return err
		})
		n := sim.Counts()
		given := 2000 + 100*took.Seconds()
		if n.Throttled != 0 || float64(n.Points) > given || float64(n.Points) < 0.7*given {
			t.Errorf("%d refusals; %d of %.0f points spent in %v", n.Throttled, n.Points, given, took)
		}
	})
}

// A 429 that names a time and not the points is not asked again before that time.
func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim, road, c, _, listing := hurried(t)
		order := bought(t, sim, listing)
		channelstest.RetryAfter(t, road, func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}`))
		}, func(ctx context.Context) error {
			_, err := c.Orders(ctx, []string{order})
			return err
		})
		if n := sim.Counts().Throttled; n != 0 {
			t.Errorf("%d more refusals", n)
		}
	})
}
