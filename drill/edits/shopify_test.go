package edits

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	listingevents "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

const (
	editedShop  = "edits.myshopify.com"
	shopifyPort = 9091
	shopifyKey  = "editskey"
	shopifyWord = "a-word-of-the-simulator"
)

// TestEditsAtShopify: the cell quantity/operator-channel at a shop that tells of a quantity which somebody changed: the ledger goes down
// by ten while a hand at the shop takes units off, or adds some. It prints how long the shop listed something else than it should,
// which is less than until the next look at all.
func TestEditsAtShopify(t *testing.T) {
	for name, by := range map[string]int64{"lowered": -40, "raised": 50} {
		t.Run(name, func(t *testing.T) {
			ways := editWays
			if testing.Short() {
				ways = ways[2:]
			}
			for _, way := range ways {
				t.Run(way, func(t *testing.T) { editAtShopify(t, way, by) })
			}
		})
	}
}

func editAtShopify(t *testing.T, way string, by int64) {
	dir := t.TempDir()
	err := bubble.Run(2*time.Minute, func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		e := &edits{t: t, ctx: ctx, way: way, gap: editGap, timed: true}
		w, err := bubble.Open(ctx, bubble.Options{
			Dir: dir, Seed: 1, Poll: time.Minute, Public: true, Log: slog.New(slog.DiscardHandler), SKUs: []bubble.SKU{{Name: "HAT", Listing: editedHat}},
		})
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		e.World = w
		e.must(w.Receive(ctx, "HAT", 100))
		sim := shopifysim.New(shopifysim.Config{
			ClientID: shopifyKey, ClientSecret: shopifyWord, Seed: 2, Clock: time.Now, PointsPerSecond: 100, Look: time.Hour, Client: w.Client(),
		})
		sim.AddShop(shopifysim.Shop{Domain: editedShop, Name: "Hats", Currency: "GBP"})
		_, variants, err := sim.AddProduct(editedShop, shopifysim.Product{Title: "Hat", Variants: []shopifysim.SKU{{SKU: "HAT", Price: "1.99"}}})
		e.must(err)
		w.Join(ctx, shopifyPort, sim.Handler(), sim.Run)
		at := "http://127.0.0.1:" + strconv.Itoa(shopifyPort)
		app, err := w.Hub().Shops.AddApp(ctx, channels.App{Channel: "shopify", Key: shopifyKey, Secrets: []string{shopifyWord}, BaseURL: at, AuthURL: at})
		e.must(err)
		added, err := w.Hub().Shops.Authorize(ctx, app.ID, channels.Grant{"shop": editedShop}, "Hats")
		e.must(err)
		e.must(w.Command(ctx, "push-quantities", map[string]any{"connection": added[0].ID, "on": true}))
		e.sleep(5*time.Minute + 20*time.Second)
		e.from = w.Hub().Log.Head().Position

		lists := func() int64 {
			level, err := sim.Stock(editedShop, variants[0])
			e.must(err)
			return level.Available
		}
		if lists() != 100 {
			t.Fatalf("the shop lists %d before any edit", lists())
		}
		e.both(func() { e.must(e.Adjust(ctx, "HAT", -10)) }, func() {
			e.must(sim.SetQuantity(editedShop, variants[0], 0, lists()+by))
		})
		for lists() != 90 && time.Since(e.began) < 5*time.Minute {
			e.sleep(50 * time.Millisecond)
		}
		t.Logf("the shop lists what it should %s after the last edit", since(time.Now(), e.began))
		if took := time.Since(e.began); took > 15*time.Second {
			t.Errorf("it took %s: it was found by the look at all, not by the shop's news", took)
		}
		e.sleep(15 * time.Minute)
		writes := sim.Counts().QuantityWrites
		if n := lists(); n != 90 || len(writes) > 6 {
			t.Errorf("the shop lists %d, want 90; %d writes", n, len(writes))
		}
		if found := told[listingevents.Differed](e); len(found) == 0 && way != "at once" {
			t.Error("nobody is told of the edit by hand")
		}
		e.sleep(10 * time.Minute)
		if n := len(sim.Counts().QuantityWrites); n != len(writes) {
			t.Errorf("it goes on: %d writes in the last ten minutes", n-len(writes))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
