package fulfilment

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
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
}

var table = &projection.Table[Row]{
	Name: "flows_v1", Key: 1,
	Columns: []string{
		"id text", "phase text", "step text", "attempts bigint", "code text", "sentence text", "wake bigint", "begun bigint",
		"updated_at bigint", "tags jsonb",
	},
	Fields: func(r *Row) []any {
		return []any{
			&r.ID, &r.Phase, &r.Step, &r.Attempts, &r.Code, &r.Sentence, &r.Wake, &r.Begun, &r.UpdatedAt,
			projection.JSON(&r.Tags),
		}
	},
}

// ended is what became of the flows that ended in one minute.
type ended struct {
	Minute    int64 // since 1970
	Finished  int64
	Untouched int64 // finished without a person
	Failed    int64 // got stuck, or were undone because a step failed
	Own       int64 // microseconds in our hands, summed over finished ones
	Elapsed   int64 // microseconds from start to end, summed over finished ones
}

var endings = &projection.Table[ended]{
	Name: "flow_minutes_v1", Key: 1,
	Columns: []string{"minute bigint", "finished bigint", "untouched bigint", "failed bigint", "own bigint", "elapsed bigint"},
	Fields: func(e *ended) []any {
		return []any{&e.Minute, &e.Finished, &e.Untouched, &e.Failed, &e.Own, &e.Elapsed}
	},
}

// span counts finished flows of a minute whose own time fell into one of the logarithmic spans of
// bucket; percentiles are read from them.
type span struct{ Minute, Bucket, N int64 }

var spans = &projection.Table[span]{
	Name: "flow_spans_v1", Key: 2, Columns: []string{"minute bigint", "bucket bigint", "n bigint"},
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
func (View) Version() int { return 1 }

// Tables implements projection.Projection.
func (View) Tables() []string { return []string{table.Name, endings.Name, spans.Name} }

// Schema implements projection.Projection.
func (View) Schema() []string {
	return []string{
		table.Create(), endings.Create(), spans.Create(),
		"create index flows_v1_phase on flows_v1 (phase, id)",
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
	if _, placed := r.Event.(orderevents.Placed); !placed && r.Stream.Kind != Kind {
		return nil
	}
	row, err := rows.Get(ctx, r.Stream.ID)
	if err != nil {
		return err
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
		minute.Failed++
	case flows.Undone:
		row.rest(flow.Undone, row.Step, "", e.Reason, time.Time{}, nil)
		if e.Failed {
			minute.Failed++
		}
	case flows.Finished:
		row.rest(flow.Finished, row.Step, "", "", time.Time{}, nil)
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

// Find reads one flow.
func Find(ctx context.Context, r projection.Reader, id string) (Row, bool, error) {
	return table.Find(ctx, r, id)
}

// List reads a page of flows in one phase ("" = all), by id.
func List(ctx context.Context, r projection.Reader, phase, after string, limit int) (rows []Row, next string, err error) {
	limit = min(max(limit, 1), 200)
	where, args := "where id > $1 ", []any{after}
	if phase != "" {
		where, args = where+"and phase = $2 ", append(args, phase)
	}
	rows, err = table.Select(ctx, r, where+"order by id limit $"+strconv.Itoa(len(args)+1), append(args, limit+1)...)
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	return rows, next, err
}

// Unfinished reads the flows that have not ended, for the runner's start.
func Unfinished(ctx context.Context, r projection.Reader) ([]flow.Open, error) {
	rows, err := table.Select(ctx, r, "where phase in ('new', 'running', 'waiting', 'undoing')")
	open := make([]flow.Open, len(rows))
	for i, row := range rows {
		open[i] = flow.Open{Kind: Kind, ID: row.ID, Tags: row.Tags, Until: row.Wake}
	}
	return open, err
}

// Figures are the automation card's numbers over a window.
type Figures struct {
	Finished, Untouched, Failed int64
	Mean, Elapsed               time.Duration // of finished flows: in our hands; from start to end
	P95                         time.Duration // of the time in our hands, within 5 %
}

// Health is the share of ended flows that no person had to touch, in percent; false when none
// ended. Flows that were undone because somebody cancelled do not count.
func (f Figures) Health() (float64, bool) {
	ended := f.Finished + f.Failed
	if ended == 0 {
		return 0, false
	}
	return 100 * float64(f.Untouched) / float64(ended), true
}

// Between reads the figures of the flows that ended from one time up to another.
func Between(ctx context.Context, r projection.Reader, from, to time.Time) (Figures, error) {
	first, last := from.Unix()/60, to.Unix()/60
	minutes, err := endings.Select(ctx, r, "where minute >= $1 and minute <= $2", first, last)
	if err != nil {
		return Figures{}, err
	}
	var f Figures
	var own, elapsed int64
	for _, m := range minutes {
		f.Finished += m.Finished
		f.Untouched += m.Untouched
		f.Failed += m.Failed
		own += m.Own
		elapsed += m.Elapsed
	}
	if f.Finished == 0 {
		return f, nil
	}
	f.Mean = time.Duration(own/f.Finished) * time.Microsecond
	f.Elapsed = time.Duration(elapsed/f.Finished) * time.Microsecond
	times, err := spans.Select(ctx, r, "where minute >= $1 and minute <= $2 order by bucket", first, last)
	if err != nil {
		return f, err
	}
	target := (f.Finished*95 + 99) / 100
	var seen int64
	for _, s := range times {
		if seen += s.N; seen >= target {
			f.P95 = fromBucket(s.Bucket)
			break
		}
	}
	return f, nil
}
