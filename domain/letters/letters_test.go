package letters_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	events "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

var opened = events.Opened{
	Letter: "inbox-7", Inbox: 7, Connection: "k7", Subject: "k7:9", Field: "quantity", Rule: "must be at least 1", Sample: "0",
	Reason: "The order k7:9 cannot be taken in: quantity must be at least 1.", Attempts: 1,
}

func TestRules(t *testing.T) {
	again := opened
	again.Attempts = 2
	tests := []struct {
		name string
		sent []eventlog.Event // commands
		want string           // events, without "deadletter."
		err  error            // of the last
		open bool
	}{
		{"open", []eventlog.Event{opened}, "opened", nil, true},
		{"the same trouble twice", []eventlog.Event{opened, opened}, "opened", nil, true},
		{"tried again in vain", []eventlog.Event{opened, again}, "opened opened", nil, true},
		{"replay", []eventlog.Event{opened, events.Replayed{Letter: "inbox-7", Reason: "r"}}, "opened replayed", nil, false},
		{"replay, in vain", []eventlog.Event{opened, events.Replayed{}, opened}, "opened replayed opened", nil, true},
		{"replay twice", []eventlog.Event{opened, events.Replayed{}, events.Replayed{}}, "opened replayed", letters.ErrClosed, false},
		{"discard", []eventlog.Event{opened, events.Discarded{Letter: "inbox-7", Reason: "r"}}, "opened discarded", nil, false},
		{"discard twice", []eventlog.Event{opened, events.Discarded{}, events.Discarded{}}, "opened discarded", letters.ErrClosed, false},
		{"discard what is replayed", []eventlog.Event{opened, events.Replayed{}, events.Discarded{}}, "opened replayed", letters.ErrClosed, false},
		{"replay what is discarded", []eventlog.Event{opened, events.Discarded{}, events.Replayed{}}, "opened discarded", letters.ErrClosed, false},
		{"replay what was taken in", []eventlog.Event{opened, events.Resolved{}, events.Replayed{}}, "opened resolved", letters.ErrClosed, false},
		{"taken in", []eventlog.Event{opened, events.Resolved{Letter: "inbox-7"}}, "opened resolved", nil, false},
		{"taken in twice", []eventlog.Event{opened, events.Resolved{}, events.Resolved{}}, "opened resolved", nil, false},
		{"taken in without a letter", []eventlog.Event{events.Resolved{}}, "", nil, false},
		{"taken in after it was discarded", []eventlog.Event{opened, events.Discarded{}, events.Resolved{}}, "opened discarded", nil, false},
		{"replay what is not there", []eventlog.Event{events.Replayed{}}, "", letters.ErrNone, false},
		{"discard what is not there", []eventlog.Event{events.Discarded{}}, "", letters.ErrNone, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s letters.State
			var names []string
			var last error
			for _, c := range test.sent {
				decided, err := decide(s, c)
				last = err
				for _, e := range decided {
					if e != c {
						t.Errorf("%+v became %+v", c, e)
					}
					s = letters.Opening().Evolve(s, e)
					names = append(names, strings.TrimPrefix(e.EventName(), "deadletter."))
				}
			}
			if got := strings.Join(names, " "); got != test.want || !errors.Is(last, test.err) || s.Open != test.open || s.Known != (test.want != "") {
				t.Errorf("got %q, %v, %+v; want %q, %v, open %t", got, last, s, test.want, test.err, test.open)
			}
		})
	}
}

func decide(s letters.State, command eventlog.Event) ([]eventlog.Event, error) {
	switch c := command.(type) {
	case events.Opened:
		return letters.Opening().Decide(s, c)
	case events.Replayed:
		return letters.Replaying().Decide(s, c)
	case events.Discarded:
		return letters.Discarding().Decide(s, c)
	default:
		return letters.Resolving().Decide(s, c.(events.Resolved))
	}
}

