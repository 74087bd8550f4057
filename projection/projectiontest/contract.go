// Package projectiontest is the contract that every store of views passes.
package projectiontest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Place is where a test's store lives: Open may be called again after the store was closed.
type Place interface {
	Open(t *testing.T) projection.Store
}

// Run puts a store through the contract; each part gets a place of its own.
func Run(t *testing.T, place func(t *testing.T) Place) {
	parts := []struct {
		name string
		run  func(t *testing.T, p Place)
	}{
		{"rows and checkpoint commit together", together},
		{"an error or panic leaves nothing", nothing},
		{"a read transaction sees one commit", oneCommit},
		{"readers and the writer do not wait for each other", noWaiting},
		{"readers cannot write", cannotWrite},
		{"create and drop", createAndDrop},
		{"the same query nests and may be left open", nested},
		{"hashes tell any difference", hashes},
		{"a store beside serves after the switch", switches},
		{"a switch that fails changes nothing", switchFails},
		{"a store beside that is closed leaves no trace", besideGone},
		{"a closed store answers with errors", closed},
	}
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) { part.run(t, place(t)) })
	}
}

// accounts is a projection with two tables; the contract writes its rows by hand.
type accounts struct{ version int }

func (accounts) Name() string   { return "accounts" }
func (a accounts) Version() int { return a.version }

func (a accounts) Tables() []string { return []string{a.table(), fmt.Sprintf("notes_v%d", a.version)} }

func (a accounts) table() string { return fmt.Sprintf("accounts_v%d", a.version) }

func (a accounts) Schema() []string {
	return []string{
		fmt.Sprintf("create table accounts_v%d (name text not null, amount bigint not null, extra jsonb, primary key (name))", a.version),
		fmt.Sprintf("create index accounts_v%d_by_amount on accounts_v%d (amount)", a.version, a.version),
		fmt.Sprintf("create table notes_v%d (a bigint not null, b text not null, note text, primary key (a, b))", a.version),
	}
}

func (accounts) Apply(context.Context, projection.Tx, []eventlog.Record) ([]string, error) {
	return nil, nil
}

var (
	one   = accounts{version: 1}
	logID = uuid.MustParse("0197f2a4-0000-7000-8000-000000000001")
)

func opened(t *testing.T, p Place) projection.Store {
	t.Helper()
	store := p.Open(t)
	t.Cleanup(func() { _ = store.Close() })
	must(t, store.Create(t.Context(), one))
	return store
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write moves the checkpoint to a position and sets one amount.
func write(t *testing.T, store projection.Store, position eventlog.Position, name string, amount int64) {
	t.Helper()
	must(t, store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
		return at(position), put(t.Context(), tx, name, amount)
	}))
}

func at(position eventlog.Position) []projection.Checkpoint {
	return []projection.Checkpoint{{Name: "accounts", Version: 1, LogID: logID, Position: position, Seal: sha256.Sum256(fmt.Append(nil, position))}}
}

func put(ctx context.Context, tx projection.Tx, name string, amount int64) error {
	return tx.Exec(ctx, `insert into accounts_v1 (name, amount, extra) values ($1, $2, $3)
		on conflict (name) do update set amount = excluded.amount`, name, amount, `{"b":1,"a":2}`)
}

// amounts reads the rows as "name=amount", in order.
func amounts(ctx context.Context, q projection.Querier) (found []string, err error) {
	rows, err := q.Query(ctx, `select name, amount from accounts_v1 where amount >= $2 and name >= $1 order by name`, "", -1000)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		var amount int64
		if err := rows.Scan(&name, &amount); err != nil {
			return nil, err
		}
		found = append(found, fmt.Sprintf("%s=%d", name, amount))
	}
	return found, rows.Err()
}

// shows checks what a new read transaction sees.
func shows(t *testing.T, store projection.Store, position eventlog.Position, want ...string) {
	t.Helper()
	must(t, store.Read(t.Context(), func(r projection.Reader) error {
		got, err := amounts(t.Context(), r)
		if err != nil {
			return err
		}
		if !slices.Equal(got, want) || r.Position() != position {
			t.Errorf("got %v at %d, want %v at %d", got, r.Position(), want, position)
		}
		return nil
	}))
}

func together(t *testing.T, p Place) {
	store := opened(t, p)
	shows(t, store, 0)
	write(t, store, 3, "ana", 10)
	write(t, store, 4, "ben", 20)
	must(t, store.Write(t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		if !reflect.DeepEqual(now, at(4)) {
			t.Errorf("the batch was handed %+v, want %+v", now, at(4))
		}
		if seen, err := amounts(t.Context(), tx); err != nil || len(seen) != 2 {
			t.Errorf("the batch sees %v, %v; want both rows", seen, err)
		}
		if err := put(t.Context(), tx, "ana", 11); err != nil {
			return nil, err
		}
		if seen, err := amounts(t.Context(), tx); err != nil || seen[0] != "ana=11" {
			t.Errorf("the batch does not see its own write: %v, %v", seen, err)
		}
		then := at(9)
		then[0].Stopped = "cannot fold this"
		return then, nil
	}))
	shows(t, store, 9, "ana=11", "ben=20")
	must(t, store.Close())
	again := p.Open(t)
	t.Cleanup(func() { _ = again.Close() })
	shows(t, again, 9, "ana=11", "ben=20")
	now, err := again.Checkpoints(t.Context())
	want := at(9)
	want[0].Stopped = "cannot fold this"
	if err != nil || !reflect.DeepEqual(now, want) {
		t.Errorf("got %+v, %v; want %+v", now, err, want)
	}
}

