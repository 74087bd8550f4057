package backfill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/backfill"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/ingest/intake"
)

const (
	maxPages  = 10_000          // of one slice; a vendor that pages in circles must not hold us for ever
	longest   = time.Minute     // between tries of a channel that does not answer
	restsMost = 2 * time.Second // after a page that took as long; while it waited for quota it did no work
	lately    = 24 * time.Hour  // an order placed so lately may be one that no poll has met yet: it is news and takes its stock
)

// reader reads one shop.
type reader struct {
	*Filler
	run *run
}

func (r reader) change(do func(*backfill.Progress)) {
	r.mu.Lock()
	do(&r.run.progress)
	r.mu.Unlock()
	r.o.Notify("sync")
}

// read reads slice after slice to the end of the range. Failed says why the channel refuses to go on; an error is this machine's,
// or that of ctx.
func (r reader) read(ctx context.Context) (failed string, err error) {
	for {
		p, _ := r.Progress(r.run.begun.Connection)
		from, until := p.Slice(r.run.begun)
		if !from.Before(until) {
			return "", nil
		}
		began := r.o.Clock()
		s, err := r.slice(ctx, from, until)
		if err != nil {
			var no refused
			if errors.As(err, &no) {
				return string(no), nil
			}
			return "", err
		}
		r.change(func(p *backfill.Progress) { *p = p.Done(until, s.pages, s.broken, r.o.Clock().Sub(began)) })
		if err := r.again(ctx, func() error { return r.keep(ctx, r.run) }); err != nil {
			return "", err
		}
	}
}

// refused says in a sentence why a channel does not go on.
type refused string

// Error implements error.
func (r refused) Error() string { return string(r) }

// slice is what reading one came to.
type slice struct {
	pages  int
	broken int64
}

// slice reads all pages of one. A channel that refuses a page behind the first may have forgotten the listing: it begins anew, once.
func (r reader) slice(ctx context.Context, from, until time.Time) (s slice, err error) {
	anew := true
	for next := ""; ; {
		began := r.o.Clock()
		page, err := r.page(ctx, from, until, next)
		if err != nil {
			if anew && next != "" && errors.As(err, new(refused)) {
				anew, next, s = false, "", slice{}
				r.change(func(p *backfill.Progress) { p.Ahead = 0 })
				continue
			}
			return s, err
		}
		broken, err := r.takeIn(ctx, page)
		if err != nil {
			return s, err
		}
		s.pages, s.broken = s.pages+1, s.broken+broken
		r.change(func(p *backfill.Progress) { p.Ahead += int64(len(page.Orders) + len(page.Invalid)) })
		if next = page.Next; next == "" {
			return s, nil
		}
		if s.pages == maxPages {
			return s, refused(fmt.Sprintf("The channel's list of orders does not end after %d pages. Ask for a shorter time.", maxPages))
		}
		if err := wait(ctx, min(max(r.o.Clock().Sub(began), 0), restsMost)); err != nil {
			return s, err
		}
	}
}

// page asks for a page until it comes, or the channel refuses it.
func (r reader) page(ctx context.Context, from, until time.Time, next string) (page channels.Page, err error) {
	for pause := r.o.Pause; ; pause = min(2*pause, longest) {
		c, ok := r.o.Connector(r.run.begun.Connection)
		h, can := c.(channels.Historian)
		if !ok || !can {
			return page, refused("The shop is not connected any more.")
		}
		page, err = h.Placed(ctx, from, until, next)
		if err == nil {
			r.change(func(p *backfill.Progress) { p.Trouble = "" })
			return page, nil
		}
		if ctx.Err() != nil {
			return page, ctx.Err()
		}
		said := channels.Short(err.Error(), 200)
		trouble := fmt.Sprintf("The channel does not answer (%s). It is asked again by itself.", said)
		switch channels.ClassOf(err) {
		case channels.Rejected, channels.Bug, channels.Gone:
			return page, refused(fmt.Sprintf("The channel refuses to list its orders (%s). Ask the doctor what the connection lacks, then ask again.", said))
		case channels.Auth:
			trouble = fmt.Sprintf("The channel no longer lets us in (%s). Connect the shop again, and this goes on.", said)
		case channels.Throttled:
			trouble = "The channel asks to slow down; this goes on by itself."
		}
		r.change(func(p *backfill.Progress) { p.Trouble = trouble })
		var f *channels.Failure
		if errors.As(err, &f) {
			pause = max(pause, min(f.RetryAfter, longest))
		}
		if err := wait(ctx, pause); err != nil {
			return page, err
		}
	}
}

// takeIn takes in a page by the rules of polls.
func (r reader) takeIn(ctx context.Context, page channels.Page) (broken int64, err error) {
	var shop channels.Connection
	for _, c := range r.o.Connections() {
		if c.ID == r.run.begun.Connection {
			shop = c
		}
	}
	broken = int64(len(page.Invalid))
	old, news := apart(page, r.o.Clock().Add(-lately))
	for _, part := range []struct {
		page channels.Page
		take func(context.Context, channels.Connection, channels.Page) (map[string]intake.Result, error)
	}{{old, r.o.Intake.Older}, {news, r.o.Intake.Polled}} {
		var results map[string]intake.Result
		err = r.again(ctx, func() (err error) { results, err = part.take(ctx, shop, part.page); return err })
		if err != nil {
			return broken, err
		}
		for _, result := range results {
			if result.Invalid != nil || result.Err != nil {
				broken++
			}
		}
	}
	return broken, nil
}

// apart parts a page into orders that were placed before a time and those that were not.
func apart(page channels.Page, since time.Time) (old, news channels.Page) {
	old.Invalid = page.Invalid
	for _, o := range page.Orders {
		if o.Created.Before(since) {
			old.Orders = append(old.Orders, o)
		} else {
			news.Orders = append(news.Orders, o)
		}
	}
	return old, news
}

// again does what this machine must do until it can.
func (r reader) again(ctx context.Context, do func() error) error {
	for {
		err := do()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, eventlog.ErrFenced):
			return err
		}
		r.o.Logger.WarnContext(ctx, "reading older orders stopped, going on soon", "connection", r.run.begun.Connection, "error", err)
		if err := wait(ctx, logPause); err != nil {
			return err
		}
	}
}
