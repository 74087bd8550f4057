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
	Heard      func(order string) time.Time // the newest state of an order that a webhook hinted at
	Webhooks   func() (since time.Time)     // when they began to come; zero = never
	// Passed is told after each pass: what changed up to full is listed, and so are all orders created up to listed; both
	// zero when the pass was cut short.
	Passed     func(ctx context.Context, full, listed time.Time)
	Pushed     func() bool                     // somebody else looks after the quantities
	Shared     func() bool                     // somebody else lists orders too, and is left some of the quota
	Subscribe  func(ctx context.Context) error // sets up webhooks that go nowhere
	Missing    func() bool                     // somebody saw that there are such, since it was asked last
	Wake       <-chan struct{}                 // ends a rest
	Poll       time.Duration                   // between passes
	Overlap    time.Duration                   // of the windows of deep passes, one in each third of it
	LookBack   time.Duration                   // of the first pass
	Grace      time.Duration                   // how much later than the poll a webhook may come
	Quantities time.Duration                   // between looks at quantities; negative = never
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

// busy is how long after an order a shop is polled three times as often as it would be: a sale whose webhook got lost, or for which
// there is none, is listed by others meanwhile.
const busy = 5 * time.Minute

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
	sold    time.Time // when the youngest order was created
	found   map[string]found
	counted time.Time // when quantities were last looked at
	hooked  time.Time // when webhooks are to be looked at again
	sums    map[string]*sum
	before  time.Time // the end of the pass before; where the channel lists late
}

// New makes a Poller.
func New(o Options) *Poller {
	return &Poller{o: o, id: o.Connection.ID, found: map[string]found{}}
}

// Run looks for what changed at the channel, again and again, until ctx ends or a fault has fenced us.
func (p *Poller) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		began := p.o.Clock()
		pause, err := p.turn(ctx, began)
		if err != nil && errors.Is(err, eventlog.ErrFenced) {
			return err
		}
		p.rest(ctx, pause, began)
	}
	return nil
}

// rest ends when it is over or somebody wakes the poller, but no sooner than the channel's list may be read again.
func (p *Poller) rest(ctx context.Context, pause time.Duration, began time.Time) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-p.o.Wake:
			early := p.can().PollEvery - p.o.Clock().Sub(began)
			if early <= 0 {
				return
			}
			timer.Reset(min(early, pause))
		case <-ctx.Done():
			return
		}
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
	p.o.Passed(ctx, full, p.listed(full))
	if err == nil {
		p.fails = 0
		if err := p.claims(ctx, now); err != nil && ctx.Err() == nil {
			p.o.Logger.WarnContext(ctx, "cancellations and returns not looked at", "connection", p.id, "error", err)
		}
		begun, every := full.Add(p.can().ListsAfter), p.pace()
		return min(max(every-p.o.Clock().Sub(begun), every/10), every), nil // a clock that was set back must not stretch it
	}
	p.fails++
	p.o.Logger.WarnContext(ctx, "poll not finished", "connection", p.id, "error", err)
	return p.o.Health.Pause(p.fails, err), err
}

// listed is up to when orders were created that are all listed, once a pass is full. Where a channel lists late, an order
// that moved lately is in no page of the pass: those of the pass before had all the time since to stand still.
func (p *Poller) listed(full time.Time) time.Time {
	if full.IsZero() || p.can().ListsAfter == 0 {
		return full
	}
	before := p.before
	p.before = full
	return before
}

// can is what the channel can do; nothing special while there is no connector.
func (p *Poller) can() channels.Capabilities {
	c, ok := p.o.Connector()
	if !ok {
		return channels.Capabilities{}
	}
	return c.Capabilities()
}

func (p *Poller) every() time.Duration { return every(p.o.Poll, p.can(), p.o.Shared()) }

// sale notes when an order was created. One from the future is from now, or it would keep us busy till then.
func (p *Poller) sale(created time.Time) {
	if now := p.o.Clock(); created.After(now) {
		created = now
	}
	if created.After(p.sold) {
		p.sold = created
	}
}

// pace is every, or less while orders come.
func (p *Poller) pace() time.Duration {
	if passed(p.sold, p.o.Clock(), busy) {
		return p.every()
	}
	return max(p.o.Poll/3, least(p.can(), p.o.Shared()))
}

// every is how long there is between passes: what the hub likes, or what the channel's quota allows. Where that is all of the
// quota, two calls in five are left to whoever shares it.
func every(likes time.Duration, can channels.Capabilities, shared bool) time.Duration {
	return max(likes, least(can, shared))
}

func least(can channels.Capabilities, shared bool) time.Duration {
	if shared {
		return can.PollEvery * 5 / 3
	}
	return can.PollEvery
}

// Late is after how long without a pass a shop is late: twice what one takes at the pace of the hub and the channel.
func Late(likes time.Duration, can channels.Capabilities, shared bool) time.Duration {
	return 2*every(likes, can, shared) + can.ListsAfter
}

// overlap of deep passes is at least twice as long.
func (p *Poller) overlap() time.Duration { return max(p.o.Overlap, 2*p.every()) }

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
	overlap := p.overlap()
	if w.deep = deep; !deep {
		overlap = 2 * p.every()
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
		// What the channel does not list yet is left to the next pass: it must not count as listed.
		if p.under, err = p.window(ctx, cursorName(p.id), now.Add(-p.can().ListsAfter), passed(p.deep, now, p.overlap()/3)); err != nil {
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
		p.sale(o.Created)
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
