package auditor_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/auditor"
	"github.com/creatorflow/creatorflow/bench/history"
	"github.com/creatorflow/creatorflow/domain/consistency"
	"github.com/creatorflow/creatorflow/domain/events"
	audits "github.com/creatorflow/creatorflow/domain/events/audits"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

// shop is a log of a shop that has been busy, its views, and an auditor of them.
type shop struct {
	t     *testing.T
	log   *eventlog.Log
	views projection.Store
	trade *history.Shop
	shops consistency.Share // what the shops' readings agree in
	*auditor.Auditor
}

func open(t *testing.T, orders, records, rows int) *shop {
	t.Helper()
	place := storagetest.New(t)
	s := &shop{t: t, views: place.Views()}
	var err error
	if s.log, err = eventlog.Open(t.Context(), place.Log(), eventlog.Options{Decode: events.Decode, Clock: history.Year(orders)}); err != nil {
		t.Fatal(err)
	}
	s.running(s.log.Run)
	s.trade = history.New(s.log, time.Now, history.Options{SKUs: 12, Lanes: 1, Window: 1})
	if err := s.trade.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.sell(orders)
	s.Auditor = s.auditor(records, rows)
	return s
}

// auditor makes one that looks when it is told to.
func (s *shop) auditor(records, rows int) *auditor.Auditor {
	s.t.Helper()
	return s.auditorOf(hub.Projections(), records, rows)
}

func (s *shop) auditorOf(views []projection.Projection, records, rows int) *auditor.Auditor {
	s.t.Helper()
	a, err := auditor.New(auditor.Options{
		Log: s.log, Views: s.views, Projections: views, Workspace: workspace.Main, Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
		Channels: func(context.Context) (consistency.Share, error) { return s.shops, nil }, Notify: func(string) {}, Records: records, Rows: rows,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := a.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return a
}

// running runs a part until the test ends.
func (s *shop) running(run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && ctx.Err() == nil {
			s.t.Error(err)
		}
	})
}

