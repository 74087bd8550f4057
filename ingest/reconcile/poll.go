// Package reconcile looks at a connection's channel for what no webhook has brought.
//
//	every Poll: Changed(cursor − overlap … now) ─► intake ─► cursor, after a full pass only; then the same of claims
//	now and then: listed quantities ─► shops.InventoryChanged, when neither sale nor shipment explains them
//
// With webhooks it finds the lost ones and says so (shops.Drifted); without any it is enough by itself.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/health"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/vault"
)

// Options are what a Poller needs; all of them.
type Options struct {
	Log        *eventlog.Log
	Vault      *vault.Vault
	Workspace  string
	Connection channels.Connection
	Connector  func() (channels.Connector, bool)
	Intake     *intake.Intake
	Health     *health.Health
	Clock      func() time.Time
	Logger     *slog.Logger
	Heard      func(order string) time.Time              // the newest state of an order that a webhook hinted at
	Webhooks   func() (since time.Time)                  // when they began to come; zero = never
	Passed     func(ctx context.Context, full time.Time) // told after each pass; zero when it was cut short
	Pushed     func() bool                               // somebody else looks after the quantities
	Subscribe  func(ctx context.Context) error           // sets up webhooks that go nowhere
	Missing    func() bool                               // somebody saw that there are such, since it was asked last
	Wake       <-chan struct{}                           // ends a rest
	Poll       time.Duration                             // between passes
	Overlap    time.Duration                             // of the windows of deep passes, one in each third of it
	LookBack   time.Duration                             // of the first pass
	Grace      time.Duration                             // how much later than the poll a webhook may come
	Quantities time.Duration                             // between looks at quantities; negative = never
}

// What is done at a channel, for its health.
const (
	polling  = "list what changed"
	counting = "read quantities"
)

// lead is how far beyond its end a pass lists, for orders that change while it does: they would be in no page of it, though
// they were created before.
const lead = time.Hour

// maxPages of one pass: ten million orders. A vendor that pages in circles must not hold us for ever.
const maxPages = 100_000

// found is news that a poll brought before any webhook.
type found struct {
	order   string // at the channel
	vendor  string // the status it shows
	updated time.Time
}

// maxFound are waited for at once; beyond, drift is counted too low.
const maxFound = 10_000

// Poller reconciles one connection. Only Run touches its fields.
type Poller struct {
	o       Options
	id      string // the connection's
	fails   int
	under   *window   // the pass under way; nil = none
	deep    time.Time // the last deep pass
	claimed time.Time // the same of claims
	found   map[string]found
	counted time.Time // when quantities were last looked at
	hooked  time.Time // when webhooks are to be looked at again
	sums    map[string]*sum
}

// New makes a Poller.
func New(o Options) *Poller {
	return &Poller{o: o, id: o.Connection.ID, found: map[string]found{}}
}

// Run looks for what changed at the channel, again and again, until ctx ends or a fault has fenced us.
func (p *Poller) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		pause, err := p.turn(ctx, p.o.Clock())
		if err != nil && errors.Is(err, eventlog.ErrFenced) {
			return err
		}
		p.rest(ctx, pause)
	}
	return nil
}

func (p *Poller) rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.o.Wake:
	case <-ctx.Done():
	}
}

// turn goes on with the pass that is under way, or begins one, and does what hangs on it. It says how
// long to rest.
func (p *Poller) turn(ctx context.Context, now time.Time) (pause time.Duration, err error) {
	full := time.Time{}
	if err = p.pass(ctx, now); err == nil {
		full, p.under = p.under.until, nil
	}
	if err := p.drift(ctx); err != nil {
		p.o.Logger.WarnContext(ctx, "drift not told yet", "connection", p.id, "error", err)
	}
	if err == nil {
		if err := p.quantities(ctx); err != nil && ctx.Err() == nil {
			p.o.Logger.WarnContext(ctx, "quantities not compared", "connection", p.id, "error", err)
		}
	}
	p.subscribe(ctx, now) // whatever came of the pass: news by webhook are what a shop that cannot be polled needs most
	if ctx.Err() != nil {
		return 0, nil
	}
	p.o.Passed(ctx, full)
	if err == nil {
		p.fails = 0
		if err := p.claims(ctx, now); err != nil && ctx.Err() == nil {
			p.o.Logger.WarnContext(ctx, "cancellations and returns not looked at", "connection", p.id, "error", err)
		}
		return min(max(p.o.Poll-p.o.Clock().Sub(full), p.o.Poll/10), p.o.Poll), nil // a clock that was set back must not stretch it
	}
	p.fails++
	p.o.Logger.WarnContext(ctx, "poll not finished", "connection", p.id, "error", err)
	return p.o.Health.Pause(p.fails, err), err
}

func cursorName(connection string) string { return "poll:" + connection }

// window is what a pass lists, and how far it is.
type window struct {
	since, until time.Time
	deep         bool
	next         string // the page to read; empty = the first
	pages        int    // read so far
}

