package postgres

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/projectiontest"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
	"github.com/creatorflow/creatorflow/storage/sqlite"
	"github.com/creatorflow/creatorflow/vault"
)

type viewsPlace struct{ db *database.Database }

func (p viewsPlace) Open(t *testing.T) projection.Store { return p.open(t) }

func (p viewsPlace) open(t *testing.T) *Views {
	t.Helper()
	views, err := OpenViews(t.Context(), p.db, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = views.Close() }) // a second close is harmless
	return views
}

func TestViews(t *testing.T) {
	projectiontest.Run(t, func(t *testing.T) projectiontest.Place { return viewsPlace{connected(t, created(t))} })
}

// things has a column of every type there is.
type thing struct {
	ID     string
	Number int64
	Rate   float64
	Yes    bool
	At     time.Time
	Extra  map[string]any
	Note   *string
	Raw    []byte
}

var things = projection.Table[thing]{
	Name: "things_v1", Key: 1,
	Columns: []string{
		"id text", "number bigint", "rate double precision", "yes boolean", "at bigint", "extra jsonb", "note text null", "raw blob null",
	},
	Fields: func(r *thing) []any {
		return []any{&r.ID, &r.Number, &r.Rate, &r.Yes, &r.At, projection.JSON(&r.Extra), &r.Note, &r.Raw}
	},
}

type view struct{}

func (view) Name() string     { return "things" }
func (view) Version() int     { return 1 }
func (view) Tables() []string { return []string{"things_v1"} }
func (view) Schema() []string {
	return []string{things.Create(), "create index things_v1_number on things_v1 (number desc, id desc)"}
}

func (view) Apply(context.Context, projection.Tx, []eventlog.Record) ([]string, error) {
	return nil, nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill writes rows and moves the checkpoint.
func fill(t *testing.T, store projection.Store, position eventlog.Position, all ...thing) {
	t.Helper()
	must(t, store.Create(t.Context(), view{}))
	must(t, store.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
		rows := things.Edit(tx)
		for _, r := range all {
			if err := rows.Put(r); err != nil {
				return nil, err
			}
		}
		return []projection.Checkpoint{{Name: "things", Version: 1, LogID: uuid.UUID{1}, Position: position}}, rows.Save(t.Context())
	}))
}

func read(t *testing.T, store projection.Store) (all []thing, position eventlog.Position) {
	t.Helper()
	must(t, store.Read(t.Context(), func(r projection.Reader) (err error) {
		all, err = things.Select(t.Context(), r, "order by id")
		position = r.Position()
		return err
	}))
	return all, position
}

// TestViewsAreThoseOfSQLite: the same rows have the same hash, come in the same order, and come back
// as they were put in.
func TestViewsAreThoseOfSQLite(t *testing.T) {
	dir, err := folder.Open(t.TempDir())
	must(t, err)
	lite, err := sqlite.OpenViews(t.Context(), dir, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { _ = errors.Join(lite.Close(), dir.Close()) })
	views := viewsPlace{connected(t, created(t))}.open(t)
	note, long := "ä \x00 \\u0000 \xff", strings.Repeat("long ", 5000)
	rows := []thing{
		{ID: "b", Number: -1, Rate: 0.1, Yes: true, At: time.UnixMicro(1).UTC(), Extra: map[string]any{"zz": 1.5, "a": []any{nil, true, "\x00", `\u0000`}, "b": 1e21}},
		{ID: "B", Number: 1 << 62, Rate: 3, Note: &note, Raw: []byte{0, 255}},
		{ID: "ä"},
		{ID: "a b"},
		{ID: "ab"},
		{ID: ""},
		{ID: "Z", Note: &long},
		{ID: "<&>", Extra: map[string]any{"html": "<&>", "small": 1e-7, "long": long}},
		{ID: "nul\x00", Extra: map[string]any{}},
	}
	var sums [2][32]byte
	var found [2][]thing
	for i, store := range []projection.Store{lite, views} {
		fill(t, store, 7, rows...)
		fill(t, store, 8, rows...) // updates
		all, _, err := store.Hashes(t.Context(), view{}.Tables())
		must(t, err)
		sums[i] = all[0]
		found[i], _ = read(t, store)
	}
	if sums[0] != sums[1] {
		t.Errorf("the hash on SQLite is %x, on PostgreSQL %x", sums[0], sums[1])
	}
	if len(found[1]) != len(rows) {
		t.Fatalf("%d rows, want %d", len(found[1]), len(rows))
	}
	for i, want := range found[0] {
		got := found[1][i]
		if got.ID != want.ID || got.Number != want.Number || got.Rate != want.Rate || got.Yes != want.Yes || !got.At.Equal(want.At) ||
			!bytes.Equal(got.Raw, want.Raw) || (got.Note == nil) != (want.Note == nil) || got.Note != nil && *got.Note != *want.Note || len(got.Extra) != len(want.Extra) {
			t.Errorf("row %d: got %+v, want %+v", i, got, want)
		}
	}
}

