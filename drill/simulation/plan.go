package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/projection"
)

const (
	length = 24 * time.Hour // of a day
	told   = 2 * time.Hour  // by then the hub says what a person has to do
	hold   = time.Hour      // the shop's, after payment
	skus   = 6
	scarce = 2 // of the SKUs have so little stock that orders run short
)

// plan is what happens in one day.
type plan struct {
	seed   uint64
	rng    *rand.Rand
	faults tiktoksim.Faults
	market tiktoksim.Config
	unsent float64
	acts   []act

	world    *bubble.World
	began    time.Time
	commands sync.WaitGroup
	mu       sync.Mutex
	refused  error // a command that must not be refused was
}

// act is one thing that is done to the world at a time of the day.
type act struct {
	at time.Duration
	do func(ctx context.Context) error
}

func newPlan(seed uint64) *plan {
	p := &plan{seed: seed, rng: rand.New(rand.NewPCG(seed, 21))}
	p.planFaults()
	p.planStock()
	p.planOrders()
	p.planTrouble()
	p.acts = slices.DeleteFunc(p.acts, func(a act) bool { return a.at > length }) // the day is over
	slices.SortStableFunc(p.acts, func(a, b act) int { return cmp.Compare(a.at, b.at) })
	return p
}

func (p *plan) at(when time.Duration, do func(ctx context.Context) error) {
	p.acts = append(p.acts, act{when, do})
}

// within draws a time before most.
func (p *plan) within(most time.Duration) time.Duration {
	return time.Duration(p.rng.Int64N(int64(most)))
}

// chance draws a probability up to most, or none at all in half of the days, so that no fault hides another.
func (p *plan) chance(most float64) float64 {
	if p.rng.IntN(2) == 0 {
		return 0
	}
	return most * p.rng.Float64()
}

func (p *plan) planFaults() {
	delays := []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour}
	p.faults = tiktoksim.Faults{
		Duplicate: p.chance(0.4), Delay: p.chance(0.5), Reorder: p.chance(0.4), Lose: p.chance(0.3), Garble: p.chance(0.15),
		BadSignature: p.chance(0.15), MaxDelay: delays[p.rng.IntN(len(delays))],
		API5xx: p.chance(0.2), APITimeoutAfter: p.chance(0.1), APIGarbage: p.chance(0.1), ShipNotApplied: p.chance(0.1),
		Latency: time.Duration(p.chance(float64(2 * time.Second))),
	}
	p.unsent = p.chance(0.1)
	p.market = tiktoksim.Config{
		RemorseHold: hold, LabelNotReady: p.rng.IntN(3), Restock: true, Reship: true, RetrySchedule: []time.Duration{2 * time.Minute, 30 * time.Minute, 3 * time.Hour}, // the vendor's, without the last after 12 h
		AccessLife:        []time.Duration{0, 3 * time.Hour}[p.rng.IntN(2)],
		RequestsPerSecond: []float64{0, 2}[p.rng.IntN(2)],
	}
}

func sku(i int) bubble.SKU {
	return bubble.SKU{Name: fmt.Sprintf("SKU-%02d", i), Listing: fmt.Sprintf("17290000%011d", i+1), Listed: 9999}
}

// planStock has stock arrive: at the beginning, later, and for SKUs that nobody knew when they were sold.
func (p *plan) planStock() {
	for i := range skus {
		units := int64(1000)
		if i < scarce {
			units = 1 + p.rng.Int64N(8)
		}
		p.at(p.within([]time.Duration{time.Minute, 6 * time.Hour}[p.rng.IntN(2)]), p.command(func(ctx context.Context) error {
			return p.world.Receive(ctx, sku(i).Name, units)
		}))
		for range p.rng.IntN(3) {
			more := 1 + p.rng.Int64N(5)
			p.at(p.within(length), p.command(func(ctx context.Context) error { return p.world.Receive(ctx, sku(i).Name, more) }))
		}
		if found := p.rng.Int64N(4); found > 0 {
			p.at(6*time.Hour+p.within(length-6*time.Hour), p.command(func(ctx context.Context) error {
				return p.world.Adjust(ctx, sku(i).Name, found)
			}))
		}
	}
	for range 3 {
		p.at(p.within(length), p.command(p.retry))
	}
}

