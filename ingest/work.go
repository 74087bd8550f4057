package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/ingest/health"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/ingest/lanes"
	"github.com/creatorflow/creatorflow/vault"
)

// maxRead is how many orders one call reads.
const maxRead = 50

// readingOrders is what a lane does at a channel, for its health.
const readingOrders = "read orders"

// worker works off one shop's lane.
//
// A channel that is down pauses the lane and costs no item an attempt. An item that alone makes
// reads fail must not block the others: after a failure the reads get smaller, and an item whose own
// read failed right before another's succeeded is charged with the failure.
type worker struct {
	*shop
	most    int          // orders of the next read
	fails   int          // reads that failed, in a row
	suspect []*lanes.Job // about one order, the last that was read alone and in vain
	blamed  error
	since   time.Time // of the first read alone and in vain
}

// work takes in what the shop's webhooks hint at, until ctx ends or a fault has fenced us.
func (s *shop) work(ctx context.Context) error {
	w := worker{shop: s, most: maxRead}
	for ctx.Err() == nil {
		jobs := s.lane.Take(w.most)
		if len(jobs) == 0 {
			sleep(ctx, longLook, s.lane.Ready())
			continue
		}
		pause, err := w.round(ctx, jobs)
		if err != nil && fatal(err) {
			return err
		}
		if pause > 0 {
			s.pausing(true)
			sleep(ctx, pause, s.wakeWork)
			s.pausing(false)
		}
	}
	return nil
}

// round reads the orders of some jobs and settles the jobs. It says how long to pause before the next.
func (w *worker) round(ctx context.Context, jobs []*lanes.Job) (pause time.Duration, err error) {
	var ids []string
	cause := map[string]string{}
	for _, j := range jobs {
		for _, id := range j.Orders {
			if _, asked := cause[id]; !asked {
				cause[id] = fmt.Sprintf("inbox:%d", j.Number) // the first webhook that hints at it
				ids = append(ids, id)
			}
		}
	}
	read, err := w.read(ctx, ids)
	if err != nil {
		return w.unread(ctx, jobs, len(ids) == 1, err), err
	}
	w.health.Worked(ctx, readingOrders)
	if err := w.charge(ctx, jobs); err != nil {
		w.lane.Done(w.o.Clock(), jobs, false)
		return health.FirstPause, err
	}
	w.fails, w.most, w.since = 0, min(2*w.most, maxRead), time.Time{}
	results := w.take.ObserveAll(ctx, w.Connection, read.Orders, func(order string) string { return cause[order] })
	var nameless *channels.Invalid
	for _, i := range read.Invalid {
		if _, asked := cause[i.Record]; asked {
			results[i.Record] = intake.Result{Invalid: &i}
		} else {
			nameless = &i
		}
	}
	for _, id := range ids {
		if _, found := results[id]; !found && nameless != nil {
			results[id] = intake.Result{Invalid: nameless}
		}
	}
	return w.settle(ctx, jobs, results)
}

// read fetches orders in calls of at most 50.
func (w *worker) read(ctx context.Context, ids []string) (all channels.Page, err error) {
	c, ok := w.o.Connect.Connector(w.ID)
	if !ok {
		return all, fmt.Errorf("connection %s has no connector", w.ID)
	}
	for len(ids) > 0 {
		n := min(len(ids), maxRead)
		page, err := c.Orders(ctx, ids[:n])
		if err != nil {
			return all, err
		}
		all.Orders, all.Invalid = append(all.Orders, page.Orders...), append(all.Invalid, page.Invalid...)
		ids = ids[n:]
	}
	return all, nil
}

// unread puts jobs back whose orders could not be read, and says how long to pause.
func (w *worker) unread(ctx context.Context, jobs []*lanes.Job, alone bool, err error) time.Duration {
	if ctx.Err() != nil {
		w.lane.Done(w.o.Clock(), jobs, false)
		return 0
	}
	w.fails++
	w.health.Failed(ctx, readingOrders, err)
	alone = alone || len(jobs) == 1
	pause := w.health.Pause(w.fails, err)
	if alone {
		w.suspect, w.blamed = jobs, err
		switch {
		case w.since.IsZero():
			w.since = w.o.Clock()
		case w.health.Last().After(w.since): // the poll worked meanwhile: the channel is not down
			w.since = time.Time{}
			w.lane.Done(w.o.Clock(), jobs, true)
			if err := w.charge(ctx, nil); err != nil {
				w.o.Logger.WarnContext(ctx, "failed attempt not noted yet", "connection", w.ID, "error", err)
			}
			return pause
		}
	}
	w.most = max(1, min(w.most, len(jobs))/2)
	w.lane.Done(w.o.Clock(), jobs, alone) // alone: another one's turn tells whose fault it is
	return pause
}

