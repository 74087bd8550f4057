package realtime_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/realtime"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) {
	// The library lets a channel rest for a second before it leaves it; the goroutine then ends.
	goleak.VerifyTestMain(storagetest.With(m), goleak.IgnoreAnyFunction("github.com/centrifugal/centrifuge.(*Node).unsubscribeFromBrokerWhenEmpty.func1"))
}

// number is a row of the tests' only view.
type number struct {
	Name  string
	Value int64
}

var numbers = projection.Table[number]{
	Name: "numbers_v1", Key: 1, Columns: []string{"name text", "value bigint"},
	Fields: func(n *number) []any { return []any{&n.Name, &n.Value} },
}

// board is the projection of numbers; the tests write its rows by hand.
type board struct{}

func (board) Name() string     { return "board" }
func (board) Version() int     { return 1 }
func (board) Tables() []string { return []string{"numbers_v1"} }
func (board) Schema() []string { return []string{numbers.Create()} }
func (board) Apply(context.Context, projection.Tx, []eventlog.Record) ([]string, error) {
	return nil, nil
}

// shown is what every topic shows.
type shown struct {
	Position eventlog.Position `json:"position"`
	At       time.Time         `json:"at"`
	Value    int64             `json:"value"`
	Log      string            `json:"log,omitempty"` // of a clock frame
	Pad      string            `json:"pad,omitempty"`
}

// world is views, a Live on them and an HTTP server.
type world struct {
	*testing.T
	views   projection.Store
	options realtime.Options
	serving atomic.Pointer[realtime.Live]
	url     string

	mu       sync.Mutex
	position eventlog.Position
	reads    map[string]int                // by topic
	on       func(topic string) error      // called before each read
	allowed  func(user, topic string) bool //
	pad      string                        // makes every value larger
}

const logID = "0197f2a4-0000-7000-8000-000000000001"

func newWorld(t *testing.T, change ...func(*realtime.Options)) *world {
	t.Helper()
	views := storagetest.New(t).Views()
	if err := views.Create(t.Context(), board{}); err != nil {
		t.Fatal(err)
	}
	w := &world{
		T: t, views: views, reads: map[string]int{},
		on:      func(string) error { return nil },
		allowed: func(string, string) bool { return true },
	}
	w.options = realtime.Options{
		Views: views, LogID: logID, Tick: time.Millisecond, Idle: time.Hour, Late: time.Minute,
		Clock: func() time.Time { return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) },
		Authorize: func(_ context.Context, user, topic string) bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.allowed(user, topic)
		},
	}
	for _, pattern := range []string{"kpis", "stock/critical", "stock/{sku}", "orders/{id}"} {
		w.options.Topics = append(w.options.Topics, realtime.Topic{Pattern: pattern, Value: w.value(pattern)})
	}
	for _, c := range change {
		c(&w.options)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if user := r.Header.Get("X-User"); user != "" {
			ctx = realtime.WithUser(ctx, user, r.Header.Get("X-Session"))
		}
		w.serving.Load().Handler().ServeHTTP(rw, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	w.url = "ws" + strings.TrimPrefix(server.URL, "http")
	return w
}

// value reads a number by the topic's whole name.
func (w *world) value(pattern string) func(context.Context, projection.Reader, string) (any, error) {
	prefix, _, _ := strings.Cut(pattern, "{")
	return func(ctx context.Context, r projection.Reader, key string) (any, error) {
		name := prefix + key
		w.mu.Lock()
		w.reads[name]++
		on, pad := w.on, w.pad
		w.mu.Unlock()
		if err := on(name); err != nil {
			return nil, err
		}
		n, ok, err := numbers.Find(ctx, r, name)
		if err == nil && !ok {
			err = realtime.ErrNoTopic
		}
		return shown{Position: r.Position(), Value: n.Value, Pad: pad}, err
	}
}

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *world) readsOf(topic string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reads[topic]
}

// serve runs a Live until the returned stop, or the end of the test.
func (w *world) serve() (live *realtime.Live, stop func()) {
	w.Helper()
	live, err := realtime.New(w.options)
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- live.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			w.Errorf("Run returned %v, want the end of its context", err)
		}
	})
	w.Cleanup(stop)
	w.serving.Store(live)
	for status := 0; status != http.StatusBadRequest; { // until it is running: no upgrade was asked for
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+strings.TrimPrefix(w.url, "ws"), nil)
		if err != nil {
			w.Fatal(err)
		}
		request.Header.Set("X-User", "probe")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			w.Fatal(err)
		}
		_ = response.Body.Close()
		status = response.StatusCode
	}
	return live, stop
}

// commit sets all topics to the new position and returns it; the notice is for the caller to give.
func (w *world) commit(topics ...string) projection.Notice {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.position++
	err := w.views.Write(context.Background(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		rows := numbers.Edit(tx)
		for _, topic := range topics {
			if err := rows.Put(number{topic, int64(w.position)}); err != nil {
				return nil, err
			}
		}
		now[0].Position = w.position
		return now, rows.Save(context.Background())
	})
	if err != nil {
		w.Fatal(err)
	}
	return projection.Notice{Position: w.position, Topics: topics}
}
