package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/folder"
	"github.com/creatorflow/creatorflow/vault"
)

type moveCommand struct {
	Data   string `help:"Data folder; no hub may run on it." default:"./creatorflow-data" type:"path"`
	DB     string `name:"db" help:"PostgreSQL database that keeps the data now; not given, the files in the folder do." placeholder:"postgres://user:password@host/name" env:"CREATORFLOW_DB"`
	ToDB   string `name:"to-db" help:"Move to this empty database; the folder keeps the key file." placeholder:"postgres://user:password@host/name"`
	ToData string `name:"to-data" help:"Move to files in this new folder, which gets the key file too." type:"path"`
}

// Validate refuses a move that goes nowhere.
func (m moveCommand) Validate() error {
	switch {
	case (m.ToDB == "") == (m.ToData == ""):
		return errors.New("name one of --to-db and --to-data")
	case m.ToDB != "" && m.ToDB == m.DB, m.ToData != "" && m.DB == "" && m.ToData == m.Data:
		return errors.New("the data is there already: name another place")
	}
	return nil
}

// Run moves, and says how to go on.
func (m moveCommand) Run(ctx context.Context, c console) (err error) {
	if _, err := os.Stat(m.Data); err != nil { // opening a folder makes it
		return fmt.Errorf("there is nothing to move: name the data folder with --data: %w", err)
	}
	old, err := folder.Open(m.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	to, start := engine.Place{Folder: old, DB: m.ToDB}, fmt.Sprintf("creatorflow serve --data %s --db %s", m.Data, "<the database>")
	if m.ToData != "" {
		fresh := old
		if m.ToData != m.Data {
			if fresh, err = folder.Open(m.ToData); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, fresh.Close()) }()
			if err := vault.CopyMaster(m.Data, m.ToData); err != nil {
				return err
			}
		}
		to, start = engine.Place{Folder: fresh}, "creatorflow serve --data "+m.ToData
	}
	moved, err := engine.Move(ctx, engine.Place{Folder: old, DB: m.DB}, to)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, `%d events, %d answers of commands and %d rows of the vault are in %s now.
position %d, seal %x: the same as before. The old place has ended and opens no more.
Go on with: %s
`, moved.Events, moved.Keys, moved.Rows, moved.Where, moved.Position, moved.Seal, start)
	return err
}
