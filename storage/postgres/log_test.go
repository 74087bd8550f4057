package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/eventlog/verify"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
)

func counter(id string) eventlog.Stream {
	return eventlog.Stream{Workspace: "main", Kind: "counter", ID: id}
}

func appended(t *testing.T, log *eventlog.Log, id string, expected eventlog.Version) {
	t.Helper()
	if _, err := log.Append(t.Context(), eventlog.Write{Stream: counter(id), Expected: expected, Events: []eventlog.Event{eventlogtest.Added{N: 1}}}); err != nil {
		t.Fatal(err)
	}
}

// TestMonths appends over a year and with a clock that is set back: the month never falls, and reads
// open only the partitions they need.
func TestMonths(t *testing.T) {
	url := created(t)
	s := openStore(t, url)
	clock := eventlogtest.NewClock() // in March 2026
	log, stop := eventlogtest.Start(t, s, eventlog.Options{Clock: clock.Now})
	appended(t, log, "old", 0)
	for month := range 13 {
		clock.Move(31 * 24 * time.Hour)
		appended(t, log, fmt.Sprint("of ", month), 0)
	}
	clock.Move(-200 * 24 * time.Hour)
	appended(t, log, "old", 1)
	stop()
	whole, err := verify.Log(t.Context(), s, 0)
	if err != nil || whole.Events != 15 {
		t.Fatalf("%+v, %v", whole, err)
	}
	var months, last []int64
	if err := s.db.QueryRow(t.Context(), `select array_agg(month order by month) from log.months`).Scan(&months); err != nil {
		t.Fatal(err)
	}
	if err := s.db.QueryRow(t.Context(), `select array_agg(month order by position) from log.events where position > 13`).Scan(&last); err != nil {
		t.Fatal(err)
	}
	newest := months[len(months)-1]
	if len(months) != 14 || months[0] != 2026*12+2 || !slices.Equal(last, []int64{newest, newest}) {
		t.Errorf("months %v, of the last two events %v", months, last)
	}
	for _, c := range []struct {
		name, query string
		args        []any
		open        int // partitions
	}{
		{"the end of the log", `select * from log.events where position > $1 and
			month >= coalesce((select max(month) from log.months where first <= $1 + 1), 0) order by position limit 10`, []any{13}, 1},
		{"a young stream", `select * from log.events where month >= $1 and stream = $2 and version > 0 order by version limit 10`, []any{newest - 1, 13}, 2},
	} {
		rows, err := s.db.Query(t.Context(), "explain (analyze, costs off, timing off, summary off) "+c.query, c.args...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, line)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		ran := 0
		for _, line := range plan {
			if strings.Contains(line, "on events_") && !strings.Contains(line, "never executed") {
				ran++
			}
		}
		if ran != c.open {
			t.Errorf("%s opens %d partitions, want %d:\n%s", c.name, ran, c.open, strings.Join(plan, "\n"))
		}
	}
	if _, err := s.db.Exec(t.Context(), `alter table log.events detach partition log.events_2026_03; drop table log.events_2026_03`); err != nil {
		t.Errorf("a month cannot be dropped at once: %v", err)
	}
}

