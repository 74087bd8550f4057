package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/storage/sqlite/file"
	"github.com/creatorflow/creatorflow/vault"
)

//go:embed migrations/vault/*.sql
var vaultMigrations embed.FS

// Vault is vault.db: the vault's tables, synchronous=FULL, deleted rows overwritten.
type Vault struct {
	db    *file.Database
	fence *folder.Fence

	turn  chan struct{} // one write at a time
	conn  *sql.Conn     // the writing connection
	ready map[string]*sql.Stmt
	reads *readers
	since int // commits since the last checkpoint
	bytes int // of bodies and files in them
}

// The write-ahead log is moved into the database after so many commits, or bytes of bodies and
// files: it stays at some tens of MB.
const (
	checkpointCommits = 500
	checkpointBytes   = 16 << 20
)

// OpenVault opens vault.db in the folder, makes and migrates it.
func OpenVault(ctx context.Context, in *Folder) (*Vault, error) {
	migrations, err := fs.Sub(vaultMigrations, "migrations/vault")
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	db, err := file.Open(ctx, filepath.Join(in.Dir(), "vault.db"), file.Full, "secure_delete(1)")
	if err != nil {
		return nil, err
	}
	if err := file.Migrate(ctx, db, migrations); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	conn, err := db.Write.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", db.Path, err), db.Close())
	}
	// An automatic checkpoint hides I/O errors; Write makes them itself.
	if _, err := conn.ExecContext(ctx, "pragma wal_autocheckpoint(0)"); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", db.Path, err), conn.Close(), db.Close())
	}
	return &Vault{
		db: db, fence: in.Fence(), turn: make(chan struct{}, 1), conn: conn, ready: map[string]*sql.Stmt{}, reads: newReaders(db.Path, file.Readers),
	}, nil
}

// Write implements vault.Store. The transaction is begun and ended by hand: after a COMMIT that
// the disk refused, database/sql would hand the connection on with the transaction still open.
func (v *Vault) Write(ctx context.Context, do func(tx vault.Tx) error) (err error) {
	v.turn <- struct{}{}
	defer func() { <-v.turn }()
	if v.fence.Err() != nil {
		return eventlog.ErrFenced
	}
	ctx = context.WithoutCancel(ctx) // an interrupted COMMIT would leave its outcome unknown
	tx := &vaultTx{v: v}
	if _, err := tx.Exec(ctx, "begin immediate"); err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			v.rollback(ctx)
			panic(p)
		}
	}()
	if err := do(tx); err != nil {
		v.rollback(ctx)
		return err
	}
	failpoint.Hit(failpoint.VaultBefore)
	if _, err := tx.Exec(ctx, "commit"); err != nil {
		v.rollback(ctx)
		return err
	}
	failpoint.Hit(failpoint.VaultAfter)
	if v.since++; v.since >= checkpointCommits || v.bytes >= checkpointBytes {
		v.since, v.bytes = 0, 0
		// What was committed stays true; a fault here is told by the fence, to this caller too,
		// since its page may be the one that failed.
		return v.checkpoint(ctx, "passive")
	}
	return nil
}

// rollback fails when SQLite has rolled back by itself, which is as good.
func (v *Vault) rollback(ctx context.Context) { _, _ = v.conn.ExecContext(ctx, "rollback") }

// Read implements vault.Store.
func (v *Vault) Read(ctx context.Context, do func(r vault.Reader) error) error {
	s, err := v.reads.take(ctx)
	if err != nil {
		return err
	}
	defer v.reads.give(s)
	return within(context.WithoutCancel(ctx), s, "begin", func() error { return do(vaultReader{s}) })
}

// Scrub implements vault.Store: secure_delete has overwritten the rows in the database, and a
// truncating checkpoint removes their older copies from the write-ahead log.
func (v *Vault) Scrub(ctx context.Context) error {
	v.turn <- struct{}{}
	defer func() { <-v.turn }()
	if v.fence.Err() != nil {
		return eventlog.ErrFenced
	}
	return v.checkpoint(context.WithoutCancel(ctx), "truncate")
}

func (v *Vault) checkpoint(ctx context.Context, mode string) error {
	var busy, pages, moved int
	err := v.conn.QueryRowContext(ctx, "pragma wal_checkpoint("+mode+")").Scan(&busy, &pages, &moved)
	if file.IsFull(err) && mode == "passive" {
		return nil // nothing is lost: the write-ahead log holds it, the next one tries again
	}
	if err != nil {
		return v.judge(err)
	}
	if busy != 0 && mode == "truncate" {
		return errors.New("vault.db is being read: deleted rows are not overwritten yet")
	}
	return nil
}

// Fenced is closed when an I/O fault has stopped the folder's durable writes for good.
func (v *Vault) Fenced() <-chan struct{} { return v.fence.Tripped() }

// Close implements vault.Store.
func (v *Vault) Close() error {
	v.turn <- struct{}{}
	defer func() { <-v.turn }()
	var errs []error
	for _, s := range v.ready {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, v.reads.close(), v.conn.Close(), v.db.Close())...)
}

// judge turns an engine's error into what the caller must know, and trips the fence on a fault.
func (v *Vault) judge(err error) error {
	switch {
	case err == nil:
		return nil
	case file.IsFull(err):
		return fmt.Errorf("write %s: %w (%w)", v.db.Path, eventlog.ErrFull, err)
	case file.IsFault(err):
		v.fence.Trip(fmt.Errorf("write %s: %w", v.db.Path, err))
		return fmt.Errorf("write %s: %w (%w)", v.db.Path, eventlog.ErrFenced, err)
	}
	return err
}

// prepared keeps one statement per text; the vault's texts are constants, so they are few.
func (v *Vault) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := v.ready[query]; s != nil {
		return s, nil
	}
	s, err := v.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	v.ready[query] = s
	return s, nil
}

type vaultTx struct{ v *Vault }

func (t *vaultTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := t.v.prepared(ctx, query)
	if err != nil {
		return 0, t.v.judge(err)
	}
	for _, arg := range args {
		if b, ok := arg.([]byte); ok {
			t.v.bytes += len(b)
		}
	}
	result, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, t.v.judge(err)
	}
	return result.RowsAffected()
}

func (t *vaultTx) Query(ctx context.Context, query string, args ...any) (vault.Rows, error) {
	s, err := t.v.prepared(ctx, query)
	if err != nil {
		return nil, t.v.judge(err)
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return nil, t.v.judge(err)
	}
	return vaultRows{Rows: rows, v: t.v}, nil
}

// vaultRows judges what comes up while rows are read: an update with RETURNING fails here.
type vaultRows struct {
	*sql.Rows
	v *Vault
}

func (r vaultRows) Err() error { return r.v.judge(r.Rows.Err()) }

type vaultReader struct{ s *session }

func (r vaultReader) Query(ctx context.Context, query string, args ...any) (vault.Rows, error) {
	return r.s.query(ctx, query, args...)
}
