// Package timing runs callers side by side and collects how long each call took.
package timing

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Calls are what callers saw over several runs.
type Calls struct {
	Events  int // that all calls were for
	Elapsed time.Duration
	Took    []time.Duration // of each call
}

// Run has callers call one again and again for a length of time; each call is for so many events.
func (c *Calls) Run(callers, events int, length time.Duration, one func(caller int) error) error {
	runtime.GC()
	var stop atomic.Bool
	var wg sync.WaitGroup
	took := make([][]time.Duration, callers)
	faults := make([]error, callers)
	start := time.Now()
	for i := range callers {
		wg.Go(func() {
			for !stop.Load() {
				begin := time.Now()
				if faults[i] = one(i); faults[i] != nil {
					return
				}
				took[i] = append(took[i], time.Since(begin))
			}
		})
	}
	time.AfterFunc(length, func() { stop.Store(true) })
	wg.Wait()
	c.Elapsed += time.Since(start)
	for _, t := range took {
		c.Events += len(t) * events
		c.Took = append(c.Took, t...)
	}
	return errors.Join(faults...)
}

// PerSecond is how many events there were in a second.
func (c *Calls) PerSecond() float64 { return float64(c.Events) / c.Elapsed.Seconds() }

// Percentile of a call, in milliseconds.
func (c *Calls) Percentile(p int) float64 { return Percentile(c.Took, p) }

// Percentile is in milliseconds; it sorts what took so long.
func Percentile(took []time.Duration, p int) float64 {
	slices.Sort(took)
	if len(took) == 0 {
		return 0
	}
	return float64(took[min(len(took)-1, len(took)*p/100)].Microseconds()) / 1000
}

// Sleep waits, unless the context ends before.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
