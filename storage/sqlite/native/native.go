// Package native drives one SQLite connection through SQLite's own interface.
//
// The log's writer runs two small statements an event. Through database/sql these take about
// 14 to 17 µs, bound and stepped directly 8 to 10 µs (docs/decisions), so the connections of the log's
// writer, of the views and of the vault are used like this; migrations and some reads of the log go through
// database/sql. A Conn and its statements belong to one goroutine at a time.
package native

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Error is SQLite's own answer.
type Error struct {
	code    int
	message string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.message, e.code) }

// Code is the extended result code.
func (e *Error) Code() int { return e.code }

// Conn is an open database.
type Conn struct {
	tls        *libc.TLS
	db         uintptr
	statements []*Stmt
}

// Open opens an existing database for reading and writing. It never checkpoints by itself:
// SQLite's automatic checkpoint hides I/O errors, Checkpoint tells them.
func Open(path string) (*Conn, error) {
	c := &Conn{tls: libc.NewTLS()}
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, name)
	out := c.tls.Alloc(8)
	defer c.tls.Free(8)
	code := lib.Xsqlite3_open_v2(c.tls, name, out, lib.SQLITE_OPEN_READWRITE|lib.SQLITE_OPEN_NOMUTEX|lib.SQLITE_OPEN_EXRESCODE, 0)
	c.db = *(*uintptr)(memory(out))
	if code == lib.SQLITE_OK {
		code = lib.Xsqlite3_wal_autocheckpoint(c.tls, c.db, 0)
	}
	if code == lib.SQLITE_OK {
		code = lib.Xsqlite3_busy_timeout(c.tls, c.db, 10000)
	}
	if code != lib.SQLITE_OK {
		err := c.errorOf(code)
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close ends the connection and its statements.
func (c *Conn) Close() error {
	for _, s := range c.statements {
		s.close()
	}
	c.statements = nil
	code := lib.Xsqlite3_close(c.tls, c.db)
	var err error
	if code != lib.SQLITE_OK {
		err = c.errorOf(code)
	}
	c.tls.Close()
	return err
}

// KeepWAL makes Close leave the write-ahead log as it is, for after an I/O fault.
func (c *Conn) KeepWAL() {
	arguments := c.tls.Alloc(16)
	defer c.tls.Free(16)
	lib.Xsqlite3_db_config(c.tls, c.db, lib.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, libc.VaList(arguments, int32(1), uintptr(0)))
}

// InterruptAfter cuts short what the connection runs when ctx ends, until stop is called.
func (c *Conn) InterruptAfter(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	ended := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		defer close(ended)
		tls := libc.NewTLS() // the connection's own is in use
		defer tls.Close()
		lib.Xsqlite3_interrupt(tls, c.db)
	})
	return func() {
		if !forget() {
			<-ended // it must not meet what runs next
		}
	}
}

// Exec runs statements that return nothing.
func (c *Conn) Exec(sql string) error {
	text, err := libc.CString(sql)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, text)
	if code := lib.Xsqlite3_exec(c.tls, c.db, text, 0, 0, 0); code != lib.SQLITE_OK {
		return fmt.Errorf("%s: %w", sql, c.errorOf(code))
	}
	return nil
}

// Frames is the number of pages in the write-ahead log.
func (c *Conn) Frames() (int, error) { return c.checkpoint(lib.SQLITE_CHECKPOINT_NOOP) }

// Checkpoint moves what it can from the write-ahead log into the database without waiting for
// readers, and returns the number of pages in the log.
func (c *Conn) Checkpoint() (int, error) { return c.checkpoint(lib.SQLITE_CHECKPOINT_PASSIVE) }

func (c *Conn) checkpoint(mode int32) (int, error) {
	out := c.tls.Alloc(16)
	defer c.tls.Free(16)
	if code := lib.Xsqlite3_wal_checkpoint_v2(c.tls, c.db, 0, mode, out, out+8); code != lib.SQLITE_OK && code&0xff != lib.SQLITE_BUSY {
		return 0, fmt.Errorf("checkpoint: %w", c.errorOf(code))
	}
	return int(*(*int32)(memory(out))), nil
}

