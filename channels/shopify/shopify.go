// Package shopify speaks Shopify's Admin GraphQL API for one shop.
//
//	Connector method ─► document and variables ─► wire.Line ─► the vendor
//	      ▲                                            │
//	      └── channels.Order, Quantity … ◄─────────────┘ or a Failure with its class
//
// The vendor's words end here: of gid://shopify/Order/1 the hub keeps "1", a string always; decimal strings become money, the
// states of payment and sending one state in the hub's words. A record that cannot be read becomes a channels.Invalid beside
// its neighbours. A shop may have several locations: the hub keeps the stock of one.
package shopify

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/aftersales"
	"github.com/creatorflow/creatorflow/channels/shopify/orders"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

// MaxQuantity is the most that can be listed of one SKU.
const MaxQuantity = 1_000_000_000

// scopes are what the hub needs a seller to grant.
var scopes = []string{
	"read_orders", "write_orders", "read_customers", "read_products", "read_inventory", "write_inventory", "read_locations",
	"read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders", "read_returns", "write_returns",
}

// extraLocation is the name in channels.Connection.Extra of the location that the hub keeps the stock of.
const extraLocation = "location"

// Vendor is Shopify, for the hub's list of channels.
var Vendor = channels.Vendor{
	Name: "shopify", Title: "Shopify",
	Key:    channels.Field{Name: "app-key", Label: "Client ID", Help: "Shopify's Dev Dashboard shows it in the app's settings."},
	Secret: channels.Field{Name: "app-secret", Label: "Client secret", Help: "Shopify's Dev Dashboard shows it in the app's settings.", Secret: true},
	Ask: []channels.Field{
		shopField,
		{Name: "redirect", Label: "Where Shopify leads back to", Help: "One of the redirect URLs in the app's settings: this hub's channels screen."},
	},
	Grant: []channels.Field{
		shopField,
		{Name: "code", Label: "Code", Help: "From the seller's consent; it works once. The whole address that it came back in will do. Empty when the app and the shop belong to one organisation.", Optional: true},
		{Name: "location", Label: "Location", Help: "The number of the location that the hub keeps the stock of, where the shop has several. Empty: the first that fulfils online orders.", Optional: true},
		{Name: "hmac", Label: "Signature", Help: "Comes back from the consent page; nothing to type.", Optional: true},
		{Name: "timestamp", Label: "Time", Help: "Comes back from the consent page; nothing to type.", Optional: true},
		{Name: "host", Label: "Host", Help: "Comes back from the consent page; nothing to type.", Optional: true},
		{Name: "state", Label: "State", Help: "Comes back from the consent page; nothing to type.", Optional: true},
	},
	Webhooks:  Webhooks{},
	Keeper:    wire.NewKeeper,
	Open:      func(o channels.Opening) channels.Connector { return New(o) },
	Consent:   consent,
	Authorize: authorize,
}

var shopField = channels.Field{Name: "shop", Label: "Shop address", Help: "It ends with .myshopify.com; the shop's settings show it under Domains."}

// shopOf reads a shop's address as people write it.
func shopOf(text string) (string, error) {
	shop := strings.ToLower(strings.TrimSpace(text))
	shop = strings.TrimPrefix(strings.TrimPrefix(shop, "https://"), "http://")
	shop, _, _ = strings.Cut(shop, "/")
	if shop != "" && !strings.Contains(shop, ".") {
		shop += ".myshopify.com"
	}
	if !wire.IsDomain(shop) {
		return "", channels.Invalid{Record: "connection", Field: "shop", Rule: "must be a Shopify address such as my-shop.myshopify.com", Sample: channels.Short(text, 48)}
	}
	return shop, nil
}

// consent is the page on which a seller installs the app. A simulator, at an address of its own, has the page there.
func consent(app channels.App, asked channels.Grant, state string) (string, error) {
	shop, err := shopOf(asked["shop"])
	if err != nil {
		return "", err
	}
	query := url.Values{"client_id": {app.Key}, "scope": {strings.Join(scopes, ",")}, "redirect_uri": {asked["redirect"]}, "state": {state}}
	page := "https://" + shop
	if app.BaseURL != "" {
		page = app.BaseURL
		query.Set("shop", shop)
	}
	return page + "/admin/oauth/authorize?" + query.Encode(), nil
}

// authorize makes a token of what the seller gave and reads what the shop is called and which location counts.
func authorize(ctx context.Context, o channels.Opening, given channels.Grant) (channels.Token, []channels.Connection, error) {
	shop, err := shopOf(given["shop"])
	if err != nil {
		return channels.Token{}, nil, err
	}
	if given["hmac"] != "" && !wire.SignedCallback(o.App, callback(given), o.Clock()) {
		return channels.Token{}, nil, &channels.Failure{
			Class: channels.Rejected, Call: "read the consent", Message: "what led back from the consent page was not signed by Shopify within the last 90 seconds, with this app's secret",
		}
	}
	token, err := wire.Grant(ctx, o, shop, given["code"])
	if err != nil {
		return channels.Token{}, nil, err
	}
	ask := wire.With(o, shop, token)
	about, err := readShop(ctx, ask)
	if err != nil {
		return token, nil, err // the code is spent: the token is worth keeping even when the shop could not be read
	}
	list, err := readLocations(ctx, ask)
	if err != nil {
		return token, nil, err
	}
	home, err := choose(list, given["location"])
	if err == nil && !home.active {
		err = &channels.Failure{Class: channels.Rejected, Call: "read locations", Message: "the location " + named(home) + " is switched off: switch it on in Shopify under Settings, Locations, or name another one"}
	}
	if err != nil {
		return token, nil, err
	}
	token.Scopes = strings.Join(about.scopes, " ")
	return token, []channels.Connection{{
		App: o.App.ID, Channel: "shopify", ShopID: shop, Name: about.name, Extra: map[string]string{extraLocation: home.id},
	}}, nil
}

