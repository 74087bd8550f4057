// Package chaos delivers the webhooks of orders' lives once to five times each, in any order, up to a
// day late, and some never, and then compares the end with that of the same lives whose webhooks came
// once, at once and in order.
//
//	lives ─► shop ─► its webhooks ─► copies, delays, losses ─► hub ─► one reconcile ─► dump ─┐
//	lives ─► shop ─► its webhooks, in order ────────────────► hub ─► one reconcile ─► dump ─┴─► the same
//
// A sequence is the life of one order: placed, paid, sent elsewhere, cancelled, shipped, delivered …
// Many share one hub, so that they meet in its batches. With ample stock the two ends must be the same,
// the effects at the shop included. With scarce stock, where who comes first rightly decides who gets
// the last units, there is one run, and the invariants must hold.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

const (
	// deliveries are how often the same lives are put through other duplicates, delays and losses.
	deliveries = 8
	// lives share one hub.
	lives = 500
	// scarceEvery batch has scarce stock.
	scarceEvery = 5
)

// Options of a campaign.
type Options struct {
	Dir       string // for the data folders; those of batches that break a promise are kept
	Sequences int    // a life and one delivery of it; rounded up to whole lives
	Seed      uint64 // of the first batch; the next has the next
	Version   string
}

// Run delivers. The error is of the drill itself; what the hub broke is in the report, each with the
// command that replays it.
func Run(ctx context.Context, o Options) (r drill.Report, err error) {
	started := time.Now()
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // a course makes little that lasts
	r = drill.Report{Name: "chaos", Engine: "sqlite", Seed: o.Seed, Commit: o.Version}
	var mu sync.Mutex
	var batches sync.WaitGroup
	var failed error
	room := make(chan struct{}, runtime.GOMAXPROCS(0)) // for courses
	next := make(chan struct{}, 2)                     // for batches: one begins while the other ends
	for seed := o.Seed; r.Cycles < o.Sequences && ctx.Err() == nil; seed++ {
		n := min(lives, (o.Sequences-r.Cycles+deliveries-1)/deliveries)
		r.Cycles += n * deliveries
		next <- struct{}{}
		batches.Go(func() {
			found, err := batch(seed, n, filepath.Join(o.Dir, "batch-"+strconv.FormatUint(seed, 10)), room)
			mu.Lock()
			defer mu.Unlock()
			r.Add(found, fmt.Sprintf("seed %d", seed), fmt.Sprintf("creatorflow drill chaos --seed %d --sequences %d", seed, n*deliveries))
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("seed %d: %w", seed, err))
			}
			<-next
		})
	}
	batches.Wait()
	slices.Sort(r.Broken)
	r.Seconds = time.Since(started).Seconds()
	return r, errors.Join(ctx.Err(), failed)
}

// batch puts lives through all deliveries, and with ample stock once in order as well, and judges.
func batch(seed uint64, n int, dir string, room chan struct{}) (r drill.Report, err error) {
	scarce := seed%scarceEvery == 0
	all := make([]course, deliveries+1) // the first is the one in order
	dumps, found, errs := make([][]string, len(all)), make([]drill.Report, len(all)), make([]error, len(all))
	var running sync.WaitGroup
	stream := uint64(99)
	for i := range all {
		if stream++; i == 0 && scarce {
			continue
		}
		all[i] = course{seed: seed, lives: n, scarce: scarce, delivery: i, stream: stream}
		room <- struct{}{}
		running.Go(func() {
			dumps[i], errs[i] = run(&all[i], filepath.Join(dir, "delivery-"+strconv.Itoa(i)), &found[i])
			<-room
		})
	}
	running.Wait()
	for i := range all {
		for _, b := range found[i].Broken {
			r.Broke("delivery %d: %s", i, b)
		}
		if i > 0 && !scarce {
			if lines := bubble.Differ(dumps[0], dumps[i], 4); len(lines) > 0 {
				r.Broke("the end of delivery %d differs from that of delivery once and in order: %s", i, strings.Join(lines, "; "))
			}
		}
		r.Acked, r.Lost, r.Twice = r.Acked+found[i].Acked, r.Lost+found[i].Lost, r.Twice+found[i].Twice
		r.Oversold, r.Orders = r.Oversold+found[i].Oversold, r.Orders+found[i].Orders
		r.End, r.Lowest = r.End.And(found[i].End), r.Lowest.And(found[i].Lowest)
	}
	if len(r.Broken) > 0 || errors.Join(errs...) != nil {
		return r, errors.Join(errs...)
	}
	return r, os.RemoveAll(dir)
}

// limit is how long a course may take, in real time: one takes some ten seconds.
const limit = 10 * time.Minute

// run runs one course in a world of its own and returns the dump of its end.
func run(c *course, dir string, r *drill.Report) (dump []string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	err = bubble.Run(limit, func() (err error) {
		dump, err = c.run(dir, r)
		return err
	})
	if errors.Is(err, bubble.ErrStill) {
		return nil, err
	}
	if err != nil {
		r.Broke("%v", err) // a part that hangs, panics or ends by itself is the hub's fault
	}
	return dump, nil
}
