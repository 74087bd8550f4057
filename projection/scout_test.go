package projection

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/creatorflow/creatorflow/eventlog"
)

// distant is a Far on a map of tallies that notes what it was asked.
type distant struct {
	stored  map[string]int64
	loads   [][]string
	queries int
	written [][]any
}

func (d *distant) Query(context.Context, string, ...any) (Rows, error) {
	d.queries++
	return nothing{}, nil
}

func (*distant) Exec(context.Context, string, ...any) error { return nil }
func (*distant) Flush(context.Context) error                { return nil }

func (d *distant) Store(_ context.Context, _ *Layout, rows [][]any) error {
	d.written = append(d.written, rows...)
	return nil
}

func (*distant) Remove(context.Context, *Layout, [][]any) error { return nil }

func (d *distant) Load(_ context.Context, _ *Layout, keys [][]any) (Rows, error) {
	var asked []string
	found := &tallied{}
	for _, key := range keys {
		name := key[0].(string)
		asked = append(asked, name)
		if n, ok := d.stored[name]; ok {
			found.rows = append(found.rows, tally{name, n})
		}
	}
	slices.Sort(asked)
	d.loads = append(d.loads, asked)
	return found, nil
}

type tallied struct {
	nothing
	rows []tally
	at   int
}

func (r *tallied) Next() bool {
	r.at++
	return r.at <= len(r.rows)
}

func (r *tallied) Scan(into ...any) error {
	*into[0].(*string), *into[1].(*int64) = r.rows[r.at-1].Key, r.rows[r.at-1].N
	return nil
}

type tally struct {
	Key string
	N   int64
}

var tallies = &Table[tally]{
	Name: "tallies_v1", Key: 1, Columns: []string{"key text", "n bigint"},
	Fields: func(c *tally) []any { return []any{&c.Key, &c.N} },
}

// tallying counts records by stream, and asks for one row more, named by the rows that it has seen: "5" when
// one of them has come to 5.
type tallying struct{ fault error }

func (tallying) Name() string     { return "tallies" }
func (tallying) Version() int     { return 1 }
func (tallying) Tables() []string { return []string{tallies.Name} }
func (tallying) Schema() []string { return []string{tallies.Create()} }

func (p tallying) Apply(ctx context.Context, tx Tx, batch []eventlog.Record) ([]string, error) {
	rows := tallies.Edit(tx)
	for _, r := range batch {
		row, err := rows.Get(ctx, r.Stream.ID)
		if err != nil {
			return nil, err
		}
		if row.N++; row.N == 1 && r.Stream.ID == "b" && p.fault != nil {
			panic(p.fault) // on an empty store alone
		}
		if row.N == 5 {
			mark, err := rows.Get(ctx, "5")
			if err != nil {
				return nil, err
			}
			mark.N++
		}
	}
	return nil, rows.Save(ctx)
}

// TestRowsAreReadTogether: a batch's rows come by one query, those by one more whose keys depend on rows; a
// projection that an empty store makes stumble has its rows read too.
func TestRowsAreReadTogether(t *testing.T) {
	var batch []eventlog.Record
	for _, id := range []string{"a", "b", "c", "a", "c"} {
		batch = append(batch, eventlog.Record{Stream: eventlog.Stream{ID: id}})
	}
	for name, test := range map[string]struct {
		fault error
		loads [][]string
	}{
		"smooth":    {loads: [][]string{{"a", "b", "c"}, {"5"}}},
		"stumbling": {fault: errors.New("no such row"), loads: [][]string{{"a", "b"}, {"5"}, {"c"}}},
	} {
		t.Run(name, func(t *testing.T) {
			d := &distant{stored: map[string]int64{"a": 3, "b": 4}}
			if _, err := Apply(t.Context(), tallying{test.fault}, d, batch); err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(d.loads, test.loads, slices.Equal) || d.queries != 0 {
				t.Errorf("loads %v and %d queries, want %v and 0", d.loads, d.queries, test.loads)
			}
			got := map[string]int64{}
			for _, row := range d.written {
				got[row[0].(string)] = row[1].(int64)
			}
			if len(got) != 4 || got["a"] != 5 || got["b"] != 5 || got["c"] != 2 || got["5"] != 2 {
				t.Errorf("wrote %v, want a 5, b 5, c 2, and 5 2", got)
			}
		})
	}
}
