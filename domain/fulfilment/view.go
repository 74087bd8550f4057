package fulfilment

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/projection"
)

// Row is one flow as lists show it.
type Row struct {
	ID        string
	Phase     string // new, running, waiting, undoing, stuck, finished, undone
	Step      string
	Attempts  int64
	Code      string // of the wait
	Sentence  string // what it waits for, or why it failed
	Wake      time.Time
	Begun     time.Time
	UpdatedAt time.Time
	Tags      []string
	Failed    int64 // minute in which it was counted as failed, 0 = it was not
	Took      int64 // 1 = it took units out of the stock
}

// codeLate marks a finished flow whose order was cancelled since, or listed with other units, and has no letter of that yet.
const codeLate = "cancelled_late"

var table = &projection.Table[Row]{
	Name: "flows_v2", Key: 1,
	Columns: []string{
		"id text", "phase text", "step text", "attempts bigint", "code text", "sentence text", "wake bigint", "begun bigint",
		"updated_at bigint", "tags jsonb", "failed bigint", "took bigint",
	},
	Fields: func(r *Row) []any {
		return []any{
			&r.ID, &r.Phase, &r.Step, &r.Attempts, &r.Code, &r.Sentence, &r.Wake, &r.Begun, &r.UpdatedAt,
			projection.JSON(&r.Tags), &r.Failed, &r.Took,
		}
	},
}

// ended is what became of the flows that ended in one minute.
type ended struct {
	Minute    int64 // since 1970
	Finished  int64
	Untouched int64 // finished without a person
	Failed    int64 // got stuck and did not finish since, or were undone because a step failed
	Own       int64 // microseconds in our hands, summed over finished ones
	Elapsed   int64 // microseconds from start to end, summed over finished ones
}

var endings = &projection.Table[ended]{
	Name: "flow_minutes_v2", Key: 1,
	Columns: []string{"minute bigint", "finished bigint", "untouched bigint", "failed bigint", "own bigint", "elapsed bigint"},
	Fields: func(e *ended) []any {
		return []any{&e.Minute, &e.Finished, &e.Untouched, &e.Failed, &e.Own, &e.Elapsed}
	},
}

// span counts finished flows of a minute whose own time fell into one of the logarithmic spans of
// bucket; percentiles are read from them.
type span struct{ Minute, Bucket, N int64 }

var spans = &projection.Table[span]{
	Name: "flow_spans_v2", Key: 2, Columns: []string{"minute bigint", "bucket bigint", "n bigint"},
	Fields: func(s *span) []any { return []any{&s.Minute, &s.Bucket, &s.N} },
}

// perOctave spans double the time once: neighbours differ by 9 %.
const perOctave = 8

func bucket(own time.Duration) int64 {
	return int64(math.Round(perOctave * math.Log2(float64(max(own.Microseconds(), 1)))))
}

func fromBucket(b int64) time.Duration {
	return time.Duration(math.Exp2(float64(b)/perOctave)) * time.Microsecond
}

// View folds flow records into the list of flows and the figures of the automation card.
type View struct{}

// Name implements projection.Projection.
func (View) Name() string { return "flows" }

// Version implements projection.Projection.
func (View) Version() int { return 2 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name, endings.Name, spans.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{
		table.Create(), endings.Create(), spans.Create(),
		"create index flows_v2_phase on flows_v2 (phase, id)",
		"create index flows_v2_late on flows_v2 (id) where code = '" + codeLate + "'",
	}
}

// Apply implements projection.Projection.
func (View) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	rows, minutes, times := table.Edit(tx), endings.Edit(tx), spans.Edit(tx)
	for _, r := range batch {
		if err := apply(ctx, rows, minutes, times, r); err != nil {
			return nil, err
		}
	}
	for _, save := range []func(context.Context) error{rows.Save, minutes.Save, times.Save} {
		if err := save(ctx); err != nil {
			return nil, err
		}
	}
	return nil, nil // the order's topic moves with it
}

