package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// Temporary is Start in a folder that Close removes: one in memory, whose fsync costs nothing, if
// the machine has it. Durability is not what such a server is asked for.
func Temporary(ctx context.Context, settings ...string) (*Server, error) {
	memory := "/dev/shm"
	if info, err := os.Stat(memory); err != nil || !info.IsDir() {
		memory = ""
	}
	dir, err := os.MkdirTemp(memory, "creatorflow-pg")
	if err != nil {
		return nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	s, err := Start(ctx, filepath.Join(dir, "pg"), settings...)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.temporary = dir
	return s, nil
}

// Create makes an empty database and gives its URL.
func (s *Server) Create(ctx context.Context, name string) (string, error) {
	return s.URL(name), s.administer(ctx, "create database "+pgx.Identifier{name}.Sanitize())
}

// Drop removes a database and ends whoever is connected to it.
func (s *Server) Drop(ctx context.Context, name string) error {
	return s.administer(ctx, "drop database if exists "+pgx.Identifier{name}.Sanitize()+" with (force)")
}

func (s *Server) administer(ctx context.Context, text string) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	if _, err = conn.Exec(ctx, text); err != nil {
		err = fmt.Errorf("%s: %w", text, err)
	}
	return errors.Join(err, conn.Close(ctx))
}