// TestMonthsAhead: the partition of the next month is there before its first event, also when several processes
// make it at once, and counts as no month until then.
func TestMonthsAhead(t *testing.T) {
	url := created(t)
	s, other := openStore(t, url), openStore(t, url)
	oid := func(partition string) (oid uint32) {
		if err := s.db.QueryRow(t.Context(), `select coalesce((select inhrelid::oid from pg_inherits where inhrelid = to_regclass($1)), 0)`, "log."+partition).Scan(&oid); err != nil {
			t.Fatal(err)
		}
		return oid
	}
	if _, err := s.CloseMonths(t.Context()); err != nil || oid("events_0000_02") != 0 {
		t.Fatalf("an empty log has a month ahead of none: %v", err)
	}
	clock := eventlogtest.NewClock() // in March 2026
	log, stop := eventlogtest.Start(t, s, eventlog.Options{Clock: clock.Now})
	appended(t, log, "a", 0)
	var making sync.WaitGroup
	for _, s := range []store{s, other, s, other} {
		making.Go(func() {
			if _, err := s.CloseMonths(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	making.Wait()
	ahead := oid("events_2026_04")
	if ahead == 0 || oid("events_2026_05") != 0 {
		t.Fatalf("the partition of April is %d, that of May %d", ahead, oid("events_2026_05"))
	}
	clock.Move(31 * 24 * time.Hour)
	appended(t, log, "a", 1)
	clock.Move(61 * 24 * time.Hour) // nobody made June's
	appended(t, log, "a", 2)
	stop()
	var months []int64
	if err := s.db.QueryRow(t.Context(), `select array_agg(month order by month) from log.months`).Scan(&months); err != nil {
		t.Fatal(err)
	}
	var into uint32
	if err := s.db.QueryRow(t.Context(), `select tableoid::oid from log.events where position = 2`).Scan(&into); err != nil {
		t.Fatal(err)
	}
	if into != ahead || !slices.Equal(months, []int64{2026*12 + 2, 2026*12 + 3, 2026*12 + 5}) {
		t.Errorf("April's event is in %d, want %d; months %v", into, ahead, months)
	}
	if whole, err := verify.Log(t.Context(), s, 0); err != nil || whole.Events != 3 {
		t.Errorf("%+v, %v", whole, err)
	}
	if closed, err := other.CloseMonths(t.Context()); err != nil || closed != 2 || oid("events_2026_04") != 0 || oid("events_2026_07") == 0 {
		t.Errorf("%d months were closed, %v; April's partition is %d, July's %d", closed, err, oid("events_2026_04"), oid("events_2026_07"))
	}
}

// copyOf is a copy of a database that nobody is connected to.
func copyOf(t *testing.T, original string) (url string) {
	t.Helper()
	admin := connected(t, server.URL("postgres"))
	name := fmt.Sprintf("test%d", databases.Add(1))
	if _, err := admin.Exec(t.Context(), "create database "+name+" template "+original); err != nil {
		t.Fatal(err)
	}
	return server.URL(name)
}

// TestTamperedLog changes each thing that is stored about an event, behind the program's back.
func TestTamperedLog(t *testing.T) {
	url := created(t)
	s := openStore(t, url)
	log, stop := eventlogtest.Start(t, s, eventlog.Options{})
	for i := range 5 {
		appended(t, log, "a", eventlog.Version(i))
		appended(t, log, "b", eventlog.Version(i))
	}
	request := eventlog.Request{
		Folds: []eventlog.Fold{eventlogtest.Counter().Fold(counter("a"))},
		Key:   &eventlog.Key{Caller: "user:ana", ID: uuid.MustParse("019ca945-0a7b-7000-8000-000000000001"), Hash: [32]byte{1}},
		Decide: func([]eventlog.State) (eventlog.Decision, error) {
			return eventlog.Decision{Result: []byte(`{"sum":15}`)}, nil
		},
	}
	if _, err := log.Execute(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	kept := eventlog.Snapshot{Stream: counter("a"), Fold: "test.counter", Schema: 1, Version: 3, At: 5, Data: []byte(`{"sum":3,"notes":{"":3}}`)}
	kept.Guard()
	if err := s.PutSnapshot(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	stop()
	original := s.db.Config().ConnConfig.Database
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`update log.events set version = 9 where position = 9`,
		`update log.events set id = '00000000-0000-7000-8000-000000000000' where position = 4`,
		`update log.events set name = 'test.renamed' where position = 4`,
		`update log.events set schema = 2 where position = 4`,
		`update log.events set at = at + 1 where position = 4`,
		`update log.events set occurred = at - 1 where position = 4`,
		`update log.events set actor = 'user:eve' where position = 4`,
		`update log.events set cause = 'inbox:1' where position = 4`,
		`update log.events set correlation = 'x' where position = 4`,
		`update log.events set data = '{"n":100}' where position = 4`,
		`update log.events set crc = crc + 1 where position = 4`,
		`update log.events set seal = null where position = 4`,
		`update log.events set seal = sha256('x') where position = 4`,
		`update log.events set stream = 3 - stream, version = version + 90 where position = 4`,
		`update log.events set position = 99 where position = 4`,
		`delete from log.events where position = 4`,
		`delete from log.events where position = 10`,
		`update log.head set position = 9`,
		`update log.head set seal = sha256('x')`,
		`update log.streams set name = 'c' where name = 'a'`,
		`update log.streams set version = 6 where name = 'a'`,
		`update log.streams set version = 4 where name = 'a'`,
		`insert into log.streams (id, workspace, kind, name, version, month) values (77, 'main', 'counter', 'ghost', 0, 1)`,
		`update log.command_keys set caller = 'user:eve'`,
		`update log.command_keys set hash = sha256('x')`,
		`update log.command_keys set first = first - 1`,
		`update log.command_keys set last = last + 1`,
		`update log.command_keys set refusal = 'No.'`,
		`update log.command_keys set result = null`,
		`update log.command_keys set sum = sha256('x')`,
		`update log.snapshots set name = 'b'`,
		`update log.snapshots set fold = 'test.countes'`,
		`update log.snapshots set schema = 3`,
		`update log.snapshots set version = 2`,
		`update log.snapshots set version = 6`,
		`update log.snapshots set at = 4`,
		`update log.snapshots set data = '{}'`,
		`update log.snapshots set sum = sha256('x')`,
	} {
		t.Run(statement, func(t *testing.T) {
			tampered := openStore(t, copyOf(t, original))
			tag, err := tampered.db.Exec(t.Context(), statement)
			if err != nil || tag.RowsAffected() == 0 {
				t.Fatalf("%s, %v", tag, err)
			}
			if report, err := verify.Log(t.Context(), tampered, 0); !errors.Is(err, eventlog.ErrCorrupt) {
				t.Errorf("verify says %+v, %v; want ErrCorrupt", report, err)
			}
		})
	}
}

// TestServerGoesAway kills the server under appends: what fails says that it is away, and the log goes
// on by itself with all that was acknowledged.
func TestServerGoesAway(t *testing.T) {
	own, err := pgserver.Temporary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	})
	s := openStore(t, own.URL("postgres"))
	log, _ := eventlogtest.Start(t, s, eventlog.Options{})
	version := eventlog.Version(0)
	for range 3 {
		for range 20 {
			appended(t, log, "a", version)
			version++
		}
		if err := own.Kill(); err != nil {
			t.Fatal(err)
		}
		_, err := log.Append(t.Context(), eventlog.Write{Stream: counter("a"), Expected: version, Events: []eventlog.Event{eventlogtest.Added{N: 1}}})
		if !errors.Is(err, eventlog.ErrAway) || !errors.Is(log.Err(), eventlog.ErrAway) {
			t.Errorf("an append without a server: %v, and the log says %v; want ErrAway", err, log.Err())
		}
		if err := own.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	appended(t, log, "a", version)
	if err := log.Err(); err != nil {
		t.Errorf("the log still says %v", err)
	}
	if report, err := verify.Log(t.Context(), s, 0); err != nil || report.Events != int(version)+1 {
		t.Errorf("%d events were acknowledged, verify says %+v, %v", version+1, report, err)
	}
}
