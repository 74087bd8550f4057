// Package backfill reads the orders that were placed at a shop within a time.
//
//	backfill.begun ─► slice by slice: Historian.Placed, page by page ─► intake ─► orders' rule ─► log
//	                         └─► how far it is, after each slice, to the vault: a restart goes on there
//
// Its calls wait for all others of the shop, and it rests as long as it works, so live work goes first at the channel and here.
// An order that is known already yields nothing, so a slice that was cut short is simply read again. Each shop is read on its own.
package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/pace"
	"github.com/creatorflow/creatorflow/domain/backfill"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/intake"
	"github.com/creatorflow/creatorflow/vault"
)

// Options are what a Filler needs; all of them.
type Options struct {
	Log         *eventlog.Log
	Vault       *vault.Vault
	Intake      *intake.Intake
	Workspace   string
	Connections func() []channels.Connection
	Connector   func(connection string) (channels.Connector, bool)
	Clock       func() time.Time
	Logger      *slog.Logger
	Notify      func(topic string) // told "sync" when it got further; must not block
	Pause       time.Duration      // after a first failed call; it doubles
}

// Filler back-fills. Its methods may be called from many goroutines; Run does the work.
type Filler struct {
	o    Options
	wake chan struct{}

	mu    sync.Mutex // guards all below
	under map[string]*run
}

// run is a back-fill under way.
type run struct {
	begun    events.BackfillBegun
	progress backfill.Progress
	stop     chan struct{}
}

// New makes a Filler.
func New(o Options) *Filler {
	return &Filler{o: o, wake: make(chan struct{}, 1), under: map[string]*run{}}
}

// Wake says that a back-fill may have begun.
func (f *Filler) Wake() {
	select {
	case f.wake <- struct{}{}:
	default: // already signalled
	}
}

// Progress tells how far a shop's back-fill is; false while none is under way.
func (f *Filler) Progress(connection string) (backfill.Progress, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.under[connection]
	if r == nil {
		return backfill.Progress{}, false
	}
	return r.progress, true
}

// Reading says whether older orders of a shop are being read.
func (f *Filler) Reading(connection string) bool {
	_, under := f.Progress(connection)
	return under
}

// logPause is between tries while the log takes nothing.
const logPause = 2 * time.Second

// errStopped ends a run because somebody asked to read no further.
var errStopped = errors.New("stopped by hand")

// Run works off what is asked for until ctx ends or the log is fenced.
func (f *Filler) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	for {
		again, err := f.look(ctx, func(r *run) {
			wg.Go(func() {
				if err := f.carryOut(ctx, r); errors.Is(err, eventlog.ErrFenced) {
					cancel(fmt.Errorf("back-fill: %w", err))
				}
			})
		})
		if err != nil && ctx.Err() == nil {
			f.o.Logger.WarnContext(ctx, "not known whether older orders are to be read, looking again soon", "error", err)
		}
		var soon <-chan time.Time
		if again {
			soon = time.After(logPause)
		}
		select {
		case <-f.wake:
		case <-soon:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// look begins what was asked for and stops what shall stop; again says to look once more before long.
func (f *Filler) look(ctx context.Context, start func(*run)) (again bool, err error) {
	for _, c := range f.o.Connections() {
		s, err := backfill.Find(ctx, f.o.Log, f.o.Workspace, c.ID)
		if err != nil {
			return true, err
		}
		f.mu.Lock()
		r := f.under[c.ID]
		f.mu.Unlock()
		switch {
		case r != nil && s.Stopped:
			tell(r.stop)
		case r == nil && s.Running:
			r := &run{begun: s.Begun, progress: backfill.Start(s.Begun), stop: make(chan struct{}, 1)}
			if err := f.resume(ctx, r); err != nil {
				return true, err
			}
			if s.Stopped {
				tell(r.stop)
			}
			f.mu.Lock()
			f.under[c.ID] = r
			f.mu.Unlock()
			start(r)
		}
	}
	return false, nil
}

// tell tells a run to stop; twice is once.
func tell(stop chan struct{}) {
	select {
	case stop <- struct{}{}:
	default: // told already
	}
}

func cursorName(connection string) string { return "backfill:" + connection }

// resume takes up how far a back-fill was when it was cut short.
func (f *Filler) resume(ctx context.Context, r *run) error {
	value, err := f.o.Vault.Cursor(ctx, cursorName(r.begun.Connection))
	if err != nil || value == "" {
		return err
	}
	var kept backfill.Progress
	if err := json.Unmarshal([]byte(value), &kept); err != nil {
		return fmt.Errorf("read cursor %s: %w", cursorName(r.begun.Connection), err)
	}
	if kept.Of(r.begun) {
		r.progress = kept
	}
	return nil
}

func (f *Filler) keep(ctx context.Context, r *run) error {
	value, err := json.Marshal(r.progress)
	if err != nil {
		return err
	}
	return f.o.Vault.SetCursor(ctx, cursorName(r.begun.Connection), string(value))
}

// carryOut reads to the end, or as far as it goes, and says what came of it. When ctx ends it says nothing: the next start goes on.
func (f *Filler) carryOut(ctx context.Context, r *run) error {
	reading, stop := context.WithCancelCause(pace.InIdle(ctx))
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-r.stop:
			stop(errStopped)
		case <-done:
		}
	})
	failed, err := reader{Filler: f, run: r}.read(reading)
	close(done)
	watch.Wait()
	stopped := errors.Is(context.Cause(reading), errStopped)
	stop(nil)
	for ctx.Err() == nil && (err == nil || stopped) {
		if err = f.end(ctx, r, stopped, failed); err == nil || errors.Is(err, eventlog.ErrFenced) {
			break
		}
		f.o.Logger.WarnContext(ctx, "the end of reading older orders is not in the log yet", "connection", r.begun.Connection, "error", err)
		if wait(ctx, logPause) != nil {
			break
		}
		err = nil
	}
	f.mu.Lock()
	delete(f.under, r.begun.Connection)
	f.mu.Unlock()
	f.o.Notify("sync")
	f.Wake() // another one may have been asked for
	return err
}

func (f *Filler) end(ctx context.Context, r *run, stopped bool, failed string) error {
	zone, err := workspace.Zone(ctx, f.o.Log, f.o.Workspace)
	if err != nil {
		return err
	}
	e := r.progress.End(r.begun, stopped, failed, zone, f.o.Clock())
	_, err = eventlog.Execute(ctx, f.o.Log, events.Backfills(f.o.Workspace, e.Connection), backfill.Ending(), e,
		eventlog.Meta{Actor: "channel:" + e.Connection, Cause: "backfill:" + e.Connection, Correlation: e.Connection})
	return err
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