// TestViewsOfTwoProcesses: writers take turns, and a switch in one is found out by the other.
func TestViewsOfTwoProcesses(t *testing.T) {
	url := created(t)
	a, b := viewsPlace{connected(t, url)}.open(t), viewsPlace{connected(t, url)}.open(t)
	ctx := t.Context()
	fill(t, a, 1, thing{ID: "x"})
	inside, waits := make(chan struct{}), make(chan error, 1)
	must(t, a.Write(ctx, func(_ projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		go func() {
			close(inside)
			waits <- b.Write(ctx, func(_ projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
				if now[0].Position != 2 {
					t.Errorf("the second writer was handed position %d, want what the first one left, 2", now[0].Position)
				}
				return nil, nil
			})
		}()
		<-inside
		now[0].Position = 2
		return now, nil
	}))
	must(t, <-waits)

	fresh, err := a.Beside(ctx)
	must(t, err)
	t.Cleanup(func() { _ = fresh.Close() })
	fill(t, fresh, 5, thing{ID: "y"})
	late := make(chan error, 1)
	reading, release := make(chan struct{}), make(chan struct{})
	go func() { // a reader of the other process keeps what it sees
		late <- b.Read(ctx, func(r projection.Reader) error {
			close(reading)
			<-release
			all, err := things.Select(ctx, r, "")
			if err == nil && (len(all) != 1 || all[0].ID != "x") {
				t.Errorf("a reader from before the switch sees %+v", all)
			}
			return err
		})
	}()
	<-reading
	switched := make(chan error, 1)
	go func() { switched <- a.Switch(ctx, fresh, func(context.Context) error { return nil }) }()
	for {
		if _, position := read(t, b); position == 5 { // while the old rows wait to be dropped
			break
		}
	}
	close(release)
	must(t, errors.Join(<-late, <-switched))
	fill(t, b, 6, thing{ID: "z"})
	if all, position := read(t, a); position != 6 || len(all) != 2 {
		t.Errorf("after the switch: %+v at %d", all, position)
	}
	fresh, err = b.Beside(ctx)
	must(t, err)
	fill(t, fresh, 7)
	must(t, b.Switch(ctx, fresh, func(context.Context) error { return nil }))
	fill(t, a, 8, thing{ID: "w"}) // a writer finds out too
	if all, position := read(t, b); position != 8 || len(all) != 1 {
		t.Errorf("after the second switch: %+v at %d", all, position)
	}
	if names := schemas(t, a.db); len(names) != 1 {
		t.Errorf("schemas %v, want one", names)
	}
}

func schemas(t *testing.T, db *database.Database) (names []string) {
	t.Helper()
	must(t, db.QueryRow(t.Context(), `select coalesce(array_agg(nspname::text), '{}') from pg_namespace where nspname like 'views\_%'`).Scan(&names))
	return names
}

// TestHalfBuiltViews: what a process was filling when it died is dropped by the next one, what
// another is filling stays.
func TestHalfBuiltViews(t *testing.T) {
	place := viewsPlace{connected(t, created(t))}
	views := place.open(t)
	building, err := views.Beside(t.Context())
	must(t, err)
	t.Cleanup(func() { _ = building.Close() })
	lost, err := views.Beside(t.Context())
	must(t, err)
	must(t, lost.(*Views).held.Close(t.Context())) // as at the end of a process
	lost.(*Views).pool.Close()
	again := viewsPlace{connected(t, place.db.Config().ConnString())}.open(t)
	if names := schemas(t, place.db); len(names) != 2 {
		t.Errorf("schemas %v, want the serving one and the one being filled", names)
	}
	fill(t, again, 1, thing{ID: "x"})
	fill(t, building, 2, thing{ID: "y"})
}

