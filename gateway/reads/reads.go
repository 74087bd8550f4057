// Package reads makes the bodies of the GET routes, which are also the values of the live topics.
//
//	views (one transaction, one position) ─┐
//	log, vault, what ingest knows now ─────┴─► a body ─► GET, or a topic's frame
//
// A body's records are cut at the views' position, so that everything on a screen agrees.
package reads

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/doctor"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/reads/standing"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/realtime"
	"github.com/creatorflow/creatorflow/vault"
)

// ErrNotFound says that there is nothing of this id.
var ErrNotFound = errors.New("reads: not found")

// Options are what bodies are made from.
type Options struct {
	Log       *eventlog.Log
	Vault     *vault.Vault
	Clock     func() time.Time
	Workspace string // id
	// Shops is what ingest knows right now of each connection by id; nil knows nothing.
	Shops func() map[string]Shop
	// Listings is what is known right now of the listings of a SKU; ok is false when the hub writes none of them. Drift is
	// how those of a connection fare. nil knows nothing.
	Listings func(sku string) (l Listings, ok bool)
	Drift    func(connection string) Drift
	// Doctor examines a connection; ok is false when there is none of that id. nil examines nothing.
	Doctor   func(ctx context.Context, id string) (r doctor.Report, ok bool, err error)
	Demo     func() string    // what Workspace.Demo says
	Standing standing.Sources // what is known of a connection beside its news
	// CancelAt is the sentence that says where a connection's orders are cancelled, empty where they are from here; nil = all are.
	CancelAt func(connection string) string
}

// Shop is what ingest knows of one connection.
type Shop = standing.Shop

// Reads makes bodies. Its methods may be called from many goroutines.
type Reads struct{ o Options }

// New gives the bodies of one workspace.
func New(o Options) *Reads {
	if o.Doctor == nil {
		o.Doctor = func(context.Context, string) (r doctor.Report, ok bool, err error) { return r, false, nil }
	}
	if o.Shops == nil {
		o.Shops = func() map[string]Shop { return nil }
	}
	if o.Listings == nil {
		o.Listings = func(string) (l Listings, ok bool) { return l, false }
	}
	if o.CancelAt == nil {
		o.CancelAt = func(string) string { return "" }
	}
	if o.Drift == nil {
		o.Drift = func(string) Drift { return Drift{} }
	}
	return &Reads{o: o}
}

// Topics are the live topics; each one's value is the body of its GET.
func (b *Reads) Topics() []realtime.Topic {
	return []realtime.Topic{
		topic("kpis", func(ctx context.Context, r projection.Reader, _ string) (KPIs, error) { return b.KPIs(ctx, r) }),
		topic("series/revenue", func(ctx context.Context, r projection.Reader, _ string) (Series, error) {
			return b.Series(ctx, r, SeriesQuery{Metric: "revenue"})
		}),
		topic("stock/critical", func(ctx context.Context, r projection.Reader, _ string) (StockList, error) {
			return b.Stock(ctx, r, StockQuery{Critical: true, Limit: 5})
		}),
		topic("sync", func(ctx context.Context, r projection.Reader, _ string) (Connections, error) {
			return b.Connections(ctx, r)
		}),
		topic("orders/{id}", b.Order),
		topic("stock/{sku}", b.SKU),
	}
}

func topic[T any](pattern string, read func(ctx context.Context, r projection.Reader, key string) (T, error)) realtime.Topic {
	return realtime.Topic{Pattern: pattern, Value: func(ctx context.Context, r projection.Reader, key string) (any, error) {
		value, err := read(ctx, r, key)
		if errors.Is(err, ErrNotFound) {
			return nil, realtime.ErrNoTopic
		}
		return value, err
	}}
}

func (b *Reads) now() time.Time { return b.o.Clock().UTC() }

func (b *Reads) workspace(ctx context.Context, r projection.Reader) (workspace.Row, error) {
	return workspace.Find(ctx, r, b.o.Workspace)
}

