package listing_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

const (
	domain     = "hats.myshopify.com"
	seller     = "A3TH9S8BH6GOGM"
	key        = "otherkey"
	word       = "a-word-of-the-simulators"
	shopifyOn  = 9091 // ports
	amazonOn   = 9092
	inTheHouse = 100
)

// stand is one shop as its buyers and its seller have it, whatever the channel.
type stand struct {
	name   string
	listed func() (units int, err error)
	buy    func(units int) (order string, err error)
	cancel func(order string) error
	edit   func(quantity int) error
}

// notListed is a simulator's no to a buyer.
func notListed(err error) bool {
	return errors.Is(err, tiktoksim.ErrNotListed) || errors.Is(err, shopifysim.ErrNotListed) || errors.Is(err, amazonsim.ErrNotListed)
}

// add puts a vendor into the world and connects its one shop.
func (w world) add(channel string, port int, vendor http.Handler, run func(context.Context) error, given channels.Grant) {
	w.Join(w.ctx, port, vendor, run)
	at := "http://127.0.0.1:" + strconv.Itoa(port)
	app, err := w.Hub().Shops.AddApp(w.ctx, channels.App{Channel: channel, Key: key, Secrets: []string{word}, BaseURL: at, AuthURL: at})
	w.must(err)
	added, err := w.Hub().Shops.Authorize(w.ctx, app.ID, given, channel)
	w.must(err)
	w.must(w.Command(w.ctx, "push-quantities", map[string]any{"connection": added[0].ID, "on": true}))
}

func (w world) tiktok() stand {
	return stand{
		"TikTok Shop",
		func() (int, error) { s, err := w.Sim.Stock(bubble.Shop, hat); return s.Listed, err },
		func(units int) (string, error) {
			return w.Sim.PlaceOrder(bubble.Shop, tiktoksim.NewOrder{
				BuyerID: "b", BuyerName: "Ana", Address: "First Street", Lines: []tiktoksim.Line{{SKUID: hat, Quantity: units}},
			})
		},
		func(order string) error { return w.Sim.CancelOrder(bubble.Shop, order, "buyer_cancel") },
		func(quantity int) error { return w.Sim.SetQuantity(bubble.Shop, hat, quantity) },
	}
}

// shopify connects a shop whose orders only a poll finds, unless the hub has a public address.
func (w world) shopify() (stand, *shopifysim.Sim) {
	sim := shopifysim.New(shopifysim.Config{ClientID: key, ClientSecret: word, Seed: 2, Clock: time.Now, PointsPerSecond: 100, Look: time.Hour, Client: w.Client()})
	sim.AddShop(shopifysim.Shop{Domain: domain, Name: "Hats", Currency: "GBP"})
	_, variants, err := sim.AddProduct(domain, shopifysim.Product{Title: "Hat", Variants: []shopifysim.SKU{{SKU: "HAT", Price: "1.99"}}})
	w.must(err)
	places, err := sim.Locations(domain)
	w.must(err)
	w.add("shopify", shopifyOn, sim.Handler(), sim.Run, channels.Grant{"shop": domain})
	number := func(order string) int64 { id, _ := strconv.ParseInt(order, 10, 64); return id }
	return stand{
		"Shopify",
		func() (int, error) { l, err := sim.Stock(domain, variants[0]); return int(max(0, l.Available)), err },
		func(units int) (string, error) {
			id, err := sim.PlaceOrder(domain, shopifysim.NewOrder{
				Buyer: "Ana", Address: "First Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: variants[0], Quantity: int64(units)}},
			})
			return strconv.FormatInt(id, 10), err
		},
		func(order string) error { return sim.CancelOrder(domain, number(order), "CUSTOMER", true) },
		func(quantity int) error { return sim.SetQuantity(domain, variants[0], places[0], int64(quantity)) },
	}, sim
}

