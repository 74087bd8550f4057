// Package letters keeps what could not be taken in or carried out, with what is wrong and what was
// done about it: broken webhooks and records, and flows whose retries are used up. Nothing here is
// lost and nothing is silent: each entry says which field and rule, and waits for replay or discard.
package letters

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	events "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Rules' answers.
const (
	ErrClosed = eventlog.Refusal("This dead letter is closed already.")
	ErrStock  = eventlog.Refusal("This is about stock, and there is nothing to take in again: do what it says, or discard it.")
	ErrRecord = eventlog.Refusal("There is no webhook behind this letter that could be corrected: mend it at its channel, then replay it.")
	ErrSame   = eventlog.Refusal("Nothing was changed: correct what is wrong, or replay it as it is.")
	ErrNone   = eventlog.Refusal("There is no such dead letter.")
)

// InboxID and OrderID make a dead letter's id.
func InboxID(number int64) string { return "inbox-" + strconv.FormatInt(number, 10) }

// OrderID is the id of a record that a poll could not take in.
func OrderID(order string) string { return "order-" + order }

// FlowID is the id under which a stuck flow is listed.
func FlowID(flow string) string { return "flow-" + flow }

// UnknownID is the id under which all webhooks of an app are listed that are of a shop or a type nobody knows.
func UnknownID(app, what, name string) string { return "unknown-" + app + "-" + what + "-" + name }

// Number is the inbox number in an id made by InboxID.
func Number(id string) (int64, bool) {
	text, ok := strings.CutPrefix(id, "inbox-")
	n, err := strconv.ParseInt(text, 10, 64)
	return n, ok && err == nil && n > 0 && InboxID(n) == id // not "inbox-+7", which is another letter
}

// State is a dead letter as its events tell it.
type State struct {
	Known, Open bool
	Last        events.Opened
}

func evolve(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.Opened:
		s.Known, s.Open, s.Last = true, true, e
	case events.Replayed, events.Corrected, events.Discarded, events.Resolved:
		s.Open = false
	}
	return s
}

// Opening lists something that could not be taken in; the same again while open yields no event.
func Opening() eventlog.Decider[State, events.Opened] {
	return decider(func(s State, e events.Opened) ([]eventlog.Event, error) {
		if s.Open && s.Last == e {
			return nil, nil
		}
		return []eventlog.Event{e}, nil
	})
}

// Replaying asks to try again.
func Replaying() eventlog.Decider[State, events.Replayed] {
	return decider(func(s State, e events.Replayed) ([]eventlog.Event, error) {
		if _, stock := events.AboutStock(e.Letter); stock {
			return nil, ErrStock
		}
		return closing(s, e)
	})
}

// Correcting has a corrected copy taken in, in place of what was received.
func Correcting() eventlog.Decider[State, events.Corrected] {
	return decider(func(s State, e events.Corrected) ([]eventlog.Event, error) {
		if len(e.Fields) == 0 {
			return nil, ErrSame
		}
		return closing(s, e)
	})
}

// Discarding lets it go.
func Discarding() eventlog.Decider[State, events.Discarded] {
	return decider(func(s State, e events.Discarded) ([]eventlog.Event, error) { return closing(s, e) })
}

// Resolving closes it because it was taken in after all; nothing happens when it is not open.
func Resolving() eventlog.Decider[State, events.Resolved] {
	return decider(func(s State, e events.Resolved) ([]eventlog.Event, error) {
		if !s.Open {
			return nil, nil
		}
		return []eventlog.Event{e}, nil
	})
}

func closing(s State, e eventlog.Event) ([]eventlog.Event, error) {
	switch {
	case !s.Known:
		return nil, ErrNone
	case !s.Open:
		return nil, ErrClosed
	}
	return []eventlog.Event{e}, nil
}

func decider[C any](decide func(State, C) ([]eventlog.Event, error)) eventlog.Decider[State, C] {
	return eventlog.Decider[State, C]{Name: "deadletter", Evolve: evolve, Decide: decide}
}

// Row is one open dead letter.
type Row struct {
	ID         string
	Kind       string // webhook, record, step
	At         time.Time
	Connection string
	Subject    string
	Field      string
	Rule       string
	Sample     string
	Reason     string
	Attempts   int64
	Inbox      int64
}

var table = &projection.Table[Row]{
	Name: "letters_v1", Key: 1,
	Columns: []string{
		"id text", "kind text", "at bigint", "connection text", "subject text", "field text", "rule text", "sample text",
		"reason text", "attempts bigint", "inbox bigint",
	},
	Fields: func(r *Row) []any {
		return []any{
			&r.ID, &r.Kind, &r.At, &r.Connection, &r.Subject, &r.Field, &r.Rule, &r.Sample, &r.Reason, &r.Attempts, &r.Inbox,
		}
	},
}

type count struct {
	Key string
	N   int64
}

