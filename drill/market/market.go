// Package market is a seller's whole trade in virtual time: TikTok Shop, Shopify, Amazon and the Instagram catalogue, card
// payments and bought labels, each simulated at a port of its own, and one hub that all of them are connected to.
//
//	buyers ─► Shop.Buy, Cancel ─► simulators ─► hub ─► quantities, parcels, payments, the catalogue
package market

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/partners/easypost/easypostsim"
	"github.com/creatorflow/creatorflow/partners/stripe/stripesim"
)

// Line is what a buyer takes of one SKU.
type Line struct {
	SKU   string
	Units int
}

// Shop takes orders, as its buyers and its seller have it, whatever the channel.
type Shop struct {
	Name  string
	Share int    // of the orders, in percent
	ID    string // of the connection, at the hub

	Listed func(sku string) (units int, err error)
	Buy    func(lines []Line) (order string, err error) // ErrNotListed when there is not that much for sale
	Edit   func(sku string, quantity int) error         // by hand at the channel; nil where orders are entered at the hub
	// Cancel is the buyer, or the seller for them, taking a whole order back at the channel; false when it is too late for that there.
	Cancel func(order string) (bool, error)
	Over   func() int      // calls beyond the vendor's quota
	Twice  func() []string // what was done more than once that must be done once
	faults func(Faults)
}

// Faults are how often vendors fail.
type Faults struct {
	Again float64 // of the news come twice
	Lost  float64 // of the news never come
	Fails float64 // of the calls fail, in each of the ways that a vendor has
	Late  float64 // of the news come up to 2 s late
}

// ErrNotListed is a shop's no to a buyer.
var ErrNotListed = errors.New("not listed")

// Options of a Market.
type Options struct {
	Dir  string // for the hub's data
	Seed uint64
	SKUs []string
	Poll time.Duration // of the hub, between reconciling polls
	Hold time.Duration // in which TikTok Shop's buyers cancel by themselves

	Audit time.Duration // as bubble.Options has it
}

// Market are the shops of a world and the catalogue that follows the first of them.
type Market struct {
	*bubble.World
	Shops     []*Shop
	Catalogue string // the connection
	Instagram *instagramsim.Sim
	Stripe    *stripesim.Sim
	EasyPost  *easypostsim.Sim

	o        Options
	listings map[string]string // of TikTok Shop, by SKU

	mu      sync.Mutex // guards all below
	rng     *rand.Rand // of the partners' faults
	failing float64
	number  int // of the last direct sale
	homes   int // of buyers so far
}

const (
	shopifyPort   = 9091
	amazonPort    = 9092
	instagramPort = 9093
	stripePort    = 9094
	easypostPort  = 9095

	key  = "marketkey"
	word = "a-word-of-the-simulators"
)

// Open makes a world with TikTok Shop in it, whose quantities the hub does not write yet. Connect opens the rest.
func Open(ctx context.Context, o Options) (m *Market, err error) {
	m = &Market{o: o, listings: map[string]string{}, rng: rand.New(rand.NewPCG(o.Seed, 57))}
	all := make([]bubble.SKU, len(o.SKUs))
	for i, sku := range o.SKUs {
		m.listings[sku] = fmt.Sprintf("17290000%011d", i+1)
		all[i] = bubble.SKU{Name: sku, Listing: m.listings[sku]}
	}
	m.World, err = bubble.Open(ctx, bubble.Options{
		Dir: o.Dir, Seed: o.Seed, SKUs: all, Poll: o.Poll, Audit: o.Audit, Public: true, Log: slog.New(slog.DiscardHandler),
		Market: tiktoksim.Config{RemorseHold: o.Hold, Restock: true, RequestsPerSecond: 50, ApplyDelay: 500 * time.Millisecond},
	})
	if err != nil {
		return nil, fmt.Errorf("open the world: %w", err)
	}
	return m, nil
}

// Connect connects the shops one after the other and has the hub write their quantities.
func (m *Market) Connect(ctx context.Context) error {
	for n, open := range []func(context.Context, uint64) error{m.tiktok, m.shopify, m.amazon, m.direct, m.follow} {
		if err := open(ctx, m.o.Seed+uint64(n)); err != nil {
			return err
		}
	}
	return nil
}

// Shop is the one whose share of a hundred orders the n-th falls into, from 0.
func (m *Market) Shop(n int) *Shop {
	for _, s := range m.Shops {
		if n -= s.Share; n < 0 {
			return s
		}
	}
	return m.Shops[0]
}

// street is where the next buyer lives: another one each time.
func (m *Market) street() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.homes++
	return fmt.Sprintf("%d High Street", m.homes)
}

// Break sets how often vendors, partners and the catalogue fail from now on.
func (m *Market) Break(f Faults) {
	for _, s := range m.Shops {
		s.faults(f)
	}
	// What a batch leaves undone that says it is finished is found by the next look at the whole catalogue: nobody buys there.
	m.Instagram.SetFaults(instagramsim.Faults{API5xx: f.Fails, APITimeoutAfter: f.Fails, APIGarbage: f.Fails, Latency: slow(f)})
}

// connect has the hub keep a vendor's credentials and open its one shop.
func (m *Market) connect(ctx context.Context, app channels.App, port int, given channels.Grant) (id string, err error) {
	app.BaseURL = at(port)
	app.AuthURL = app.BaseURL
	kept, err := m.Hub().Shops.AddApp(ctx, app)
	if err != nil {
		return "", fmt.Errorf("add the app of %s: %w", app.Channel, err)
	}
	added, err := m.Hub().Shops.Authorize(ctx, kept.ID, given, app.Channel)
	if err != nil {
		return "", fmt.Errorf("authorize the shop of %s: %w", app.Channel, err)
	}
	return added[0].ID, nil
}

// push has the hub write a shop's quantities.
func (m *Market) push(ctx context.Context, connection string) error {
	return m.Command(ctx, "push-quantities", map[string]any{"connection": connection, "on": true})
}

func at(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// refused says whether a simulator or the hub says no to a buyer because there is not that much.
func refused(err error) error {
	if errors.Is(err, tiktoksim.ErrNotListed) || errors.Is(err, shopifysim.ErrNotListed) || errors.Is(err, amazonsim.ErrNotListed) {
		return ErrNotListed
	}
	return err
}
