// Package clock sets the hub's clock by a day and by an hour, forwards and back, while the hub works for
// a busy shop, and compares the end with that of the same orders under a clock that is right.
//
//	orders, webhooks, commands, reads ─► hub, its clock stepped ─► rest ─► judge ─► dump ─┐
//	the same ──────────────────────────► hub, its clock right ───► rest ─► judge ─► dump ─┴─► the same
//
// It runs in virtual time. A wrong clock is followed by the right one, so that what was kept while the
// clock was ahead must not be believed afterwards.
package clock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/vault"
)

const (
	minute  = time.Minute
	hold    = 3 * time.Hour     // the shop's, after payment
	poll    = 10 * minute       // of the hub
	settled = 2*poll + 5*minute // after it an order must be known under a right clock, whether its webhook came or not
	resumed = 20 * minute       // after a step webhooks and commands must have been acknowledged
	overdue = minute            // so long after its time a timer must have gone off
	skus    = 10
	limit   = 10 * minute // of a run, in real time: one takes some seconds
)

// steps are where the clock is set to; each is followed by the right time.
var steps = []time.Duration{-24 * time.Hour, 24 * time.Hour, -time.Hour, time.Hour}

// pages are what somebody at a screen goes on reading.
var pages = []string{"/api/v1/kpis", "/api/v1/orders?limit=20", "/api/v1/stock?limit=20", "/api/v1/connections"}

// Options of a campaign.
type Options struct {
	Dir     string // for the data folders; kept when a promise is broken
	Cycles  int    // times that the clock is set wrong and right again
	Seed    uint64
	Version string
}

// Run sets clocks. The error is of the drill itself; what the hub broke is in the report.
func Run(ctx context.Context, o Options) (r drill.Report, err error) {
	started := time.Now()
	r = drill.Report{Name: "clock", Engine: "sqlite", Seed: o.Seed, Cycles: o.Cycles, Commit: o.Version}
	var dumps [2][]string
	for i, name := range []string{"right", "stepped"} {
		d := day{o: o, steps: i == 1, rng: rand.New(rand.NewPCG(o.Seed, 31)), found: &r, placed: map[string]time.Time{}}
		dir := filepath.Join(o.Dir, name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return r, err
		}
		err := bubble.Run(limit, func() (err error) {
			dumps[i], err = d.run(ctx, dir)
			return err
		})
		if errors.Is(err, bubble.ErrStill) || ctx.Err() != nil {
			return r, errors.Join(err, ctx.Err())
		}
		if err != nil {
			r.Broke("%v", err) // a part that hangs, panics or ends by itself is the hub's fault
		}
	}
	if lines := bubble.Differ(dumps[0], dumps[1], 4); len(lines) > 0 {
		r.Broke("the end differs from that under a right clock: %s", strings.Join(lines, "; "))
	}
	r.Seconds = time.Since(started).Seconds()
	return r, nil
}

// day is one run of the shop.
type day struct {
	o     Options
	steps bool // the clock is set
	rng   *rand.Rand
	found *drill.Report

	world   *bubble.World
	placed  map[string]time.Time // orders, and when
	later   map[int][]func() error
	off     time.Duration
	stepped time.Time
	before  [2]int // webhooks and commands acknowledged when the clock was set last

	commands sync.WaitGroup
	refused  atomic.Pointer[error] // the first command that was
}

func sku(i int) bubble.SKU {
	return bubble.SKU{Name: fmt.Sprintf("SKU-%02d", i), Listing: fmt.Sprintf("17290000%011d", i+1), Listed: 99_999}
}

