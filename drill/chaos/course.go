package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

const (
	slot    = time.Hour      // all that is due in it is done at its begin
	hold    = slot           // the shop's, after payment
	early   = 6 * time.Hour  // orders are placed in these, and what is not the hub's doing happens
	late    = 24 * time.Hour // the longest delay
	poll    = early + late + 2*time.Hour
	end     = 2*poll + time.Hour // behind the poll that finds what the last delays lost
	lost    = 0.01
	copies  = 5
	skus    = 20
	posters = 128 // webhooks that are posted at the same time
)

// course is one way through the lives of a batch.
type course struct {
	seed     uint64
	lives    int
	scarce   bool
	delivery int    // 0 = each webhook comes once, at once and in order
	stream   uint64 // of randomness, the delivery's own

	world  *bubble.World
	rng    *rand.Rand // of the deliveries; the lives have their own, so that both courses have the same
	acts   map[int][]func() error
	due    map[int][]bubble.Webhook
	ends   map[string]int // how far an order is carried when it was shipped
	now    int            // slot
	mu     sync.Mutex     // guards all below
	caught []caught
}

// caught is a webhook on its way from the shop.
type caught struct {
	bubble.Webhook
	id, order, status string
}

func sku(i int) bubble.SKU {
	return bubble.SKU{Name: fmt.Sprintf("SKU-%02d", i), Listing: fmt.Sprintf("17290000%011d", i+1), Listed: 99_999}
}

// run is the course, inside a bubble.
func (c *course) run(dir string, r *drill.Report) (dump []string, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.rng = rand.New(rand.NewPCG(c.seed, c.stream))
	c.acts, c.due, c.ends = map[int][]func() error{}, map[int][]bubble.Webhook{}, map[string]int{}
	all := make([]bubble.SKU, skus)
	for i := range all {
		all[i] = sku(i)
	}
	c.world, err = bubble.Open(ctx, bubble.Options{
		Dir: dir, Seed: c.seed, SKUs: all, Poll: poll, Hooks: c.catch, Log: slog.New(slog.DiscardHandler),
		Market: tiktoksim.Config{RemorseHold: hold, LabelNotReady: 1, Restock: true, Reship: true},
	})
	if err != nil {
		return nil, fmt.Errorf("open the world: %w", err)
	}
	defer func() { err = errors.Join(err, c.world.Close()) }()
	for i := range skus {
		units := int64(1_000_000)
		if c.scarce {
			units = max(1, int64(c.lives/skus)) // about a third of what is wanted
		}
		if err := c.world.Receive(ctx, sku(i).Name, units); err != nil {
			return nil, err
		}
	}
	c.live()
	for begin := time.Now(); time.Since(begin) < end; c.now++ {
		if err := c.turn(); err != nil {
			return nil, err
		}
		if err := bubble.Sleep(ctx, time.Until(begin.Add(time.Duration(c.now+1)*slot))); err != nil {
			return nil, err
		}
	}
	if err := c.world.Rest(ctx, time.Hour, time.Minute); err != nil {
		return nil, err
	}
	if err := c.world.Stop(); err != nil {
		return nil, err
	}
	if dump, err = c.world.Dump(ctx); err != nil {
		return nil, err
	}
	return dump, c.world.Judge(ctx, r)
}

