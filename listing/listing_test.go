package listing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/eventlog"
)

const (
	hat = "17290001"
	mug = "17290002"
)

// world is a hub, its shop and a clock that waits for nothing.
type world struct {
	*bubble.World
	t   *testing.T
	ctx context.Context
}

// in runs a story in a bubble: 100 hats are in the house, and the shop lists so many of them.
func in(t *testing.T, listed int, market tiktoksim.Config, story func(w world)) {
	t.Helper()
	at(t, listed, market, false, story)
}

// at is in; at a public address, all vendors send the hub their webhooks.
func at(t *testing.T, listed int, market tiktoksim.Config, public bool, story func(w world)) {
	t.Helper()
	dir, err := bubble.Folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	err = bubble.Run(2*time.Minute, func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		w, err := bubble.Open(ctx, bubble.Options{
			Dir: dir, Seed: 1, Poll: time.Minute, Log: log, Market: market, Public: public,
			SKUs: []bubble.SKU{{Name: "HAT", Listing: hat, Listed: listed}, {Name: "MUG", Listing: mug, Listed: 7}},
		})
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		if err := w.Receive(ctx, "HAT", 100); err != nil {
			return err
		}
		story(world{w, t, ctx})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w world) push(on bool) {
	w.must(w.Command(w.ctx, "push-quantities", map[string]any{"connection": w.Connection(), "on": on}))
}

func (w world) must(err error) {
	if err != nil {
		panic(err)
	}
}

func (w world) sleep(d time.Duration) { w.must(bubble.Sleep(w.ctx, d)) }

func (w world) listed(listing string) int {
	s, err := w.Sim.Stock(bubble.Shop, listing)
	w.must(err)
	return s.Listed
}

func (w world) lists(want int) {
	w.t.Helper()
	if got := w.listed(hat); got != want {
		known, _ := w.Hub().Listing.SKU("HAT")
		w.t.Errorf("the shop lists %d, want %d; %+v", got, want, known)
	}
}

// edit is a hand at the seller's own screen.
func (w world) edit(quantity int) { w.must(w.Sim.SetQuantity(bubble.Shop, hat, quantity)) }

func (w world) sell(units int) string {
	id, err := w.Place(tiktoksim.NewOrder{BuyerID: "b", BuyerName: "Ana", Address: "1 First Street", Lines: []tiktoksim.Line{{SKUID: hat, Quantity: units}}})
	w.must(err)
	return id
}

// told are the events of one type in the history of a SKU's listings.
func told[E eventlog.Event](w world) (found []E) {
	records, err := w.Hub().Log.ReadStream(w.ctx, events.Stream("main", "HAT"), 0, 1000)
	w.must(err)
	for _, r := range records {
		if e, ok := r.Event.(E); ok {
			found = append(found, e)
		}
	}
	return found
}

// changes is how many changes by hand the poll of a shop that is not written has told.
func (w world) changes() (n int) {
	records, err := w.Hub().Log.ReadStream(w.ctx, shopevents.Listing("main", w.Connection(), "HAT"), 0, 100)
	w.must(err)
	for _, r := range records {
		if _, ok := r.Event.(shopevents.InventoryChanged); ok {
			n++
		}
	}
	return n
}

// TestNothingIsWrittenUnasked: a shop that is connected keeps what it lists, until somebody switches it on, and again when
// it is switched off; a listing whose code means no SKU is never written.
func TestNothingIsWrittenUnasked(t *testing.T) {
	in(t, 40, tiktoksim.Config{}, func(w world) {
		w.sleep(time.Hour)
		if n := w.Sim.Counts().InventoryWrites; n != 0 {
			t.Errorf("%d writes to a shop that nobody switched on", n)
		}
		w.push(true)
		w.sleep(10 * time.Minute)
		w.lists(100)
		w.sleep(time.Hour)
		if n := w.changes(); n != 0 {
			t.Errorf("%d changes by hand told of a shop that only we wrote", n)
		}
		w.push(false)
		w.sleep(time.Hour)
		n := w.Sim.Counts().InventoryWrites
		w.edit(5)
		w.sleep(time.Hour)
		w.lists(5)
		if n := w.changes(); n != 1 {
			t.Errorf("%d changes by hand told of a shop that is not written, want the one", n)
		}
		if more := w.Sim.Counts().InventoryWrites; n != 2 || more != n || w.listed(mug) != 7 {
			t.Errorf("%d writes, want a 0 and 100; %d after it was switched off; %d mugs listed", n, more, w.listed(mug))
		}
	})
}

// TestHandEdits: what somebody changes at the shop is found at the next look, told, and written back, zero first; the hub's own
// writes are never taken for somebody's.
func TestHandEdits(t *testing.T) {
	for _, c := range []struct {
		name string
		by   int
	}{{"raised", 50}, {"lowered", -30}, {"lowered by one", -1}, {"emptied", -100}} {
		t.Run(c.name, func(t *testing.T) {
			in(t, 100, tiktoksim.Config{}, func(w world) {
				w.push(true)
				w.sleep(10 * time.Minute)
				if n := w.Sim.Counts().InventoryWrites; n != 0 {
					t.Errorf("%d writes where nothing differed", n)
				}
				w.edit(100 + c.by)
				w.sleep(75 * time.Second)
				if s := w.Hub().Listing.Shop(w.Connection()); s.Drift != 1 || s.Since.IsZero() {
					t.Errorf("drift %+v after a look", s)
				}
				w.sleep(4 * time.Minute)
				w.lists(100)
				w.sleep(20 * time.Minute)
				found, mended := told[events.Differed](w), told[events.Mended](w)
				want := fmt.Sprintf("The shop lists %d where sales and our writes leave 100: somebody changed it there. It should list 100, which is written back.", 100+c.by)
				if len(found) != 1 || found[0].Found != 100+c.by || found[0].Due != 100 || found[0].Share != 100 || found[0].Sentence != want {
					t.Errorf("told %+v", found)
				}
				if len(mended) != 1 || mended[0].Quantity != 100 || mended[0].Found != 100+c.by {
					t.Errorf("told mended %+v", mended)
				}
				if s := w.Hub().Listing.Shop(w.Connection()); s.Drift != 0 || !s.Since.IsZero() || !s.Pushing {
					t.Errorf("drift %+v at the end", s)
				}
				if n := w.Sim.Counts().InventoryWrites; n > 2 {
					t.Errorf("%d writes, want at most a 0 and the share", n)
				}
			})
		})
	}
}

// page reads a page of the API.
func (w world) page(path string, into any) {
	status, body := w.Page(path)
	if status != http.StatusOK {
		panic(fmt.Sprintf("%s: %d: %s", path, status, body))
	}
	w.must(json.Unmarshal(body, into))
}

// TestShown: the SKU's page and the list of shops say what is listed, what is known of it and what differs.
func TestShown(t *testing.T) {
	type listing struct {
		Name                           string `json:"connection_name"`
		Listing, Code, Policy, Trouble string
		Pushing                        bool
		Quantity, Exposure             *int
		Confirmed                      *string `json:"confirmed_at"`
		Differs                        *string `json:"differs_since"`
	}
	var sku struct {
		Available int
		Listings  []listing
		Survives  string
	}
	var shops struct {
		Items []struct {
			Pushing bool
			Drift   int
			Since   *string `json:"drift_since"`
			Found   int     `json:"drift_found"`
		}
	}
	in(t, 40, tiktoksim.Config{}, func(w world) {
		w.sleep(time.Second)
		w.page("/api/v1/stock/HAT", &sku)
		w.page("/api/v1/connections", &shops)
		if len(sku.Listings) != 0 || sku.Survives != "" || shops.Items[0].Pushing {
			t.Errorf("before it is switched on: %+v, %+v", sku, shops)
		}
		w.push(true)
		w.must(w.Command(w.ctx, "set-listing-policy", map[string]any{"sku": "HAT", "policy": "escrow"}))
		w.sleep(10 * time.Minute)
		w.sell(3)
		w.sleep(2 * time.Minute)
		w.page("/api/v1/stock/HAT", &sku)
		l := listing{}
		if len(sku.Listings) == 1 {
			l = sku.Listings[0]
		}
		if sku.Available != 97 || l.Name != "Drill shop" || l.Listing != hat || l.Code != "HAT" || l.Policy != "escrow" || !l.Pushing ||
			l.Quantity == nil || *l.Quantity != 97 || l.Exposure == nil || *l.Exposure != 97 || l.Confirmed == nil || l.Differs != nil || l.Trouble != "" ||
			sku.Survives != "What is listed is there for each shop alone, so it survives any outage of ours." {
			t.Errorf("shown %+v", sku)
		}
		w.edit(60)
		w.sleep(75 * time.Second)
		w.page("/api/v1/stock/HAT", &sku)
		w.page("/api/v1/connections", &shops)
		if s := shops.Items[0]; sku.Listings[0].Differs == nil || !s.Pushing || s.Drift != 1 || s.Since == nil || s.Found != 1 {
			t.Errorf("after an edit by hand: %+v, %+v", sku.Listings, s)
		}
	})
}

// TestRefusals: what cannot be is refused, with what to do about it.
func TestRefusals(t *testing.T) {
	in(t, 40, tiktoksim.Config{}, func(w world) {
		for _, c := range []struct {
			command string
			body    map[string]any
			want    string
		}{
			{"push-quantities", map[string]any{"connection": "nobody", "on": true}, "409: .*no such connection"},
			{"set-listing-policy", map[string]any{"sku": "CAP", "policy": "escrow"}, "409: .*no such SKU"},
			{"set-listing-policy", map[string]any{"sku": "HAT", "connection": "nobody", "policy": "escrow"}, "409: .*no such connection"},
			{"set-listing-policy", map[string]any{"sku": "HAT", "policy": "escrow", "buffer": 5}, "409: .*name the connection"},
		} {
			err := w.Command(w.ctx, c.command, c.body)
			if err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("%s %v: %v, want %s", c.command, c.body, err, c.want)
			}
		}
	})
}

