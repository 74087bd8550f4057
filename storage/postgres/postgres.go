// Package postgres keeps the log, the views and the vault in schemas of one PostgreSQL database.
package postgres

import (
	"context"

	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/postgres/logdb"
)

// Log is the eventlog.Store in the schema log.
type Log = logdb.Log

// OpenLog opens the log in the database, makes it when missing, and migrates it. Closed months are in files
// of the data folder dir.
func OpenLog(ctx context.Context, db *database.Database, dir string) (*Log, error) {
	return logdb.Open(ctx, db, dir)
}

// ReadLog opens the log only for reading, beside the processes that write it.
func ReadLog(ctx context.Context, db *database.Database, dir string) (*Log, error) {
	return logdb.Read(ctx, db, dir)
}
