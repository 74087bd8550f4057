// Package bundles sells hats, mugs and sets of them on several shops at once, from one stock.
package bundles

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/domain/audit"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

const (
	domain    = "hats.myshopify.com"
	seller    = "A3TH9S8BH6GOGM"
	key       = "otherkey"
	word      = "a-word-of-the-simulators"
	shopifyOn = 9091 // ports
	amazonOn  = 9092
	hold      = 48 * time.Hour // nothing is sent meanwhile, so that all that was sold is still there
)

// made are the SKUs that are sold, and what one of each takes of the stock.
var made = map[string]map[string]int{
	"HAT": {"HAT": 1}, "MUG": {"MUG": 1}, "SET": {"HAT": 1, "MUG": 2}, "PAIR": {"HAT": 2},
}

// stand is where one SKU is sold.
type stand struct {
	shop, sku string
	listed    func() (units int, err error)
	buy       func(units int) (order string, err error)
	cancel    func(order string) error
	edit      func(quantity int) error // by the seller's own hand; nil = cannot be
}

// errNone is a simulator's no to a buyer.
var errNone = errors.New("not listed")

func sold(order string, err error) (string, error) {
	if errors.Is(err, tiktoksim.ErrNotListed) || errors.Is(err, shopifysim.ErrNotListed) || errors.Is(err, amazonsim.ErrNotListed) {
		err = errNone
	}
	return order, err
}

// world is a hub, its shops and what was really sold.
type world struct {
	*bubble.World
	ctx    context.Context
	stands []stand
	house  map[string]int // units that ever were in it
	orders map[string]order
	bought map[string]int // orders by shop and SKU
	faults []func(on bool)
}

type order struct {
	at    stand
	units int
}

func (w *world) must(err error) {
	if err != nil {
		panic(err) // ends the bubble
	}
}

// left is what is there of each SKU in the house less what was sold and what still can be.
func (w *world) left() map[string]int {
	left := maps.Clone(w.house)
	take := func(sku string, units int) {
		for component, n := range made[sku] {
			left[component] -= n * units
		}
	}
	for _, s := range w.stands {
		n, err := s.listed()
		w.must(err)
		take(s.sku, n)
	}
	for _, o := range w.orders {
		take(o.at.sku, o.units)
	}
	return left
}

// steps lets time go by, and looks after each step whether more is promised than there is.
func (w *world) steps(n int, step time.Duration, each func()) {
	for range n {
		w.must(bubble.Sleep(w.ctx, step))
		each()
		for sku, units := range w.left() {
			if units < 0 {
				panic(fmt.Sprintf("of %s %d units more are sold or can be than there are", sku, -units))
			}
		}
	}
}

func (w *world) command(name string, body map[string]any) { w.must(w.Command(w.ctx, name, body)) }

