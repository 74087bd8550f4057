package reserve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/postgres"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/sqlite"
)

// Variables of the process that serves: the folder or the database, and whether it is the twin.
const (
	inFolder   = "CREATORFLOW_RESERVE_FOLDER"
	inDatabase = "CREATORFLOW_RESERVE_DATABASE"
	noKeys     = "CREATORFLOW_RESERVE_NO_KEYS"
)

// serving is the process that TestCrashes kills.
func serving() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	store, err := opened(ctx, os.Getenv(inFolder), os.Getenv(inDatabase))
	if err == nil {
		err = served(ctx, store)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func served(ctx context.Context, store eventlog.Store) error {
	log, err := eventlog.Open(ctx, store, eventlog.Options{Decode: events.Decode, Clock: time.Now})
	if err != nil {
		return errors.Join(err, store.Close())
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- log.Run(running) }()
	err = Serve(ctx, log, os.Stdin, os.Stdout, os.Getenv(noKeys) == "")
	stop()
	return errors.Join(err, <-done, store.Close())
}

// opened opens a log for one process.
func opened(ctx context.Context, dir, url string) (eventlog.Store, error) {
	if url == "" {
		folder, err := sqlite.OpenFolder(dir)
		if err != nil {
			return nil, err
		}
		store, err := sqlite.OpenLog(ctx, folder)
		if err != nil {
			return nil, errors.Join(err, folder.Close())
		}
		return closing{store, folder.Close}, nil
	}
	db, err := database.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	store, err := postgres.OpenLog(ctx, db, dir)
	if err != nil {
		db.Close()
		return nil, err
	}
	return closing{store, func() error { db.Close(); return nil }}, nil
}

// closing is a store that closes what it stands on with it.
type closing struct {
	eventlog.Store
	below func() error
}

func (c closing) Close() error { return errors.Join(c.Store.Close(), c.below()) }

// TestCrashes reserves and gives back under kills: every answer, those included that came from another process than the
// one that was asked first, is what the stock allowed at one moment between call and return. A process that keeps no
// keys is caught.
func TestCrashes(t *testing.T) {
	kills := 40
	if testing.Short() {
		kills = 8
	}
	hot := Hot(2, 150*kills, "viral", skus("side", 10))
	many := Spread(2, skus("sku", 2*kills), 60)
	for _, c := range []struct {
		name     string
		orders   []Order
		units    int64
		postgres bool
		twin     string
	}{
		{name: "hot sqlite", orders: hot, units: 100},
		{name: "hot postgres", orders: hot, units: 100, postgres: true},
		{name: "many sqlite", orders: many, units: 15},
		{name: "many postgres", orders: many, units: 15, postgres: true},
		{name: "many without keys", orders: many, units: 15, twin: "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, url := t.TempDir(), ""
			if c.postgres {
				var err error
				if url, err = server.Create(t.Context(), fmt.Sprintf("reserve%d", databases.Add(1))); err != nil {
					t.Fatal(err)
				}
			}
			stock := map[string]int64{}
			for _, o := range c.orders {
				for sku := range o.Demand {
					stock[sku] = c.units
				}
			}
			judged := func(do func(log *eventlog.Log)) {
				store, err := opened(t.Context(), dir, url)
				if err != nil {
					t.Fatal(err)
				}
				t.Run("log", func(t *testing.T) { do(started(t, store)) })
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			}
			judged(func(log *eventlog.Log) {
				if err := Stock(t.Context(), log, stock); err != nil {
					t.Fatal(err)
				}
			})
			crashes := Crashes{Orders: c.orders, Callers: 64, Kills: kills, Seed: 1, Launch: func() *exec.Cmd {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), inFolder+"="+dir, inDatabase+"="+url, noKeys+"="+c.twin)
				cmd.Stderr = os.Stderr
				return cmd
			}}
			begin := time.Now()
			history, again, err := crashes.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			released := 0
			for i := range history {
				if history[i].Release {
					released++
				}
			}
			t.Logf("%d operations, of which %d gave back, %d asked again after %d kills, in %v", len(history), released, again, kills, time.Since(begin))
			if len(history) != len(c.orders)+released || released == 0 || again < kills {
				t.Errorf("%d operations of %d orders, %d releases, %d asked again after %d kills", len(history), len(c.orders), released, again, kills)
			}
			var found []string
			judged(func(log *eventlog.Log) {
				for sku, units := range stock {
					_, balanced := Balanced(t.Context(), log, sku, units, history)
					stream, err := Stream(t.Context(), log, sku)
					if err != nil {
						t.Fatal(err)
					}
					for _, err := range []error{balanced, InOrder(sku, stream, history)} {
						if err != nil {
							found = append(found, err.Error())
						}
					}
				}
			})
			if strings.HasPrefix(c.name, "many") {
				if err := Linearizable(stock, history); err != nil {
					found = append(found, err.Error())
				}
			}
			if c.twin == "" && len(found) > 0 {
				t.Errorf("answers that no order of moments explains: %q", found)
			}
			if c.twin != "" && !strings.Contains(strings.Join(found, "\n"), "who was not told so") {
				t.Errorf("the drill did not see that a process without keys forgot what it had answered: %q", found)
			}
		})
	}
}