// command does something beside the plan: it may have to wait until a hub answers.
func (p *plan) command(do func(ctx context.Context) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		p.commands.Go(func() {
			if err := do(ctx); err != nil {
				p.mu.Lock()
				p.refused = errors.Join(p.refused, err)
				p.mu.Unlock()
			}
		})
		return nil
	}
}

// retry is a person who sends the orders that wait for stock on their way.
func (p *plan) retry(ctx context.Context) error {
	var short []string
	err := p.world.Hub().Views.Read(ctx, func(r projection.Reader) error {
		rows, _, err := fulfilment.List(ctx, r, string(flow.Waits), "", 200)
		for _, row := range rows {
			if row.Code == fulfilment.WaitNoStock {
				short = append(short, row.ID)
			}
		}
		return err
	})
	if err != nil {
		return nil //nolint:nilerr // the hub was down just now: nobody looked
	}
	for _, id := range short {
		if err := p.world.Command(ctx, "retry-step", map[string]any{"flow": id}); err != nil && !errors.Is(err, bubble.ErrRefused) {
			return err
		}
	}
	return nil
}

// planOrders draws orders and their lives.
func (p *plan) planOrders() {
	for n := range 10 + p.rng.IntN(14) {
		var lines []tiktoksim.Line
		for _, i := range p.rng.Perm(skus)[:1+p.rng.IntN(3)] {
			lines = append(lines, tiktoksim.Line{SKUID: sku(i).Listing, Quantity: 1 + p.rng.IntN(3)})
		}
		p.life(p.within(20*time.Hour), tiktoksim.NewOrder{
			BuyerID: fmt.Sprintf("buyer-%d", n%7), BuyerName: "Drill Buyer", Address: fmt.Sprintf("%d First Street", n), Lines: lines, Packages: 1 + p.rng.IntN(2),
		})
	}
}

// life is that of one order from a time on. What its state does not allow then does not happen.
func (p *plan) life(begin time.Duration, n tiktoksim.NewOrder) {
	id := new(string)
	kind := p.rng.IntN(10)
	if kind == 6 {
		begin = min(begin, length-6*time.Hour)
	}
	n.Unpaid, n.HoldUntilCancelled = kind < 3, kind == 3
	p.at(begin, func(context.Context) (err error) {
		*id, err = p.world.Place(n)
		return err
	})
	later := func(after time.Duration, do func(shop, order string) error) {
		p.at(begin+after, func(context.Context) error {
			if err := do(bubble.Shop, *id); !errors.Is(err, tiktoksim.ErrState) {
				return err
			}
			return nil
		})
	}
	cancel := func(shop, order string) error { return p.world.Sim.CancelOrder(shop, order, "buyer_cancel") }
	sim := func(do func(*tiktoksim.Sim, string, string) error) func(shop, order string) error {
		return func(shop, order string) error { return do(p.world.Sim, shop, order) }
	}
	switch kind {
	case 0, 1: // paid later
		later(p.within(3*time.Hour), sim((*tiktoksim.Sim).PayOrder))
	case 2: // never paid; perhaps cancelled
		if p.rng.IntN(2) == 0 {
			later(p.within(6*time.Hour), cancel)
		}
	case 3: // on hold until cancelled, if ever
		if p.rng.IntN(2) == 0 {
			later(p.within(3*time.Hour), cancel)
		}
	case 4: // cancelled on hold, or in the race with the label
		later(p.within(2*hold), cancel)
	case 5: // right when it may be shipped
		later(hold+p.within(10*time.Second), cancel)
	case 6: // asked to be cancelled: done at once on hold, later it waits for an answer, which is yes here
		asked := p.within(2 * hold)
		later(asked, func(shop, order string) error { return p.world.Sim.RequestCancel(shop, order, "buyer_cancel") })
		later(asked+p.within(3*time.Hour), cancel)
	case 7: // goes elsewhere
		later(p.within(3*time.Hour), func(shop, order string) error { return p.world.Sim.ChangeAddress(shop, order, order+" Second Street") })
	}
	for _, do := range []func(*tiktoksim.Sim, string, string) error{(*tiktoksim.Sim).Collect, (*tiktoksim.Sim).Deliver, (*tiktoksim.Sim).Complete} {
		begin += hold + p.within(4*time.Hour)
		later(0, sim(do))
	}
}

