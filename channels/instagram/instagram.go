// Package instagram speaks to one Instagram account of a seller and to the commerce catalogue that belongs to it.
//
//	SetQuantity, many at once ─► one items_batch ─► what became of it, item by item
//	Listings, Quantities ◄─ products of the catalogue      webhooks: comments, mentions ─► signals
//
// Nothing can be ordered here any more: the vendor's order calls ended in October 2026. So the catalogue shows what a shop
// sells, and what people write beside it is a sign of what will be asked for. Of those signals the hub learns when, where
// and by whom, the latter as a hash; the words stay in the sealed inbox.
package instagram

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/instagram/wire"
)

// MaxQuantity is the most that is listed of one item; the vendor names no limit.
const MaxQuantity = 999_999

// The vendor's hosts, for an App that names none.
const (
	BaseURL = wire.BaseURL
	AuthURL = wire.AuthURL
)

// What a seller gives.
const (
	grantToken   = "token"
	grantAccount = "account"
	grantCatalog = "catalog"
)

// extraCatalog names the catalogue's id among what is kept of a connection.
const extraCatalog = "catalog"

// glance is how long the account is not asked whether it still lets us in, after a call that it answered.
const glance = 10 * time.Minute

// Vendor is how Instagram is connected and spoken to.
var Vendor = channels.Vendor{
	Name: "instagram", Title: "Instagram",
	Key:    channels.Field{Name: "app-key", Label: "App ID", Help: "On your app's page at Meta, under Settings, Basic."},
	Secret: channels.Field{Name: "app-secret", Label: "App secret", Help: "On your app's page at Meta, under Settings, Basic.", Secret: true},
	Grant: []channels.Field{
		{Name: grantToken, Label: "Access token", Help: "From your app's page at Meta: of a system user, or of the Facebook login. It needs the permissions catalog_management, instagram_basic and instagram_manage_comments.", Secret: true},
		{Name: grantAccount, Label: "Instagram account", Help: "The account's number, such as 17841400000000001."},
		{Name: grantCatalog, Label: "Catalogue", Help: "The number of the commerce catalogue that shows your goods. Without one only comments and mentions come in.", Optional: true},
	},
	Hosts: []string{BaseURL, AuthURL}, Webhooks: Webhooks{},
	Keeper:    wire.NewKeeper,
	Open:      func(o channels.Opening) channels.Connector { return New(o) },
	Authorize: Authorize,
}

// Connector speaks to one account. Its methods may be called from many goroutines.
type Connector struct {
	*wire.Line
	shop    channels.Connection
	catalog string
	app     channels.App
	clock   func() time.Time
	writes  batcher

	refusesZero atomic.Bool

	mu      sync.Mutex        // guards all below
	batches []batch           // accepted, not known to be finished, oldest first
	refused map[string]string // why a batch left an item as it was, by the item's code, when that came out later
}

var (
	_ channels.Connector  = (*Connector)(nil)
	_ channels.Examiner   = (*Connector)(nil)
	_ channels.Subscriber = (*Connector)(nil)
	_ channels.Paced      = (*Connector)(nil)
	_ channels.Prober     = Webhooks{}
	_ channels.Handshaker = Webhooks{}
)

// New makes a connector; it calls nobody.
func New(o channels.Opening) *Connector {
	c := &Connector{
		Line: wire.New(o), shop: o.Connection, catalog: o.Connection.Extra[extraCatalog], app: o.App, clock: o.Clock, refused: map[string]string{},
	}
	c.writes = batcher{turn: make(chan struct{}, 1), flush: c.flush}
	return c
}

// Capabilities implements channels.Connector. Whether the vendor takes a quantity of 0 counts as true until a 0 was refused.
func (c *Connector) Capabilities() channels.Capabilities {
	if c.catalog == "" {
		return channels.Capabilities{Write: channels.WriteNone, NoHistory: noHistory}
	}
	return channels.Capabilities{
		Write: channels.WriteAbsolute, AcceptsZero: !c.refusesZero.Load(), MaxQuantity: MaxQuantity, AtOnce: maxTogether, NoHistory: noHistory,
	}
}

