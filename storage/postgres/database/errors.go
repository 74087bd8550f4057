package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Judge says what an error means for its caller: eventlog.ErrFull when the server's disk is full,
// eventlog.ErrAway when it does not answer, eventlog.ErrFenced when what it has on disk cannot be
// trusted. The server itself stops at a failed fsync, so there is nothing to fence for that here.
// Other errors stay as they are.
func Judge(err error) error {
	var e *pgconn.PgError
	switch {
	case err == nil, eventlog.Passing(err), errors.Is(err, eventlog.ErrFenced), errors.Is(err, context.Canceled):
		return err
	case !errors.As(err, &e):
		if lost(err) {
			return fmt.Errorf("%w: %w", eventlog.ErrAway, err)
		}
		return err
	}
	switch class := e.Code[:2]; {
	case e.Code == "53100": // disk_full
		return fmt.Errorf("%w: %w", eventlog.ErrFull, err)
	case e.Code == "58030", e.Code == "XX001", e.Code == "XX002": // io_error, data_corrupted, index_corrupted
		return fmt.Errorf("%w: %w", eventlog.ErrFenced, err)
	case class == "08", class == "57", e.Code == "53300": // connection, operator intervention, too many connections
		return fmt.Errorf("%w: %w", eventlog.ErrAway, err)
	}
	return err
}

// lost says that the connection could not be made or has gone.
func lost(err error) bool {
	var connecting *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connecting) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
