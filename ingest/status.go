package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ShopStatus is how one connection does right now. It is not from the log.
type ShopStatus struct {
	Connection                        string
	LastSuccess                       time.Time     // what happened at the shop up to here is known, items that are planned to be tried again aside; zero = nothing is
	LastWebhook, LastPoll             time.Time     // zero = never
	Limit                             time.Duration // a last success longer ago is late
	Paused                            bool          // its lane waits for the channel
	Backlog                           int64         // webhooks not yet taken in
	Lag                               time.Duration // the age of the oldest of them, else what the last one took
	WebhooksPerMinute                 float64       // over the last minute
	Webhooks, Duplicates, Quarantined int64
	ReadsPerSecond, WritesPerSecond   float64   // what the limiter allows; 0 = nothing was called yet
	Breaker                           string    // "closed", "open" or "half-open"
	Answered, Failed                  int64     // calls of the last hour
	Left                              float64   // of the quota, see connect.Pace
	Waiting                           int       // calls that wait for quota
	Note                              string    // what a person should do before long, a sentence
	Ends                              time.Time // of the authorisation, as far as is known; zero = not
}

// AppStatus is what came for one app.
type AppStatus struct {
	App     string
	Stored  int64 // webhooks answered with 200, repeats included
	Refused int64 // wrong signature or too long
}

// Status tells how every connection does, by id.
func (i *Ingest) Status() []ShopStatus {
	now := i.o.Clock()
	i.mu.Lock()
	defer i.mu.Unlock()
	list := make([]ShopStatus, 0, len(i.shops))
	for _, s := range i.shops {
		c, pace := &s.counts, i.o.Connect.Pace(s.ID)
		lane := s.lane.State()
		synced, lag := c.LastPoll, lane.Took
		if !lane.Oldest.IsZero() {
			lag = max(now.Sub(lane.Oldest), 0)
			if lane.Oldest.Before(synced) {
				synced = lane.Oldest
			}
		}
		list = append(list, ShopStatus{
			Connection: s.ID, LastSuccess: synced, LastWebhook: c.LastWebhook, LastPoll: c.LastPoll, Limit: s.late(),
			Paused: c.Paused || pace.Breaker == "open", Backlog: int64(lane.Backlog + i.later.Of(s.ID)), Lag: lag, WebhooksPerMinute: float64(c.PerMinute(now)),
			Webhooks: c.Webhooks, Duplicates: c.Duplicates, ReadsPerSecond: pace.Read, WritesPerSecond: pace.Write,
			Answered: pace.Tally.Answered, Failed: pace.Tally.Failed, Left: pace.Left, Waiting: pace.Waiting,
			Breaker: pace.Breaker, Note: c.Note, Ends: earlier(c.Ends, i.o.Connect.Ends(s.ID)), Quarantined: i.take.Quarantined(s.ID),
		})
	}
	slices.SortFunc(list, func(a, b ShopStatus) int { return strings.Compare(a.Connection, b.Connection) })
	return list
}

// earlier is the earlier of two times, of which either may be unknown.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Apps tells what came for each app, by id, and how many webhooks were for none.
func (i *Ingest) Apps() (apps []AppStatus, strays int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for id, c := range i.apps {
		apps = append(apps, AppStatus{App: id, Stored: c.Stored, Refused: c.Refused})
	}
	slices.SortFunc(apps, func(a, b AppStatus) int { return strings.Compare(a.App, b.App) })
	return apps, i.strays
}

const appsCursor = "ingest/apps"

func countsCursor(connection string) string { return "ingest/counts:" + connection }

// restore finds out what was left open.
func (i *Ingest) restore(ctx context.Context) error {
	if err := i.refill(ctx); err != nil {
		return err
	}
	if err := i.take.Restore(ctx); err != nil {
		return err
	}
	return i.restoreApps(ctx)
}

func (i *Ingest) restoreApps(ctx context.Context) error {
	apps := map[string]*appCounts{}
	if err := i.load(ctx, appsCursor, &apps); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for id, kept := range apps {
		c := i.app(id)
		c.Stored, c.Refused = c.Stored+kept.Stored, c.Refused+kept.Refused
	}
	return nil
}

func (i *Ingest) load(ctx context.Context, name string, into any) error {
	value, err := i.o.Vault.Cursor(ctx, name)
	if err != nil || value == "" {
		return err
	}
	if err := json.Unmarshal([]byte(value), into); err != nil {
		return fmt.Errorf("read cursor %s: %w", name, err)
	}
	return nil
}

// saveCounts keeps the figures that a restart should not lose; a crash loses those of one poll.
func (s *shop) saveCounts(ctx context.Context) error {
	s.mu.Lock()
	s.counts.LastSuccess = s.health.Last()
	value, err := json.Marshal(s.counts)
	apps, appsErr := json.Marshal(s.apps)
	s.mu.Unlock()
	if err != nil || appsErr != nil {
		return fmt.Errorf("encode counts: %w, %w", err, appsErr)
	}
	if err := s.o.Vault.SetCursor(ctx, countsCursor(s.ID), string(value)); err != nil {
		return err
	}
	return s.o.Vault.SetCursor(ctx, appsCursor, string(apps))
}

// save keeps all figures at the end.
func (i *Ingest) save(ctx context.Context) {
	i.mu.Lock()
	list := make([]*shop, 0, len(i.shops))
	for _, s := range i.shops {
		list = append(list, s)
	}
	i.mu.Unlock()
	for _, s := range list {
		if err := s.saveCounts(ctx); err != nil {
			i.o.Logger.WarnContext(ctx, "counts not kept", "connection", s.ID, "error", err)
		}
	}
}
