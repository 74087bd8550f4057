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
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/aftersales"
	ship "github.com/creatorflow/creatorflow/channels/tiktok/parcels"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
)

// MaxQuantity is the most that can be listed of one SKU.
const MaxQuantity = 99_999

// The vendor's hosts, for an App that names none.
const (
	BaseURL = wire.BaseURL
	AuthURL = wire.AuthURL
)

// Vendor is TikTok Shop, for the hub's list of channels.
var Vendor = channels.Vendor{
	Name: "tiktok", Title: "TikTok Shop",
	Key:    channels.Field{Name: "app-key", Label: "App key", Help: "Partner Center shows it with the app."},
	Secret: channels.Field{Name: "app-secret", Label: "App secret", Help: "Partner Center shows it with the app.", Secret: true},
	Ask: []channels.Field{
		{Name: "service", Label: "Service id", Help: "Partner Center shows it with the app. The app's redirect address there must be the hub's channels page."},
		{Name: "us", Label: "Does the shop sell in the United States?", Help: "The consent page is another one there.", Question: true, Optional: true},
	},
	Grant: []channels.Field{
		{Name: "code", Label: "Code", Help: "From the seller's consent; it lives 30 minutes and works once. The whole address that it came back in will do."},
	},
	Hosts:     []string{BaseURL, AuthURL},
	Webhooks:  Webhooks{},
	Keeper:    wire.NewKeeper,
	Open:      func(o channels.Opening) channels.Connector { return New(o) },
	Consent:   consent,
	Authorize: wire.Authorize,
}

// consent is the page on which a seller says yes to an app, which its service id names. A simulator, at an address of its
// own, has the page there.
func consent(app channels.App, asked channels.Grant, state string) (string, error) {
	page := "https://services.tiktokshop.com"
	switch {
	case app.AuthURL != "" && app.AuthURL != AuthURL:
		page = app.AuthURL
	case asked["us"] != "":
		page = "https://services.tiktokshops.us"
	}
	return page + "/open/authorize?" + url.Values{"service_id": {asked["service"]}, "state": {state}}.Encode(), nil
}

// parcels tells the vendor of parcels of the seller's own carrier, and which units travel together.
type parcels = ship.Desk

// Connector speaks to one shop. Its methods may be called from many goroutines.
type Connector struct {
	*wire.Line
	aftersales.Desk
	parcels
	shop   channels.Connection
	orders *memory

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
	_ channels.Canceller    = (*Connector)(nil)
	_ channels.Clocked      = (*Connector)(nil)
	_ channels.Paced        = (*Connector)(nil)
	_ channels.Historian    = (*Connector)(nil)

	_ channels.PlatformShipping = (*Connector)(nil)

	_ channels.Prober = Webhooks{}

	_ channels.SellerShipping = (*Connector)(nil)
	_ channels.Retracker      = (*Connector)(nil)
	_ channels.Repacker       = (*Connector)(nil)
)

// New makes a connector; it calls nobody.
func New(o channels.Opening) *Connector {
	line := wire.New(o)
	return &Connector{Line: line, Desk: aftersales.New(line), parcels: ship.New(line), shop: o.Connection, orders: newMemory(o.Clock), warehouses: map[string][]string{}}
}

// Capabilities implements channels.Connector. Whether the vendor takes a quantity of 0 is not documented: it counts as
// taken until a 0 has been refused. Units of cancelled orders count as put back, the safe side for exposure.
func (c *Connector) Capabilities() channels.Capabilities {
	return channels.Capabilities{
		TakesOrders: true, CollectsMoney: true, Labels: true, Write: channels.WriteAbsolute,
		AcceptsZero: !c.refusesZero.Load(), RestocksCancels: true, MaxQuantity: MaxQuantity,
	}
}
