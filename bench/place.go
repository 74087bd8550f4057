package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/postgres"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
	"github.com/creatorflow/creatorflow/storage/sqlite"
)

// Engines are what can be measured.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Places are where a measurement's logs live: folders, or databases of one server.
type Places struct {
	engine string
	dir    string
	db     string       // of the server
	Close  func() error // server and folder, where they are ours
	made   int
}

// NewPlaces opens what the options name; a folder or a server that they do not name is made, and goes with
// Close.
func NewPlaces(ctx context.Context, o Options) (*Places, error) {
	dir, db, close, err := Temporary(ctx, o.Engine, o.Dir, o.DB)
	if err != nil {
		return nil, err
	}
	return &Places{engine: o.Engine, dir: dir, db: db, Close: close}, nil
}

// Temporary makes the folder and, on PostgreSQL, the server that are not given; close takes away again
// what it made.
func Temporary(ctx context.Context, engine, dir, db string) (inDir, onDB string, close func() error, err error) {
	stop, remove := func() error { return nil }, func() error { return nil }
	if dir == "" {
		if dir, err = os.MkdirTemp("", "creatorflow-bench-"); err != nil {
			return "", "", nil, fmt.Errorf("make a folder for the bench: %w", err)
		}
		remove = func() error { return os.RemoveAll(dir) }
	}
	if engine == Postgres && db == "" {
		if db, stop, err = server(ctx, filepath.Join(dir, "postgres")); err != nil {
			return "", "", nil, errors.Join(err, remove())
		}
	}
	return dir, db, func() error { return errors.Join(stop(), remove()) }, nil
}

// server runs a PostgreSQL server in a folder until close, with room for the writes of a bench between
// two checkpoints.
func server(ctx context.Context, dir string) (db string, close func() error, err error) {
	server, err := pgserver.Start(ctx, dir, "max_wal_size=4GB")
	if err != nil {
		return "", nil, err
	}
	return server.URL("postgres"), server.Close, nil
}

// Place is where one log lives.
type Place struct {
	store  eventlog.Store
	folder *sqlite.Folder
	Path   string             // of the SQLite file
	DB     *database.Database // of PostgreSQL, nil on SQLite
	url    string             // of that
	Close  func() error
}

// Views opens the views beside the log.
func (p *Place) Views(ctx context.Context) (projection.Store, error) {
	quiet := slog.New(slog.DiscardHandler)
	if p.DB == nil {
		return sqlite.OpenViews(ctx, p.folder, quiet)
	}
	return postgres.OpenViews(ctx, p.DB, quiet)
}

// Next makes an empty place.
func (p *Places) Next(ctx context.Context) (*Place, error) {
	p.made++
	if p.engine == Postgres {
		return p.nextDatabase(ctx)
	}
	dir := filepath.Join(p.dir, fmt.Sprint(p.made))
	folder, err := sqlite.OpenFolder(dir)
	if err != nil {
		return nil, err
	}
	store, err := sqlite.OpenLog(ctx, folder)
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return &Place{store: store, folder: folder, Path: filepath.Join(dir, "log.db"), Close: func() error {
		return errors.Join(store.Close(), folder.Close())
	}}, nil
}

// open opens a log in an empty place and runs it until close.
func (p *Places) open(ctx context.Context, decode eventlog.Decoder) (log *eventlog.Log, close func() error, err error) {
	place, err := p.Next(ctx)
	if err != nil {
		return nil, nil, err
	}
	return place.Run(ctx, eventlog.Options{Clock: time.Now, Decode: decode})
}

// Run opens the place's log and runs it until close.
func (p *Place) Run(ctx context.Context, o eventlog.Options) (log *eventlog.Log, close func() error, err error) {
	if log, err = eventlog.Open(ctx, p.store, o); err != nil {
		return nil, nil, errors.Join(err, p.Close())
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- log.Run(running) }()
	return log, func() error {
		cancel()
		return errors.Join(<-done, p.Close())
	}, nil
}

func (p *Places) nextDatabase(ctx context.Context) (*Place, error) {
	server, err := database.Open(ctx, p.db)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	name := fmt.Sprintf("creatorflow_bench_%d", p.made)
	for _, text := range []string{"drop database if exists " + name + " with (force)", "create database " + name} {
		if _, err := server.Exec(ctx, text); err != nil {
			return nil, fmt.Errorf("make a database: %w", err)
		}
	}
	at, err := url.Parse(p.db)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: %w", err)
	}
	db, err := database.Open(ctx, at.JoinPath("..", name).String())
	if err != nil {
		return nil, err
	}
	store, err := postgres.OpenLog(ctx, db, filepath.Join(p.dir, name))
	if err != nil {
		db.Close()
		return nil, err
	}
	return &Place{store: store, DB: db, url: at.JoinPath("..", name).String(), Close: func() error {
		defer db.Close()
		return store.Close()
	}}, nil
}
