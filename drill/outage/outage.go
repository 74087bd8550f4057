// Package outage takes away what the hub stands on, under load: its PostgreSQL server is killed and
// started again, the channel does not answer for a while and ends the token meanwhile, and between all of
// it come webhooks that nobody can do anything with. One hub must live through it, without a restart.
package outage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/storage/postgres/pgserver"
)

// Options of the drill. With SQLite there is no server to kill, and Cycles are none.
type Options struct {
	drill.Options
	Engine string
	Away   time.Duration // that the channel does not answer
}

const (
	patience = time.Minute // for the hub to acknowledge again
	crowd    = 2000        // orders at the shop: it goes on selling while it is away
	pause    = 20 * time.Millisecond
)

// breaker breaks.
type breaker struct {
	*drill.Campaign
	o      Options
	server *pgserver.Server // nil on SQLite
	hub    *drill.Hub
	rng    *rand.Rand
	poison []poison
	turn   int // of poison
}

// Run takes away.
func Run(ctx context.Context, o Options) (r drill.Report, err error) {
	x := breaker{o: o, rng: rand.New(rand.NewPCG(o.Seed, 1))}
	if o.Engine == engine.Postgres {
		x.server, err = pgserver.Start(ctx, filepath.Join(o.Dir, "postgres"))
		if errors.Is(err, pgserver.ErrNone) {
			return drill.Report{Name: "outage", Engine: o.Engine, Seed: o.Seed, Commit: o.Version, NotRun: err.Error()}, nil
		}
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, x.server.Close()) }()
		o.DB, o.Cluster = x.server.URL("postgres"), filepath.Join("postgres", "data")
	} else {
		o.Cycles = 0
	}
	o.Backlog = crowd
	return drill.Run(ctx, "outage", o.Options, func(ctx context.Context, c *drill.Campaign) error {
		x.Campaign, x.poison = c, poisons(c.ShopID())
		if err := c.Prepare(ctx, filepath.Join(o.Dir, "data")); err != nil {
			return err
		}
		if x.hub, err = c.Start(ctx); err != nil {
			return err
		}
		err := c.UnderLoad(ctx, func(ctx context.Context) error { return x.outages(ctx, o.Cycles) })
		if err != nil {
			return errors.Join(err, x.hub.Kill())
		}
		if err := x.settled(ctx); err != nil {
			return errors.Join(err, x.hub.Kill())
		}
		if err := c.Settle(ctx, x.hub); err != nil {
			return err
		}
		return x.judge(ctx)
	})
}

func (x *breaker) outages(ctx context.Context, kills int) error {
	for n := range kills {
		if err := x.kill(ctx); err != nil {
			return fmt.Errorf("kill %d: %w", n+1, err)
		}
		x.Say("killed PostgreSQL %d of %d", n+1, kills)
	}
	if err := x.away(ctx); err != nil {
		return fmt.Errorf("the channel away: %w", err)
	}
	for x.turn < len(x.poison) {
		if err := x.deliver(ctx); err != nil {
			return err
		}
	}
	return x.acknowledges(ctx)
}

// kill ends the server under load, leaves it dead for a moment, and waits for the hub to go on.
func (x *breaker) kill(ctx context.Context) error {
	if err := x.deliver(ctx); err != nil {
		return err
	}
	alive := time.Second + time.Duration(x.rng.Int64N(int64(2*time.Second)))
	dead := time.Duration(x.rng.Int64N(int64(2 * time.Second)))
	if err := drill.Sleep(ctx, alive); err != nil {
		return err
	}
	if err := x.server.Kill(); err != nil {
		return err
	}
	if err := drill.Sleep(ctx, dead); err != nil {
		return err
	}
	if err := x.server.Restart(ctx); err != nil {
		return err
	}
	return x.acknowledges(ctx)
}

// away takes the channel away; what webhooks hint at cannot be read then.
func (x *breaker) away(ctx context.Context) error {
	x.Away(true)
	defer x.Away(false)
	for began := time.Now(); time.Since(began) < x.o.Away; {
		if x.turn < len(x.poison) {
			if err := x.deliver(ctx); err != nil {
				return err
			}
		}
		if err := x.acknowledges(ctx); err != nil { // webhooks and commands go on
			return err
		}
	}
	x.ExpireToken()
	x.Say("the channel was away for %s, and the token has ended", x.o.Away)
	return nil
}

// acknowledges waits until the hub that runs has acknowledged a webhook and a command more.
func (x *breaker) acknowledges(ctx context.Context) error {
	webhooks, commands := x.Acked()
	for began := time.Now(); ; {
		select {
		case <-x.hub.Ended():
			return errors.New("the hub ended, see its output")
		default:
		}
		if w, c := x.Acked(); w > webhooks && c > commands {
			return nil
		}
		if time.Since(began) > patience {
			w, c := x.Acked()
			return fmt.Errorf("%d webhooks and %d commands were acknowledged in %s", w-webhooks, c-commands, patience)
		}
		if err := drill.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}
