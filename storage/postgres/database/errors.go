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
	case errors.Is(err, errUnsafe):
		return fmt.Errorf("%w: %w", eventlog.ErrFenced, err)
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
	case class == "08", class == "57", class == "28", e.Code == "53300", // connection, operator intervention, password, too many connections
		e.Code == "25006",                                       // a standby, while another takes over
		e.Code == "40001", e.Code == "40P01", e.Code == "55P03": // in each other's way
		return fmt.Errorf("%w: %w", eventlog.ErrAway, err)
	}
	return err
}

// lost says that the connection could not be made or has gone.
func lost(err error) bool {
	var connecting *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connecting) {
		return true
	}
	if errors.Is(err, context.DeadlineExceeded) { // the caller's own
		return false
	}
	return errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// Gone says that the server has ended our connections, so that others are as old as the one that failed.
// One that refuses a statement is there.
func Gone(err error) bool {
	if c := code(err); c != "" {
		return c[:2] == "08" || c[:2] == "57"
	}
	return err != nil && lost(err)
}

// Twice says that a row with the same key was there.
func Twice(err error) bool { return code(err) == "23505" }

// Locked says that others kept what a statement needs for longer than it may wait.
func Locked(err error) bool { return code(err) == "55P03" }

func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