// amazon connects a store whose news come through a queue and whose list of orders may be read every three minutes.
func (w world) amazon() (stand, *amazonsim.Sim) {
	sim := amazonsim.New(amazonsim.Config{ClientID: key, ClientSecret: word, Seed: 3, Clock: time.Now, ApplyDelay: 20 * time.Second, Restock: true})
	refresh := sim.AddSeller(amazonsim.Seller{ID: seller, Name: "Hats"})
	_, err := sim.AddListing(seller, amazonsim.Listing{SKU: "HAT", Title: "Hat", Type: "HAT", Price: "1.99"})
	w.must(err)
	w.add("amazon", amazonOn, sim.Handler(), sim.Run, channels.Grant{
		"refresh-token": refresh, "seller-id": seller, "marketplace": "GB", "queue-url": sim.QueueURL("http://127.0.0.1:" + strconv.Itoa(amazonOn)),
		"aws-key-id": "AKIDSIM", "aws-secret": "sim-secret", "aws-region": "eu-west-1", "quantity-news": "yes",
	})
	return stand{
		"Amazon",
		func() (int, error) { s, err := sim.Stock(seller, "HAT"); return s.Listed, err },
		func(units int) (string, error) {
			return sim.PlaceOrder(seller, amazonsim.NewOrder{BuyerName: "Ana", Address: "First Street", City: "Leeds", PostalCode: "LS1 1AA", Lines: []amazonsim.Line{{SKU: "HAT", Quantity: units}}})
		},
		func(order string) error { return sim.CancelOrder(seller, order, "BuyerCanceled") },
		func(quantity int) error { return sim.SetQuantity(seller, "HAT", quantity) },
	}, sim
}

// TestNeverOversoldOverThreeChannels: one stock on TikTok Shop, which overwrites quantities, Shopify, which compares and swaps,
// and Amazon, whose writes come late and whose orders come through a queue; news are lost, calls fail and get no answer, buyers
// cancel, hands lower what is listed. Never is more sold or to be sold than there is, and in the end all of it is listed.
func TestNeverOversoldOverThreeChannels(t *testing.T) {
	seeds, length := uint64(3), 1200
	if raced {
		seeds, length = 1, 200
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			in(t, 60, tiktoksim.Config{ApplyDelay: 9 * time.Second, Restock: true, RequestsPerSecond: 5, RemorseHold: 12 * time.Hour}, func(w world) {
				rng := rand.New(rand.NewPCG(seed, 17))
				w.must(w.Command(w.ctx, "set-listing-policy", map[string]any{"policy": "escrow"}))
				w.push(true)
				store, shopify := w.shopify()
				seat, amazon := w.amazon()
				stands := []stand{w.tiktok(), store, seat}
				type order struct {
					at    stand
					units int
				}
				sold, bought := map[string]order{}, map[string]int{}
				promised := func() (units int) {
					for _, s := range stands {
						n, err := s.listed()
						w.must(err)
						units += n
					}
					for _, o := range sold {
						units += o.units
					}
					return units
				}
				steps := func(n int, step time.Duration, each func()) {
					for range n {
						w.sleep(step)
						each()
						if got := promised(); got > inTheHouse {
							known, _ := w.Hub().Listing.SKU("HAT")
							panic(fmt.Sprintf("%d units are sold or can be, there are %d: %+v", got, inTheHouse, known)) // ends the bubble
						}
					}
				}
				steps(60, 10*time.Second, func() {})
				w.Sim.SetFaults(tiktoksim.Faults{Lose: 0.3, AcceptedNotApplied: 0.1, API5xx: 0.1, APITimeoutAfter: 0.05})
				shopify.SetFaults(shopifysim.Faults{API5xx: 0.1, APITimeoutAfter: 0.05, APIGarbage: 0.05, SpoilKey: 0.05})
				amazon.SetFaults(amazonsim.Faults{Lose: 0.3, Duplicate: 0.2, AcceptedNotApplied: 0.1, API5xx: 0.1, APITimeoutAfter: 0.05})
				steps(length, time.Second, func() {
					at := stands[rng.IntN(len(stands))]
					switch rng.IntN(60) {
					case 0, 1, 2:
						units := 1 + rng.IntN(3)
						id, err := at.buy(units)
						if notListed(err) {
							return
						}
						w.must(err)
						sold[at.name+id] = order{at, units}
						bought[at.name]++
					case 3:
						for id, o := range sold {
							w.must(o.at.cancel(id[len(o.at.name):]))
							delete(sold, id)
							break
						}
					case 4:
						if n, err := at.listed(); err == nil && rng.IntN(3) == 0 {
							w.must(at.edit(n / 2))
						}
					}
				})
				w.Sim.SetFaults(tiktoksim.Faults{})
				shopify.SetFaults(shopifysim.Faults{})
				amazon.SetFaults(amazonsim.Faults{})
				steps(240, 30*time.Second, func() {})
				if got := promised(); got != inTheHouse {
					known, _ := w.Hub().Listing.SKU("HAT")
					t.Errorf("%d of %d units are sold or listed in the end: %+v", got, inTheHouse, known)
				}
				if !raced && len(bought) < len(stands) {
					t.Errorf("sales %v: a shop that sold nothing proves nothing", bought)
				}
				if n := amazon.Counts().RateLimited; n > 0 {
					t.Errorf("%d calls to Amazon beyond its quota", n)
				}
			})
		})
	}
}
