// Package reserve has many orders ask for stock that does not suffice for all of them, at once, and give it back,
// and judges what each of them was told.
//
//	orders ─► the inventory's rule, in one or more logs on one store ─► answers ─► history
//	orders ─► a process that is killed again and again ──────────────► answers ────► │
//	Sold: the ledger's end · InOrder: one SKU, however hot · Linearizable: porcupine, many SKUs
//
// A history is linearizable when each answer is what the stock allowed at one moment between the
// order's call and its return. Porcupine finds such moments by itself, but takes exponential time on
// one busy SKU; there the versions that the log answered with are the order to check.
package reserve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
)

const (
	workspace = "main"
	attempt   = 1 // an order's reservation is always its first
)

// Order asks for so many units of each SKU, all or nothing.
type Order struct {
	ID     string
	Demand map[string]int64
}

// Answer is what an order was told of one of its SKUs. That of an order which got nothing is empty
// where the SKU would have sufficed.
type Answer struct {
	Version   eventlog.Version // of the SKU's stream with what was done; 0 = nothing was
	Short     bool             // there was less than the order needs
	Available int64            // after that, or what there was when it was short
}

// Operation is one order's reservation as its caller saw it, or the release of all that it got.
type Operation struct {
	Order        Order
	Release      bool
	Call, Return int64 // nanoseconds since the history's begin
	Answers      map[string]Answer
}

// change is by how much it changes what is available of a SKU when it succeeds.
func (o *Operation) change(sku string) int64 {
	if o.Release {
		return o.Order.Demand[sku]
	}
	return -o.Order.Demand[sku]
}

// got says whether a reservation was made.
func (o *Operation) got() bool {
	for _, a := range o.Answers {
		return a.Version > 0
	}
	return false
}

// Rule promises an order's demand or says of which SKUs there is too little.
type Rule func(workspace, order string, attempt int, demand map[string]int64, states map[string]inventory.State) ([]eventlog.Decided, []inventory.Short)

// Stock receives units of SKUs.
func Stock(ctx context.Context, log *eventlog.Log, units map[string]int64) error {
	for sku, quantity := range units {
		_, err := eventlog.Execute(ctx, log, events.Stream(workspace, sku), inventory.Receiving(),
			inventory.Receive{SKU: sku, Quantity: quantity}, eventlog.Meta{})
		if err != nil {
			return fmt.Errorf("receive %s: %w", sku, err)
		}
	}
	return nil
}

// Rush has callers reserve for all orders at once, in turn on the logs, and returns the history.
func Rush(ctx context.Context, logs []*eventlog.Log, rule Rule, orders []Order, callers int) ([]Operation, error) {
	history := make([]Operation, len(orders))
	faults := make([]error, callers)
	begin, gate := time.Now(), make(chan struct{})
	var rushing sync.WaitGroup
	for c := range callers {
		rushing.Go(func() {
			<-gate
			for i := c; i < len(orders); i += callers {
				op := Operation{Order: orders[i], Call: int64(time.Since(begin))}
				err := ask(ctx, logs[i%len(logs)], rule, &op, nil)
				op.Return = int64(time.Since(begin))
				history[i] = op
				if err != nil {
					faults[c] = fmt.Errorf("reserve for order %s: %w", orders[i].ID, err)
					return
				}
			}
		})
	}
	close(gate)
	rushing.Wait()
	return history, errors.Join(faults...)
}

// ask has a log decide an operation and fills in the answers; with a key it does so once, however often it is asked.
func ask(ctx context.Context, log *eventlog.Log, rule Rule, op *Operation, key *eventlog.Key) error {
	skus := slices.Sorted(maps.Keys(op.Order.Demand))
	folds := make([]eventlog.Fold, len(skus))
	for i, sku := range skus {
		folds[i] = inventory.Fold(workspace, sku)
	}
	out, err := log.Execute(ctx, eventlog.Request{Folds: folds, Key: key, Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
		answers, version := map[string]Answer{}, map[string]eventlog.Version{}
		stock := map[string]inventory.State{}
		for i, s := range states {
			stock[skus[i]], version[skus[i]] = s.Value.(inventory.State), s.Version
		}
		var short []inventory.Short
		if op.Release {
			d.Writes = inventory.Release(workspace, op.Order.ID, attempt, "drill", stock)
		} else {
			d.Writes, short = rule(workspace, op.Order.ID, attempt, op.Order.Demand, stock)
		}
		for _, sku := range skus {
			answers[sku] = Answer{}
		}
		for _, s := range short {
			answers[s.SKU] = Answer{Short: true, Available: s.Available}
		}
		for _, w := range d.Writes {
			sku := w.Stream.ID
			answers[sku] = Answer{Version: version[sku] + 1, Available: stock[sku].Available() + op.change(sku)}
		}
		d.Result, err = json.Marshal(answers)
		return d, err
	}})
	if err != nil {
		return err
	}
	return json.Unmarshal(out.Result, &op.Answers)
}

// Hot are orders that all want one SKU: most of them a single unit, one in ten up to three and a unit
// of one of the others besides.
func Hot(seed uint64, n int, sku string, others []string) []Order {
	random := rand.New(rand.NewPCG(seed, 1))
	orders := make([]Order, n)
	for i := range orders {
		orders[i] = Order{ID: fmt.Sprintf("hot:%d", i), Demand: map[string]int64{sku: 1}}
		if i%10 == 9 {
			orders[i].Demand[sku] = 1 + random.Int64N(3)
			orders[i].Demand[others[random.IntN(len(others))]] = 1
		}
	}
	return orders
}

// Spread are orders of one to four of the SKUs, a unit each. Every SKU is asked for n times, so that
// porcupine can judge them: in at least half of these by itself.
func Spread(seed uint64, skus []string, n int) []Order {
	random := rand.New(rand.NewPCG(seed, 2))
	var orders []Order
	add := func(skus ...string) {
		o := Order{ID: fmt.Sprintf("spread:%d", len(orders)), Demand: map[string]int64{}}
		for _, sku := range skus {
			o.Demand[sku] = 1
		}
		orders = append(orders, o)
	}
	for i := range n {
		shuffled := slices.Clone(skus)
		random.Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
		for len(shuffled) > 0 {
			lines := 1
			if i%2 == 1 {
				lines = min(len(shuffled), 1+random.IntN(4))
			}
			add(shuffled[:lines]...)
			shuffled = shuffled[lines:]
		}
	}
	random.Shuffle(len(orders), func(a, b int) { orders[a], orders[b] = orders[b], orders[a] })
	return orders
}
