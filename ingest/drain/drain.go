// Package drain works off one connection's lane: it reads the orders that webhooks hint at, several reads
// at a time and never two of one order, has them taken in and notes what became of each item.
//
//	lane ─► Connector.Orders ─► intake ─► item done, superseded, quarantined, planned again or dead
//
// Claims that a webhook hints at are read before their orders and taken in after them: one that is completed is not known
// here before what it has done to its order.
package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/ingest/health"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/ingest/lanes"
	"github.com/creatorflow/creatorflow/vault"
)

// Options are what a Drain needs; all of them.
type Options struct {
	Connection  channels.Connection
	Connector   func() (channels.Connector, bool)
	Lane        *lanes.Lane
	Health      *health.Health
	Intake      *intake.Intake
	Vault       *vault.Vault
	Clock       func() time.Time
	Chance      func() float64 // in [0, 1)
	Logger      *slog.Logger
	MaxAttempts int
	Wake        <-chan struct{}          // ends a pause
	Release     func(jobs ...*lanes.Job) // told of jobs that are in the lane no more
	Defer       func(lanes.Due)          // told of items that wait for their time
	Settled     func()                   // told when items are no longer pending, or wait
	Pausing     func(paused bool)        // told when the lane begins and ends to wait for the channel
}

const (
	// maxRead is how many orders one call reads.
	maxRead = 50
	// atOnce is how many reads of one shop run at the same time. One that hangs must not hold the other
	// orders; more than the limiter sends at once after a rest would only wait there, and gather less.
	atOnce = 4
)

// readingOrders is what a lane does at a channel, for its health.
const readingOrders = "read orders"

// Drain works off one connection's lane. Its fields are touched by Run alone.
//
// A channel that is down pauses the lane and costs no item an attempt. An item that alone makes
// reads fail must not block the others: after a failure the items of a read are read in smaller ones,
// and an item whose own read failed right before another's was begun and succeeded is charged with it.
type Drain struct {
	o       Options
	id      string       // the connection's
	begun   int          // rounds so far
	failed  int          // rounds begun before the last failure counted; what they say is old
	fails   int          // reads that failed, in a row
	suspect []*lanes.Job // about one order, the last that was read alone and in vain
	blamed  error
	since   time.Time // of the first read alone and in vain
}

// round is one read of some jobs' orders and what came of it.
type round struct {
	number int
	begun  time.Time
	jobs   []*lanes.Job
	orders int
	unread error // the read failed: the jobs are not settled
	err    error // this machine's: some of the jobs are in the lane again
}

// New makes a Drain.
func New(o Options) *Drain { return &Drain{o: o, id: o.Connection.ID} }

// Run takes in what the shop's webhooks hint at, until ctx ends or a fault has fenced us.
func (d *Drain) Run(ctx context.Context) error {
	var rounds sync.WaitGroup
	defer rounds.Wait()
	ended, running := make(chan round, atOnce), 0
	var rested <-chan time.Time // nil while no pause is on
	for {
		for rested == nil && running < atOnce && ctx.Err() == nil {
			jobs := d.o.Lane.Take(d.most())
			if len(jobs) == 0 {
				break
			}
			d.begun, running = d.begun+1, running+1
			number := d.begun
			rounds.Go(func() { ended <- d.round(ctx, number, jobs) })
		}
		select {
		case r := <-ended:
			running--
			pause, err := d.end(ctx, r)
			if err != nil && errors.Is(err, eventlog.ErrFenced) {
				return err
			}
			if pause > 0 {
				rested = time.After(pause)
				d.o.Pausing(true)
			}
			continue
		case <-d.o.Lane.Ready():
			continue
		case <-rested:
		case <-d.o.Wake:
		case <-ctx.Done():
			return nil
		}
		if rested != nil {
			rested = nil
			d.o.Pausing(false)
		}
	}
}

// most is how many orders a round reads: none must wait for many others where the channel shows them one by one.
func (d *Drain) most() int {
	if c, ok := d.o.Connector(); ok {
		if n := c.Capabilities().OrdersAtOnce; n > 0 {
			return min(n, maxRead)
		}
	}
	return maxRead
}

// round reads the orders of some jobs and settles the jobs.
func (d *Drain) round(ctx context.Context, number int, jobs []*lanes.Job) round {
	var ids []string
	cause, claimed := map[string]string{}, map[channels.ClaimKind][]string{}
	for _, j := range jobs {
		for _, id := range j.Orders {
			if kind := channels.ClaimKind(j.Claims); kind != "" && !slices.Contains(claimed[kind], id) {
				claimed[kind] = append(claimed[kind], id)
			}
			if _, asked := cause[id]; !asked {
				cause[id] = fmt.Sprintf("inbox:%d", j.Number) // the first webhook that hints at it
				ids = append(ids, id)
			}
		}
	}
	r := round{number: number, begun: d.o.Clock(), jobs: jobs, orders: len(ids)}
	claims := d.claims(ctx, claimed)
	read, err := d.read(ctx, ids)
	if err != nil {
		r.unread = err
		return r
	}
	d.o.Health.Worked(ctx, readingOrders)
	results := d.o.Intake.ObserveAll(ctx, d.o.Connection, read.Orders, func(order string) string { return cause[order] })
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
	for id, c := range claims {
		results[id] = d.takeClaims(ctx, results[id], c, cause[id])
	}
	r.err = d.settle(ctx, jobs, results)
	return r
}

