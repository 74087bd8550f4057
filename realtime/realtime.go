// Package realtime pushes what changed to open screens.
//
//	projection ─► Notice ─► Live: dirty topics ─► tick: one read transaction ─► values, then the clock
//
// A topic is a state: its value is read from the views, and the latest one wins. Notices only mark
// topics; a tick reads all marked ones that somebody watches at one position, sends each value
// that is another than before, and ends with a clock frame that carries the position. Whoever
// subscribes or comes back gets the newest value at once. The wire is centrifuge's JSON protocol;
// nothing outside of this package knows that.
package realtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Clock is the topic of the clock frames.
const Clock = "clock"

// ErrNoTopic is what a Topic's Value returns for a key that names nothing.
var ErrNoTopic = errors.New("realtime: there is no such topic")

// Topic is a state, or a family of states with a key.
type Topic struct {
	// Pattern is a name, e.g. "kpis", or ends in a key, e.g. "orders/{id}". The key is all that
	// follows, slashes included; a name goes before a pattern that fits it too.
	Pattern string
	// Value reads the newest value, which is sent as JSON. It must be quick: all topics of a tick
	// share one read transaction. ErrNoTopic refuses the key.
	Value func(ctx context.Context, r projection.Reader, key string) (any, error)
}

// Views is what values are read from; projection.Store is one.
type Views interface {
	Read(ctx context.Context, do func(r projection.Reader) error) error
}

// Options of a Live. Zero numbers mean the defaults that are given.
type Options struct {
	Views  Views
	Topics []Topic
	// Authorize says whether a user may watch a topic. The context is the connection's.
	Authorize func(ctx context.Context, user, topic string) bool
	// Origin says whether a request to connect comes from our own pages; nil compares the Origin
	// header with Host.
	Origin func(r *http.Request) bool
	LogID  string           // told with each clock frame; another one makes clients reload
	Clock  func() time.Time // for the clock frames
	Log    *slog.Logger

	Tick          time.Duration // at most one frame a topic in this time, 250 ms
	Idle          time.Duration // a clock frame at least this often, 10 s
	Late          time.Duration // a tick waits so long for the notice of a commit that it reads already, 1 s
	Clients       int           // open connections, 20,000; more are refused with 503
	Subscriptions int           // of one connection, 64
	QueueBytes    int           // unsent to one connection, 1 MiB; a slower one is cut off and comes back
}

// Live keeps clients' topics up to date. Its methods may be called from anywhere.
type Live struct {
	options  Options
	names    map[string]Topic
	families []family
	node     *centrifuge.Node
	handler  http.Handler
	counts   counts
	wake     chan struct{} // holds a token when a tick is due
	reading  watched       // how reading goes as a whole; the tick's alone

	mu      sync.Mutex
	running bool
	watched map[string]*watched // topics that have been sent to somebody
	dirty   map[string]eventlog.Position
	noticed eventlog.Position // of the newest notice
	news    chan struct{}     // closed and replaced when noticed rises
	shown   eventlog.Position // of the last clock frame
	forced  bool              // the next tick sends a clock frame in any case
}

// family is a topic with a key.
type family struct {
	prefix string
	Topic
}

// watched is a topic that somebody watches, or did until lately.
type watched struct {
	mu       sync.Mutex // held while a value is sent, so that values keep their order
	sent     bool       // a value is there for new subscribers
	failing  bool       // the last value could not be read or sent
	position eventlog.Position
	content  [32]byte // of the last value sent, see contentOf
}

// clockFrame ends a tick: what came before it shows everything up to Position.
type clockFrame struct {
	Position eventlog.Position `json:"position"`
	At       time.Time         `json:"at"`
	Log      string            `json:"log"`
}

// New checks the topics. Run does the work.
func New(o Options) (*Live, error) {
	if o.Views == nil || o.Authorize == nil || o.Clock == nil {
		return nil, errors.New("realtime: views, a clock and a rule for who may watch what are needed")
	}
	withDefaults(&o)
	l := &Live{
		options: o,
		names:   map[string]Topic{},
		wake:    make(chan struct{}, 1),
		watched: map[string]*watched{},
		dirty:   map[string]eventlog.Position{},
		news:    make(chan struct{}),
	}
	for _, t := range o.Topics {
		if err := l.add(t); err != nil {
			return nil, err
		}
	}
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel:           centrifuge.LogLevelWarn,
		LogHandler:         l.logged,
		ClientQueueMaxSize: o.QueueBytes,
		ClientChannelLimit: o.Subscriptions,
		HistoryMetaTTL:     time.Hour, // of topics that nobody watches
		Metrics:            centrifuge.MetricsConfig{RegistererGatherer: prometheus.NewRegistry()},
	})
	if err != nil {
		return nil, fmt.Errorf("realtime: %w", err)
	}
	l.node = node
	l.serve()
	return l, nil
}

func withDefaults(o *Options) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Tick <= 0 {
		o.Tick = 250 * time.Millisecond
	}
	if o.Idle <= 0 {
		o.Idle = 10 * time.Second
	}
	if o.Late <= 0 {
		o.Late = time.Second
	}
	for number, otherwise := range map[*int]int{&o.Clients: 20_000, &o.Subscriptions: 64, &o.QueueBytes: 1 << 20} {
		if *number <= 0 {
			*number = otherwise
		}
	}
}

func (l *Live) add(t Topic) error {
	prefix, key, keyed := strings.Cut(t.Pattern, "{")
	switch {
	case t.Pattern == "" || t.Pattern == Clock || t.Value == nil:
		return fmt.Errorf("realtime: topic %q needs a name of its own and a Value", t.Pattern)
	case keyed && (prefix == "" || !strings.HasSuffix(key, "}") || strings.Contains(key, "{")):
		return fmt.Errorf("realtime: topic %q must end in its one key", t.Pattern)
	case keyed:
		for _, f := range l.families {
			if f.prefix == prefix {
				return fmt.Errorf("realtime: topic %q is there twice", t.Pattern)
			}
		}
		l.families = append(l.families, family{prefix, t})
		return nil
	}
	if _, twice := l.names[t.Pattern]; twice {
		return fmt.Errorf("realtime: topic %q is there twice", t.Pattern)
	}
	l.names[t.Pattern] = t
	return nil
}

// find gives the topic with this name and the key in it. Of several families the one with the
// longest prefix counts.
func (l *Live) find(name string) (t Topic, key string, ok bool) {
	if t, ok := l.names[name]; ok {
		return t, "", true
	}
	longest := 0
	for _, f := range l.families {
		if rest, fits := strings.CutPrefix(name, f.prefix); fits && rest != "" && len(f.prefix) > longest {
			t, key, longest = f.Topic, rest, len(f.prefix)
		}
	}
	return t, key, longest > 0
}

// Notify takes a notice of the projection runner. It never blocks.
func (l *Live) Notify(n projection.Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.All {
		for name := range l.watched {
			l.dirty[name] = n.Position
		}
	}
	for _, name := range n.Topics {
		if _, ok := l.watched[name]; ok {
			l.dirty[name] = n.Position
		}
	}
	if n.Position > l.noticed {
		l.noticed = n.Position
		close(l.news)
		l.news = make(chan struct{})
	}
	l.signal()
}

// Dirty marks a topic that moved for another reason than the log, e.g. because time passed. It
// never blocks.
func (l *Live) Dirty(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.watched[name]; ok {
		l.dirty[name] = max(l.dirty[name], 0)
		l.signal()
	}
}

func (l *Live) signal() {
	select {
	case l.wake <- struct{}{}:
	default: // signalled already
	}
}
