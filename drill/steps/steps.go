// Package steps stops the flow of an order at each of its seven steps, in each of five ways, and checks
// that the order ends complete or fully undone: no unit held, no money kept that is not owed, no label
// that nobody needs, and nothing done twice under one key.
//
//	case ─► bubble: real log, real flow, simulated partners ─► process dies, or waits in vain ─► judge
//
// Payment and label are steps of partners here, by the contract of package partners; the other five are
// the hub's own. A step without a call into the world meets the fault at its commit, or at its read of
// the stock.
package steps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/storage/engine"
)

// The faults.
const (
	crashBefore = "crash before"
	crashAfter  = "crash after"
	timeout     = "timeout"
	decline     = "decline"
	late        = "late success"
)

var faults = []string{crashBefore, crashAfter, timeout, decline, late}

// Case is one step that meets one fault, and whether the buyer cancels just then.
type Case struct {
	Step, Fault string
	Cancelled   bool
}

// String names the case.
func (c Case) String() string {
	if c.Cancelled {
		return c.Step + ", " + c.Fault + ", cancelled"
	}
	return c.Step + ", " + c.Fault
}

// Cases is the matrix.
func Cases() []Case {
	var all []Case
	for _, step := range fulfilment.Shown {
		for _, fault := range faults {
			all = append(all, Case{step, fault, false}, Case{step, fault, true})
		}
	}
	return all
}

// Result is how a case ended. The balances are what is too much: 0 when it ended well.
type Result struct {
	Case
	End     flow.Phase
	Units   int64 // promised to an order that has ended
	Money   int64 // captured, less what is owed and what was refunded, in minor units
	Labels  int   // bought, less what is needed and what was voided
	Effects int   // most of any key
	Broken  []string
}

func (r *Result) broke(format string, args ...any) {
	r.Broken = append(r.Broken, fmt.Sprintf(format, args...))
}

// Options of the drill.
type Options struct {
	Dir     string // for the data folders; those of cases that break a promise are kept
	Version string
	// Alter changes a world before its order comes; nil but in tests that break something.
	Alter func(w *world)
	// AlterDirect does the same to Stripe, in the rows "direct".
	AlterDirect func(t *till)
}

// limit is how long a case may take, in real time: one takes about a tenth of a second.
const limit = time.Minute

// Run runs the matrix. The error is of the drill itself; what the flow broke is in the report.
func Run(ctx context.Context, o Options) (r drill.Report, results []Result, err error) {
	return play(ctx, "flow", o, Cases(), func(r *Result, dir string) error { return r.run(dir, o.Alter) })
}

// play plays cases one after the other, each in a bubble and a folder of its own, which stays when something broke.
func play(ctx context.Context, name string, o Options, cases []Case, one func(r *Result, dir string) error) (r drill.Report, results []Result, err error) {
	started := time.Now()
	r = drill.Report{Name: name, Engine: engine.SQLite, Commit: o.Version}
	for i, c := range cases {
		if ctx.Err() != nil {
			return r, results, ctx.Err()
		}
		dir := filepath.Join(o.Dir, strings.ReplaceAll(name, " ", "-")+"-"+strconv.Itoa(i))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return r, results, err
		}
		result := Result{Case: c}
		err := bubble.Run(limit, func() error { return one(&result, dir) })
		if err != nil {
			return r, results, fmt.Errorf("%s: %w", c, err)
		}
		r.Cycles++
		r.Orders++
		r.Twice += max(0, result.Effects-1)
		for _, b := range result.Broken {
			r.Broke("%s: %s", c, b)
		}
		results = append(results, result)
		if len(result.Broken) == 0 {
			err = os.RemoveAll(dir)
		}
		if err != nil {
			return r, results, err
		}
	}
	r.Seconds = time.Since(started).Seconds()
	return r, results, nil
}

// run plays a case and judges its end.
func (r *Result) run(dir string, alter func(*world)) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if alter != nil {
		alter(w)
	}
	if err := w.prepare(ctx, r.Case); err != nil {
		return err
	}
	if err := w.play(ctx, r); err != nil {
		return err
	}
	return r.judge(w)
}

