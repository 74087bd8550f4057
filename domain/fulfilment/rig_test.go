package fulfilment_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/storage/sqlite"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(storagetest.With(m)) }

// desk is a channel's shipping desk that keeps what was done by parcel and misbehaves on demand.
type desk struct {
	mu       sync.Mutex
	labels   map[string]int  // by order: labels that were made
	captures map[string]int  // by order: times that its money was taken
	shown    map[string]bool // orders that the channel shows as arranged
	calls    map[string]int  // by method
	together []string        // orders whose package is another order's
	looks    int             // labels that were asked for with a look first
	// script is what the calls of a method do, one after the other; then they work.
	script map[string][]string
	down   string // what every call does for now

	unnamed map[string]bool // orders whose packages were not named
}

// joins puts an order into a package whose label was made with another order.
func (d *desk) joins(order string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.together = append(d.together, order)
}

func newDesk() *desk {
	return &desk{labels: map[string]int{}, captures: map[string]int{}, shown: map[string]bool{}, calls: map[string]int{}, script: map[string][]string{}, unnamed: map[string]bool{}}
}

// does says what every call does from now on; empty = it works.
func (d *desk) does(down string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = down
}

func (d *desk) next(method string) string {
	d.calls[method]++
	script := d.script[method]
	if len(script) == 0 {
		return ""
	}
	d.script[method] = script[1:]
	return script[0]
}

// Capture implements outside.Desk. It looks first, as it must.
func (d *desk) Capture(ctx context.Context, p outside.Parcel) error {
	d.mu.Lock()
	what := cmp.Or(d.down, d.next("capture"))
	taken := d.captures[p.Order] > 0
	if !taken && (what == "" || what == "crash after") {
		d.captures[p.Order]++
	}
	d.mu.Unlock()
	if taken || what == "" {
		return nil
	}
	return d.fail(ctx, what)
}

// Label implements outside.Desk. A second label for one parcel would be bought twice.
func (d *desk) Label(ctx context.Context, p outside.Parcel, again bool) (outside.Labelled, error) {
	d.mu.Lock()
	what := cmp.Or(d.down, d.next("label"))
	if again {
		d.looks++
	}
	d.unnamed[p.Order] = len(p.Packages) == 0
	made := func() outside.Labelled {
		d.shown[p.Order] = true
		return outside.Labelled{Label: "l-" + p.Order, Type: "application/pdf", Tracking: "T1", Carrier: "C"}
	}
	if again && (d.labels[p.Order] > 0 || slices.Contains(d.together, p.Order)) { // it looked first
		defer d.mu.Unlock()
		return made(), nil
	}
	switch what {
	case "":
		d.labels[p.Order]++
		defer d.mu.Unlock()
		return made(), nil
	case "crash after":
		d.labels[p.Order]++
		made()
	case "late success", "very late success": // the answer is lost, the label made later
		d.mu.Unlock()
		late := time.Millisecond
		if what == "very late success" {
			late = 2 * time.Minute
		}
		time.AfterFunc(late, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.labels[p.Order]++
			made()
		})
		return outside.Labelled{}, &outside.Trouble{Sentence: "No answer.", After: time.Second}
	}
	d.mu.Unlock()
	return outside.Labelled{}, d.fail(ctx, what)
}

// Shown implements outside.Desk.
func (d *desk) Shown(ctx context.Context, p outside.Parcel) (bool, error) {
	d.mu.Lock()
	what, shown := cmp.Or(d.down, d.next("tell")), d.shown[p.Order]
	d.mu.Unlock()
	switch what {
	case "":
		return shown, nil
	case "late success":
		return false, nil
	}
	return false, d.fail(ctx, what)
}

func (d *desk) fail(ctx context.Context, what string) error {
	switch what {
	case "crash before", "crash after", "timeout": // until the program or the call's time ends
		<-ctx.Done()
		return ctx.Err()
	case "decline":
		return &outside.Trouble{Sentence: "The channel refuses.", Person: true}
	case "gone":
		return &outside.Trouble{Sentence: "The channel says that the order was cancelled.", Wait: fulfilment.WaitChannel, After: time.Minute}
	case fulfilment.WaitPayment:
		return &outside.Trouble{Sentence: "The bank says no.", Wait: what}
	case "undecided":
		return &outside.Trouble{Sentence: "The bank has not decided yet.", Wait: fulfilment.WaitChannel, After: 10 * time.Second}
	case fulfilment.WaitAuthorisation:
		return &outside.Trouble{Sentence: "Connect the shop again.", Wait: what, After: time.Minute}
	case fulfilment.WaitAway:
		return &outside.Trouble{Sentence: "The channel is away.", Wait: what, After: time.Second}
	case "panic":
		panic("desk")
	}
	return errors.New(what)
}

