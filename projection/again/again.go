// Package again folds the log a second time, into views beside those that serve, and compares the rows.
//
//	log ─► Copy.Look: so many records ─► views beside ─┐
//	                                    views that serve ─┴─► rows that differ, at one position
//
// A look folds the copy up to the position of a read of the serving views and compares within that read, so views that lag
// behind the log are compared as far as they are. It compares the rows that moved since the look before, those that differed, and
// the next so many of all others in turn: a round. A row counts as different when two reads in a row say so. A view that the copy
// cannot fold rests until the copy is begun anew.
package again

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Options of a Copy; zero numbers are those that are given.
type Options struct {
	Log         projection.Log
	Views       projection.Store
	Projections []projection.Projection
	Records     int // folded at most by one look, 60,000
	Rows        int // compared at most by one look in turn, 20,000, and half as many of those that moved or differed
}

// batch is how many records are folded in one transaction.
const batch = 2_000

// Place is a row's: its table and key. Both are the same on every database.
type Place struct{ View, Table, Key string }

// Difference is a row that the serving views have otherwise than the log says.
type Difference struct {
	Place
	Kind   string   // changed, missing or extra in the serving views
	Fields []string // that are not the same, of a changed row
}

// Kinds of a Difference.
const (
	Changed = "changed"
	Missing = "missing"
	Extra   = "extra"
)

// Look is what one look came to.
type Look struct {
	Position eventlog.Position // of the views that were compared; 0 = none were
	Behind   int64             // records that the copy has to fold before anything is compared
	Rows     int64             // compared by this look
	Round    int64             // rows of the round that ended with it, 0 = none did
	Whole    bool              // no view rested in that round
	Resting  []string          // views that are not compared: they are being built, or have stopped
	Found    []Difference      // that differ now and did not at the look before
	Mended   []Place           // the other way round
	Differ   int               // that differ now, as far as is known
}

// Copy is the second fold. One goroutine uses it.
type Copy struct {
	o       Options
	tables  []*table
	store   projection.Store // nil = not begun
	at      eventlog.Position
	turn    int   // the table that the round is in
	after   []any // the last key of it that was compared; nil = begin
	counted int64 // rows of this round
	skipped bool  // a view rested in this round
	failed  map[string]bool
	moved   map[Place]row
	differ  map[Place]Difference
	keys    map[Place][]any // of what differs
}

// row is one that is to be looked at.
type row struct {
	*table
	key []any
}

// New makes a Copy; the first Look begins it.
func New(o Options) (*Copy, error) {
	o.Records, o.Rows = cmp.Or(o.Records, 60_000), cmp.Or(o.Rows, 20_000)
	c := &Copy{o: o, moved: map[Place]row{}, differ: map[Place]Difference{}, keys: map[Place][]any{}, failed: map[string]bool{}}
	for _, p := range o.Projections {
		for _, text := range p.Schema() {
			if t, ok := parse(text); ok {
				t.view = p
				c.tables = append(c.tables, t)
			}
		}
	}
	var named int
	for _, p := range o.Projections {
		named += len(p.Tables())
	}
	if named != len(c.tables) {
		return nil, fmt.Errorf("compare views: the schemas make %d tables that can be compared, and %d are named", len(c.tables), named)
	}
	return c, nil
}

// Close drops the copy. The next Look begins another one; what differed is looked at again by it.
func (c *Copy) Close() error {
	if c.store == nil {
		return nil
	}
	err := c.store.Close()
	c.store, c.at, c.turn, c.after, c.counted, c.skipped = nil, 0, 0, nil, 0, false
	clear(c.moved)
	clear(c.failed)
	return err
}

// Look folds and compares.
func (c *Copy) Look(ctx context.Context) (l Look, err error) {
	defer func() { l.Differ = len(c.differ) }()
	if c.store == nil {
		if err := c.begin(ctx); err != nil {
			return l, err
		}
	}
	budget := c.o.Records
	var level standing
	err = c.o.Views.Read(ctx, func(r projection.Reader) (err error) {
		level, l.Resting, err = c.level(ctx, r)
		return err
	})
	if err != nil {
		return l, err
	}
	front := level.position
	if front < c.at {
		return l, fmt.Errorf("compare views: they stand at position %d, and the copy at %d", front, c.at)
	}
	if err := c.foldTo(ctx, min(front, c.at+eventlog.Position(budget))); err != nil {
		return l, err
	}
	for _, p := range c.o.Projections {
		if name := p.Name(); level.views[name] && c.failed[name] {
			delete(level.views, name)
			l.Resting = append(l.Resting, name)
		}
	}
	if l.Behind = int64(front - c.at); l.Behind > 0 {
		return l, nil
	}
	asked := c.ask()
	first, err := c.pass(ctx, level.views, func(at reading) error { return c.inTurn(ctx, at, asked, &l) })
	if err != nil || first == nil {
		return l, err
	}
	return l, c.settle(ctx, level.views, first, asked, &l)
}

