package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/ingest/health"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/ingest/lanes"
	"github.com/creatorflow/creatorflow/vault"
)

const (
	page     = 200         // items read from the inbox at once
	longLook = time.Minute // the longest sleep of the router, or the poll's interval when that is longer
)

// route hands pending items to the lanes, in the order they came. It never waits for a lane.
func (i *Ingest) route(ctx context.Context) error {
	for {
		more, err := i.scan(ctx)
		if err == nil {
			err = i.due(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && fatal(err):
			return err
		case err != nil: // a read that failed; the items are safe
			i.o.Logger.ErrorContext(ctx, "inbox not read, trying again", "error", err)
			sleep(ctx, health.FirstPause, nil)
		case !more:
			sleep(ctx, i.rest(), i.poke)
		}
	}
}

// scan looks at a page of items behind the last one seen, and for each lane that has room again at a
// page of those it had to leave; more says that there may be others. It never goes back: what one shop
// left waiting must not keep another's from being seen.
func (i *Ingest) scan(ctx context.Context) (more bool, err error) {
	items, err := i.o.Vault.Pending(ctx, i.seen, page)
	if err != nil {
		return false, err
	}
	for _, item := range items {
		i.seen = item.Number
		i.place(item)
	}
	more = len(items) == page
	for _, l := range i.lanes() {
		if left := l.Hungry(); left > 0 {
			again, err := i.fill(ctx, l, left)
			if err != nil {
				return false, err
			}
			more = more || again
		}
	}
	return more, nil
}

// fill gives a lane a page of the items it had to leave.
func (i *Ingest) fill(ctx context.Context, l *lanes.Lane, left int64) (more bool, err error) {
	items, err := i.o.Vault.Pending(ctx, left-1, page)
	if err != nil {
		return false, err
	}
	var jobs []*lanes.Job
	for _, item := range items {
		left = item.Number + 1
		if i.busy(item.Number) {
			continue
		}
		switch j, lane := i.sort(item); lane {
		case l:
			i.hold(j)
			jobs = append(jobs, j)
		default:
			if l == i.side { // it was left for want of a shop that is connected by now
				i.place(item)
			}
		}
	}
	if more = len(items) == page; !more {
		left = 0
	}
	l.Fill(jobs, left)
	return more, nil
}

// lanes are all lanes.
func (i *Ingest) lanes() []*lanes.Lane {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := []*lanes.Lane{i.side}
	for _, s := range i.shops {
		all = append(all, s.lane)
	}
	return all
}

// due hands on items whose time has come.
func (i *Ingest) due(ctx context.Context) error {
	for {
		i.mu.Lock()
		d, ok := i.later.Pop(i.o.Clock())
		refill := i.beyond && i.later.HalfEmpty()
		i.mu.Unlock()
		if refill {
			if err := i.refill(ctx); err != nil {
				return err
			}
		}
		if !ok {
			return nil
		}
		item, err := i.o.Vault.Item(ctx, d.Number)
		if err != nil {
			return err
		}
		if item.State == vault.Pending && !i.place(item) && item.Due.After(i.o.Clock()) { // the clock was set back: no scan finds it
			i.deferUntil(lanes.Due{At: i.o.Clock().Add(health.FirstPause), Number: item.Number, Shop: item.Connection})
		}
	}
}

// rest is how long the router may sleep.
func (i *Ingest) rest() time.Duration {
	longest := max(longLook, i.o.Poll) // it is poked when there is news; this is for a clock that was set
	i.mu.Lock()
	defer i.mu.Unlock()
	if due, ok := i.later.Next(); ok {
		return min(max(due.Sub(i.o.Clock()), 0)+time.Millisecond, longest)
	}
	return longest
}

// deferUntil keeps an item for later; its time is in the vault as well.
func (i *Ingest) deferUntil(d lanes.Due) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.later.Put(d, i.o.Clock()) {
		i.beyond = true
	}
}

// refill finds the items that wait for their time, as many as are kept in memory.
func (i *Ingest) refill(ctx context.Context) error {
	i.mu.Lock()
	i.later, i.beyond = lanes.Waiting{}, false
	i.mu.Unlock()
	for after := int64(0); ; {
		items, err := i.o.Vault.Listed(ctx, []string{vault.Pending}, after, 5*page)
		if err != nil {
			return err
		}
		for _, item := range items {
			after = item.Number
			if !item.Due.IsZero() {
				i.deferUntil(lanes.Due{At: item.Due, Number: item.Number, Shop: item.Connection})
			}
		}
		i.mu.Lock()
		full := i.beyond
		i.mu.Unlock()
		if full || len(items) < 5*page {
			return nil
		}
	}
}

