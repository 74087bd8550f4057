package reserve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/domain/events"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/memory"
	"github.com/creatorflow/creatorflow/storage/postgres"
	"github.com/creatorflow/creatorflow/storage/postgres/database"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
	"github.com/creatorflow/creatorflow/storage/sqlite"
)

var (
	server    *pgserver.Server
	databases atomic.Int64
)

func TestMain(m *testing.M) {
	if os.Getenv(inFolder) != "" {
		os.Exit(serving())
	}
	os.Exit(run(m))
}

// run runs the tests beside a PostgreSQL server of their own.
func run(m *testing.M) (code int) {
	memory := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		memory = "/dev/shm"
	}
	dir, err := os.MkdirTemp(memory, "creatorflow-reserve-")
	if err == nil {
		server, err = pgserver.Start(context.Background(), filepath.Join(dir, "pg"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := errors.Join(server.Close(), os.RemoveAll(dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	if code = m.Run(); code == 0 {
		if err := goleak.Find(goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

// openSQLite makes a log in files.
func openSQLite(t *testing.T) []*eventlog.Log {
	folder, err := sqlite.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.OpenLog(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(store.Close(), folder.Close()); err != nil {
			t.Error(err)
		}
	})
	return []*eventlog.Log{started(t, store)}
}

// openPostgres makes a number of logs on one database, each with its own connections and appender, as
// that many processes have.
func openPostgres(logs int) func(t *testing.T) []*eventlog.Log {
	return func(t *testing.T) []*eventlog.Log {
		admin, err := database.Open(t.Context(), server.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close()
		name := fmt.Sprintf("reserve%d", databases.Add(1))
		if _, err := admin.Exec(t.Context(), "create database "+name); err != nil {
			t.Fatal(err)
		}
		var opened []*eventlog.Log
		for range logs {
			db, err := database.Open(t.Context(), server.URL(name))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			store, err := postgres.OpenLog(t.Context(), db, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			})
			opened = append(opened, started(t, store))
		}
		return opened
	}
}

// started runs a log's appender until the test ends.
func started(t *testing.T, store eventlog.Store) *eventlog.Log {
	t.Helper()
	log, err := eventlog.Open(t.Context(), store, eventlog.Options{Decode: events.Decode, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return log
}

var stores = []struct {
	name string
	open func(t *testing.T) []*eventlog.Log
}{
	{"sqlite", openSQLite},
	{"postgres", openPostgres(1)},
	{"postgres, two logs", openPostgres(2)},
}

func skus(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return all
}

// TestHotSKU: 10,000 orders want one SKU of which there are 500, all at once.
func TestHotSKU(t *testing.T) {
	const sku, units, orders = "viral", 500, 10_000
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			logs := store.open(t)
			others := skus("side", 10) // so scarce that orders of both run short of either
			stock := map[string]int64{sku: units}
			for _, other := range others {
				stock[other] = 3
			}
			if err := Stock(t.Context(), logs[0], stock); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			history, err := Rush(t.Context(), logs, inventory.Reserve, Hot(1, orders, sku, others), orders)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d reservations in %v", orders, time.Since(begin))
			if err := Sold(t.Context(), logs[0], sku, units, history); err != nil {
				t.Error(err)
			}
			for _, sku := range append(others, sku) {
				stream, err := Stream(t.Context(), logs[len(logs)-1], sku)
				if err != nil {
					t.Fatal(err)
				}
				if err := InOrder(sku, stream, history); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestManySKUs: each of 100 SKUs is asked for 100 times, in orders of one to four lines, and has 30.
func TestManySKUs(t *testing.T) {
	const units, asked, callers = 30, 100, 400
	all := skus("sku", 100)
	stock := map[string]int64{}
	for _, sku := range all {
		stock[sku] = units
	}
	orders := Spread(1, all, asked)
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			logs := store.open(t)
			if err := Stock(t.Context(), logs[0], stock); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			history, err := Rush(t.Context(), logs, inventory.Reserve, orders, callers)
			if err != nil {
				t.Fatal(err)
			}
			rushed := time.Since(begin)
			if err := Linearizable(stock, history); err != nil {
				t.Error(err)
			}
			for _, sku := range all {
				if err := Sold(t.Context(), logs[0], sku, units, history); err != nil {
					t.Error(err)
				}
				stream, err := Stream(t.Context(), logs[len(logs)-1], sku)
				if err != nil {
					t.Fatal(err)
				}
				if err := InOrder(sku, stream, history); err != nil {
					t.Error(err)
				}
			}
			t.Logf("%d lines of %d orders in %v, judged in %v", asked*len(all), len(orders), rushed, time.Since(begin)-rushed)
		})
	}
}

// TestBrokenRule: a rule that does not see the newest reservation sells one unit twice, and every
// check says so.
func TestBrokenRule(t *testing.T) {
	const sku, units, orders = "a", 20, 60
	log := started(t, memory.NewLog(uuid.Must(uuid.NewV7())))
	if err := Stock(t.Context(), log, map[string]int64{sku: units}); err != nil {
		t.Fatal(err)
	}
	behind := func(workspace, order string, attempt int, demand map[string]int64, states map[string]inventory.State) ([]eventlog.Decided, []inventory.Short) {
		for sku, s := range states {
			s.Reserved = max(0, s.Reserved-1)
			states[sku] = s
		}
		return inventory.Reserve(workspace, order, attempt, demand, states)
	}
	history, err := Rush(t.Context(), []*eventlog.Log{log}, behind, Hot(1, orders, sku, []string{sku}), orders)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := Stream(t.Context(), log, sku)
	if err != nil {
		t.Fatal(err)
	}
	for check, err := range map[string]error{
		"sold": Sold(t.Context(), log, sku, units, history), "in order": InOrder(sku, stream, history),
		"linearizable": Linearizable(map[string]int64{sku: units}, history),
	} {
		if err == nil {
			t.Errorf("%s did not see that %d units were sold %d times", check, units, len(stream)-1)
		}
	}
}

// TestCheckers: histories with one thing wrong are refused, by both checks where both can know.
func TestCheckers(t *testing.T) {
	got := func(order string, call, back int64, version eventlog.Version, left int64) Operation {
		return Operation{Order{order, map[string]int64{"a": 1}}, false, call, back, map[string]Answer{"a": {Version: version, Available: left}}}
	}
	short := func(order string, call, back, available int64) Operation {
		return Operation{Order{order, map[string]int64{"a": 1}}, false, call, back, map[string]Answer{"a": {Short: true, Available: available}}}
	}
	enough := func(order string, call, back int64) Operation {
		return Operation{Order{order, map[string]int64{"a": 1, "b": 1}}, false, call, back, map[string]Answer{"b": {Short: true}}}
	}
	back := func(order string, call, back int64, version eventlog.Version, left int64) Operation {
		op := got(order, call, back, version, left)
		op.Release = true
		return op
	}
	first := got("1", 0, 10, 2, 1)
	second := got("2", 5, 15, 3, 0)
	tests := []struct {
		name       string
		sold       string // orders whose reservations stand in the stream
		history    []Operation
		inOrder    string // in the error; empty = right
		porcupines bool   // whether porcupine finds it right; it does not see the stream
	}{
		{"two of two", "1 2", []Operation{first, second}, "", true},
		{"and one too late", "1 2", []Operation{first, second, short("3", 12, 20, 0)}, "", true},
		{"too late, and answered before the last one was", "1 2", []Operation{first, second, short("3", 12, 13, 0)}, "", true},
		{"short of another SKU before it was sold out", "1 2", []Operation{first, second, enough("3", 11, 20)}, "", true},
		{"one sold twice", "1 2 3", []Operation{first, second, got("3", 6, 20, 4, -1)}, "leaves -1 available", false},
		{"one version told twice", "1 2", []Operation{first, second, got("3", 6, 20, 3, 0)}, "both told version 3", false},
		{"told of a reservation that is lost", "1", []Operation{first, second}, "which is not there", true},
		{"a reservation that nobody was told of", "1 2", []Operation{first}, "was not told so", true},
		{"refused from before a sale that had been answered", "1 2", []Operation{first, second, short("3", 20, 30, 1)}, "explains", false},
		{"refused although there was one", "1 2", []Operation{first, second, short("3", 0, 4, 0)}, "had been answered before it called", false},
		{"called later, sold earlier", "1 2", []Operation{got("1", 20, 30, 2, 1), got("2", 0, 10, 3, 0)}, "had been answered before it called", false},
		{"enough after it was sold out", "1 2", []Operation{first, second, enough("3", 16, 20)}, "explains", false},
		{"given back and sold again", "1 2 -1 3", []Operation{first, second, back("1", 16, 20, 4, 1), got("3", 17, 30, 5, 0)}, "", true},
		{"refused while it was given back", "1 2 -1", []Operation{first, second, back("1", 16, 20, 4, 1), short("3", 17, 30, 0)}, "", true},
		{"refused after it was given back", "1 2 -1", []Operation{first, second, back("1", 16, 20, 4, 1), short("3", 21, 30, 0)}, "explains", false},
		{"sold again before it was given back", "1 2 3 -1", []Operation{first, second, got("3", 17, 30, 4, -1), back("1", 16, 20, 5, 0)}, "leaves -1 available", false},
		{"given back twice", "1 2 -1 -1", []Operation{first, second, back("1", 16, 20, 4, 1)}, "was not told so", true},
		{"told of giving back what is lost", "1 2", []Operation{first, second, back("1", 16, 20, 4, 1)}, "which is not there", true},
		{"giving back nothing", "1 2", []Operation{first, second, back("3", 16, 20, 0, 0)}, "let go", false},
		{"told a wrong rest", "1 2", []Operation{first, got("2", 5, 15, 3, 1)}, "leaves 0, and was told 1", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stream := []eventlog.Event{stockevents.Received{SKU: "a", Quantity: 2}}
			for order := range strings.FieldsSeq(test.sold) {
				if order, back := strings.CutPrefix(order, "-"); back {
					stream = append(stream, stockevents.Released{SKU: "a", Order: order, Attempt: 1, Quantity: 1})
					continue
				}
				stream = append(stream, stockevents.Reserved{SKU: "a", Order: order, Attempt: 1, Quantity: 1})
			}
			if err := InOrder("a", stream, test.history); (err == nil) != (test.inOrder == "") || err != nil && !strings.Contains(err.Error(), test.inOrder) {
				t.Errorf("in order: %v; want %q", err, test.inOrder)
			}
			if err := Linearizable(map[string]int64{"a": 2}, test.history); (err == nil) != test.porcupines {
				t.Errorf("linearizable: %v; want right: %t", err, test.porcupines)
			}
		})
	}
}