// prepare arms the fault and starts the first process.
func (w *world) prepare(ctx context.Context, c Case) error {
	stock, mapped := int64(stocked), true
	switch c.Step {
	case fulfilment.StepPayment:
		w.payments.fault = c.Fault
	case fulfilment.StepLabel:
		w.labels.fault = c.Fault
	case fulfilment.StepTell:
		w.channel.fault = c.Fault
	default:
		switch c {
		case Case{fulfilment.StepValidate, decline, c.Cancelled}:
			mapped = false // nobody has said what the code means
		case Case{fulfilment.StepCheck, decline, c.Cancelled}:
			stock = units - 1
		default:
			w.store.armed = c
		}
	}
	if err := w.receive(ctx, stock); err != nil {
		return err
	}
	if mapped {
		if err := w.mapCode(ctx); err != nil {
			return err
		}
	}
	return w.start()
}

// play places the order, lets the fault strike and the order come to its end. What waits for a person
// after a decline is cancelled, as a person does who cannot mend it.
func (w *world) play(ctx context.Context, r *Result) error {
	if err := w.says(ctx, orders.Ready); err != nil {
		return err
	}
	if err := w.awaitFault(ctx); err != nil {
		return err
	}
	if r.Cancelled {
		if err := w.says(ctx, orders.Cancelled); err != nil {
			return err
		}
	}
	if r.Fault == crashBefore || r.Fault == crashAfter {
		w.kill()
		if err := w.start(); err != nil {
			return err
		}
	}
	for range 3 {
		if err := bubble.Sleep(ctx, 10*time.Minute); err != nil {
			return err
		}
		s, err := w.status()
		if err != nil {
			return err
		}
		if waits := s.Phase == flow.Waits || s.Phase == flow.IsStuck; waits && r.Fault == decline {
			if err := w.says(ctx, orders.Cancelled); err != nil {
				return err
			}
		}
	}
	return nil
}

// awaitFault returns when the fault has struck, or has made the order wait.
func (w *world) awaitFault(ctx context.Context) error {
	for range 600 {
		select {
		case <-w.hit:
			return nil
		default:
		}
		if err := bubble.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		s, err := w.status()
		if err != nil || s.Phase == flow.Waits {
			return err
		}
	}
	return errors.New("the fault did not strike")
}

// judge fills in the balances and what is wrong with them.
func (r *Result) judge(w *world) error {
	s, err := w.status()
	if err != nil {
		return err
	}
	stock, err := w.stock()
	if err != nil {
		return err
	}
	labels, _, most := w.labels.total()
	_, taken, twice := w.payments.total()
	told, _, thrice := w.channel.total()
	needed := 0
	r.End, r.Units, r.Effects = s.Phase, stock.Reserved, max(most, twice, thrice)
	if s.Phase == flow.Finished {
		needed = 1
	}
	r.Money, r.Labels = taken-int64(needed)*price, labels-needed
	wanted, err := r.wanted(w)
	if err != nil {
		return err
	}
	if r.End != wanted {
		r.broke("the order ends %q at step %d, want %q", r.End, s.Step, wanted)
	}
	if r.Units != 0 || len(stock.Open) != 0 {
		r.broke("%d units are still promised", r.Units)
	}
	if shipped := int64(needed) * units; stock.Shipped != shipped {
		r.broke("%d units have left, want %d", stock.Shipped, shipped)
	}
	if r.Money != 0 {
		r.broke("the money is off by %d", r.Money)
	}
	if r.Labels != 0 {
		r.broke("there are %d labels too many", r.Labels)
	}
	if needed == 1 && told != 1 {
		r.broke("the channel was told %d times", told)
	}
	if r.Effects > 1 {
		r.broke("%d effects of one key", r.Effects)
	}
	return nil
}

// wanted is the end that the case must come to.
func (r *Result) wanted(w *world) (flow.Phase, error) {
	if !r.Cancelled && r.Fault != decline {
		return flow.Finished, nil
	}
	// A cancellation may come too late: then the order is complete.
	records, err := w.news.ReadAll(w.ctx, 0, 1000)
	if err != nil {
		return "", err
	}
	for _, record := range records {
		switch record.Name {
		case "flow.finished":
			return flow.Finished, nil
		case "order.cancelled":
			return flow.Undone, nil
		}
	}
	return flow.Undone, nil
}
