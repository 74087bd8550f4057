package engine

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFolderKnowsItsLog starts hubs where their data is not.
func TestFolderKnowsItsLog(t *testing.T) {
	refused := func(p Place, want string) {
		t.Helper()
		s, err := Open(t.Context(), p.Folder, p.DB, slog.New(slog.DiscardHandler))
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("opened with %v, want %q", err, want)
		}
	}
	database, files, other := fresh(t, Postgres), fresh(t, SQLite), fresh(t, Postgres)
	for _, p := range []Place{database, files, other} {
		fill(t, p)
	}
	refused(Place{Folder: database.Folder}, "name that database with --db")
	if _, err := os.Stat(filepath.Join(database.Folder.Dir(), "log.db")); err == nil {
		t.Error("an empty log was made beside the one in the database")
	}
	refused(Place{Folder: files.Folder, DB: other.DB}, "belongs to the log in "+files.Folder.Dir())
	refused(Place{Folder: database.Folder, DB: other.DB}, "has another one")
	if err := opened(t, database).Close(); err != nil {
		t.Error(err)
	}
	if _, err := Move(t.Context(), files, Place{Folder: database.Folder}); err == nil || !strings.Contains(err.Error(), "belongs to another log") {
		t.Errorf("a move into the folder of another log: %v", err)
	}
	if err := opened(t, files).Close(); err != nil {
		t.Errorf("the refused move has ended the source: %v", err)
	}
	place := fresh(t, Postgres)
	if _, err := Move(t.Context(), files, Place{Folder: files.Folder, DB: place.DB}); err != nil {
		t.Fatal(err)
	}
	if err := opened(t, Place{Folder: files.Folder, DB: place.DB}).Close(); err != nil {
		t.Errorf("the folder does not follow its log: %v", err)
	}
	if err := os.Remove(filepath.Join(files.Folder.Dir(), "log.db")); err != nil {
		t.Fatal(err)
	}
	refused(files, "name that database with --db")
}
