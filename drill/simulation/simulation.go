// Package simulation runs the whole hub for a day of virtual time under all faults at once, one day a
// seed, and then checks that it lost nothing, did nothing twice, sold nothing that was not there, and
// that log, views and ledger are whole.
//
//	seed ─► plan of the day: orders and their lives, commands, crashes, outages, clock steps, faults
//	plan ─► bubble (simulated shop, hub, network, virtual time) ─► rest ─► judge
//
// A seed fixes the plan, the faults and their order. It does not fix which of two things of one moment
// comes first, so a seed that fails once in a while is run again until it does.
package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

// Options of a campaign.
type Options struct {
	Dir     string // for the data folders; those of seeds that break a promise are kept
	Seeds   int
	Seed    uint64 // the first
	Version string
	Out     io.Writer // progress; may be io.Discard
}

// Run simulates a day for each seed, as many at once as there are processors. The error is of the
// drill itself; what the hub broke is in the report, each with the command that replays it.
func Run(ctx context.Context, o Options) (r drill.Report, err error) {
	started := time.Now()
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // a day makes little that lasts
	r = drill.Report{Name: "simulation", Engine: "sqlite", Seed: o.Seed, Cycles: o.Seeds, Commit: o.Version}
	var mu sync.Mutex
	var workers sync.WaitGroup
	var failed error
	next, left, done := o.Seed, o.Seeds, 0
	for range min(runtime.GOMAXPROCS(0), o.Seeds) {
		workers.Go(func() {
			for {
				mu.Lock()
				seed, over := next, left <= 0 || ctx.Err() != nil
				next, left = next+1, left-1
				mu.Unlock()
				if over {
					return
				}
				found, err := day(seed, filepath.Join(o.Dir, "seed-"+strconv.FormatUint(seed, 10)))
				mu.Lock()
				for _, b := range found.Broken {
					fmt.Fprintf(o.Out, "seed %d: %s\n", seed, b)
				}
				if done++; done%100 == 0 {
					fmt.Fprintf(o.Out, "%d of %d days after %s\n", done, o.Seeds, time.Since(started).Round(time.Second))
				}
				r.Add(found, fmt.Sprintf("seed %d", seed), fmt.Sprintf("creatorflow drill simulation --seed %d --seeds 1", seed))
				if err != nil {
					failed = errors.Join(failed, fmt.Errorf("seed %d: %w", seed, err))
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	slices.Sort(r.Broken)
	r.Seconds = time.Since(started).Seconds()
	return r, errors.Join(ctx.Err(), failed)
}

// limit is how long a day may take, in real time: one takes about a second.
const limit = 3 * time.Minute

// day simulates one.
func day(seed uint64, dir string) (r drill.Report, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return r, err
	}
	p := newPlan(seed)
	switch err := bubble.Run(limit, func() error { return p.run(dir, &r) }); {
	case errors.Is(err, bubble.ErrStill):
		return drill.Report{}, err
	case err != nil:
		r.Broke("%v", err) // a part that hangs, panics or ends by itself is the hub's fault
	}
	if len(r.Broken) > 0 {
		return r, nil
	}
	return r, os.RemoveAll(dir)
}
