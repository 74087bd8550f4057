package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/storage/sqlite"
)

const (
	workspace  = "main"
	connection = "k7"
	channelID  = "1"
	order      = connection + ":" + channelID
	code, sku  = "listed-a", "a" // the listing's code has another spelling, so that check reads the stock first
	units      = 2               // of the order
	stocked    = 10
	price      = 4200 // minor units, of the whole order
)

// store is the log's, as a hub that meets a fault around one step's commit or read sees it.
type store struct {
	eventlog.Store
	w *world

	mu    sync.Mutex
	armed Case // its step's commit or read meets its fault, once
}

var (
	errDead    = fmt.Errorf("the process died: %w", eventlog.ErrFenced)
	errNothing = fmt.Errorf("no answer: %w", eventlog.ErrAway)
)

// meets says whether the armed fault strikes here, and disarms it.
func (s *store) meets(step string) (fault string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.armed.Step != step {
		return ""
	}
	fault, s.armed = s.armed.Fault, Case{}
	return fault
}

// Commit implements eventlog.Store.
func (s *store) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	var step flows.StepSucceeded
	for _, e := range b.Events {
		if e.Name == step.EventName() && e.Stream.Kind == fulfilment.Kind {
			if err := json.Unmarshal(e.Data, &step); err != nil {
				return eventlog.Committed{}, err
			}
			break
		}
	}
	fault := s.meets(step.Step)
	switch fault {
	case crashBefore:
		s.w.struck(true)
		return eventlog.Committed{}, errDead
	case timeout:
		s.w.struck(false)
		return eventlog.Committed{}, errNothing
	case decline: // another process is first, and what was decided does not hold any more
		if err := s.w.refuse(ctx, step.Step); err != nil {
			return eventlog.Committed{}, err
		}
		s.w.struck(false)
	}
	done, err := s.Store.Commit(ctx, b)
	if err != nil {
		return done, err
	}
	switch fault {
	case crashAfter:
		s.w.struck(true)
		return eventlog.Committed{}, errDead
	case late: // it is written, and nobody hears of it
		s.w.struck(false)
		return eventlog.Committed{}, errNothing
	}
	return done, nil
}

// ReadStream implements eventlog.Store. Availability is checked by reading the SKU's stock.
func (s *store) ReadStream(ctx context.Context, stream eventlog.Stream, after eventlog.Version, limit int) ([]eventlog.Stored, error) {
	if stream != stockevents.Stream(workspace, sku) {
		return s.Store.ReadStream(ctx, stream, after, limit)
	}
	fault := s.meets(fulfilment.StepCheck)
	switch fault {
	case crashBefore:
		s.w.struck(true)
		return nil, errDead
	case timeout:
		s.w.struck(false)
		return nil, errors.Join(errNothing, bubble.Sleep(ctx, time.Minute))
	case late:
		s.w.struck(false)
		if err := bubble.Sleep(ctx, lateness); err != nil {
			return nil, err
		}
	}
	rows, err := s.Store.ReadStream(ctx, stream, after, limit)
	if fault == crashAfter {
		s.w.struck(true)
		return nil, errDead
	}
	return rows, err
}

// world is a log on real files, what the order's flow meets, and one process after another that runs it.
type world struct {
	ctx      context.Context
	store    *store
	news     *eventlog.Log // of another process: takes in what the channel and people say, and looks
	payments payments
	labels   labels
	channel  channel
	flow     *flow.Definition
	hit      chan struct{} // closed when the fault has struck
	strike   func()        // closes it
	at       time.Time     // of the channel's last news

	mu   sync.Mutex
	die  func() // ends the process
	kill func() // ends it and waits until it has
	ends []func() error
}

// open makes a world. Close ends it.
func open(ctx context.Context, dir string) (w *world, err error) {
	w = &world{ctx: ctx, hit: make(chan struct{}), at: time.Now().UTC(), kill: func() {}}
	w.strike = sync.OnceFunc(func() { close(w.hit) })
	w.payments, w.labels, w.channel = payments{newPartner(w.struck)}, labels{newPartner(w.struck)}, channel{newPartner(w.struck)}
	w.flow = definition(w.payments, w.labels, w.channel)
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	folder, err := sqlite.OpenFolder(dir)
	if err != nil {
		return w, err
	}
	w.ends = append(w.ends, folder.Close)
	kept, err := sqlite.OpenLog(ctx, folder)
	if err != nil {
		return w, err
	}
	w.ends = append(w.ends, kept.Close)
	w.store = &store{Store: kept, w: w}
	var stop func()
	if w.news, stop, err = w.log(kept); err != nil {
		return w, err
	}
	w.ends = append(w.ends, func() error { stop(); return nil })
	return w, nil
}