// begin makes the views beside.
func (c *Copy) begin(ctx context.Context) error {
	store, err := c.o.Views.Beside(ctx)
	if err != nil {
		return fmt.Errorf("make views to compare with: %w", err)
	}
	for _, p := range c.o.Projections {
		if err := store.Create(ctx, p); err != nil {
			return errors.Join(fmt.Errorf("make views to compare with: %w", err), store.Close())
		}
	}
	c.store = store
	return nil
}

// standing is which views stand in front, and where.
type standing struct {
	position eventlog.Position
	views    map[string]bool
}

// level finds the views that stand in front in this read: its position may be that of another version, or of a view that is no more.
func (c *Copy) level(ctx context.Context, r projection.Reader) (s standing, resting []string, err error) {
	rows, err := r.Query(ctx, "select name, version, log, position, stopped from checkpoints")
	if err != nil {
		return s, nil, fmt.Errorf("compare views: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	id, places := c.o.Log.Head().LogID, map[string]eventlog.Position{}
	for rows.Next() {
		var k projection.Checkpoint
		var log []byte
		if err := rows.Scan(&k.Name, &k.Version, &log, &k.Position, &k.Stopped); err != nil {
			return s, nil, fmt.Errorf("compare views: %w", err)
		}
		ours := slices.ContainsFunc(c.o.Projections, func(p projection.Projection) bool { return p.Name() == k.Name && p.Version() == k.Version })
		if ours && k.Stopped == "" && (bytes.Equal(log, id[:]) || k.Position == 0) {
			places[k.Name] = k.Position
			s.position = max(s.position, k.Position)
		}
	}
	s.views = map[string]bool{}
	for _, p := range c.o.Projections {
		if at, ok := places[p.Name()]; ok && at == s.position && !c.failed[p.Name()] {
			s.views[p.Name()] = true
		} else {
			resting = append(resting, p.Name())
		}
	}
	return s, resting, rows.Err()
}

// foldTo folds the copy and notes which rows move.
func (c *Copy) foldTo(ctx context.Context, end eventlog.Position) error {
	for c.at < end {
		records, err := c.o.Log.ReadAll(ctx, c.at, int(min(batch, end-c.at)))
		if err != nil {
			return fmt.Errorf("fold the log again: %w", err)
		}
		if len(records) == 0 {
			return fmt.Errorf("fold the log again: it ends at position %d, before %d", c.at, end)
		}
		err = c.store.Write(ctx, func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
			for _, p := range c.o.Projections {
				if c.failed[p.Name()] {
					continue
				}
				if _, err := projection.Apply(ctx, p, watch(tx, c.note), records); err != nil {
					return nil, unfolded{p.Name(), err}
				}
			}
			return nil, nil
		})
		var failed unfolded
		switch {
		case err == nil:
			c.at = records[len(records)-1].Position
		case errors.As(err, &failed) && !eventlog.Passing(err) && !errors.Is(err, projection.ErrBroken) && ctx.Err() == nil:
			c.failed[failed.view] = true // the others are folded without it
		default:
			return err
		}
	}
	return nil
}

// unfolded is a view that could not be folded.
type unfolded struct {
	view  string
	cause error
}

func (u unfolded) Error() string { return "fold " + u.view + " again: " + u.cause.Error() }

func (u unfolded) Unwrap() error { return u.cause }

// note keeps rows that moved for the next comparison, as long as there is room: the others come in their turn.
func (c *Copy) note(l *projection.Layout, rows [][]any) {
	i := slices.IndexFunc(c.tables, func(t *table) bool { return t.name == l.Name })
	for n := 0; i >= 0 && n < len(rows) && len(c.moved) < c.most(); n++ {
		t := c.tables[i]
		key := slices.Clone(rows[n][:t.key])
		c.moved[t.place(key)] = row{t, key}
	}
}

func (c *Copy) most() int { return max(1, c.o.Rows/2) }

// ask takes the rows that are to be compared besides those whose turn it is.
func (c *Copy) ask() map[Place]row {
	asked := maps.Clone(c.moved)
	clear(c.moved)
	for place, key := range c.keys {
		if i := slices.IndexFunc(c.tables, func(t *table) bool { return t.name == place.Table }); i >= 0 {
			asked[place] = row{c.tables[i], key}
		}
	}
	return asked
}

// reading is one read of both views at one position.
type reading struct {
	serving, copy projection.Reader
	position      eventlog.Position
	views         map[string]bool
	found         map[Place]row
	differ        map[Place]Difference
}

// pass reads both views at one position and gives what differs, or nothing when the views have moved too far or do not stand together.
func (c *Copy) pass(ctx context.Context, views map[string]bool, compare func(at reading) error) (_ *reading, err error) {
	at := reading{views: views, found: map[Place]row{}, differ: map[Place]Difference{}}
	even := false
	err = c.o.Views.Read(ctx, func(r projection.Reader) error {
		now, _, err := c.level(ctx, r)
		if err != nil || now.position < c.at || now.position-c.at > eventlog.Position(c.o.Records) {
			return err
		}
		if err := c.foldTo(ctx, now.position); err != nil {
			return err
		}
		for view := range views {
			if !now.views[view] || c.failed[view] {
				return nil
			}
		}
		at.position = now.position
		return c.store.Read(ctx, func(again projection.Reader) error {
			at.serving, at.copy, even = r, again, true
			return compare(at)
		})
	})
	if err != nil || !even {
		return nil, err
	}
	return &at, nil
}

// inTurn compares what is asked for and the rows whose turn it is.
func (c *Copy) inTurn(ctx context.Context, at reading, asked map[Place]row, l *Look) error {
	l.Position = at.position
	whole, err := c.round(ctx, at, l)
	if err != nil {
		return err
	}
	for _, r := range asked {
		if !at.views[r.view.Name()] || whole[r.table] {
			continue
		}
		if err := at.one(ctx, r); err != nil {
			return err
		}
		l.Rows++
	}
	return nil
}

// round compares the rows whose turn it is, and gives the tables of which it has compared every row.
func (c *Copy) round(ctx context.Context, at reading, l *Look) (whole map[*table]bool, err error) {
	whole = map[*table]bool{}
	begun := c.after == nil // the table that the round is in was not left half by the look before
	for left := c.o.Rows; left > 0; {
		if c.turn >= len(c.tables) {
			c.turn, l.Round, c.counted = 0, max(1, c.counted), 0
			l.Whole, c.skipped = !c.skipped, false
			return whole, nil
		}
		t := c.tables[c.turn]
		if !at.views[t.view.Name()] {
			c.turn, c.after, c.skipped, begun = c.turn+1, nil, true, true
			continue
		}
		page := min(left, 1000)
		n, last, all, err := at.page(ctx, t, c.after, page)
		if err != nil {
			return nil, err
		}
		begun = begun && all
		l.Rows, c.counted, left = l.Rows+int64(n), c.counted+int64(n), left-max(n, 1)
		if c.after = last; last == nil {
			whole[t] = begun
			c.turn, begun = c.turn+1, true
		}
	}
	return whole, nil
}

// settle compares what seems to differ once more, and what differed before, and takes over what it finds.
func (c *Copy) settle(ctx context.Context, views map[string]bool, first *reading, asked map[Place]row, l *Look) error {
	confirmed := map[Place]Difference{}
	if len(first.differ) > 0 {
		second, err := c.pass(ctx, views, func(at reading) error {
			for _, place := range slices.SortedFunc(maps.Keys(first.found), Place.compare) {
				if err := at.one(ctx, first.found[place]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || second == nil { // not sure: the next round comes by again
			l.Position, l.Round, l.Whole = 0, 0, false
			return err
		}
		confirmed = second.differ
	}
	for _, place := range slices.SortedFunc(maps.Keys(confirmed), Place.compare) {
		d := confirmed[place]
		was, known := c.differ[place]
		if !known && len(c.differ) >= c.most() {
			continue
		}
		c.differ[place], c.keys[place] = d, first.found[place].key
		if !known || was.Kind != d.Kind || !slices.Equal(was.Fields, d.Fields) {
			l.Found = append(l.Found, d)
		}
	}
	for place := range asked {
		if _, still := confirmed[place]; still || !views[place.View] {
			continue
		}
		if _, was := c.differ[place]; was {
			delete(c.differ, place)
			delete(c.keys, place)
			l.Mended = append(l.Mended, place)
		}
	}
	slices.SortFunc(l.Mended, Place.compare)
	return nil
}

func (p Place) compare(q Place) int {
	return cmp.Or(strings.Compare(p.Table, q.Table), strings.Compare(p.Key, q.Key))
}

// Differing are the rows that differ, as far as is known.
func (c *Copy) Differing() map[Place]Difference { return maps.Clone(c.differ) }
