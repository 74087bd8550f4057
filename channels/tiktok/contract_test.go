package tiktok_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/channels/tiktok"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
)

func TestContract(t *testing.T) {
	channelstest.Run(t, func(t *testing.T, k channelstest.Knobs) channelstest.World { return newRig(t, k).World })
}

// rig is a simulator behind a real HTTP server, a connector to its one shop and a place for its webhooks.
type rig struct {
	channelstest.World
	*tiktoksim.Sim
	t          *testing.T
	tokens     *drawer
	app        channels.App
	client     *http.Client
	connector  *tiktok.Connector
	deliveries chan channelstest.Delivery
	clock      func() time.Time
	listed     int
	shipping   string // of orders that are placed; empty = the vendor's own

	mu     sync.Mutex
	offset time.Duration
}

const shop = "7490000000000000001"

func newRig(t *testing.T, k channelstest.Knobs) *rig {
	t.Helper()
	r := &rig{t: t, deliveries: make(chan channelstest.Delivery, 1000)}
	r.clock = func() time.Time {
		r.mu.Lock()
		defer r.mu.Unlock()
		return time.Now().Add(r.offset)
	}
	hub := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		select {
		case r.deliveries <- channelstest.Delivery{Header: q.Header.Clone(), Body: body}:
		default: // a test that does not read its webhooks
		}
	}))
	t.Cleanup(hub.Close)
	r.Sim = tiktoksim.New(tiktoksim.Config{
		AppKey: "cfappkey01", AppSecret: "cf_test_secret_0123456789abcdef", Clock: r.clock, Seed: 1, RemorseHold: k.Hold,
		RequestsPerSecond: k.PerSecond, RefuseZero: k.RefuseZero, ApplyDelay: k.Delay, LabelNotReady: k.LabelNotReady, WebhookURL: hub.URL,
	})
	server := httptest.NewServer(r.Handler())
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })

	cipher := r.AddShop(tiktoksim.Shop{ID: shop, Name: "Test Shop"})
	var err error
	if r.client, err = outbound.NewClient(server.URL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.CloseIdleConnections)
	if k.Changes != nil {
		k.Changes.Spare = []string{"next_page_token"} // the vendor's to read
	}
	k.Changes.Into(r.client)
	pair := r.Tokens(shop)
	r.tokens = &drawer{token: channels.Token{
		Access: pair.AccessToken, AccessExpires: pair.AccessExpires, Refresh: pair.RefreshToken, RefreshExpires: pair.RefreshExpires,
	}}
	r.app = channels.App{
		ID: "app1", Channel: "tiktok", Key: "cfappkey01", Secrets: []string{"cf_test_secret_0123456789abcdef"},
		BaseURL: server.URL, AuthURL: server.URL,
	}
	connection := channels.Connection{ID: "c1", App: "app1", Channel: "tiktok", ShopID: shop, Cipher: cipher}
	o := channels.Opening{App: r.app, Connection: connection, Client: r.client, Clock: r.clock, Timeout: 2 * time.Second}
	o.Tokens = tiktok.Vendor.Keeper(o, r.tokens)
	r.connector = tiktok.New(o)
	r.World = channelstest.World{
		Connector: r.connector, Currency: "GBP", Webhooks: tiktok.Webhooks{}, App: r.app, Connection: connection, Sim: handle{r},
	}
	return r
}

// connectorOf is a connector to another of the simulator's shops.
func (r *rig) connectorOf(id, cipher string) *tiktok.Connector {
	pair := r.Tokens(id)
	o := channels.Opening{
		App: r.app, Connection: channels.Connection{ID: "c" + id, App: "app1", Channel: "tiktok", ShopID: id, Cipher: cipher},
		Client: r.client, Clock: r.clock, Timeout: 2 * time.Second,
	}
	o.Tokens = tiktok.Vendor.Keeper(o, &drawer{token: channels.Token{
		Access: pair.AccessToken, AccessExpires: pair.AccessExpires, Refresh: pair.RefreshToken, RefreshExpires: pair.RefreshExpires,
	}})
	return tiktok.New(o)
}

// drawer keeps one token and counts how often it was replaced.
type drawer struct {
	mu    sync.Mutex
	token channels.Token
	sets  int
}

func (d *drawer) Token(context.Context) (channels.Token, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.token, nil
}

func (d *drawer) SetToken(_ context.Context, t channels.Token) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.token = t
	d.sets++
	return nil
}

