package projection_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/projectiontest"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

// wide is a row like those of the product's views.
type wide struct {
	Key                    string
	Name, Kind, Actor      string
	A, B, C, D, E, F, G, H int64
	Lines                  []string
}

var wideTable = projection.Table[wide]{
	Name: "wide_v1", Key: 1,
	Columns: []string{
		"key text", "name text", "kind text", "actor text", "a bigint", "b bigint", "c bigint", "d bigint", "e bigint",
		"f bigint", "g bigint", "h bigint", "lines jsonb",
	},
	Fields: func(r *wide) []any {
		return []any{&r.Key, &r.Name, &r.Kind, &r.Actor, &r.A, &r.B, &r.C, &r.D, &r.E, &r.F, &r.G, &r.H, projection.JSON(&r.Lines)}
	},
}

type wideView struct{}

func (wideView) Name() string     { return "wide" }
func (wideView) Version() int     { return 1 }
func (wideView) Tables() []string { return []string{wideTable.Name} }
func (wideView) Schema() []string { return []string{wideTable.Create()} }
func (wideView) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	rows := wideTable.Edit(tx)
	for _, r := range batch {
		row, err := rows.Get(ctx, r.Stream.ID)
		if err != nil {
			return nil, err
		}
		row.Name, row.Kind, row.Actor = "white hanging heart", "received", "flow:fulfilment"
		row.A, row.B = row.A+1, int64(r.Position)
		row.Lines = append(row.Lines[:0], r.Stream.ID)
	}
	return nil, rows.Save(ctx)
}

// BenchmarkFold folds records into one view; each 20 go to the same row on average, spread over a
// thousand keys at a time.
func BenchmarkFold(b *testing.B) {
	for _, perRow := range []int{1, 20} {
		b.Run(fmt.Sprintf("%d records a row", perRow), func(b *testing.B) {
			views := storagetest.New(b).Views()
			log := make(projectiontest.Tape, b.N)
			for i := range log {
				log[i] = eventlog.Record{Position: eventlog.Position(i + 1), Stream: eventlog.Stream{ID: fmt.Sprintf("sku-%d", i*7919%max(b.N/perRow, 1))}}
			}
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			r := projection.NewRunner(log, views, []projection.Projection{wideView{}}, projection.Options{})
			b.ReportAllocs()
			b.ResetTimer()
			go func() { _ = r.Run(ctx) }()
			if err := r.WaitFor(ctx, eventlog.Position(b.N)); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
