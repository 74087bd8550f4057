package hub_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/gateway/connecting"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/partners/easypost/easypostsim"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// post is a simulated seller of labels, and the hub's owner who buys from it.
type post struct {
	*easypostsim.Sim
	c     *clinic
	owner string // an API key
	at    string
}

func newPost(t *testing.T, c *clinic) *post {
	t.Helper()
	p := &post{Sim: easypostsim.New(easypostsim.Config{Key: "EZTKsimulated", Clock: time.Now, Client: http.DefaultClient}), c: c}
	server := httptest.NewServer(p.Handler())
	t.Cleanup(server.Close)
	p.at = server.URL
	p.SetAddress(p.at)
	var err error
	p.owner, err = c.admin.Key(t.Context(), hub.MakeKey{Name: "owner", Role: accounts.Owner, Days: 1})
	fatal(t, err)
	return p
}

// partner asks the route of the partner as the owner does.
func (p *post) partner(method string, body any, want int) (shown connecting.LabelPartner, text string) {
	p.c.t.Helper()
	sent, err := json.Marshal(body)
	fatal(p.c.t, err)
	if body == nil {
		sent = nil
	}
	r, err := http.NewRequestWithContext(p.c.t.Context(), method, p.c.address+"/api/v1/label-partner", bytes.NewReader(sent))
	fatal(p.c.t, err)
	r.Header.Set("Authorization", "Bearer "+p.owner)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	fatal(p.c.t, err)
	defer func() { _ = answer.Body.Close() }()
	got, err := io.ReadAll(answer.Body)
	fatal(p.c.t, err)
	if answer.StatusCode != want {
		p.c.t.Fatalf("%s: %d %s", method, answer.StatusCode, got)
	}
	if want == http.StatusOK {
		fatal(p.c.t, json.Unmarshal(got, &shown))
	}
	return shown, string(got)
}

const hookSecret = "sécret of the hook"

func (p *post) settings(key string) connecting.SetLabelPartner {
	return connecting.SetLabelPartner{
		Partner: "easypost", Key: key, Secret: hookSecret, BaseURL: p.at, LabelWish: connecting.LabelWish{Automatic: true, Carrier: "Royal Mail", Grams: 480, Length: 200, Width: 150, Height: 100},
		From: connecting.SenderAddress{Name: "Shop", Line1: "1 Market Street", City: "London", PostalCode: "N1 1AA", Country: "gb"},
	}
}

// label reads an order's label file through the API.
func (c *clinic) label(o reads.Order) (file []byte, kind string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.address+"/api/v1/labels/"+o.Label.ID, nil)
	fatal(c.t, err)
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	fatal(c.t, err)
	defer func() { _ = answer.Body.Close() }()
	file, err = io.ReadAll(answer.Body)
	fatal(c.t, err)
	return file, answer.Header.Get("Content-Type")
}

// A wrong key is refused in a sentence, a good one is kept; no secret is shown again, nor stands in the log.
func TestLabelPartnerIsChecked(t *testing.T) {
	s := newStore(t, time.Hour, false)
	p := newPost(t, s.clinic)
	if _, text := p.partner(http.MethodPost, p.settings("EZTKwrong"), http.StatusConflict); !strings.Contains(text, "EasyPost refuses the API key") {
		t.Errorf("a wrong key is answered with %s", text)
	}
	if shown, _ := p.partner(http.MethodGet, nil, http.StatusOK); shown.Partner != "" {
		t.Errorf("a wrong key is kept: %+v", shown)
	}
	bad := p.settings("EZTKsimulated")
	bad.From.Line1 = " "
	if _, text := p.partner(http.MethodPost, bad, http.StatusConflict); !strings.Contains(text, "Say where parcels are sent from") {
		t.Errorf("no street is answered with %s", text)
	}
	shown, text := p.partner(http.MethodPost, p.settings("EZTKsimulated"), http.StatusOK)
	if shown.Partner != "easypost" || !shown.Test || !shown.Signed || !shown.Automatic || shown.From.Country != "GB" || strings.Contains(text, "EZTK") || strings.Contains(text, hookSecret) {
		t.Errorf("it shows %s", text)
	}
	again := p.settings("") // the key before stays
	again.Secret, again.BaseURL, again.Grams = "", "", 990
	if shown, _ := p.partner(http.MethodPost, again, http.StatusOK); shown.Grams != 990 || !shown.Signed {
		t.Errorf("it shows %+v", shown)
	}
	if shown, _ := p.partner(http.MethodDelete, nil, http.StatusOK); shown.Partner != "" || shown.Signed || shown.From.Line1 != "" {
		t.Errorf("after its end it shows %+v", shown)
	}
	records, err := s.hub.Log.ReadAll(t.Context(), 0, 500)
	fatal(t, err)
	for _, r := range records {
		for _, secret := range []string{"EZTK", "sécret", "Market Street"} {
			if strings.Contains(string(r.Data), secret) {
				t.Errorf("%s says %s", r.Name, r.Data)
			}
		}
	}
}

