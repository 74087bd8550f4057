package file

import (
	"errors"

	lib "modernc.org/sqlite/lib"

	"github.com/creatorflow/creatorflow/twin"
)

// IsFull says that the disk had no room: nothing was written and a later try may succeed. Errors
// of package native and of the database/sql driver are understood.
func IsFull(err error) bool {
	code, _ := Code(err)
	return (code&0xff == lib.SQLITE_FULL || code == lib.SQLITE_IOERR_SHMSIZE) && !twin.FullUnknown
}

// IsFault says that the disk failed: what is on it is unknown, so nothing may be acknowledged again.
func IsFault(err error) bool {
	code, _ := Code(err)
	switch code & 0xff {
	case lib.SQLITE_IOERR, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN:
		return !IsFull(err)
	}
	return false
}

// IsBusy says that somebody else has the file alone.
func IsBusy(err error) bool {
	code, _ := Code(err)
	return code&0xff == lib.SQLITE_BUSY
}

// Code is SQLite's extended result code, if the error is SQLite's.
func Code(err error) (code int, ok bool) {
	var coded interface {
		error
		Code() int
	}
	if errors.As(err, &coded) {
		return coded.Code(), true
	}
	return 0, false
}
