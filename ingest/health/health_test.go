package health

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/events"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/memory"
)

func open(t *testing.T) (*Health, func() string) {
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
	h := New(Options{
		Log: log, Workspace: "main", Connection: "k7", Clock: time.Now, Chance: func() float64 { return 0.5 },
		Logger: slog.New(slog.DiscardHandler), Notify: func(string) {},
	})
	return h, func() string {
		records, err := log.ReadAll(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, r := range records {
			switch e := r.Event.(type) {
			case shopevents.Failing:
				if e.Mend == "" || e.Connection != "k7" {
					t.Errorf("said %+v", e)
				}
				said = append(said, "failing: "+e.Reason)
			case shopevents.Recovered:
				said = append(said, "recovered")
			}
		}
		return strings.Join(said, "; ")
	}
}

func failure(class channels.Class) error {
	return &channels.Failure{Class: class, Call: "read orders", Message: "no", Code: "1"}
}

// One thing that works does not hide another that does not, and the log is told of changes only.
func TestFailingAndRecovered(t *testing.T) {
	h, said := open(t)
	ctx := t.Context()
	h.Worked(ctx, "poll")
	for n := range 5 {
		h.Failed(ctx, "read orders", failure(channels.Retry))
		h.Worked(ctx, "poll")
		if told := said() != ""; told != (n >= 2) {
			t.Errorf("after %d failures: %q", n+1, said())
		}
	}
	const down = "failing: The channel does not answer when asked to read orders (no, code 1)."
	h.Worked(ctx, "read orders")
	h.Worked(ctx, "read orders")
	if got := said(); got != down+"; recovered" {
		t.Errorf("said %q", got)
	}
	h.Failed(ctx, "read orders", failure(channels.Auth))
	h.Failed(ctx, "read orders", failure(channels.Auth))
	h.Failed(ctx, "poll", errors.New("odd"))
	if got := said(); got != down+"; recovered; failing: The channel no longer lets us in (no, code 1)." {
		t.Errorf("said %q", got)
	}
	if err := h.Deauthorised(ctx, "The seller left."); err != nil {
		t.Fatal(err)
	}
	h.Worked(ctx, "read orders") // it lets us in after all
	if got := said(); !strings.HasSuffix(got, "failing: The seller left.; recovered") || h.Last().IsZero() {
		t.Errorf("said %q", got)
	}
}

func TestPauses(t *testing.T) {
	h, _ := open(t)
	for n, want := range []time.Duration{0, time.Second / 2, time.Second, 2 * time.Second, 4 * time.Second} {
		if n == 0 {
			continue
		}
		if got := h.Pause(n, failure(channels.Retry)); got != want {
			t.Errorf("after %d: %s, want %s", n, got, want)
		}
	}
	if got := h.Pause(1000, failure(channels.Retry)); got != ShopPause/2 {
		t.Errorf("after 1000: %s", got)
	}
	f := &channels.Failure{Class: channels.Throttled, RetryAfter: 20 * time.Second}
	if got := h.Pause(1, f); got != 20*time.Second {
		t.Errorf("asked to wait 20 s: %s", got)
	}
	f.RetryAfter = time.Hour
	if got := h.Pause(1, f); got != ShopPause {
		t.Errorf("asked to wait an hour: %s", got)
	}
	if first, second := h.Pause(1, failure(channels.Auth)), h.Pause(2, failure(channels.Auth)); first > time.Second || second != authPause {
		t.Errorf("sign in: %s, then %s", first, second)
	}
	if got := Backoff(func() float64 { return 0 }, 5, time.Hour); got != 0 {
		t.Errorf("full jitter begins at %s", got)
	}
}
