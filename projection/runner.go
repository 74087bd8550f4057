package projection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection/ahead"
)

// ErrBroken says that the view store cannot be trusted or used any more. The log is not touched
// by it: a restart builds the views anew.
var ErrBroken = errors.New("projection: the view store is broken")

// errMoved says that someone else moved a checkpoint: another process, or a rebuild.
var errMoved = errors.New("projection: the checkpoint was moved")

// Log is what views are folded from.
type Log = ahead.Log

// Options of a Runner.
type Options struct {
	// Notify is called after each commit, in order. It must not block.
	Notify func(Notice)
	// MaxBatch is how many records one transaction folds at most, 1,000 when 0.
	MaxBatch int
	Log      *slog.Logger
}

// Status is how one projection stands.
type Status struct {
	Name     string
	Version  int
	Position eventlog.Position
	Head     eventlog.Position
	Building bool   // its tables have not caught up since they were made or the program started
	Stopped  string // why Apply failed at Position+1; it is tried again from time to time
}

// Runner folds the log into the views of one store.
type Runner struct {
	log         Log
	store       Store
	projections []Projection
	options     Options

	parts []*part // touched by the goroutine of Run alone

	rebuilding atomic.Bool

	mu     sync.Mutex
	front  eventlog.Position
	status []Status
	moved  chan struct{} // closed and replaced when front rises
}

// part is a projection on its way. Parts at the same position fold the same batch in one
// transaction; that is all there is to keeping pace and to joining.
type part struct {
	Projection
	at       eventlog.Position
	building bool
	goal     eventlog.Position // it builds until it has come past this and to the front
	joined   bool              // it has just caught up: the old version's tables may go
	limit    int               // records in its next batch, halved to find the one that Apply fails on
	stopped  string
	pause    time.Duration // between tries while it is stopped
	retry    <-chan time.Time
}

const (
	firstPause = time.Second
	lastPause  = 5 * time.Minute
	// passingPause is the wait when the disk is full or the database away.
	passingPause = 2 * time.Second
	// buildBatches is how many batches those behind fold for one of those in front, so that they
	// gain on a busy log.
	buildBatches = 4
)

// NewRunner makes a runner; Run does the work.
func NewRunner(log Log, store Store, projections []Projection, o Options) *Runner {
	if o.MaxBatch <= 0 {
		o.MaxBatch = 1000
	}
	if o.Notify == nil {
		o.Notify = func(Notice) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Runner{log: log, store: store, projections: projections, options: o, moved: make(chan struct{})}
}

// Run folds until ctx ends or the store breaks.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return fmt.Errorf("run projections: %w", err)
	}
	for {
		busy, err := r.turn(ctx, 0)
		if errors.Is(err, errMoved) {
			r.options.Log.InfoContext(ctx, "views were moved, going on from there")
			err = r.load(ctx)
			busy = true
			r.announce()
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case eventlog.Passing(err):
			r.options.Log.WarnContext(ctx, "views wait for the disk or the database", "error", err)
			pause(ctx, passingPause)
		case err != nil:
			return fmt.Errorf("run projections: %w", err)
		case !busy:
			if err := r.idle(ctx); err != nil {
				return err
			}
		}
	}
}

// idle waits for news. While a projection is stopped it also looks at its retry every second.
func (r *Runner) idle(ctx context.Context) error {
	wait := ctx
	if slices.ContainsFunc(r.parts, func(p *part) bool { return p.stopped != "" }) {
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, firstPause)
		defer cancel()
	}
	_, err := r.log.Wait(wait, r.Position())
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && wait.Err() == nil:
		return fmt.Errorf("run projections: wait for the log: %w", err)
	}
	return nil
}

// load takes the parts' places from the store, makes the tables that are missing, and throws
// away those that another log was folded into.
func (r *Runner) load(ctx context.Context) error {
	if err := check(r.projections); err != nil {
		return err
	}
	now, err := r.store.Checkpoints(ctx)
	if err != nil {
		return err
	}
	head := r.log.Head()
	standing := map[string]Checkpoint{}
	for _, c := range now {
		foreign, err := foreign(ctx, r.log, c)
		if err != nil {
			return err
		}
		if foreign {
			r.options.Log.WarnContext(ctx, "views belong to another log or to another history of it and are built anew", "projection", c.Name,
				"version", c.Version, "position", int64(c.Position))
			if err := r.store.Drop(ctx, c.Name, c.Version); err != nil {
				return err
			}
			continue
		}
		standing[tableOwner(c.Name, c.Version)] = c
	}
	was := map[string]*part{}
	for _, p := range r.parts {
		was[p.Name()] = p
	}
	var parts []*part // those of before stay where one cannot be made now
	for _, p := range r.projections {
		c, ok := standing[tableOwner(p.Name(), p.Version())]
		if !ok {
			if err := r.store.Create(ctx, p); err != nil {
				return err
			}
		}
		next := &part{Projection: p, at: c.Position, limit: r.options.MaxBatch, goal: head.Position, building: c.Position < head.Position}
		if before, ok := was[p.Name()]; ok {
			next.building = before.building
		}
		next.joined = !next.building
		parts = append(parts, next)
	}
	r.parts = parts
	r.settle()
	return nil
}

func tableOwner(name string, version int) string { return fmt.Sprintf("%s_v%d", name, version) }

// check finds mistakes that would mix up tables.
func check(projections []Projection) error {
	names := map[string]bool{}
	for _, p := range projections {
		for _, table := range append([]string{p.Name()}, p.Tables()...) {
			if names[table] {
				return fmt.Errorf("projection %s: %q is used twice", p.Name(), table)
			}
			names[table] = true
		}
		for _, table := range p.Tables() {
			if !strings.HasSuffix(table, fmt.Sprintf("_v%d", p.Version())) {
				return fmt.Errorf("projection %s: table %s must end in _v%d", p.Name(), table, p.Version())
			}
		}
	}
	return nil
}
