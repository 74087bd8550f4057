// Package amazon speaks Amazon's Selling Partner API for one seller in one marketplace.
//
//	Connector method ─► wire.Line ─► the vendor
//	      ▲                               │
//	      └── channels.Order, Quantity … ◄┘ or a Failure with its class
//	ORDER_CHANGE, quantities ─► SQS queue ─► wire.Queue ─► ingest ─► Notices.Hints
//
// The vendor's words end here. There are no webhooks: news come through a queue of the seller's, and the list of changed
// orders, of which only some twenty calls an hour are to be had, finds what the queue did not bring.
package amazon

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/aftersales"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

// MaxQuantity is the most that is listed of one SKU; the vendor names no limit.
const MaxQuantity = 999_999

// PollEvery is how often the changed orders of a shop may be listed: the vendor takes one call in 179 seconds.
const PollEvery = 3 * time.Minute

// Connector speaks to one shop. Its methods may be called from many goroutines.
type Connector struct {
	*wire.Line
	*aftersales.Desk
	o      channels.Opening
	shop   channels.Connection
	place  wire.Place
	seller string
	clock  func() time.Time
	queue  *wire.Queue

	mu     sync.Mutex              // guards all below
	types  map[string]string       // product types, by SKU
	orders map[string]wireShipping // by id: as they were shown last, for shipping

	refusesZero atomic.Bool
}

var (
	_ channels.Connector      = (*Connector)(nil)
	_ channels.SellerShipping = (*Connector)(nil)
	_ channels.Examiner       = (*Connector)(nil)
	_ channels.Clocked        = (*Connector)(nil)
	_ channels.Queued         = (*Connector)(nil)
	_ channels.Paced          = (*Connector)(nil)
	_ channels.AfterSales     = (*Connector)(nil)
	_ channels.Canceller      = (*Connector)(nil)
	_ channels.Historian      = (*Connector)(nil)
	_ channels.Newsy          = (*Connector)(nil)
)

// New makes a connector; it calls nobody.
func New(o channels.Opening) *Connector {
	extra := o.Connection.Extra
	c := &Connector{
		Line: wire.New(o), o: o, shop: o.Connection, place: wire.PlaceOf(extra[wire.ExtraMarketplace]), seller: extra[wire.ExtraSeller], clock: o.Clock,
		queue: wire.QueueOf(o), types: map[string]string{}, orders: map[string]wireShipping{},
	}
	c.Desk = aftersales.New(c.Line, o, c.Orders)
	return c
}

// Capabilities implements channels.Connector. Units of cancelled orders count as put back, the safe side for exposure.
func (c *Connector) Capabilities() channels.Capabilities {
	return channels.Capabilities{
		TakesOrders: true, CollectsMoney: true, Write: channels.WriteAbsolute, AcceptsZero: !c.refusesZero.Load(), RestocksCancels: true,
		MaxQuantity: MaxQuantity, HidesCommitted: true, PollEvery: PollEvery, ListsAfter: listLag, OrdersAtOnce: 5, AnyCarrier: true,
	}
}

// Queue implements channels.Queued.
func (c *Connector) Queue() channels.Queue {
	if c.queue == nil {
		return nil // and not a nil of another type
	}
	return c.queue
}

// Listen implements channels.Queued.
func (c *Connector) Listen(ctx context.Context) (added channels.Subscription, err error) {
	if c.queue == nil {
		return added, nil
	}
	t, err := c.o.Tokens.Current(ctx)
	if err != nil {
		return added, err
	}
	if did, err := wire.Listen(ctx, c.o, t.Access); err != nil || did {
		if did {
			added = channels.Subscription{Topic: wire.OrderChange, Address: c.shop.Extra[wire.ExtraQueue]}
		}
		return added, err
	}
	if !c.wantsQuantities() {
		return added, nil
	}
	// Without these a listing is looked at in its turn. The doctor says so: a "no" of Amazon's is no reason to ask again in minutes.
	if bus, err := wire.ListenQuantities(ctx, c.o, t.Access); err == nil && bus != "" {
		added = channels.Subscription{Topic: wire.QuantityChange, Address: bus}
	}
	return added, nil
}

// wantsQuantities says that the owner wants news of quantities. They need an event source in the owner's AWS account, which nobody
// makes there unasked.
func (c *Connector) wantsQuantities() bool { return c.shop.Extra[wire.ExtraQuantities] != "" }

// Concerns implements channels.Newsy: a listing's id is its SKU.
func (c *Connector) Concerns(n channels.News) (listing string, ok bool) {
	return n.Item, n.Seller == c.seller && (n.Place == "" || n.Place == ownStock)
}

// ownStock is what the vendor calls the stock that the seller sends from.
const ownStock = "DEFAULT"
