package logdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/eventlog/seal"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/storage/segment"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
	"github.com/creatorflow/creatorflow/storage/sqlite/native"
)

// errUnknown says that a commit failed in a way that leaves open whether it is on the disk.
var errUnknown = errors.New("it is unknown whether the commit is on the disk")

// writer is the connection that writes log.db, with its statements.
type writer struct {
	*native.Conn
	begin, commit, rollback                       *native.Stmt
	findStream, knownStream, addStream, setStream *native.Stmt
	findKey, addKey, purgeKeys                    *native.Stmt
	addEvent, setHead, putSnapshot                *native.Stmt
	addMonth, addSegment, dropEvents              *native.Stmt
}

func openWriter(path string) (*writer, error) {
	conn, err := native.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	w := &writer{Conn: conn}
	// A larger cache keeps the index pages of many streams at hand: 64 MB.
	err = conn.Exec("pragma synchronous = " + file.Full.Synchronous() + "; pragma cache_size = -64000")
	for _, s := range []struct {
		into **native.Stmt
		sql  string
	}{
		{&w.begin, `begin immediate`},
		{&w.commit, `commit`},
		{&w.rollback, `rollback`},
		{&w.findStream, `select id, version from streams where workspace = ?1 and kind = ?2 and name = ?3`},
		{&w.knownStream, `select 1 from streams indexed by streams_by_name where name = ?3 and kind = ?2 and workspace = ?1`},
		{&w.addStream, `insert into streams (id, workspace, kind, name, version, first) values (?1, ?2, ?3, ?4, ?5, ?6)`},
		{&w.setStream, `update streams set version = ?2 where id = ?1 and version = ?3`},
		{&w.findKey, `select hash, at, first, last, version, refusal, result, sum from command_keys where caller = ?1 and id = ?2`},
		{&w.addKey, `insert into command_keys (caller, id, hash, at, first, last, version, refusal, result, sum)
			values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`},
		{&w.purgeKeys, `delete from command_keys where (caller, id) in (
			select caller, id from command_keys where at < ?1 and id < ?2 order by at limit 1000)`},
		{&w.addEvent, `insert into events (position, stream, version, id, name, schema, at, occurred, actor, cause, correlation, data, crc, seal)
			values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`},
		{&w.putSnapshot, `insert into snapshots (workspace, kind, name, fold, schema, version, at, data, sum)
			values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) on conflict (workspace, kind, name, fold) do update set
			schema = excluded.schema, version = excluded.version, at = excluded.at, data = excluded.data, sum = excluded.sum`},
		{&w.setHead, `update log_head set position = ?1, seal = ?2, at = ?3 where position = ?4`},
		{&w.addMonth, `insert into months (month, first) values (?1, ?2)`},
		{&w.addSegment, `insert into segments (month, first, last, seal_before, seal_after, sha256, bytes) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)`},
		{&w.dropEvents, `delete from events where position <= ?1`},
	} {
		if err == nil {
			*s.into, err = conn.Prepare(s.sql)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), conn.Close())
	}
	return w, nil
}

// Commit implements eventlog.Store.
func (l *Log) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.commit(ctx, b)
}

// Alone implements eventlog.Store. Reads go on meanwhile.
func (l *Log) Alone(_ context.Context, do func(commit record.Commit) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return do(l.commit)
}

// commit needs the lock.
func (l *Log) commit(_ context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	switch {
	case l.fence.Err() != nil:
		return eventlog.Committed{}, fmt.Errorf("%w: %w", eventlog.ErrFenced, l.fence.Err())
	case l.heads == nil:
		return eventlog.Committed{}, fmt.Errorf("%s is open for reading", l.path)
	case l.writer == nil:
		return eventlog.Committed{}, eventlog.ErrFull
	}
	heads, out, err := l.compare(&b)
	if err != nil {
		return out, l.judge(err)
	}
	if !out.OK || len(b.Events) == 0 && len(b.Keys) == 0 {
		return out, nil
	}
	if err := l.write(&b, heads, &out); err != nil {
		return eventlog.Committed{}, l.judge(err)
	}
	l.head = out.Head
	for i, base := range b.Bases {
		if heads[i].id != 0 {
			l.heads.Put(base.Stream, heads[i])
		}
	}
	select {
	case l.changed <- struct{}{}:
	default: // already signalled
	}
	return out, nil
}