func TestDamagedViewsAreBuiltAnew(t *testing.T) {
	for name, spoil := range map[string]string{
		"another format":  `update views.generations set format = 9`,
		"no schema":       `drop schema views_1 cascade`,
		"no checkpoints":  `drop table views_1.checkpoints`,
		"no table":        `drop table views_1.things_v1`,
		"other columns":   `alter table views_1.checkpoints drop column tables`,
		"nothing serving": `delete from views.generations`,
	} {
		t.Run(name, func(t *testing.T) {
			place := viewsPlace{connected(t, created(t))}
			views := place.open(t)
			fill(t, views, 5, thing{ID: "x"})
			must(t, views.Close())
			if _, err := place.db.Exec(t.Context(), spoil); err != nil {
				t.Fatal(err)
			}
			views = place.open(t)
			if now, err := views.Checkpoints(t.Context()); err != nil || len(now) != 0 {
				t.Errorf("got checkpoints %v, %v; want empty views", now, err)
			}
			fill(t, views, 1, thing{ID: "y"})
		})
	}
}

// TestDamageFoundWhileReading spoils a table's file for real.
func TestDamageFoundWhileReading(t *testing.T) {
	server, err := pgserver.Temporary(t.Context())
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	place := viewsPlace{connected(t, server.URL("postgres"))}
	views := place.open(t)
	var rows []thing
	for i := range 2000 {
		rows = append(rows, thing{ID: strings.Repeat("x", i%50) + time.Duration(i).String()})
	}
	fill(t, views, 5, rows...)
	var path string
	must(t, place.db.QueryRow(t.Context(), `select current_setting('data_directory') || '/' || pg_relation_filepath('views_1.things_v1')`).Scan(&path))
	must(t, views.Close())
	place.db.Close()
	must(t, server.Stop())
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	_, err = file.WriteAt(bytes.Repeat([]byte{0xa5}, 100), 3*8192+4000)
	must(t, errors.Join(err, file.Close()))
	must(t, server.Restart(t.Context()))

	place.db = connected(t, server.URL("postgres"))
	views = place.open(t)
	if _, _, err := views.Hashes(t.Context(), view{}.Tables()); !errors.Is(err, projection.ErrBroken) {
		t.Errorf("got %v, want ErrBroken", err)
	}
	must(t, views.Close())
	if now, err := place.open(t).Checkpoints(t.Context()); err != nil || len(now) != 0 {
		t.Errorf("got checkpoints %v, %v; want empty views after the restart", now, err)
	}
}

// TestDatabaseAway: what fails while the server is away says so, and goes on when it is back.
func TestDatabaseAway(t *testing.T) {
	server, err := pgserver.Temporary(t.Context())
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	db := connected(t, server.URL("postgres"))
	views, kept := viewsPlace{db}.open(t), openVaultIn(t, db)
	v := sealed(t, kept)
	put := func() error {
		_, _, err := v.Put(t.Context(), vault.Delivery{Channel: "tiktok", Body: []byte("x")})
		return err
	}
	write := func(then func() error) error {
		return views.Write(t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
			if err := then(); err != nil {
				return nil, err
			}
			now[0].Position++
			return now, tx.Exec(t.Context(), `delete from things_v1`)
		})
	}
	nothing := func() error { return nil }
	fill(t, views, 1, thing{ID: "x"})
	must(t, put()) // a commit that is waited for takes those before it along
	if err := write(server.Kill); !errors.Is(err, eventlog.ErrAway) {
		t.Errorf("the server went in the middle of a batch: %v, want ErrAway", err)
	}
	for name, err := range map[string]error{
		"write views": write(nothing), "read views": views.Read(t.Context(), func(projection.Reader) error { return nil }),
		"write the vault": put(), "read the vault": v.Read(t.Context(), func(vault.Reader) error { return nil }),
	} {
		if !errors.Is(err, eventlog.ErrAway) || errors.Is(err, projection.ErrBroken) || errors.Is(err, eventlog.ErrFenced) {
			t.Errorf("%s while the server is away: %v, want ErrAway alone", name, err)
		}
	}
	must(t, server.Restart(t.Context()))
	must(t, errors.Join(put(), write(nothing)))
	if all, position := read(t, views); position != 2 || len(all) != 0 {
		t.Errorf("views at %d with %d rows, want what the last batch left at 2", position, len(all))
	}
	if items, err := v.Pending(t.Context(), 0, 10); err != nil || len(items) != 2 || items[1].Number != 2 {
		t.Errorf("inbox %+v, %v; want the two that were acknowledged", items, err)
	}
}

func TestFullDiskOfViews(t *testing.T) {
	views := viewsPlace{connected(t, created(t))}.open(t)
	fill(t, views, 1, thing{ID: "x"})
	err := views.Write(t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		now[0].Position = 2
		return now, tx.Exec(t.Context(), `do $$ begin raise exception 'full' using errcode = 'disk_full'; end $$`)
	})
	if !errors.Is(err, eventlog.ErrFull) || errors.Is(err, projection.ErrBroken) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if _, position := read(t, views); position != 1 {
		t.Errorf("the checkpoint moved to %d", position)
	}
}

