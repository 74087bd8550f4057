// Package crash kills the hub with SIGKILL again and again under load.
//
// It proves that a crash of the process loses nothing. It proves nothing about power cuts: what the
// kernel has in its cache survives a killed process.
package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/creatorflow/creatorflow/drill"
)

// Run kills the hub at random moments.
func Run(ctx context.Context, o drill.Options) (drill.Report, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	return drill.Run(ctx, "crash", o, func(ctx context.Context, c *drill.Campaign) error {
		if err := c.Prepare(ctx, filepath.Join(o.Dir, "data")); err != nil {
			return err
		}
		err := c.UnderLoad(ctx, func(ctx context.Context) error {
			for cycle := range o.Cycles {
				alive := 300*time.Millisecond + time.Duration(rng.Int64N(int64(2200*time.Millisecond)))
				if err := kill(ctx, c, alive); err != nil {
					return fmt.Errorf("cycle %d: %w", cycle+1, err)
				}
				c.Say("killed %d of %d after %s", cycle+1, o.Cycles, alive.Round(time.Millisecond))
			}
			return nil
		})
		if err != nil {
			return err
		}
		return c.Rest(ctx)
	})
}

func kill(ctx context.Context, c *drill.Campaign, alive time.Duration) error {
	h, err := c.Start(ctx)
	if err != nil {
		return err
	}
	if err := drill.Sleep(ctx, alive); err != nil {
		return errors.Join(err, h.Kill())
	}
	return h.Kill()
}
