package projection_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/memory"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(storagetest.With(m)) }

// paid is the tests' only event.
type paid struct {
	Account string `json:"account"`
	Amount  int64  `json:"amount"`
}

func (paid) EventName() string { return "paid" }

func decode(_ string, _ int, data []byte) (eventlog.Event, error) {
	var e paid
	err := json.Unmarshal(data, &e)
	return e, err
}

type balance struct {
	Account string
	Sum     int64
	Entries int
}

// balances sums what each account was paid. Tests make it fail or wait at a record.
type balances struct {
	name    string
	version int
	table   *projection.Table[balance]
	at      func(r eventlog.Record) error
}

func newBalances(name string, version int) *balances {
	return &balances{
		name: name, version: version,
		at: func(eventlog.Record) error { return nil },
		table: &projection.Table[balance]{
			Name: fmt.Sprintf("%s_v%d", name, version), Key: 1,
			Columns: []string{"account text", "sum bigint", "entries bigint"},
			Fields:  func(b *balance) []any { return []any{&b.Account, &b.Sum, &b.Entries} },
		},
	}
}

func (b *balances) Name() string     { return b.name }
func (b *balances) Version() int     { return b.version }
func (b *balances) Tables() []string { return []string{b.table.Name} }
func (b *balances) Schema() []string { return []string{b.table.Create()} }

func (b *balances) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) (topics []string, err error) {
	rows := b.table.Edit(tx)
	for _, r := range batch {
		if err := b.at(r); err != nil {
			return nil, err
		}
		e := r.Event.(paid)
		row, err := rows.Get(ctx, e.Account)
		if err != nil {
			return nil, err
		}
		row.Sum += e.Amount * int64(b.version)
		row.Entries++
		topics = append(topics, b.name+"/"+e.Account, b.name)
	}
	return topics, rows.Save(ctx)
}

// world is a log and views with whatever runs on them.
type world struct {
	*testing.T
	ctx     context.Context
	store   eventlog.Store
	log     *eventlog.Log
	place   *storagetest.Place
	views   projection.Store
	running sync.WaitGroup
	close   func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &world{T: t, ctx: ctx, place: storagetest.New(t)}
	w.newLog()
	w.open()
	w.close = sync.OnceFunc(func() {
		cancel()
		w.running.Wait()
		if err := w.views.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.close)
	return w
}

// newLog begins another log with another id.
func (w *world) newLog() {
	w.Helper()
	w.onLog(memory.NewLog(uuid.Must(uuid.NewV7())))
}

func (w *world) onLog(store eventlog.Store) {
	w.Helper()
	w.store = store
	log, err := eventlog.Open(w.ctx, w.store, eventlog.Options{Decode: decode, Clock: func() time.Time { return time.UnixMicro(1_800_000_000_000_000) }})
	if err != nil {
		w.Fatal(err)
	}
	w.log = log
	w.running.Go(func() { _ = log.Run(w.ctx) })
}

func (w *world) open() {
	w.Helper()
	w.views = w.place.Views()
}

// pay appends n payments of 1, 2, 3 … to a few accounts, and returns the log's end.
func (w *world) pay(n int) eventlog.Position {
	w.Helper()
	for n > 0 {
		size := min(n, 500)
		first := int64(w.log.Head().Position)
		writes := []eventlog.Write{{Stream: eventlog.Stream{Workspace: "main", Kind: "ledger", ID: uuid.NewString()}}}
		for i := range int64(size) {
			writes[0].Events = append(writes[0].Events, paid{Account: fmt.Sprintf("a%d", (first+i)%7), Amount: first + i + 1})
		}
		if _, err := w.log.Append(w.ctx, writes...); err != nil {
			w.Fatal(err)
		}
		n -= size
	}
	return w.log.Head().Position
}

// append commits payments with given ids at once, each of its number times a factor.
func (w *world) append(stream string, ids []uuid.UUID, factor int64) eventlog.Position {
	w.Helper()
	write := eventlog.Write{Stream: eventlog.Stream{Workspace: "main", Kind: "ledger", ID: stream}}
	first := int64(w.log.Head().Position)
	for i := range int64(len(ids)) {
		if ids[i] == uuid.Nil {
			ids[i] = uuid.Must(uuid.NewV7())
		}
		write.Events = append(write.Events, paid{Account: fmt.Sprintf("a%d", (first+i)%7), Amount: (first + i + 1) * factor})
	}
	write.IDs = ids
	if _, err := w.log.Append(w.ctx, write); err != nil {
		w.Fatal(err)
	}
	return w.log.Head().Position
}

// run starts a runner; stop ends it and gives what Run returned.
func (w *world) run(o projection.Options, projections ...projection.Projection) (runner *projection.Runner, stop func() error) {
	return w.runOn(w.views, o, projections...)
}

func (w *world) runOn(store projection.Store, o projection.Options, projections ...projection.Projection) (runner *projection.Runner, stop func() error) {
	ctx, cancel := context.WithCancel(w.ctx)
	runner = projection.NewRunner(w.log, store, projections, o)
	ended := make(chan error, 1)
	w.running.Go(func() { ended <- runner.Run(ctx) })
	return runner, sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
}

func (w *world) wait(r *projection.Runner, position eventlog.Position) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	if err := r.WaitFor(ctx, position); err != nil {
		w.Fatal(err)
	}
}

