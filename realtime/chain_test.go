package realtime_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/realtime"
	"github.com/creatorflow/creatorflow/storage/memory"
)

// moved is an event after which a topic shows the event's position.
type moved struct {
	Topic string `json:"topic"`
}

func (moved) EventName() string { return "moved" }

// folded is the projection of numbers as the product would have it.
type folded struct{ board }

func (folded) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) (topics []string, err error) {
	rows := numbers.Edit(tx)
	for _, r := range batch {
		topic := r.Event.(moved).Topic
		row, err := rows.Get(ctx, topic)
		if err != nil {
			return nil, err
		}
		row.Value = int64(r.Position)
		topics = append(topics, topic)
	}
	return topics, rows.Save(ctx)
}

// TestFromTheLogToTheScreen runs the log, the runner and the sockets together, and rebuilds the
// views in the middle.
func TestFromTheLogToTheScreen(t *testing.T) {
	w := newWorld(t)
	id := uuid.MustParse(logID)
	log, err := eventlog.Open(t.Context(), memory.NewLog(id), eventlog.Options{
		Clock: time.Now,
		Decode: func(_ string, _ int, data []byte) (eventlog.Event, error) {
			var e moved
			err := json.Unmarshal(data, &e)
			return e, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	live, _ := w.serve()
	runner := projection.NewRunner(log, w.views, []projection.Projection{folded{}}, projection.Options{Notify: live.Notify})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = log.Run(ctx) })
	running.Go(func() { _ = runner.Run(ctx) })
	defer running.Wait()
	defer cancel()

	move := func(topic string) eventlog.Position {
		t.Helper()
		done, err := log.Append(ctx, eventlog.Write{
			Stream: eventlog.Stream{Workspace: "main", Kind: "board", ID: uuid.NewString()}, Events: []eventlog.Event{moved{topic}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return done.Last
	}
	topics := []string{"kpis", "stock/a", "orders/1"}
	for _, topic := range topics {
		if err := runner.WaitFor(ctx, move(topic)); err != nil {
			t.Fatal(err)
		}
	}
	s := w.open("ana")
	s.watch(append(topics, realtime.Clock)...)
	for i, topic := range topics {
		s.shows(topic, int64(i+1))
	}
	began := time.Now()
	const rounds = 100
	for i := range rounds {
		position := move(topics[i%3])
		s.shows(topics[i%3], int64(position))
		s.clock(position)
		if i == rounds/2 {
			if err := runner.Rebuild(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%v from append to clock frame, one by one", time.Since(began)/rounds)
	if c := live.Counts(); c.Failed != 0 {
		t.Errorf("counts %+v", c)
	}
}