// in tells a story in a world of 60 hats and 80 mugs, which nobody lists yet.
func in(t *testing.T, story func(w *world)) {
	t.Helper()
	dir := t.TempDir()
	err := bubble.Run(5*time.Minute, func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		b, err := bubble.Open(ctx, bubble.Options{
			Dir: dir, Seed: 1, Poll: time.Minute, Log: slog.New(slog.DiscardHandler),
			Market: tiktoksim.Config{ApplyDelay: 9 * time.Second, Restock: true, RequestsPerSecond: 5, RemorseHold: hold},
			SKUs:   []bubble.SKU{{Name: "HAT", Listing: "17290001"}, {Name: "MUG", Listing: "17290002"}, {Name: "SET", Listing: "17290003"}},
		})
		if err != nil {
			return err
		}
		defer func() { _ = b.Close() }()
		w := &world{World: b, ctx: ctx, house: map[string]int{"HAT": 60, "MUG": 80}, orders: map[string]order{}, bought: map[string]int{}}
		for sku, units := range w.house {
			w.must(b.Receive(ctx, sku, int64(units)))
		}
		w.tiktok()
		story(w)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) tiktok() {
	for sku, listing := range map[string]string{"HAT": "17290001", "MUG": "17290002", "SET": "17290003"} {
		w.stands = append(w.stands, stand{
			"TikTok Shop", sku,
			func() (int, error) { s, err := w.Sim.Stock(bubble.Shop, listing); return s.Listed, err },
			func(units int) (string, error) {
				return sold(w.Sim.PlaceOrder(bubble.Shop, tiktoksim.NewOrder{
					BuyerID: "b", BuyerName: "Ana", Address: "First Street", Lines: []tiktoksim.Line{{SKUID: listing, Quantity: units}},
				}))
			},
			func(order string) error { return w.Sim.CancelOrder(bubble.Shop, order, "buyer_cancel") },
			func(quantity int) error { return w.Sim.SetQuantity(bubble.Shop, listing, quantity) },
		})
	}
	w.faults = append(w.faults, func(on bool) {
		f := tiktoksim.Faults{}
		if on {
			f = tiktoksim.Faults{Lose: 0.3, AcceptedNotApplied: 0.1, API5xx: 0.1, APITimeoutAfter: 0.05}
		}
		w.Sim.SetFaults(f)
	})
}

// join puts a vendor into the world and connects its shop.
func (w *world) join(channel string, port int, vendor http.Handler, run func(context.Context) error, given channels.Grant) (connection string) {
	w.Join(w.ctx, port, vendor, run)
	at := "http://127.0.0.1:" + strconv.Itoa(port)
	app, err := w.Hub().Shops.AddApp(w.ctx, channels.App{Channel: channel, Key: key, Secrets: []string{word}, BaseURL: at, AuthURL: at})
	w.must(err)
	added, err := w.Hub().Shops.Authorize(w.ctx, app.ID, given, channel)
	w.must(err)
	return added[0].ID
}

func (w *world) shopify(skus ...string) (connection string) {
	sim := shopifysim.New(shopifysim.Config{ClientID: key, ClientSecret: word, Seed: 2, Clock: time.Now, PointsPerSecond: 100, Look: time.Hour})
	sim.AddShop(shopifysim.Shop{Domain: domain, Name: "Hats", Currency: "GBP"})
	places, err := sim.Locations(domain)
	w.must(err)
	for _, sku := range skus {
		_, variants, err := sim.AddProduct(domain, shopifysim.Product{Title: sku, Variants: []shopifysim.SKU{{SKU: sku, Price: "1.99"}}})
		w.must(err)
		w.stands = append(w.stands, stand{
			"Shopify", sku,
			func() (int, error) { l, err := sim.Stock(domain, variants[0]); return int(max(0, l.Available)), err },
			func(units int) (string, error) {
				id, err := sim.PlaceOrder(domain, shopifysim.NewOrder{
					Buyer: "Ana", Address: "First Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: variants[0], Quantity: int64(units)}},
				})
				return sold(strconv.FormatInt(id, 10), err)
			},
			func(order string) error {
				id, _ := strconv.ParseInt(order, 10, 64)
				return sim.CancelOrder(domain, id, "CUSTOMER", true)
			},
			func(quantity int) error { return sim.SetQuantity(domain, variants[0], places[0], int64(quantity)) },
		})
	}
	w.faults = append(w.faults, func(on bool) {
		f := shopifysim.Faults{}
		if on {
			f = shopifysim.Faults{API5xx: 0.1, APITimeoutAfter: 0.05, APIGarbage: 0.05, SpoilKey: 0.05}
		}
		sim.SetFaults(f)
	})
	return w.join("shopify", shopifyOn, sim.Handler(), sim.Run, channels.Grant{"shop": domain})
}

func (w *world) amazon(skus ...string) (connection string) {
	sim := amazonsim.New(amazonsim.Config{ClientID: key, ClientSecret: word, Seed: 3, Clock: time.Now, ApplyDelay: 20 * time.Second, Restock: true})
	refresh := sim.AddSeller(amazonsim.Seller{ID: seller, Name: "Hats"})
	for _, sku := range skus {
		_, err := sim.AddListing(seller, amazonsim.Listing{SKU: sku, Title: sku, Type: "HAT", Price: "1.99"})
		w.must(err)
		w.stands = append(w.stands, stand{
			"Amazon", sku,
			func() (int, error) { s, err := sim.Stock(seller, sku); return s.Listed, err },
			func(units int) (string, error) {
				return sold(sim.PlaceOrder(seller, amazonsim.NewOrder{
					BuyerName: "Ana", Address: "First Street", City: "Leeds", PostalCode: "LS1 1AA", Lines: []amazonsim.Line{{SKU: sku, Quantity: units}},
				}))
			},
			func(order string) error { return sim.CancelOrder(seller, order, "BuyerCanceled") },
			func(quantity int) error { return sim.SetQuantity(seller, sku, quantity) },
		})
	}
	w.faults = append(w.faults, func(on bool) {
		f := amazonsim.Faults{}
		if on {
			f = amazonsim.Faults{Lose: 0.3, Duplicate: 0.2, AcceptedNotApplied: 0.1, API5xx: 0.1, APITimeoutAfter: 0.05}
		}
		sim.SetFaults(f)
	})
	return w.join("amazon", amazonOn, sim.Handler(), sim.Run, channels.Grant{
		"refresh-token": refresh, "seller-id": seller, "marketplace": "GB", "queue-url": sim.QueueURL("http://127.0.0.1:" + strconv.Itoa(amazonOn)),
		"aws-key-id": "AKIDSIM", "aws-secret": "sim-secret", "aws-region": "eu-west-1",
	})
}

// counter connects direct sales, which take units at once or are refused.
func (w *world) counter() {
	app, err := w.Hub().Shops.AddApp(w.ctx, channels.App{Channel: "direct", Key: "market"})
	w.must(err)
	added, err := w.Hub().Shops.Authorize(w.ctx, app.ID, channels.Grant{}, "Market")
	w.must(err)
	number := 0
	for _, sku := range slices.Sorted(maps.Keys(made)) {
		w.stands = append(w.stands, stand{
			shop: "direct", sku: sku, listed: func() (int, error) {
				folded, err := w.Hub().Log.Fold(w.ctx, listings.Fold(workspace.Main, sku))
				if err != nil {
					return 0, err
				}
				return folded.Value.(listings.State).Counters[added[0].ID].Units, nil
			},
			buy: func(units int) (string, error) {
				number++
				id := "M-" + strconv.Itoa(number)
				err := w.Command(w.ctx, "place-order", map[string]any{
					"connection": added[0].ID, "number": id, "currency": "GBP", "pay": "elsewhere",
					"lines": []any{map[string]any{"sku": sku, "quantity": units, "price": 199}},
				})
				if err != nil {
					return "", errNone
				}
				return id, nil
			},
		})
	}
}

func (w *world) define() {
	for _, sku := range []string{"SET", "PAIR"} {
		var components []any
		for component, n := range made[sku] {
			components = append(components, map[string]any{"sku": component, "quantity": n})
		}
		w.command("define-bundle", map[string]any{"sku": sku, "components": components})
	}
}

// buy is a buyer who takes what is listed, if it is.
func (w *world) buy(s stand, units int) {
	id, err := s.buy(units)
	if errors.Is(err, errNone) {
		return
	}
	w.must(err)
	w.orders[s.shop+id] = order{s, units}
	w.bought[s.shop+" "+s.sku]++
}

// TestNeverOversold: hats, mugs, sets of a hat and two mugs and pairs of hats are sold on TikTok Shop, Shopify, Amazon and at the
// counter from one stock, while news are lost, calls fail and get no answer, buyers cancel, hands lower what is listed and the hub dies once. Of no SKU
// is ever more sold or to be sold than there is, whatever it is sold as; each is sold at each place; and the books add up.
func TestNeverOversold(t *testing.T) {
	seeds, length := uint64(4), 1500
	if testing.Short() {
		seeds, length = 1, 400
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			in(t, func(w *world) {
				w.define()
				w.command("push-quantities", map[string]any{"connection": w.Connection(), "on": true})
				for _, connection := range []string{w.shopify("HAT", "SET", "PAIR"), w.amazon("SET", "MUG")} {
					w.command("push-quantities", map[string]any{"connection": connection, "on": true})
				}
				w.counter()
				told, waits := false, false
				w.steps(90, 10*time.Second, func() {
					waits = w.waits()
					told = told || waits
				})
				if !told || waits {
					t.Errorf("that hats wait until all is known of what shares them: said %t, and still said %t", told, waits)
				}
				for _, s := range w.stands {
					if n, err := s.listed(); n == 0 || err != nil {
						t.Errorf("%s lists %d of %s, %v", s.shop, n, s.sku, err)
					}
				}
				for _, set := range w.faults {
					set(true)
				}
				rng := rand.New(rand.NewPCG(seed, 23))
				w.steps(length/2, time.Second, func() { w.trade(rng) })
				w.must(w.Crash())
				w.must(w.Start(w.ctx))
				w.steps(length/2, time.Second, func() { w.trade(rng) })
				for _, set := range w.faults {
					set(false)
				}
				w.steps(200, 30*time.Second, func() {}) // until nothing counts as sold lately any more
				w.judge(t)
				t.Logf("%v bought, left %v", w.bought, w.left())
			})
		})
	}
}

