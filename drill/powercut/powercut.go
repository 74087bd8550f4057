// Package powercut takes the power from the hub's disk again and again under load: the disk drops or
// tears whatever was not synced (package disk), and the hub is killed in the same moment.
//
// On SQLite it cuts the first start of all at its syncs, then at random times and at random syncs, just before
// them and just after; sometimes it cuts once more while the hub starts. Between any two cuts webhooks and commands are acknowledged. The
// judge reads the platter after a last cut: what an orderly stop did not sync is not there either.
//
// On PostgreSQL the disk is that of a server of the drill's own, which goes dark with the hub; sometimes
// it is cut once more while the server recovers.
package powercut

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/powercut/disk"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
	"github.com/creatorflow/creatorflow/twin"
)

const (
	// patience is how long something may take that comes with every hub under load.
	patience = 30 * time.Second
	// months are behind the log at first: the hubs whose power is cut close them.
	months = 12
)

// Options of the drill.
type Options struct {
	drill.Options
	Engine string // what keeps the data on the disk
	// Weak says that the program which is cut is the twin that does not sync. The drill is to see it lose what it
	// acknowledged, not to see it refuse to start: so the first start is not cut, after which the folder's mark would
	// tell that all of a new log is gone, and no cut tears, after which whole commits would stand behind a torn one.
	Weak bool
}

// cutter cuts.
type cutter struct {
	*drill.Campaign
	disk   *disk.Disk
	rng    *rand.Rand
	server *pgserver.Server // on the disk; nil = the hub's data folder is
	weak   bool             // as Options says
}

// Run cuts the power.
func Run(ctx context.Context, o Options) (r drill.Report, err error) {
	x := cutter{rng: rand.New(rand.NewPCG(o.Seed, 1)), weak: o.Weak || twin.WeakSync}
	if x.disk, err = disk.Open(filepath.Join(o.Dir, "disk"), rand.New(rand.NewPCG(o.Seed, 3))); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, x.disk.Close()) }()
	if o.Engine != engine.Postgres {
		return drill.Run(ctx, name, o.Options, func(ctx context.Context, c *drill.Campaign) error {
			x.Campaign = c
			return x.onSQLite(ctx, o)
		})
	}
	for _, dir := range []string{o.Dir, filepath.Join(o.Dir, "disk")} { // the server's account must get in
		if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // to pass, not to read
			return r, err
		}
	}
	var settings []string
	if x.weak {
		settings = []string{"fsync=off"}
	}
	x.server, err = pgserver.Make(ctx, filepath.Join(x.disk.Platter(), "postgres"), settings...)
	if errors.Is(err, pgserver.ErrNone) {
		return drill.Report{Name: name, Engine: o.Engine, Seed: o.Seed, Commit: o.Version, NotRun: err.Error()}, nil
	}
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(x.server.Close(), err) }() // before the disk
	x.disk.Belong(x.server.Account())
	o.DB, o.Cluster = x.server.URL("postgres"), filepath.Join("disk", "data", "postgres", "data")
	return drill.Run(ctx, name, o.Options, func(ctx context.Context, c *drill.Campaign) error {
		x.Campaign = c
		return x.onPostgres(ctx, filepath.Join(o.Dir, "data"), o.Cycles)
	})
}

const name = "powercut"

func (x cutter) onSQLite(ctx context.Context, o Options) error {
	x.Move(x.disk.Mounted())
	if !x.weak {
		if err := x.first(ctx); err != nil {
			return fmt.Errorf("first start: %w", err)
		}
	}
	if err := x.Past(ctx, x.disk.Platter(), months); err != nil {
		return err
	}
	if err := x.Prepare(ctx, x.disk.Platter()); err != nil {
		return err
	}
	x.Move(x.disk.Mounted())
	if err := x.cycles(ctx, o.Cycles); err != nil {
		return err
	}
	if err := x.disk.Mount(); err != nil {
		return err
	}
	if err := x.Rest(ctx); err != nil {
		return err
	}
	x.Move(x.disk.Platter())
	return x.cut(nil, false)
}

// onPostgres leaves the server running on what the last cut left, for the judge.
func (x cutter) onPostgres(ctx context.Context, data string, cycles int) error {
	if err := x.server.Restart(ctx); err != nil {
		return err
	}
	if err := x.Prepare(ctx, data); err != nil {
		return err
	}
	// A first life without cuts makes the views: the judge needs them even when all else is lost.
	if err := errors.Join(x.Rest(ctx), x.server.Stop()); err != nil {
		return err
	}
	x.server.Move(filepath.Join(x.disk.Mounted(), "postgres", "data"))
	if err := x.cycles(ctx, cycles); err != nil {
		return err
	}
	if err := x.on(ctx); err != nil {
		return err
	}
	if err := x.Rest(ctx); err != nil {
		return err
	}
	if err := x.cut(nil, false); err != nil {
		return err
	}
	return x.on(ctx)
}

func (x cutter) cycles(ctx context.Context, cycles int) error {
	return x.UnderLoad(ctx, func(ctx context.Context) error {
		for cycle := range cycles {
			if err := x.cycle(ctx, cycle+1); err != nil {
				return fmt.Errorf("cut %d: %w", cycle+1, err)
			}
		}
		return nil
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
	if err := x.on(ctx); err != nil {
		return err
	}
	h, err := x.Launch()
	if err != nil {
		return errors.Join(err, x.cut(nil, false))
	}
	err = until(ctx, h)
	return errors.Join(err, x.cut(h, x.tears()))
}

// on puts the power on, and the server if there is one: perhaps after a cut while it recovers.
func (x cutter) on(ctx context.Context) error {
	err := x.disk.Mount()
	if errors.Is(err, disk.ErrMount) {
		return drill.NotRun(err.Error())
	}
	if err != nil || x.server == nil {
		return err
	}
	if x.rng.IntN(8) > 0 {
		return x.server.Restart(ctx)
	}
	at := 1 + x.rng.IntN(recovery)
	x.disk.Arm(at, x.rng.IntN(2) == 0)
	starting, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-x.disk.Power():
			stop()
			x.disk.Dark() // nobody is told anything before the server has recovered
		case <-starting.Done():
		}
	}()
	err = x.server.Restart(starting)
	x.disk.Arm(0, false)
	select {
	case <-x.disk.Power():
		x.Say("cut at sync %d of the server's recovery", at)
		if err := x.cut(nil, x.tears()); err != nil {
			return err
		}
		return x.on(ctx)
	default:
		return err
	}
}

// recovery is about how many syncs a server's start after a cut takes: one for each of its files.
const recovery = 1200

// tears says whether a cut leaves a part of what was not synced.
func (x cutter) tears() bool { return !x.weak && x.rng.IntN(2) == 0 }

// cut takes the power away, from a hub and from the server if there are such, and leaves on the platter
// what survives.
func (x cutter) cut(h *drill.Hub, torn bool) (err error) {
	x.disk.Off()
	if h != nil {
		err = h.Strike()
	}
	dead := make(chan error, 1)
	if x.server == nil {
		dead <- nil
	} else {
		go func() { dead <- x.server.Kill() }()
	}
	x.disk.Dark() // what the server does from here on reaches neither the platter nor the hub
	if h != nil {
		err = errors.Join(err, h.Kill())
	}
	return errors.Join(err, <-dead, x.disk.Cut(torn))
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