// planTrouble draws what happens to the hub and to the shop.
func (p *plan) planTrouble() {
	for range p.rng.IntN(4) {
		when := p.within(length - time.Hour)
		if p.rng.IntN(2) == 0 && len(p.acts) > 0 { // right after something was done
			when = p.acts[p.rng.IntN(len(p.acts))].at + p.within(5*time.Second)
		}
		down := p.within([]time.Duration{time.Second, 30 * time.Minute}[p.rng.IntN(2)])
		p.at(when, func(ctx context.Context) error {
			if err := p.world.Crash(); err != nil {
				return err
			}
			if err := bubble.Sleep(ctx, down); err != nil {
				return err
			}
			return p.world.Start(ctx)
		})
	}
	for range p.rng.IntN(3) {
		p.at(p.within(length), func(context.Context) error { p.world.Sim.ExpireToken(bubble.Shop); return nil })
	}
	for range p.rng.IntN(3) { // the shop is away
		when := p.within(length - time.Hour)
		p.at(when, func(context.Context) error {
			away := p.faults
			away.API5xx = 1
			p.world.Sim.SetFaults(away)
			return nil
		})
		p.at(when+p.within(time.Hour), func(context.Context) error { p.world.Sim.SetFaults(p.faults); return nil })
	}
	for range p.rng.IntN(3) { // the hub's clock is a day off, for a while
		when, step := p.within(length-2*time.Hour), []time.Duration{-24 * time.Hour, 24 * time.Hour}[p.rng.IntN(2)]
		p.at(when, func(context.Context) error { p.world.SetClock(step); return nil })
		p.at(when+p.within(2*time.Hour), func(context.Context) error { p.world.SetClock(0); return nil })
	}
}

// run is the day, inside a bubble.
func (p *plan) run(dir string, r *drill.Report) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p.began = time.Now()
	all := make([]bubble.SKU, skus)
	for i := range all {
		all[i] = sku(i)
	}
	p.world, err = bubble.Open(ctx, bubble.Options{
		Dir: dir, Seed: p.seed, Market: p.market, SKUs: all, Poll: 30 * time.Minute, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return fmt.Errorf("open the world: %w", err)
	}
	defer func() { err = errors.Join(err, p.world.Close()) }()
	p.world.Sim.SetFaults(p.faults)
	p.world.SetUnsent(p.unsent)
	for _, a := range p.acts {
		if err := bubble.Sleep(ctx, time.Until(p.began.Add(a.at))); err != nil {
			return err
		}
		if err := a.do(ctx); err != nil {
			return fmt.Errorf("after %s: %w", a.at, err)
		}
	}
	return p.end(ctx, r)
}

// end lets the faults end and the hub come to rest, then judges.
func (p *plan) end(ctx context.Context, r *drill.Report) error {
	p.world.Sim.SetFaults(tiktoksim.Faults{})
	p.world.SetUnsent(0)
	p.world.SetClock(0)
	p.commands.Wait()
	if p.refused != nil {
		return p.refused
	}
	if err := bubble.Sleep(ctx, told); err != nil {
		return err
	}
	if _, err := p.world.Authorise(ctx); err != nil {
		return err
	}
	if err := p.world.Rest(ctx, 2*length, 15*time.Minute); err != nil {
		return err
	}
	if err := p.discard(ctx, r); err != nil {
		return err
	}
	if err := p.world.Stop(); err != nil {
		return err
	}
	return p.world.Judge(ctx, r)
}

// discard is a person who lets the webhooks go that came garbled: until then the hub holds that it may not have all that the shop
// told. There are no more letters of webhooks than that; one that came twice may be two, when its name is garbled too.
func (p *plan) discard(ctx context.Context, r *drill.Report) error {
	h := p.world.Hub()
	if err := h.Projections.WaitFor(ctx, h.Log.Head().Position); err != nil {
		return err
	}
	var garbled []string
	err := h.Views.Read(ctx, func(views projection.Reader) error {
		rows, _, _, err := letters.List(ctx, views, "", 200)
		for _, row := range rows {
			if strings.HasPrefix(row.ID, "inbox-") {
				garbled = append(garbled, row.ID)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if sent := p.world.Sim.Counts().Webhooks.Garbled; len(garbled) > 2*sent {
		r.Broke("%d webhooks wait for a person, and %d were garbled", len(garbled), sent)
	}
	for _, id := range garbled {
		if err := p.world.Command(ctx, "discard-deadletter", map[string]any{"id": id, "reason": "it came garbled"}); err != nil {
			return err
		}
	}
	return h.Projections.WaitFor(ctx, h.Log.Head().Position)
}
