package edits

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

// addedOrder is an order as its page shows it.
type addedOrder struct {
	Phase, Waiting string
	Flow           *struct{ Sentence string }
	Relisted       *struct {
		Ordered, Listed struct{ Units int64 }
		Letters         []struct{ ID, Sentence string }
	}
}

// added is a Shopify shop beside the TikTok Shop of the other tests, with the same hats, of which there are ten.
type added struct {
	*edits
	sim     *shopifysim.Sim
	variant int64
	shop    string
	bought  int // at both shops
}

func addedWorld(t *testing.T, story func(a *added)) {
	t.Helper()
	dir := t.TempDir()
	err := bubble.Run(2*time.Minute, func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		a := &added{edits: &edits{t: t, ctx: ctx, timed: true}}
		w, err := bubble.Open(ctx, bubble.Options{
			Dir: dir, Seed: 1, Poll: time.Minute, Public: true, Log: slog.New(slog.DiscardHandler), SKUs: []bubble.SKU{{Name: "HAT", Listing: editedHat}},
		})
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		a.World = w
		a.must(w.Receive(ctx, "HAT", 10))
		a.sim = shopifysim.New(shopifysim.Config{
			ClientID: shopifyKey, ClientSecret: shopifyWord, Seed: 2, Clock: time.Now, PointsPerSecond: 100, Look: time.Hour, Client: w.Client(),
		})
		a.sim.AddShop(shopifysim.Shop{Domain: editedShop, Name: "Hats", Currency: "GBP"})
		_, variants, err := a.sim.AddProduct(editedShop, shopifysim.Product{Title: "Hat", Variants: []shopifysim.SKU{{SKU: "HAT", Price: "1.99"}}})
		a.must(err)
		a.variant = variants[0]
		w.Join(ctx, shopifyPort, a.sim.Handler(), a.sim.Run)
		at := "http://127.0.0.1:" + strconv.Itoa(shopifyPort)
		app, err := w.Hub().Shops.AddApp(ctx, channels.App{Channel: "shopify", Key: shopifyKey, Secrets: []string{shopifyWord}, BaseURL: at, AuthURL: at})
		a.must(err)
		shops, err := w.Hub().Shops.Authorize(ctx, app.ID, channels.Grant{"shop": editedShop}, "Hats")
		a.must(err)
		a.shop = shops[0].ID
		for _, connection := range []string{w.Connection(), a.shop} {
			a.must(w.Command(ctx, "push-quantities", map[string]any{"connection": connection, "on": true}))
		}
		a.sleep(20 * time.Minute)
		story(a)
		a.sleep(time.Hour)
		var r drill.Report
		a.must(w.JudgeKept(ctx, &r))
		for _, broken := range r.Broken {
			t.Error(broken)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// lists is how many hats both shops have on sale.
func (a *added) lists() (tiktok, shopify int) {
	there, err := a.Sim.Stock(bubble.Shop, editedHat)
	a.must(err)
	level, err := a.sim.Stock(editedShop, a.variant)
	a.must(err)
	return there.Listed, int(level.Available)
}

// order is placed at Shopify.
func (a *added) order(units int64) (id int64) {
	id, err := a.sim.PlaceOrder(editedShop, shopifysim.NewOrder{
		Buyer: "Ana", Address: "1 First Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: a.variant, Quantity: units}},
	})
	a.must(err)
	a.bought += int(units)
	return id
}

// becomes has the seller edit an order to have so many, which the buyer pays for.
func (a *added) becomes(id, units int64) {
	a.sleep(2 * time.Second) // Shopify tells states apart by the second
	a.must(a.sim.EditOrder(editedShop, id, a.variant, units))
	a.sleep(2 * time.Second)
	a.must(a.sim.PayOrder(editedShop, id))
}

// buyOut has buyers take whatever either shop has on sale, for an hour.
func (a *added) buyOut() {
	for range 360 {
		tiktok, shopify := a.lists()
		if tiktok > 0 {
			if _, err := a.Place(tiktoksim.NewOrder{BuyerID: "b", BuyerName: "Ben", Address: "2 Second Street", Lines: []tiktoksim.Line{{SKUID: editedHat, Quantity: tiktok}}}); err == nil {
				a.bought += tiktok
			}
		}
		if shopify > 0 {
			a.order(int64(shopify))
		}
		a.sleep(10 * time.Second)
	}
}

func (a *added) shows(id int64) (o addedOrder) {
	a.read("/api/v1/orders/"+a.shop+":"+strconv.FormatInt(id, 10), &o)
	return o
}

// TestAddedAtShopify: a seller edits an order of one hat to three at Shopify, while buyers take whatever both shops list: no hat is sold
// twice, and three leave with the order.
func TestAddedAtShopify(t *testing.T) {
	addedWorld(t, func(a *added) {
		id := a.order(1)
		a.sleep(time.Minute)
		a.becomes(id, 3)
		a.bought += 2
		a.buyOut()
		if s := a.stock(); a.bought != 10 || s.Available != 0 || s.Reserved+s.Shipped != 10 {
			t.Errorf("%d of 10 hats were sold, %d are promised, %d available, %d left", a.bought, s.Reserved, s.Available, s.Shipped)
		}
		o := a.shows(id)
		if o.Waiting != fulfilment.WaitTracking || o.Relisted == nil || o.Relisted.Ordered.Units != 1 || o.Relisted.Listed.Units != 3 {
			t.Errorf("the order shows %+v", o)
		}
		a.must(a.Command(a.ctx, "ship-order", map[string]any{
			"order": a.shop + ":" + strconv.FormatInt(id, 10), "carrier": "Royal Mail", "tracking": "RM1GB",
			"items": []map[string]any{{"listing": strconv.FormatInt(a.variant, 10), "quantity": 3}},
		}))
		a.sleep(10 * time.Minute)
		if o := a.shows(id); o.Phase != "finished" {
			t.Errorf("the order is %+v", o)
		}
		if s := a.stock(); s.Shipped < 3 || s.OnHand != 10-s.Shipped || s.Reserved != s.OnHand {
			t.Errorf("of the hats %d left, %d are there, %d promised", s.Shipped, s.OnHand, s.Reserved)
		}
	})
}

// TestAddedBeyondTheStock: what an edit puts into an order and is not there is waited for, with a sentence, and the shops list nothing.
func TestAddedBeyondTheStock(t *testing.T) {
	addedWorld(t, func(a *added) {
		id := a.order(1)
		a.sleep(time.Minute)
		a.becomes(id, 12)
		a.sleep(20 * time.Minute)
		o := a.shows(id)
		if o.Waiting != fulfilment.WaitNoStock || !strings.Contains(o.Flow.Sentence, "HAT needs 12, 10 available") {
			t.Errorf("the order shows %+v: %+v", o, o.Flow)
		}
		if tiktok, shopify := a.lists(); tiktok > 0 || shopify > 0 {
			t.Errorf("%d and %d are on sale", tiktok, shopify)
		}
		a.must(a.Receive(a.ctx, "HAT", 2))
		a.must(a.Command(a.ctx, "retry-step", map[string]any{"flow": a.shop + ":" + strconv.FormatInt(id, 10)}))
		a.sleep(20 * time.Minute)
		if o, s := a.shows(id), a.stock(); o.Waiting != fulfilment.WaitTracking || s.Reserved != 12 || s.Available != 0 {
			t.Errorf("with two more it shows %+v, and %+v", o, s)
		}
	})
}

// TestAddedAfterItLeft: what is put into an order whose parcel has left is asked about in a letter, which its page shows.
func TestAddedAfterItLeft(t *testing.T) {
	addedWorld(t, func(a *added) {
		id := a.order(1)
		a.sleep(time.Minute)
		a.must(a.sim.FulfilByHand(editedShop, id, "Royal Mail", "RM1GB"))
		a.sleep(10 * time.Minute)
		a.becomes(id, 3)
		a.sleep(20 * time.Minute)
		o := a.shows(id)
		if o.Phase != "finished" || o.Relisted == nil || len(o.Relisted.Letters) != 1 || !strings.Contains(o.Relisted.Letters[0].Sentence, "put 2 × HAT into this order after it had left") {
			t.Fatalf("the order shows %+v: %+v", o, o.Relisted)
		}
		if s := a.stock(); s.Shipped != 1 || s.Reserved != 0 {
			t.Errorf("the stock is %+v", s)
		}
		a.must(a.Command(a.ctx, "discard-deadletter", map[string]any{"id": o.Relisted.Letters[0].ID, "reason": "done"}))
		a.sleep(time.Second)
		if o := a.shows(id); len(o.Relisted.Letters) != 0 {
			t.Errorf("it still asks %+v", o.Relisted.Letters)
		}
	})
}