// Page says where a list's values come from and where its next page begins.
type Page struct {
	Position int64  `json:"position" doc:"the log position the values come from"`
	Total    int64  `json:"total" doc:"of the whole list; -1 when no counter of the views tells it and counting would read every row"`
	Next     string `json:"next" doc:"the after of the next page; empty at the end"`
}

// Layout is how a time is written, in UTC.
const Layout = "2006-01-02T15:04:05.000Z"

// stamp is how times are written: RFC 3339, UTC, milliseconds. The zero time is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(Layout)
}

// maybe is stamp for times that may be null.
func maybe(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}

// round keeps figures short on the wire.
func round(f float64, decimals int) float64 {
	p := math.Pow10(decimals)
	return math.Round(f*p) / p
}

func roundMaybe(f *float64, decimals int) *float64 {
	if f == nil {
		return nil
	}
	v := round(*f, decimals)
	return &v
}

func seconds(d time.Duration) float64 { return round(d.Seconds(), 3) }

// list keeps a nil slice from becoming null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// Event is a record of the log as it is shown.
type Event struct {
	Position    int64           `json:"position"`
	At          string          `json:"at"`
	Occurred    string          `json:"occurred" doc:"the channel's time"`
	Name        string          `json:"name"`
	Stream      string          `json:"stream"`
	Version     int64           `json:"version"`
	Actor       string          `json:"actor"`
	Cause       string          `json:"cause"`
	Correlation string          `json:"correlation"`
	Inbox       int64           `json:"inbox" doc:"number of the raw webhook behind it, 0 for none"`
	Data        json.RawMessage `json:"data"`
}

func event(r eventlog.Record) Event {
	return Event{
		Position: int64(r.Position), At: stamp(r.At), Occurred: stamp(r.Occurred), Name: r.Name, Stream: r.Stream.String(),
		Version: int64(r.Version), Actor: r.Actor, Cause: r.Cause, Correlation: r.Correlation, Inbox: inboxOf(r.Cause), Data: r.Data,
	}
}

func events(records []eventlog.Record) []Event {
	out := make([]Event, 0, len(records))
	for _, r := range records {
		out = append(out, event(r))
	}
	return out
}

// inboxOf is the number in a cause such as "inbox:331".
func inboxOf(cause string) int64 {
	text, ok := strings.CutPrefix(cause, "inbox:")
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil {
		return 0
	}
	return n
}

// stream reads all of a stream up to a position.
func (b *Reads) stream(ctx context.Context, s eventlog.Stream, upTo eventlog.Position) ([]eventlog.Record, error) {
	const page, most = 500, 5000
	var all []eventlog.Record
	for len(all) < most {
		after := eventlog.Version(len(all))
		records, err := b.o.Log.ReadStream(ctx, s, after, page)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", s, err)
		}
		for _, r := range records {
			if r.Position > upTo {
				return all, nil
			}
			all = append(all, r)
		}
		if len(records) < page {
			break
		}
	}
	return all, nil
}

// rateWindow is the stretch that "events a second" is counted over.
const rateWindow = 10 * time.Second

// rate is how many events a second the log took in the ten seconds before now. The records' own
// times tell it, so it is right from the first read on, after a restart too. The search goes back in
// doubling strides and then halves the last one: a read or two while nothing happens.
func (b *Reads) rate(ctx context.Context, now time.Time, head eventlog.Position) (float64, error) {
	before := func(p eventlog.Position) (bool, error) {
		if p <= 0 {
			return true, nil
		}
		records, err := b.o.Log.ReadAll(ctx, p-1, 1)
		if err != nil || len(records) == 0 {
			return true, err
		}
		return now.Sub(records[0].At) > rateWindow, nil
	}
	within, old := head+1, head // the oldest known to be within the window, and one that may be before it
	for stride := eventlog.Position(1); ; stride *= 2 {
		is, err := before(old)
		if err != nil {
			return 0, err
		}
		if is {
			break
		}
		within, old = old, max(0, old-stride)
	}
	for within-old > 1 {
		middle := old + (within-old)/2
		is, err := before(middle)
		if err != nil {
			return 0, err
		}
		if is {
			old = middle
		} else {
			within = middle
		}
	}
	return float64(head-old) / rateWindow.Seconds(), nil
}