// An order of a Shopify shop gets a bought label by itself: the shop is told its number, and the file can be printed again. One that
// is cancelled before the shop was told has its label given back.
func TestShopifyOrderGetsABoughtLabel(t *testing.T) {
	s := newStore(t, time.Hour, true)
	p := newPost(t, s.clinic)
	p.partner(http.MethodPost, p.settings("EZTKsimulated"), http.StatusOK)
	place := func(country string) int64 {
		id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
			Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: country, Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
		})
		fatal(t, err)
		s.order = strconv.FormatInt(id, 10)
		return id
	}
	id := place("GB")
	s.until("the order is sent", func() bool { o := s.page(); return o.Flow != nil && o.Flow.State == "finished" })
	o := s.page()
	bought := p.Bought()
	if len(bought) != 1 || o.Label == nil || o.Label.Tracking != bought[0] || p.Counts().Balance >= 1000_00 {
		t.Fatalf("bought %v, the order shows %+v", bought, o.Label)
	}
	for range 2 { // reprinted
		if file, kind := s.label(o); kind != "application/pdf" || !bytes.HasPrefix(file, []byte("%PDF-")) || !bytes.Contains(file, []byte(bought[0])) {
			t.Errorf("the label is %s of %d bytes", kind, len(file))
		}
	}
	state, err := s.sim.Order(myshopify, id)
	fatal(t, err)
	if len(state.Parcels) != 1 || state.Parcels[0].Company != "Royal Mail" || state.Parcels[0].Tracking != bought[0] {
		t.Errorf("the shop shows %+v", state)
	}
	if st := s.stock(); st.OnHand != 8 || st.Reserved != 0 {
		t.Errorf("the stock is %+v", st)
	}
	p.Hook(s.address+"/webhooks/easypost/labels", hookSecret)
	p.Hook(s.address+"/webhooks/easypost/labels", hookSecret) // so each news comes twice
	where := func() string { return s.page().Shipping.Requests[0].Where }
	for _, status := range []string{"in_transit", "delivered"} {
		_, err := p.Move(t.Context(), bought[0], status)
		fatal(t, err)
		if got := where(); got != status {
			t.Errorf("the parcel is %q, want %q", got, status)
		}
	}
	moves := func() (n int) {
		records, err := s.hub.Log.ReadStream(t.Context(), labelevents.Journey(workspace.Main, s.id()), 0, 100)
		fatal(t, err)
		return len(records)
	}
	if n := moves(); n != 2 {
		t.Errorf("%d events of 4 webhooks, want 2", n)
	}
	forged := easypostsim.New(easypostsim.Config{Clock: time.Now, Client: http.DefaultClient})
	forged.Hook(s.address+"/webhooks/easypost/labels", "another secret")
	if err := forged.Send(t.Context(), easypostsim.Event{Body: fmt.Appendf(nil, `{"id":"evt_9","description":"tracker.updated","result":{"object":"Tracker","tracking_code":%q,"status":"failure"}}`, bought[0])}); err == nil {
		t.Error("a forged webhook is taken")
	}
	if n := moves(); n != 2 {
		t.Errorf("a forged webhook moves the parcel: %d events", n)
	}
	place("US")
	s.until("the order is in", func() bool {
		var list reads.OrderList
		s.ask("/api/v1/orders", &list)
		return slices.ContainsFunc(list.Items, func(o reads.OrderItem) bool { return o.ID == s.id() })
	})
	s.until("an order abroad waits for a person", func() bool { return s.page().Waiting == "tracking" })
	if f := s.page().Flow; !strings.Contains(f.Sentence, "goes from GB to US and needs customs papers") || !slices.Contains(f.Actions, "retry") {
		t.Errorf("it says %q, %v", f.Sentence, f.Actions)
	}
	if c := p.Counts(); c.Bought != 1 || c.Created != 1 {
		t.Errorf("counts %+v", c)
	}
}

