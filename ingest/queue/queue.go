// Package queue takes in what a vendor leaves in a connection's queue, where it sends no webhooks.
//
//	Queue.Receive (waits for news) ─► the vault's inbox, durably ─► Queue.Delete
//
// A message is deleted only when it is stored, so a crash in between brings it again; the inbox knows it then by its id.
// News that a queue loses are found by the poll.
package queue

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/health"
)

// Options are what a Listener needs; all of them.
type Options struct {
	Log        *eventlog.Log
	Workspace  string
	Connection string
	Connector  func() (channels.Connector, bool)
	Store      func(ctx context.Context, body []byte) error // durable when it returns nil
	Health     *health.Health
	Clock      func() time.Time
	Logger     *slog.Logger
	Wake       <-chan struct{} // ends a pause or a wait: the shop was connected again, or somebody saw that no news come
}

const (
	wait  = 20 * time.Second // for news, in one call
	doing = "read its queue" // what is done at the channel, for its health

	// Between looks at whether the vendor still sends to the queue.
	listensWell   = time.Hour
	listensFailed = 5 * time.Minute
)

// Listener empties one connection's queue. Only Run touches its fields.
type Listener struct {
	o     Options
	fails int
	due   time.Time // when to look whether the vendor still sends
}

// New makes a Listener.
func New(o Options) *Listener { return &Listener{o: o} }

// Run takes in the connection's messages until ctx ends or a fault has fenced us. A connection without a queue costs nothing.
func (l *Listener) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		c, _ := l.o.Connector()
		queued, ok := c.(channels.Queued)
		if !ok || queued.Queue() == nil {
			l.rest(ctx, 0)
			continue
		}
		if err := l.listen(ctx, queued); errors.Is(err, eventlog.ErrFenced) {
			return err
		}
		err := l.turn(ctx, queued.Queue())
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, eventlog.ErrFenced):
			return err
		case err != nil:
			l.fails++
			l.o.Logger.WarnContext(ctx, "queue not read", "connection", l.o.Connection, "error", err)
			l.rest(ctx, l.o.Health.Pause(l.fails, err))
		}
	}
	return nil
}

// rest waits for a time, 0 = without end, or until the shop is connected again.
func (l *Listener) rest(ctx context.Context, pause time.Duration) {
	var over <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-l.o.Wake:
		l.due = time.Time{} // it may have another queue now
	case <-ctx.Done():
	}
}

// turn takes in some messages.
func (l *Listener) turn(ctx context.Context, q channels.Queue) error {
	messages, woken, err := l.receive(ctx, q)
	if woken {
		l.due = time.Time{}
		if err != nil { // what was handed out meanwhile comes again
			return nil
		}
	}
	if err != nil {
		if ctx.Err() == nil {
			l.o.Health.Failed(ctx, doing, err)
		}
		return err
	}
	if l.fails > 0 { // and not each time: that the queue answers says nothing of the vendor's API
		l.o.Health.Worked(ctx, doing)
		l.fails = 0
	}
	receipts := make([]string, 0, len(messages))
	for _, m := range messages {
		if err := l.o.Store(ctx, m.Body); err != nil {
			return err // it, and those after it, come again
		}
		receipts = append(receipts, m.Receipt)
	}
	if len(receipts) == 0 {
		return nil
	}
	return q.Delete(ctx, receipts...)
}

// receive waits for messages, until it is woken.
func (l *Listener) receive(ctx context.Context, q channels.Queue) (messages []channels.Message, woken bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	told := make(chan bool)
	go func() {
		woken := false
		select {
		case <-l.o.Wake:
			woken = true
		case <-ctx.Done():
		}
		cancel()
		told <- woken
	}()
	messages, err = q.Receive(ctx, wait)
	cancel()
	return messages, <-told, err
}

// listen has the vendor send to the queue, where it does not; each time is an event. A failure keeps nobody from reading
// what is there.
func (l *Listener) listen(ctx context.Context, c channels.Queued) error {
	now := l.o.Clock()
	if left := l.due.Sub(now); left > 0 && left <= listensWell { // a clock that was set back counts as due
		return nil
	}
	l.due = now.Add(listensWell)
	added, err := c.Listen(ctx)
	if err == nil && added.Topic != "" {
		_, err = eventlog.Execute(ctx, l.o.Log, events.Connection(l.o.Workspace, l.o.Connection), shops.Noting[events.Subscribed](), events.Subscribed{
			Connection: l.o.Connection, Topic: added.Topic, Address: added.Address,
		}, eventlog.Meta{Actor: "channel:" + l.o.Connection, Cause: "queue:" + l.o.Connection, Correlation: l.o.Connection})
	}
	if err != nil && ctx.Err() == nil {
		l.due = now.Add(listensFailed)
		l.o.Logger.WarnContext(ctx, "not known whether the channel sends news to the queue", "connection", l.o.Connection, "error", err)
	}
	return err
}
