// Package listings imports what a shop lists.
//
//	Connector.Listings, page by page ─► catalogue.Plan ─┬─► a preview: kept in memory, nothing is written
//	                                                    └─► listing.shown, listing.mapped, stock.received ─► log
//
// An import that was asked for stands in the log and goes on after a crash: it reads the shop anew, and what is done
// already yields nothing. One shop is read at a time, so that there is a bound to the work.
package listings

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Options are what an Importer needs; all of them.
type Options struct {
	Log         *eventlog.Log
	Views       projection.Store
	Workspace   string
	Connections func() []channels.Connection
	Connector   func(connection string) (channels.Connector, bool)
	// CaughtUp waits until the views show all up to a position.
	CaughtUp func(ctx context.Context, position eventlog.Position) error
	Clock    func() time.Time
	Logger   *slog.Logger
	Pause    time.Duration // after a first failed call; it doubles
}

// Importer imports. Its methods may be called from many goroutines; Run does the work.
type Importer struct {
	o    Options
	wake chan struct{}

	mu      sync.Mutex // guards all below
	runs    map[string]*catalogue.Progress
	preview []string // connections, in the order of asking; each once
}

// New makes an Importer.
func New(o Options) *Importer {
	return &Importer{o: o, wake: make(chan struct{}, 1), runs: map[string]*catalogue.Progress{}}
}

// Wake says that an import, or an undo of one, may have begun.
func (i *Importer) Wake() {
	select {
	case i.wake <- struct{}{}:
	default: // already signalled
	}
}

// Preview begins to find out what an import would do. It is told by Progress, and forgotten when the process ends.
func (i *Importer) Preview(connection string, create bool) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if run := i.runs[connection]; run != nil && run.Running {
		return catalogue.ErrImporting
	}
	i.runs[connection] = &catalogue.Progress{DryRun: true, Create: create, Running: true}
	i.preview = append(i.preview, connection)
	i.Wake()
	return nil
}

// Progress tells how a shop's newest import or preview fares; false when there was none since the start.
func (i *Importer) Progress(connection string) (catalogue.Progress, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	run := i.runs[connection]
	if run == nil {
		return catalogue.Progress{}, false
	}
	return *run, true
}

func (i *Importer) change(connection string, do func(*catalogue.Progress)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	do(i.runs[connection])
}

// logPause is between tries while the log takes nothing.
const logPause = 2 * time.Second

// Run works off what is asked for until ctx ends or the log is fenced.
func (i *Importer) Run(ctx context.Context) error {
	for {
		more, err := i.next(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, eventlog.ErrFenced):
			return fmt.Errorf("import listings: %w", err)
		case err != nil:
			i.o.Logger.WarnContext(ctx, "an import of listings stopped, going on soon", "error", err)
			if err := wait(ctx, logPause); err != nil {
				return err
			}
		case !more:
			select {
			case <-i.wake:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
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

// next does one thing that was asked for; false when there is nothing to do.
func (i *Importer) next(ctx context.Context) (more bool, err error) {
	i.mu.Lock()
	previews := i.preview
	i.mu.Unlock()
	if len(previews) > 0 {
		err := i.foresee(ctx, previews[0])
		if err == nil {
			i.mu.Lock()
			i.preview = i.preview[1:]
			i.mu.Unlock()
		}
		return true, err
	}
	for _, c := range i.o.Connections() {
		s, err := catalogue.FindImport(ctx, i.o.Log, i.o.Workspace, c.ID)
		switch {
		case err != nil:
			return false, err
		case s.Running:
			return true, i.carryOut(ctx, c.ID, s)
		case s.Undoing:
			return true, i.takeBack(ctx, c.ID, s)
		}
	}
	return false, nil
}

// foresee plans and writes nothing.
func (i *Importer) foresee(ctx context.Context, connection string) error {
	i.mu.Lock()
	create := i.runs[connection].Create
	i.mu.Unlock()
	found, err := i.look(ctx, connection, create)
	if err != nil {
		return err
	}
	i.change(connection, func(p *catalogue.Progress) { found.tell(p); p.Running = false })
	return nil
}

// found is what a look at a shop came to.
type found struct {
	steps  []catalogue.Step
	gone   []string // listings that the hub knows and the shop does not show any more
	broken []catalogue.Broken
	failed string // why the shop could not be read
}

func (f found) tell(p *catalogue.Progress) {
	p.Steps, p.Broken, p.Failed = f.steps, f.broken, f.failed
}

// look reads the shop and plans. An error is this machine's; what the channel refuses is told in found.
func (i *Importer) look(ctx context.Context, connection string, create bool) (found, error) {
	r := &reader{Importer: i, connection: connection}
	if err := r.pages(ctx); err != nil {
		return found{failed: explain(err)}, ctx.Err()
	}
	if err := i.o.CaughtUp(ctx, i.o.Log.Head().Position); err != nil {
		return found{}, fmt.Errorf("wait for the views: %w", err)
	}
	var known catalogue.Known
	var before map[string]events.Shown
	if err := i.o.Views.Read(ctx, func(in projection.Reader) (err error) {
		known, before, err = catalogue.Stands(ctx, in, connection)
		return err
	}); err != nil {
		return found{}, fmt.Errorf("read what is known of %s: %w", connection, err)
	}
	if err := r.variants(ctx, before); err != nil {
		return found{failed: explain(err)}, ctx.Err()
	}
	out := found{steps: catalogue.Plan(r.shown, known, create), broken: r.broken}
	if len(r.broken) == 0 { // else a listing may be one of those that cannot be read
		for listing := range before {
			if _, there := r.at[listing]; !there {
				out.gone = append(out.gone, listing)
			}
		}
		slices.Sort(out.gone)
	}
	return out, nil
}

// explain says why an import ended and what mends it.
func explain(err error) string {
	said := channels.Short(err.Error(), 200)
	switch channels.ClassOf(err) {
	case channels.Auth:
		return fmt.Sprintf("The channel no longer lets us in (%s). Connect the shop again, then import again.", said)
	case channels.Rejected, channels.Bug:
		return fmt.Sprintf("The channel refuses to list the shop's products (%s). Ask the doctor what the connection lacks, then import again.", said)
	}
	return fmt.Sprintf("The channel does not answer (%s). Import again later; what was done stays.", said)
}
