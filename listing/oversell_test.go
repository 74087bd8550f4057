package listing_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

const (
	other    = "7490000000000000043"
	otherHat = "17290009"
)

// market is what really was sold, by both shops.
type market struct {
	world
	total  int            // hats that ever were in the house
	sold   map[string]int // units by order, of those that nobody cancelled
	shops  map[string]string
	listed map[string]string // the listing of a hat by shop
}

func (w world) market() *market {
	return &market{world: w, total: 100, sold: map[string]int{}, shops: map[string]string{}, listed: map[string]string{bubble.Shop: hat}}
}

// open connects a second shop, which has the policy and is never heard of by webhook.
func (m *market) open(policy string) {
	m.Sim.AddShop(tiktoksim.Shop{ID: other, Name: "Other shop", Region: "GB", Currency: "GBP"})
	_, err := m.Sim.AddProduct(other, tiktoksim.Product{Title: "HAT", SKUs: []tiktoksim.SKU{{ID: otherHat, SellerSKU: "HAT", Price: "1.99"}}})
	m.must(err)
	added, err := m.Hub().Shops.Authorize(m.ctx, m.Hub().Shops.Connections()[0].App, channels.Grant{"code": m.Sim.AuthCode(other)}, "Other shop")
	m.must(err)
	m.listed[other] = otherHat
	m.must(m.Command(m.ctx, "set-listing-policy", map[string]any{"policy": policy}))
	m.must(m.Command(m.ctx, "push-quantities", map[string]any{"connection": added[0].ID, "on": true}))
}

// promised is what was sold and what can be.
func (m *market) promised() (units int) {
	for shop, listing := range m.listed {
		s, err := m.Sim.Stock(shop, listing)
		m.must(err)
		units += s.Listed
	}
	for _, n := range m.sold {
		units += n
	}
	return units
}

// buy is a buyer who takes what is listed, if it is.
func (m *market) buy(shop string, units int) {
	id, err := m.Sim.PlaceOrder(shop, tiktoksim.NewOrder{
		BuyerID: "b", BuyerName: "Ana", Address: "First Street", Lines: []tiktoksim.Line{{SKUID: m.listed[shop], Quantity: units}},
	})
	if errors.Is(err, tiktoksim.ErrNotListed) {
		return
	}
	m.must(err)
	m.sold[id], m.shops[id] = units, shop
}

// seconds lets time go by and looks at each of them whether more is promised than there is.
func (m *market) seconds(n int, each func()) { m.steps(n, time.Second, each) }

func (m *market) steps(n int, step time.Duration, each func()) {
	for range n {
		m.sleep(step)
		each()
		if got := m.promised(); got > m.total {
			known, _ := m.Hub().Listing.SKU("HAT")
			panic(fmt.Sprintf("%d units are sold or can be, there are %d: %+v", got, m.total, known)) // ends the bubble
		}
	}
}

// TestNeverOversold: buyers on one shop or two, lost webhooks, writes that come late, come to nothing, are refused or get no
// answer, cancellations that go back on the listing, deliveries, and hands that lower what is listed: never is more sold
// or to be sold than there is, and in the end all of it is listed.
func TestNeverOversold(t *testing.T) {
	seeds, length := uint64(8), 1800
	if raced {
		seeds, length = 2, 300
	}
	for seed := range seeds {
		shops := 1 + int(seed%2)
		t.Run(fmt.Sprintf("seed %d, %d shops", seed, shops), func(t *testing.T) {
			config := tiktoksim.Config{ApplyDelay: time.Duration(seed%4) * 9 * time.Second, Restock: true, RequestsPerSecond: 5, RemorseHold: 12 * time.Hour}
			in(t, 60, config, func(w world) {
				m, rng := w.market(), rand.New(rand.NewPCG(seed, 7))
				w.push(true)
				ids := []string{bubble.Shop}
				if shops == 2 {
					m.open("escrow")
					ids = append(ids, other)
				}
				m.steps(30, 10*time.Second, func() {})
				w.Sim.SetFaults(tiktoksim.Faults{Lose: 0.3, AcceptedNotApplied: 0.1, API5xx: 0.1, APITimeoutAfter: 0.05, Duplicate: 0.2, Delay: 0.3, MaxDelay: 20 * time.Second})
				m.seconds(length, func() {
					shop := ids[rng.IntN(len(ids))]
					switch rng.IntN(60) {
					case 0, 1, 2:
						m.buy(shop, 1+rng.IntN(3))
					case 3:
						for id := range m.sold { // none has been shipped: the channel holds them all
							m.must(m.Sim.CancelOrder(m.shops[id], id, "buyer_cancel"))
							delete(m.sold, id)
							break
						}
					case 4:
						if s, err := m.Sim.Stock(shop, m.listed[shop]); err == nil && rng.IntN(3) == 0 {
							m.must(m.Sim.SetQuantity(shop, m.listed[shop], s.Listed/2))
						}
					case 5:
						if rng.IntN(5) == 0 {
							m.must(m.Receive(m.ctx, "HAT", 10))
							m.total += 10
						}
					}
				})
				w.Sim.SetFaults(tiktoksim.Faults{})
				m.steps(240, 30*time.Second, func() {})
				if got := m.promised(); got != m.total {
					known, _ := w.Hub().Listing.SKU("HAT")
					t.Errorf("%d of %d units are sold or listed in the end: %+v", got, m.total, known)
				}
			})
		})
	}
}

// TestCrashBetweenSentAndAnswer: a write leaves, the hub dies before it hears of it, and the write takes effect long after the
// restart. Nothing is raised on the reading from before it did, so the units that were sold since are not sold again.
func TestCrashBetweenSentAndAnswer(t *testing.T) {
	in(t, 40, tiktoksim.Config{ApplyDelay: 40 * time.Second}, func(w world) {
		m := w.market()
		w.push(true)
		for i := 0; len(told[events.Sent](w)) < 2; i++ { // a 0, then the share
			if m.seconds(1, func() {}); i == 600 {
				panic("the share is never written")
			}
			if len(told[events.Answered](w)) == 1 {
				w.Sim.SetFaults(tiktoksim.Faults{Latency: 3 * time.Second}) // the next answer comes after the crash
			}
		}
		if n := len(told[events.Answered](w)); n != 1 {
			panic(fmt.Sprintf("%d answers before the crash, want that of the 0", n))
		}
		w.must(w.Crash())
		w.Sim.SetFaults(tiktoksim.Faults{})
		m.seconds(10, func() {})
		w.must(w.Start(w.ctx))
		sold := false
		m.seconds(600, func() {
			if !sold && m.promised() == 100 { // the write of before the crash has taken effect
				sold = true
				m.buy(bubble.Shop, 70)
			}
		})
		if !sold {
			t.Error("the write of before the crash never took effect")
		}
		w.lists(30)
		if sets := len(told[events.Sent](w)); sets != 2 {
			t.Errorf("%d writes, want none after the crash: the one before it did all", sets)
		}
	})
}
