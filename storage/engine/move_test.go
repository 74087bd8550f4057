package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
	"github.com/creatorflow/creatorflow/vault"
)

var (
	server *pgserver.Server
	made   atomic.Int64
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	var err error
	if server, err = pgserver.Temporary(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code = m.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// fresh is an empty place of an engine.
func fresh(t *testing.T, engine string) Place {
	t.Helper()
	f, err := folder.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if engine == SQLite {
		return Place{Folder: f}
	}
	url, err := server.Create(t.Context(), fmt.Sprintf("engine%d", made.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	return Place{Folder: f, DB: url}
}

func opened(t *testing.T, p Place) *Stores {
	t.Helper()
	s, err := Open(t.Context(), p.Folder, p.DB, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stream(id int) eventlog.Stream {
	return eventlog.Stream{Workspace: "main", Kind: "counter", ID: fmt.Sprint(id)}
}

// fill makes commits of one and of many events over several months, answers of commands, and a vault.
func fill(t *testing.T, p Place) {
	t.Helper()
	s := opened(t, p)
	defer func() { _ = s.Close() }()
	clock := eventlogtest.NewClock()
	log, stop := eventlogtest.Start(t, s.Log, eventlog.Options{Clock: clock.Now})
	defer stop()
	for i := range 60 {
		clock.Move(50 * time.Hour)
		_, err := log.Execute(t.Context(), eventlog.Request{
			Folds: []eventlog.Fold{eventlogtest.Counter().Fold(stream(i % 7)), eventlogtest.Counter().Fold(stream(100 + i))},
			Key:   &eventlog.Key{Caller: "user:ana", ID: keyAt(clock.Now(), i), Hash: [32]byte{byte(i)}},
			Decide: func([]eventlog.State) (eventlog.Decision, error) {
				if i%10 == 9 {
					return eventlog.Decision{}, eventlog.Refusal("Not this one.")
				}
				return eventlog.Decision{Result: []byte(`{"i":1}`), Writes: []eventlog.Decided{
					{Stream: stream(i % 7), Events: []eventlog.Event{eventlogtest.Added{N: i}, eventlogtest.Added{N: 1}}},
					{Stream: stream(100 + i), Events: []eventlog.Event{eventlogtest.Added{N: i}}},
				}}, nil
			},
		})
		var refused eventlog.Refusal
		if err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
	}
	kept := eventlog.Snapshot{Stream: stream(0), Fold: "test.counter", Schema: 1, Version: 2, Data: []byte("{}")} // which is not moved
	kept.Guard()
	if err := s.Log.PutSnapshot(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(s.Vault, vault.Master{1}, vault.Options{Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 600 { // together, so that they share commits
		wg.Go(func() {
			if _, _, err := v.Put(t.Context(), vault.Delivery{Channel: "tiktok", App: "a", Delivery: fmt.Sprint(i), Body: []byte("body")}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(v.SetCursor(t.Context(), "c", "a\u00fcb"), v.Mark(t.Context(), vault.Mark{Number: 3, State: vault.Done, Reason: "because"})); err != nil {
		t.Fatal(err)
	}
}

// keyAt is a uuid of version 7 of a time.
func keyAt(at time.Time, n int) (id uuid.UUID) {
	milli := at.UnixMilli()
	for i := range 6 {
		id[i] = byte(milli >> (40 - 8*i))
	}
	id[6], id[8], id[15] = 0x70, 0x80, byte(n)
	return id
}

// content is all that a move must keep.
func content(t *testing.T, p Place) string {
	t.Helper()
	s, err := openForMove(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	report, err := verify.Log(t.Context(), s.Log, 0)
	if err != nil {
		t.Fatal(err)
	}
	report.Snapshots = 0 // those are not moved
	head, err := s.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	events, err := s.Log.ReadAll(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.Log.ReadKeys(t.Context(), eventlog.StoredKey{}, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := vault.Sum(t.Context(), s.Vault)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v\n%+v\n%+v\n%+v\n%x", report, head, events, keys, sum)
}

func TestMove(t *testing.T) {
	for _, to := range [][2]string{{SQLite, Postgres}, {Postgres, SQLite}, {Postgres, Postgres}, {SQLite, SQLite}} {
		t.Run(to[0]+" to "+to[1], func(t *testing.T) {
			old, place := fresh(t, to[0]), fresh(t, to[1])
			fill(t, old)
			before := content(t, old)
			moved, err := Move(t.Context(), old, place)
			if err != nil {
				t.Fatal(err)
			}
			if moved.Events != 54*3 || moved.Keys != 60 || moved.Rows < 1200 {
				t.Errorf("moved %+v", moved)
			}
			if after := content(t, place); after != before {
				t.Errorf("the copy differs:\n%s\nwas\n%s", after, before)
			}
			if s, err := Open(t.Context(), old.Folder, old.DB, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), moved.Where) {
				_ = s.Close()
				t.Errorf("the old place opened with %v, want it to name the new one", err)
			}
			again, err := Move(t.Context(), old, place)
			if err != nil || again.Position != moved.Position {
				t.Errorf("the same move again: %+v, %v", again, err)
			}
			if _, err := Move(t.Context(), old, fresh(t, SQLite)); err == nil || !strings.Contains(err.Error(), moved.Where) {
				t.Errorf("a move of what has gone: %v", err)
			}
			s := opened(t, place)
			log, stop := eventlogtest.Start(t, s.Log, eventlog.Options{})
			if _, err := log.Append(t.Context(), eventlog.Write{Stream: stream(5000), Events: []eventlog.Event{eventlogtest.Added{N: 1}}}); err != nil {
				t.Error(err)
			}
			stop()
			if _, err := verify.Log(t.Context(), s.Log, 0); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := Move(t.Context(), old, place); err == nil || errors.Is(err, eventlog.ErrCorrupt) || !strings.Contains(err.Error(), moved.Where) {
				t.Errorf("the same move once the new place has gone on: %v", err)
			}
		})
	}
}

// TestMoveCutOff plays out a crash at each step of a move.
func TestMoveCutOff(t *testing.T) {
	for _, engine := range []string{SQLite, Postgres} {
		t.Run(engine, func(t *testing.T) {
			old, place := fresh(t, SQLite), fresh(t, engine)
			fill(t, old)
			source, err := openForMove(t.Context(), old)
			if err != nil {
				t.Fatal(err)
			}
			target, err := openForMove(t.Context(), place)
			if err != nil {
				t.Fatal(err)
			}
			if err := new(Moved).copy(t.Context(), source, target); err != nil {
				t.Fatal(err)
			}
			where := target.Where
			if err := target.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), place.Folder, place.DB, slog.New(slog.DiscardHandler)); !errors.Is(err, eventlog.ErrFilling) {
				t.Errorf("a copy in the making opened with %v", err)
			}
			if err := source.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := Move(t.Context(), old, place); err == nil || !strings.Contains(err.Error(), "empty it") {
				t.Errorf("a move onto a half copy: %v", err)
			}
			if s := opened(t, old); s.Close() != nil {
				t.Error("the old place has ended before the new one was whole")
			}
			source, err = openForMove(t.Context(), old)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(source.Log.(movable).MoveTo(t.Context(), where), source.Close()); err != nil {
				t.Fatal(err)
			}
			if _, err := Move(t.Context(), old, place); err != nil { // the rest of it
				t.Fatal(err)
			}
			if err := opened(t, place).Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMoveRefuses(t *testing.T) {
	old, taken := fresh(t, SQLite), fresh(t, Postgres)
	fill(t, old)
	fill(t, taken)
	if _, err := Move(t.Context(), old, Place{Folder: old.Folder, DB: taken.DB}); err == nil || !strings.Contains(err.Error(), "has a log already") {
		t.Errorf("a move onto another log: %v", err)
	}
	db, err := sql.Open("sqlite", filepath.Join(old.Folder.Dir(), "log.db"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), `update events set actor = 'user:eve' where position = 4`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Move(t.Context(), old, fresh(t, Postgres)); !errors.Is(err, eventlog.ErrCorrupt) {
		t.Errorf("a move of a tampered log: %v", err)
	}
	if err := opened(t, taken).Close(); err != nil {
		t.Error(err)
	}
	if _, err := Move(t.Context(), fresh(t, SQLite), fresh(t, Postgres)); err == nil || !strings.Contains(err.Error(), "nothing to move") {
		t.Errorf("a move of an empty log: %v", err)
	}
	whole, peopled := fresh(t, SQLite), fresh(t, Postgres)
	fill(t, whole)
	s := opened(t, peopled)
	err = s.Vault.Write(t.Context(), func(tx vault.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into users (name, role, password, created) values ('ana', 'owner', '', 1)`)
		return err
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Move(t.Context(), whole, Place{Folder: whole.Folder, DB: peopled.DB}); err == nil || !strings.Contains(err.Error(), "users or an inbox") {
		t.Errorf("a move onto a vault in use: %v", err)
	}
}

// TestMoveTakesEveryTable compares what a copy of the vault takes with what the engines have.
func TestMoveTakesEveryTable(t *testing.T) {
	p := fresh(t, Postgres)
	if err := opened(t, p).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var there []string
	if err := db.QueryRow(t.Context(), `select array_agg(table_name || '.' || column_name order by table_name, column_name) from information_schema.columns
		where table_schema = 'vault' and table_name <> 'migrations' and (table_name, column_name) <> ('inbox_head', 'one')`).Scan(&there); err != nil {
		t.Fatal(err)
	}
	taken := vault.Columns()
	slices.Sort(taken)
	slices.Sort(there)
	if !slices.Equal(taken, there) {
		t.Errorf("a copy takes %v, there is %v", taken, there)
	}
}