// crashing is a store whose process dies around a commit that a test waits for.
type crashing struct {
	eventlog.Store
	mu sync.Mutex
	at func(b eventlog.Batch) (before, after bool) // nil = never
	// die ends the process.
	die func()
}

var errDead = fmt.Errorf("the process died: %w", eventlog.ErrFenced)

// Commit implements eventlog.Store.
func (c *crashing) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	c.mu.Lock()
	at, die := c.at, c.die
	c.mu.Unlock()
	if at == nil {
		return c.Store.Commit(ctx, b)
	}
	before, after := at(b)
	if before {
		die()
		return eventlog.Committed{}, errDead
	}
	done, err := c.Store.Commit(ctx, b)
	if after && err == nil {
		die()
		return eventlog.Committed{}, errDead
	}
	return done, err
}

// rig is a workspace on a real log in a folder, and a process that can be killed and started again.
type rig struct {
	*testing.T
	store  *crashing
	log    *eventlog.Log
	desk   *desk
	buyer  *seller // the desk that also buys labels; nil = none
	policy flow.Policy
	kill   func() // ends the process and waits for it
	dead   chan struct{}
}

// inRig runs a test in a bubble: its time passes when everybody waits.
func inRig(t *testing.T, test func(r *rig)) {
	open := func(t *testing.T, dir string) (eventlog.Store, func() error) {
		folder, err := sqlite.OpenFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		store, err := sqlite.OpenLog(t.Context(), folder)
		if err != nil {
			t.Fatal(err)
		}
		return store, func() error { return errors.Join(store.Close(), folder.Close()) }
	}
	if os.Getenv(storagetest.Variable) != "" { // sockets cannot live in a bubble
		store := storagetest.New(t).BubbleLog()
		open = func(*testing.T, string) (eventlog.Store, func() error) { return store, func() error { return nil } }
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		store, closeStore := open(t, dir)
		r := &rig{T: t, store: &crashing{Store: store}, desk: newDesk()}
		r.start()
		defer func() {
			r.kill()
			if err := closeStore(); err != nil {
				t.Error(err)
			}
		}()
		test(r)
	})
}

// start begins a process on what the one before left behind.
func (r *rig) start() {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	// Nobody else appends, and looking for that each second of virtual time takes most of a test's time on PostgreSQL.
	log, err := eventlog.Open(ctx, r.store, eventlog.Options{Decode: events.Decode, Clock: time.Now, Poll: time.Hour})
	if err != nil {
		r.Fatal(err)
	}
	r.log = log
	runner := flow.NewRunner(log, []*flow.Definition{r.definition()}, flow.Options{
		Open:  func(context.Context) (eventlog.Position, []flow.Open, error) { return 0, nil, nil },
		Clock: time.Now, Chance: func() float64 { return 0.5 }, Policy: r.policy, Log: slog.New(slog.DiscardHandler),
	})
	var running sync.WaitGroup
	running.Go(func() { _ = log.Run(ctx) })
	running.Go(func() { _ = runner.Run(ctx) })
	dead := make(chan struct{})
	r.store.mu.Lock()
	r.store.die = sync.OnceFunc(func() { cancel(); close(dead) })
	r.store.mu.Unlock()
	r.dead = dead
	r.kill = func() { cancel(); running.Wait() }
}

// crashAt lets the process die around a commit.
func (r *rig) crashAt(at func(b eventlog.Batch) (before, after bool)) {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	r.store.at = at
}

// restart kills the process, dead or alive, and starts another.
func (r *rig) restart() {
	r.crashAt(nil)
	r.kill()
	r.start()
}

func (r *rig) definition() *flow.Definition {
	if r.buyer != nil {
		return fulfilment.Definition("main", r.buyer)
	}
	return fulfilment.Definition("main", r.desk)
}

