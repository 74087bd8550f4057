package channels

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/creatorflow/creatorflow/channels/pace"
)

// Vendor is one channel: what the seller must give, how its webhooks are read and its connectors opened. Each channel's
// package has one, and a channel is added by naming it where the hub lists them.
type Vendor struct {
	Name        string  // in addresses, commands and the log: "shopify"
	Title       string  // as people call it: "TikTok Shop"
	Key, Secret Field   // what an App's Key and Secrets are called there
	Ask         []Field // what Consent must know
	Grant       []Field // what Authorize must know
	Hosts       []string
	Webhooks    Webhooks // nil where none come by HTTP
	Shopless    bool     // webhooks name no shop: they are about the app's only one

	// Keeper makes the keeper of a stored pair.
	Keeper func(Opening, Tokens) *Keeper
	// Open makes a connector; it calls nobody.
	Open func(Opening) Connector
	// Consent is the page on which a seller says yes to an app; it leads back with the state and with what Grant asks for.
	// Nil where there is no such page.
	Consent func(app App, asked Grant, state string) (string, error)
	// Authorize makes a token pair of what the seller gave and lists the shops it opens, without an ID yet. Of the Opening it
	// uses App, Client, Clock, Log and Timeout.
	Authorize func(ctx context.Context, o Opening, given Grant) (Token, []Connection, error)
}

// Field is one thing that a seller types in to connect a shop.
type Field struct {
	Name     string // "shop": of the flag, and in a Grant
	Label    string // "Shop address"
	Help     string // where to find it, a sentence
	Secret   bool   // never shown again
	Question bool   // answered with "yes", or not at all
	Optional bool
}

// Grant is what was given for some fields, by their names.
type Grant map[string]string

// Check refuses a Grant that lacks a field, or has one that nobody asked for.
func (g Grant) Check(fields []Field) error {
	known := map[string]bool{}
	for _, f := range fields {
		known[f.Name] = true
		if g[f.Name] == "" && !f.Optional {
			return Invalid{Record: "connection", Field: f.Name, Rule: "is needed: " + f.Label + ". " + f.Help}
		}
	}
	for name := range g {
		if !known[name] {
			return Invalid{Record: "connection", Field: Short(name, 40), Rule: "is not asked for"}
		}
	}
	return nil
}

// Opening is what a connector is opened with.
type Opening struct {
	App        App
	Connection Connection
	Tokens     *Keeper // one for all connections that share the pair
	Client     *http.Client
	Clock      func() time.Time
	Rand       *rand.Rand    // spreads the breaker's trials; nil = no spread
	Log        *slog.Logger  // nil = silent
	Timeout    time.Duration // of one call; 0 = the connector's own
}

// Logger is Log, or one that is silent.
func (o Opening) Logger() *slog.Logger { return cmp.Or(o.Log, slog.New(slog.DiscardHandler)) }

// State is how the way to a shop does, for people to see.
type State struct {
	Breaker  string               // "closed", "open" or "half-open"
	Failures int                  // calls without a sensible answer, in a row
	Tally    pace.Tally           // of the last hour
	Rates    map[string]pace.Rate // by endpoint called so far; the names of those that write begin with "write" or "ship"
}

// Paced is a Connector that tells how its way to the vendor does.
type Paced interface {
	State() State
}

// Capturer is a Connector whose channel can reserve a buyer's money for the seller to take.
type Capturer interface {
	// Capture takes what is reserved for an order, all that is left of it; nil also when nothing was left because all was taken. It
	// looks before it asks, so that a repeat takes nothing twice, and looks again when it was refused. Held while the channel holds
	// the order back, Awaited while the bank has not decided, Rejected when it says no or the reservation has ended: the Message
	// says what mends that.
	Capture(ctx context.Context, order string) error
}

// Carrier is who can take a parcel, as a channel names it.
type Carrier struct{ ID, Name string }

// Parcel is what the seller sends with a carrier of their own.
type Parcel struct {
	Reference string // ours, at most 40 bytes of ASCII, the same at every try
	Carrier   string // a Carrier's ID; any name where the channel names none
	Service   string // of the carrier; empty = not told
	Tracking  string
	Sent      time.Time
	Items     []ParcelItem // empty = everything that has not been sent
}

// ParcelItem is so many units of a listing in a parcel.
type ParcelItem struct {
	ListingID string
	Quantity  int64
}

// PlatformShipping is a Connector of a channel that makes labels itself. A channel may have SellerShipping besides; an Order
// says by SellerShips which of the two is meant for it.
type PlatformShipping interface {
	// Arrange arranges shipment of a package; Already when it had been arranged before.
	Arrange(ctx context.Context, pkg string) (Shipment, error)
	// Package reads a package's state, to settle an unsure Arrange.
	Package(ctx context.Context, pkg string) (Shipment, bool, error)
	// Label fetches the label file of an arranged package.
	Label(ctx context.Context, pkg string) (Label, error)
}

// SellerShipping is a Connector of a channel that is told who took a parcel and under which number.
type SellerShipping interface {
	// Carriers lists who may take an order's parcel; none means that any name is taken.
	Carriers(ctx context.Context, order string) ([]Carrier, error)
	// Send tells of a parcel that is on its way; Already when it had been told before.
	Send(ctx context.Context, order string, p Parcel) (Shipment, error)
	// Parcels reads what the channel knows of an order's parcels, to settle an unsure Send.
	Parcels(ctx context.Context, order string) ([]Parcel, error)
}

// Swapper is a Connector whose Write is WriteCompareAndSwap.
type Swapper interface {
	// SwapQuantity writes a quantity where the listed one is still from, else the failure's class is Stale. The same key
	// again has no second effect.
	SwapQuantity(ctx context.Context, product, listing string, from, to int64, key string) error
}