// callback is the part of a Grant that the vendor signed.
func callback(given channels.Grant) map[string]string {
	signed := map[string]string{}
	for _, name := range []string{"code", "hmac", "host", "shop", "state", "timestamp"} {
		if given[name] != "" {
			signed[name] = given[name]
		}
	}
	return signed
}

type shop struct {
	name, domain, currency string
	scopes                 []string
}

// asker sends a read.
type asker func(context.Context, wire.Request) (json.RawMessage, error)

func readShop(ctx context.Context, ask asker) (shop, error) {
	q := wire.Request{Name: "read shop", Document: shopDocument}
	data, err := ask(ctx, q)
	if err != nil {
		return shop{}, err
	}
	var read struct {
		Shop struct {
			Name     channels.Text `json:"name"`
			Domain   channels.Text `json:"myshopifyDomain"`
			Currency channels.Text `json:"currencyCode"`
		} `json:"shop"`
		Installation struct {
			Scopes []struct {
				Handle channels.Text `json:"handle"`
			} `json:"accessScopes"`
		} `json:"currentAppInstallation"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return shop{}, wire.Unreadable(q.Name, err)
	}
	s := shop{name: string(read.Shop.Name), domain: strings.ToLower(string(read.Shop.Domain)), currency: string(read.Shop.Currency)}
	for _, scope := range read.Installation.Scopes {
		s.scopes = append(s.scopes, string(scope.Handle))
	}
	return s, nil
}

// missing are the scopes that were not granted, of those that the hub needs; writing includes reading.
func missing(granted []string) (list []string) {
	has := map[string]bool{}
	for _, scope := range granted {
		has[scope] = true
		if rest, ok := strings.CutPrefix(scope, "write_"); ok {
			has["read_"+rest] = true
		}
	}
	for _, scope := range scopes {
		if !has[scope] {
			list = append(list, scope)
		}
	}
	return list
}

// Connector speaks to one shop. Its methods may be called from many goroutines.
type Connector struct {
	*wire.Line
	orders.Desk
	aftersales.Returns
	shop channels.Connection

	mu     sync.Mutex        // guards all below
	home   string            // the location's id, once it is known
	items  map[string]string // inventory items, by variant
	byItem map[string]string // variants, by inventory item

	refusesZero atomic.Bool
	serial      atomic.Int64 // of absolute writes, for their keys
}

var (
	_ channels.Connector      = (*Connector)(nil)
	_ channels.Examiner       = (*Connector)(nil)
	_ channels.Subscriber     = (*Connector)(nil)
	_ channels.Clocked        = (*Connector)(nil)
	_ channels.Paced          = (*Connector)(nil)
	_ channels.SellerShipping = (*Connector)(nil)
	_ channels.Swapper        = (*Connector)(nil)
	_ channels.Capturer       = (*Connector)(nil)
	_ channels.Canceller      = (*Connector)(nil)
	_ channels.AfterSales     = (*Connector)(nil)
	_ channels.Historian      = (*Connector)(nil)
	_ channels.Newsy          = (*Connector)(nil)

	_ channels.Prober = Webhooks{}
)

// New makes a connector; it calls nobody.
func New(o channels.Opening) *Connector {
	line := wire.New(o)
	c := &Connector{Line: line, Desk: orders.New(line), shop: o.Connection, home: o.Connection.Extra[extraLocation], items: map[string]string{}, byItem: map[string]string{}}
	c.Returns = aftersales.New(line, c.where)
	return c
}

// Capabilities implements channels.Connector. Whether a cancellation puts its units back on sale is the canceller's choice
// each time: they count as put back, the safe side for exposure.
func (c *Connector) Capabilities() channels.Capabilities {
	return channels.Capabilities{
		TakesOrders: true, CollectsMoney: true, Write: channels.WriteCompareAndSwap, AcceptsZero: !c.refusesZero.Load(),
		RestocksCancels: true, MaxQuantity: MaxQuantity,
	}
}

// allOrders is the scope without which the vendor shows no order that is older than recent.
const (
	allOrders = "read_all_orders"
	recent    = 60 * 24 * time.Hour
)

// Oldest implements channels.Historian. What was granted is asked for each time: a shop's owner may have granted more since.
func (c *Connector) Oldest(ctx context.Context) (time.Time, error) {
	about, err := readShop(ctx, c.Call)
	if err != nil || slices.Contains(about.scopes, allOrders) {
		return time.Time{}, err
	}
	return c.Now().Add(-recent), nil
}
