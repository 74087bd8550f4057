package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

type sum struct {
	Name string
	N    int64
}

// sums is a projection that adds positions up by a part of them.
type sums struct {
	table *projection.Table[sum]
	by    int64
}

func summing(name string, by int64) sums {
	return sums{by: by, table: &projection.Table[sum]{
		Name: name + "_v1", Key: 1, Columns: []string{"name text", "n bigint"}, Fields: func(s *sum) []any { return []any{&s.Name, &s.N} },
	}}
}

func (s sums) Name() string     { return s.table.Name[:len(s.table.Name)-3] }
func (sums) Version() int       { return 1 }
func (s sums) Tables() []string { return []string{s.table.Name} }
func (s sums) Schema() []string { return []string{s.table.Create()} }

func (s sums) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	rows := s.table.Edit(tx)
	for _, r := range batch {
		row, err := rows.Get(ctx, fmt.Sprint(int64(r.Position)%s.by))
		if err != nil {
			return nil, err
		}
		row.N += int64(r.Position)
		if row.N%3 == 0 {
			if err := rows.Delete(row.Name); err != nil {
				return nil, err
			}
		}
	}
	if err := rows.Save(ctx); err != nil {
		return nil, err
	}
	_, err := s.table.Select(ctx, tx, "order by name")
	return nil, err
}

// TestTwoFillAStoreAtOnce: a store from Beside takes the rows of two projections at the same time, and comes to what one that
// serves comes to with one after the other.
func TestTwoFillAStoreAtOnce(t *testing.T) {
	views := viewsPlace{openTestFolder(t)}.Open(t)
	t.Cleanup(func() { _ = views.Close() })
	fresh, err := views.Beside(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fresh.Close() })
	both := []sums{summing("coarse", 7), summing("fine", 301)}
	for _, store := range []projection.Store{views, fresh} {
		for _, p := range both {
			if err := store.Create(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
	}
	batch := make([]eventlog.Record, 100)
	for from := range 20 {
		for i := range batch {
			batch[i].Position = eventlog.Position(from*len(batch) + i + 1)
		}
		for _, store := range []projection.Store{views, fresh} {
			if err := store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
				if _, filling := tx.(projection.Filling); filling != (store == fresh) {
					t.Fatalf("the store from Beside is filled, the other one serves: got %T", tx)
				}
				var other sync.WaitGroup
				var faults [2]error
				for i, p := range both {
					one := func() { _, faults[i] = p.Apply(t.Context(), tx, batch) }
					if other.Go(one); store == views {
						other.Wait()
					}
				}
				other.Wait()
				if faults[0] != nil {
					return nil, faults[0]
				}
				return nil, faults[1]
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	tables := []string{both[0].table.Name, both[1].table.Name}
	want, _, err := views.Hashes(t.Context(), tables)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := fresh.Hashes(t.Context(), tables)
	if err != nil || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("the filled store has %x, %v; the one that serves %x", got, err, want)
	}
}

// TestAFilledStoreKnowsWhatIsAbsent until rows are written in another way than by Store.
func TestAFilledStoreKnowsWhatIsAbsent(t *testing.T) {
	views := viewsPlace{openTestFolder(t)}.Open(t)
	t.Cleanup(func() { _ = views.Close() })
	fresh, err := views.Beside(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fresh.Close() })
	if err := fresh.Create(t.Context(), entries{}); err != nil {
		t.Fatal(err)
	}
	layout := &projection.Layout{
		Name: "entries_v1", Key: 1, Upsert: "insert into entries_v1 (position, name) values ($1, $2)", Remove: "delete from entries_v1 where position = $1",
	}
	within := func(do func(tx projection.Filling) error) {
		t.Helper()
		if err := fresh.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
			return nil, do(tx.(projection.Filling))
		}); err != nil {
			t.Fatal(err)
		}
	}
	absent := func(tx projection.Filling, key int64, want bool) {
		t.Helper()
		if got := tx.Absent(layout, []any{key}); got != want {
			t.Errorf("row %d is absent: %v, want %v", key, got, want)
		}
	}
	within(func(tx projection.Filling) error {
		absent(tx, 7, true)
		return tx.Store(t.Context(), layout, [][]any{{int64(7), "a"}})
	})
	within(func(tx projection.Filling) error {
		absent(tx, 7, false)
		absent(tx, 8, true)
		return tx.Remove(t.Context(), layout, [][]any{{int64(7)}, {int64(8)}})
	})
	within(func(tx projection.Filling) error {
		return tx.Exec(t.Context(), `insert into entries_v1 (position, name) values (8, 'b')`)
	})
	within(func(tx projection.Filling) error {
		absent(tx, 8, false)
		absent(tx, 9, false)
		return tx.Remove(t.Context(), layout, [][]any{{int64(8)}})
	})
	if err := fresh.Read(t.Context(), func(r projection.Reader) error {
		rows, err := r.Query(t.Context(), "select count(*) from entries_v1")
		if err != nil {
			return err
		}
		left := int64(-1)
		for rows.Next() {
			err = errors.Join(err, rows.Scan(&left))
		}
		if left != 0 {
			t.Errorf("%d rows are left, want none", left)
		}
		return errors.Join(err, rows.Close())
	}); err != nil {
		t.Error(err)
	}
}
