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
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
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

// Units that left are told also where a claim of their order cannot be taken in: the same news again would not tell them.
func TestLeftWithAClaimThatIsRefused(t *testing.T) {
	in := newIntake(t)
	price := money.Money{Minor: 100, Currency: "GBP"}
	o := channels.Order{
		ID: "1", Status: channels.StatusArranged, Vendor: "V", Updated: time.Unix(10, 0), Total: price, Lines: []channels.Line{{ListingID: "9", Quantity: 3, Price: price}},
		Claims: []channels.Claim{{Kind: channels.Cancellation, ID: "1", Order: "1", State: channels.ClaimPending}}, // without a time
	}
	for range 2 {
		if _, err := in.Observe(t.Context(), shop, o, "inbox:1"); !errors.Is(err, orders.ErrClaim) {
			t.Fatalf("the claim: %v", err)
		}
	}
	if left := in.TakeLeft("k7"); left["9"] != 3 {
		t.Errorf("left %v", left)
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
		got := map[string]channels.Destination{}
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

// An event says by a reference alone where an order goes: the same for one address however it is written, none while the channel
// tells only a part of it.
func TestWhereAnOrderGoesIsAReference(t *testing.T) {
	in := newIntake(t)
	var err error
	if in.vault, err = vault.Open(storagetest.New(t).Vault(), vault.Master{1}, vault.Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	price := money.Money{Minor: 100, Currency: "GBP"}
	goes := func(id, address, postal string, elsewhere bool) orderevents.Destination {
		t.Helper()
		o := channels.Order{
			ID: id, Status: channels.StatusReady, Vendor: "V", Updated: time.Unix(10, 0), Total: price, Buyer: "buyer " + id, BilledElsewhere: elsewhere,
			Recipient: &channels.Recipient{Name: id, Address: address, PostalCode: postal}, Lines: []channels.Line{{ListingID: "9", Quantity: 1, Price: price}},
		}
		if _, err := in.Observe(t.Context(), shop, o, "inbox:1"); err != nil {
			t.Fatal(err)
		}
		records, err := in.log.ReadStream(t.Context(), orderevents.Stream(in.workspace, orders.ID(shop.ID, id)), 0, 10)
		if err != nil || len(records) != 1 {
			t.Fatalf("order %s: %d records, %v", id, len(records), err)
		}
		if data, err := json.Marshal(records[0].Event); err != nil || strings.Contains(strings.ToLower(string(data)), "home") {
			t.Errorf("an event says where order %s goes: %s, %v", id, data, err)
		}
		return records[0].Event.(orderevents.Placed).Destination
	}
	home := goes("a", "1 Home Street,\nLeeds", "LS1 1AA", true)
	if home.Address == "" || !home.Mismatch {
		t.Errorf("got %+v, want a reference, billed elsewhere", home)
	}
	if again := goes("b", "1 HOME street Leeds", "ls11aa", false); again.Address != home.Address || again.Mismatch {
		t.Errorf("the same address written otherwise is %+v, want %s", again, home.Address)
	}
	if other := goes("c", "2 Home Street, Leeds", "LS1 1AA", false); other.Address == home.Address {
		t.Error("the neighbour's address has the same reference")
	}
	for id, hidden := range map[string]string{"d": "GB, Leeds, 1 H***", "e": "Home, Leeds", "f": ""} {
		if got := goes(id, hidden, "LS1", false); got.Address != "" {
			t.Errorf("%q has the reference %s, want none", hidden, got.Address)
		}
	}
}

// What is first met long after it left had left before anybody counted what the channel shows; a known order that leaves is news.
func TestOlderOrdersLeaveNothingBehind(t *testing.T) {
	in := newIntake(t)
	price := money.Money{Minor: 1999, Currency: "GBP"}
	order := func(id string, status channels.Status, at int64) channels.Page {
		return channels.Page{Orders: []channels.Order{{
			ID: id, Status: status, Vendor: string(status), Created: time.Unix(1_767_225_600, 0), Updated: time.Unix(at, 0), Total: price, Currency: "GBP",
			Lines: []channels.Line{{ListingID: "1", Code: "A", Quantity: 2, Price: price}},
		}}}
	}
	take := func(read func(context.Context, channels.Connection, channels.Page) (map[string]Result, error), page channels.Page) int64 {
		t.Helper()
		results, err := read(t.Context(), shop, page)
		if r := results[page.Orders[0].ID]; err != nil || r.Err != nil || r.Invalid != nil {
			t.Fatalf("%+v, %v", r, err)
		}
		return in.TakeLeft(shop.ID)["1"]
	}
	for _, test := range []struct {
		name string
		read func(context.Context, channels.Connection, channels.Page) (map[string]Result, error)
		page channels.Page
		want int64
	}{
		{"an older one that had left", in.Older, order("1", channels.StatusDelivered, 1_767_300_000), 0},
		{"a polled one that had left", in.Polled, order("2", channels.StatusDelivered, 1_767_300_000), 2},
		{"an older one that is open", in.Older, order("3", channels.StatusReady, 1_767_300_000), 0},
		{"it leaves", in.Older, order("3", channels.StatusTransit, 1_767_300_001), 2},
	} {
		if got := take(test.read, test.page); got != test.want {
			t.Errorf("%s: %d units left the channel's count, want %d", test.name, got, test.want)
		}
	}
}

// Of many orders that the seller's own carrier took long ago no channel ever tells more than that they were sent: they have left. The
// same word means the same later, also to an Intake that knows nothing by heart; of what polls meet first it means what it always did.
func TestOlderOrdersOfASellersOwnCarrierHaveLeft(t *testing.T) {
	in := newIntake(t)
	price := money.Money{Minor: 1999, Currency: "GBP"}
	page := func(id string, updated int64) channels.Page {
		return channels.Page{Orders: []channels.Order{{
			ID: id, Status: channels.StatusArranged, Vendor: "PAID/FULFILLED", Created: time.Unix(1_767_225_600, 0), Updated: time.Unix(updated, 0), Total: price, Currency: "GBP",
			SellerShips: true, Lines: []channels.Line{{ListingID: "1", Code: "A", Quantity: 2, Price: price}},
		}}}
	}
	status := func(id string) string {
		t.Helper()
		state, err := in.log.Fold(t.Context(), orders.Fold(in.workspace, orders.ID(shop.ID, id)))
		if err != nil {
			t.Fatal(err)
		}
		return state.Value.(orders.State).Status
	}
	take := func(read func(context.Context, channels.Connection, channels.Page) (map[string]Result, error), page channels.Page, want string) []string {
		t.Helper()
		results, err := read(t.Context(), shop, page)
		id := page.Orders[0].ID
		if r := results[id]; err != nil || r.Err != nil || r.Invalid != nil {
			t.Fatalf("%+v, %v", r, err)
		}
		if got := status(id); got != want {
			t.Errorf("order %s is %s, want %s", id, got, want)
		}
		return results[id].Taken.Events
	}
	take(in.Older, page("1", 1_767_300_000), orders.Transit)
	take(in.Polled, page("2", 1_767_300_000), orders.Arranged)
	in = New(in.log, in.vault, in.workspace)
	for _, later := range []int64{1_767_300_000, 1_767_300_009} {
		for _, again := range []func(context.Context, channels.Connection, channels.Page) (map[string]Result, error){in.Older, in.Polled} {
			if names := take(again, page("1", later), orders.Transit); len(names) != 0 {
				t.Errorf("the same again led to %v", names)
			}
		}
	}
	take(in.Older, page("2", 1_767_300_009), orders.Arranged)
}

// Where an old order went that is over, nobody needs to know: its address is not kept. That of an open one is.
func TestAddressesOfOlderOrdersThatAreOverAreNotKept(t *testing.T) {
	in := newIntake(t)
	var err error
	if in.vault, err = vault.Open(storagetest.New(t).Vault(), vault.Master{1}, vault.Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	price := money.Money{Minor: 1999, Currency: "GBP"}
	for status, kept := range map[channels.Status]bool{
		channels.StatusReady: true, channels.StatusOnHold: true, channels.StatusTransit: false, channels.StatusDelivered: false, channels.StatusCancelled: false,
	} {
		o := channels.Order{
			ID: string(status), Status: status, Vendor: "V", Created: time.Unix(1_767_225_600, 0), Updated: time.Unix(1_767_300_000, 0), Total: price, Currency: "GBP",
			Buyer: "buyer of " + string(status), Recipient: &channels.Recipient{Name: "Ana", Address: "1 High Street"}, Lines: []channels.Line{{ListingID: "1", Quantity: 2, Price: price}},
		}
		results, err := in.Older(t.Context(), shop, channels.Page{Orders: []channels.Order{o}})
		r := results[o.ID]
		if err != nil || r.Err != nil || r.Invalid != nil || r.Taken.Person == "" {
			t.Fatalf("%s: %+v, %v", status, r, err)
		}
		if _, err := in.vault.Person(t.Context(), r.Taken.Person); (err == nil) != kept || err != nil && !errors.Is(err, vault.ErrNotFound) {
			t.Errorf("the address of one that is %s: %v, want it kept: %v", status, err, kept)
		}
	}
}
