package amazon_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/amazon/notices"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/outbound"
)

func TestContract(t *testing.T) {
	channelstest.Run(t, func(t *testing.T, k channelstest.Knobs) channelstest.World { return newRig(t, k).World })
}

const (
	seller = "A3TH9S8BH6GOGM"
	place  = "A1F83G8C2ARO7P"
)

// rig is a simulator behind a real HTTP server and a connector to its one seller.
type rig struct {
	channelstest.World
	*amazonsim.Sim
	t         *testing.T
	tokens    *drawer
	opening   channels.Opening
	connector *amazon.Connector
	server    *httptest.Server
	url       string
	logins    int // before the test began
	inbox     []channels.Message

	mu     sync.Mutex
	offset time.Duration
}

func newRig(t *testing.T, k channelstest.Knobs, edit ...func(*amazonsim.Config)) *rig {
	t.Helper()
	r := &rig{t: t}
	clock := func() time.Time {
		r.mu.Lock()
		defer r.mu.Unlock()
		return time.Now().Add(r.offset)
	}
	cfg := amazonsim.Config{
		ClientID: "amzn1.client", ClientSecret: "client-secret", Clock: clock, Seed: 1, PendingFor: k.Hold, ApplyDelay: k.Delay, RefuseZero: k.RefuseZero,
		Unlimited: k.PerSecond == 0, PerSecond: k.PerSecond, SaysPerSecond: 4 * k.PerSecond, // the header is late with the truth
	}
	for _, e := range edit {
		e(&cfg)
	}
	r.Sim = amazonsim.New(cfg)
	refresh := r.AddSeller(amazonsim.Seller{ID: seller, Name: "Test Store"})
	server := httptest.NewServer(r.Handler())
	t.Cleanup(server.Close)
	r.server, r.url = server, server.URL
	client, err := outbound.NewClient(server.URL)
	r.must(err)
	t.Cleanup(client.CloseIdleConnections)
	k.Changes.Into(client)
	r.opening = channels.Opening{
		App: channels.App{
			ID: "app1", Channel: "amazon", Key: "amzn1.client", Secrets: []string{"client-secret"}, BaseURL: server.URL, AuthURL: server.URL,
		},
		Client: client, Clock: clock, Timeout: 2 * time.Second,
	}
	token, shops, err := amazon.Vendor.Authorize(t.Context(), r.opening, r.grant(refresh))
	r.must(err)
	if len(shops) != 1 || shops[0].ShopID != seller+"-"+place || shops[0].Name != "Test Store" {
		t.Fatalf("authorised %+v", shops)
	}
	r.tokens = &drawer{token: token}
	r.opening.Connection = shops[0]
	r.opening.Connection.ID, r.opening.Connection.App = "c1", "app1"
	r.opening.Tokens = amazon.Vendor.Keeper(r.opening, r.tokens)
	r.connector = amazon.New(r.opening)
	r.logins = r.Counts().Requests["POST /auth/o2/token"]
	r.World = channelstest.World{
		Connector: r.connector, Currency: "GBP", Webhooks: notices.Notices{}, App: r.opening.App, Connection: r.opening.Connection, Sim: handle{r},
	}
	return r
}

func (r *rig) grant(refresh string) channels.Grant {
	return channels.Grant{
		"refresh-token": refresh, "seller-id": seller, "marketplace": "GB", "queue-url": r.QueueURL(r.url), "aws-key-id": "AKIDSIM", "aws-secret": "sim-secret",
		"aws-region": "eu-west-1", "quantity-news": "yes",
	}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
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

func (h handle) List(code, price string, quantity int64) (product, listing string) {
	h.t.Helper()
	asin, err := h.AddListing(seller, amazonsim.Listing{SKU: code, Title: "The " + code, Type: "HOODIE", Price: price, Quantity: int(quantity)})
	h.must(err)
	return asin, code
}

func (h handle) Place(unpaid bool, lines ...channelstest.Line) string {
	h.t.Helper()
	n := amazonsim.NewOrder{BuyerName: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Unpaid: unpaid}
	for _, l := range lines {
		n.Lines = append(n.Lines, amazonsim.Line{SKU: l.Listing, Quantity: l.Quantity, Price: l.Price})
	}
	id, err := h.PlaceOrder(seller, n)
	h.must(err)
	return id
}

func (h handle) Pay(order string) { h.t.Helper(); h.must(h.PayOrder(seller, order)) }
func (h handle) Cancel(order string) {
	h.t.Helper()
	h.must(h.CancelOrder(seller, order, "NO_LONGER_NEEDED"))
}
func (h handle) ExpireToken() { h.ExpireTokens() }
func (h handle) Unknown() (order, listing string) {
	return "026-9999999-9999999", "NO-SUCH-SKU"
}
func (h handle) Refused() int   { return h.Counts().RateLimited }
func (h handle) Refreshes() int { return h.Counts().Requests["POST /auth/o2/token"] - h.logins }

func (h handle) Ships(order string) (n int) {
	c := h.Counts()
	for key, times := range c.Ships {
		if key[:len(order)] == order {
			n += times
		}
	}
	return n
}

func (h handle) Pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offset += d
}

func (h handle) Break(f channelstest.Fault) {
	h.SetFaults(map[channelstest.Fault]amazonsim.Faults{
		channelstest.Down:       {API5xx: 1},
		channelstest.Dropped:    {APITimeoutAfter: 1},
		channelstest.Garbage:    {APIGarbage: 1},
		channelstest.NotApplied: {AcceptedNotApplied: 1},
	}[f])
}

// Next takes a message through the connector's own queue.
func (h handle) Next() channelstest.Delivery {
	h.t.Helper()
	for len(h.inbox) == 0 {
		got, err := h.connector.Queue().Receive(h.t.Context(), time.Second)
		h.must(err)
		h.inbox = append(h.inbox, got...)
	}
	m := h.inbox[0]
	h.inbox = h.inbox[1:]
	h.must(h.connector.Queue().Delete(h.t.Context(), m.Receipt))
	return channelstest.Delivery{Header: http.Header{}, Body: m.Body}
}

func (h handle) Listed(listing string) int64 {
	h.t.Helper()
	stock, err := h.Stock(seller, listing)
	h.must(err)
	return int64(stock.Listed)
}

// A quantity that is written leaves alone what the seller has set beside it.
func TestQuantityKeepsTheLeadTime(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	_, err := r.AddListing(seller, amazonsim.Listing{SKU: "MADE", Title: "Made to order", Type: "HOODIE", Price: "9.00", Quantity: 5, LeadDays: 12})
	r.must(err)
	r.must(r.connector.SetQuantity(t.Context(), "", "MADE", 3))
	if got, err := r.Stock(seller, "MADE"); err != nil || got != (amazonsim.Stock{Listed: 3, Lead: 12}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func (h handle) AskCancel(order string) {
	h.t.Helper()
	h.must(h.RequestCancel(seller, order, "NO_LONGER_NEEDED"))
}

func (h handle) Cancelled(order string) int { return h.Counts().Cancels[order] }