// charge counts a failed attempt for the items whose own read failed right before this one's success.
func (w *worker) charge(ctx context.Context, succeeded []*lanes.Job) error {
	suspect := w.suspect
	w.suspect = nil
	for _, j := range suspect {
		if slices.Contains(succeeded, j) || !w.lane.Remove(j) {
			continue
		}
		if err := w.retry(ctx, j, "The order could not be read: "+short(w.blamed)); err != nil {
			if !w.lane.Put(j) {
				w.release(j)
			}
			return err
		}
	}
	return nil
}

// settle notes what became of jobs. What could not be noted now is done again: it yields no event.
func (w *worker) settle(ctx context.Context, jobs []*lanes.Job, results map[string]intake.Result) (pause time.Duration, failed error) {
	var marks []vault.Mark
	var settled, rest []*lanes.Job
	for _, j := range jobs {
		m, err := w.outcome(ctx, j, results)
		if err != nil {
			failed, rest = err, append(rest, j)
			continue
		}
		marks, settled = append(marks, m), append(settled, j)
	}
	if err := w.o.Vault.Mark(ctx, marks...); err != nil {
		failed, rest, marks, settled = err, jobs, nil, nil
	}
	w.release(settled...)
	for _, m := range marks {
		if m.State == vault.Pending {
			w.deferUntil(lanes.Due{At: m.Due, Number: m.Number, Shop: w.ID})
		}
	}
	w.lane.Done(w.o.Clock(), rest, false)
	w.settled()
	if failed == nil {
		return 0, nil
	}
	w.o.Logger.WarnContext(ctx, "inbox items not settled yet", "connection", w.ID, "items", len(rest), "error", failed)
	return health.FirstPause, failed
}

// outcome decides what became of a job from what became of its orders. An error means: try all of it
// again soon, nobody but this machine is at fault.
func (w *worker) outcome(ctx context.Context, j *lanes.Job, results map[string]intake.Result) (vault.Mark, error) {
	superseded, retry := true, ""
	var broken string
	for _, id := range j.Orders {
		r, found := results[id]
		switch {
		case r.Err != nil && intake.Ours(ctx, r.Err):
			return vault.Mark{}, r.Err
		case r.Err != nil:
			retry = "The order could not be taken in: " + short(r.Err)
		case !found:
			retry = fmt.Sprintf("The channel does not show the order %s.", id)
		case r.Invalid != nil:
			broken = id
		}
		superseded = superseded && r.Taken.Replaced
		if j.Person == "" {
			j.Person = r.Taken.Person
		}
	}
	switch {
	case retry != "": // before what is broken: that will still be
		return w.plan(ctx, j, retry)
	case broken != "":
		return w.take.Hold(ctx, j, w.ID+":"+broken, *results[broken].Invalid)
	}
	m := vault.Mark{
		Number: j.Number, State: vault.Done, Attempts: j.Attempts, Connection: w.ID, Subject: w.subject(j), Person: j.Person,
	}
	if superseded {
		m.State, m.Reason = vault.Superseded, "Newer news of the order had come before; this is kept."
	}
	if j.Marked {
		if err := w.take.Resolve(ctx, j.Number); err != nil {
			return vault.Mark{}, err
		}
	}
	return m, nil
}

// subject is the order a job is about.
func (s *shop) subject(j *lanes.Job) string {
	if len(j.Orders) == 0 {
		return ""
	}
	return s.ID + ":" + j.Orders[0]
}

// plan plans another try of a job, or gives up on it.
func (w *worker) plan(ctx context.Context, j *lanes.Job, reason string) (vault.Mark, error) {
	j.Attempts++
	if j.Attempts >= w.o.MaxAttempts {
		return w.take.Die(ctx, j, w.subject(j), reason)
	}
	return vault.Mark{
		Number: j.Number, State: vault.Pending, Attempts: j.Attempts, Reason: reason, Connection: w.ID, Subject: w.subject(j),
		Due: w.o.Clock().Add(health.Backoff(w.o.Chance, j.Attempts, itemPause)),
	}, nil
}

// retry plans another try of a job that is in no round.
func (w *worker) retry(ctx context.Context, j *lanes.Job, reason string) error {
	m, err := w.plan(ctx, j, reason)
	if err == nil {
		err = w.o.Vault.Mark(ctx, m)
	}
	if err != nil {
		return err
	}
	w.release(j)
	if m.State == vault.Pending {
		w.deferUntil(lanes.Due{At: m.Due, Number: m.Number, Shop: w.ID})
	}
	w.settled()
	return nil
}

// short cuts an error for a note.
func short(err error) string { return channels.Short(err.Error(), 200) }