var counts = &projection.Table[count]{
	Name: "letter_counts_v1", Key: 1, Columns: []string{"key text", "n bigint"},
	Fields: func(c *count) []any { return []any{&c.Key, &c.N} },
}

// View keeps the open dead letters.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "letters" }

// Version implements projection.Projection.
func (View) Version() int { return 1 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name, counts.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{table.Create(), counts.Create(), "create index letters_v1_at on letters_v1 (at desc, id desc)"}
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	rows, totals := table.Edit(tx), counts.Edit(tx)
	moved, topics := false, []string{"deadletters", "kpis", "sync"}
	for _, r := range batch {
		moved = moved || isReplay(r.Event)
		row, open, concerns := fold(r)
		if !concerns {
			continue
		}
		was, err := rows.Has(ctx, row.ID)
		if err != nil {
			return nil, err
		}
		if !open && !was {
			continue
		}
		total, err := totals.Get(ctx, "open")
		if err != nil {
			return nil, err
		}
		moved = true
		if order, stock := events.AboutStock(row.ID); stock { // its page asks the same
			topics = append(topics, "orders/"+order)
		}
		switch {
		case open && !was:
			total.N++
		case !open && was:
			total.N--
		}
		if open {
			err = rows.Put(row)
		} else {
			err = rows.Delete(row.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	if !moved {
		return nil, nil
	}
	if err := rows.Save(ctx); err != nil {
		return nil, err
	}
	return topics, totals.Save(ctx)
}

func fold(r eventlog.Record) (row Row, open, concerns bool) {
	switch e := r.Event.(type) {
	case events.Opened:
		row = Row{
			ID: e.Letter, Kind: "record", At: r.At, Connection: e.Connection, Subject: e.Subject, Field: e.Field,
			Rule: e.Rule, Sample: e.Sample, Reason: e.Reason, Attempts: int64(e.Attempts), Inbox: e.Inbox,
		}
		if e.Inbox > 0 {
			row.Kind = "webhook"
		}
		return row, true, true
	case events.Replayed:
		return Row{ID: e.Letter}, false, true
	case events.Corrected:
		return Row{ID: e.Letter}, false, true
	case events.Discarded:
		return Row{ID: e.Letter}, false, true
	case events.Resolved:
		return Row{ID: e.Letter}, false, true
	case flows.Stuck:
		connection, _, _ := strings.Cut(e.Flow, ":")
		return Row{
			ID: FlowID(e.Flow), Kind: "step", At: r.At, Connection: connection, Subject: e.Flow, Field: e.Step,
			Reason: e.Reason, Attempts: int64(e.Attempt),
		}, true, true
	case flows.Retried:
		return Row{ID: FlowID(e.Flow)}, false, true
	case flows.UndoStarted: // cancelled while it was stuck
		return Row{ID: FlowID(e.Flow)}, false, true
	case flows.Undone: // the same with nothing to undo
		return Row{ID: FlowID(e.Flow)}, false, true
	}
	return Row{}, false, false
}

// Find reads an open dead letter.
func Find(ctx context.Context, r projection.Reader, id string) (Row, bool, error) {
	return table.Find(ctx, r, id)
}

// List reads a page of open dead letters, newest first; after is the last page's Next.
func List(ctx context.Context, r projection.Reader, after string, limit int) (rows []Row, total int64, next string, err error) {
	limit = min(max(limit, 1), 200)
	where, args := "", []any{limit + 1}
	if at, id, ok := strings.Cut(after, ","); ok {
		if micros, err := strconv.ParseInt(at, 10, 64); err == nil {
			where, args = "where (at, id) < ($2, $3) ", append(args, micros, id)
		}
	}
	rows, err = table.Select(ctx, r, where+"order by at desc, id desc limit $1", args...)
	if err != nil {
		return nil, 0, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = strconv.FormatInt(rows[limit-1].At.UnixMicro(), 10) + "," + rows[limit-1].ID
	}
	total, err = Open(ctx, r)
	return rows, total, next, err
}

// Untaken counts, by connection, the webhooks and orders that are not taken in as they came.
func Untaken(ctx context.Context, r projection.Reader) (n map[string]int64, err error) {
	rows, err := r.Query(ctx, "select connection, count(*) from "+table.Name+" where id like 'inbox-%' or id like 'order-%' group by connection")
	if err != nil {
		return nil, fmt.Errorf("count letters: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	n = map[string]int64{}
	for rows.Next() {
		var connection string
		var letters int64
		if err := rows.Scan(&connection, &letters); err != nil {
			return nil, fmt.Errorf("count letters: %w", err)
		}
		n[connection] = letters
	}
	return n, rows.Err()
}

// Open counts the letters that wait for a person.
func Open(ctx context.Context, r projection.Reader) (int64, error) {
	c, _, err := counts.Find(ctx, r, "open")
	return c.N, err
}