// shows compares a projection's rows with the payments up to a position.
func (w *world) shows(b *balances, position eventlog.Position) {
	w.Helper()
	want := map[string]balance{}
	for i := range int64(position) {
		account := fmt.Sprintf("a%d", i%7)
		row := want[account]
		want[account] = balance{account, row.Sum + (i+1)*int64(b.version), row.Entries + 1}
	}
	got := map[string]balance{}
	err := w.views.Read(w.ctx, func(r projection.Reader) error {
		rows, err := b.table.Select(w.ctx, r, "")
		for _, row := range rows {
			got[row.Account] = row
		}
		return err
	})
	if err != nil || !maps.Equal(got, want) {
		w.Errorf("%s at %d: got %v, %v; want %v", b.table.Name, position, got, err, want)
	}
}

func (w *world) checkpoint(b *balances) (projection.Checkpoint, bool) {
	w.Helper()
	now, err := w.views.Checkpoints(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	i := slices.IndexFunc(now, func(c projection.Checkpoint) bool { return c.Name == b.name && c.Version == b.version })
	if i < 0 {
		return projection.Checkpoint{}, false
	}
	return now[i], true
}

// notices collects what a runner announces.
type notices struct {
	mu  sync.Mutex
	all []projection.Notice
}

func (n *notices) add(notice projection.Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, notice)
}

func (n *notices) take() []projection.Notice {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.all
	n.all = nil
	return all
}

func TestFoldsTogetherAndTells(t *testing.T) {
	w := newWorld(t)
	a, b := newBalances("a", 1), newBalances("b", 3)
	var told notices
	r, stop := w.run(projection.Options{Notify: told.add, MaxBatch: 10}, a, b)
	first := w.pay(1)
	w.wait(r, first)
	end := w.pay(95)
	w.wait(r, end)
	w.shows(a, end)
	w.shows(b, end)
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v, want the end of its context", err)
	}
	last := first
	for _, n := range told.take() {
		if n.Position == first {
			continue // perhaps the end of building
		}
		if n.Position <= last || n.Position-last > 10 {
			t.Errorf("notice %d after %d; want steps of 1 to 10", n.Position, last)
		}
		last = n.Position
		if !slices.IsSorted(n.Topics) || len(slices.Compact(slices.Clone(n.Topics))) != len(n.Topics) || !slices.Contains(n.Topics, "b") {
			t.Errorf("topics %v; want them sorted, once each, of both projections", n.Topics)
		}
		if n.At.UnixMicro() != 1_800_000_000_000_000 {
			t.Errorf("notice at %v, want the commit's time", n.At)
		}
	}
	if last != end {
		t.Errorf("the last notice is %d, want %d", last, end)
	}
	for _, s := range r.Status() {
		if s.Position != end || s.Head != end || s.Building || s.Stopped != "" {
			t.Errorf("status %+v, want all folded", s)
		}
	}
}

// clumsy is a projection with a statement that no database takes.
type clumsy struct{ *balances }

func (c clumsy) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	if slices.ContainsFunc(batch, func(r eventlog.Record) bool { return r.Position == 38 }) {
		return nil, tx.Exec(ctx, `insert into nowhere_v1 (a) values ($1)`, int64(1))
	}
	return c.balances.Apply(ctx, tx, batch)
}

