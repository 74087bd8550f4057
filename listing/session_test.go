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
	h := &shop{id: "k1", reads: map[string]bool{}, writes: map[string]urgency{}, fetched: now}
	i := &item{connection: "k1", listing: "L1", code: "HAT", sku: "HAT"}
	s = &session{
		Room: r, shops: map[string]*shop{"k1": h}, items: map[string]*item{i.key(): i}, skus: map[string]*sku{"HAT": {name: "HAT"}}, touched: map[string]bool{},
		anew: map[string]bool{}, stale: map[string]bool{}, waking: map[string]time.Time{}, back: make(chan func() error),
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
		writes int
	}{{callTime, answerAccepted, 1}, {callTime + time.Second, answerRefused, 0}} {
		s, market, clock := alone(t)
		sent := listingevents.Sent{SKU: "HAT", Connection: "k1", Listing: "L1", Number: 4, Write: string(exposure.Set), To: 10, Why: "test", At: *clock}
		*clock = clock.Add(c.after)
		answer, reason, err := s.put(t.Context(), sent, "P1")
		if err != nil || answer != c.answer || market.writes != c.writes || (c.writes == 0) != strings.Contains(reason, "was not sent") {
			t.Errorf("after %s: %s, %q, %v, %d writes", c.after, answer, reason, err, market.writes)
		}
		journal, err := s.journal(t.Context(), "HAT")
		if w := journal.Writes[listings.Key("k1", "L1")]; err != nil || w.Sent.Number != 4 || w.Answer != c.answer {
			t.Errorf("after %s the log tells %+v, %v", c.after, w, err)
		}
	}
}

// TestLogTroubleIsNotTheShops: a write that the log did not keep says nothing of the shop.
func TestLogTroubleIsNotTheShops(t *testing.T) {
	s, _, _ := alone(t)
	h := s.shops["k1"]
	s.came(h, s.skus["HAT"], listingevents.Sent{SKU: "HAT", Connection: "k1", Listing: "L1", Number: 1}, answerRefused, "", eventlog.ErrFenced)
	if h.trouble != "" || !h.away.IsZero() {
		t.Errorf("the shop is left alone until %s: %q", h.away, h.trouble)
	}
}