// live draws the lives: the same for every course of the seed.
func (c *course) live() {
	rng := rand.New(rand.NewPCG(c.seed, 99))
	within := func(d time.Duration) int { return rng.IntN(int(d / slot)) }
	for n := range c.lives {
		id := fmt.Sprintf("57700000%011d", n)
		lines := make([]tiktoksim.Line, 1+rng.IntN(2))
		for i, k := range rng.Perm(skus)[:len(lines)] {
			lines[i] = tiktoksim.Line{SKUID: sku(k).Listing, Quantity: 1 + rng.IntN(3)}
		}
		order := tiktoksim.NewOrder{
			ID: id, BuyerID: "buyer of " + id, BuyerName: "Drill Buyer", Address: id + " First Street", Lines: lines,
			Packages: 1 + rng.IntN(8)/7,
		}
		begin := within(early / 2)
		at := func(slot int, do func(shop, order string) error) {
			c.acts[slot] = append(c.acts[slot], func() error { return c.allowed(do(bubble.Shop, id)) })
		}
		place := func(string, string) error { _, err := c.world.Place(order); return err }
		cancel := func(shop, order string) error { return c.world.Sim.CancelOrder(shop, order, "buyer_cancel") }
		c.ends[id] = rng.IntN(4)
		kind := rng.IntN(12)
		order.Unpaid, order.HoldUntilCancelled = kind < 5, kind >= 5 && kind < 8
		at(begin, place)
		after := begin + 1 + within(early/2-slot)
		switch kind {
		case 0: // paid later
			at(after, func(shop, order string) error { return c.world.Sim.PayOrder(shop, order) })
		case 1, 2, 3: // unpaid, and cancelled
			at(after, cancel)
		case 4: // never paid
		case 5, 6: // cancelled on hold
			at(after, cancel)
		case 7: // asked on hold, which is enough
			at(after, func(shop, order string) error { return c.world.Sim.RequestCancel(shop, order, "buyer_cancel") })
		case 8, 9: // goes elsewhere
			at(begin+1, func(shop, order string) error { return c.world.Sim.ChangeAddress(shop, order, order+" Second Street") })
		case 10: // where arrival decides, a cancellation may race with the label, too
			if c.scarce {
				at(after, cancel)
			}
		}
	}
}

// allowed forgives what an order's state does not allow where lives race with the hub.
func (c *course) allowed(err error) error {
	if c.scarce && errors.Is(err, tiktoksim.ErrState) {
		return nil
	}
	return err
}

// catch takes a webhook from the shop.
func (c *course) catch(w bubble.Webhook) int {
	var body struct {
		ID   string `json:"tts_notification_id"`
		Data struct {
			Order  string `json:"order_id"`
			Status string `json:"order_status"`
		} `json:"data"`
	}
	if err := json.Unmarshal(w.Body, &body); err != nil {
		return http.StatusBadRequest
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.caught = append(c.caught, caught{w, body.ID, body.Data.Order, body.Data.Status})
	return http.StatusOK
}

// turn is one slot: what happens at the shop, then what is delivered to the hub.
func (c *course) turn() error {
	for _, do := range c.acts[c.now] {
		if err := do(); err != nil {
			return fmt.Errorf("slot %d: %w", c.now, err)
		}
	}
	delete(c.acts, c.now)
	synctest.Wait() // until the shop has sent all
	c.mu.Lock()
	fresh := c.caught
	c.caught = nil
	c.mu.Unlock()
	slices.SortFunc(fresh, func(a, b caught) int { return bytes.Compare(a.Body, b.Body) }) // those without an id
	slices.SortStableFunc(fresh, func(a, b caught) int { return strings.Compare(a.id, b.id) })
	for _, w := range fresh {
		c.plan(w)
		if w.status == "AWAITING_COLLECTION" {
			c.carry(w.order)
		}
	}
	c.deliver(c.due[c.now])
	delete(c.due, c.now)
	return nil
}

// plan says when the copies of a webhook come.
func (c *course) plan(w caught) {
	if c.delivery == 0 {
		c.due[c.now] = append(c.due[c.now], w.Webhook)
		return
	}
	if c.rng.Float64() < lost {
		return
	}
	for range 1 + c.rng.IntN(copies) {
		at := c.now
		if c.rng.IntN(4) > 0 {
			at += c.rng.IntN(int(late/slot) + 1)
		}
		c.due[at] = append(c.due[at], w.Webhook)
	}
}

// carry moves an order on that was shipped, as far as its life goes.
func (c *course) carry(order string) {
	for i, do := range []func(*tiktoksim.Sim, string, string) error{(*tiktoksim.Sim).Collect, (*tiktoksim.Sim).Deliver, (*tiktoksim.Sim).Complete} {
		if i < c.ends[order] {
			at := c.now + 1 + i
			c.acts[at] = append(c.acts[at], func() error { return c.allowed(do(c.world.Sim, bubble.Shop, order)) })
		}
	}
}

// deliver posts webhooks: in chaos many at a time and in any order, else one after the other.
func (c *course) deliver(due []bubble.Webhook) {
	if c.delivery == 0 {
		for _, w := range due {
			c.world.Post(w)
		}
		return
	}
	c.rng.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	var posting sync.WaitGroup
	room := make(chan struct{}, posters)
	for _, w := range due {
		room <- struct{}{}
		posting.Go(func() {
			c.world.Post(w)
			<-room
		})
	}
	posting.Wait()
}