func nothing(t *testing.T, p Place) {
	store := opened(t, p)
	write(t, store, 1, "ana", 10)
	broken := errors.New("broken")
	spoil := func(tx projection.Tx) {
		must(t, put(t.Context(), tx, "ana", 99))
		must(t, put(t.Context(), tx, "zoe", 99))
	}
	err := store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
		spoil(tx)
		return at(2), broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the batch", err)
	}
	shows(t, store, 1, "ana=10")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
			spoil(tx)
			panic("boom")
		})
	}()
	shows(t, store, 1, "ana=10")
	for name, finish := range map[string]func(projection.Tx) error{
		"flush":  func(tx projection.Tx) error { return tx.Flush(t.Context()) },
		"commit": func(projection.Tx) error { return nil },
	} {
		err = store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
			spoil(tx)
			err := tx.Exec(t.Context(), `insert into nowhere (a) values (1)`)
			if err == nil {
				err = finish(tx)
			}
			if err == nil && name == "flush" {
				t.Error("a wrong statement was no error at its flush")
			}
			return at(2), err
		})
		if err == nil {
			t.Errorf("a wrong statement was no error at its %s", name)
		}
		shows(t, store, 1, "ana=10")
	}
	ended, cancel := context.WithCancel(t.Context())
	err = store.Write(ended, func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
		spoil(tx)
		cancel()
		return at(2), put(ended, tx, "yan", 1)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	shows(t, store, 1, "ana=10")
	write(t, store, 2, "ana", 11)
	shows(t, store, 2, "ana=11")
}

func oneCommit(t *testing.T, p Place) {
	store := opened(t, p)
	write(t, store, 1, "ana", 10)
	must(t, store.Read(t.Context(), func(r projection.Reader) error {
		write(t, store, 2, "ana", 20) // before this reader's first query
		for range 2 {
			got, err := amounts(t.Context(), r)
			if err != nil || !slices.Equal(got, []string{"ana=10"}) || r.Position() != 1 {
				t.Errorf("got %v at %d, %v; want what stood at 1", got, r.Position(), err)
			}
			write(t, store, 3, "ana", 30)
		}
		return nil
	}))
	shows(t, store, 3, "ana=30")
}

func noWaiting(t *testing.T, p Place) {
	store := opened(t, p)
	const total = 100
	must(t, store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
		return at(1), errors.Join(put(t.Context(), tx, "ana", total), put(t.Context(), tx, "ben", 0))
	}))
	must(t, store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
		must(t, put(t.Context(), tx, "ana", 0))
		shows(t, store, 1, "ana=100", "ben=0") // while a batch is under way
		return at(2), put(t.Context(), tx, "ben", total)
	}))
	ended := make(chan struct{})
	var readers sync.WaitGroup
	for range 6 {
		readers.Go(func() {
			last := eventlog.Position(0)
			for {
				err := store.Read(t.Context(), func(r projection.Reader) error {
					got, err := amounts(t.Context(), r)
					if want := fmt.Sprintf("ana=%d ben=%d", total*(r.Position()%2), total*(1-r.Position()%2)); err == nil && fmt.Sprint(got) != "["+want+"]" {
						t.Errorf("at %d: %v, want %s", r.Position(), got, want)
					}
					if r.Position() < last {
						t.Errorf("position went back from %d to %d", last, r.Position())
					}
					last = r.Position()
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				select {
				case <-ended:
					return
				default:
				}
			}
		})
	}
	for position := eventlog.Position(3); position <= 100; position++ {
		must(t, store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
			odd := int64(position % 2)
			return at(position), errors.Join(put(t.Context(), tx, "ana", total*odd), put(t.Context(), tx, "ben", total*(1-odd)))
		}))
	}
	close(ended)
	readers.Wait()
}

func cannotWrite(t *testing.T, p Place) {
	store := opened(t, p)
	write(t, store, 1, "ana", 10)
	for _, text := range []string{`delete from accounts_v1`, `insert into accounts_v1 (name, amount) values ('x', 1) returning name`, `drop table notes_v1`} {
		err := store.Read(t.Context(), func(r projection.Reader) error {
			rows, err := r.Query(t.Context(), text)
			if err != nil {
				return err
			}
			for rows.Next() {
				t.Logf("%s gave a row", text)
			}
			return errors.Join(rows.Err(), rows.Close())
		})
		if err == nil {
			t.Errorf("a reader was allowed to %s", text)
		}
	}
	shows(t, store, 1, "ana=10")
}

