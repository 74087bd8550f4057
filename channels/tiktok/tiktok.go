// Package tiktok speaks the TikTok Shop Open API for one shop.
//
//	Connector method ─► wire.Line ─► the vendor
//	      ▲                               │
//	      └── channels.Order, Quantity … ◄┘ or a Failure with its class
//
// The vendor's words end here: ids become strings whatever they were, decimal strings become money, statuses the hub's own.
// A record that cannot be read becomes a channels.Invalid beside its neighbours.
package tiktok

import (
	"context"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/aftersales"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
)

// MaxQuantity is the most that can be listed of one SKU.
const MaxQuantity = 99_999

// What the way to the vendor is opened with, and how it does.
type (
	// Options is what a connector needs.
	Options = wire.Options
	// State is how the connection does, for people to see.
	State = wire.State
)

// The vendor's hosts, for an App that names none.
const (
	BaseURL = wire.BaseURL
	AuthURL = wire.AuthURL
)

// NewKeeper makes the keeper of a stored pair. Of o it uses App, Client, Clock, Log and Timeout.
func NewKeeper(o Options, store channels.Tokens) *channels.Keeper { return wire.NewKeeper(o, store) }

// Consent is the page on which a seller says yes to an app, which its service id names. A simulator, at an address of its
// own, has the page there.
func Consent(app channels.App, service, state string, us bool) string {
	page := "https://services.tiktokshop.com"
	switch {
	case app.AuthURL != "" && app.AuthURL != AuthURL:
		page = app.AuthURL
	case us:
		page = "https://services.tiktokshops.us"
	}
	return page + "/open/authorize?" + url.Values{"service_id": {service}, "state": {state}}.Encode()
}

// Authorize exchanges the code a seller's consent gave (30 minutes, once) for a token pair and lists the shops it opens.
// Of o it uses App, Client, Clock and Timeout. The connections have no ID yet; all of them share the one pair.
func Authorize(ctx context.Context, o Options, code string) (channels.Token, []channels.Connection, error) {
	return wire.Authorize(ctx, o, code)
}

// Connector speaks to one shop. Its methods may be called from many goroutines.
type Connector struct {
	*wire.Line
	aftersales.Desk
	shop channels.Connection

	mu         sync.Mutex          // guards warehouses
	warehouses map[string][]string // by listing, sorted

	refusesZero atomic.Bool
}

var (
	_ channels.Connector    = (*Connector)(nil)
	_ channels.Examiner     = (*Connector)(nil)
	_ channels.Subscriber   = (*Connector)(nil)
	_ channels.VariantNamer = (*Connector)(nil)
	_ channels.AfterSales   = (*Connector)(nil)
	_ channels.Clocked      = (*Connector)(nil)
	_ channels.Prober       = Webhooks{}
)

// New makes a connector; it calls nobody.
func New(o Options) *Connector {
	line := wire.New(o)
	return &Connector{Line: line, Desk: aftersales.New(line), shop: o.Connection, warehouses: map[string][]string{}}
}

// Capabilities implements channels.Connector. Whether the vendor takes a quantity of 0 is not documented: it counts as
// taken until a 0 has been refused. Units of cancelled orders count as put back, the safe side for exposure.
func (c *Connector) Capabilities() channels.Capabilities {
	return channels.Capabilities{
		TakesOrders: true, CollectsMoney: true, Labels: true, Write: channels.WriteAbsolute,
		AcceptsZero: !c.refusesZero.Load(), RestocksCancels: true, MaxQuantity: MaxQuantity,
	}
}