func TestReadViews(t *testing.T) {
	place := viewsPlace{connected(t, created(t))}
	log := slog.New(slog.DiscardHandler)
	if _, err := ReadViews(t.Context(), place.db, log); err == nil || !strings.Contains(err.Error(), "start the server once") {
		t.Errorf("a database without views: %v", err)
	}
	serving := place.open(t)
	fill(t, serving, 10, thing{ID: "x"})
	reading, err := ReadViews(t.Context(), place.db, log)
	must(t, err)
	fresh, err := reading.Beside(t.Context())
	must(t, err)
	fill(t, fresh, 10, thing{ID: "x"})
	want, _, err := fresh.Hashes(t.Context(), view{}.Tables())
	must(t, err)
	got, at, err := reading.Hashes(t.Context(), view{}.Tables())
	if err != nil || !slices.Equal(got, want) || at[0].Position != 10 {
		t.Errorf("got %x at %v, %v; want %x", got, at, err, want)
	}
	if err := reading.Create(t.Context(), view{}); err == nil {
		t.Error("views opened for reading were written")
	}
	if err := reading.Switch(t.Context(), fresh, func(context.Context) error { return nil }); err == nil {
		t.Error("views opened for reading were switched")
	}
	must(t, errors.Join(fresh.Close(), reading.Close()))
	if names := schemas(t, place.db); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
	fill(t, serving, 11, thing{ID: "y"})
}

// TestPlansFitTablesThatGrow: statements that were planned when a table was empty do not read all of it
// when it is not.
func TestPlansFitTablesThatGrow(t *testing.T) {
	place := viewsPlace{connected(t, created(t))}
	views := place.open(t)
	fill(t, views, 1)
	if _, err := place.db.Exec(t.Context(), `vacuum analyze views_1.things_v1`); err != nil { // so that it is known to be empty
		t.Fatal(err)
	}
	// scans counts what do reads the whole table for, and what by an index.
	scans := func(q projection.Querier, do func() error) (sequential, byIndex int64) {
		t.Helper()
		count := func() (found [2]int64) {
			rows, err := q.Query(t.Context(), `select seq_scan, idx_scan from pg_stat_xact_user_tables where relname = 'things_v1'`)
			must(t, err)
			for rows.Next() {
				must(t, rows.Scan(&found[0], &found[1]))
			}
			must(t, errors.Join(rows.Err(), rows.Close()))
			return found
		}
		before := count()
		must(t, do())
		after := count()
		return after[0] - before[0], after[1] - before[1]
	}
	const many = 3000
	for round := range 3 {
		must(t, views.Read(t.Context(), func(r projection.Reader) error {
			sequential, byIndex := scans(r, func() error {
				for n := range 20 {
					if _, _, err := things.Find(t.Context(), r, time.Duration(n*100).String()); err != nil {
						return err
					}
				}
				_, err := things.Select(t.Context(), r, "where number < $1 order by number desc, id desc limit $2", 50, 10)
				return err
			})
			if round > 0 && (sequential > 0 || byIndex != 21) {
				t.Errorf("round %d: a reader read the whole table %d times, by an index %d times; want 0 and 21", round, sequential, byIndex)
			}
			return nil
		}))
		must(t, views.Write(t.Context(), func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
			sequential, byIndex := scans(tx, func() error {
				rows := things.Edit(tx)
				for n := range many {
					row, err := rows.Get(t.Context(), time.Duration(n).String())
					if err != nil {
						return err
					}
					row.Number = int64(n + round)
				}
				return rows.Save(t.Context())
			})
			if sequential > 0 || byIndex < many {
				t.Errorf("round %d: the writer read the whole table %d times, by an index %d times; want 0 and at least %d", round, sequential, byIndex, many)
			}
			return nil, nil
		}))
	}
}

func TestDDL(t *testing.T) {
	for text, want := range map[string]string{
		"create table t (a text not null, b blob null, c integer, d real, e jsonb, f text, primary key (a, f))":     `create table t (a text collate "C" not null, b bytea null, c bigint, d double precision, e jsonb, f text collate "C", primary key (a, f))`,
		"create table t (text bigint not null, a_text text not null,\n\tinteger text not null, primary key (text))": "create table t (text bigint not null, a_text text collate \"C\" not null,\n\tinteger text collate \"C\" not null, primary key (text))",
		"create index t_a on t (a, text desc)": "create index t_a on t (a, text desc)",
	} {
		if got := ddl(text); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}
