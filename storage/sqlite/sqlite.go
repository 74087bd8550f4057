// Package sqlite keeps the log, the views and the vault in SQLite files of one folder.
//
// The log goes to log.db, views to views-N.db, the vault to vault.db. OpenFolder takes the folder
// for this process first; everything else is opened inside it.
package sqlite

import (
	"context"

	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/sqlite/logdb"
)

// Folder is a data folder that belongs to this process until Close.
type Folder = folder.Folder

// OpenFolder makes the folder when missing and takes it for this process alone. When another
// process has it, the error is a sentence that says which.
func OpenFolder(dir string) (*Folder, error) { return folder.Open(dir) }

// Log is the eventlog.Store in log.db.
type Log = logdb.Log

// OpenLog opens log.db in the folder, makes it when missing, and migrates it. It refuses a file of
// a newer schema, and one whose head is not its last event's.
func OpenLog(ctx context.Context, f *Folder) (*Log, error) { return logdb.Open(ctx, f) }

// ReadLog opens log.db only for reading, beside the process that has the folder.
func ReadLog(ctx context.Context, dir string) (*Log, error) { return logdb.Read(ctx, dir) }
