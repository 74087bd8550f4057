// Package oversell sells stock out over several shops, many times in virtual time and in every kind of trouble, on the
// product's own rule for what each shop may list, and holds what was sold beyond the stock against what each listing policy
// promises.
//
//	cells (trouble × rate × lags × policy × kind of write) ─► exposuresim, on all processors ─► rows ─► judge
//	                                                                                            └────► table
//
// Two hubs that lack a safeguard are run beside the real one; they must oversell, or the table proves nothing.
package oversell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/domain/exposure/exposuresim"
	"github.com/creatorflow/creatorflow/drill"
)

// Options of a campaign.
type Options struct {
	SellOuts int // of each cell
	Seed     uint64
	Trouble  string // of the only rows to run; empty = all
	Version  string
	Out      io.Writer // progress; may be io.Discard
}

// Report is what a campaign found; it is one JSON line.
type Report struct {
	drill.Report        // Cycles are sell-outs, Oversold those of them that broke a promise
	Cells        []Cell `json:"cells"`
}

// Run sells every cell out. The error is of the drill itself; what the rule broke is in the report.
func Run(ctx context.Context, o Options) (r Report, err error) {
	started := time.Now()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a sell-out makes little that lasts
	r.Report = drill.Report{Name: "oversell", Engine: "none", Seed: o.Seed, Commit: o.Version}
	r.Cells = slices.DeleteFunc(cells(o.SellOuts, o.Seed), func(c Cell) bool { return o.Trouble != "" && c.Trouble != o.Trouble })
	if len(r.Cells) == 0 {
		return r, fmt.Errorf("there is no trouble %q", o.Trouble)
	}
	var mu sync.Mutex // guards next and done
	next, done := 0, 0
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				mu.Lock()
				i, over := next, next >= len(r.Cells) || ctx.Err() != nil
				next++
				mu.Unlock()
				if over {
					return
				}
				r.Cells[i].take(exposuresim.Run(r.Cells[i].setting)) // each cell has one worker
				mu.Lock()
				if done++; done%50 == 0 {
					fmt.Fprintf(o.Out, "%d of %d cells after %s\n", done, len(r.Cells), time.Since(started).Round(time.Second))
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return r, errors.Join(errors.New("not all cells were sold out, so nothing was proven"), ctx.Err())
	}
	for _, c := range r.Cells {
		r.Cycles += c.SellOuts
		r.Oversold += c.against()
	}
	for _, b := range judge(r.Cells) {
		r.Broke("%s", b)
	}
	r.Seconds = time.Since(started).Seconds()
	return r, nil
}