// A label of an order that was cancelled while it was bought is given back once.
func TestLabelOfACancelledOrderIsGivenBack(t *testing.T) {
	s := newStore(t, time.Hour, true)
	p := newPost(t, s.clinic)
	p.partner(http.MethodPost, p.settings("EZTKsimulated"), http.StatusOK)
	p.Break("file", easypostsim.Garbage, easypostsim.Garbage, easypostsim.Garbage, easypostsim.Garbage) // it is bought, and not done with
	id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
		Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
	})
	fatal(t, err)
	s.order = strconv.FormatInt(id, 10)
	s.until("the label is bought", func() bool { return p.Counts().Bought == 1 })
	fatal(t, s.sim.CancelOrder(myshopify, id, "CUSTOMER", true))
	s.until("the order is undone", func() bool { o := s.page(); return o.Flow != nil && o.Flow.State == "undone" })
	if c := p.Counts(); c.Bought != 1 || c.Refunded != 1 || c.Balance != 1000_00 || s.stock().Reserved != 0 {
		t.Errorf("counts %+v, stock %+v", c, s.stock())
	}
}

// An order of Amazon's that the seller ships gets its label the same way, and Amazon is told.
func TestAmazonOrderGetsABoughtLabel(t *testing.T) {
	s := newStall(t)
	p := newPost(t, s.clinic)
	s.do("receive-stock", `{"sku":"HOODIE-M","quantity":10}`)
	s.until("the shop was polled once", func() bool { return s.Counts().Requests["GET /orders/2026-01-01/orders"] > 0 })
	p.partner(http.MethodPost, p.settings("EZTKsimulated"), http.StatusOK)
	order := s.buy(hoodieM, 2)
	s.until("the order is sent", func() bool { o, ok := s.shows(order); return ok && o.Flow != nil && o.Flow.State == "finished" })
	o, _ := s.shows(order)
	file, kind := s.label(o)
	if bought := p.Bought(); len(bought) != 1 || o.Label.Tracking != bought[0] || kind != "application/pdf" || !bytes.HasPrefix(file, []byte("%PDF-")) {
		t.Errorf("bought %v, the order shows %+v", bought, o.Label)
	}
	if units, open, err := s.Shipped(merchant); err != nil || units[hoodieM] != 2 || len(open) != 0 {
		t.Errorf("at Amazon %v are shipped and %v open, %v", units, open, err)
	}
}

// An order whose label the partner had no money for goes on as soon as the owner has mended that and saves the settings.
func TestLabelsGoOnWhenMended(t *testing.T) {
	s := newStore(t, time.Hour, true)
	p := newPost(t, s.clinic)
	p.partner(http.MethodPost, p.settings("EZTKsimulated"), http.StatusOK)
	p.SetBalance(100)
	id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
		Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
	})
	fatal(t, err)
	s.order = strconv.FormatInt(id, 10)
	s.until("the order waits for money", func() bool {
		o := s.page()
		return o.Flow != nil && strings.Contains(o.Flow.Sentence, "EasyPost has no money")
	})
	if o := s.page(); o.Waiting != "tracking" || o.Flow.WakeAt == nil || !slices.Contains(o.Shipping.Can, "ship-order") || !strings.Contains(o.Flow.Sentence, "Add money at EasyPost.") {
		t.Errorf("it waits for %s until %v and may %v: %s", o.Waiting, o.Flow.WakeAt, o.Shipping.Can, o.Flow.Sentence)
	}
	p.Revoke(true)
	if _, text := p.partner(http.MethodPost, p.settings(""), http.StatusConflict); !strings.Contains(text, "refuses the API key") {
		t.Errorf("a key that is refused by now is answered with %s", text)
	}
	p.Revoke(false)
	p.SetBalance(1000_00)
	p.partner(http.MethodPost, p.settings(""), http.StatusOK)
	s.until("the order is sent", func() bool { o := s.page(); return o.Flow != nil && o.Flow.State == "finished" })
	if c := p.Counts(); c.Bought != 1 {
		t.Errorf("counts %+v", c)
	}
}

