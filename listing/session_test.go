package listing

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/events"
	listingevents "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/listing/ledger"
	"github.com/creatorflow/creatorflow/listing/writes"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

// silent is a shop that lists one thing and tells no quantity of it; no simulator has a way to be so.
type silent struct {
	channels.Connector
	lists, writes int
}

// one is a registry with that shop.
type one struct{ *silent }

func (o one) Connector(string) (channels.Connector, bool) { return o.silent, true }
func (one) Connections() []channels.Connection            { return []channels.Connection{{ID: "k1"}} }
func (one) Changed() <-chan struct{}                      { return nil }

func (s *silent) Quantities(context.Context, []string) ([]channels.Quantity, error) { return nil, nil }

func (s *silent) Listings(context.Context, string) (channels.ListingPage, error) {
	s.lists++
	return channels.ListingPage{Listings: []channels.Listing{{Quantity: channels.Quantity{ListingID: "L1", Code: "HAT"}}}}, nil
}

func (s *silent) Capabilities() channels.Capabilities {
	return channels.Capabilities{TakesOrders: true}
}

func (s *silent) SetQuantity(context.Context, string, string, int64) error {
	s.writes++
	return nil
}

// alone is a session at that shop of which nothing runs by itself.
func alone(t *testing.T) (s *session, market *silent, clock *time.Time) {
	t.Helper()
	market, now := &silent{}, time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	log, err := eventlog.Open(t.Context(), storagetest.New(t).Log(), eventlog.Options{Decode: events.Decode, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = log.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	r := New(Options{Log: log, Shops: one{market}, Workspace: "main", Clock: func() time.Time { return now }})
	h := &shop{id: "k1", reads: map[string]bool{}, writes: map[string]writes.Urgency{}, fetched: now}
	i := &item{connection: "k1", listing: "L1", code: "HAT", sku: "HAT"}
	s = &session{
		Room: r, ledger: &ledger.Ledger{}, shops: map[string]*shop{"k1": h}, items: map[string]*item{i.key(): i}, skus: map[string]*sku{"HAT": {name: "HAT"}}, touched: map[string]bool{},
		anew: map[string]bool{}, stale: map[string]bool{}, repairs: map[string]bool{}, waking: map[string]time.Time{}, back: make(chan func() error),
	}
	s.tell(s.skus["HAT"], exposure.Configured{Connection: i.key(), Settings: exposure.Settings{Ability: exposure.Ability{Method: exposure.Absolute}}})
	t.Cleanup(s.beside.Wait)
	return s, market, &now
}

// TestSilentListing: a listing of which the shop tells no quantity has the shop's list read again once, not with every look.
func TestSilentListing(t *testing.T) {
	s, _, clock := alone(t)
	h, anew := s.shops["k1"], 0
	for range 10 {
		*clock = clock.Add(time.Minute)
		h.reads[listings.Key("k1", "L1")] = true
		s.read(t.Context(), h)
		if err := (<-s.back)(); err != nil {
			t.Fatal(err)
		}
		if h.fetched.IsZero() {
			anew++
		}
		h.fetched = *clock
	}
	if anew != 1 {
		t.Errorf("the list is wanted anew %d times in ten looks, want once", anew)
	}
}

// TestLateWrite: a write that the log kept only after a while is not sent, for it would take effect when nobody counts on that any
// more, and the log says so.
func TestLateWrite(t *testing.T) {
	for _, c := range []struct {
		after  time.Duration
		answer string
		calls  int
	}{{writes.CallTime, writes.Accepted, 1}, {writes.CallTime + time.Second, writes.Refused, 0}} {
		s, market, clock := alone(t)
		sent := listingevents.Sent{SKU: "HAT", Connection: "k1", Listing: "L1", Number: 4, Write: string(exposure.Set), To: 10, Why: "test", At: *clock}
		*clock = clock.Add(c.after)
		answer, reason, err := s.writer().Put(t.Context(), sent, "P1", false)
		if err != nil || answer != c.answer || market.writes != c.calls || (c.calls == 0) != strings.Contains(reason, "was not sent") {
			t.Errorf("after %s: %s, %q, %v, %d writes", c.after, answer, reason, err, market.writes)
		}
		journal, err := s.journal(t.Context(), "HAT")
		if w := journal.Writes[listings.Key("k1", "L1")]; err != nil || w.Sent.Number != 4 || w.Answer != c.answer {
			t.Errorf("after %s the log tells %+v, %v", c.after, w, err)
		}
	}
}

// TestRepeatedWriteIsNotRefused: a write that went out before, and of which nobody knows what came, is not known to be unmade
// because its repetition never left.
func TestRepeatedWriteIsNotRefused(t *testing.T) {
	s, _, clock := alone(t)
	sent := listingevents.Sent{SKU: "HAT", Connection: "k1", Listing: "L1", Number: 4, Write: string(exposure.Swap), To: 10, Why: "test", At: *clock}
	*clock = clock.Add(writes.CallTime + time.Second)
	if answer, _, err := s.writer().Put(t.Context(), sent, "P1", true); answer != writes.Lost || err != nil {
		t.Errorf("got %s, %v, want that nobody knows", answer, err)
	}
	state := exposure.State{Connections: []exposure.Connection{{ID: "k1", Raise: &exposure.Put{Number: 4}}}}
	if !state.Repeats(exposure.Action{Connection: "k1", Number: 4}) || state.Repeats(exposure.Action{Connection: "k1", Number: 5}) {
		t.Error("which write is a repetition is not seen")
	}
}

// TestLogTroubleIsNotTheShops: a write that the log did not keep says nothing of the shop.
func TestLogTroubleIsNotTheShops(t *testing.T) {
	s, _, _ := alone(t)
	h := s.shops["k1"]
	s.came(h, s.skus["HAT"], listingevents.Sent{SKU: "HAT", Connection: "k1", Listing: "L1", Number: 1}, writes.Refused, "", eventlog.ErrFenced)
	if h.trouble != "" || !h.away.Until.IsZero() {
		t.Errorf("the shop is left alone until %s: %q", h.away.Until, h.trouble)
	}
}

// TestPauseThatWasAskedForStands: one that the shop asked for is not cut short by what failed beside it and asked for none.
func TestPauseThatWasAskedForStands(t *testing.T) {
	s, _, clock := alone(t)
	h := s.shops["k1"]
	s.answered(h, &channels.Failure{Class: channels.Throttled, Call: "write quantities", Message: "too many requests", RetryAfter: time.Minute}, false)
	s.answered(h, &channels.Failure{Class: channels.Unsure, Call: "write quantities", Message: "no answer"}, false)
	if got := h.away.Until.Sub(*clock); got != time.Minute {
		t.Errorf("the shop is left alone for %s, and asked for a minute", got)
	}
}

// TestOneCallOfManyWritesFailsOnce: writes that left together and were not answered keep the shop alone no longer than one does.
func TestOneCallOfManyWritesFailsOnce(t *testing.T) {
	s, _, clock := alone(t)
	h, gone := s.shops["k1"], &channels.Failure{Class: channels.Unsure, Call: "write quantities", Message: "no answer"}
	for n, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		for range 100 {
			s.answered(h, gone, false)
		}
		if got := h.away.Until.Sub(*clock); got != want {
			t.Errorf("after %d calls that failed the shop is left alone for %s, want %s", n+1, got, want)
		}
		*clock = h.away.Until
	}
}

// mall is a registry of shops that differ in what they can do.
type mall map[string]channels.Capabilities

type able struct {
	channels.Connector
	can channels.Capabilities
}

func (a able) Capabilities() channels.Capabilities { return a.can }

func (m mall) Connector(id string) (channels.Connector, bool) {
	can, ok := m[id]
	return able{can: can}, ok
}
func (mall) Connections() []channels.Connection { return nil }
func (mall) Changed() <-chan struct{}           { return nil }

// TestSlowListsCount: where a channel lets its orders be listed less often than the hub would, the hub hears that late of sales.
func TestSlowListsCount(t *testing.T) {
	slow := channels.Capabilities{TakesOrders: true, Write: channels.WriteAbsolute, AcceptsZero: true, PollEvery: 3 * time.Minute}
	s := &session{ledger: &ledger.Ledger{}, Room: New(Options{Shops: mall{"slow": slow, "quick": {TakesOrders: true}}, Look: time.Minute}), pushed: map[string]bool{}}
	for id, want := range map[string]time.Duration{"slow": 3 * time.Minute, "quick": time.Minute} {
		if got := s.settings(&sku{name: "HAT"}, &item{connection: id, listing: "L"}).Poll; got != want {
			t.Errorf("the orders of %s are listed every %s, want %s", id, got, want)
		}
	}
}

// TestCatalogueFollows: a catalogue shows the figure of the shop that was named, else of the first shop that the hub writes,
// else of the first that sells; where nobody sells a SKU it is not written at all.
func TestCatalogueFollows(t *testing.T) {
	sells := channels.Capabilities{TakesOrders: true, Write: channels.WriteAbsolute, AcceptsZero: true}
	shows := channels.Capabilities{Write: channels.WriteAbsolute, AcceptsZero: true, AtOnce: 500}
	for _, tt := range []struct {
		name   string
		at     []string // who lists the SKU
		pushed []string
		named  string
		want   exposure.Ability
		follow string
	}{
		{"one shop", []string{"a", "ig"}, []string{"ig"}, "", exposure.Ability{Method: exposure.Absolute, Catalogue: true}, "a/L"},
		{"the one that is written", []string{"a", "b", "c", "ig"}, []string{"b", "c", "ig"}, "", exposure.Ability{Method: exposure.Absolute, Catalogue: true}, "b/L"},
		{"the one that is named", []string{"a", "b", "ig"}, []string{"a", "ig"}, "b", exposure.Ability{Method: exposure.Absolute, Catalogue: true}, "b/L"},
		{"the one that is named does not sell it", []string{"a", "ig"}, []string{"a", "ig"}, "b", exposure.Ability{Method: exposure.Absolute, Catalogue: true}, ""},
		{"other catalogues do not sell", []string{"ig", "ig2"}, []string{"ig", "ig2"}, "", exposure.Ability{Method: exposure.ReadOnly, Catalogue: true}, ""},
		{"nobody switched it on", []string{"a", "ig"}, []string{"a"}, "", exposure.Ability{Method: exposure.ReadOnly, Catalogue: true}, "a/L"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &session{
				ledger: &ledger.Ledger{}, Room: New(Options{Shops: mall{"a": sells, "b": sells, "c": sells, "ig": shows, "ig2": shows}}), pushed: map[string]bool{},
				of: map[string]map[string]*item{"HAT": {}},
			}
			for _, id := range tt.at {
				i := &item{connection: id, listing: "L", sku: "HAT"}
				s.of["HAT"][i.key()] = i
			}
			for _, id := range tt.pushed {
				s.pushed[id] = true
			}
			k := &sku{name: "HAT"}
			if tt.named != "" {
				k.journal.Policies = map[string]listings.Policy{"ig": {Policy: exposure.Hybrid, Follows: tt.named}}
			}
			got := s.settings(k, s.of["HAT"]["ig/L"])
			if got.Method != tt.want.Method || got.Catalogue != tt.want.Catalogue || got.Follows != tt.follow {
				t.Errorf("got %+v, want %+v that follows %q", got, tt.want, tt.follow)
			}
			if shop := s.settings(k, &item{connection: "a", listing: "L"}); shop.Catalogue || shop.Follows != "" {
				t.Errorf("a shop that sells: %+v", shop)
			}
		})
	}
	s := &session{ledger: &ledger.Ledger{}, Room: New(Options{Shops: mall{"a": sells, "ig": shows}})}
	if got := s.together(&shop{id: "ig"}); got != 500 {
		t.Errorf("%d writes at once where they share calls", got)
	}
	if got := s.together(&shop{id: "a"}); got != atOnce {
		t.Errorf("%d writes at once", got)
	}
}