func (s *shop) look() consistency.Figure {
	s.t.Helper()
	if err := s.Look(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	f, _, _ := s.Figure()
	return f
}

func (s *shop) rebuild() {
	s.t.Helper()
	if err := projection.Rebuild(s.t.Context(), s.log, s.views, hub.Projections(), projection.Options{}); err != nil {
		s.t.Fatal(err)
	}
}

// told is what stands in the log: which rows differ.
func (s *shop) told() consistency.Told {
	s.t.Helper()
	folded, err := s.log.Fold(s.t.Context(), consistency.Telling().Fold(audits.Views(workspace.Main)))
	if err != nil {
		s.t.Fatal(err)
	}
	return folded.Value.(consistency.Told)
}

// follow folds the views to the end of the log as a hub does.
func (s *shop) follow() {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	defer stop()
	runner, done := projection.NewRunner(s.log, s.views, hub.Projections(), projection.Options{}), make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	if err := runner.WaitFor(ctx, s.log.Head().Position); err != nil {
		s.t.Fatal(err)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		s.t.Fatal(err)
	}
}

// column is one of a table.
type column struct{ name, kind string }

// plant is what is done wrong to one table, and in which columns.
type plant struct {
	table, kind string
	fields      []string
}

// plants spoils every table of every view: one row too many in each, one row less in those that have two, one other value in those
// that have a column besides the key.
func (s *shop) plants() (all []plant) {
	s.t.Helper()
	err := s.views.Write(s.t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		for _, p := range hub.Projections() {
			for _, ddl := range p.Schema() {
				rest, ok := strings.CutPrefix(ddl, "create table ")
				if !ok {
					continue
				}
				name, body, _ := strings.Cut(rest, " (")
				body, keys, _ := strings.Cut(body, ", primary key (")
				var columns []column
				for part := range strings.SplitSeq(body, ", ") {
					words := strings.Fields(part)
					columns = append(columns, column{words[0], words[1]})
				}
				done, err := spoil(s.t.Context(), tx, name, columns, strings.Count(keys, ",")+1)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				all = append(all, done...)
			}
		}
		return now, tx.Flush(s.t.Context())
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func spoil(ctx context.Context, tx projection.Tx, table string, columns []column, key int) (done []plant, err error) {
	rows, err := tx.Query(ctx, "select "+columns[0].name+", "+columns[key-1].name+" from "+table+" limit 3")
	if err != nil {
		return nil, err
	}
	var keys [][2]any
	for rows.Next() {
		var k [2]any
		if err := rows.Scan(&k[0], &k[1]); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	where := " where " + columns[0].name + " = $1 and " + columns[key-1].name + " = $2"
	names, values := []string{}, []string{}
	for _, c := range columns {
		names = append(names, c.name)
		values = append(values, map[string]string{"text": "'spoilt'", "bigint": "4242", "jsonb": `'["spoilt"]'`}[c.kind])
	}
	if len(keys) == 3 && key <= 2 {
		done = append(done, plant{table, "missing", nil})
		if err := tx.Exec(ctx, "delete from "+table+where, keys[0][0], keys[0][1]); err != nil {
			return nil, err
		}
	}
	if len(keys) > 1 && key <= 2 && len(columns) > key {
		done = append(done, plant{table, "changed", names[key : key+1]})
		if err := tx.Exec(ctx, "update "+table+" set "+names[key]+" = "+values[key]+where, keys[1][0], keys[1][1]); err != nil {
			return nil, err
		}
	}
	return append(done, plant{table, "extra", nil}), tx.Exec(ctx, "insert into "+table+" ("+strings.Join(names, ", ")+") values ("+strings.Join(values, ", ")+")")
}

func TestPlantedRows(t *testing.T) {
	s := open(t, 60, 0, 0)
	s.follow()
	if f := s.look(); f.Views.Compared < 700 || f.Views.Differing != 0 || len(s.told()) != 0 {
		t.Fatalf("before anything is wrong: %+v, %v", f, s.told())
	}
	plants := s.plants()
	tables := map[string]bool{}
	for _, p := range plants {
		tables[p.table] = true
	}
	f := s.look()
	if f.Views.Differing != int64(len(plants)) || !strings.Contains(f.Sentence(), "creatorflow rebuild") {
		t.Errorf("one look after %d rows were spoilt in %d tables: %+v, %q", len(plants), len(tables), f, f.Sentence())
	}
	told := s.told()
	for _, p := range plants {
		if !slices.ContainsFunc(slices.Collect(maps.Values(told)), func(d audits.Differed) bool {
			return d.Table == p.table && d.Kind == p.kind && slices.Equal(d.Fields, p.fields)
		}) {
			t.Errorf("%v was not told: %v", p, told)
		}
	}
	t.Logf("%d wrong rows in %d tables of %d views, all of them told", len(plants), len(tables), len(hub.Projections()))
	end := s.log.Head().Position
	if s.look(); s.log.Head().Position != end {
		t.Errorf("the next look told the same again: %d events", s.log.Head().Position-end)
	}
	s.rebuild()
	s.Renew()
	if f := s.look(); f.Views.Differing != 0 || len(s.told()) != 0 {
		t.Errorf("after a rebuild: %+v, %v", f, s.told())
	}
}

// A long log takes several looks before the first comparison, and many rows several looks a round; what is wrong is found within one.
func TestBounds(t *testing.T) {
	s := open(t, 60, 300, 200)
	s.follow()
	head := int64(s.log.Head().Position)
	for n := int64(1); ; n++ {
		f := s.look()
		if left := max(0, head-300*n); f.Behind != left {
			t.Fatalf("look %d of a log of %d events: %d are left to read, want %d", n, head, f.Behind, left)
		}
		if f.Behind == 0 {
			break
		}
		if f.Views.Compared != 0 || !strings.Contains(f.Sentence(), "under way") {
			t.Errorf("before the copy has caught up: %+v, %q", f, f.Sentence())
		}
	}
	looks := 0
	round := func() (f consistency.Figure) {
		for looks = 1; ; looks++ {
			if f = s.look(); f.Views.Compared > 0 || looks > 20 {
				return f
			}
		}
	}
	if f := round(); f.Views.Differing != 0 || looks < 3 || int64(looks)*200 > f.Views.Compared+400 {
		t.Errorf("%d looks of 200 rows make a round: %+v", looks, f)
	}
	whole := looks
	s.spoilOne()
	for looks = 1; s.look().Views.Differing == 0 && looks < 20; looks++ {
	}
	if looks > whole+1 || len(s.told()) != 1 {
		t.Errorf("a wrong row was found by look %d of a round of %d; told: %v", looks, whole, s.told())
	}
	if s.look(); len(s.told()) != 1 {
		t.Errorf("it differs still, and told is %v", s.told())
	}
	s.sell(80)
	s.follow()
	if f := s.look(); f.Views.Differing < 1 || f.Behind != 0 { // what follows from the wrong row may be wrong, too
		t.Errorf("a later order makes it %+v", f)
	}
}

// What moved since the last look is compared by the next one, wherever the round is.
func TestWhatMoved(t *testing.T) {
	s := open(t, 40, 0, 200)
	s.follow()
	s.look()
	s.sell(45)
	s.follow()
	rows := "orders_v4"
	err := s.views.Write(t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		return now, tx.Exec(t.Context(), "update "+rows+" set total = total + 1 where updated_at = (select max(updated_at) from "+rows+")")
	})
	if err != nil {
		t.Fatal(err)
	}
	f := s.look()
	if told := slices.Collect(maps.Values(s.told())); f.Views.Differing != 1 || len(told) != 1 || told[0].Table != rows || !slices.Equal(told[0].Fields, []string{"total"}) {
		t.Errorf("%+v, %v", f, told)
	}
}

// Nothing is told while orders come, views follow in batches of any size, are built anew, and the auditor looks all the time.
func TestNoFalseAlarm(t *testing.T) {
	s := open(t, 10, 0, 3_000)
	runner := projection.NewRunner(s.log, s.views, hub.Projections(), projection.Options{MaxBatch: 7})
	s.running(runner.Run)
	sold := make(chan error, 1)
	go func() { sold <- s.trade.Sell(t.Context(), 120) }()
	looks, whole := 0, 0
	for end := false; !end; looks++ {
		select {
		case err := <-sold:
			if err != nil {
				t.Fatal(err)
			}
			end = true
		default:
		}
		if looks == 5 {
			if err := runner.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.Renew()
		}
		f := s.look()
		if f.Views.Differing != 0 {
			t.Fatalf("look %d: %+v, %v", looks, f, s.told())
		}
		if f.Views.Compared > 0 {
			whole++
		}
	}
	if err := runner.WaitFor(t.Context(), s.log.Head().Position); err != nil {
		t.Fatal(err)
	}
	f := s.look()
	if percent, ok := f.Views.Percent(); !ok || percent != 100 || len(s.told()) != 0 || whole == 0 {
		t.Errorf("in the end: %+v after %d looks, %d with a figure", f, looks, whole)
	}
	t.Logf("%d looks beside %d events", looks, s.log.Head().Position)
}

// What was told before a restart and is not so any more is told to be mended; so a rebuild while the hub was down counts.
func TestMendedWhileAway(t *testing.T) {
	s := open(t, 20, 0, 0)
	s.follow()
	s.spoilOne()
	if s.look(); len(s.told()) != 1 {
		t.Fatalf("told: %v", s.told())
	}
	s.rebuild()
	s.Auditor = s.auditor(0, 0) // as after a restart
	if f := s.look(); f.Views.Differing != 0 || len(s.told()) != 0 {
		t.Errorf("%+v, %v", f, s.told())
	}
}

// A view that has stopped is not compared, and named.
func TestStoppedView(t *testing.T) {
	s := open(t, 20, 0, 0)
	s.follow()
	s.spoilOne()
	err := s.views.Write(t.Context(), func(_ projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		i := slices.IndexFunc(now, func(c projection.Checkpoint) bool { return c.Name == "inventory" })
		now[i].Stopped = "it cannot"
		return now, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if f := s.look(); f.Views.Differing != 0 || !slices.Equal(f.Resting, []string{"inventory"}) || !strings.Contains(f.Sentence(), "inventory") {
		t.Errorf("%+v, %q", f, f.Sentence())
	}
}

// A hub that ends during a look says of its views what the look before came to.
func TestEndDuringALook(t *testing.T) {
	s := open(t, 5, 0, 0)
	s.follow()
	before := s.look().Sentence()
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := s.Look(ctx); err == nil {
		t.Error("a look of a hub that has ended came to something")
	}
	if f, _, _ := s.Figure(); f.Sentence() != before {
		t.Errorf("%q, before it was %q", f.Sentence(), before)
	}
}

// The shops count in the figure that includes them.
func TestWithChannels(t *testing.T) {
	s := open(t, 5, 0, 0)
	s.follow()
	s.shops = consistency.Share{Compared: 100, Differing: 1}
	f := s.look()
	inside, _ := f.Views.Percent()
	all, _ := f.Views.And(f.Channels).Percent()
	if inside != 100 || all >= 100 || !strings.Contains(f.Sentence(), "each shop below says which") {
		t.Errorf("%v and %v: %q", inside, all, f.Sentence())
	}
}

// spoilOne sets what was received of the last SKU.
func (s *shop) spoilOne() {
	s.t.Helper()
	err := s.views.Write(s.t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		return now, tx.Exec(s.t.Context(), "update stock_v3 set received = received + 5 where sku = $1", history.Code(11))
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// sell has orders happen until there are so many.
func (s *shop) sell(orders int) {
	s.t.Helper()
	if err := s.trade.Sell(s.t.Context(), orders); err != nil {
		s.t.Fatal(err)
	}
}

// stuck is a view that cannot take in what comes after a position.
type stuck struct {
	projection.Projection
	after eventlog.Position
}

// Apply implements projection.Projection.
func (s stuck) Apply(ctx context.Context, tx projection.Tx, batch []eventlog.Record) ([]string, error) {
	if s.after > 0 && batch[len(batch)-1].Position > s.after {
		panic("of a view that breaks")
	}
	return s.Projection.Apply(ctx, tx, batch)
}

// A view that can be folded neither by the hub nor again rests alone: the others are compared as before.
func TestUnfoldableView(t *testing.T) {
	s := open(t, 20, 0, 0)
	s.follow()
	all := hub.Projections()
	i := slices.IndexFunc(all, func(p projection.Projection) bool { return p.Name() == "inventory" })
	all[i] = stuck{all[i], 50}
	s.Auditor = s.auditorOf(all, 0, 0)
	for range 2 {
		if f := s.look(); f.Views.Compared < 100 || f.Views.Differing != 0 || f.Trouble != "" {
			t.Errorf("%+v", f)
		}
	}
	if f := s.look(); !slices.Equal(f.Resting, []string{"inventory"}) || len(s.told()) != 0 {
		t.Errorf("%+v, %v", f, s.told())
	}
}

// past is a version of a view that the program does not fold any more.
type past struct{ projection.Projection }

// Version implements projection.Projection.
func (past) Version() int { return 1 }

// Schema implements projection.Projection.
func (past) Schema() []string { return nil }

// Tables implements projection.Projection.
func (past) Tables() []string { return nil }

// While all views are built in a new version, the older ones, which stand further, are not taken for them.
func TestOlderVersionStandsFurther(t *testing.T) {
	s := open(t, 20, 0, 0)
	s.follow()
	before := s.log.Head()
	s.sell(25)
	older := past{hub.Projections()[slices.IndexFunc(hub.Projections(), func(p projection.Projection) bool { return p.Name() == "orders" })]}
	if err := s.views.Create(t.Context(), older); err != nil {
		t.Fatal(err)
	}
	err := s.views.Write(t.Context(), func(projection.Tx, []projection.Checkpoint) ([]projection.Checkpoint, error) {
		return []projection.Checkpoint{{Name: older.Name(), Version: older.Version(), LogID: before.LogID, Position: s.log.Head().Position}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f := s.look()
	if _, _, position := s.Figure(); position != before.Position || f.Views.Differing != 0 || f.Views.Compared == 0 || len(s.told()) != 0 {
		t.Errorf("%+v at position %d, want what stands at %d compared; told %v", f, position, before.Position, s.told())
	}
}
