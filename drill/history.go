package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
)

// history is all that a judge needs besides what the hub left: what was promised, and what the shop has
// seen, which is not what our own tables say. It stays in the drill's folder.
type history struct {
	Report  Report `json:"report"`            // as it was before the judge; Broken is what was seen while the drill ran
	Data    string `json:"data"`              // folder of the hub, within the drill's
	Cluster string `json:"cluster,omitempty"` // of the drill's own PostgreSQL, within the drill's folder

	Webhooks []string         `json:"webhooks"` // ids of those that were acknowledged
	Commands []uuid.UUID      `json:"commands"` // keys of those that were acknowledged
	Units    map[string]int64 `json:"units"`    // received by acknowledged commands, by SKU
	Open     map[string]int64 `json:"open"`     // received by commands that have no answer, by SKU
	Behind   []string         `json:"behind"`   // starts after which the log ended before an acknowledged position

	Orders  int            `json:"orders"`  // placed at the shop
	Unpaid  int            `json:"unpaid"`  // orders that only the log has, which wait for their buyers for ever
	Twice   []string       `json:"twice"`   // effects that the shop has seen again
	Shipped map[string]int `json:"shipped"` // units, by listing
	Waiting int            `json:"waiting"` // orders neither cancelled nor shipped
}

func (c *Campaign) history() (history, error) {
	data, err := filepath.Rel(c.o.Dir, c.data)
	if err != nil {
		return history{}, fmt.Errorf("name the data folder: %w", err)
	}
	shipped, waiting, err := c.sim.Shipped(shop)
	if err != nil {
		return history{}, fmt.Errorf("ask the shop what was shipped: %w", err)
	}
	return history{
		Report: c.report, Data: data, Cluster: c.o.Cluster,
		Webhooks: slices.Sorted(maps.Keys(c.gate.acked)), Commands: c.book.acked, Units: c.book.units, Open: c.book.open, Behind: c.book.behind,
		Orders: len(c.placed), Unpaid: c.Unpaid, Twice: c.sim.Counts().Twice(), Shipped: shipped, Waiting: len(waiting),
	}, nil
}

const historyName = "history.json"

func (p history) save(dir string) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode the drill's history: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, historyName), text, 0o600); err != nil {
		return fmt.Errorf("keep the drill's history: %w", err)
	}
	return nil
}

// Check judges again what a drill has left in its folder. The database is needed when the drill ran on
// somebody else's server.
func Check(ctx context.Context, dir, db string) (r Report, err error) {
	started := time.Now()
	text, err := os.ReadFile(filepath.Join(dir, historyName))
	if errors.Is(err, os.ErrNotExist) {
		return r, fmt.Errorf("there is no %s in %s: name the folder that a drill said it left", historyName, dir)
	}
	if err != nil {
		return r, fmt.Errorf("read the drill's history: %w", err)
	}
	var p history
	if err := json.Unmarshal(text, &p); err != nil {
		return r, fmt.Errorf("read the drill's history %s: %w", historyName, err)
	}
	switch {
	case p.Report.Engine != engine.Postgres:
	case p.Cluster != "":
		server, err := pgserver.Adopt(ctx, filepath.Join(dir, p.Cluster))
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, server.Close()) }()
		db = server.URL("postgres")
	case db == "":
		return r, errors.New("the drill ran on a PostgreSQL server of yours: name its database with --db")
	}
	r = p.Report
	err = p.judge(ctx, hub.Options{Data: filepath.Join(dir, p.Data), DB: db, Clock: time.Now, Log: quiet}, &r)
	r.Seconds = time.Since(started).Seconds()
	return r, err
}