const noHistory = "Nobody orders on Instagram, so it has no orders to read."

// Orders implements channels.Connector: there are none.
func (c *Connector) Orders(_ context.Context, ids []string) (channels.Page, error) {
	if len(ids) > 50 {
		return channels.Page{}, wire.Bug("read orders", fmt.Sprintf("%d orders in one call, at most 50", len(ids)))
	}
	return channels.Page{}, nil
}

// Changed implements channels.Connector: no order ever changes. So that a connection which has ended is noticed, it looks at
// the account when nothing was answered for ten minutes.
func (c *Connector) Changed(ctx context.Context, _, _ time.Time, _ string) (channels.Page, error) {
	if since := c.clock().Sub(c.Answered()); since >= 0 && since < glance {
		return channels.Page{}, nil
	}
	_, err := c.Call(ctx, lookAt(c.shop.ShopID))
	return channels.Page{}, err
}

func lookAt(account string) wire.Request {
	return wire.Request{Name: "read account", Method: http.MethodGet, Path: account, Query: url.Values{"fields": {"id,username,name"}}}
}

func lookInto(catalog string) wire.Request {
	return wire.Request{Name: "read catalogue", Method: http.MethodGet, Path: catalog, Query: url.Values{"fields": {"id,name,product_count"}}}
}

// Authorize exchanges the token that a seller gives for a long-lived one and looks whether it opens the account and the
// catalogue. The connection has no ID yet.
func Authorize(ctx context.Context, o channels.Opening, grant channels.Grant) (channels.Token, []channels.Connection, error) {
	account, catalog := strings.TrimSpace(grant[grantAccount]), strings.TrimSpace(grant[grantCatalog])
	for field, id := range map[string]string{"Instagram account": account, "Catalogue": catalog} {
		if id == "" && field == "Catalogue" {
			continue
		}
		if !channels.IsID(id) {
			return channels.Token{}, nil, &channels.Failure{
				Class: channels.Rejected, Call: "connect", Message: field + ": give its number as Meta shows it, such as 17841400000000001",
			}
		}
	}
	given := strings.TrimSpace(grant[grantToken])
	token, err := wire.Exchange(ctx, o, given)
	if channels.ClassOf(err) == channels.Auth { // one that is long-lived already may not be exchanged at once
		token, err = asGiven(ctx, o, given, err)
	}
	if err != nil {
		return channels.Token{}, nil, err
	}
	seen, err := wire.As(ctx, o, lookAt(account), token.Access)
	if err != nil {
		return token, nil, err
	}
	var who struct {
		ID       channels.Text `json:"id"`
		Username channels.Text `json:"username"`
		Name     channels.Text `json:"name"`
	}
	if err := json.Unmarshal(seen, &who); err != nil || string(who.ID) != account {
		return token, nil, &channels.Failure{Class: channels.Rejected, Call: "read account", Message: "Meta tells of another account than " + account}
	}
	shop := channels.Connection{App: o.App.ID, Channel: "instagram", ShopID: account, Name: "@" + string(who.Username)}
	if who.Username == "" {
		shop.Name = string(who.Name)
	}
	if catalog == "" {
		return token, []channels.Connection{shop}, nil
	}
	if _, err := wire.As(ctx, o, lookInto(catalog), token.Access); err != nil {
		return token, nil, err
	}
	shop.Extra = map[string]string{extraCatalog: catalog}
	return token, []channels.Connection{shop}, nil
}

// asGiven takes a token as it is when the vendor says that it is good.
func asGiven(ctx context.Context, o channels.Opening, given string, refused error) (channels.Token, error) {
	seen, err := wire.DebugOf(ctx, o, given)
	if err != nil || !seen.Valid || seen.App != o.App.Key {
		return channels.Token{}, refused
	}
	return wire.Aged(given, seen, o.Clock()), nil
}
