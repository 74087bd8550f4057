package mentions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
	events "github.com/creatorflow/creatorflow/domain/events/signals"
	"github.com/creatorflow/creatorflow/eventlog"
)

const (
	maxFeed = 2 << 20          // bytes of a feed
	maxWait = 20 * time.Second // for all of it
)

// Run reads the feeds until ctx ends, whose error it returns, or until an I/O fault has fenced the log. Without a feed it waits for
// one to be added, and nothing else.
func (f *Office) Run(ctx context.Context) error {
	for {
		next, err := f.round(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, eventlog.ErrFenced):
			return err
		case err != nil:
			f.o.Logger.WarnContext(ctx, "feeds not read", "error", err)
			next = f.o.Clock().Add(soon)
		}
		if err := f.rest(ctx, next); err != nil {
			return err
		}
	}
}

// rest waits until a time, the zero time = without end, or until a source was added.
func (f *Office) rest(ctx context.Context, until time.Time) error {
	var over <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(max(until.Sub(f.o.Clock()), 0))
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-f.wake:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// round reads what is due, a few feeds at a time, and says when the next one is; the zero time = there is none.
func (f *Office) round(ctx context.Context) (next time.Time, err error) {
	all, err := f.sources(ctx)
	if err != nil {
		return time.Time{}, err
	}
	now := f.o.Clock()
	var mu sync.Mutex // guards next and err
	var reads sync.WaitGroup
	room := make(chan struct{}, beside)
	for _, s := range all {
		if s.Kind != events.Feed {
			continue
		}
		reads.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			due, failed := f.visit(ctx, s.Source, now)
			mu.Lock()
			defer mu.Unlock()
			if failed != nil {
				err = errors.Join(err, fmt.Errorf("%s: %w", s.Source, failed))
			} else if next.IsZero() || due.Before(next) {
				next = due
			}
		})
	}
	reads.Wait()
	return next, err
}

// visit reads one feed if it is due, and says when it is again. The error is ours, not the feed's.
func (f *Office) visit(ctx context.Context, id string, now time.Time) (due time.Time, err error) {
	was, err := f.load(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	if left := was.due.Sub(now); left > 0 && left <= seldom { // a clock that was set back counts as due
		return was.due, nil
	}
	is, found, err := f.sealed(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	said, next, reason := []mention(nil), was, "The vault has lost its address. Remove this source and add it again."
	if found {
		said, next, reason = f.fetch(ctx, is, was)
	}
	meta := eventlog.Meta{Actor: "channel:" + id, Correlation: id}
	if reason != "" {
		if ctx.Err() != nil {
			return time.Time{}, ctx.Err()
		}
		was.trouble, was.fails = reason, was.fails+1
		was.due = now.Add(soon)
		if was.fails > 1 {
			was.due = now.Add(min(often<<min(was.fails-2, 8), seldom))
			err = f.tell(ctx, events.SourceFailed{Source: id, Reason: reason}, meta)
		}
		f.note(id, was)
		f.o.Logger.WarnContext(ctx, "feed not read", "source", id, "reason", reason)
		return was.due, err
	}
	taken, err := f.take(ctx, id, said)
	if err == nil {
		err = f.tell(ctx, events.SourceRecovered{Source: id}, meta)
	}
	if err != nil {
		return time.Time{}, err // what was taken in is known when it comes again
	}
	next.trouble, next.fails, next.Read, next.Taken, next.due, next.whole = "", 0, f.o.Clock().UTC(), was.Taken+taken, now.Add(often), true
	if all, err := f.sources(ctx); err != nil {
		return time.Time{}, err
	} else if _, there := all.Find(id); !there { // removed meanwhile
		return next.due, nil
	}
	return next.due, f.keep(ctx, id, next)
}

// fetch reads a feed; the reason says why that was not possible, a sentence.
func (f *Office) fetch(ctx context.Context, is sealed, was seen) (said []mention, now seen, reason string) {
	client, done, err := f.way(is)
	if err != nil {
		return nil, was, err.Error()
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, is.URL, http.NoBody)
	if err != nil {
		return nil, was, ErrURL.Error()
	}
	r.Header.Set("User-Agent", "CreatorFlow")
	r.Header.Set("Accept", "application/rss+xml, application/atom+xml, application/feed+json, application/json;q=0.9, application/xml;q=0.9, text/xml;q=0.8")
	if was.whole { // the first read of a run is of all of it: the log may have been brought back from before
		for name, value := range map[string]string{"If-None-Match": was.ETag, "If-Modified-Since": was.Modified} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, was, unreached(err)
	}
	defer func() { _ = answer.Body.Close() }()
	switch answer.StatusCode {
	case http.StatusNotModified:
		return nil, was, ""
	case http.StatusOK:
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		to := "another address"
		if at, err := answer.Location(); err == nil {
			to = plain(at.String())
		}
		return nil, was, fmt.Sprintf("It has moved to %s: add that address, and remove this one.", channels.Short(to, 200))
	default:
		return nil, was, fmt.Sprintf("It answers %d %s.", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxFeed+1))
	switch {
	case err != nil:
		return nil, was, unreached(err)
	case len(body) > maxFeed:
		return nil, was, "It is longer than 2 MiB, which is not read."
	}
	if said, err = parse(body); err != nil {
		return nil, was, "What is there cannot be read: " + channels.Short(err.Error(), 200) + "."
	}
	now = was
	now.ETag, now.Modified = channels.Short(answer.Header.Get("ETag"), 400), channels.Short(answer.Header.Get("Last-Modified"), 100)
	return said, now, ""
}

// unreached says why a feed did not answer, without its address, which may hold a secret.
func unreached(err error) string {
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
	}
	switch {
	case errors.Is(err, outbound.ErrBlocked):
		return "Its address leads into a private network, or to another port than it names, where the hub does not go."
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("It did not answer within %v.", maxWait)
	}
	return "It does not answer: " + channels.Short(err.Error(), 200) + "."
}