// waits says that the page of the hats says so: nothing more is listed of them until it is known what a bundle of them has listed.
func (w *world) waits() (waits bool) {
	var page struct{ Listings []struct{ Trouble string } }
	w.page("/api/v1/stock/HAT", &page)
	for _, l := range page.Listings {
		waits = waits || strings.Contains(l.Trouble, "which shares its stock")
	}
	return waits
}

// trade is what a second brings.
func (w *world) trade(rng *rand.Rand) {
	s := w.stands[rng.IntN(len(w.stands))]
	switch rng.IntN(60) {
	case 0, 1, 2, 3:
		w.buy(s, 1+rng.IntN(2))
	case 4:
		for _, id := range slices.Sorted(maps.Keys(w.orders)) {
			if o := w.orders[id]; o.at.cancel != nil && rng.IntN(4) == 0 {
				w.must(o.at.cancel(id[len(o.at.shop):]))
				delete(w.orders, id)
				break
			}
		}
	case 5:
		if n, err := s.listed(); s.edit != nil && err == nil && rng.IntN(3) == 0 {
			w.must(s.edit(n / 2))
		}
	case 6:
		if rng.IntN(5) == 0 {
			sku := []string{"HAT", "MUG"}[rng.IntN(2)]
			w.must(w.Receive(w.ctx, sku, 6))
			w.house[sku] += 6
		}
	}
}

