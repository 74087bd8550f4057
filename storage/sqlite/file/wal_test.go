package file

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/creatorflow/creatorflow/eventlog"
)

// killed gives a database and its write-ahead log of so many commits, as a kill leaves them.
func killed(t *testing.T, commits int) (database, log []byte) {
	t.Helper()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), Full)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for n := range commits {
		if _, err := db.Write.ExecContext(t.Context(), `create table if not exists x (n, filler); `); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Write.ExecContext(t.Context(), `insert into x values ($1, randomblob(9000))`, n); err != nil {
			t.Fatal(err)
		}
	}
	database, err = os.ReadFile(db.Path)
	if err != nil {
		t.Fatal(err)
	}
	log, err = os.ReadFile(db.Path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return database, log
}

// rows mends and opens files and counts the commits in them.
func rows(t *testing.T, database, log []byte) (n int, mended []int, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	if err := errors.Join(os.WriteFile(path, database, 0o600), os.WriteFile(path+"-wal", log, 0o600)); err != nil {
		t.Fatal(err)
	}
	if mended, err = MendWAL(path + "-wal"); err != nil {
		return 0, mended, err
	}
	db, err := Open(t.Context(), path, Full)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	err = db.Read.QueryRowContext(context.Background(), `select count(*) from x`).Scan(&n)
	return n, mended, err
}

func TestMendWAL(t *testing.T) {
	const commits = 20
	database, log := killed(t, commits)
	rng := rand.New(rand.NewPCG(1, 2))
	places := []int{0, 3, 8, 15, 16, 23, 24, 31, walHeader, walHeader + 4, walHeader + 8, walHeader + 15, walHeader + 16, walHeader + 23, walHeader + 24, len(log) - 1}
	for range 100 {
		places = append(places, rng.IntN(len(log)))
	}
	refused := 0
	for _, at := range places {
		broken := bytes.Clone(log)
		broken[at] ^= byte(1 + rng.IntN(255))
		n, mended, err := rows(t, database, broken)
		last := len(log) - 6*(4096+frameHeader) // about where the last commit begins
		if errors.Is(err, eventlog.ErrCorrupt) {
			refused++ // several bytes could be the one
		} else if at >= last && n == commits-1 && len(mended) == 0 && err == nil {
			refused++ // the same, and it might be the end that a power cut left
		} else if n != commits || len(mended) != 1 || mended[0] != at || err != nil {
			t.Errorf("byte %d changed: %d commits of %d, mended %v, %v", at, n, commits, mended, err)
		}
	}
	if refused > len(places)/3 {
		t.Errorf("%d of %d changes could not be mended", refused, len(places))
	}
	if n, mended, err := rows(t, database, log); n != commits || len(mended) != 0 || err != nil {
		t.Errorf("nothing changed: %d commits of %d, mended %v, %v", n, commits, mended, err)
	}
}

// TestWALEnd: what a power cut leaves is the end, what stands before synced commits is corruption.
func TestWALEnd(t *testing.T) {
	const commits = 20
	database, log := killed(t, commits)
	for _, c := range []struct {
		name    string
		zeros   int // where 100 zeros are, from the end if negative
		length  int
		corrupt bool
		least   int
	}{
		{name: "torn last commit", zeros: -5000, length: len(log), least: commits - 1},
		{name: "cut short", zeros: -1, length: len(log) - 7000, least: commits - 2},
		{name: "hole in the middle", zeros: len(log) / 2, length: len(log), corrupt: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := bytes.Clone(log)
			at := c.zeros
			if at < 0 {
				at += len(log)
			}
			clear(broken[at:min(at+100, len(broken))])
			n, mended, err := rows(t, database, broken[:c.length])
			if errors.Is(err, eventlog.ErrCorrupt) != c.corrupt || !c.corrupt && (n < c.least || n >= commits) || len(mended) > 0 {
				t.Errorf("%d commits, mended %v, %v", n, mended, err)
			}
		})
	}
}