// run is the day, inside a bubble.
func (d *day) run(parent context.Context, dir string) (dump []string, err error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent)) // what ends it is the bubble's own
	defer cancel()
	all := make([]bubble.SKU, skus)
	for i := range all {
		all[i] = sku(i)
	}
	d.later = map[int][]func() error{}
	d.world, err = bubble.Open(ctx, bubble.Options{
		Dir: dir, Seed: d.o.Seed, SKUs: all, Poll: poll, Log: slog.New(slog.DiscardHandler),
		Market: tiktoksim.Config{
			RemorseHold: hold, LabelNotReady: 1, Restock: true, Reship: true,
			Faults: tiktoksim.Faults{Duplicate: 0.1, Lose: 0.5, API5xx: 0.1},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("open the world: %w", err)
	}
	defer func() { err = errors.Join(err, d.world.Close()) }()
	for i := range skus {
		if err := d.world.Receive(ctx, sku(i).Name, 100_000); err != nil {
			return nil, err
		}
	}
	next, at := 60, 0
	for now := 0; at < 2*d.o.Cycles || now < next; now++ {
		if now == next {
			length := 45 + d.rng.IntN(30)
			wrong := steps[at/2%len(steps)]
			if at%2 == 1 {
				wrong = 0
			}
			d.set(wrong)
			at, next = at+1, now+length
		}
		if err := d.turn(ctx, now); err != nil {
			return nil, err
		}
		if err := bubble.Sleep(ctx, minute); err != nil {
			return nil, err
		}
		if err := d.look(ctx, now); err != nil {
			return nil, err
		}
	}
	d.set(0)
	d.commands.Wait()
	if refused := d.refused.Load(); refused != nil {
		return nil, *refused
	}
	d.world.Sim.SetFaults(tiktoksim.Faults{})
	if err := bubble.Sleep(ctx, 2*hold); err != nil { // an order on hold is at rest, but not at its end
		return nil, err
	}
	// What a clock ahead has put off is due when the right one gets there.
	if err := d.world.Rest(ctx, 48*time.Hour, 15*minute); err != nil {
		return nil, err
	}
	if err := d.world.Stop(); err != nil {
		return nil, err
	}
	if err := d.order(ctx); err != nil {
		return nil, err
	}
	if dump, err = d.world.Dump(ctx); err != nil {
		return nil, err
	}
	return dump, d.world.Judge(ctx, d.found)
}

// set sets the clock, between two of the hub's steps.
func (d *day) set(off time.Duration) {
	if !d.steps || off == d.off {
		return
	}
	synctest.Wait()
	d.world.SetClock(off)
	d.off, d.stepped = off, time.Now()
	d.before[0], d.before[1] = d.world.Acked()
}

// turn is what happens in one minute: every other one an order, a command in every fifth.
func (d *day) turn(ctx context.Context, now int) error {
	for _, do := range d.later[now] {
		if err := do(); err != nil {
			return fmt.Errorf("minute %d: %w", now, err)
		}
	}
	delete(d.later, now)
	if now%5 == 0 {
		d.commands.Go(func() {
			if err := d.world.Receive(ctx, sku(now/5%skus).Name, 1); err != nil {
				d.refused.CompareAndSwap(nil, &err)
			}
		})
	}
	if now%2 == 1 {
		return nil
	}
	n := tiktoksim.NewOrder{
		ID: fmt.Sprintf("57700000%011d", now), BuyerID: fmt.Sprintf("buyer-%d", now), BuyerName: "Drill Buyer", Address: fmt.Sprintf("%d First Street", now),
		Lines: []tiktoksim.Line{{SKUID: sku(d.rng.IntN(skus)).Listing, Quantity: 1 + d.rng.IntN(3)}},
	}
	kind := d.rng.IntN(8)
	n.Unpaid = kind == 0
	switch kind {
	case 0: // paid later
		d.later[now+20] = append(d.later[now+20], func() error { return d.world.Sim.PayOrder(bubble.Shop, n.ID) })
	case 1: // cancelled on hold, whatever the hub's clock says of the hold
		d.later[now+30] = append(d.later[now+30], func() error { return d.world.Sim.CancelOrder(bubble.Shop, n.ID, "buyer_cancel") })
	}
	_, err := d.world.Place(n)
	d.placed[n.ID] = time.Now()
	return err
}

// look is somebody who watches the hub: pages answer, webhooks and commands are acknowledged, orders
// arrive, and no timer is late by the hub's own clock.
func (d *day) look(ctx context.Context, now int) error {
	if page := pages[now%len(pages)]; d.world.Get(page) != http.StatusOK {
		d.found.Broke("minute %d: %s was answered with %d while the clock was off by %s", now, page, d.world.Get(page), d.off)
	}
	since := time.Since(d.stepped)
	if d.stepped.IsZero() || since < resumed {
		return nil
	}
	if since < resumed+minute {
		if webhooks, commands := d.world.Acked(); webhooks <= d.before[0] || commands <= d.before[1] {
			d.found.Broke("minute %d: within %s of the clock's being set off by %s, %d webhooks and %d commands were acknowledged",
				now, since, d.off, webhooks-d.before[0], commands-d.before[1])
		}
	}
	return d.world.Hub().Views.Read(ctx, func(r projection.Reader) error {
		if d.off == 0 && since >= settled {
			if err := d.arrived(ctx, r, now, since); err != nil {
				return err
			}
			if err := d.worked(ctx, now, since); err != nil {
				return err
			}
		}
		return d.punctual(ctx, r, now)
	})
}

// worked checks that a right clock lets go of the webhooks that a wrong one put off.
func (d *day) worked(ctx context.Context, now int, since time.Duration) error {
	items, err := d.world.Hub().Vault.Listed(ctx, []string{vault.Pending}, 0, 1000)
	if err != nil {
		return fmt.Errorf("read the inbox: %w", err)
	}
	waiting := 0
	for _, item := range items {
		if age := time.Since(item.Received); age < 0 || age > settled { // received under a wrong clock, or long ago
			waiting++
		}
	}
	if waiting > 0 {
		d.found.Broke("minute %d: %d webhooks still wait, though the clock is right for %s", now, waiting, since)
	}
	return nil
}

// arrived checks that a right clock finds the orders whose webhooks were lost, also those placed under a
// wrong one.
func (d *day) arrived(ctx context.Context, r projection.Reader, now int, since time.Duration) error {
	known, err := orders.Count(ctx, r, "all")
	if err != nil {
		return err
	}
	due := 0
	for _, at := range d.placed {
		if time.Since(at) >= settled {
			due++
		}
	}
	if int(known) < due {
		d.found.Broke("minute %d: %d orders were placed more than %s ago, %d are known, though the clock is right for %s", now, due, settled, known, since)
	}
	return nil
}

func (d *day) punctual(ctx context.Context, r projection.Reader, now int) error {
	clock := time.Now().Add(d.off)
	for after := ""; ; {
		rows, next, err := fulfilment.List(ctx, r, "", after, 200)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if late := clock.Sub(row.Wake); !row.Wake.IsZero() && late > overdue {
				d.found.Broke("minute %d: order %s is %s until %s, which was %s ago by the hub's own clock", now, row.ID, row.Phase, row.Wake.Format(time.DateTime), late)
			}
		}
		if after = next; next == "" {
			return nil
		}
	}
}

// order checks in the log that no timer went off before its time by the hub's own clock. One that a clock
// set which has been set back since says nothing any more: its flow looks at once.
func (d *day) order(ctx context.Context) error {
	due, set := map[eventlog.Stream]time.Time{}, map[eventlog.Stream]time.Time{}
	for after := eventlog.Position(0); ; {
		records, err := d.world.Hub().Log.ReadAll(ctx, after, 1000)
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if len(records) == 0 {
			return nil
		}
		for _, record := range records {
			at := due[record.Stream]
			back := record.At.Before(set[record.Stream])
			if record.Cause == "timer" && record.At.Before(at) && !back {
				d.found.Broke("position %d: %s went on by a timer at %s, which was set to %s", record.Position, record.Stream, record.At, at)
			}
			switch e := record.Event.(type) {
			case flows.Waiting:
				due[record.Stream], set[record.Stream] = e.Until, record.At
			case flows.StepFailed:
				due[record.Stream], set[record.Stream] = e.Again, record.At
			}
		}
		after = records[len(records)-1].Position
	}
}
