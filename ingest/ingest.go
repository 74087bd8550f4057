// Package ingest takes in what the channels say.
//
//	webhook ─► Receive: signature, vault inbox, 200 ─► router ─► the connection's lane ─┐
//	                                                                                   ├─► orders' rule ─► log
//	reconciling poll of each connection ─► what changed since the cursor, overlapped ──┘
//
// A webhook is a hint: the order is read again at the channel, personal data goes to the vault, then
// the order's rule decides. Doing it twice yields nothing, so an item is noted as done after the
// append and a crash between the two is harmless. Nothing is lost and nothing is silent: what cannot
// be read is quarantined, what cannot be done is tried again and then becomes a dead letter, and a
// channel that is down pauses its own lane only. Without any webhook the poll alone is enough.
package ingest

import (
	"cmp"
	"context"
	crypto "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/connect"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/ingest/lanes"
	"github.com/creatorflow/creatorflow/vault"
)

// Options are what an Ingest needs. Log, Vault, Connect and Clock are required.
type Options struct {
	Log         *eventlog.Log
	Vault       *vault.Vault
	Connect     *connect.Registry
	Clock       func() time.Time
	Workspace   string             // empty = "main"
	Chance      func() float64     // in [0, 1): spreads retries; nil = seeded by the system
	Logger      *slog.Logger       // nil = silent
	Notify      func(topic string) // told "sync" when a connection's figures moved; must not block; may be nil
	Poll        time.Duration      // between reconciling polls; 0 = 60 s
	Overlap     time.Duration      // of deep polls, one in each third of it; 0 = 15 min, at least twice Poll, which is the others'
	LookBack    time.Duration      // of a connection's first poll; 0 = 24 h
	Grace       time.Duration      // a webhook may come this much later than the poll; 0 = 30 s
	Quantities  time.Duration      // between checks of listed quantities; 0 = 15 min, negative = never
	MaxAttempts int                // of one item before it is a dead letter; 0 = 30, some hours
	// Passed is told when a poll has listed all of a connection's orders that were created up to then, and what of them
	// can be taken in stands in the log; whole is false while an order cannot be. May be nil.
	Passed func(connection string, upTo time.Time, whole bool)
	// Heard is told what a hint says of a new order, before it is read. May be nil.
	Heard func(connection, order string, lines []channels.Line)
	// Changed is told that a listing of a connection may have changed, and when. May be nil.
	Changed func(connection string, n channels.News, at time.Time)
	// Pushed says that somebody else looks after what a connection lists. May be nil.
	Pushed func(connection string) bool
	// Shared says that a connection's list of orders is read by somebody else too, who is left some of its quota. May be nil.
	Shared func(connection string) bool
}

// Ingest takes webhooks and polls. Its methods may be called from many goroutines; Run does the work.
type Ingest struct {
	o Options

	poke  chan struct{}            // tells the router to look
	heard *lanes.Memory[time.Time] // the newest state of an order that a webhook hinted at
	take  *intake.Intake
	side  *lanes.Lane // items that are about no connected shop's order
	seen  int64       // the router looked at the items up to here

	mu       sync.Mutex // guards all below
	shops    map[string]*shop
	inflight map[int64]bool // items in a lane
	later    lanes.Waiting  // items that wait for their time
	beyond   bool           // more of them wait than are kept in memory
	apps     map[string]*appCounts
	strays   int64         // webhooks to apps that do not exist
	moved    chan struct{} // closed and replaced when items were settled
}

// remembered is of how many orders it is known what webhooks hinted at lately.
const remembered = 20_000

