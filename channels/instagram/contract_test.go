package instagram_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/instagram"
	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim"
	"github.com/creatorflow/creatorflow/channels/outbound"
)

func TestContract(t *testing.T) {
	channelstest.Run(t, func(t *testing.T, k channelstest.Knobs) channelstest.World {
		h := &handle{t: t}
		r := newRig(t, instagramsim.Config{
			Clock: h.clock, Seed: 1, ApplyDelay: k.Delay, RequestsPerSecond: k.PerSecond, RefuseZero: k.RefuseZero, PageSize: 100,
		})
		h.rig = r
		server := httptest.NewServer(r.Handler()) // the real way out: guarded client, sockets
		t.Cleanup(server.Close)
		var err error
		if r.opening.Client, err = outbound.NewClient(server.URL); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.opening.Client.CloseIdleConnections)
		k.Changes.Into(r.opening.Client)
		r.opening.App.BaseURL, r.opening.App.AuthURL, r.opening.Clock = server.URL, server.URL, h.clock
		r.connect("EAA", catalog)
		r.shop(catalog)
		return channelstest.World{
			Connector: r.connector, Currency: "GBP", Webhooks: instagram.Webhooks{}, App: r.opening.App, Connection: r.opening.Connection, Sim: h,
		}
	})
}

// handle drives the simulator for the contract. What belongs to orders is never asked of a catalogue.
type handle struct {
	*rig
	t *testing.T

	mu     sync.Mutex
	offset time.Duration
}

func (h *handle) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.offset)
}

func (h *handle) Pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offset += d
}

func (h *handle) List(code, price string, quantity int64) (product, listing string) {
	h.t.Helper()
	item := instagramsim.Item{RetailerID: code, Price: price, Quantity: int(quantity), Availability: "in stock"}
	product, err := h.AddItem(catalog, item)
	if err != nil {
		h.t.Fatal(err)
	}
	return product, code
}

func (h *handle) Break(f channelstest.Fault) {
	h.SetFaults(map[channelstest.Fault]instagramsim.Faults{
		channelstest.Down:       {API5xx: 1},
		channelstest.Dropped:    {APITimeoutAfter: 1},
		channelstest.Garbage:    {APIGarbage: 1},
		channelstest.NotApplied: {AcceptedNotApplied: 1},
	}[f])
}

func (h *handle) Listed(listing string) int64 { return int64(h.rig.Listed(catalog, listing)) }
func (h *handle) ExpireToken()                { h.EndTokens(account) }
func (h *handle) Refused() int                { return h.Counts().RateLimited }
func (h *handle) Refreshes() int              { return h.Counts().Refreshes }
func (h *handle) Unknown() (order, listing string) {
	return "", "NO-SUCH-CODE"
}

func (h *handle) none(what string) { h.t.Fatalf("a catalogue has no %s", what) }

func (h *handle) Place(bool, ...channelstest.Line) string { h.none("orders"); return "" }
func (h *handle) Pay(string)                              { h.none("orders") }
func (h *handle) Cancel(string)                           { h.none("orders") }
func (h *handle) Ships(string) int                        { h.none("parcels"); return 0 }
func (h *handle) Next() channelstest.Delivery {
	h.none("orders' webhooks")
	return channelstest.Delivery{}
}

// TestWritesThatGetNoAnswer: what may have been done is unsure, a read is just read again, and a vendor that is down is left alone.
func TestWritesThatGetNoAnswer(t *testing.T) {
	for name, f := range map[string]instagramsim.Faults{"dropped": {APITimeoutAfter: 1}, "garbage": {APIGarbage: 1}, "down": {API5xx: 1}} {
		r := newRig(t, instagramsim.Config{Clock: time.Now})
		r.connect("EAA", catalog)
		r.list("MUG", 9)
		r.SetFaults(f)
		wantClass(t, r.connector.SetQuantity(t.Context(), "", "MUG", 3), channels.Unsure)
		_, err := r.connector.Quantities(t.Context(), []string{"MUG"})
		wantClass(t, err, channels.Retry)
		for range 20 {
			_, _ = r.connector.Listings(t.Context(), "")
		}
		if s := r.connector.State(); s.Breaker != "open" {
			t.Errorf("%s: after many failures the breaker is %s", name, s.Breaker)
		}
		r.SetFaults(instagramsim.Faults{})
		if want := map[bool]int{true: 9, false: 3}[name == "down"]; r.Listed(catalog, "MUG") != want {
			t.Errorf("%s: listed %d, want %d", name, r.Listed(catalog, "MUG"), want)
		}
	}
}

// TestQuantities reads many items in few calls, in their own words, and names what is broken beside the others.
func TestQuantities(t *testing.T) {
	r := newRig(t, instagramsim.Config{Clock: time.Now, PageSize: 50})
	r.connect("EAA", catalog)
	var codes []string
	for n := range 600 {
		code := fmt.Sprintf("SKU/%d é", n)
		r.list(code, n)
		codes = append(codes, code)
	}
	got, err := r.connector.Quantities(t.Context(), codes)
	if err != nil || len(got) != 600 {
		t.Fatalf("%d, %v", len(got), err)
	}
	for _, q := range got {
		var n int64
		if _, err := fmt.Sscanf(q.Code, "SKU/%d é", &n); err != nil || q.Available != n || q.ListingID != q.Code {
			t.Errorf("got %+v", q)
		}
	}
	_, err = r.connector.Quantities(t.Context(), make([]string, 601))
	wantClass(t, err, channels.Bug)
	wantClass(t, r.connector.SetQuantity(t.Context(), "", "MUG", -1), channels.Bug)
	wantClass(t, r.connector.SetQuantity(t.Context(), "", "", 1), channels.Bug)
	if _, err := r.connector.Orders(t.Context(), make([]string, 51)); err == nil {
		t.Error("51 orders in one call")
	}
	r.opening.Client = &http.Client{Transport: direct{func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"data":[{"id":"1","retailer_id":"A","quantity_to_sell_on_facebook":"-4"},{"id":"2","retailer_id":"B","quantity_to_sell_on_facebook":3}]}`))
		})
	}}}
	r.shop(catalog)
	r.reopen()
	got, err = r.connector.Quantities(t.Context(), []string{"A", "B"})
	if len(got) != 1 || got[0].Code != "B" || err == nil {
		t.Errorf("%+v, %v, want B beside an Invalid of A", got, err)
	}
}
