package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/storage/memory"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

var shop = channels.Connection{ID: "k7", Channel: "tiktok"}

func newIntake(t *testing.T) *Intake {
	t.Helper()
	log, err := eventlog.Open(t.Context(), memory.NewLog(uuid.New()), eventlog.Options{Decode: events.Decode, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return New(log, nil, "main") // orders without a buyer need no vault
}

// moves is the vendor's chart of an order's states.
var moves = map[channels.Status][]channels.Status{
	channels.StatusUnpaid:    {channels.StatusOnHold, channels.StatusReady, channels.StatusCancelled},
	channels.StatusOnHold:    {channels.StatusReady, channels.StatusCancelled},
	channels.StatusReady:     {channels.StatusPartial, channels.StatusArranged, channels.StatusCancelled},
	channels.StatusPartial:   {channels.StatusArranged, channels.StatusCancelled},
	channels.StatusArranged:  {channels.StatusTransit, channels.StatusCancelled},
	channels.StatusTransit:   {channels.StatusDelivered, channels.StatusCancelled},
	channels.StatusDelivered: {channels.StatusCompleted},
}

// life draws what a channel shows of an order, one after the other; stamps are whole seconds and may be equal.
func life(t *rapid.T, id string) (truths []channels.Order) {
	price := money.Money{Minor: 1999, Currency: "GBP"}
	o := channels.Order{
		ID: id, Status: rapid.SampledFrom([]channels.Status{channels.StatusUnpaid, channels.StatusOnHold, channels.StatusReady}).Draw(t, "first"),
		Created: time.Unix(1_767_225_600, 0).UTC(), Updated: time.Unix(1_767_225_600, 0).UTC(),
		Lines: []channels.Line{{ListingID: "1", Code: "A", Quantity: 1, Price: price}}, Total: price, Currency: "GBP",
	}
	for {
		o.Vendor = "V-" + string(o.Status)
		if o.Status != channels.StatusUnpaid {
			o.Packages = []string{"p1"}
		}
		truths = append(truths, o)
		next := moves[o.Status]
		if len(next) == 0 || rapid.IntRange(0, 4).Draw(t, "ends") == 0 {
			return truths
		}
		o.Status = rapid.SampledFrom(next).Draw(t, "next")
		o.Updated = o.Updated.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "later")) * time.Second)
	}
}

// However often, late and disordered an order's news is delivered, it ends as it does in order.
func TestFinalStateDependsOnNoOrder(t *testing.T) {
	in := newIntake(t)
	serial := 0
	rapid.Check(t, func(rt *rapid.T) {
		serial++
		truths := life(rt, fmt.Sprintf("a%d", serial))
		deliveries := slices.Concat(truths, rapid.SliceOfN(rapid.SampledFrom(truths), 0, 6).Draw(rt, "repeats"))
		deliveries = rapid.Permutation(deliveries).Draw(rt, "deliveries")
		straight := final(rt, in, truths, "b")
		mixed := final(rt, in, deliveries, "a")
		if straight.Status != mixed.Status || !straight.Updated.Equal(mixed.Updated) {
			rt.Fatalf("ends as %s at %s, in order as %s at %s", mixed.Status, mixed.Updated, straight.Status, straight.Updated)
		}
		if straight.Status == orders.Cancelled {
			return // final: nothing else of it matters
		}
		if straight.Vendor != mixed.Vendor || straight.Paid != mixed.Paid || !slices.Equal(straight.Packages, mixed.Packages) {
			rt.Fatalf("ends as %+v, in order as %+v", mixed, straight)
		}
	})
}

// final delivers and folds; prefix keeps two deliveries of one life apart.
func final(t *rapid.T, in *Intake, deliveries []channels.Order, prefix string) orders.State {
	var id string
	for _, o := range deliveries {
		o.ID = prefix + o.ID
		id = o.ID
		if _, err := in.Observe(t.Context(), shop, o, "inbox:1"); err != nil {
			t.Fatal(err)
		}
		before := in.log.Head().Position
		taken, err := in.Observe(t.Context(), shop, o, "inbox:2")
		if err != nil || len(taken.Events) != 0 || in.log.Head().Position != before {
			t.Fatalf("the same at once again: %v, %v", taken.Events, err)
		}
	}
	folded, err := in.log.Fold(t.Context(), orders.Fold("main", "k7:"+id))
	if err != nil {
		t.Fatal(err)
	}
	return folded.Value.(orders.State)
}