func createAndDrop(t *testing.T, p Place) {
	store := opened(t, p)
	write(t, store, 1, "ana", 10)
	must(t, store.Create(t.Context(), one)) // makes nothing anew
	shows(t, store, 1, "ana=10")
	two := accounts{version: 2}
	must(t, store.Create(t.Context(), two))
	now, err := store.Checkpoints(t.Context())
	if want := append(at(1), projection.Checkpoint{Name: "accounts", Version: 2}); err != nil || !reflect.DeepEqual(now, want) {
		t.Errorf("got %+v, %v; want %+v", now, err, want)
	}
	must(t, store.Drop(t.Context(), "accounts", 1))
	must(t, store.Drop(t.Context(), "accounts", 1)) // there is none any more
	if _, _, err := store.Hashes(t.Context(), []string{one.table()}); err == nil {
		t.Error("the dropped table can still be read")
	}
	if _, _, err := store.Hashes(t.Context(), two.Tables()); err != nil {
		t.Errorf("version 2 went as well: %v", err)
	}
	must(t, store.Create(t.Context(), one))
	shows(t, store, 0)
	if err := store.Create(t.Context(), clashing{}); err == nil {
		t.Error("a projection took another's table")
	}
	if now, err := store.Checkpoints(t.Context()); err != nil || len(now) != 2 {
		t.Errorf("got %+v, %v; want no checkpoint of a projection that could not be created", now, err)
	}
}

// clashing has a table of accounts.
type clashing struct{ accounts }

func (clashing) Name() string { return "clashing" }
func (clashing) Version() int { return 1 }
func (clashing) Schema() []string {
	return append([]string{"create table ok_v1 (a bigint primary key)"}, one.Schema()...)
}

func nested(t *testing.T, p Place) {
	store := opened(t, p)
	for i := range 5 {
		write(t, store, eventlog.Position(i+1), fmt.Sprintf("n%d", i), int64(i))
	}
	const query = `select amount from accounts_v1 where amount >= $1 order by amount`
	crossing := func(q projection.Querier) error {
		outer, err := q.Query(t.Context(), query, 0)
		if err != nil {
			return err
		}
		pairs := 0
		for outer.Next() {
			inner, err := q.Query(t.Context(), query, 3)
			if err != nil {
				return err
			}
			for inner.Next() {
				pairs++
			}
			if err := errors.Join(inner.Err(), inner.Close(), inner.Close()); err != nil {
				return err
			}
		}
		if pairs != 10 {
			t.Errorf("%d pairs, want 10", pairs)
		}
		left, err := q.Query(t.Context(), query, 0) // and left open, half read
		if err == nil {
			left.Next()
		}
		return err
	}
	for range 3 {
		must(t, store.Read(t.Context(), func(r projection.Reader) error { return crossing(r) }))
		must(t, store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
			return nil, crossing(tx)
		}))
	}
	write(t, store, 9, "n0", 7)
}

func hashes(t *testing.T, p Place) {
	store := opened(t, p)
	sum := func() [32]byte {
		t.Helper()
		sums, now, err := store.Hashes(t.Context(), one.Tables())
		if err != nil || len(sums) != 2 || len(now) != 1 {
			t.Fatalf("got %d sums, checkpoints %v, %v", len(sums), now, err)
		}
		if sums[0] == sums[1] && len(sums) == 2 && now[0].Position > 0 {
			t.Error("two different tables have one hash")
		}
		return sums[0]
	}
	write(t, store, 1, "ana", 1)
	write(t, store, 2, "ben", 2)
	first := sum()
	for _, change := range []string{
		`update accounts_v1 set amount = 3 where name = 'ben'`,
		`update accounts_v1 set name = 'bem' where name = 'ben'`,
		`update accounts_v1 set extra = '{"a":2}' where name = 'ben'`,
		`update accounts_v1 set extra = null where name = 'ben'`,
		`delete from accounts_v1 where name = 'ben'`,
	} {
		must(t, store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
			return nil, tx.Exec(t.Context(), change)
		}))
		if sum() == first {
			t.Errorf("%s left the hash as it was", change)
		}
		must(t, store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
			return nil, tx.Exec(t.Context(), `delete from accounts_v1`)
		}))
		write(t, store, 2, "ben", 2) // the other way round
		write(t, store, 2, "ana", 1)
		if sum() != first {
			t.Error("the same rows written in another order have another hash")
		}
	}
	for _, same := range []string{`{"a":2,"b":1}`, `{"b": 1e0, "a" : 2}`} { // as one database keeps the text, another the meaning
		must(t, store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
			return nil, tx.Exec(t.Context(), `update accounts_v1 set extra = $1`, same)
		}))
		if sum() != first {
			t.Errorf("%s has another hash than the same JSON written otherwise", same)
		}
	}
	if _, _, err := store.Hashes(t.Context(), []string{"nowhere_v1"}); err == nil {
		t.Error("a table that is not there has a hash")
	}
}