func TestNumber(t *testing.T) {
	tests := []struct {
		id   string
		want int64
		ok   bool
	}{
		{letters.InboxID(7), 7, true},
		{letters.InboxID(1<<63 - 1), 1<<63 - 1, true},
		{letters.OrderID("k7:9"), 0, false},
		{letters.FlowID("k7:9"), 0, false},
		{letters.OrderID("inbox-7"), 0, false},
		{"inbox-", 0, false},
		{"inbox-+7", 0, false},
		{"inbox-07", 0, false},
		{"inbox--7", 0, false},
		{"inbox-0", 0, false},
		{"inbox-9223372036854775808", 0, false},
		{"7", 0, false},
		{"", 0, false},
	}
	for _, test := range tests {
		if got, ok := letters.Number(test.id); ok != test.ok || ok && got != test.want {
			t.Errorf("Number(%q) = %d, %t; want %d, %t", test.id, got, ok, test.want, test.ok)
		}
	}
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// view is the real view of dead letters, a second older with each record.
type view struct {
	*testing.T
	store projection.Store
	now   time.Time
}

func newView(t *testing.T) *view {
	t.Helper()
	store := storagetest.New(t).Views()
	if err := store.Create(t.Context(), letters.View{}); err != nil {
		t.Fatal(err)
	}
	return &view{T: t, store: store, now: noon}
}

// anew empties the view for another test.
func (v *view) anew(t *testing.T) {
	v.T = t
	v.Helper()
	if err := errors.Join(v.store.Drop(t.Context(), "letters", 1), v.store.Create(t.Context(), letters.View{})); err != nil {
		v.Fatal(err)
	}
}

// happen folds events as one batch and returns the topics that moved.
func (v *view) happen(all ...eventlog.Event) (topics string) {
	v.Helper()
	var batch []eventlog.Record
	for _, e := range all {
		batch = append(batch, eventlog.Record{At: v.now, Event: e})
		v.now = v.now.Add(time.Second)
	}
	err := v.store.Write(context.Background(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		moved, err := letters.View{}.Apply(context.Background(), tx, batch)
		topics = strings.Join(moved, " ")
		return now, err
	})
	if err != nil {
		v.Fatal(err)
	}
	return topics
}

// list reads a page.
func (v *view) list(after string, limit int) (rows []letters.Row, total int64, next string) {
	v.Helper()
	err := v.store.Read(context.Background(), func(r projection.Reader) (err error) {
		rows, total, next, err = letters.List(context.Background(), r, after, limit)
		return err
	})
	if err != nil {
		v.Fatal(err)
	}
	return rows, total, next
}

func TestViewRows(t *testing.T) {
	polled := events.Opened{Letter: "order-k7:9", Connection: "k7", Subject: "k7:9", Reason: "r", Attempts: 3}
	stuck := flows.Stuck{Flow: "k7:9", Step: "label", Attempt: 6, Reason: "The address is incomplete."}
	v := newView(t)
	v.happen(opened, polled, stuck)
	want := []letters.Row{
		{ID: "flow-k7:9", Kind: "step", At: noon.Add(2 * time.Second), Connection: "k7", Subject: "k7:9", Field: "label", Reason: "The address is incomplete.", Attempts: 6},
		{ID: "order-k7:9", Kind: "record", At: noon.Add(time.Second), Connection: "k7", Subject: "k7:9", Reason: "r", Attempts: 3},
		{
			ID: "inbox-7", Kind: "webhook", At: noon, Connection: "k7", Subject: "k7:9", Field: "quantity", Rule: "must be at least 1", Sample: "0",
			Reason: opened.Reason, Attempts: 1, Inbox: 7,
		},
	}
	if rows, total, next := v.list("", 10); !slices.Equal(rows, want) || total != 3 || next != "" {
		t.Errorf("got %+v, total %d, next %q; want %+v", rows, total, next, want)
	}
}

// What closes a letter takes its row away, and the count with it; what is not about an open letter
// moves nothing. Each case is folded as one batch and as one batch an event.
func TestViewKeepsWhatIsOpen(t *testing.T) {
	stuck := flows.Stuck{Flow: "k7:9", Step: "label", Reason: "r"}
	tests := []struct {
		name  string
		sent  []eventlog.Event
		open  string
		moved string // topics of the last event
	}{
		{"opened", []eventlog.Event{opened}, "inbox-7", "deadletters kpis sync"},
		{"opened again", []eventlog.Event{opened, opened}, "inbox-7", "deadletters kpis sync"},
		{"replayed", []eventlog.Event{opened, events.Replayed{Letter: "inbox-7"}}, "", "deadletters kpis sync"},
		{"replayed in vain", []eventlog.Event{opened, events.Replayed{Letter: "inbox-7"}, opened}, "inbox-7", "deadletters kpis sync"},
		{"discarded", []eventlog.Event{opened, events.Discarded{Letter: "inbox-7"}}, "", "deadletters kpis sync"},
		{"resolved", []eventlog.Event{opened, events.Resolved{Letter: "inbox-7"}}, "", "deadletters kpis sync"},
		{"resolved twice", []eventlog.Event{opened, events.Resolved{Letter: "inbox-7"}, events.Resolved{Letter: "inbox-7"}}, "", ""},
		{"another is resolved", []eventlog.Event{opened, events.Resolved{Letter: "inbox-8"}}, "inbox-7", ""},
		{"stuck", []eventlog.Event{opened, stuck}, "flow-k7:9 inbox-7", "deadletters kpis sync"},
		{"retried", []eventlog.Event{stuck, flows.Retried{Flow: "k7:9"}}, "", "deadletters kpis sync"},
		{"stuck again", []eventlog.Event{stuck, flows.Retried{Flow: "k7:9"}, stuck}, "flow-k7:9", "deadletters kpis sync"},
		{"cancelled while stuck", []eventlog.Event{stuck, flows.UndoStarted{Flow: "k7:9"}}, "", "deadletters kpis sync"},
		{"cancelled while stuck, with nothing to undo", []eventlog.Event{stuck, flows.Undone{Flow: "k7:9"}}, "", "deadletters kpis sync"},
		{"another flow is retried", []eventlog.Event{stuck, flows.Retried{Flow: "k7:8"}}, "flow-k7:9", ""},
		{"a flow that goes well", []eventlog.Event{flows.Started{Flow: "k7:9"}, flows.Retried{Flow: "k7:9"}, flows.UndoStarted{Flow: "k7:9"}, flows.Undone{Flow: "k7:9"}}, "", ""},
	}
	v := newView(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, whole := range []bool{true, false} {
				v.anew(t)
				moved := ""
				if whole {
					v.happen(test.sent...)
				} else {
					for _, e := range test.sent {
						moved = v.happen(e)
					}
					if moved != test.moved {
						t.Errorf("moved %q, want %q", moved, test.moved)
					}
				}
				rows, total, _ := v.list("", 10)
				var ids []string
				for _, row := range rows {
					ids = append(ids, row.ID)
				}
				if got := strings.Join(ids, " "); got != test.open || total != int64(len(ids)) {
					t.Errorf("in one batch %t: open are %q, counted %d; want %q", whole, got, total, test.open)
				}
			}
		})
	}
}

// Pages put together are the list, newest first, also where several letters have one time and where
// an id has a comma.
func TestPages(t *testing.T) {
	v := newView(t)
	var want []string
	for i := range 7 {
		id := letters.OrderID(fmt.Sprintf("k7:%d,a", i))
		v.now = noon.Add(time.Duration(i/3) * time.Second)
		v.happen(events.Opened{Letter: id, Reason: "r"})
		want = append(want, id)
	}
	slices.Reverse(want)
	for _, limit := range []int{-1, 1, 2, 3, 7, 1000} {
		var got []string
		for after := ""; len(got) <= len(want); {
			rows, total, next := v.list(after, limit)
			if len(rows) > max(limit, 1) || total != 7 {
				t.Fatalf("limit %d: a page of %d, total %d", limit, len(rows), total)
			}
			for _, row := range rows {
				got = append(got, row.ID)
			}
			if after = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: got %q, want %q", limit, got, want)
		}
	}
}
