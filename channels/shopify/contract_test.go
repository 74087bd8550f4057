package shopify_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/channels/shopify"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
)

func TestContract(t *testing.T) {
	channelstest.Run(t, func(t *testing.T, k channelstest.Knobs) channelstest.World {
		r := newRig(t, k)
		if k == (channelstest.Knobs{}) { // with knobs nothing is asked for that the test did not
			r.subscribe()
		}
		return r.World
	})
}

// rig is a simulator behind a real HTTP server, a connector to its one shop and a place for its webhooks.
type rig struct {
	channelstest.World
	*shopifysim.Sim
	t          *testing.T
	opening    channels.Opening
	connector  *shopify.Connector
	deliveries chan channelstest.Delivery
	address    string // of the place for webhooks

	mu     sync.Mutex
	offset time.Duration
}

const (
	shop   = "cf-demo.myshopify.com"
	secret = "shpss_cf_test_0123456789abcdef0123456789"

	orderPoints = 160 // about what the simulator reckons for one order, so that Knobs' requests a second can be points
)

// jobDelay is how long the simulator takes for a cancellation, and a slow bank for a capture.
const jobDelay = time.Minute

func newRig(t *testing.T, k channelstest.Knobs) *rig {
	t.Helper()
	r := &rig{t: t, deliveries: make(chan channelstest.Delivery, 1000)}
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
	r.address = hub.URL + "/webhooks/shopify/app1"
	r.Sim = shopifysim.New(shopifysim.Config{
		ClientID: "cfclient01", ClientSecret: secret, Clock: r.clock, Seed: 1, Hold: k.Hold, RefuseZero: k.RefuseZero, ApplyDelay: k.Delay,
		PointsPerSecond: 4 * k.PerSecond * orderPoints, Bucket: 3 * orderPoints, Scopes: scopes, JobDelay: jobDelay,
	})
	server := httptest.NewServer(r.Handler())
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })

	if k.PerSecond > 0 { // the connector knows the shop's points so well that it is never refused while it has them to itself
		r.SetFaults(shopifysim.Faults{Neighbour: 0.3})
	}
	r.AddShop(shopifysim.Shop{Domain: shop, Name: "Test Shop"})
	client, err := outbound.NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	k.Changes.Into(client)
	pair := r.Tokens(shop)
	tokens := &drawer{token: channels.Token{
		Access: pair.AccessToken, AccessExpires: pair.AccessExpires, Refresh: pair.RefreshToken, RefreshExpires: pair.RefreshExpires,
	}}
	app := channels.App{ID: "app1", Channel: "shopify", Key: "cfclient01", Secrets: []string{secret}, BaseURL: server.URL}
	r.opening = channels.Opening{
		App: app, Connection: channels.Connection{ID: "c1", App: "app1", Channel: "shopify", ShopID: shop}, Client: client, Clock: r.clock, Timeout: 2 * time.Second,
	}
	r.opening.Tokens = shopify.Vendor.Keeper(r.opening, tokens)
	r.connector = shopify.New(r.opening)
	r.World = channelstest.World{
		Connector: r.connector, Currency: "GBP", Webhooks: shopify.Webhooks{}, App: app, Connection: r.opening.Connection, Sim: handle{r},
	}
	return r
}

var scopes = []string{
	"read_orders", "write_orders", "read_customers", "read_products", "read_inventory", "write_inventory", "read_locations",
	"read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders", "read_returns", "write_returns",
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Add(r.offset)
}

// subscribe sends the topics that the hub needs to the rig.
func (r *rig) subscribe() {
	r.t.Helper()
	list, err := r.connector.Subscriptions(r.t.Context())
	r.must(err)
	for _, s := range list {
		r.must(r.connector.Subscribe(r.t.Context(), channels.Subscription{Topic: s.Topic, Address: r.address}))
	}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// drawer keeps one token.
type drawer struct {
	mu    sync.Mutex
	token channels.Token
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
	return nil
}

// handle drives the simulator for the contract.
type handle struct{ *rig }

func number(t *testing.T, id string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (h handle) List(code, price string, quantity int64) (product, listing string) {
	h.t.Helper()
	p, variants, err := h.AddProduct(shop, shopifysim.Product{Title: code, Variants: []shopifysim.SKU{{SKU: code, Price: price, Quantity: quantity}}})
	h.must(err)
	return strconv.FormatInt(p, 10), strconv.FormatInt(variants[0], 10)
}

func (h handle) Place(unpaid bool, lines ...channelstest.Line) string {
	h.t.Helper()
	n := shopifysim.NewOrder{
		Buyer: "Ana Maria", Email: "ana@example.test", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Unpaid: unpaid,
	}
	for _, l := range lines {
		n.Lines = append(n.Lines, shopifysim.Line{Variant: number(h.t, l.Listing), Quantity: int64(l.Quantity), Price: l.Price})
	}
	id, err := h.PlaceOrder(shop, n)
	h.must(err)
	return strconv.FormatInt(id, 10)
}

func (h handle) Pay(order string) { h.t.Helper(); h.must(h.PayOrder(shop, number(h.t, order))) }

func (h handle) Cancel(order string) {
	h.t.Helper()
	h.must(h.CancelOrder(shop, number(h.t, order), "CUSTOMER", true))
}
func (h handle) ExpireToken()                     { h.Sim.ExpireToken(shop) }
func (h handle) Refreshes() int                   { return h.Counts().Refreshes }
func (h handle) Refused() int                     { return h.Counts().Throttled }
func (h handle) Unknown() (order, listing string) { return "5559999999999", "5559999999998" }

func (h handle) Ships(order string) (n int) {
	h.t.Helper()
	o, err := h.Order(shop, number(h.t, order))
	h.must(err)
	return len(o.Parcels)
}

func (h handle) Pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offset += d
}

func (h handle) Break(f channelstest.Fault) {
	faults := map[channelstest.Fault]shopifysim.Faults{
		channelstest.Down:       {API5xx: 1},
		channelstest.Dropped:    {APITimeoutAfter: 1},
		channelstest.Garbage:    {APIGarbage: 1},
		channelstest.NotApplied: {AcceptedNotApplied: 1},
	}[f]
	faults.Spare = []string{"Parts", "Returns", "SuggestRefund"} // so that it is the call that acts which fails, not the reads before it
	h.SetFaults(faults)
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
	stock, err := h.Stock(shop, number(h.t, listing))
	h.must(err)
	return stock.Available
}

func (h handle) Deliver(order string) {
	h.t.Helper()
	h.must(h.FulfilByHand(shop, number(h.t, order), "Royal Mail", "RM"+order+"GB"))
	h.must(h.Carry(shop, number(h.t, order), "DELIVERED"))
}

func (h handle) AskReturn(order, listing string, quantity int) {
	h.t.Helper()
	_, err := h.RequestReturn(shop, number(h.t, order), number(h.t, listing), int64(quantity), "damaged")
	h.must(err)
}

func (h handle) SendBack(claim string) {
	h.t.Helper()
	h.must(h.ShipReturn(shop, number(h.t, claim), "BACK"+claim, false))
}

func (h handle) Refunds(order string) int { return h.Counts().Refunds[order] }