// TestRefusedWrites: a shop that takes no 0 keeps what it lists, which is told; it is asked ever less often.
func TestRefusedWrites(t *testing.T) {
	in(t, 40, tiktoksim.Config{RefuseZero: true}, func(w world) {
		w.push(true)
		w.sleep(6 * time.Hour)
		w.lists(40)
		known, _ := w.Hub().Listing.SKU("HAT")
		if len(known.Listings) != 1 || !strings.Contains(known.Listings[0].Trouble, "range 1 to 99999") {
			t.Errorf("told %+v", known.Listings)
		}
		if n := w.Sim.Counts().InventoryRefused; n < 5 || n > 20 {
			t.Errorf("asked %d times in six hours", n)
		}
	})
}

// TestAway: a shop that does not answer is left alone, which is told, and the log is not filled; once it answers, all is listed.
func TestAway(t *testing.T) {
	in(t, 40, tiktoksim.Config{}, func(w world) {
		w.push(true)
		w.Sim.SetFaults(tiktoksim.Faults{API5xx: 1})
		w.sleep(time.Hour)
		w.lists(40)
		if s := w.Hub().Listing.Shop(w.Connection()); !strings.Contains(s.Trouble, "cannot be read or written just now") {
			t.Errorf("told %+v of a shop that does not answer", s)
		}
		if sent := told[events.Sent](w); len(sent) > 3 {
			t.Errorf("%d writes to a shop that does not answer", len(sent))
		}
		w.Sim.SetFaults(tiktoksim.Faults{})
		w.sleep(15 * time.Minute)
		w.lists(100)
		if s := w.Hub().Listing.Shop(w.Connection()); s.Trouble != "" {
			t.Errorf("still told %+v", s)
		}
	})
}

// TestDriftOutlivesARestart: what was found and not mended is still known.
func TestDriftOutlivesARestart(t *testing.T) {
	in(t, 100, tiktoksim.Config{}, func(w world) {
		w.push(true)
		w.sleep(10 * time.Minute)
		w.edit(60)
		for len(told[events.Differed](w)) == 0 {
			w.sleep(time.Second)
		}
		w.must(w.Crash())
		w.sleep(10 * time.Second)
		w.must(w.Start(w.ctx))
		w.sleep(time.Second)
		if s := w.Hub().Listing.Shop(w.Connection()); s.Drift != 1 {
			t.Errorf("drift %+v after the restart", s)
		}
		w.sleep(20 * time.Minute)
		w.lists(100)
		if n, s := len(told[events.Mended](w)), w.Hub().Listing.Shop(w.Connection()); n != 1 || s.Drift != 0 {
			t.Errorf("%d times mended, drift %+v", n, s)
		}
		if n := len(told[events.Differed](w)); n != 1 {
			t.Errorf("%d edits told, want the one", n)
		}
	})
}