// A store may send statements later, but not to the account of the next projection.
func TestAFailedStatementStopsItsOwnProjection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		bad, good := newBalances("bad", 1), newBalances("good", 1)
		r, stop := w.run(projection.Options{MaxBatch: 16}, clumsy{bad}, good)
		end := w.pay(70)
		w.wait(r, end)
		synctest.Wait()
		w.shows(good, end)
		w.shows(bad, 37)
		if s := r.Status(); s[0].Stopped == "" || s[1].Stopped != "" {
			t.Errorf("status %+v, want the first one alone stopped", s)
		}
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		w.close()
	})
}

func TestAStoppedProjectionStopsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		good, bad := newBalances("good", 1), newBalances("bad", 1)
		var mended atomic.Bool
		bad.at = func(r eventlog.Record) error {
			if r.Position == 38 && !mended.Load() {
				return errors.New("cannot fold this")
			}
			if r.Position == 60 && !mended.Load() {
				panic("never reached")
			}
			return nil
		}
		var told notices
		r, stop := w.run(projection.Options{Notify: told.add, MaxBatch: 16}, good, bad)
		synctest.Wait()
		end := w.pay(70)
		w.wait(r, end)
		synctest.Wait()
		w.shows(good, end)
		w.shows(bad, 37)
		if c, _ := w.checkpoint(bad); c.Position != 37 || c.Stopped != "cannot fold this" {
			t.Errorf("checkpoint %+v, want stopped at 37", c)
		}
		if s := r.Status()[1]; s.Position != 37 || s.Head != 70 || s.Stopped != "cannot fold this" {
			t.Errorf("status %+v, want stopped at 37", s)
		}
		end = w.pay(5)
		w.wait(r, end)
		w.shows(good, end)
		<-time.After(3 * time.Minute) // tries in vain, ever more rarely
		synctest.Wait()
		if c, _ := w.checkpoint(bad); c.Position != 37 || c.Stopped == "" {
			t.Errorf("checkpoint %+v, want still stopped at 37", c)
		}
		told.take()
		mended.Store(true)
		<-time.After(5 * time.Minute)
		synctest.Wait()
		w.shows(bad, end)
		if c, _ := w.checkpoint(bad); c.Position != end || c.Stopped != "" {
			t.Errorf("checkpoint %+v, want caught up", c)
		}
		moved := map[string]bool{}
		for _, n := range told.take() {
			for _, topic := range n.Topics {
				moved[topic] = true
			}
		}
		if !moved["bad"] || moved["good"] {
			t.Errorf("told of %v, want the topics of the one that caught up", moved)
		}
		_ = stop()
	})
}

func TestARestartTriesAStoppedProjectionAgain(t *testing.T) {
	w := newWorld(t)
	a := newBalances("a", 1)
	a.at = func(r eventlog.Record) error {
		if r.Position == 3 {
			panic("boom")
		}
		return nil
	}
	stopped := make(chan struct{}, 10)
	end := w.pay(5)
	r, stop := w.run(projection.Options{Log: logs("projection stopped", stopped)}, a)
	<-stopped
	_ = stop()
	if s := r.Status()[0]; s.Stopped != "panic: boom" || s.Position != 2 {
		t.Errorf("status %+v, want stopped at 2 by the panic", s)
	}
	a.at = func(eventlog.Record) error { return nil }
	r, _ = w.run(projection.Options{}, a)
	w.wait(r, end)
	w.shows(a, end)
}

// logs is a logger that signals a message.
func logs(message string, signal chan<- struct{}) *slog.Logger {
	return slog.New(onRecord(func(r slog.Record) {
		if r.Message == message {
			signal <- struct{}{}
		}
	}))
}

// onRecord is a slog handler that calls a function.
type onRecord func(slog.Record)

func (onRecord) Enabled(context.Context, slog.Level) bool { return true }
func (f onRecord) Handle(_ context.Context, r slog.Record) error {
	f(r)
	return nil
}
func (f onRecord) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f onRecord) WithGroup(string) slog.Handler      { return f }

