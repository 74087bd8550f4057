// Package database is one PostgreSQL database: connections, the settings it must have, migrations,
// who has it, and what its errors mean.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/twin"
)

const (
	connections = 24
	// connectWithin is how long one attempt to connect may take.
	connectWithin = 10 * time.Second
	oldest        = 15 // of PostgreSQL's versions
)

// Database is a pool of connections to one database. SQL is written with $1 … $n.
type Database struct {
	*pgxpool.Pool
	config *pgxpool.Config
}

// Open connects to the database that a URL (postgres://user:password@host/name) names, and refuses
// a server that does not keep what it has acknowledged.
func Open(ctx context.Context, url string) (*Database, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil { // it names the URL without its password
		return nil, fmt.Errorf("the database's address is not one that PostgreSQL understands, it looks like postgres://user:password@host/name: %w", err)
	}
	config.MaxConns = connections
	config.ConnConfig.ConnectTimeout = connectWithin
	config.ConnConfig.DialFunc = dial
	maps.Copy(config.ConnConfig.RuntimeParams, map[string]string{
		"application_name": "creatorflow",
		"timezone":         "UTC",
		"jit":              "off", // our statements are short: compiling one takes longer than a thousand runs
		// What a server or role may have set for people at a prompt would end the listener and the hub's
		// lock, both idle by nature, or a verify, long by nature.
		"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0", "idle_session_timeout": "0",
		"default_transaction_isolation": "read committed", "default_transaction_read_only": "off",
	})
	config.AfterConnect = durable
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	d := &Database{Pool: pool, config: config}
	if err := d.check(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

// Name says which database it is, without a password.
func (d *Database) Name() string {
	c := d.config.ConnConfig
	return fmt.Sprintf("%s at %s:%d", c.Database, c.Host, c.Port)
}

// Connect makes a connection outside of the pool, which the caller closes.
func (d *Database) Connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.ConnectConfig(ctx, d.config.ConnConfig)
}

// check looks at what the promises rest on.
func (d *Database) check(ctx context.Context) error {
	var version int
	var encoding string
	err := d.QueryRow(ctx, `select current_setting('server_version_num')::integer / 10000, current_setting('server_encoding')`).Scan(&version, &encoding)
	switch {
	case errors.Is(err, errUnsafe):
		return fmt.Errorf("the database %s is refused: %w", d.Name(), err)
	case err != nil:
		return fmt.Errorf("the database %s does not answer: start it, or correct --db: %w", d.Name(), err)
	case version < oldest:
		return fmt.Errorf("the database %s is PostgreSQL %d: CreatorFlow needs %d or newer", d.Name(), version, oldest)
	case encoding != "UTF8":
		return fmt.Errorf("the database %s has the encoding %s: create one with encoding UTF8", d.Name(), encoding)
	}
	return nil
}

// errUnsafe says that the server would lose what it acknowledges.
var errUnsafe = errors.New("it would lose what was acknowledged")

// durable refuses a connection to a server that was told to forget: at the start, and after each of
// its restarts.
func durable(ctx context.Context, c *pgx.Conn) error {
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		if c.Config().RuntimeParams[setting] != "" {
			continue // this pool keeps what can be made again
		}
		if twin.WeakSync && setting == "fsync" {
			continue
		}
		var value string
		if err := c.QueryRow(ctx, `select current_setting($1)`, setting).Scan(&value); err != nil {
			return err
		}
		// on, and for synchronous_commit what is stronger. "local" is as durable here, but says that
		// somebody counts on a standby.
		if value != "on" && value != "remote_write" && value != "remote_apply" {
			return fmt.Errorf("the server has %s = %s: %w, set it to on", setting, value, errUnsafe)
		}
	}
	return nil
}

// Migrate makes the schema when missing and brings its tables to the newest of the migrations (goose
// files); it refuses a schema that a newer program has migrated further. Processes that do so at
// the same time wait for each other.
func (d *Database) Migrate(ctx context.Context, schema string, migrations fs.FS) (err error) {
	db := stdlib.OpenDBFromPool(d.Pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("migrate %s: %w", schema, err)
	}
	// Two that create one schema at once would collide in spite of "if not exists".
	if err := pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtext('creatorflow schema'))`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `create schema if not exists `+pgx.Identifier{schema}.Sanitize())
		return err
	}); err != nil {
		return fmt.Errorf("make the schema %s: %w", schema, err)
	}
	provider, current, err := d.known(ctx, db, schema, migrations, goose.WithSessionLocker(locker))
	if err != nil || current {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", schema, err)
	}
	return nil
}

// CheckSchema refuses a schema that is missing, or that a newer program has migrated further.
func (d *Database) CheckSchema(ctx context.Context, schema string, migrations fs.FS) (err error) {
	var there bool
	if err := d.QueryRow(ctx, `select to_regclass($1) is not null`, schema+".migrations").Scan(&there); err != nil {
		return fmt.Errorf("read the schema %s of %s: %w", schema, d.Name(), Judge(err))
	}
	if !there {
		return fmt.Errorf("there is no %s in %s: name the database with --db", schema, d.Name())
	}
	db := stdlib.OpenDBFromPool(d.Pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	_, _, err = d.known(ctx, db, schema, migrations)
	return err
}

// known says whether the schema has all of the migrations.
func (d *Database) known(ctx context.Context, db *sql.DB, schema string, migrations fs.FS, options ...goose.ProviderOption) (*goose.Provider, bool, error) {
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations, append(options, goose.WithTableName(schema+".migrations"))...)
	if err != nil {
		return nil, false, fmt.Errorf("migrate %s: %w", schema, err)
	}
	current, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("read the version of the schema %s: %w", schema, err)
	}
	if current > newest {
		return nil, false, fmt.Errorf("the schema %s of %s has version %d and this program knows only %d: %w", schema, d.Name(), current, newest, eventlog.ErrNewerSchema)
	}
	return provider, current == newest, nil
}