func TestTakenTellsWhatItLedTo(t *testing.T) {
	in := newIntake(t)
	price := money.Money{Minor: 100, Currency: "GBP"}
	o := channels.Order{
		ID: "1", Status: channels.StatusReady, Vendor: "V", Updated: time.Unix(10, 0), Total: price,
		Lines: []channels.Line{{ListingID: "9", Code: " e\u0301 ", Quantity: 3, Price: price}, {ListingID: "8", Quantity: 1, Price: price}},
	}
	observe := func(status channels.Status, at int64) Taken {
		t.Helper()
		o.Status, o.Updated = status, time.Unix(at, 0)
		taken, err := in.Observe(t.Context(), shop, o, "inbox:1")
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	if got := observe(channels.StatusReady, 10); got.Left || len(got.Events) != 1 {
		t.Errorf("placed: %+v", got)
	}
	if got := observe(channels.StatusArranged, 12); !got.Left {
		t.Errorf("arranged: %+v", got)
	}
	if got := observe(channels.StatusOnHold, 11); !got.Replaced || got.Left {
		t.Errorf("late: %+v", got)
	}
	if got := observe(channels.StatusTransit, 13); got.Left {
		t.Errorf("in transit: %+v", got)
	}
	if left := in.TakeLeft("k7"); left["9"] != 3 || left["8"] != 1 || len(in.TakeLeft("k7")) != 0 {
		t.Errorf("left %v", left)
	}
	if code := Code(" e\u0301 ", "9"); code != "\u00e9" {
		t.Errorf("code %q", code)
	}
	if code := Code(" ", "8"); code != "8" {
		t.Errorf("code %q", code)
	}
}

// Two orders of one buyer go to two places, and what is late about either changes neither.
func TestEachOrderKeepsItsAddress(t *testing.T) {
	in := newIntake(t)
	var err error
	if in.vault, err = vault.Open(storagetest.New(t).Vault(), vault.Master{1}, vault.Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	price := money.Money{Minor: 100, Currency: "GBP"}
	var mu sync.Mutex
	var person string
	observe := func(id, address string, at int64) {
		t.Helper()
		taken, err := in.Observe(t.Context(), shop, channels.Order{
			ID: id, Status: channels.StatusReady, Vendor: "V", Updated: time.Unix(at, 0), Total: price, Buyer: "ana",
			Recipient: &channels.Recipient{Address: address}, Lines: []channels.Line{{ListingID: "9", Quantity: 1, Price: price}},
		}, "inbox:1")
		if err != nil {
			t.Error(err) // some of them in goroutines of their own
			return
		}
		mu.Lock()
		person = taken.Person
		mu.Unlock()
	}
	want := func(addresses map[string]string) {
		t.Helper()
		kept, err := in.vault.Person(t.Context(), person)
		got := map[string]address{}
		if err = errors.Join(err, json.Unmarshal(kept, &got)); err != nil || len(got) != len(addresses) {
			t.Fatalf("kept %s, %v", kept, err)
		}
		for id, address := range addresses {
			if got[id].Recipient.Address != address {
				t.Errorf("order %s goes to %q, want %q", id, got[id].Recipient.Address, address)
			}
		}
	}
	observe("a", "1 Home Street", 10)
	observe("b", "99 Gift Road", 11)
	observe("a", "0 Old Street", 9)
	want(map[string]string{"a": "1 Home Street", "b": "99 Gift Road"})
	observe("a", "2 New Street", 12)
	want(map[string]string{"a": "2 New Street", "b": "99 Gift Road"})
	var wg sync.WaitGroup
	for n := range int64(2 * maxAddresses) {
		wg.Go(func() { observe(fmt.Sprint(n), "Somewhere", 100+n) })
	}
	wg.Wait()
	kept, err := in.vault.Person(t.Context(), person)
	if err != nil || strings.Count(string(kept), "Somewhere") != maxAddresses {
		t.Errorf("%d addresses are kept, %v", strings.Count(string(kept), "Somewhere"), err)
	}
}