func (c *Conn) errorOf(code int32) error {
	return &Error{code: int(code), message: libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.db))}
}

// Stmt is a prepared statement. Bind parameters from 1, then Step; columns count from 0.
type Stmt struct {
	c      *Conn
	handle uintptr
	fault  int32 // of a Bind, told by Step
	values arena // what texts and blobs are bound to
}

// Prepare compiles one statement, which lives as long as the connection.
func (c *Conn) Prepare(sql string) (*Stmt, error) {
	text, err := libc.CString(sql)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, text)
	out := c.tls.Alloc(8)
	defer c.tls.Free(8)
	if code := lib.Xsqlite3_prepare_v3(c.tls, c.db, text, -1, lib.SQLITE_PREPARE_PERSISTENT, out, 0); code != lib.SQLITE_OK {
		return nil, fmt.Errorf("prepare %s: %w", sql, c.errorOf(code))
	}
	s := &Stmt{c: c, handle: *(*uintptr)(memory(out)), values: arena{tls: c.tls}}
	c.statements = append(c.statements, s)
	return s, nil
}

// Close ends the statement before its connection ends.
func (s *Stmt) Close() {
	s.c.statements = slices.DeleteFunc(s.c.statements, func(other *Stmt) bool { return other == s })
	s.close()
}

func (s *Stmt) close() {
	lib.Xsqlite3_finalize(s.c.tls, s.handle) // repeats the last Step's error
	s.values.free()
}

// Int binds a number.
func (s *Stmt) Int(i int, n int64) { s.bound(lib.Xsqlite3_bind_int64(s.c.tls, s.handle, int32(i), n)) } //nolint:gosec // small

// Text binds a text.
func (s *Stmt) Text(i int, text string) {
	p := s.values.copy(unsafe.Slice(unsafe.StringData(text), len(text)))                 //nolint:gosec // read while text lives
	s.bound(lib.Xsqlite3_bind_text(s.c.tls, s.handle, int32(i), p, int32(len(text)), 0)) //nolint:gosec // small
}

// Blob binds bytes; nil is null.
func (s *Stmt) Blob(i int, b []byte) {
	if b == nil {
		s.Null(i)
		return
	}
	s.bound(lib.Xsqlite3_bind_blob(s.c.tls, s.handle, int32(i), s.values.copy(b), int32(len(b)), 0)) //nolint:gosec // small
}

// Float binds a floating-point number.
func (s *Stmt) Float(i int, f float64) {
	s.bound(lib.Xsqlite3_bind_double(s.c.tls, s.handle, int32(i), f)) //nolint:gosec // small
}

// Null binds nothing.
func (s *Stmt) Null(i int) { s.bound(lib.Xsqlite3_bind_null(s.c.tls, s.handle, int32(i))) } //nolint:gosec // small

func (s *Stmt) bound(code int32) {
	if code != lib.SQLITE_OK && s.fault == lib.SQLITE_OK {
		s.fault = code
	}
}

// Step runs to the next row, or to the end; then, and after an error, the statement is ready to
// be bound again.
func (s *Stmt) Step() (row bool, err error) {
	code := s.fault
	if code == lib.SQLITE_OK {
		code = lib.Xsqlite3_step(s.c.tls, s.handle)
	}
	switch code {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
	default:
		err = s.c.errorOf(code)
	}
	s.Reset()
	return false, err
}

// Reset ends a statement that has not run to its end.
func (s *Stmt) Reset() {
	lib.Xsqlite3_reset(s.c.tls, s.handle) // repeats the last Step's error
	s.fault = lib.SQLITE_OK
	s.values.reset()
}

