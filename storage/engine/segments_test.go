package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/months"
)

// closed makes a place with four closed months, and reads what it holds.
func closed(t *testing.T, p Place) kept {
	t.Helper()
	s := opened(t, p)
	clock := eventlogtest.NewClock()
	log, stop := eventlogtest.Start(t, s.Log, eventlog.Options{Clock: clock.Now})
	total := sixMonths(t, log, clock)
	before, err := readKept(s.Log, 10_000, eventlog.Position(total))
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.CloseMonths(t.Context())
	if err != nil || n != 4 {
		t.Fatalf("closed %d months, %v", n, err)
	}
	stop()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return before
}

func segmentFile(p Place, month string) string {
	return filepath.Join(p.Folder.Dir(), months.Folder, month+".seg")
}

// TestWrongFile has the file of a closed month away or another one in its place: the start is refused, and
// says which file it is.
func TestWrongFile(t *testing.T) {
	other := fresh(t, SQLite)
	closed(t, other)
	for _, engine := range []string{SQLite, Postgres} {
		p := fresh(t, engine)
		closed(t, p)
		path := segmentFile(p, "2026-04")
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name  string
			spoil func() error
			want  string
		}{
			{"missing", func() error { return os.Remove(path) }, "is missing: put it back"},
			{"of another month", func() error { return copyFile(segmentFile(p, "2026-05"), path) }, "corrupt: it has positions 73 to 108 of 2026-05"},
			{"of another log", func() error { return copyFile(segmentFile(other, "2026-04"), path) }, "corrupt: it has positions 37 to 72 of 2026-04"},
			{"cut off", func() error { return os.WriteFile(path, whole[:len(whole)-1], 0o600) }, "corrupt"},
			{"longer", func() error { return os.WriteFile(path, append(whole[:len(whole):len(whole)], 0), 0o600) }, "corrupt"},
		} {
			t.Run(engine+" "+test.name, func(t *testing.T) {
				if err := test.spoil(); err != nil {
					t.Fatal(err)
				}
				for what, open := range map[string]func() (*Stores, error){
					"open": func() (*Stores, error) { return Open(t.Context(), p.Folder, p.DB, quiet) },
					"read": func() (*Stores, error) { return Read(t.Context(), p.Folder.Dir(), p.DB, quiet) },
				} {
					s, err := open()
					if err == nil {
						_ = s.Close()
						t.Errorf("%s: no error", what)
					} else if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), test.want) {
						t.Errorf("%s: %v; want it to name %s and to say %q", what, err, path, test.want)
					}
				}
				if err := os.WriteFile(path, whole, 0o600); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

// TestSpoiledBlock changes a byte of a record: reads of it fail, and so does the check of the files.
func TestSpoiledBlock(t *testing.T) {
	for _, engine := range []string{SQLite, Postgres} {
		t.Run(engine, func(t *testing.T) {
			p := fresh(t, engine)
			closed(t, p)
			path := segmentFile(p, "2026-04")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			content[200] ^= 4 // of the first block
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			s := opened(t, p)
			defer func() { _ = s.Close() }()
			if _, err := s.Log.ReadAll(t.Context(), 0, 36); err != nil {
				t.Errorf("the month before cannot be read: %v", err)
			}
			_, all := s.Log.ReadAll(t.Context(), 36, 1)
			_, one := s.Log.ReadStream(t.Context(), counter("of 1"), 0, 5)
			for what, err := range map[string]error{"by position": all, "by stream": one, "check": s.Check(t.Context())} {
				if !errors.Is(err, eventlog.ErrCorrupt) || !strings.Contains(err.Error(), path) {
					t.Errorf("%s: %v, want ErrCorrupt and the file's name", what, err)
				}
			}
		})
	}
}

// TestCutOffClosing plays out a crash before and after a month is catalogued: what a run of it left in the
// log's copy is put where one was cut off.
func TestCutOffClosing(t *testing.T) {
	for _, engine := range []string{SQLite, Postgres} {
		for _, catalogued := range []bool{false, true} {
			t.Run(fmt.Sprint(engine, " catalogued ", catalogued), func(t *testing.T) {
				p := fresh(t, engine)
				before := closed(t, p)
				total := eventlog.Position(len(before.All))
				// The same log again, nothing closed.
				cut := fresh(t, engine)
				anew(t, p, cut)
				if err := os.MkdirAll(filepath.Dir(segmentFile(cut, "x")), 0o700); err != nil {
					t.Fatal(err)
				}
				for _, err := range []error{
					copyFile(segmentFile(p, "2026-03"), segmentFile(cut, "2026-03")),
					os.WriteFile(segmentFile(cut, "2026-04")+".new", []byte("half of it"), 0o600),
				} {
					if err != nil {
						t.Fatal(err)
					}
				}
				if catalogued {
					catalogue(t, p, cut)
				}
				s := opened(t, cut)
				defer func() { _ = s.Close() }()
				wantKept(t, "cut off", s.Log, before)
				want := 4
				if catalogued {
					want = 3
				}
				if n, err := s.CloseMonths(t.Context()); n != want || err != nil {
					t.Fatalf("closed %d months, %v; want %d", n, err, want)
				}
				wantKept(t, "finished", s.Log, before)
				whole(t, "finished", s, total)
				if left := inDatabase(t, cut); left != 72 { // of the last two months
					t.Errorf("%d events are left in the database, want 72", left)
				}
				if entries, err := os.ReadDir(filepath.Dir(segmentFile(cut, "x"))); err != nil || len(entries) != 4 {
					t.Errorf("the folder has %v, %v; want four files", entries, err)
				}
			})
		}
	}
}

// anew makes a log anew, commit by commit.
func anew(t *testing.T, from, to Place) {
	t.Helper()
	old, err := openForMove(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Close() }()
	made, err := openForMove(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = made.Close() }()
	if err := new(Moved).copy(t.Context(), old, made); err != nil {
		t.Fatal(err)
	}
	if err := made.Log.(movable).Filled(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// catalogue puts the row of the first closed month into another database.
func catalogue(t *testing.T, from, to Place) {
	t.Helper()
	var month, first, last, bytes int64
	var before, after, sum []byte
	into := []any{&month, &first, &last, &before, &after, &sum, &bytes}
	const row = `select month, first, last, seal_before, seal_after, sha256, bytes from `
	const add = ` (month, first, last, seal_before, seal_after, sha256, bytes) values ($1, $2, $3, $4, $5, $6, $7)`
	if from.DB != "" {
		onPostgres(t, from, func(c *pgx.Conn) error {
			return c.QueryRow(t.Context(), row+`log.segments order by month limit 1`).Scan(into...)
		})
		onPostgres(t, to, func(c *pgx.Conn) error {
			_, err := c.Exec(t.Context(), `insert into log.segments`+add, month, first, last, before, after, sum, bytes)
			return err
		})
		return
	}
	onSQLite(t, from, func(db *sql.DB) error {
		return db.QueryRowContext(t.Context(), row+`segments order by month limit 1`).Scan(into...)
	})
	onSQLite(t, to, func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), `insert into segments`+add, month, first, last, before, after, sum, bytes)
		return err
	})
}

func inDatabase(t *testing.T, p Place) (events int) {
	t.Helper()
	if p.DB != "" {
		onPostgres(t, p, func(c *pgx.Conn) error {
			return c.QueryRow(t.Context(), `select count(*) from log.events`).Scan(&events)
		})
		return events
	}
	onSQLite(t, p, func(db *sql.DB) error {
		return db.QueryRowContext(t.Context(), `select count(*) from events`).Scan(&events)
	})
	return events
}

func onPostgres(t *testing.T, p Place, do func(*pgx.Conn) error) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), p.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	if err := do(c); err != nil {
		t.Fatal(err)
	}
}

