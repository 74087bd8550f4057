package postgres

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
)

func TestOneHubHasADatabase(t *testing.T) {
	url := created(t)
	one, other := connected(t, url), connected(t, url)
	hold, err := one.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Hold(t.Context()); err == nil || !strings.Contains(err.Error(), "in use by process") {
		t.Errorf("a second hub: %v, want it refused with who has the database", err)
	}
	// The lock's connection breaks; its hub takes the lock again before anybody else.
	end := func(name string) {
		t.Helper()
		if _, err := one.Exec(t.Context(), `select pg_terminate_backend(l.pid) from pg_locks l
			where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())`); err != nil {
			t.Fatal(name, err)
		}
	}
	end("first")
	await(t, "the lock is taken again", func() bool {
		second, err := other.Hold(t.Context())
		if err == nil {
			second.Close()
		}
		return err != nil && strings.Contains(err.Error(), "in use by process")
	})
	select {
	case <-hold.Lost():
		t.Fatal("a hub whose connection broke says that another has its database")
	default:
	}
	hold.Close()
	next, err := other.Hold(t.Context())
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	next.Close()
}

func TestTakenWhileAway(t *testing.T) {
	url := created(t)
	one, other := connected(t, url), connected(t, url)
	hold, err := one.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	// Whoever asks for the lock without a pause gets it the moment it is free.
	thief, err := other.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = thief.Close(t.Context()) }()
	taken := make(chan error, 1)
	go func() {
		_, err := thief.Exec(t.Context(), `select pg_advisory_lock(hashtext('creatorflow hub'))`)
		taken <- err
	}()
	await(t, "the other waits", func() bool {
		var waits bool
		err := one.QueryRow(t.Context(), `select exists (select from pg_locks where locktype = 'advisory' and not granted)`).Scan(&waits)
		return err == nil && waits
	})
	if _, err := one.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
		and database = (select oid from pg_database where datname = current_database())`); err != nil {
		t.Fatal(err)
	}
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
	select {
	case <-hold.Lost():
	case <-time.After(time.Minute):
		t.Error("nobody said that another hub has the database")
	}
}

// TestSettingsOfARole has a role with what administrators set for people at a prompt.
func TestSettingsOfARole(t *testing.T) {
	url := created(t)
	db := connected(t, url)
	for _, set := range []string{
		"statement_timeout = 50", "lock_timeout = 50", "idle_session_timeout = 50", "idle_in_transaction_session_timeout = 50",
		"default_transaction_isolation = 'serializable'", "default_transaction_read_only = on",
	} {
		if _, err := db.Exec(t.Context(), `do $$ begin execute format('alter database %I set `+strings.ReplaceAll(set, "'", "''")+`', current_database()); end $$`); err != nil {
			t.Fatal(err)
		}
	}
	again := connected(t, url)
	for _, want := range [][2]string{
		{"statement_timeout", "0"},
		{"lock_timeout", "0"},
		{"idle_session_timeout", "0"},
		{"idle_in_transaction_session_timeout", "0"},
		{"transaction_isolation", "read committed"},
		{"transaction_read_only", "off"},
	} {
		var is string
		if err := again.QueryRow(t.Context(), `select current_setting($1)`, want[0]).Scan(&is); err != nil || is != want[1] {
			t.Errorf("%s is %q, %v; want %s", want[0], is, err, want[1])
		}
	}
}

func TestForgetfulServer(t *testing.T) {
	url := created(t)
	before := connected(t, url)
	var name string
	if err := before.QueryRow(t.Context(), `select current_database()`).Scan(&name); err != nil {
		t.Fatal(err)
	}
	if _, err := before.Exec(t.Context(), `alter database `+pgx.Identifier{name}.Sanitize()+` set synchronous_commit = off`); err != nil {
		t.Fatal(err)
	}
	if db, err := database.Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "synchronous_commit = off") {
		if err == nil {
			db.Close()
		}
		t.Errorf("a server that does not wait for its disk: %v", err)
	}
	// A hub that runs notices with its next connection, and stops.
	before.Reset()
	_, err := before.Exec(t.Context(), `select 1`)
	if !errors.Is(database.Judge(err), eventlog.ErrFenced) {
		t.Errorf("a server that came back forgetful: %v, want the hub to end", err)
	}
}

// TestKeysBeingRead has a backup read the vault's keys while they are to be written anew.
func TestKeysBeingRead(t *testing.T) {
	url := created(t)
	db := connected(t, url)
	v, err := OpenVault(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = v.Close() }()
	backup, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Exec(t.Context(), `select from vault.vault_keys`); err != nil {
		t.Fatal(err)
	}
	if err := v.Scrub(t.Context()); err == nil || !strings.Contains(err.Error(), "not overwritten yet") {
		t.Errorf("while a backup reads: %v", err)
	}
	if err := backup.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := v.Scrub(t.Context()); err != nil {
		t.Errorf("after the backup: %v", err)
	}
}

func TestWhatErrorsMean(t *testing.T) {
	refused := func(t *testing.T) error {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		_ = listener.Close()
		_, err = pgx.Connect(t.Context(), fmt.Sprintf("postgres://a:b@%s/c", address))
		return err
	}
	db := connected(t, created(t))
	code := func(code string) error {
		_, err := db.Exec(t.Context(), `do $$ begin raise exception using errcode = '`+code+`'; end $$`)
		return err
	}
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"nobody listens", refused(t), eventlog.ErrAway},
		{"a standby", code("25006"), eventlog.ErrAway},
		{"another password", code("28P01"), eventlog.ErrAway},
		{"too many connections", code("53300"), eventlog.ErrAway},
		{"a deadlock", code("40P01"), eventlog.ErrAway},
		{"the disk is full", code("53100"), eventlog.ErrFull},
		{"the disk fails", code("58030"), eventlog.ErrFenced},
		{"a page is damaged", code("XX001"), eventlog.ErrFenced},
		{"a mistake of ours", code("42601"), nil},
	} {
		got := database.Judge(c.err)
		for _, class := range []error{eventlog.ErrAway, eventlog.ErrFull, eventlog.ErrFenced} {
			if errors.Is(got, class) != errors.Is(c.want, class) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !is(); {
		if time.Now().After(until) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}