// New makes an Ingest; nothing runs before Run, but Receive stores.
func New(o Options) *Ingest {
	o.Workspace = cmp.Or(o.Workspace, "main")
	o.Poll = cmp.Or(o.Poll, time.Minute)
	o.Overlap = max(cmp.Or(o.Overlap, 15*time.Minute), 2*o.Poll)
	o.LookBack = cmp.Or(o.LookBack, 24*time.Hour)
	o.Grace = cmp.Or(o.Grace, 30*time.Second)
	o.Quantities = cmp.Or(o.Quantities, 15*time.Minute)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 30)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Notify == nil {
		o.Notify = func(string) {}
	}
	if o.Passed == nil {
		o.Passed = func(string, time.Time, bool) {}
	}
	if o.Pushed == nil {
		o.Pushed = func(string) bool { return false }
	}
	if o.Shared == nil {
		o.Shared = func(string) bool { return false }
	}
	if o.Chance == nil {
		o.Chance = chance()
	}
	return &Ingest{
		o: o, poke: make(chan struct{}, 1), heard: lanes.NewMemory[time.Time](remembered), take: intake.New(o.Log, o.Vault, o.Workspace),
		side: lanes.New(), shops: map[string]*shop{}, inflight: map[int64]bool{}, apps: map[string]*appCounts{}, moved: make(chan struct{}),
	}
}

// Intake is where orders are taken in, for whoever else reads them from a channel.
func (i *Ingest) Intake() *intake.Intake { return i.take }

func chance() func() float64 {
	var seed [32]byte
	_, _ = crypto.Read(seed[:]) // never fails: it ends the process instead
	var mu sync.Mutex
	source := rand.New(rand.NewChaCha8(seed)) //nolint:gosec // spreads retries, guards nothing
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return source.Float64()
	}
}

// Run takes in what was received and polls every connection, until ctx ends, whose error it returns,
// or until an I/O fault has fenced log or vault.
func (i *Ingest) Run(ctx context.Context) (err error) {
	if err := i.restore(ctx); err != nil {
		return fmt.Errorf("run ingest: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	part := func(run func(context.Context) error) {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				cancel(fmt.Errorf("run ingest: %w", err))
			}
		})
	}
	defer func() {
		wg.Wait()
		i.save(context.WithoutCancel(ctx))
		err = context.Cause(ctx)
		cancel(nil)
	}()
	part(i.route)
	part(i.workSide)
	part(i.follow)
	for {
		changed := i.o.Connect.Changed()
		for _, c := range i.o.Connect.Connections() {
			s, fresh, err := i.shop(ctx, c)
			if err != nil {
				cancel(fmt.Errorf("run ingest: %w", err))
				return nil // the deferred function says why
			}
			if fresh {
				part(s.drain().Run)
				part(s.poller().Run)
				part(s.listener().Run)
				continue
			}
			s.wake()
		}
		var again <-chan time.Time
		switch err := i.connected(ctx); {
		case fatal(err):
			cancel(fmt.Errorf("run ingest: %w", err))
			return nil
		case err != nil:
			i.o.Logger.WarnContext(ctx, "connections are not announced yet, or what came for unknown shops is not taken up: trying again", "error", err)
			again = time.After(connectAgain)
		}
		select {
		case <-changed:
		case <-again:
		case <-ctx.Done():
			return nil
		}
	}
}

// connected says what AddShop could not say before a crash, and takes up what came for shops that
// were not connected then.
func (i *Ingest) connected(ctx context.Context) error {
	return errors.Join(i.o.Connect.Announce(ctx), i.takeUpUnknown(ctx))
}

// connectAgain is how long after a failure that is done again.
const connectAgain = 5 * time.Second

// fatal says that nothing will ever be written again.
func fatal(err error) bool { return errors.Is(err, eventlog.ErrFenced) }

func (i *Ingest) signal() {
	select {
	case i.poke <- struct{}{}:
	default: // told already
	}
}

// CaughtUp waits until no item of the inbox is pending, those that wait for another try included.
func (i *Ingest) CaughtUp(ctx context.Context) error {
	for {
		i.mu.Lock()
		moved := i.moved
		i.mu.Unlock()
		counts, err := i.o.Vault.InboxCounts(ctx)
		if err != nil {
			return err
		}
		if counts[vault.Pending] == 0 {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settled tells that items are no longer pending, or wait for another time.
func (i *Ingest) settled() {
	i.mu.Lock()
	close(i.moved)
	i.moved = make(chan struct{})
	i.mu.Unlock()
	i.signal()
	i.o.Notify("sync")
}

// sleep waits for a time, or until it is woken.
func sleep(ctx context.Context, d time.Duration, woken <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-woken:
	case <-ctx.Done():
	}
}