// An order of TikTok Shop's that the seller ships gets its label by itself, for the address as it is when the label is bought, and
// the channel knows it by its own carrier; one of a carrier that the channel does not know waits for a person, with a sentence.
func TestTikTokOrderGetsABoughtLabel(t *testing.T) {
	d := &desk{clinic: newClinic(t, own)}
	p := newPost(t, d.clinic)
	_, err := d.AddProduct(shopID, tiktoksim.Product{Title: "Hoodie", SKUs: []tiktoksim.SKU{{ID: hoodie, SellerSKU: hoodieM, Price: "19.99", Quantity: 100}}})
	fatal(t, err)
	d.command("receive-stock", `{"sku":"HOODIE-M","quantity":10}`, http.StatusOK)
	p.partner(http.MethodPost, p.settings("EZTKsimulated"), http.StatusOK)
	place := func() {
		d.order, err = d.PlaceOrder(shopID, tiktoksim.NewOrder{
			BuyerID: "7494000000000000001", BuyerName: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", RegionCode: "GB", ShippingType: "SELLER",
			Lines: []tiktoksim.Line{{SKUID: hoodie, Quantity: 2}},
		})
		fatal(t, err)
	}
	p.SetBalance(100)
	place()
	d.until("the order waits for money", func() bool {
		o := d.page()
		return o.Flow != nil && strings.Contains(o.Flow.Sentence, "EasyPost has no money")
	})
	fatal(t, d.ChangeAddress(shopID, d.order, "9 Elm Lane"))
	d.until("the hub has heard of the address", func() bool {
		order, err := d.hub.Log.Fold(t.Context(), orders.Fold(workspace.Main, d.id()))
		fatal(t, err)
		person, err := d.hub.Vault.Person(t.Context(), order.Value.(orders.State).Placed.Buyer)
		return err == nil && bytes.Contains(person, []byte("9 Elm Lane"))
	})
	p.SetBalance(1000_00)
	d.until("the label is bought of the address as it is now", func() bool {
		p.partner(http.MethodPost, p.settings(""), http.StatusOK)
		o := d.page()
		return o.Label != nil
	})
	d.until("the order is sent", func() bool { o := d.page(); return o.Flow != nil && o.Flow.State == "finished" })
	bought := p.Bought()
	state, err := d.Order(shopID, d.order)
	fatal(t, err)
	if len(bought) != 1 || len(state.Packages) != 1 || state.Packages[0].Tracking != bought[0] || d.page().Label.Tracking != bought[0] {
		t.Fatalf("bought %v, the channel shows %+v", bought, state.Packages)
	}
	if file, kind := d.label(d.page()); kind != "application/pdf" || !bytes.Contains(file, []byte("9 Elm Lane")) {
		t.Errorf("the label is %s: %s", kind, file)
	}
	unknown := p.settings("")
	unknown.Carrier = "USPS"
	p.partner(http.MethodPost, unknown, http.StatusOK)
	place()
	d.until("the next order is in", func() bool {
		var list reads.OrderList
		d.ask("/api/v1/orders", &list)
		return slices.ContainsFunc(list.Items, func(o reads.OrderItem) bool { return o.ID == d.id() })
	})
	d.until("the channel has no such carrier", func() bool {
		o := d.page()
		return len(o.Shipping.Requests) == 1 && strings.Contains(o.Shipping.Requests[0].Sentence, "no carrier called USPS")
	})
	d.until("the order waits for a person", func() bool { return d.page().Waiting == "tracking" })
	if o := d.page(); !slices.Contains(o.Shipping.Can, "ship-order") || len(p.Bought()) != 2 {
		t.Errorf("one may %v, bought %v: %s", o.Shipping.Can, p.Bought(), o.Flow.Sentence)
	}
}
