package ingest

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/ingest/drain"
	"github.com/creatorflow/creatorflow/ingest/health"
	"github.com/creatorflow/creatorflow/ingest/lanes"
	"github.com/creatorflow/creatorflow/ingest/queue"
	"github.com/creatorflow/creatorflow/ingest/reconcile"
	"github.com/creatorflow/creatorflow/vault"
)

// shop is one connection at work: its lane, its poll and its health.
type shop struct {
	*Ingest
	channels.Connection
	lane                *lanes.Lane
	health              *health.Health
	wakeDrain, wakePoll chan struct{}
	wakeQueue           chan struct{}
	opened              channels.Connector // as Run saw it last
	resubscribe         atomic.Bool        // webhooks are missing, somebody saw
	counts              health.Counts      // guarded by Ingest.mu
}

// shop finds the connection's part, or makes it.
func (i *Ingest) shop(ctx context.Context, c channels.Connection) (s *shop, fresh bool, err error) {
	i.mu.Lock()
	s = i.shops[c.ID]
	i.mu.Unlock()
	if s != nil {
		return s, false, nil
	}
	s = &shop{Ingest: i, Connection: c, lane: lanes.New(), wakeDrain: make(chan struct{}, 1), wakePoll: make(chan struct{}, 1), wakeQueue: make(chan struct{}, 1)}
	if err := i.load(ctx, countsCursor(c.ID), &s.counts); err != nil {
		return nil, false, err
	}
	s.health = health.New(health.Options{
		Log: i.o.Log, Workspace: i.o.Workspace, Connection: c.ID, Clock: i.o.Clock, Chance: i.o.Chance, Last: s.counts.LastSuccess,
		Logger: i.o.Logger, Notify: i.o.Notify,
	})
	s.opened, _ = s.connector()
	i.mu.Lock()
	i.shops[c.ID] = s
	i.mu.Unlock()
	i.signal()
	return s, true, nil
}

// wake ends the pauses of the shop, if it was authorised again: it has another connector then.
func (s *shop) wake() {
	c, _ := s.connector()
	if c == s.opened {
		return
	}
	s.opened = c
	s.mu.Lock()
	s.counts.Authorised = s.o.Clock()
	s.mu.Unlock()
	s.noting("", time.Time{})
	for _, c := range []chan struct{}{s.wakeDrain, s.wakePoll, s.wakeQueue} {
		select {
		case c <- struct{}{}:
		default: // told already
		}
	}
}

// Resubscribe has the next poll, which comes at once, set up a connection's webhooks that go nowhere.
func (i *Ingest) Resubscribe(connection string) {
	i.mu.Lock()
	s := i.shops[connection]
	i.mu.Unlock()
	if s == nil {
		return // nothing runs
	}
	s.resubscribe.Store(true)
	s.poll()
	select {
	case s.wakeQueue <- struct{}{}:
	default: // told already
	}
}

// Poll has a connection's orders listed at once.
func (i *Ingest) Poll(connection string) {
	i.mu.Lock()
	s := i.shops[connection]
	i.mu.Unlock()
	if s != nil {
		s.poll()
	}
}

func (s *shop) poll() {
	select {
	case s.wakePoll <- struct{}{}:
	default: // told already
	}
}

func (s *shop) connector() (channels.Connector, bool) { return s.o.Connect.Connector(s.ID) }

func (s *shop) drain() *drain.Drain {
	return drain.New(drain.Options{
		Connection: s.Connection, Connector: s.connector, Lane: s.lane, Health: s.health, Intake: s.take, Vault: s.o.Vault,
		Clock: s.o.Clock, Chance: s.o.Chance, Logger: s.o.Logger, MaxAttempts: s.o.MaxAttempts, Wake: s.wakeDrain,
		Release: s.release, Defer: s.deferUntil, Settled: s.settled, Pausing: s.pausing,
	})
}

