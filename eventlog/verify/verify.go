// Package verify recomputes all that guards a log: density, checksums, versions, seals, the answers of
// command keys and the snapshots of long streams.
package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/seal"
	"github.com/creatorflow/creatorflow/eventlog/snapshot"
)

const page = 1000

// Report says how far a log was found whole.
type Report struct {
	Position eventlog.Position // of the last event that was checked
	Seal     [32]byte          // of the last commit
	Events   int
	Commits  int
	Streams  int
	Keys     int // of commands, whose answers are whole

	Snapshots int // of streams, as they were written
}

// chain is the state of the computation between two records.
type chain struct {
	report   Report
	versions map[eventlog.Stream]eventlog.Version
	digest   seal.Digest
	first    eventlog.Position // of the commit in progress, 0 between commits
	at       int64
	whole    bool // read from position 1, so that every stream must begin at version 1
}

// Log reads the log after a position, 0 for all of it, up to the head as it stands at the call.
// The position must be the last of a commit, because the chain of seals starts there. An error
// that wraps eventlog.ErrCorrupt names the first thing that is not what was written; the report
// then ends before it.
func Log(ctx context.Context, store eventlog.Store, from eventlog.Position) (Report, error) {
	head, err := store.Head(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("read the head of the log: %w", err)
	}
	c := chain{report: Report{Position: from}, versions: map[eventlog.Stream]eventlog.Version{}, whole: from == 0}
	if from > 0 {
		if c.report.Seal, err = sealAt(ctx, store, from); err != nil {
			return Report{}, err
		}
	}
	for after := from; after < head.Position; {
		records, err := store.ReadAll(ctx, after, min(page, int(head.Position-after)))
		if err != nil {
			return c.report, fmt.Errorf("read the log after position %d: %w", after, err)
		}
		if len(records) == 0 {
			return c.report, fmt.Errorf("%w: the log ends at position %d, but its head is %d", eventlog.ErrCorrupt, after, head.Position)
		}
		for i := range records {
			after++
			if records[i].Position != after {
				return c.report, fmt.Errorf("%w: position %d is missing, the next is %d", eventlog.ErrCorrupt, after, records[i].Position)
			}
			if err := c.add(&records[i]); err != nil {
				return c.report, err
			}
		}
	}
	if c.first != 0 || c.report.Seal != head.Seal {
		return c.report, fmt.Errorf("%w: the seal at position %d is not the head's", eventlog.ErrCorrupt, head.Position)
	}
	if err := c.heads(ctx, store); err != nil {
		return c.report, err
	}
	if err := c.keys(ctx, store); err != nil {
		return c.report, err
	}
	err = each(ctx, store, func(s *eventlog.Snapshot) error {
		c.report.Snapshots++
		return snapshot.Check(ctx, store, s)
	})
	return c.report, err
}

func sealAt(ctx context.Context, store eventlog.Store, p eventlog.Position) (sum [32]byte, err error) {
	records, err := store.ReadAll(ctx, p-1, 1)
	if err != nil {
		return sum, fmt.Errorf("read position %d: %w", p, err)
	}
	if len(records) != 1 || records[0].Position != p || len(records[0].Seal) != len(sum) {
		return sum, fmt.Errorf("position %d does not end a commit, so no seal stands there to start from", p)
	}
	return [32]byte(records[0].Seal), nil
}

func (c *chain) add(s *eventlog.Stored) error {
	body, err := s.Check()
	if err != nil {
		return err
	}
	before, seen := c.versions[s.Stream]
	if (seen || c.whole) && s.Version != before+1 {
		return fmt.Errorf("%w: %s goes from version %d to %d at position %d", eventlog.ErrCorrupt, s.Stream, before, s.Version, s.Position)
	}
	c.versions[s.Stream] = s.Version
	if c.first == 0 {
		c.first, c.at, c.digest = s.Position, s.At, seal.NewDigest()
	}
	if s.At != c.at {
		return fmt.Errorf("%w: the commit at position %d has two times", eventlog.ErrCorrupt, c.first)
	}
	c.digest.Add(body, s.Tail())
	if s.Seal == nil {
		return nil
	}
	next := seal.Next(c.report.Seal, int64(c.first), c.at, c.digest.Sum())
	if string(s.Seal) != string(next[:]) {
		return fmt.Errorf("%w: the seal at position %d does not follow from positions %d to %d", eventlog.ErrCorrupt, s.Position, c.first, s.Position)
	}
	c.report = Report{
		Position: s.Position, Seal: next, Streams: len(c.versions),
		Events: c.report.Events + int(s.Position-c.first) + 1, Commits: c.report.Commits + 1,
	}
	c.first = 0
	return nil
}