func TestANewVersionIsBuiltBesideAndJoins(t *testing.T) {
	w := newWorld(t)
	a, old := newBalances("a", 1), newBalances("b", 1)
	r, stop := w.run(projection.Options{}, a, old)
	w.wait(r, w.pay(300))
	_ = stop()

	next := newBalances("b", 2)
	held, release := make(chan struct{}), make(chan struct{})
	next.at = func(r eventlog.Record) error {
		if r.Position == 101 {
			close(held)
			<-release
			next.at = func(eventlog.Record) error { return nil }
		}
		return nil
	}
	var told notices
	built := make(chan projection.Notice, 1)
	r, _ = w.run(projection.Options{MaxBatch: 100, Notify: func(n projection.Notice) {
		told.add(n)
		if n.All {
			built <- n
		}
	}}, a, next)
	<-held
	w.shows(old, 300) // serves meanwhile
	w.shows(a, 300)
	status := r.Status()
	if status[0].Building || !status[1].Building || status[1].Position != 100 || status[1].Version != 2 {
		t.Errorf("status %+v, want b building at 100", status)
	}
	if r.Position() != 300 {
		t.Errorf("position %d while building, want that of those in front", r.Position())
	}
	end := w.pay(1000)
	close(release)
	n := <-built
	for _, n := range told.take() {
		if n.All {
			break
		}
		if slices.ContainsFunc(n.Topics, func(topic string) bool { return strings.HasPrefix(topic, "b") }) {
			t.Errorf("notice %d tells of topics that are being built: %v", n.Position, n.Topics)
		}
	}
	w.wait(r, end)
	w.wait(r, w.pay(50)) // past the turn that dropped the old tables
	end = w.log.Head().Position
	w.shows(a, end)
	w.shows(next, end)
	if _, ok := w.checkpoint(old); ok {
		t.Errorf("the old version still stands after %+v", n)
	}
	if r.Status()[1].Building {
		t.Error("b still builds")
	}
}

func TestViewsOfAnotherLogAreBuiltAnew(t *testing.T) {
	w := newWorld(t)
	a := newBalances("a", 1)
	r, stop := w.run(projection.Options{}, a)
	w.wait(r, w.pay(100))
	_ = stop()
	w.newLog()
	end := w.pay(40)
	r, stop = w.run(projection.Options{}, a)
	w.wait(r, end)
	w.shows(a, 40)
	_ = stop()

	// The same log, cut shorter than the views.
	err := w.views.Write(w.ctx, func(_ projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		now[0].Position = 4000
		return now, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r, _ = w.run(projection.Options{}, a)
	end = w.pay(1)
	w.wait(r, end)
	w.shows(a, end)
}

// TestViewsOfAnOlderCopyAreBuiltAnew puts back an older copy of the log, which has grown past the
// views since, with and without the end of the views inside a commit.
func TestViewsOfAnOlderCopyAreBuiltAnew(t *testing.T) {
	for name, last := range map[string]eventlog.Position{
		"whole commits": 20, "a commit in part": 15, "the commit that the copy lacks": 11, "the copy's end": 10,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := uuid.Must(uuid.NewV7())
			common := make([]uuid.UUID, 10)
			for i := range common {
				common[i] = uuid.Must(uuid.NewV7())
			}
			history := func(n int, amount int64) eventlog.Position {
				w.onLog(memory.NewLog(id))
				w.append("common", common, 1)
				return w.append("own", make([]uuid.UUID, n), amount)
			}
			history(10, 1000)
			a := newBalances("a", 1)
			cut := errors.New("far enough")
			a.at = func(r eventlog.Record) error {
				if r.Position > last {
					return cut
				}
				return nil
			}
			r, stop := w.run(projection.Options{}, a)
			w.wait(r, last)
			_ = stop()
			if c, _ := w.checkpoint(a); c.Position != last {
				t.Fatalf("the views stand at %d, want %d", c.Position, last)
			}

			end := history(15, 1)
			a = newBalances("a", 1)
			anew := make(chan struct{}, 10)
			r, stop = w.run(projection.Options{Log: logs("views belong to another log or to another history of it and are built anew", anew)}, a)
			w.wait(r, end)
			_ = stop()
			w.shows(a, end)
			if got := len(anew) == 1; got != (last > 10) {
				t.Errorf("built anew: %t, want it only when the views hold what the log does not", got)
			}

			history(3, 1) // a rebuild must not wait for what this history does not have
			if err := projection.Rebuild(w.ctx, w.log, w.views, []projection.Projection{a}, projection.Options{}); err != nil {
				t.Fatal(err)
			}
			w.shows(a, 13)
		})
	}
}

