package database

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Judge says what an error of the server means for a writer: eventlog.ErrFull when its disk is full,
// eventlog.ErrFenced when what it has on disk cannot be trusted. The server itself stops at a failed
// fsync, so there is nothing to fence for that here. Other errors stay as they are.
func Judge(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "53100": // disk_full
		return fmt.Errorf("%w: %w", eventlog.ErrFull, err)
	case "58030", "XX001", "XX002": // io_error, data_corrupted, index_corrupted
		return fmt.Errorf("%w: %w", eventlog.ErrFenced, err)
	}
	return err
}
