package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/projectiontest"
)

type viewsPlace struct{ folder *Folder }

func (p viewsPlace) Open(t *testing.T) projection.Store {
	t.Helper()
	views, err := OpenViews(t.Context(), p.folder, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return views
}

func TestViewsContract(t *testing.T) {
	projectiontest.Run(t, func(t *testing.T) projectiontest.Place { return viewsPlace{openTestFolder(t)} })
}

func openTestFolder(t *testing.T) *Folder {
	t.Helper()
	folder, err := OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	return folder
}

// entries is a projection that keeps one row a record.
type entries struct{}

func (entries) Name() string     { return "entries" }
func (entries) Version() int     { return 1 }
func (entries) Tables() []string { return []string{"entries_v1"} }
func (entries) Schema() []string {
	return []string{"create table entries_v1 (position bigint not null, name text not null, primary key (position))"}
}

func (entries) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	for _, r := range batch {
		if err := tx.Exec(ctx, `insert into entries_v1 (position, name) values ($1, $2)`, int64(r.Position), r.Name); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// filled makes views of n rows in the folder and closes them.
func filled(t *testing.T, folder *Folder, n int) (path string) {
	t.Helper()
	views := viewsPlace{folder}.Open(t)
	fill(t, views, n)
	if err := views.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder.Dir(), "views-1.db")
}

func fill(t *testing.T, views projection.Store, n int) {
	t.Helper()
	if err := views.Create(t.Context(), entries{}); err != nil {
		t.Fatal(err)
	}
	err := views.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
		batch := make([]eventlog.Record, n)
		for i := range batch {
			batch[i] = eventlog.Record{Position: eventlog.Position(i + 1), Name: strings.Repeat("x", 200)}
		}
		_, err := entries{}.Apply(t.Context(), tx, batch)
		return []projection.Checkpoint{{Name: "entries", Version: 1, Position: eventlog.Position(n)}}, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamagedViewsAreBuiltAnew(t *testing.T) {
	spoil := map[string]func(path string) error{
		"no database":    func(path string) error { return os.WriteFile(path, []byte("this is not a database at all"), 0o600) },
		"empty":          func(path string) error { return os.Truncate(path, 0) },
		"cut short":      func(path string) error { return os.Truncate(path, 4096) },
		"gone":           os.Remove,
		"first page off": func(path string) error { return overwrite(path, 100, 2000) },
		"older format":   withoutSeal,
	}
	for name, spoil := range spoil {
		t.Run(name, func(t *testing.T) {
			folder := openTestFolder(t)
			if err := spoil(filled(t, folder, 100)); err != nil {
				t.Fatal(err)
			}
			views := viewsPlace{folder}.Open(t)
			t.Cleanup(func() { _ = views.Close() })
			if now, err := views.Checkpoints(t.Context()); err != nil || len(now) != 0 {
				t.Errorf("got checkpoints %v, %v; want empty views", now, err)
			}
			fill(t, views, 10)
		})
	}
}

// withoutSeal makes of the views what format 1 was.
func withoutSeal(path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = db.Exec(`alter table checkpoints drop column seal; pragma user_version = 1`)
	return errors.Join(err, db.Close())
}

// overwrite puts noise into a file.
func overwrite(path string, from, to int64) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(bytes.Repeat([]byte{0xa5}, int(to-from)), from)
	return errors.Join(err, file.Close())
}

func TestDamageFoundWhileReading(t *testing.T) {
	folder := openTestFolder(t)
	path := filled(t, folder, 2000)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := overwrite(path, 5*4096, info.Size()); err != nil { // checkpoints and schema stay readable
		t.Fatal(err)
	}
	views := viewsPlace{folder}.Open(t)
	_, _, err = views.Hashes(t.Context(), entries{}.Tables())
	if !errors.Is(err, projection.ErrBroken) {
		t.Errorf("got %v, want ErrBroken", err)
	}
	if err := views.Close(); err != nil {
		t.Error(err)
	}
	views = viewsPlace{folder}.Open(t)
	t.Cleanup(func() { _ = views.Close() })
	if now, err := views.Checkpoints(t.Context()); err != nil || len(now) != 0 {
		t.Errorf("got checkpoints %v, %v; want empty views after the restart", now, err)
	}
}

func TestFullDisk(t *testing.T) {
	views := viewsPlace{openTestFolder(t)}.Open(t).(*Views)
	t.Cleanup(func() { _ = views.Close() })
	fill(t, views, 10)
	limit := func(pages string) {
		t.Helper()
		if err := views.current.writer.exec(t.Context(), "pragma max_page_count = "+pages); err != nil {
			t.Fatal(err)
		}
	}
	grow := func() error {
		return views.Write(t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
			then := slices.Clone(now)
			then[0].Position = 99
			_, err := entries{}.Apply(t.Context(), tx, []eventlog.Record{{Position: 99, Name: strings.Repeat("x", 100_000)}})
			return then, err
		})
	}
	limit("8")
	if err := grow(); !errors.Is(err, eventlog.ErrFull) || errors.Is(err, projection.ErrBroken) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if now, err := views.Checkpoints(t.Context()); err != nil || now[0].Position != 10 {
		t.Errorf("got %v, %v; want the checkpoint as it was", now, err)
	}
	limit("1000000")
	if err := grow(); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestReadViewsBesideAServer(t *testing.T) {
	folder := openTestFolder(t)
	log := slog.New(slog.DiscardHandler)
	if _, err := ReadViews(t.Context(), folder.Dir(), log); err == nil {
		t.Error("a folder without views can be read")
	}
	serving := viewsPlace{folder}.Open(t)
	t.Cleanup(func() { _ = serving.Close() })
	fill(t, serving, 10)
	t.Setenv("TMPDIR", t.TempDir())
	reading, err := ReadViews(t.Context(), folder.Dir(), log)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := reading.Beside(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fill(t, fresh, 10)
	want, _, err := fresh.Hashes(t.Context(), entries{}.Tables())
	if err != nil {
		t.Fatal(err)
	}
	got, at, err := reading.Hashes(t.Context(), entries{}.Tables())
	if err != nil || got[0] != want[0] || at[0].Position != 10 {
		t.Errorf("got %x at %v, %v; want %x", got, at, err, want)
	}
	if err := reading.Create(t.Context(), entries{}); err == nil {
		t.Error("views opened for reading were written")
	}
	if err := reading.Switch(t.Context(), fresh, func(context.Context) error { return nil }); err == nil {
		t.Error("views opened for reading were switched")
	}
	if err := errors.Join(fresh.Close(), reading.Close()); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	fillOn := serving.Write(t.Context(), func(_ projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) { return now, nil })
	if fillOn != nil {
		t.Errorf("the serving views: %v", fillOn)
	}
}

// TestFilledViewsAreOnDiskBeforeTheySwitch: what is filled without a write-ahead log is written through before the
// serving store's writer is held back, and has one when it serves.
func TestFilledViewsAreOnDiskBeforeTheySwitch(t *testing.T) {
	folder := openTestFolder(t)
	views := viewsPlace{folder}.Open(t).(*Views)
	t.Cleanup(func() { _ = views.Close() })
	fresh, err := views.Beside(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fresh.Close() })
	says := func(v *Views, text, want string) {
		t.Helper()
		rows, err := v.current.writer.query(t.Context(), text)
		if err != nil || !rows.Next() {
			t.Fatalf("%s: %v", text, err)
		}
		var got any
		if err := errors.Join(rows.Scan(&got), rows.Close()); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s is %v, %v; want %s", text, got, err, want)
		}
	}
	fill(t, fresh, 10)
	says(fresh.(*Views), "pragma journal_mode", "memory")
	says(fresh.(*Views), "pragma synchronous", "0")
	path := fresh.(*Views).current.path
	if err := views.Switch(t.Context(), fresh, func(context.Context) error {
		says(fresh.(*Views), "pragma synchronous", "1")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	says(views, "pragma journal_mode", "wal")
	says(views, "pragma synchronous", "1")
	if wal, err := os.Stat(path + "-wal"); err != nil || wal.Size() != 0 {
		t.Errorf("the write-ahead log: %v, %v; want it empty", wal, err)
	}
	if err := views.Read(t.Context(), func(r projection.Reader) error {
		if r.Position() != 10 {
			t.Errorf("the views are at %d, want 10", r.Position())
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// TestViewsOfAnOlderLayout: a table that was made with its rows apart from its keys goes on serving, and is the same
// as one that a rebuild makes.
func TestViewsOfAnOlderLayout(t *testing.T) {
	folder := openTestFolder(t)
	views := viewsPlace{folder}.Open(t).(*Views)
	fill(t, views, 3)
	older := []string{"drop table entries_v1", entries{}.Schema()[0]}
	if err := views.transaction(t.Context(), func(ctx context.Context, s *session) error {
		return errors.Join(s.exec(ctx, older[0]), s.exec(ctx, older[1]))
	}); err != nil {
		t.Fatal(err)
	}
	fill(t, views, 10)
	if err := views.Close(); err != nil {
		t.Fatal(err)
	}
	again := viewsPlace{folder}.Open(t)
	t.Cleanup(func() { _ = again.Close() })
	fresh, err := again.Beside(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fresh.Close() })
	fill(t, fresh, 10)
	old, at, err := again.Hashes(t.Context(), entries{}.Tables())
	if err != nil {
		t.Fatal(err)
	}
	rebuilt, _, err := fresh.Hashes(t.Context(), entries{}.Tables())
	if err != nil || old[0] != rebuilt[0] || at[0].Position != 10 {
		t.Errorf("the older table %x at %v, a rebuilt one %x, %v", old, at, rebuilt, err)
	}
}

// TestFailedRowIsNamedByItsKey: errors are logged and shown.
func TestFailedRowIsNamedByItsKey(t *testing.T) {
	views := viewsPlace{openTestFolder(t)}.Open(t)
	t.Cleanup(func() { _ = views.Close() })
	err := views.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
		nowhere := &projection.Layout{Name: "nowhere", Key: 1, Upsert: "insert into nowhere (a, b) values ($1, $2)"}
		return nil, tx.Store(t.Context(), nowhere, [][]any{{"k7", "Ana"}})
	})
	if err == nil || !strings.Contains(err.Error(), "k7") || strings.Contains(err.Error(), "Ana") {
		t.Errorf("got %v, want the row's key and nothing else of it", err)
	}
}

// TestReadEndsWithItsCaller: what nobody waits for any more is cut short, and the connection serves the next one.
func TestReadEndsWithItsCaller(t *testing.T) {
	views := viewsPlace{openTestFolder(t)}.Open(t)
	t.Cleanup(func() { _ = views.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	err := views.Read(ctx, func(r projection.Reader) error {
		found, err := r.Query(ctx, "with recursive n (i) as (select 1 union all select i + 1 from n) select i from n")
		if err != nil {
			return err
		}
		defer func() { _ = found.Close() }()
		for found.Next() {
			cancel()
		}
		return found.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if _, err := views.Checkpoints(t.Context()); err != nil {
		t.Errorf("the next read: %v", err)
	}
}
