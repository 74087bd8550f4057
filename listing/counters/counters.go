// Package counters keeps in the log what may be sold where orders are entered here. To the rule of exposure such a connection
// is a shop with compare-and-swap whose writes and readings are of the log itself: in force at once, and exact.
//
//	room ─► Set ─► log (listing.counter_set) ─┐
//	place-order ─► log (listing.counter_sold) ─┴─► Book: what each counter holds where the room has read up to
package counters

import (
	"context"
	"errors"

	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Log is where the counters of a workspace stand.
type Log struct {
	*eventlog.Log
	Workspace string
}

// Book is what the counters of one SKU hold. One goroutine has it.
type Book struct {
	fold    eventlog.Fold
	state   listings.State
	version eventlog.Version  // of the last record in state
	from    eventlog.Position // state is exact for a reader who has come that far
	base    map[string]int    // by connection: the last write before
	asked   map[string]bool   // by connection: opened or closed, and not read back yet
}

// Read reads a SKU's counters as they are now.
func (l Log) Read(ctx context.Context, sku string) (*Book, error) {
	b := &Book{fold: listings.Fold(l.Workspace, sku), base: map[string]int{}, asked: map[string]bool{}}
	folded, err := l.Fold(ctx, b.fold)
	if err != nil {
		return nil, err
	}
	b.state, b.version, b.from = folded.Value.(listings.State), folded.Version, l.Head().Position
	for connection, c := range b.state.Counters {
		b.base[connection] = c.Number
	}
	return b, nil
}

// Take takes in a record of the SKU's listings, if the book has it not yet.
func (b *Book) Take(r eventlog.Record) {
	if r.Version <= b.version {
		return
	}
	b.state, b.version = b.fold.Evolve(b.state, r.Event).(listings.State), r.Version
	if e, ok := r.Event.(events.CounterSet); ok && e.Number == 0 {
		delete(b.asked, e.Connection)
	}
}

// Find is what a counter holds at the reader's position; known is false before its first write, ready while the reader is not as far
// as the book.
func (b *Book) Find(connection string, at eventlog.Position) (c listings.Counter, known, ready bool) {
	c, known = b.state.Counters[connection]
	return c, known, at >= b.from
}

// Numbered is the number that a write of the reader's has in the log, where those before it are counted too.
func (b *Book) Numbered(connection string, number int) int { return b.base[connection] + number }

// Turn is what opens or closes a counter, nil when it is so, or will be: open is a connection that may sell all there is.
func (b *Book) Turn(sku, connection string, open bool) eventlog.Event {
	c, known := b.state.Counters[connection]
	asked, waiting := b.asked[connection]
	if known && c.Open == open && !waiting || waiting && asked == open || !known && open {
		return nil
	}
	b.asked[connection] = open
	why := "its share alone may be sold: the shops list the rest"
	if open {
		why = "all that is available may be sold: the shops mirror it, or none of its listings is written"
	}
	return events.CounterSet{SKU: sku, Connection: connection, Open: open, Why: why}
}

// Set writes a counter; stale says that it held other units, and nothing was written.
func (l Log) Set(ctx context.Context, e events.CounterSet) (stale bool, err error) {
	_, err = eventlog.Execute(ctx, l.Log, events.Stream(l.Workspace, e.SKU), listings.Counting(), e, meta(e.SKU))
	if errors.Is(err, listings.ErrMoved) {
		return true, nil
	}
	return false, err
}

// OpenAll says whether all counters are open, because the hub writes no shop and so cannot know what they offer.
func (l Log) OpenAll(ctx context.Context, open bool) error {
	folded, err := l.Fold(ctx, listings.Fold(l.Workspace, ""))
	if err != nil || folded.Value.(listings.State).Counters[""].Open == open {
		return err
	}
	why := "a shop's quantities are written"
	if open {
		why = "no shop's quantities are written"
	}
	_, err = eventlog.Execute(ctx, l.Log, events.Stream(l.Workspace, ""), listings.Noting(), eventlog.Event(events.CounterSet{Open: open, Why: why}), meta("all"))
	return err
}

func meta(sku string) eventlog.Meta {
	return eventlog.Meta{Actor: "system:listing", Cause: "listing:" + sku, Correlation: sku}
}
