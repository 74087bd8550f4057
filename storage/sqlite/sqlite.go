// Package sqlite keeps the log, the views and the vault in SQLite files of one folder.
//
// The log goes to log.db, views to views-N.db, the vault to vault.db. OpenFolder takes the folder
// for this process first; everything else is opened inside it.
package sqlite

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
	"github.com/creatorflow/creatorflow/storage/sqlite/logdb"
)

// Folder is a data folder that belongs to this process until Close.
type Folder = folder.Folder

// OpenFolder makes the folder when missing and takes it for this process alone. When another
// process has it, the error is a sentence that says which.
func OpenFolder(dir string) (*Folder, error) { return folder.Open(dir) }

// Mend puts back bytes that have changed in the write-ahead logs of the log and the vault since they were
// written, and says so: SQLite would end at the first of them. It comes before both are opened.
func Mend(f *Folder, log *slog.Logger) error {
	for _, name := range []string{"log.db-wal", "vault.db-wal"} {
		path := filepath.Join(f.Dir(), name)
		mended, err := file.MendWAL(path)
		if err != nil {
			return err
		}
		if len(mended) > 0 {
			log.Warn("bytes of a file had changed since they were written; they were put back, nothing is lost", "file", path, "at", mended,
				"mend", "check the disk and the memory of this machine: what changes bytes once does it again")
		}
	}
	return nil
}

// Check reads all of the log's and the vault's file in a folder, which another process may have: their
// structure, and the sum of every row that has one.
func Check(ctx context.Context, dir string) error {
	return errors.Join(file.Check(ctx, filepath.Join(dir, "log.db")), file.Check(ctx, filepath.Join(dir, "vault.db")))
}

// Log is the eventlog.Store in log.db.
type Log = logdb.Log

// OpenLog opens log.db in the folder, makes it when missing, and migrates it. It refuses a file of
// a newer schema, and one whose head is not its last event's.
func OpenLog(ctx context.Context, f *Folder) (*Log, error) { return logdb.Open(ctx, f) }

// ReadLog opens log.db only for reading, beside the process that has the folder.
func ReadLog(ctx context.Context, dir string) (*Log, error) { return logdb.Read(ctx, dir) }
