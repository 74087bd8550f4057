package projection_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// counted is a transaction that notes what it was asked.
type counted struct {
	*sql.Tx
	queries, execs []string
}

func (c *counted) Query(ctx context.Context, query string, args ...any) (projection.Rows, error) {
	c.queries = append(c.queries, query)
	return c.QueryContext(ctx, query, args...)
}

func (c *counted) Exec(ctx context.Context, query string, args ...any) error {
	c.execs = append(c.execs, query)
	_, err := c.ExecContext(ctx, query, args...)
	return err
}

func (c *counted) Store(ctx context.Context, t *projection.Layout, rows [][]any) error {
	for _, row := range rows {
		if err := c.Exec(ctx, t.Upsert, row...); err != nil {
			return err
		}
	}
	return nil
}

func (c *counted) Remove(ctx context.Context, t *projection.Layout, keys [][]any) error {
	for _, key := range keys {
		if err := c.Exec(ctx, t.Remove, key...); err != nil {
			return err
		}
	}
	return nil
}

func (*counted) Flush(context.Context) error { return nil }

func begin(t *testing.T, schema ...string) *counted {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "views.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	for _, s := range schema {
		if _, err := tx.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return &counted{Tx: tx}
}

type listing struct {
	Channel string `json:"channel"`
	Units   int    `json:"units"`
}

type stockRow struct {
	SKU      string
	Entry    eventlog.Position
	OnHand   int
	Rate     float64
	Critical bool
	MovedAt  time.Time
	Listings []listing
	Note     *string
	Raw      []byte
}

var stock = projection.Table[stockRow]{
	Name: "stock_v1", Key: 2,
	Columns: []string{
		"sku text", "entry bigint", "on_hand bigint", "rate double precision", "critical boolean", "moved_at bigint",
		"listings jsonb", "note text null", "raw blob null",
	},
	Fields: func(r *stockRow) []any {
		return []any{&r.SKU, &r.Entry, &r.OnHand, &r.Rate, &r.Critical, &r.MovedAt, projection.JSON(&r.Listings), &r.Note, &r.Raw}
	},
}

func TestEditWritesEachChangedRowOnce(t *testing.T) {
	ctx := t.Context()
	tx := begin(t, stock.Create())
	rows := stock.Edit(tx)
	note := "second shelf"
	want := stockRow{
		SKU: "85123A", Entry: 7, OnHand: 3, Rate: 0.1, Critical: true,
		MovedAt:  time.Date(2026, 11, 24, 10, 0, 0, 1000, time.UTC),
		Listings: []listing{{Channel: "tiktok", Units: 2}}, Note: &note, Raw: []byte{0, 1},
	}
	for range 3 {
		row, err := rows.Get(ctx, "85123A", eventlog.Position(7))
		if err != nil {
			t.Fatal(err)
		}
		row.OnHand++
		row.Rate, row.Critical, row.MovedAt, row.Listings, row.Note, row.Raw = want.Rate, true, want.MovedAt, want.Listings, &note, want.Raw
	}
	if _, err := rows.Get(ctx, "untouched", 1); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second Save has nothing to do
		if err := rows.Save(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if len(tx.queries) != 2 || len(tx.execs) != 1 {
		t.Errorf("%d reads, %d writes; want 2 and 1: %q", len(tx.queries), len(tx.execs), tx.execs)
	}
	got, err := stock.Select(ctx, tx, "where on_hand > $1", 0)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, []stockRow{want}) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	// A list that is changed in place is a change, an equal one is none.
	tx.execs = nil
	again := stock.Edit(tx)
	row, err := again.Get(ctx, "85123A", 7)
	if err != nil {
		t.Fatal(err)
	}
	row.Raw = slices.Clone(row.Raw)
	if err := again.Save(ctx); err != nil || len(tx.execs) != 0 {
		t.Errorf("an equal row was written: %q, %v", tx.execs, err)
	}
	row.Listings[0].Units = 9
	row.Raw[0] = 5
	if err := again.Save(ctx); err != nil || len(tx.execs) != 1 {
		t.Errorf("%d writes for a changed list, %v; want 1", len(tx.execs), err)
	}
	if found, ok, err := stock.Find(ctx, tx, "85123A", 7); err != nil || !ok || found.Listings[0].Units != 9 || found.Raw[0] != 5 {
		t.Errorf("found %+v, %v, %v; want 9 units", found, ok, err)
	}
}

