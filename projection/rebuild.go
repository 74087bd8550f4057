package projection

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection/ahead"
)

// Rebuild folds the whole log into new tables beside the serving ones, then lets them serve. A
// Runner on the same store goes on meanwhile and takes the new tables over. When a projection
// cannot fold a record, the old tables stay.
func Rebuild(ctx context.Context, log Log, store Store, projections []Projection, o Options) (err error) {
	fresh, err := store.Beside(ctx)
	if err != nil {
		return fmt.Errorf("rebuild views: %w", err)
	}
	defer func() { err = errors.Join(err, fresh.Close()) }()
	b, done, err := builder(ctx, log, fresh, projections, o)
	defer done()
	if err != nil {
		return fmt.Errorf("rebuild views: %w", err)
	}
	// The writer is held back for the last stretch only, so first come close to the end.
	for gap := log.Head().Position; gap > lastStretch; {
		if err := b.foldTo(ctx, log.Head().Position); err != nil {
			return fmt.Errorf("rebuild views: %w", err)
		}
		gap = log.Head().Position - b.Position()
	}
	err = store.Switch(ctx, fresh, func(ctx context.Context) error {
		now, err := store.Checkpoints(ctx)
		if err != nil {
			return err
		}
		end := b.Position()
		for _, c := range now {
			foreign, err := foreign(ctx, log, c)
			if err != nil {
				return err
			}
			if foreign { // its position says nothing
				c.Position = log.Head().Position
			}
			end = max(end, c.Position)
		}
		return b.foldTo(ctx, end)
	})
	if err != nil {
		return fmt.Errorf("rebuild views: %w", err)
	}
	return nil
}

// Rebuild is the function Rebuild for the store of a runner that runs. Afterwards all topics are
// announced. One runs at a time.
func (r *Runner) Rebuild(ctx context.Context) error {
	if !r.rebuilding.CompareAndSwap(false, true) {
		return eventlog.Refusal("A rebuild of the views is running: wait for its end.")
	}
	defer r.rebuilding.Store(false)
	if err := Rebuild(ctx, r.log, r.store, r.projections, Options{Log: r.options.Log}); err != nil {
		return err
	}
	r.announce()
	return nil
}

// lastStretch is how many records are folded at most while the writer is held back, and those that came
// since.
const lastStretch = 1000

// buildBatch is how many records a builder folds at once. Nobody reads what it writes, and most of what
// concerns one order comes close together: many records share the reading and writing of a row.
const buildBatch = 8_000

// builder is a runner that is driven by foldTo instead of Run; done ends what it has begun, also when it fails.
func builder(ctx context.Context, log Log, store Store, projections []Projection, o Options) (b *Runner, done func(), err error) {
	o.Notify = nil
	if o.MaxBatch == 0 {
		o.MaxBatch = buildBatch
	}
	pages := &ahead.Pages{Log: log}
	b = NewRunner(pages, store, projections, o)
	return b, pages.Settle, b.load(ctx)
}

// foldTo folds every part up to a position.
func (r *Runner) foldTo(ctx context.Context, end eventlog.Position) error {
	for busy := end > 0; busy; {
		var err error
		busy, err = r.turn(ctx, end)
		if err != nil {
			return err
		}
		for _, p := range r.parts {
			if p.stopped != "" {
				return fmt.Errorf("%s cannot fold the record after position %d: %s", p.Name(), p.at, p.stopped)
			}
		}
	}
	for _, p := range r.parts {
		if p.at < end {
			return fmt.Errorf("%s came to position %d only, the log should reach %d: %w", p.Name(), p.at, end, eventlog.ErrCorrupt)
		}
	}
	return nil
}

// Report is the outcome of Verify.
type Report struct {
	Position eventlog.Position // how far the views had been folded
	Equal    bool
	Hash     [32]byte // over all tables of the views, by name
	Differ   []string // tables that a rebuild makes otherwise, and projections that have none
}

// Verify folds the log into a temporary store, up to where the views stand, and compares the
// bytes of every table. The views may be served and folded further meanwhile.
func Verify(ctx context.Context, log Log, store Store, projections []Projection, o Options) (report Report, err error) {
	standing, missing, err := split(ctx, store, projections)
	if err != nil {
		return Report{}, fmt.Errorf("verify views: %w", err)
	}
	tables := tablesOf(standing)
	sums, at, err := store.Hashes(ctx, tables)
	if err != nil {
		return Report{}, fmt.Errorf("verify views: %w", err)
	}
	fresh, err := store.Beside(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("verify views: %w", err)
	}
	defer func() { err = errors.Join(err, fresh.Close()) }()
	if err := foldEach(ctx, log, fresh, standing, at, o); err != nil {
		return Report{}, fmt.Errorf("verify views: %w", err)
	}
	again, _, err := fresh.Hashes(ctx, tables)
	if err != nil {
		return Report{}, fmt.Errorf("verify views: %w", err)
	}
	report.Differ = missing
	whole := sha256.New()
	for i, table := range tables {
		if sums[i] != again[i] {
			report.Differ = append(report.Differ, table)
		}
		fmt.Fprintf(whole, "%s %x\n", table, sums[i])
	}
	for _, c := range at {
		report.Position = max(report.Position, c.Position)
	}
	report.Hash = [32]byte(whole.Sum(nil))
	report.Equal = len(report.Differ) == 0
	return report, nil
}

// split tells the projections that have tables in the store from those that have none.
func split(ctx context.Context, store Store, projections []Projection) (standing []Projection, missing []string, err error) {
	now, err := store.Checkpoints(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range projections {
		if _, ok := checkpointOf(now, p); ok {
			standing = append(standing, p)
		} else {
			missing = append(missing, tableOwner(p.Name(), p.Version())+" (not built)")
		}
	}
	return standing, missing, nil
}

func checkpointOf(all []Checkpoint, p Projection) (Checkpoint, bool) {
	i := slices.IndexFunc(all, func(c Checkpoint) bool { return c.Name == p.Name() && c.Version == p.Version() })
	if i < 0 {
		return Checkpoint{}, false
	}
	return all[i], true
}

func tablesOf(projections []Projection) (tables []string) {
	for _, p := range projections {
		tables = append(tables, p.Tables()...)
	}
	slices.Sort(tables)
	return tables
}

// foldEach folds each projection as far as its checkpoint says; those at one position go together.
func foldEach(ctx context.Context, log Log, store Store, projections []Projection, at []Checkpoint, o Options) error {
	together := map[eventlog.Position][]Projection{}
	for _, p := range projections {
		c, _ := checkpointOf(at, p)
		if id := log.Head().LogID; c.Position > 0 && !bytes.Equal(c.LogID[:], id[:]) {
			return fmt.Errorf("%s was folded from log %s, this is log %s", p.Name(), c.LogID, id)
		}
		together[c.Position] = append(together[c.Position], p)
	}
	for position, group := range together {
		b, done, err := builder(ctx, log, store, group, o)
		if err == nil {
			err = b.foldTo(ctx, position)
		}
		done()
		if err != nil {
			return err
		}
	}
	return nil
}