func (w *world) close() error {
	w.kill()
	var errs []error
	for i := len(w.ends) - 1; i >= 0; i-- {
		errs = append(errs, w.ends[i]())
	}
	return errors.Join(errs...)
}

// log runs an appender on a store, with whatever else belongs to its process, until stop.
func (w *world) log(on eventlog.Store, beside ...func(ctx context.Context, log *eventlog.Log)) (log *eventlog.Log, stop func(), err error) {
	ctx, cancel := context.WithCancel(w.ctx)
	if log, err = eventlog.Open(ctx, on, eventlog.Options{Decode: events.Decode, Clock: time.Now}); err != nil {
		cancel()
		return nil, nil, err
	}
	var running sync.WaitGroup
	running.Go(func() { _ = log.Run(ctx) }) // it dies on purpose
	for _, part := range beside {
		running.Go(func() { part(ctx, log) })
	}
	w.mu.Lock()
	w.die = cancel
	w.mu.Unlock()
	return log, func() { cancel(); running.Wait() }, nil
}

// start begins a process that carries flows on from what the one before left.
func (w *world) start() error {
	_, kill, err := w.log(w.store, func(ctx context.Context, log *eventlog.Log) {
		_ = flow.NewRunner(log, []*flow.Definition{w.flow}, flow.Options{ // it dies on purpose
			Open:  func(context.Context) (eventlog.Position, []flow.Open, error) { return 0, nil, nil },
			Clock: time.Now, Chance: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler),
		}).Run(ctx)
	})
	if err == nil {
		w.kill = kill
	}
	return err
}

// struck notes that the fault has happened; of a crash the process dies.
func (w *world) struck(crash bool) {
	if crash {
		w.mu.Lock()
		w.die()
		w.mu.Unlock()
	}
	w.strike()
}

// refuse changes what a step is about to be decided on: the stock goes, or the channel cancels.
func (w *world) refuse(ctx context.Context, step string) error {
	switch step {
	case fulfilment.StepReserve:
		return w.adjust(ctx, 1-stocked)
	default:
		return w.says(ctx, orders.Cancelled)
	}
}

func (w *world) adjust(ctx context.Context, delta int64) error {
	_, err := eventlog.Execute(ctx, w.news, stockevents.Stream(workspace, sku), inventory.Adjusting(),
		inventory.Adjust{SKU: sku, Delta: delta, Reason: "count"}, eventlog.Meta{})
	return err
}

func (w *world) receive(ctx context.Context, quantity int64) error {
	_, err := eventlog.Execute(ctx, w.news, stockevents.Stream(workspace, sku), inventory.Receiving(),
		inventory.Receive{SKU: sku, Quantity: quantity}, eventlog.Meta{})
	return err
}

func (w *world) mapCode(ctx context.Context) error {
	_, err := eventlog.Execute(ctx, w.news, shopevents.Listing(workspace, connection, code), catalogue.Mapping(),
		catalogue.Map{Connection: connection, Code: code, SKU: sku}, eventlog.Meta{})
	return err
}

// says takes in news of the order.
func (w *world) says(ctx context.Context, status string) error {
	w.at = w.at.Add(time.Second)
	total := money.Money{Minor: price, Currency: "GBP"}
	_, err := eventlog.Execute(ctx, w.news, orderevents.Stream(workspace, order), orders.Observing(), orders.News{
		Connection: connection, Channel: "tiktok", ChannelID: channelID, Status: status, Vendor: status,
		Lines: []orderevents.Line{{Listing: "1", Code: code, Quantity: units, Price: total}},
		Total: total, Buyer: "b", Packages: []string{"p"}, Created: w.at, Updated: w.at,
	}, eventlog.Meta{})
	return err
}

func (w *world) status() (flow.Status, error) {
	s, err := w.news.Fold(w.ctx, w.flow.Fold(order))
	if err != nil {
		return flow.Status{}, err
	}
	return s.Value.(flow.Status), nil
}

func (w *world) stock() (inventory.State, error) {
	s, err := w.news.Fold(w.ctx, inventory.Fold(workspace, sku))
	if err != nil {
		return inventory.State{}, err
	}
	return s.Value.(inventory.State), nil
}
