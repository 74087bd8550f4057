// Package crash kills the hub with SIGKILL again and again under load: at random times, and when the
// program has failpoints also at each of these, where it kills itself.
//
// It proves that a crash of the process loses nothing. It proves nothing about power cuts: what the
// kernel has in its cache survives a killed process.
package crash

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/failpoint"
)

const (
	// patience is how long a failpoint may take to kill a hub under load.
	patience = 5 * time.Second
	// latest is at which of the times that a hub comes by a failpoint it is killed at the latest.
	latest = 5
	// months are as many as the early failpoints need at most, and the two that are not closed at first.
	months = 2*latest + 2
)

// early are failpoints that only the first hubs come by: these close months.
var early = []failpoint.Point{failpoint.SegmentCatalogued, failpoint.SegmentWritten}

// killer kills.
type killer struct {
	*drill.Campaign
	rng    *rand.Rand
	points []failpoint.Point // that the program has, in the order of their turns
	fired  map[failpoint.Point]bool
}

// Run kills the hub.
func Run(ctx context.Context, o drill.Options) (drill.Report, error) {
	return drill.Run(ctx, "crash", o, func(ctx context.Context, c *drill.Campaign) error {
		k := killer{Campaign: c, rng: rand.New(rand.NewPCG(o.Seed, 1)), fired: map[failpoint.Point]bool{}}
		if armed(o.Binary) {
			k.points = failpoint.All()
			k.rng.Shuffle(len(k.points), func(i, j int) { k.points[i], k.points[j] = k.points[j], k.points[i] })
			slices.SortStableFunc(k.points, func(a, b failpoint.Point) int { return cmp.Compare(slices.Index(early, b), slices.Index(early, a)) })
		}
		data := filepath.Join(o.Dir, "data")
		if err := c.Past(ctx, data, months); err != nil {
			return err
		}
		if err := c.Prepare(ctx, data); err != nil {
			return err
		}
		err := c.UnderLoad(ctx, func(ctx context.Context) error {
			for cycle := range o.Cycles {
				how, err := k.cycle(ctx, cycle)
				if err != nil {
					return fmt.Errorf("cycle %d: %w", cycle+1, err)
				}
				c.Say("killed %d of %d %s", cycle+1, o.Cycles, how)
			}
			return nil
		})
		if err != nil {
			return err
		}
		c.Points(k.points, k.fired)
		return c.Rest(ctx)
	})
}

// armed says whether a program was built with failpoints.
func armed(binary string) bool {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" && slices.Contains(strings.Split(s.Value, ","), failpoint.Tag) {
			return true
		}
	}
	return false
}

// cycle kills once and says how; every fourth kill comes at a random time, and all do when the
// program has no failpoints.
func (k killer) cycle(ctx context.Context, n int) (how string, err error) {
	if len(k.points) > 0 && n%4 != 3 {
		turn, points := n-n/4, k.points
		if turn >= len(points) {
			points = points[len(early):]
		}
		return k.atPoint(ctx, points[turn%len(points)])
	}
	alive := 300*time.Millisecond + time.Duration(k.rng.Int64N(int64(2200*time.Millisecond)))
	h, err := k.Start(ctx)
	if err != nil {
		return "", err
	}
	return "after " + alive.Round(time.Millisecond).String(), errors.Join(drill.Sleep(ctx, alive), h.Kill())
}

// atPoint lets the hub kill itself at a failpoint, perhaps while it starts.
func (k killer) atPoint(ctx context.Context, p failpoint.Point) (how string, err error) {
	arm := fmt.Sprintf("%s:%d", p, 1+k.rng.IntN(latest))
	h, err := k.Launch(failpoint.Variable + "=" + arm)
	if err != nil {
		return "", err
	}
	if err := h.Ready(ctx); err != nil && !errors.Is(err, drill.ErrEnded) {
		return "", errors.Join(err, h.Kill())
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-h.Ended():
		if !h.Killed() {
			return "", fmt.Errorf("the hub did not end at %s but by itself, see its output", arm)
		}
		k.fired[p] = true
		return "at " + arm, nil
	case <-wait.Done():
		return "though " + arm + " was not reached in " + patience.String(), errors.Join(ctx.Err(), h.Kill())
	}
}