// compare looks up what the batch rests on. A stream that does not exist has id 0.
func (l *Log) compare(b *eventlog.Batch) ([]streamHead, eventlog.Committed, error) {
	out := eventlog.Committed{OK: true, First: l.head.Position + 1, Head: l.head, Real: make([]eventlog.Version, len(b.Bases))}
	heads := make([]streamHead, len(b.Bases))
	l.heads.Trim()
	for i, base := range b.Bases {
		var known bool
		if heads[i], known = l.heads.Get(base.Stream); !known {
			var err error
			if heads[i], err = l.writer.stream(base.Stream); err != nil {
				return nil, out, fmt.Errorf("look up %s: %w", base.Stream, err)
			}
			l.heads.Put(base.Stream, heads[i]) // one that does not exist, too: it will soon
		}
		out.Real[i] = heads[i].version
		out.OK = out.OK && heads[i].version == base.Expect
	}
	for i := range b.Keys {
		stored, found, err := l.writer.key(&b.Keys[i])
		if err != nil {
			return nil, out, fmt.Errorf("look up a command key: %w", err)
		}
		if found {
			out.Found = append(out.Found, stored)
			out.OK = false
		}
	}
	return heads, out, nil
}

func (w *writer) stream(s eventlog.Stream) (head streamHead, err error) {
	step := func(q *native.Stmt) (bool, error) {
		q.Text(1, s.Workspace)
		q.Text(2, s.Kind)
		q.Text(3, s.ID)
		return q.Step()
	}
	found, err := step(w.findStream)
	if found {
		head = streamHead{id: w.findStream.ColumnInt(0), version: eventlog.Version(w.findStream.ColumnInt(1))}
		w.findStream.Reset()
	}
	if found || err != nil {
		return head, err
	}
	known, err := step(w.knownStream)
	if known {
		w.knownStream.Reset()
		return head, lostStream(s)
	}
	return head, err
}

func (w *writer) key(asked *eventlog.StoredKey) (k eventlog.StoredKey, found bool, err error) {
	q := w.findKey
	q.Text(1, asked.Caller)
	q.Blob(2, asked.ID[:])
	if found, err = q.Step(); found {
		k = eventlog.StoredKey{
			Caller: asked.Caller, ID: asked.ID, At: q.ColumnInt(1),
			First: eventlog.Position(q.ColumnInt(2)), Last: eventlog.Position(q.ColumnInt(3)), Version: eventlog.Version(q.ColumnInt(4)),
			Refusal: string(q.ColumnBlob(5)), Result: q.ColumnBlob(6),
		}
		copy(k.Hash[:], q.ColumnBlob(0))
		copy(k.Sum[:], q.ColumnBlob(7))
		q.Reset()
	}
	return k, found, err
}