func onSQLite(t *testing.T, p Place, do func(*sql.DB) error) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(p.Folder.Dir(), "log.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(do(db), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestAnotherLogsFile is not written over: it may be the only one that there is.
func TestAnotherLogsFile(t *testing.T) {
	other, p := fresh(t, SQLite), fresh(t, SQLite)
	closed(t, other)
	s := opened(t, p)
	defer func() { _ = s.Close() }()
	clock := eventlogtest.NewClock()
	log, stop := eventlogtest.Start(t, s.Log, eventlog.Options{Clock: clock.Now})
	defer stop()
	total := eventlog.Position(sixMonths(t, log, clock))
	path := segmentFile(p, "2026-03")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := copyFile(segmentFile(other, "2026-03"), path); err != nil {
		t.Fatal(err)
	}
	if n, err := s.CloseMonths(t.Context()); n != 0 || err == nil || !strings.Contains(err.Error(), "of another log") {
		t.Errorf("closed %d months, %v; want it to refuse to replace another log's file", n, err)
	}
	whole(t, "afterwards", s, total)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if n, err := s.CloseMonths(t.Context()); n != 4 || err != nil {
		t.Errorf("closed %d months, %v; want 4", n, err)
	}
}

// TestMoveClosedMonths moves a log with closed months: the new place has all of it in its database, and
// closes the same months itself, in the same folder or in another.
func TestMoveClosedMonths(t *testing.T) {
	for _, to := range [][2]string{{SQLite, Postgres}, {Postgres, SQLite}} {
		for _, same := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s to %s, same folder %t", to[0], to[1], same), func(t *testing.T) {
				old, place := fresh(t, to[0]), fresh(t, to[1])
				if same {
					place.Folder = old.Folder
				}
				before := closed(t, old)
				moved, err := Move(t.Context(), old, place)
				if err != nil || moved.Events != len(before.All) {
					t.Fatalf("moved %+v, %v", moved, err)
				}
				s := opened(t, place)
				defer func() { _ = s.Close() }()
				wantKept(t, "moved", s.Log, before)
				if n, err := s.CloseMonths(t.Context()); n != 4 || err != nil {
					t.Fatalf("closed %d months, %v; want 4", n, err)
				}
				wantKept(t, "moved and closed", s.Log, before)
				whole(t, "moved and closed", s, moved.Position)
			})
		}
	}
}