// heads checks that every stream ends where its head says: the store refuses to read another.
func (c *chain) heads(ctx context.Context, store eventlog.Store) error {
	for stream, version := range c.versions {
		_, err := store.ReadStream(ctx, stream, version-1, 2)
		if errors.Is(err, eventlog.ErrCorrupt) {
			return err
		}
		if err != nil {
			return fmt.Errorf("read the head of %s: %w", stream, err)
		}
	}
	// A head without events is in no record, but in the sum.
	position, versions, empty, err := store.Heads(ctx)
	if err != nil {
		return fmt.Errorf("read the heads of all streams: %w", err)
	}
	if versions != position || empty > 0 {
		return fmt.Errorf("%w: the heads of the streams count %d events and %d streams have none, the log has %d events",
			eventlog.ErrCorrupt, versions, empty, position)
	}
	return nil
}

// keys checks the stored answers of commands, which would be given again.
func (c *chain) keys(ctx context.Context, store eventlog.Store) error {
	var after eventlog.StoredKey
	for {
		found, err := store.ReadKeys(ctx, after, page)
		if err != nil {
			return fmt.Errorf("read the command keys: %w", err)
		}
		for i := range found {
			if err := found[i].Check(); err != nil {
				return err
			}
		}
		c.report.Keys += len(found)
		if len(found) < page {
			return nil
		}
		after = found[len(found)-1]
	}
}

// snapshots are read a few at a time: one may have megabytes.
const snapshots = 8

// each goes through all snapshots.
func each(ctx context.Context, store eventlog.Store, do func(s *eventlog.Snapshot) error) error {
	var after eventlog.Snapshot
	for {
		found, err := store.ReadSnapshots(ctx, after, snapshots)
		if err != nil {
			return fmt.Errorf("read the snapshots: %w", err)
		}
		for i := range found {
			if err := do(&found[i]); err != nil {
				return err
			}
		}
		if len(found) < snapshots {
			return nil
		}
		after = found[len(found)-1]
	}
}

// Snapshots folds the stream of every snapshot from its start and compares. The folds that a stream has
// come from the caller; a snapshot of no such fold, or of another schema, is never used, so it is passed
// over.
func Snapshots(ctx context.Context, log *eventlog.Log, store eventlog.Store, folds func(eventlog.Stream) []eventlog.Fold) (proven int, err error) {
	err = each(ctx, store, func(s *eventlog.Snapshot) error {
		for _, f := range folds(s.Stream) {
			if f.Name != s.Fold || f.Keep == nil || f.Keep.Schema != s.Schema {
				continue
			}
			state, version, err := fold(ctx, log, f, s.Version)
			if err == nil {
				err = snapshot.Same(s, f.Keep, state, version)
			}
			if err != nil {
				return err
			}
			proven++
		}
		return nil
	})
	return proven, err
}

// fold folds a stream from its start up to a version.
func fold(ctx context.Context, log *eventlog.Log, f eventlog.Fold, last eventlog.Version) (state any, at eventlog.Version, err error) {
	for state = f.Zero(); at < last; {
		records, err := log.ReadStream(ctx, f.Stream, at, int(min(page, last-at)))
		if err != nil || len(records) == 0 {
			return state, at, err
		}
		for _, r := range records {
			state = f.Evolve(state, r.Event)
		}
		at += eventlog.Version(len(records))
	}
	return state, at, nil
}
