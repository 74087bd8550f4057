package outage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/engine"
	"github.com/creatorflow/creatorflow/vault"
)

// VirtualOptions of the drill in virtual time: among so many webhooks the channel is away for a while,
// and of the answers that it gives otherwise one in twenty is a fault that passes.
type VirtualOptions struct {
	Dir      string // for the data folder
	Webhooks int    // to be acknowledged
	Away     time.Duration
	Seed     uint64
	Version  string
}

const (
	faults    = 0.05
	perMinute = 330              // orders, each of which brings some three webhooks
	hold      = 10 * time.Minute // the shop's, after payment
	skus      = 20
	limit     = 2 * time.Hour // of the drill, in real time
)

// backlog is what waits while the channel is away, and its world.
type backlog struct {
	o     VirtualOptions
	found *drill.Report
	rng   *rand.Rand
	world *bubble.World
	away  calls // that the shop got while it was away
}

// calls are how many the shop's API got, and how many of them it answered with a fault.
type calls struct{ all, faults int64 }

func (b *backlog) calls() (c calls) {
	counts := b.world.Sim.Counts()
	for _, n := range counts.Requests {
		c.all += int64(n)
	}
	for _, n := range counts.Faults {
		c.faults += int64(n)
	}
	return c
}

// Virtual takes the channel away in virtual time.
func Virtual(ctx context.Context, o VirtualOptions) (r drill.Report, err error) {
	started := time.Now()
	r = drill.Report{Name: "outage", Engine: engine.SQLite, Seed: o.Seed, Cycles: o.Webhooks, Commit: o.Version}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return r, fmt.Errorf("make the drill's folder: %w", err)
	}
	b := backlog{o: o, found: &r, rng: rand.New(rand.NewPCG(o.Seed, 41))}
	err = bubble.Run(limit, func() error { return b.run(context.WithoutCancel(ctx)) }) // what ends it is the bubble's own
	if errors.Is(err, bubble.ErrStill) || ctx.Err() != nil {
		return r, errors.Join(err, ctx.Err())
	}
	if err != nil {
		r.Broke("%v", err) // a part that hangs, panics or ends by itself is the hub's fault
	}
	r.Seconds = time.Since(started).Seconds()
	return r, nil
}

func sku(i int) bubble.SKU {
	return bubble.SKU{Name: fmt.Sprintf("SKU-%02d", i), Listing: fmt.Sprintf("17290000%011d", i+1), Listed: 9_999_999}
}

// run is the drill, inside a bubble.
func (b *backlog) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all := make([]bubble.SKU, skus)
	for i := range all {
		all[i] = sku(i)
	}
	now := tiktoksim.Faults{API5xx: faults}
	b.world, err = bubble.Open(ctx, bubble.Options{
		Dir: b.o.Dir, Seed: b.o.Seed, SKUs: all, Poll: 10 * time.Minute, Log: slog.New(slog.DiscardHandler),
		Market: tiktoksim.Config{RemorseHold: hold, LabelNotReady: 1, Restock: true, Reship: true, Faults: now},
	})
	if err != nil {
		return fmt.Errorf("open the world: %w", err)
	}
	defer func() { err = errors.Join(err, b.world.Close()) }()
	for i := range skus {
		if err := b.world.Receive(ctx, sku(i).Name, 1_000_000); err != nil {
			return err
		}
	}
	leaves, returns, away := time.Minute, time.Minute+b.o.Away, false
	for began, acked := time.Now(), 0; acked < b.o.Webhooks || time.Since(began) < returns; {
		switch gone := time.Since(began); {
		case gone >= leaves && gone < returns:
			away = true
			b.world.Sim.SetFaults(tiktoksim.Faults{API5xx: 1})
		default:
			away = false
			b.world.Sim.SetFaults(now)
		}
		before, called := acked, b.calls()
		if err := b.minute(ctx); err != nil {
			return err
		}
		if more := b.calls(); away {
			b.away.all, b.away.faults = b.away.all+more.all-called.all, b.away.faults+more.faults-called.faults
		}
		if acked, _ = b.world.Acked(); acked <= before {
			b.found.Broke("in a minute, %s after the beginning, no webhook was acknowledged", time.Since(began))
		}
		if status := b.world.Get("/api/v1/orders?limit=20"); status != http.StatusOK {
			b.found.Broke("%s after the beginning, a page was answered with %d", time.Since(began), status)
		}
	}
	b.world.Sim.SetFaults(now) // few webhooks are acknowledged before it returns
	if err := bubble.Sleep(ctx, 2*hold); err != nil {
		return err
	}
	if err := b.world.Rest(ctx, 24*time.Hour, 15*time.Minute); err != nil {
		return err
	}
	b.world.Sim.SetFaults(tiktoksim.Faults{})
	if err := b.world.Stop(); err != nil {
		return err
	}
	if err := b.world.Judge(ctx, b.found); err != nil {
		return err
	}
	if err := b.processed(ctx); err != nil {
		return err
	}
	return b.inOrder(ctx)
}