func apply(ctx context.Context, rows *projection.Edit[Row], minutes *projection.Edit[ended], times *projection.Edit[span], r eventlog.Record) error {
	id := r.Stream.ID
	switch e := r.Event.(type) {
	case orderevents.Placed, orderevents.Amended, orderevents.Cancelled:
	case letterevents.Opened:
		order, returns := strings.CutPrefix(e.Letter, ReturnID(""))
		if !returns {
			if order, returns = strings.CutPrefix(e.Letter, AddedID("")); !returns {
				return nil
			}
		}
		id = order
	default:
		if r.Stream.Kind != Kind {
			return nil
		}
	}
	row, err := rows.Get(ctx, id)
	if err != nil {
		return err
	}
	switch e := r.Event.(type) { // nothing that a list shows
	case orderevents.Amended:
		if (e.Fewer || e.More) && row.Phase == string(flow.Finished) && row.Took != 0 {
			row.Code = codeLate
		}
		return nil
	case orderevents.Cancelled:
		if row.Phase == string(flow.Finished) && row.Took != 0 {
			row.Code = codeLate
		}
		return nil
	case letterevents.Opened:
		row.Code = ""
		return nil
	}
	minute, err := minutes.Get(ctx, r.At.Unix()/60)
	if err != nil {
		return err
	}
	row.UpdatedAt = r.At
	switch e := r.Event.(type) {
	case orderevents.Placed:
		row.Phase, row.Begun = "new", r.At
	case flows.Started:
		row.Phase = string(flow.Running)
	case flows.StepStarted:
		row.rest(flow.Running, e.Step, "", "", time.Time{}, nil)
		row.Attempts = int64(e.Attempt)
	case flows.StepSucceeded:
		row.rest(flow.Running, e.Step, "", "", time.Time{}, nil)
		row.Attempts = 0
		if e.Step == StepReserve && e.Skipped == "" {
			row.Took = 1
		}
	case flows.StepFailed:
		row.Step, row.Sentence, row.Wake = e.Step, e.Reason, e.Again
	case flows.Waiting:
		row.rest(flow.Waits, e.Step, e.Code, e.Sentence, e.Until, e.For)
	case flows.UndoStarted:
		row.rest(flow.Undoing, e.Step, "", e.Reason, time.Time{}, nil)
	case flows.StepUndone:
		row.Step = e.Step
	case flows.Retried:
		row.rest(flow.Running, e.Step, "", "", time.Time{}, nil)
	case flows.Stuck:
		row.rest(flow.IsStuck, e.Step, "", e.Reason, time.Time{}, nil)
		row.fail(minute)
	case flows.Undone:
		row.rest(flow.Undone, row.Step, "", e.Reason, time.Time{}, nil)
		if e.Failed {
			row.fail(minute)
		}
	case flows.Finished:
		row.rest(flow.Finished, row.Step, "", "", time.Time{}, nil)
		if row.Failed != 0 { // a flow counts once: now as one that a person helped
			failed, err := minutes.Get(ctx, row.Failed)
			if err != nil {
				return err
			}
			failed.Failed--
			row.Failed = 0
		}
		minute.Finished++
		if e.Untouched {
			minute.Untouched++
		}
		minute.Own += e.Own.Microseconds()
		minute.Elapsed += e.Elapsed.Microseconds()
		s, err := times.Get(ctx, minute.Minute, bucket(e.Own))
		if err != nil {
			return err
		}
		s.N++
	}
	return nil
}

func (r *Row) rest(phase flow.Phase, step, code, sentence string, wake time.Time, tags []string) {
	r.Phase, r.Step, r.Code, r.Sentence, r.Wake, r.Tags = string(phase), step, code, sentence, wake, tags
}

func (r *Row) fail(minute *ended) {
	if r.Failed == 0 {
		r.Failed = minute.Minute
		minute.Failed++
	}
}