// place puts an item into its lane, unless it is in one. It reports false when the lane is full.
func (i *Ingest) place(item vault.Item) bool {
	if i.busy(item.Number) {
		return true
	}
	j, l := i.sort(item)
	if l == nil {
		i.deferUntil(lanes.Due{At: i.o.Clock().Add(health.FirstPause / 4), Number: item.Number})
		return true
	}
	i.hold(j) // before Put: the lane may be quicker than the next line
	if !l.Put(j) {
		i.release(j)
		return false
	}
	return true
}

func (i *Ingest) busy(number int64) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.inflight[number]
}

func (i *Ingest) hold(j *lanes.Job) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.inflight[j.Number] = true
}

// release says that items are in no lane any more.
func (i *Ingest) release(jobs ...*lanes.Job) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, j := range jobs {
		delete(i.inflight, j.Number)
	}
}

// sort decides what is to be done about an item, and in which lane; nil = its shop is being opened.
func (i *Ingest) sort(item vault.Item) (*lanes.Job, *lanes.Lane) {
	j := &lanes.Job{Number: item.Number, Attempts: item.Attempts, Marked: item.Reason != "", Received: item.Received}
	hints, err := i.hints(item)
	var h channels.Hint
	if len(hints) > 0 {
		h = hints[0]
	}
	id, connected := i.o.Connect.ByShop(item.Channel, item.App, h.Shop)
	if connected {
		j.Shop = id
	}
	i.mu.Lock()
	s := i.shops[j.Shop]
	i.mu.Unlock()
	var invalid channels.Invalid
	switch shown := channels.Short(h.Shop, 64); {
	case item.BodyGone:
		j.Act = i.unreadable(channels.Invalid{Record: "webhook", Field: "body", Rule: "must still be there: it was deleted by retention or erasure"})
	case errors.As(err, &invalid):
		j.Act = i.unreadable(invalid)
	case err != nil:
		j.Act = i.unreadable(channels.Invalid{Record: "webhook", Field: "body", Rule: "must be readable: " + err.Error()})
	case h.Unknown:
		kind := channels.Short(h.Type, 40)
		j.Act = i.unknown(vault.Done, fmt.Sprintf("Unknown type %q: kept, nothing was done.", kind), intake.UnknownType(item.App, j, kind))
	case h.Kind == channels.KindSignal: // also when its shop is not connected: it may tell of others
		if !connected {
			j.Unknown = [3]string{item.Channel, item.App, h.Shop}
		}
		j.Act = i.signals(item, hints)
	case h.Kind == channels.KindTest:
		j.Act = func(_ context.Context, j *lanes.Job) (vault.Mark, error) {
			return noted(j, vault.Done, "A test of the hub's own: it came through, and there is nothing to do about it."), nil
		}
	case h.Kind == channels.KindQuantity && (connected || h.Shop == ""):
		j.Act = i.quantity(item, h)
	case connected && s == nil:
		return nil, nil
	case !connected:
		j.Unknown = [3]string{item.Channel, item.App, h.Shop}
		j.Act = i.unknown(vault.Unknown, fmt.Sprintf("The shop %q is not connected. Connect it, and this webhook is taken in.", shown), intake.UnknownShop(item.App, j, shown))
	case h.Kind == "authorisation", h.Kind == "expiring":
		j.Act = s.authorisation(h)
	case h.Order == "" || h.Kind == "other":
		j.Act = func(_ context.Context, j *lanes.Job) (vault.Mark, error) {
			return noted(j, vault.Done, fmt.Sprintf("Type %s needs nothing done.", h.Type)), nil
		}
	}
	if j.Act != nil {
		return j, i.side
	}
	if h.Kind == string(channels.Cancellation) || h.Kind == string(channels.Return) {
		j.Claims = h.Kind
	}
	for _, h := range hints {
		j.Orders = append(j.Orders, h.Order)
		if len(h.Sold) > 0 && i.o.Heard != nil {
			i.o.Heard(id, orders.ID(id, h.Order), h.Sold)
		}
		if last, _ := i.heard.Get(id + ":" + h.Order); h.Updated.After(last) {
			i.heard.Put(id+":"+h.Order, h.Updated)
		}
	}
	return j, s.lane
}

// hints reads an item's body; no error means at least one hint.
func (i *Ingest) hints(item vault.Item) ([]channels.Hint, error) {
	w, ok := i.o.Connect.Webhooks(item.Channel)
	if !ok {
		return nil, fmt.Errorf("there is no channel %q", item.Channel)
	}
	hints, err := w.Hints(item.Body)
	if err == nil && len(hints) == 0 {
		err = errors.New("it says nothing")
	}
	return hints, err
}