// handle drives the simulator for the contract.
type handle struct{ *rig }

func (h handle) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h handle) List(code, price string, quantity int64) (product, listing string) {
	h.t.Helper()
	h.listed++
	listing = fmt.Sprintf("1729%015d", h.listed) // 19 digits, the last of which a float64 loses
	product, err := h.AddProduct(shop, tiktoksim.Product{
		Title: code, SKUs: []tiktoksim.SKU{{ID: listing, SellerSKU: code, Price: price, Quantity: int(quantity)}},
	})
	h.must(err)
	return product, listing
}

func (h handle) Place(unpaid bool, lines ...channelstest.Line) string {
	h.t.Helper()
	n := tiktoksim.NewOrder{
		BuyerID: "7494000000000000001", BuyerName: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Unpaid: unpaid,
		ShippingType: h.shipping,
	}
	for _, l := range lines {
		n.Lines = append(n.Lines, tiktoksim.Line{SKUID: l.Listing, Quantity: l.Quantity, Price: l.Price})
	}
	id, err := h.PlaceOrder(shop, n)
	h.must(err)
	return id
}

func (h handle) Pay(order string) { h.t.Helper(); h.must(h.PayOrder(shop, order)) }
func (h handle) Cancel(order string) {
	h.t.Helper()
	h.must(h.CancelOrder(shop, order, "buyer_no_longer_needs_it"))
}
func (h handle) ExpireToken() { h.Sim.ExpireToken(shop) }
func (h handle) Ships(order string) (n int) {
	for _, pkg := range h.orderNow(order).Packages {
		n += h.Counts().Ships[pkg]
	}
	return n
}

func (h handle) Unknown() (order, listing string) { return "576460000000009999", "1729000000000009999" }

func (h handle) Refreshes() int { return h.Counts().Requests["GET /api/v2/token/refresh"] }
func (h handle) Refused() int   { return h.Counts().RateLimited }

func (h handle) Pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offset += d
}

func (h handle) Break(f channelstest.Fault) {
	h.SetFaults(map[channelstest.Fault]tiktoksim.Faults{
		channelstest.Down:       {API5xx: 1},
		channelstest.Dropped:    {APITimeoutAfter: 1},
		channelstest.Garbage:    {APIGarbage: 1},
		channelstest.NotApplied: {AcceptedNotApplied: 1},
	}[f])
}

func (h handle) Next() channelstest.Delivery {
	h.t.Helper()
	select {
	case d := <-h.deliveries:
		return d
	case <-h.t.Context().Done():
		h.t.Fatal("no webhook came")
		return channelstest.Delivery{}
	}
}

func (h handle) Listed(listing string) int64 {
	h.t.Helper()
	stock, err := h.Stock(shop, listing)
	h.must(err)
	return int64(stock.Listed)
}

func (h handle) AskCancel(order string) {
	h.t.Helper()
	h.must(h.RequestCancel(shop, order, "no_longer_needed"))
}

// took is how often an answer to an order's claim took effect that the vendor's word for it is among.
func (h handle) took(kind channels.ClaimKind, order string, words ...string) (n int) {
	h.t.Helper()
	id := h.only(kind, order).ID
	for _, word := range words {
		n += h.Counts().Answers[id+" "+word]
	}
	return n
}

func (h handle) Cancelled(order string) int {
	return h.took(channels.Cancellation, order, "APPROVE")
}

func (h handle) Deliver(order string) {
	h.t.Helper()
	for _, pkg := range h.orderNow(order).Packages {
		_, err := h.connector.Arrange(h.t.Context(), pkg)
		h.must(err)
	}
	h.must(h.Collect(shop, order))
	h.must(h.Sim.Deliver(shop, order))
}

func (h handle) AskReturn(order, listing string, quantity int) {
	h.t.Helper()
	for _, l := range h.orderNow(order).Lines {
		if l.ListingID == listing {
			_, err := h.RequestReturn(shop, order, "RETURN_AND_REFUND", "damaged", l.Items[:quantity]...)
			h.must(err)
			return
		}
	}
	h.t.Fatalf("order %s has no listing %s", order, listing)
}

func (h handle) SendBack(claim string) { h.t.Helper(); h.must(h.Sim.SendBack(shop, claim)) }

func (h handle) Refunds(order string) int {
	return h.took(channels.Return, order, "APPROVE_RECEIVED_PACKAGE", "APPROVE_REFUND")
}