func TestEditPutsDeletesAndKnows(t *testing.T) {
	ctx := t.Context()
	tx := begin(t, stock.Create())
	rows := stock.Edit(tx)
	for i := range 50 {
		if err := rows.Put(stockRow{SKU: "a", Entry: eventlog.Position(i), OnHand: i, Listings: []listing{}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Save(ctx); err != nil {
		t.Fatal(err)
	}
	if want := 50; len(tx.execs) != want || len(tx.queries) != 0 {
		t.Errorf("%d writes and %d reads for 50 new rows, want %d and 0", len(tx.execs), len(tx.queries), want)
	}
	has := func(rows *projection.Edit[stockRow], entry int, want bool) {
		t.Helper()
		if got, err := rows.Has(ctx, "a", entry); err != nil || got != want {
			t.Errorf("entry %d: got %v, %v; want %v", entry, got, err, want)
		}
	}
	rows = stock.Edit(tx)
	has(rows, 4, true)
	has(rows, 99, false)
	if row, err := rows.Get(ctx, "a", 99); err != nil || row.SKU != "a" || row.Entry != 99 {
		t.Errorf("an absent row comes as %+v, %v; want its key set", row, err)
	}
	has(rows, 99, false)
	for _, entry := range []int{4, 5, 1234} {
		if err := rows.Delete("a", entry); err != nil {
			t.Fatal(err)
		}
	}
	has(rows, 4, false)
	reborn, err := rows.Get(ctx, "a", 5)
	if err != nil || reborn.OnHand != 0 || reborn.Entry != 5 {
		t.Fatalf("after Delete got %+v, %v; want a zero row", reborn, err)
	}
	reborn.OnHand = 7
	if err := rows.Save(ctx); err != nil {
		t.Fatal(err)
	}
	left, err := stock.Select(ctx, tx, "where entry in ($1, $2) order by entry", 4, 5)
	if err != nil || len(left) != 1 || left[0].OnHand != 7 {
		t.Errorf("left %+v, %v; want only entry 5 with 7", left, err)
	}
}

// Two batches and one must leave the same rows: a counter that goes up and down again is no row.
func TestBlankRowsGo(t *testing.T) {
	type tally struct {
		Key string
		N   int64
	}
	tallies := projection.Table[tally]{
		Name: "tallies_v1", Key: 1, Columns: []string{"key text", "n bigint"},
		Fields: func(c *tally) []any { return []any{&c.Key, &c.N} },
	}
	add := func(tx *counted, by ...int64) {
		t.Helper()
		rows := tallies.Edit(tx)
		for _, n := range by {
			row, err := rows.Get(t.Context(), "open")
			if err != nil {
				t.Fatal(err)
			}
			row.N += n
		}
		if err := rows.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	apart, together := begin(t, tallies.Create()), begin(t, tallies.Create())
	add(apart, 2)
	add(apart, -2)
	add(together, 2, -2)
	for name, tx := range map[string]*counted{"two batches": apart, "one batch": together} {
		if left, err := tallies.Select(t.Context(), tx, ""); err != nil || len(left) != 0 {
			t.Errorf("%s left %v (%v), want no row", name, left, err)
		}
	}
	put := begin(t, tallies.Create())
	rows := tallies.Edit(put)
	if err := rows.Put(tally{Key: "kept"}); err != nil {
		t.Fatal(err)
	}
	if err := rows.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := tallies.Select(t.Context(), put, ""); err != nil || len(left) != 1 {
		t.Errorf("a blank row that was put: %v (%v), want it kept", left, err)
	}
}

func TestEditRefusesWrongKeys(t *testing.T) {
	rows := stock.Edit(begin(t, stock.Create()))
	for _, key := range [][]any{{}, {"a"}, {"a", 1, 2}, {"a", []byte("x")}, {"a", "text"}, {3, 1}, {"a", nil}} {
		if row, err := rows.Get(t.Context(), key...); err == nil {
			t.Errorf("key %v gave %+v, want an error", key, row)
		} else if !strings.Contains(err.Error(), "stock_v1") {
			t.Errorf("key %v: %q does not name the table", key, err)
		}
	}
}

func TestKeyOnlyTable(t *testing.T) {
	type mark struct{ A, B string }
	marks := projection.Table[mark]{
		Name: "marks_v1", Key: 2, Columns: []string{"a text", "b text"},
		Fields: func(m *mark) []any { return []any{&m.A, &m.B} },
	}
	tx := begin(t, marks.Create())
	for range 2 {
		rows := marks.Edit(tx)
		if err := rows.Put(mark{"x", "y"}); err != nil {
			t.Fatal(err)
		}
		if err := rows.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := marks.Select(t.Context(), tx, ""); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v; want one row", got, err)
	}
}

// TestCutsLeaveTheSameRows plays the same changes in one batch and cut at random, and compares all
// rows and all answers of Has.
func TestCutsLeaveTheSameRows(t *testing.T) {
	type tally struct {
		Key string
		N   int64
	}
	table := func(name string) *projection.Table[tally] {
		return &projection.Table[tally]{
			Name: name, Key: 1, Columns: []string{"key text", "n bigint"},
			Fields: func(c *tally) []any { return []any{&c.Key, &c.N} },
		}
	}
	whole, cut := table("whole_v1"), table("cut_v1")
	tx := begin(t, whole.Create(), cut.Create())
	rapid.Check(t, func(r *rapid.T) {
		for _, text := range []string{"delete from whole_v1", "delete from cut_v1"} {
			if err := tx.Exec(t.Context(), text); err != nil {
				r.Fatal(err)
			}
		}
		edits := []*projection.Edit[tally]{whole.Edit(tx), cut.Edit(tx)}
		save := func(e *projection.Edit[tally]) {
			if err := e.Save(t.Context()); err != nil {
				r.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 15).Draw(r, "records") {
			key := rapid.SampledFrom([]string{"a", "b"}).Draw(r, "key")
			n := rapid.Int64Range(-1, 1).Draw(r, "n")
			what := rapid.SampledFrom([]string{"add", "add", "put", "delete", "has"}).Draw(r, "what")
			var has []bool
			for _, e := range edits {
				var err error
				switch what {
				case "put":
					err = e.Put(tally{key, n})
				case "delete":
					err = e.Delete(key)
				case "has":
					var is bool
					is, err = e.Has(t.Context(), key)
					has = append(has, is)
				default:
					var row *tally
					if row, err = e.Get(t.Context(), key); err == nil {
						row.N += n
					}
				}
				if err != nil {
					r.Fatal(err)
				}
			}
			if len(has) == 2 && has[0] != has[1] {
				r.Fatalf("has %s: %v in one batch, %v in several", key, has[0], has[1])
			}
			switch rapid.IntRange(0, 2).Draw(r, "cut") {
			case 1:
				save(edits[1])
			case 2:
				save(edits[1])
				edits[1] = cut.Edit(tx)
			}
		}
		save(edits[0])
		save(edits[1])
		left := make([][]tally, 2)
		for i, table := range []*projection.Table[tally]{whole, cut} {
			var err error
			if left[i], err = table.Select(t.Context(), tx, "order by key"); err != nil {
				r.Fatal(err)
			}
		}
		if !slices.Equal(left[0], left[1]) {
			r.Fatalf("one batch left %v, several left %v", left[0], left[1])
		}
	})
}
