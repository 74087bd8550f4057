// Package powercut takes the power from the hub's disk again and again under load: the disk drops or
// tears whatever was not synced (package disk), and the hub is killed in the same moment.
//
// It cuts the first start of all at its syncs, then at random times and at random syncs, just before
// them and just after; sometimes it cuts once more while the hub starts. Between any two cuts webhooks and commands are acknowledged. The
// judge reads the platter after a last cut: what an orderly stop did not sync is not there either.
package powercut

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/powercut/disk"
)

// patience is how long something may take that comes with every hub under load.
const patience = 30 * time.Second

// cutter cuts.
type cutter struct {
	*drill.Campaign
	disk *disk.Disk
	rng  *rand.Rand
}

// Run cuts the power.
func Run(ctx context.Context, o drill.Options) (drill.Report, error) {
	return drill.Run(ctx, "powercut", o, func(ctx context.Context, c *drill.Campaign) (err error) {
		d, err := disk.Open(filepath.Join(o.Dir, "disk"), rand.New(rand.NewPCG(o.Seed, 3)))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		c.Move(d.Mounted())
		x := cutter{c, d, rand.New(rand.NewPCG(o.Seed, 1))}
		if err := x.first(ctx); err != nil {
			return fmt.Errorf("first start: %w", err)
		}
		if err := c.Prepare(ctx, d.Platter()); err != nil {
			return err
		}
		c.Move(d.Mounted())
		err = c.UnderLoad(ctx, func(ctx context.Context) error {
			for cycle := range o.Cycles {
				if err := x.cycle(ctx, cycle+1); err != nil {
					return fmt.Errorf("cut %d: %w", cycle+1, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := d.Mount(); err != nil {
			return err
		}
		if err := c.Rest(ctx); err != nil {
			return err
		}
		d.Off()
		d.Dark()
		c.Move(d.Platter())
		return d.Cut(false)
	})
}

// first cuts the very first start at its first sync, what is left of it at its second, and so on
// until a start gets through.
func (x cutter) first(ctx context.Context) error {
	for n, through := 1, false; !through; n++ {
		err := x.run(ctx, func(ctx context.Context, h *drill.Hub) error {
			x.disk.Arm(n, x.rng.IntN(2) == 0)
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			go func() {
				select {
				case <-x.disk.Power():
					cancel()
				case <-ctx.Done():
				}
			}()
			err := h.Ready(ctx)
			through = err == nil
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		})
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		x.Say("first start: cut at sync %d, was through: %t", n, through)
	}
	return nil
}

// cycle lets a hub acknowledge something and cuts its power.
func (x cutter) cycle(ctx context.Context, n int) error {
	if x.rng.IntN(8) == 0 {
		at := 1 + x.rng.IntN(8)
		err := x.run(ctx, func(ctx context.Context, _ *drill.Hub) error {
			x.disk.Arm(at, false)
			return x.dark(ctx)
		})
		if err != nil {
			return err
		}
		x.Say("cut %d: at sync %d of the start", n, at)
	}
	return x.run(ctx, func(ctx context.Context, h *drill.Hub) error {
		webhooks, commands := x.Acked()
		if err := h.Ready(ctx); err != nil {
			return err
		}
		began := time.Now()
		for {
			w, c := x.Acked()
			if w > webhooks && c > commands {
				break
			}
			if time.Since(began) > patience {
				return fmt.Errorf("%d webhooks and %d commands were acknowledged in %s", w-webhooks, c-commands, patience)
			}
			if err := drill.Sleep(ctx, 5*time.Millisecond); err != nil {
				return err
			}
		}
		if x.rng.IntN(3) == 0 {
			alive := time.Duration(x.rng.Int64N(int64(200 * time.Millisecond)))
			x.Say("cut %d: %s later", n, alive.Round(time.Millisecond))
			return drill.Sleep(ctx, alive)
		}
		at, after := 1+x.rng.IntN(30), x.rng.IntN(2) == 0
		x.disk.Arm(at, after)
		x.Say("cut %d: at sync %d, after it: %t", n, at, after)
		return x.dark(ctx)
	})
}

// run puts the power on, starts a hub and cuts the power when until returns.
func (x cutter) run(ctx context.Context, until func(ctx context.Context, h *drill.Hub) error) error {
	err := x.disk.Mount()
	if errors.Is(err, disk.ErrMount) {
		return drill.NotRun(err.Error())
	}
	if err != nil {
		return err
	}
	h, err := x.Launch()
	if err != nil {
		return err
	}
	err = until(ctx, h)
	x.disk.Off()
	err = errors.Join(err, h.Strike())
	x.disk.Dark()
	return errors.Join(err, h.Kill(), x.disk.Cut(x.rng.IntN(2) == 0))
}

// dark waits until the power has gone at a sync. When none comes, it is time to cut all the same:
// whoever acknowledges without a sync loses it then.
func (x cutter) dark(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	select {
	case <-x.disk.Power():
	case <-wait.Done():
	}
	return ctx.Err()
}