// claims are what is claimed of one order, or why that is not known.
type claims struct {
	list    []channels.Claim
	invalid *channels.Invalid
	err     error
}

// claims reads what is claimed of some orders. What fails is those orders' affair: one that may not be read, for want of a
// scope, must not keep the others waiting.
func (d *Drain) claims(ctx context.Context, of map[channels.ClaimKind][]string) map[string]*claims {
	found := map[string]*claims{}
	c, _ := d.o.Connector()
	sales, ok := c.(channels.AfterSales)
	if !ok {
		return found
	}
	for kind, ids := range of {
		for _, id := range ids {
			if found[id] == nil {
				found[id] = &claims{}
			}
		}
		for batch := range slices.Chunk(ids, maxRead) {
			read, err := claimsOf(ctx, sales, kind, batch)
			for _, id := range batch {
				found[id].err = errors.Join(found[id].err, err)
			}
			for _, claim := range read.Claims {
				if f := found[claim.Order]; f != nil {
					f.list = append(f.list, claim)
				}
			}
			for _, i := range read.Invalid {
				if f := found[i.Record]; f != nil {
					f.invalid = &i
				}
			}
		}
	}
	return found
}

// maxClaimPages bounds the claims on the orders of one read, should a vendor page in circles.
const maxClaimPages = 20

func claimsOf(ctx context.Context, sales channels.AfterSales, kind channels.ClaimKind, ids []string) (all channels.ClaimPage, err error) {
	for range maxClaimPages {
		read, err := sales.ClaimsOf(ctx, kind, ids, all.Next)
		if err != nil {
			return all, err
		}
		all.Claims, all.Invalid, all.Next = append(all.Claims, read.Claims...), append(all.Invalid, read.Invalid...), read.Next
		if all.Next == "" {
			return all, nil
		}
	}
	return all, errors.New("the channel lists claims without an end")
}

// takeClaims takes in what is claimed of an order that was taken in, and adds it to what became of the order.
func (d *Drain) takeClaims(ctx context.Context, r intake.Result, c *claims, cause string) intake.Result {
	switch {
	case r.Err != nil || r.Invalid != nil:
		return r
	case c.err != nil:
		r.Err = c.err
		return r
	}
	for _, claim := range c.list {
		taken, err := d.o.Intake.ObserveClaim(ctx, d.o.Connection, claim, cause)
		var no eventlog.Refusal
		switch {
		case errors.As(err, &no):
			r.Invalid = &channels.Invalid{Record: claim.Order, Rule: no.Error()}
			return r
		case err != nil:
			r.Err = err
			return r
		}
		r.Taken.Events, r.Taken.Replaced = append(r.Taken.Events, taken...), r.Taken.Replaced && len(taken) == 0
	}
	r.Invalid = c.invalid
	return r
}

// end judges the channel by a round. It says how long to pause before the next.
func (d *Drain) end(ctx context.Context, r round) (pause time.Duration, err error) {
	switch {
	case r.unread != nil:
		return d.unread(ctx, r), nil
	case r.number > d.failed:
		if err = d.charge(ctx, r.jobs); d.fails > 0 {
			d.o.Lane.Sort()
		}
		d.fails, d.since = 0, time.Time{}
	}
	if err = errors.Join(r.err, err); err != nil {
		return health.FirstPause, err
	}
	return 0, nil
}

