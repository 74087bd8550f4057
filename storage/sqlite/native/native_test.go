package native

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	lib "modernc.org/sqlite/lib"
	"pgregory.net/rapid"
)

func open(t testing.TB) *Conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Exec(`pragma journal_mode = wal; create table x (i integer primary key, n integer, s text, b blob)`); err != nil {
		t.Fatal(err)
	}
	return c
}

func prepare(t testing.TB, c *Conn, sql string) *Stmt {
	t.Helper()
	s, err := c.Prepare(sql)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRoundTrip checks that what is bound comes back, whatever its size, and that the memory for
// values is used again.
func TestRoundTrip(t *testing.T) {
	c := open(t)
	put := prepare(t, c, `insert into x (n, s, b) values (?1, ?2, ?3)`)
	get := prepare(t, c, `select n, s, b from x where i = ?1`)
	i := int64(0)
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.Int64().Draw(r, "n")
		s := rapid.String().Draw(r, "s")
		b := bytes.Repeat([]byte{rapid.Byte().Draw(r, "b")}, rapid.IntRange(0, 20_000).Draw(r, "length"))
		put.Int(1, n)
		put.Text(2, s)
		put.Blob(3, b)
		if err := put.Run(); err != nil {
			r.Fatal(err)
		}
		i++
		get.Int(1, i)
		if row, err := get.Step(); err != nil || !row {
			r.Fatalf("row %v, %v", row, err)
		}
		if gotN, gotS, gotB := get.ColumnInt(0), string(get.ColumnBlob(1)), get.ColumnBlob(2); gotN != n || gotS != s || !bytes.Equal(gotB, b) {
			r.Fatalf("got %d %q and %d bytes, want %d %q and %d bytes", gotN, gotS, len(gotB), n, s, len(b))
		}
		get.Reset()
	})
	if len(put.values.blocks) > 1 {
		t.Errorf("%d blocks of memory are kept for values, want 1", len(put.values.blocks))
	}
}

func TestErrors(t *testing.T) {
	c := open(t)
	put := prepare(t, c, `insert into x (i) values (?1)`)
	for i, want := range []int{0, lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_PRIMARYKEY} {
		put.Int(1, 1)
		err := put.Run()
		var e *Error
		if errors.As(err, &e); (err == nil) != (want == 0) || e != nil && e.Code() != want {
			t.Errorf("insert %d: %v, want code %d", i, err, want)
		}
	}
	put.Int(2, 1) // there is no second parameter
	if err := put.Run(); err == nil {
		t.Error("a parameter out of range was bound")
	}
	put.Int(1, 2)
	if err := put.Run(); err != nil {
		t.Errorf("after errors: %v", err)
	}
	if _, err := c.Prepare(`select from`); err == nil {
		t.Error("nonsense was prepared")
	}
	if err := prepare(t, c, `select 1`).Run(); err == nil {
		t.Error("Run swallowed a row")
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.db")); err == nil {
		t.Error("a file that does not exist was opened")
	}
}

func TestCheckpoint(t *testing.T) {
	c := open(t)
	before, err := c.Frames()
	if err != nil || before == 0 {
		t.Fatalf("%d pages in the log, %v; want those of the table", before, err)
	}
	put := prepare(t, c, `insert into x (b) values (zeroblob(100000))`)
	if err := put.Run(); err != nil {
		t.Fatal(err)
	}
	if c.Changes() != 1 {
		t.Errorf("%d changes, want 1", c.Changes())
	}
	after, err := c.Frames()
	if err != nil || after < before+24 {
		t.Errorf("%d pages in the log, %v; want at least 24 more than %d", after, err, before)
	}
	if _, err := c.Checkpoint(); err != nil {
		t.Error(err)
	}
	if err := put.Run(); err != nil {
		t.Fatal(err)
	}
	if now, err := c.Frames(); err != nil || now > after {
		t.Errorf("%d pages in the log after a checkpoint, %v; want it to begin anew", now, err)
	}
}

func TestNumbered(t *testing.T) {
	for text, want := range map[string]string{
		"select 1":                               "select 1",
		"values ($1, $2), ($3,$4)":               "values (?1, ?2), (?3,?4)",
		"$2 $1 $1 $10":                           "?2 ?1 ?1 ?10",
		"$1 = '$2' or \"$3\"":                    "?1 = '$2' or \"$3\"",
		"json_extract(a, $1) ->> '$.x' where $2": "json_extract(a, ?1) ->> '$.x' where ?2",
	} {
		if got := Numbered(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
