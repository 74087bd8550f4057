// Package eventlogtest is the contract of log stores: Run runs the same tests on each engine,
// with a real log on top, and with two logs that append to one store.
package eventlogtest

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/ids"
	"github.com/creatorflow/creatorflow/eventlog/verify"
)

// Open makes an empty store for a test. Reopen closes it and opens what it left behind.
type Open func(t *testing.T) (store eventlog.Store, reopen func() eventlog.Store)

// Run runs the contract.
func Run(t *testing.T, open Open) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"records keep their envelope", testEnvelope},
		{"a wrong version conflicts and harms nobody else", testConflict},
		{"one stream twice", testSameStreamTwice},
		{"several streams, all or nothing", testMultiStream},
		{"the same ids again answer as at first", testRepeat},
		{"decisions see those before them", testExecute},
		{"a hot stream", testHotStream},
		{"command keys", testKeys},
		{"a key twice at once", testKeyInFlight},
		{"old keys are purged", testPurge},
		{"all keys and heads can be read", testReadKeys},
		{"a panic fails its own command", testPanic},
		{"waiting for news", testWait},
		{"old schemas and unknown names", testSchemas},
		{"all of it again after reopening", testReopen},
		{"verify", testVerify},
		{"two appenders, one hot stream", testTwoAppenders},
		{"two appenders, keys and folds", testTwoAppendersStale},
		{"two appenders, one always first", testAlone},
		{"paging", testPaging},
		{"against a model", testModel},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open) })
	}
}

// Clock is a clock for tests: it stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock at a fixed time.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)}
}

// Now is the time it shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move moves it.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Start opens a log on a store and runs it until the test ends or stop is called.
func Start(t testing.TB, store eventlog.Store, o eventlog.Options) (log *eventlog.Log, stop func()) {
	t.Helper()
	if o.Decode == nil {
		o.Decode = Decode
	}
	if o.Clock == nil {
		o.Clock = NewClock().Now
	}
	log, err := eventlog.Open(context.Background(), store, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return log, stop
}

func started(t *testing.T, open Open) (*eventlog.Log, eventlog.Store) {
	t.Helper()
	store, _ := open(t)
	log, _ := Start(t, store, eventlog.Options{})
	return log, store
}

func mustAppend(t testing.TB, log *eventlog.Log, writes ...eventlog.Write) eventlog.Appended {
	t.Helper()
	out, err := log.Append(context.Background(), writes...)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	return out
}

func mustExecute(t testing.TB, log *eventlog.Log, id string, n int) eventlog.Outcome {
	t.Helper()
	out, err := eventlog.Execute(context.Background(), log, stream(id), Counter(), n, eventlog.Meta{})
	if err != nil {
		t.Fatalf("add %d to %s: %v", n, id, err)
	}
	return out
}

func sum(t testing.TB, log *eventlog.Log, id string) (int, eventlog.Version) {
	t.Helper()
	state, err := log.Fold(context.Background(), Counter().Fold(stream(id)))
	if err != nil {
		t.Fatal(err)
	}
	return state.Value.(*tally).Sum, state.Version
}

func wantSum(t testing.TB, log *eventlog.Log, id string, want int, version eventlog.Version) {
	t.Helper()
	if got, v := sum(t, log, id); got != want || v != version {
		t.Errorf("%s holds %d at version %d, want %d at version %d", id, got, v, want, version)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// whole verifies the log and that it ends at a position.
func whole(t testing.TB, store eventlog.Store, position eventlog.Position) verify.Report {
	t.Helper()
	report, err := verify.Log(context.Background(), store, 0)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	if report.Position != position || report.Events != int(position) {
		t.Fatalf("verify: %d events up to position %d, want %d", report.Events, report.Position, position)
	}
	return report
}

// readAll reads the whole log in small pages.
func readAll(t testing.TB, log *eventlog.Log) (all []eventlog.Record) {
	t.Helper()
	for {
		page, err := log.ReadAll(context.Background(), eventlog.Position(len(all)), 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

var keySource = ids.New(NewClock().Now)

func newKey(caller, body string) *eventlog.Key {
	return &eventlog.Key{Caller: caller, ID: keySource.Next(), Hash: sha256.Sum256([]byte(body))}
}

func newIDs(n int) (out []uuid.UUID) {
	for range n {
		out = append(out, keySource.Next())
	}
	return out
}