func (s *shop) poller() *reconcile.Poller {
	return reconcile.New(reconcile.Options{
		Log: s.o.Log, Vault: s.o.Vault, Workspace: s.o.Workspace, Connection: s.Connection, Intake: s.take, Health: s.health,
		Connector: s.connector,
		Clock:     s.o.Clock, Logger: s.o.Logger, Wake: s.wakePoll,
		Heard:    func(order string) time.Time { at, _ := s.heard.Get(order); return at },
		Webhooks: s.webhooksSince, Passed: s.passed, Pushed: func() bool { return s.o.Pushed(s.ID) }, Shared: func() bool { return s.o.Shared(s.ID) },
		Subscribe: func(ctx context.Context) error { return s.o.Connect.Subscribe(ctx, s.ID, false) },
		Missing:   func() bool { return s.resubscribe.Swap(false) },
		Poll:      s.o.Poll, Overlap: s.o.Overlap, LookBack: s.o.LookBack, Grace: s.o.Grace, Quantities: s.o.Quantities,
	})
}

func (s *shop) listener() *queue.Listener {
	return queue.New(queue.Options{
		Log: s.o.Log, Workspace: s.o.Workspace, Connection: s.ID, Connector: s.connector, Store: s.queued, Health: s.health, Clock: s.o.Clock,
		Logger: s.o.Logger, Wake: s.wakeQueue,
	})
}

// late is after how long without a pass of the poll the shop is late.
func (s *shop) late() time.Duration {
	can := channels.Capabilities{}
	if c, ok := s.connector(); ok {
		can = c.Capabilities()
	}
	return reconcile.Late(s.o.Poll, can, s.o.Shared(s.ID))
}

func (s *shop) webhooksSince() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts.FirstWebhook
}

// passed notes a pass of the poll.
func (s *shop) passed(ctx context.Context, full, listed time.Time) {
	s.mu.Lock()
	if !full.IsZero() {
		s.counts.LastPoll = full
	}
	s.mu.Unlock()
	if !listed.IsZero() {
		missing, err := s.take.Missing(ctx, s.ID)
		if err != nil {
			s.o.Logger.WarnContext(ctx, "not known whether all orders were taken in", "connection", s.ID, "error", err)
		}
		s.o.Passed(s.ID, listed, err == nil && !missing)
	}
	if err := s.saveCounts(ctx); err != nil {
		s.o.Logger.WarnContext(ctx, "counts not kept yet", "connection", s.ID, "error", err)
	}
	s.o.Notify("sync")
}

// authorisation is the vendor's news that the authorisation has ended, or will. Of one that was given anew since, they say nothing.
func (s *shop) authorisation(h channels.Hint) lanes.Act {
	return func(ctx context.Context, j *lanes.Job) (vault.Mark, error) {
		m := vault.Mark{Number: j.Number, State: vault.Done, Attempts: j.Attempts, Connection: s.ID}
		s.mu.Lock()
		authorised := s.counts.Authorised
		s.mu.Unlock()
		if !h.Updated.IsZero() && h.Updated.Before(authorised) {
			m.Reason = "The shop was connected again since, so this is of an authorisation that is over. Nothing to do."
			return m, nil
		}
		if h.Kind == "expiring" {
			when := "soon"
			if !h.Ends.IsZero() {
				when = "on " + h.Ends.Format("2 January 2006")
			}
			m.Reason = fmt.Sprintf("The channel says that the authorisation ends %s. Connect the shop again before it does.", when)
			s.noting(m.Reason, h.Ends)
			return m, nil
		}
		m.Reason = "The seller ended the authorisation at the channel."
		return m, s.health.Deauthorised(ctx, m.Reason)
	}
}

// noting keeps what a person should do before long, and before when.
func (s *shop) noting(note string, ends time.Time) {
	s.mu.Lock()
	s.counts.Note, s.counts.Ends = note, ends
	s.mu.Unlock()
	s.o.Notify("sync")
}

// pausing notes for people that the lane waits for the channel.
func (s *shop) pausing(paused bool) {
	s.mu.Lock()
	s.counts.Paused = paused
	s.mu.Unlock()
	s.o.Notify("sync")
}