// unreadable quarantines a webhook that is signed but cannot be read.
func (i *Ingest) unreadable(v channels.Invalid) lanes.Act {
	return func(ctx context.Context, j *lanes.Job) (vault.Mark, error) { return i.take.Hold(ctx, j, "", v) }
}

// unknown keeps an item that nothing can be done about, and says so in one letter for all like it.
func (i *Ingest) unknown(state, reason string, letter letterevents.Opened) lanes.Act {
	return func(ctx context.Context, j *lanes.Job) (vault.Mark, error) {
		return noted(j, state, reason), i.take.Once(ctx, letter)
	}
}

// quantity tells of a listing that may have changed; where the news name the seller alone, it may be in any of their shops.
func (i *Ingest) quantity(item vault.Item, h channels.Hint) lanes.Act {
	return func(_ context.Context, j *lanes.Job) (vault.Mark, error) {
		for _, c := range i.o.Connect.Connections() {
			if i.o.Changed != nil && c.Channel == item.Channel && c.App == item.App && (h.Shop == "" || c.ID == j.Shop) {
				i.o.Changed(c.ID, h.News, h.Updated)
			}
		}
		return noted(j, vault.Done, "A quantity that the shop lists: it is read there, unless it is known."), nil
	}
}

// noted only notes.
func noted(j *lanes.Job, state, reason string) vault.Mark {
	return vault.Mark{Number: j.Number, State: state, Attempts: j.Attempts, Reason: reason, Connection: j.Shop}
}

// workSide works on items that concern no connected shop's order.
func (i *Ingest) workSide(ctx context.Context) error {
	for ctx.Err() == nil {
		jobs := i.side.Take(page / 4)
		if len(jobs) == 0 {
			sleep(ctx, longLook, i.side.Ready())
			continue
		}
		var marks []vault.Mark
		var settled, rest []*lanes.Job
		var failed error
		for _, j := range jobs {
			m, err := j.Act(ctx, j)
			if err != nil {
				failed, rest = err, append(rest, j)
				continue
			}
			marks, settled = append(marks, m), append(settled, j)
		}
		if err := i.o.Vault.Mark(ctx, marks...); err != nil {
			failed, rest, settled = err, jobs, nil
		}
		i.release(settled...)
		if err := i.recheck(ctx, settled); err != nil {
			failed = err
		}
		i.side.Done(i.o.Clock(), jobs, rest, false)
		i.settled()
		if failed == nil {
			continue
		}
		if fatal(failed) {
			return failed
		}
		i.o.Logger.WarnContext(ctx, "inbox items not settled yet", "items", len(rest), "error", failed)
		sleep(ctx, health.FirstPause, nil)
	}
	return nil
}

// recheck takes up items of a shop that was connected while they were noted as unknown.
func (i *Ingest) recheck(ctx context.Context, jobs []*lanes.Job) error {
	for _, j := range jobs {
		u := j.Unknown
		if _, ok := i.o.Connect.ByShop(u[0], u[1], u[2]); !ok {
			continue
		}
		if err := i.takeUpOf(ctx, j.Number, u[1], u[2]); err != nil {
			return err
		}
	}
	return nil
}

// takeUp makes an item pending again, from its first attempt.
func (i *Ingest) takeUp(ctx context.Context, number int64, reason string) error {
	now := i.o.Clock() // due: it is found again when too many wait
	if err := i.o.Vault.Mark(ctx, vault.Mark{Number: number, State: vault.Pending, Reason: reason, Due: now}); err != nil {
		return err
	}
	i.deferUntil(lanes.Due{At: now, Number: number})
	i.signal()
	return nil
}

// takeUpOf takes up an item whose shop was connected, and closes the letter that said it was not.
func (i *Ingest) takeUpOf(ctx context.Context, number int64, app, shop string) error {
	if err := i.take.Close(ctx, letters.UnknownID(app, "shop", channels.Short(shop, 64))); err != nil {
		return err
	}
	return i.takeUp(ctx, number, "Its shop was connected.")
}

// takeUpUnknown takes up every item whose shop is connected by now.
func (i *Ingest) takeUpUnknown(ctx context.Context) error {
	for after := int64(0); ; {
		items, err := i.o.Vault.Listed(ctx, []string{vault.Unknown}, after, page)
		if err != nil {
			return err
		}
		for _, listed := range items {
			after = listed.Number
			item, err := i.o.Vault.Item(ctx, listed.Number)
			if err != nil {
				return err
			}
			hints, err := i.hints(item)
			if err != nil {
				continue // deleted by retention meanwhile
			}
			if _, ok := i.o.Connect.ByShop(item.Channel, item.App, hints[0].Shop); ok {
				if err := i.takeUpOf(ctx, item.Number, item.App, hints[0].Shop); err != nil {
					return err
				}
			}
		}
		if len(items) < page {
			return nil
		}
	}
}
