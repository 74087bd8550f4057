package file

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDollarParameters(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "odd name%20?#.db"), Full)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var got string
	err = db.Read.QueryRowContext(t.Context(), `select $2 || $1 || $3 || $2`, "a", "b", "c").Scan(&got)
	if err != nil || got != "bacb" {
		t.Errorf("got %q, %v; want bacb", got, err)
	}
	if _, err := db.Read.ExecContext(t.Context(), `create table t (a)`); err == nil {
		t.Error("a reading connection made a table")
	}
	var mode, sync string
	for pragma, into := range map[string]*string{"journal_mode": &mode, "synchronous": &sync} {
		if err := db.Write.QueryRowContext(t.Context(), "pragma "+pragma).Scan(into); err != nil {
			t.Fatal(err)
		}
	}
	if mode != "wal" || sync != "2" {
		t.Errorf("journal_mode %s, synchronous %s; want wal and 2 (FULL)", mode, sync)
	}
	info, err := os.Stat(db.Path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
}

// TestPragmaReplaced: the driver sorts pragmas, so wal_autocheckpoint(0) once ran before (8000).
func TestPragmaReplaced(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"), Normal, "wal_autocheckpoint(0)", "secure_delete(1)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for pragma, want := range map[string]int{"wal_autocheckpoint": 0, "secure_delete": 1, "synchronous": 1, "foreign_keys": 1} {
		var got int
		if err := db.Write.QueryRowContext(t.Context(), "pragma "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %d, %v; want %d", pragma, got, err, want)
		}
	}
}
