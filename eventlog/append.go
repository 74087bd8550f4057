package eventlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Append commits all writes or none and returns when they are durable. An error of ctx says that
// nothing was written. The same event ids at the same place answer as the first time did.
func (l *Log) Append(ctx context.Context, writes ...Write) (Appended, error) {
	c, ok := l.calls.Get().(*call)
	if !ok {
		c = &call{done: make(chan struct{}, 1)}
	}
	c.writes = make([]planned, len(writes))
	for i := range writes {
		if err := l.plan(&c.writes[i], &writes[i]); err != nil {
			return Appended{}, err
		}
	}
	err := l.submit(ctx, c)
	out := c.out.Appended
	if err == nil || errors.Is(err, ErrConflict) {
		l.release(c)
	}
	if errors.Is(err, ErrConflict) {
		if first, repeated := l.repeat(ctx, writes); repeated {
			return first, nil
		}
	}
	return out, err
}

// plan checks and encodes a write, outside of the appender.
func (l *Log) plan(p *planned, w *Write) error {
	if err := errors.Join(w.Stream.Check(), checkMeta(&w.Meta)); err != nil {
		return err
	}
	if len(w.IDs) != 0 && len(w.IDs) != len(w.Events) {
		return fmt.Errorf("eventlog: %d ids for %d events", len(w.IDs), len(w.Events))
	}
	p.stream, p.expected = w.Stream, w.Expected
	p.entries = make([]entry, len(w.Events))
	for i, event := range w.Events {
		var id uuid.UUID
		if len(w.IDs) != 0 {
			id = w.IDs[i]
		} else {
			id = l.options.NewID()
		}
		var err error
		if p.entries[i], err = newEntry(w.Stream, event, id, &w.Meta); err != nil {
			return err
		}
	}
	return nil
}

// submit queues a call and waits for its answer.
func (l *Log) submit(ctx context.Context, c *call) error {
	if err := l.queue.Put(ctx, c); err != nil {
		return err
	}
	if ctx.Done() == nil {
		<-c.done
		return c.err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.abandon() {
			return ctx.Err()
		}
		<-c.done // the appender has it: its answer is at most a commit away
	}
	return c.err
}

// release gives an answered call back for reuse.
func (l *Log) release(c *call) {
	*c = call{done: c.done}
	l.calls.Put(c)
}

// repeat looks whether exactly these events stand where they were meant to go.
func (l *Log) repeat(ctx context.Context, writes []Write) (first Appended, stands bool) {
	for _, w := range writes {
		if len(w.Events) == 0 { // it only guarded the others, which stand or do not
			first.Versions = append(first.Versions, w.Expected)
			continue
		}
		if len(w.IDs) == 0 {
			return Appended{}, false
		}
		there, err := l.store.ReadStream(ctx, w.Stream, w.Expected, len(w.IDs))
		if err != nil || len(there) != len(w.IDs) {
			return Appended{}, false
		}
		for i, s := range there {
			if _, err := s.Check(); err != nil || s.ID != w.IDs[i] {
				return Appended{}, false
			}
		}
		if first.First == 0 || there[0].Position < first.First {
			first.First = there[0].Position
		}
		first.Last = max(first.Last, there[len(there)-1].Position)
		first.At = time.UnixMicro(there[0].At).UTC()
		first.Versions = append(first.Versions, w.Expected+Version(len(w.IDs)))
	}
	first.Repeated = first.First > 0 // one write at least had ids
	return first, first.Repeated
}