// minute places the orders of a minute and sends a command.
func (b *backlog) minute(ctx context.Context) error {
	if err := b.world.Receive(ctx, sku(b.rng.IntN(skus)).Name, 1); err != nil {
		return err
	}
	for range perMinute {
		n := tiktoksim.NewOrder{
			BuyerID: fmt.Sprintf("buyer-%d", b.rng.IntN(997)), BuyerName: "Drill Buyer", Address: "First Street",
			Lines: []tiktoksim.Line{{SKUID: sku(b.rng.IntN(skus)).Listing, Quantity: 1 + b.rng.IntN(3)}},
		}
		if _, err := b.world.Place(n); err != nil {
			return err
		}
		if err := bubble.Sleep(ctx, time.Minute/perMinute); err != nil {
			return err
		}
	}
	return nil
}

// processed checks that at least 99.9 % of the webhooks were worked off, and that each of the others is a
// letter that a person can see.
func (b *backlog) processed(ctx context.Context) error {
	counts, err := b.world.Hub().Vault.InboxCounts(ctx)
	if err != nil {
		return err
	}
	all := int64(0)
	for _, n := range counts {
		all += n
	}
	done, called := counts[vault.Done]+counts[vault.Superseded], b.calls()
	b.found.Worked = drill.Worked{Webhooks: all, Processed: done, Calls: called.all - b.away.all, Faults: called.faults - b.away.faults}
	if acked, _ := b.world.Acked(); all < int64(acked) {
		b.found.Broke("%d webhooks were acknowledged, the inbox has %d", acked, all)
	}
	if done*1000 < all*999 {
		b.found.Broke("%d of %d webhooks were processed, less than 99.9 %%: %v", done, all, counts)
	}
	return b.world.Hub().Views.Read(ctx, func(r projection.Reader) error {
		_, told, _, err := letters.List(ctx, r, "", 1)
		b.found.Worked.Letters = told
		if err == nil && told < all-done {
			b.found.Broke("%d webhooks were not processed, but the list of dead letters has %d", all-done, told)
		}
		return err
	})
}

// inOrder checks in the log that each order's news was taken in as it happened at the shop.
func (b *backlog) inOrder(ctx context.Context) error {
	last := map[eventlog.Stream]time.Time{}
	for after := eventlog.Position(0); ; {
		records, err := b.world.Hub().Log.ReadAll(ctx, after, 1000)
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if len(records) == 0 {
			return nil
		}
		for _, record := range records {
			if _, ok := record.Event.(orderevents.StatusChanged); !ok {
				continue
			}
			if record.Occurred.Before(last[record.Stream]) {
				b.found.Broke("position %d: %s goes back from %s to %s", record.Position, record.Stream, last[record.Stream], record.Occurred)
			}
			last[record.Stream] = record.Occurred
		}
		after = records[len(records)-1].Position
	}
}