// read fetches orders in calls of at most 50.
func (d *Drain) read(ctx context.Context, ids []string) (all channels.Page, err error) {
	c, ok := d.o.Connector()
	if !ok {
		return all, fmt.Errorf("connection %s has no connector", d.id)
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
func (d *Drain) unread(ctx context.Context, r round) time.Duration {
	if ctx.Err() != nil {
		d.o.Lane.Done(d.o.Clock(), r.jobs, r.jobs, false)
		return 0
	}
	if r.number > d.failed { // else it was under way when another failed: that is one failure
		d.failed = d.begun
		d.fails++
		d.o.Health.Failed(ctx, readingOrders, r.unread)
	}
	alone := r.orders == 1 || len(r.jobs) == 1
	for _, j := range r.jobs {
		j.Most = max(1, r.orders/2)
	}
	d.o.Lane.Done(d.o.Clock(), r.jobs, r.jobs, alone) // alone: another one's turn tells whose fault it is
	if !alone {
		return d.o.Health.Pause(d.fails, r.unread)
	}
	d.suspect, d.blamed = r.jobs, r.unread
	switch {
	case d.since.IsZero():
		d.since = d.o.Clock()
	// The poll worked meanwhile, so the channel is not down. A read that was begun before may still
	// have failed by what is over, such as an authorisation that has been given again.
	case d.o.Health.Last().After(d.since) && !r.begun.Before(d.o.Health.Last()):
		d.since = time.Time{}
		if err := d.charge(ctx, nil); err != nil {
			d.o.Logger.WarnContext(ctx, "failed attempt not noted yet", "connection", d.id, "error", err)
		}
	}
	return d.o.Health.Pause(d.fails, r.unread)
}

// charge counts a failed attempt for the items whose own read failed right before this one's success.
func (d *Drain) charge(ctx context.Context, succeeded []*lanes.Job) error {
	suspect := d.suspect
	d.suspect = nil
	for _, j := range suspect {
		if slices.Contains(succeeded, j) || !d.o.Lane.Remove(j) {
			continue
		}
		if err := d.retry(ctx, j, "The order could not be read: "+channels.Short(d.blamed.Error(), 200)); err != nil {
			if !d.o.Lane.Put(j) {
				d.o.Release(j)
			}
			return err
		}
	}
	return nil
}

// settle notes what became of jobs. What could not be noted now is done again: it yields no event.
func (d *Drain) settle(ctx context.Context, jobs []*lanes.Job, results map[string]intake.Result) (failed error) {
	var marks []vault.Mark
	var settled, rest []*lanes.Job
	for _, j := range jobs {
		m, err := d.outcome(ctx, j, results)
		if err != nil {
			failed, rest = err, append(rest, j)
			continue
		}
		marks, settled = append(marks, m), append(settled, j)
	}
	failpoint.Hit(failpoint.MarkBefore)
	if err := d.o.Vault.Mark(ctx, marks...); err != nil {
		failed, rest, marks, settled = err, jobs, nil, nil
	}
	d.o.Release(settled...)
	for _, m := range marks {
		if m.State == vault.Pending {
			d.o.Defer(lanes.Due{At: m.Due, Number: m.Number, Shop: d.id})
		}
	}
	d.o.Lane.Done(d.o.Clock(), jobs, rest, false)
	d.o.Settled()
	if failed != nil {
		d.o.Logger.WarnContext(ctx, "inbox items not settled yet", "connection", d.id, "items", len(rest), "error", failed)
	}
	return failed
}

// outcome decides what became of a job from what became of its orders. An error means: try all of it
// again soon, nobody but this machine is at fault.
func (d *Drain) outcome(ctx context.Context, j *lanes.Job, results map[string]intake.Result) (vault.Mark, error) {
	superseded, retry := true, ""
	var broken string
	for _, id := range j.Orders {
		r, found := results[id]
		switch {
		case r.Err != nil && intake.Ours(ctx, r.Err):
			return vault.Mark{}, r.Err
		case r.Err != nil:
			retry = "The order could not be taken in: " + channels.Short(r.Err.Error(), 200)
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
		return d.plan(ctx, j, retry)
	case broken != "":
		return d.o.Intake.Hold(ctx, j, d.id+":"+broken, *results[broken].Invalid)
	}
	m := vault.Mark{
		Number: j.Number, State: vault.Done, Attempts: j.Attempts, Connection: d.id, Subject: d.subject(j), Person: j.Person,
	}
	if superseded {
		m.State, m.Reason = vault.Superseded, "Newer news of the order had come before; this is kept."
	}
	if j.Marked {
		if err := d.o.Intake.Resolve(ctx, j.Number); err != nil {
			return vault.Mark{}, err
		}
	}
	return m, nil
}

// subject is the order a job is about.
func (d *Drain) subject(j *lanes.Job) string {
	if len(j.Orders) == 0 {
		return ""
	}
	return d.id + ":" + j.Orders[0]
}

// plan plans another try of a job, or gives up on it.
func (d *Drain) plan(ctx context.Context, j *lanes.Job, reason string) (vault.Mark, error) {
	j.Attempts++
	if j.Attempts >= d.o.MaxAttempts {
		return d.o.Intake.Die(ctx, j, d.subject(j), reason)
	}
	return vault.Mark{
		Number: j.Number, State: vault.Pending, Attempts: j.Attempts, Reason: reason, Connection: d.id, Subject: d.subject(j),
		Due: d.o.Clock().Add(health.Backoff(d.o.Chance, j.Attempts, lanes.Longest)),
	}, nil
}

// retry plans another try of a job that is in no round.
func (d *Drain) retry(ctx context.Context, j *lanes.Job, reason string) error {
	m, err := d.plan(ctx, j, reason)
	if err == nil {
		err = d.o.Vault.Mark(ctx, m)
	}
	if err != nil {
		return err
	}
	d.o.Release(j)
	if m.State == vault.Pending {
		d.o.Defer(lanes.Due{At: m.Due, Number: m.Number, Shop: d.id})
	}
	d.o.Settled()
	return nil
}