func (r *rig) receive(sku string, quantity int64) {
	r.Helper()
	if _, err := eventlog.Execute(r.Context(), r.log, stockevents.Stream("main", sku), inventory.Receiving(),
		inventory.Receive{SKU: sku, Quantity: quantity}, eventlog.Meta{}); err != nil {
		r.Fatal(err)
	}
}

// news is what the channel says of an order of so many units of SKUs.
func (r *rig) news(id, status string, units map[string]int64) orders.News {
	n := orders.News{
		Connection: "k7", Channel: "tiktok", ChannelID: id, Status: status, Vendor: strings.ToUpper(status), Packages: []string{"p" + id},
		Total: money.Money{Minor: 100, Currency: "GBP"}, Buyer: "b", Created: time.Now(), Updated: time.Now(),
	}
	for sku, quantity := range units {
		n.Lines = append(n.Lines, orderevents.Line{Listing: "1" + sku, Code: sku, Quantity: quantity, Price: n.Total})
	}
	return n
}

// says takes in an order of 2 units of SKU a, or other news of it.
func (r *rig) says(id, status string) {
	r.Helper()
	if err := r.observe(r.news(id, status, map[string]int64{"a": 2})); err != nil {
		r.Fatal(err)
	}
	<-time.After(time.Second) // so that the next news are newer
	synctest.Wait()
}

func (r *rig) observe(n orders.News) error {
	_, err := eventlog.Execute(r.Context(), r.log, orderevents.Stream("main", orders.ID(n.Connection, n.ChannelID)), orders.Observing(), n, eventlog.Meta{})
	return err
}

func (r *rig) retry(id string) error {
	d := r.definition()
	_, err := eventlog.Execute(r.Context(), r.log, d.Stream("k7:"+id), d.Retrying("k7:"+id), "by hand", eventlog.Meta{})
	return err
}

// pass lets time go by.
func (r *rig) pass(d time.Duration) {
	synctest.Wait()
	<-time.After(d)
	synctest.Wait()
}

func (r *rig) records(id string) []eventlog.Record {
	r.Helper()
	records, err := r.log.ReadStream(context.Background(), r.definition().Stream("k7:"+id), 0, 1000)
	if err != nil {
		r.Fatal(err)
	}
	return records
}

// story is the flow's events in short.
func (r *rig) story(id string) string {
	r.Helper()
	var words []string
	for _, record := range r.records(id) {
		switch e := record.Event.(type) {
		case flows.StepStarted:
			words = append(words, e.Step+"?")
		case flows.StepSucceeded:
			if e.Skipped != "" {
				words = append(words, "("+e.Step+")")
			} else {
				words = append(words, e.Step)
			}
		case flows.StepFailed:
			words = append(words, e.Step+"!")
		case flows.Waiting:
			words = append(words, "waits:"+e.Code)
		case flows.UndoStarted:
			words = append(words, "undo")
		case flows.StepUndone:
			words = append(words, "-"+e.Step)
		default:
			words = append(words, strings.TrimPrefix(record.Name, "flow."))
		}
	}
	return strings.Join(words, ", ")
}

func (r *rig) tells(id, want string) {
	r.Helper()
	synctest.Wait()
	if got := r.story(id); got != want {
		r.Fatalf("order %s:\ngot  %s\nwant %s", id, got, want)
	}
}

func (r *rig) status(id string) flow.Status {
	r.Helper()
	s, err := r.log.Fold(context.Background(), r.definition().Fold("k7:"+id))
	if err != nil {
		r.Fatal(err)
	}
	return s.Value.(flow.Status)
}

func (r *rig) stock(sku string) inventory.State {
	r.Helper()
	s, err := r.log.Fold(context.Background(), inventory.Fold("main", sku))
	if err != nil {
		r.Fatal(err)
	}
	return s.Value.(inventory.State)
}

// has compares a SKU's figures.
func (r *rig) has(sku string, onHand, reserved int64) {
	r.Helper()
	if s := r.stock(sku); s.OnHand() != onHand || s.Reserved != reserved {
		r.Errorf("%s: %d on hand, %d reserved; want %d, %d", sku, s.OnHand(), s.Reserved, onHand, reserved)
	}
}