// judge compares the hub's books with what happened.
func (w *world) judge(t *testing.T) {
	t.Helper()
	shops := map[string]bool{}
	for at, n := range w.bought {
		shops[at] = n > 0
	}
	if len(shops) < 6 {
		t.Errorf("bought %v, which proves little", w.bought)
	}
	for sku, units := range w.left() {
		if units > 0 {
			t.Errorf("of %s %d units are neither sold nor listed in the end", sku, units)
		}
	}
	books, err := audit.Log(w.ctx, w.Hub().Log, w.Hub().Views, func(context.Context, []string) ([]string, error) { return nil, nil })
	w.must(err)
	if books.Count > 0 || !books.Compared {
		t.Errorf("the books do not add up: %q", books.Findings)
	}
	want := map[string]int{}
	for _, o := range w.orders {
		for component, n := range made[o.at.sku] {
			want[component] += n * o.units
		}
	}
	for sku := range w.house {
		var page struct {
			Available int
		}
		w.page("/api/v1/stock/"+sku, &page)
		if page.Available != w.house[sku]-want[sku] {
			t.Errorf("of %s the hub has %+v; %d of %d are sold", sku, page, want[sku], w.house[sku])
		}
	}
}

func (w *world) page(path string, into any) {
	status, body := w.Page(path)
	if status != http.StatusOK {
		panic(fmt.Sprintf("%s: %d: %s", path, status, body))
	}
	w.must(json.Unmarshal(body, into))
}
