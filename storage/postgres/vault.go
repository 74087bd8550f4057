package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/failpoint"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/vault"
)

//go:embed migrations/vault/*.sql
var vaultMigrations embed.FS

// vaultConnections is how many of the vault's transactions run at once.
const vaultConnections = 6

// Vault is the vault.Store in the schema vault.
type Vault struct {
	pool   *pgxpool.Pool // its connections look for tables in the schema vault alone
	once   sync.Once
	fenced chan struct{}
	// deleted says that rows went since the last Scrub; at first nobody knows.
	deleted atomic.Bool
}

// OpenVault opens the vault in the database, makes and migrates it.
func OpenVault(ctx context.Context, db *database.Database) (*Vault, error) {
	migrations, err := fs.Sub(vaultMigrations, "migrations/vault")
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	if err := db.Migrate(ctx, "vault", migrations); err != nil {
		return nil, err
	}
	// Plans must not be those of tables that were empty when the connection was young.
	pool, err := openPool(ctx, db, vaultConnections, map[string]string{
		"search_path": "vault", "enable_seqscan": "off", "jit": "off",
	})
	if err != nil {
		return nil, fmt.Errorf("open vault: %w", err)
	}
	v := &Vault{pool: pool, fenced: make(chan struct{})}
	v.deleted.Store(true)
	return v, nil
}

// MissingLabels says which of some labels the vault in a database does not keep.
func MissingLabels(ctx context.Context, db *database.Database, ids []string) ([]string, error) {
	rows, err := db.Query(ctx, `select w.id from unnest($1::text[]) w(id) where not exists (select from vault.labels l where l.id = w.id)`, ids)
	if err != nil {
		return nil, fmt.Errorf("look for labels: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Write implements vault.Store. Writers of all processes come one after another, as the vault's
// rules (the last owner, a delivery seen before) are checked by reading first; each commit carries
// what came together.
func (v *Vault) Write(ctx context.Context, do func(tx vault.Tx) error) error {
	select {
	case <-v.fenced:
		return eventlog.ErrFenced
	default:
	}
	ctx = context.WithoutCancel(ctx) // an interrupted COMMIT would leave its outcome unknown
	begin := []queued{{text: `begin`}, {text: `select last from inbox_head for update`}}
	err := within(ctx, v.pool, begin, func(s *session) error {
		err := do(vaultTx{v, vaultReader{s, v.judge}})
		failpoint.Hit(failpoint.VaultBefore)
		return err
	})
	failpoint.Hit(failpoint.VaultAfter)
	return v.judge(err)
}

// Read implements vault.Store.
func (v *Vault) Read(ctx context.Context, do func(r vault.Reader) error) error {
	begin := []queued{{text: `begin isolation level repeatable read read only`}}
	return passing(within(ctx, v.pool, begin, func(s *session) error { return do(vaultReader{s, passing}) }))
}

// Scrub implements vault.Store as far as PostgreSQL can. Deleted rows stay in their pages until they
// are written over, so the tables of keys and secrets, which all else is sealed with, are written
// anew. What stays: older versions in the write-ahead log until its segments are used again, in
// backups and standbys, and rows that a transaction older than the deletion can still see. What was
// sealed with a destroyed key goes when autovacuum's pages are used again.
func (v *Vault) Scrub(ctx context.Context) error {
	select {
	case <-v.fenced:
		return eventlog.ErrFenced
	default:
	}
	if !v.deleted.Swap(false) {
		return nil
	}
	err := v.pool.AcquireFunc(context.WithoutCancel(ctx), func(c *pgxpool.Conn) error {
		// Whoever waits for the tables makes all wait that come after, so it is not for long.
		_, err := c.Exec(ctx, `set lock_timeout = '2s'`)
		if err == nil {
			_, err = c.Exec(ctx, `vacuum (full) vault_keys, secrets`)
		}
		_, back := c.Exec(ctx, `set lock_timeout = 0`)
		return errors.Join(err, back)
	})
	if err == nil {
		return nil
	}
	v.deleted.Store(true)
	if database.Locked(err) {
		return errors.New("the vault is being read, perhaps by a backup: deleted keys are not overwritten yet")
	}
	return v.judge(fmt.Errorf("write the vault's keys anew: %w", err))
}

// Fenced is closed when the server has said that its disk cannot be trusted.
func (v *Vault) Fenced() <-chan struct{} { return v.fenced }

// Close implements vault.Store. The database stays the caller's to close.
func (v *Vault) Close() error {
	v.pool.Close()
	return nil
}

// judge turns an error into what the caller must know, and fences at a fault.
func (v *Vault) judge(err error) error {
	if err = database.Judge(err); errors.Is(err, eventlog.ErrFenced) {
		v.once.Do(func() { close(v.fenced) })
	}
	return err
}

// passing is what a read tells of an error: a fault in it stops no writer.
func passing(err error) error {
	if judged := database.Judge(err); eventlog.Passing(judged) {
		return judged
	}
	return err
}

type vaultTx struct {
	v *Vault
	vaultReader
}

// Exec implements vault.Tx. Marks of where one write of a commit ends and the next begins say nothing
// back: they go with the next statement.
func (t vaultTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if strings.HasSuffix(query, "savepoint one") {
		return 0, t.v.judge(t.s.later(ctx, query))
	}
	tag, err := t.s.exec(ctx, query, args...)
	if tag.Delete() && tag.RowsAffected() > 0 {
		t.v.deleted.Store(true)
	}
	return tag.RowsAffected(), t.v.judge(err)
}

type vaultReader struct {
	s     *session
	judge func(error) error
}

// Query implements vault.Reader.
func (r vaultReader) Query(ctx context.Context, query string, args ...any) (vault.Rows, error) {
	rows, err := r.s.query(ctx, query, args...)
	if err != nil {
		return nil, r.judge(err)
	}
	return vaultRows{rows, r.judge}, nil
}

// vaultRows judges what comes up while rows are read: an update with RETURNING fails here.
type vaultRows struct {
	*rows
	judge func(error) error
}

// Err implements vault.Rows.
func (r vaultRows) Err() error { return r.judge(r.rows.Err()) }