// TestMonthsOfOldLogs makes log.db as it was before it knew of months, events of a clock that was set
// back included, and opens it.
func TestMonthsOfOldLogs(t *testing.T) {
	p := fresh(t, SQLite)
	s := opened(t, p)
	clock := eventlogtest.NewClock()
	log, stop := eventlogtest.Start(t, s.Log, eventlog.Options{Clock: clock.Now})
	for i := range 12 {
		mustAppend(t, log, eventlog.Write{Stream: counter("a"), Expected: eventlog.Version(2 * i), Events: added(1, 2)})
		clock.Move([]time.Duration{20, 45, -30}[i%3] * 24 * time.Hour)
	}
	stop()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	read := func() (all string) {
		onSQLite(t, p, func(db *sql.DB) error {
			return db.QueryRowContext(t.Context(), `select group_concat(month || ' ' || first, ', ') from (select * from months order by month)`).Scan(&all)
		})
		return all
	}
	want := read()
	if strings.Count(want, ",") < 4 {
		t.Fatalf("the log has the months %s, want more", want)
	}
	onSQLite(t, p, func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), `drop table months; drop table segments; drop index streams_by_name; delete from goose_db_version where version_id >= 5`)
		return err
	})
	if err := opened(t, p).Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != want {
		t.Errorf("the months were filled in as %s, want %s", got, want)
	}
}

// TestReadNamesTheFolder reads a database whose closed months are in another folder.
func TestReadNamesTheFolder(t *testing.T) {
	p := fresh(t, Postgres)
	closed(t, p)
	elsewhere, err := folder.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = elsewhere.Close() }()
	if s, err := Read(t.Context(), elsewhere.Dir(), p.DB, quiet); err == nil || !strings.Contains(err.Error(), "name with --data the folder that has it") {
		_ = s.Close()
		t.Errorf("read: %v, want it to ask for the folder", err)
	}
}