// window makes one that lists what changed since a cursor, and a while before it: channels list some changes late. A deep
// one has a long overlap and finds them, another is cheap.
func (p *Poller) window(ctx context.Context, name string, now time.Time, deep bool) (*window, error) {
	cursor, err := p.o.Vault.Cursor(ctx, name)
	if err != nil {
		return nil, err
	}
	w := &window{since: now.Add(-p.o.LookBack), until: now, deep: true}
	if cursor == "" {
		return w, nil
	}
	last, err := time.Parse(time.RFC3339Nano, cursor)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read cursor %s: %w", name, err)
	case last.After(now): // the clock was ahead when it was kept: it says nothing
		return w, nil
	}
	overlap := p.o.Overlap
	if w.deep = deep; !deep {
		overlap = 2 * p.o.Poll
	}
	w.since = last.Add(-overlap)
	return w, nil
}

// passed says that so much time went by. A clock that was set back says so too: nobody knows how much.
func passed(since, now time.Time, d time.Duration) bool {
	gone := now.Sub(since)
	return gone < 0 || gone >= d
}

// pass takes in what changed in a window. A page that cannot be read is asked for again in the next
// turn, so that a channel that fails now and then is listed to the end; but a channel that refuses the
// page has forgotten the listing, and it begins anew.
func (p *Poller) pass(ctx context.Context, now time.Time) (err error) {
	if p.under == nil || p.under.next == "" {
		if p.under, err = p.window(ctx, cursorName(p.id), now, passed(p.deep, now, p.o.Overlap/3)); err != nil {
			return err
		}
	}
	w := p.under
	for ; w.pages < maxPages; w.pages++ {
		c, ok := p.o.Connector()
		if !ok {
			return fmt.Errorf("connection %s has no connector", p.id)
		}
		read, err := c.Changed(ctx, w.since, w.until.Add(lead), w.next)
		if err != nil {
			if ctx.Err() == nil {
				p.o.Health.Failed(ctx, polling, err)
			}
			if class := channels.ClassOf(err); class == channels.Rejected || class == channels.Bug {
				p.under = nil
			}
			return err
		}
		p.o.Health.Worked(ctx, polling)
		if err := p.takeIn(ctx, read); err != nil {
			return err
		}
		p.fails = 0
		if w.next = read.Next; w.next == "" {
			break
		}
	}
	if w.deep {
		p.deep = w.until
	}
	return p.o.Vault.SetCursor(ctx, cursorName(p.id), w.until.UTC().Format(time.RFC3339Nano))
}

// takeIn takes in a page and remembers what no webhook has brought so far.
func (p *Poller) takeIn(ctx context.Context, read channels.Page) error {
	results, err := p.o.Intake.Polled(ctx, p.o.Connection, read)
	if err != nil {
		return err
	}
	since := p.o.Webhooks()
	whole := since.Truncate(time.Second) // channels tell whole seconds
	for _, o := range read.Orders {
		r := results[o.ID]
		if len(r.Taken.Events) == 0 || r.Taken.Replaced || since.IsZero() || o.Updated.Before(whole) || len(p.found) >= maxFound {
			continue // nothing new, or webhooks had not begun to come
		}
		p.found[o.ID] = found{order: o.ID, vendor: o.Vendor, updated: o.Updated}
	}
	return nil
}

// drift tells of news that no webhook has brought by now, each once.
func (p *Poller) drift(ctx context.Context) error {
	for id, f := range p.found {
		if p.o.Clock().Sub(f.updated) < p.o.Grace {
			continue
		}
		order := p.id + ":" + id
		if !p.o.Heard(order).Before(f.updated) {
			delete(p.found, id)
			continue
		}
		_, err := eventlog.Execute(ctx, p.o.Log, events.Connection(p.o.Workspace, p.id), shops.Noting[events.Drifted](),
			events.Drifted{
				Connection: p.id, Order: order,
				Found: fmt.Sprintf("The poll found the order as %s; no webhook had said so.", f.vendor),
			}, p.meta(order))
		if err != nil {
			return err
		}
		delete(p.found, id)
	}
	return nil
}

// Between looks at where webhooks go: after one that worked, and after one that failed.
const (
	hooksWell   = 24 * time.Hour
	hooksFailed = time.Hour

	hooksLongest = 30 * time.Second
)

// subscribe sets up webhooks that go nowhere, once a day and when somebody saw that there are such.
func (p *Poller) subscribe(ctx context.Context, now time.Time) {
	missing := p.o.Missing()
	if wait := p.hooked.Sub(now); !missing && wait > 0 && wait <= hooksWell { // a clock that was set back counts as due
		return
	}
	p.hooked = now.Add(hooksWell)
	ctx, cancel := context.WithTimeout(ctx, hooksLongest) // a shop that hangs must not hold up the others for long
	defer cancel()
	if err := p.o.Subscribe(ctx); err != nil && ctx.Err() == nil {
		p.hooked = now.Add(hooksFailed)
		p.o.Logger.WarnContext(ctx, "webhooks not set up", "connection", p.id, "error", err)
	}
}

func (p *Poller) meta(correlation string) eventlog.Meta {
	return eventlog.Meta{Actor: "channel:" + p.id, Cause: "poll:" + p.id, Correlation: correlation}
}