func TestMistakesInProjectionsAreRefused(t *testing.T) {
	w := newWorld(t)
	wrong := newBalances("a", 1)
	wrong.table = newBalances("a", 2).table
	for name, list := range map[string][]projection.Projection{
		"two of one name":         {newBalances("a", 1), newBalances("a", 2)},
		"table of another number": {wrong},
	} {
		if err := projection.NewRunner(w.log, w.views, list, projection.Options{}).Run(t.Context()); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want an error", name, err)
		}
	}
}

// faulty is a store whose batches fail when told to.
type faulty struct {
	projection.Store
	err func() error // nil: go on; called before the commit
}

func (f faulty) Write(ctx context.Context, do func(projection.Tx, []projection.Checkpoint) ([]projection.Checkpoint, error)) error {
	return f.Store.Write(ctx, func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		then, err := do(tx, now)
		if err == nil {
			err = f.err()
		}
		return then, err
	})
}

func TestAFullDiskIsWaitedOutAndABrokenStoreEndsTheRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := newBalances("a", 1)
		var state atomic.Pointer[error]
		set := func(err error) { state.Store(&err) }
		set(fmt.Errorf("no room: %w", eventlog.ErrFull))
		r, stop := w.runOn(faulty{w.views, func() error { return *state.Load() }}, projection.Options{}, a)
		end := w.pay(20)
		<-time.After(time.Minute)
		if r.Position() != 0 {
			t.Errorf("position %d on a full disk", r.Position())
		}
		set(nil)
		w.wait(r, end)
		w.shows(a, end)
		set(projection.ErrBroken)
		w.pay(1)
		synctest.Wait()
		if err := stop(); !errors.Is(err, projection.ErrBroken) {
			t.Errorf("Run returned %v, want ErrBroken", err)
		}
		w.shows(a, end)
	})
}

func TestOneOfTwoRunnersFoldsTheOtherStandsBy(t *testing.T) {
	w := newWorld(t)
	first, second := newBalances("a", 1), newBalances("a", 1)
	r1, _ := w.run(projection.Options{MaxBatch: 20}, first)
	r2, _ := w.run(projection.Options{MaxBatch: 30}, second)
	end := eventlog.Position(0)
	for range 40 {
		end = w.pay(25)
	}
	w.wait(r1, end)
	w.wait(r2, end)
	w.shows(first, end)
}

// TestAnyInterruptionGivesTheSameViews stops and restarts runners at random points, with batches
// of random size and commits that fail, and compares with the payments.
func TestAnyInterruptionGivesTheSameViews(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		defer w.close()
		a, b := newBalances("a", 1), newBalances("b", 2)
		for range rapid.IntRange(1, 5).Draw(rt, "lives") {
			end := w.pay(rapid.IntRange(0, 60).Draw(rt, "payments"))
			commits := rapid.IntRange(0, 6).Draw(rt, "commits")
			lost := errors.New("lost")
			store := faulty{w.views, func() error {
				if commits--; commits < 0 {
					return lost
				}
				return nil
			}}
			r := projection.NewRunner(w.log, store, []projection.Projection{a, b}, projection.Options{MaxBatch: rapid.IntRange(1, 40).Draw(rt, "batch")})
			ctx, cancel := context.WithCancel(w.ctx)
			ended := make(chan error, 1)
			go func() { ended <- r.Run(ctx) }()
			waiting, enough := context.WithCancel(w.ctx)
			reached := make(chan error, 1)
			go func() { reached <- r.WaitFor(waiting, end) }()
			select {
			case err := <-ended:
				if !errors.Is(err, lost) {
					rt.Fatalf("Run returned %v", err)
				}
				enough()
				if err := <-reached; err == nil {
					rt.Log("it came to the end all the same")
				}
			case err := <-reached:
				cancel()
				if ended := <-ended; err != nil {
					rt.Fatalf("WaitFor: %v, Run: %v", err, ended)
				}
			}
			enough()
			cancel()
			if c, ok := w.checkpoint(b); ok { // it was not stopped before it made the tables
				w.shows(a, c.Position)
				w.shows(b, c.Position)
			}
		}
		r, stop := w.run(projection.Options{}, a, b)
		end := w.pay(1)
		w.wait(r, end)
		_ = stop()
		w.shows(a, end)
		w.shows(b, end)
		if t.Failed() {
			rt.FailNow()
		}
	})
}