// Run steps a statement that returns no rows.
func (s *Stmt) Run() error {
	row, err := s.Step()
	if row {
		s.Reset()
		return errors.New("sqlite: an unexpected row")
	}
	return err
}

// ColumnInt reads a number of the row.
func (s *Stmt) ColumnInt(i int) int64 {
	return lib.Xsqlite3_column_int64(s.c.tls, s.handle, int32(i)) //nolint:gosec // small
}

// ColumnFloat reads a floating-point number of the row.
func (s *Stmt) ColumnFloat(i int) float64 {
	return lib.Xsqlite3_column_double(s.c.tls, s.handle, int32(i)) //nolint:gosec // small
}

// Kind is the type of a value.
type Kind int32

// The types of values.
const (
	Integer Kind = lib.SQLITE_INTEGER
	Float   Kind = lib.SQLITE_FLOAT
	Text    Kind = lib.SQLITE_TEXT
	Blob    Kind = lib.SQLITE_BLOB
	Null    Kind = lib.SQLITE_NULL
)

// ColumnKind is the type of a column's value in the row.
func (s *Stmt) ColumnKind(i int) Kind {
	return Kind(lib.Xsqlite3_column_type(s.c.tls, s.handle, int32(i))) //nolint:gosec // small
}

// Columns is how many columns a row has.
func (s *Stmt) Columns() int { return int(lib.Xsqlite3_column_count(s.c.tls, s.handle)) }

// Parameters is how many parameters the statement has.
func (s *Stmt) Parameters() int { return int(lib.Xsqlite3_bind_parameter_count(s.c.tls, s.handle)) }

// ColumnBytes is the bytes, or the text, of the row's column, good until the next Step; null is nil.
func (s *Stmt) ColumnBytes(i int) []byte {
	p := lib.Xsqlite3_column_blob(s.c.tls, s.handle, int32(i))  //nolint:gosec // small
	n := lib.Xsqlite3_column_bytes(s.c.tls, s.handle, int32(i)) //nolint:gosec // small
	if p == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(memory(p)), n) //nolint:gosec // C memory
}

// ColumnBlob copies bytes, or a text, of the row; null is nil.
func (s *Stmt) ColumnBlob(i int) []byte {
	b := s.ColumnBytes(i)
	if b == nil {
		return nil
	}
	return append([]byte{}, b...)
}

// memory is C memory, which Go neither moves nor frees.
func memory(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) } //nolint:gosec // that is its purpose

// Changes is the number of rows that the last statement of the connection changed.
func (c *Conn) Changes() int { return int(lib.Xsqlite3_changes(c.tls, c.db)) }

// arena is C memory for the values of one run of a statement. A block is never moved while
// values in it are bound.
type arena struct {
	tls    *libc.TLS
	blocks []uintptr // the last one is in use
	size   int       // of the last block
	used   int       // of it
}

func (a *arena) copy(b []byte) uintptr {
	if a.used+len(b) >= a.size { // never a null pointer, not even for nothing
		a.size = max(2*a.size, len(b)+1, 4096)
		a.used = 0
		a.blocks = append(a.blocks, libc.Xmalloc(a.tls, libc.Tsize_t(a.size))) //nolint:gosec // positive
	}
	p := a.blocks[len(a.blocks)-1] + uintptr(a.used)
	copy(unsafe.Slice((*byte)(memory(p)), len(b)), b) //nolint:gosec // C memory
	a.used += len(b)
	return p
}

// reset keeps the largest block.
func (a *arena) reset() {
	if len(a.blocks) > 1 {
		for _, block := range a.blocks[:len(a.blocks)-1] {
			libc.Xfree(a.tls, block)
		}
		a.blocks = append(a.blocks[:0], a.blocks[len(a.blocks)-1])
	}
	a.used = 0
}

func (a *arena) free() {
	for _, block := range a.blocks {
		libc.Xfree(a.tls, block)
	}
	a.blocks, a.size, a.used = nil, 0, 0
}