// write makes the batch durable and sets the new heads. After an error nothing of it is there,
// or the error is errUnknown.
func (l *Log) write(b *eventlog.Batch, heads []streamHead, out *eventlog.Committed) error {
	w := l.writer
	if err := w.begin.Run(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	last, month := l.stream, l.month
	err := w.events(b, heads, out, &last)
	if err == nil && len(b.Events) > 0 {
		if month = max(month, segment.MonthOf(b.At)); month > l.month {
			err = w.beginMonth(month, out.First)
		}
	}
	if err == nil {
		err = w.keys(b, out)
	}
	if err == nil {
		failpoint.Hit(failpoint.LogBefore)
		if err = w.commit.Run(); err != nil && !file.IsFull(err) {
			return fmt.Errorf("commit: %w: %w", errUnknown, err)
		}
		failpoint.Hit(failpoint.LogAfter)
	}
	if err != nil {
		if undone := w.rollback.Run(); undone != nil && !file.IsFull(err) {
			return fmt.Errorf("roll back after %w: %w: %w", err, errUnknown, undone)
		}
		return err
	}
	l.stream, l.month = last, month
	return w.checkpoint()
}

// checkpoint moves the write-ahead log into the database now and then.
func (w *writer) checkpoint() error {
	frames, err := w.Frames()
	if err == nil && frames >= checkpointAt {
		_, err = w.Checkpoint()
	}
	if err != nil && !file.IsFull(err) { // without space the log only grows a little longer
		return fmt.Errorf("checkpoint: %w: %w", errUnknown, err)
	}
	return nil
}

func (w *writer) beginMonth(month segment.Month, first eventlog.Position) error {
	w.addMonth.Int(1, int64(month))
	w.addMonth.Int(2, int64(first))
	if err := w.addMonth.Run(); err != nil {
		return fmt.Errorf("begin the month %s: %w", month, err)
	}
	return nil
}

// events writes the events, the streams' versions and the log's head.
func (w *writer) events(b *eventlog.Batch, heads []streamHead, out *eventlog.Committed, lastStream *int64) error {
	if len(b.Events) == 0 {
		return nil
	}
	for i := range b.Events {
		head := &heads[b.BaseOf[i]]
		if head.version == 0 {
			*lastStream++
			head.id = *lastStream
		}
		s := &b.Events[i]
		if head.version++; head.version != s.Version {
			return fmt.Errorf("%s gets version %d after %d", s.Stream, s.Version, head.version-1)
		}
		out.Head.Position++
		var mark []byte
		if i == len(b.Events)-1 {
			out.Head.Seal = seal.Next(out.Head.Seal, int64(out.First), b.At, b.Digest)
			out.Head.At = time.UnixMicro(b.At).UTC()
			mark = out.Head.Seal[:]
		}
		if err := w.event(out.Head.Position, head.id, s, mark); err != nil {
			return fmt.Errorf("insert an event of %s: %w", s.Stream, err)
		}
	}
	for i := range heads {
		if heads[i].version == b.Bases[i].Expect {
			continue
		}
		if err := w.setVersion(&b.Bases[i], heads[i], out.First); err != nil {
			return fmt.Errorf("set the version of %s: %w", b.Bases[i].Stream, err)
		}
	}
	w.setHead.Int(1, int64(out.Head.Position))
	w.setHead.Blob(2, out.Head.Seal[:])
	w.setHead.Int(3, b.At)
	w.setHead.Int(4, int64(out.First)-1)
	return w.changeOne(w.setHead)
}

func (w *writer) event(p eventlog.Position, stream int64, s *eventlog.Stored, seal []byte) error {
	q := w.addEvent
	q.Int(1, int64(p))
	q.Int(2, stream)
	q.Int(3, int64(s.Version))
	q.Blob(4, s.ID[:])
	q.Text(5, s.Name)
	q.Int(6, int64(s.Schema))
	q.Int(7, s.At)
	if s.Occurred == s.At {
		q.Null(8)
	} else {
		q.Int(8, s.Occurred)
	}
	q.Text(9, s.Actor)
	q.Text(10, s.Cause)
	q.Text(11, s.Correlation)
	q.Blob(12, s.Data)
	q.Int(13, int64(s.CRC))
	q.Blob(14, seal)
	return q.Run()
}

func (w *writer) setVersion(base *eventlog.Base, head streamHead, first eventlog.Position) error {
	if base.Expect == 0 {
		q := w.addStream
		q.Int(1, head.id)
		q.Text(2, base.Stream.Workspace)
		q.Text(3, base.Stream.Kind)
		q.Text(4, base.Stream.ID)
		q.Int(5, int64(head.version))
		q.Int(6, int64(first)) // of the commit: a lower bound is enough to find the first event
		return q.Run()
	}
	w.setStream.Int(1, head.id)
	w.setStream.Int(2, int64(head.version))
	w.setStream.Int(3, int64(base.Expect))
	return w.changeOne(w.setStream)
}

// changeOne runs an update whose condition holds, unless something else wrote to the file.
func (w *writer) changeOne(q *native.Stmt) error {
	if err := q.Run(); err != nil {
		return err
	}
	if n := w.Changes(); n != 1 {
		return fmt.Errorf("%w: a head is not what this process wrote last", eventlog.ErrCorrupt)
	}
	return nil
}

func (w *writer) keys(b *eventlog.Batch, out *eventlog.Committed) error {
	for i := range b.Keys {
		k := &b.Keys[i]
		k.First, k.Last = out.Head.Position, out.Head.Position
		if ords := b.KeyOrds[i]; ords[0] > 0 {
			k.First, k.Last = out.First+eventlog.Position(ords[0])-1, out.First+eventlog.Position(ords[1])-1
		}
		k.Guard()
		if err := w.addStoredKey(k); err != nil {
			return fmt.Errorf("insert a command key: %w", err)
		}
	}
	return nil
}

func (w *writer) addStoredKey(k *eventlog.StoredKey) error {
	q := w.addKey
	q.Text(1, k.Caller)
	q.Blob(2, k.ID[:])
	q.Blob(3, k.Hash[:])
	q.Int(4, k.At)
	q.Int(5, int64(k.First))
	q.Int(6, int64(k.Last))
	q.Int(7, int64(k.Version))
	q.Text(8, k.Refusal)
	q.Blob(9, k.Result)
	q.Blob(10, k.Sum[:])
	return q.Run()
}

// probe writes as much as a small batch, durably.
func (w *writer) probe() error {
	if err := w.Exec(`insert into probe (one, filler) values (1, zeroblob(65536)) on conflict (one) do update set filler = excluded.filler`); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	return nil
}
