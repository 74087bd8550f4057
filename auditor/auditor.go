// Package auditor compares, each minute while the hub runs, what the hub keeps twice, and says what it found.
//
//	log ─► fold beside ─► rows of the views ─► differ? ─► audits.Differed, audits.Mended
//	shops' last readings ─► listings, orders ─► differ? ─► figure ─► the topic of the connections
//
// One look folds a bounded number of events and compares a bounded number of rows, so a long log takes more looks before its first
// comparison, and a round over many rows more than one. Nothing is asked of a channel.
package auditor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/domain/consistency"
	events "github.com/creatorflow/creatorflow/domain/events/audits"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/again"
)

// Options are what an Auditor needs.
type Options struct {
	Log         *eventlog.Log
	Views       projection.Store
	Projections []projection.Projection
	Workspace   string
	Clock       func() time.Time
	Logger      *slog.Logger
	Every       time.Duration // between looks; 0 = a minute, negative = never
	// Channels is what the shops' last readings agree and differ in.
	Channels func(ctx context.Context) (consistency.Share, error)
	Notify   func(topic string) // the figure moved
	Records  int                // of one look, see again.Options
	Rows     int
}

// pause is how long nothing is compared after the disk was full: the copy of the views must not take what the log needs.
const pause = time.Hour

// Auditor compares. Its methods may be called from many goroutines.
type Auditor struct {
	o     Options
	anew  atomic.Bool // the views were built anew
	copy  *again.Copy // of Run alone
	whole bool        // a round has ended since the copy began

	mu     sync.Mutex
	figure consistency.Figure
	at     time.Time
	place  eventlog.Position
}

// New makes an Auditor; Run does the work.
func New(o Options) (*Auditor, error) {
	c, err := again.New(again.Options{Log: o.Log, Views: o.Views, Projections: o.Projections, Records: o.Records, Rows: o.Rows})
	if err != nil {
		return nil, err
	}
	o.Every = cmp.Or(o.Every, time.Minute)
	return &Auditor{o: o, copy: c}, nil
}

// Renew says that the views were built anew: where they are not the same then either, what they are compared with is doubted.
func (a *Auditor) Renew() { a.anew.Store(true) }

// Figure is what the last look came to, when that was, and where the views stood.
func (a *Auditor) Figure() (f consistency.Figure, at time.Time, position eventlog.Position) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.figure, a.at, a.place
}

// Run looks until ctx ends or an I/O fault has fenced the log.
func (a *Auditor) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, a.Close()) }()
	if a.o.Every < 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	for wait := a.o.Every; ; {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		err := a.Look(ctx)
		wait = a.o.Every
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, eventlog.ErrFenced):
			return fmt.Errorf("audit the views: %w", err)
		case errors.Is(err, eventlog.ErrFull):
			wait = max(wait, pause)
		}
	}
}

// Close drops what the views are compared with, once nobody looks any more. Run does so at its end.
func (a *Auditor) Close() error { return a.copy.Close() }

// Look compares once.
func (a *Auditor) Look(ctx context.Context) error {
	anew := a.anew.Swap(false)
	look, err := a.copy.Look(ctx)
	doubted := err != nil
	switch {
	case err != nil || !anew:
	case look.Position == 0:
		a.anew.Store(true)
	case look.Differ > 0 || len(look.Resting) > 0:
		doubted, look.Found, look.Whole = true, nil, false
	}
	if err == nil {
		err = a.tell(ctx, look)
		a.whole = a.whole && err == nil // what could not be told is told after the next round
	}
	var shops consistency.Share
	if err == nil {
		shops, err = a.o.Channels(ctx)
	}
	if err != nil && ctx.Err() != nil { // the hub ends: what the look before came to stands
		return err
	}
	if doubted || errors.Is(err, eventlog.ErrFull) { // a copy that takes what the log needs goes, too
		a.whole = false
		err = errors.Join(err, a.copy.Close())
	}
	if err != nil {
		a.o.Logger.WarnContext(ctx, "views not compared with the log just now", "error", err)
	}
	a.show(look, shops, err)
	return err
}

// tell puts into the log what was found.
func (a *Auditor) tell(ctx context.Context, look again.Look) error {
	var news []eventlog.Event
	for _, d := range look.Found {
		a.o.Logger.ErrorContext(ctx, "a view is not what the log says", "view", d.View, "table", d.Table, "key", d.Key, "kind", d.Kind, "fields", d.Fields,
			"position", int64(look.Position), "mend", "run creatorflow rebuild")
		news = append(news, differed(d, look.Position))
	}
	for _, p := range look.Mended {
		a.o.Logger.InfoContext(ctx, "a view is what the log says again", "view", p.View, "table", p.Table, "key", p.Key, "position", int64(look.Position))
		news = append(news, events.Mended{View: p.View, Table: p.Table, Key: p.Key, At: int64(look.Position)})
	}
	stream := events.Views(a.o.Workspace)
	if look.Whole && !a.whole { // what was told before the copy began may have changed, and not all may have been told
		folded, err := a.o.Log.Fold(ctx, consistency.Telling().Fold(stream))
		if err != nil {
			return err
		}
		is := a.copy.Differing()
		for at, d := range folded.Value.(consistency.Told) {
			if _, still := is[again.Place{View: d.View, Table: at[0], Key: at[1]}]; !still {
				news = append(news, events.Mended{View: d.View, Table: at[0], Key: at[1], At: int64(look.Position)})
			}
		}
		for _, d := range is {
			news = append(news, differed(d, look.Position))
		}
		slices.SortFunc(news, func(x, y eventlog.Event) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
		a.whole = true
	}
	if news == nil {
		return nil
	}
	_, err := eventlog.Execute(ctx, a.o.Log, stream, consistency.Telling(), news, eventlog.Meta{Actor: "auditor"})
	return err
}

func differed(d again.Difference, at eventlog.Position) events.Differed {
	return events.Differed{View: d.View, Table: d.Table, Key: d.Key, Kind: d.Kind, Fields: d.Fields, At: int64(at)}
}

// show takes over the figure.
func (a *Auditor) show(look again.Look, shops consistency.Share, err error) {
	a.mu.Lock()
	f := a.figure
	f.Behind, f.Resting, f.Channels, f.Trouble = look.Behind, look.Resting, shops, ""
	if look.Position > 0 {
		f.Views.Differing = int64(look.Differ)
	}
	if look.Round > 0 {
		f.Views.Compared = look.Round
	}
	if err != nil {
		f.Trouble = "What is shown could not be compared with the log just now: it is tried again. The program's log says why."
	} else {
		a.at, a.place = a.o.Clock(), look.Position
	}
	a.figure = f
	a.mu.Unlock()
	a.o.Notify("sync")
}
