package projection

import (
	"context"
	"errors"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Far is a Tx whose queries cost a round trip each: many rows are better read by one.
type Far interface {
	Tx
	// Load reads those rows of a table that have one of the keys, each of which comes once.
	Load(ctx context.Context, t *Layout, keys [][]any) (Rows, error)
}

// guided is a Far whose Edits know beforehand which rows a batch asks for: Apply has run once for a look.
type guided struct {
	Far
	asked map[*Layout][][]any
}

// guide has a projection show which rows it will ask for of a batch. Apply depends on records and rows
// alone, so it may run twice. What it shows is a hint: one whose course depends on rows asks for others
// later, one by one.
func guide(ctx context.Context, p Projection, tx Far, batch []eventlog.Record) Tx {
	s := &scout{asked: map[*Layout][][]any{}}
	func() {
		defer func() { _ = recover() }() // the run that counts will tell
		_, _ = p.Apply(ctx, s, batch)
	}()
	return &guided{Far: tx, asked: s.asked}
}

// take gives the keys that a table is asked for, once.
func (g *guided) take(t *Layout) [][]any {
	keys := g.asked[t]
	delete(g.asked, t)
	return keys
}

// scout is a Tx on an empty store that notes which rows it is asked for. Its run ends where the writing begins.
type scout struct{ asked map[*Layout][][]any }

// errSeen ends a scout's run.
var errSeen = errors.New("projection: seen enough")

func (s *scout) note(t *Layout, key []any) { s.asked[t] = append(s.asked[t], key) }

// Query implements Tx.
func (*scout) Query(context.Context, string, ...any) (Rows, error) { return nothing{}, nil }

// Exec implements Tx.
func (*scout) Exec(context.Context, string, ...any) error { return errSeen }

// Store implements Tx.
func (*scout) Store(context.Context, *Layout, [][]any) error { return errSeen }

// Remove implements Tx.
func (*scout) Remove(context.Context, *Layout, [][]any) error { return errSeen }

// Flush implements Tx.
func (*scout) Flush(context.Context) error { return nil }

// nothing is the answer of a query that finds no row.
type nothing struct{}

// Next implements Rows.
func (nothing) Next() bool { return false }

// Scan implements Rows.
func (nothing) Scan(...any) error { return errSeen }

// Err implements Rows.
func (nothing) Err() error { return nil }

// Close implements Rows.
func (nothing) Close() error { return nil }
