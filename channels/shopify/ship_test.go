package shopify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/channels/shopify"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
)

func wantClass(t *testing.T, what string, err error, want channels.Class) {
	t.Helper()
	if err == nil || channels.ClassOf(err) != want {
		t.Errorf("%s: %v (%s), want %s", what, err, channels.ClassOf(err), want)
	}
}

// TestSplitParcels sends an order of two SKUs as two parcels, each told once.
func TestSplitParcels(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	h := handle{r}
	_, hoodie := h.List("HOODIE-M", "19.99", 10)
	_, mug := h.List("MUG", "5.00", 10)
	order := h.Place(false, channelstest.Line{Listing: hoodie, Price: "19.99", Quantity: 3}, channelstest.Line{Listing: mug, Price: "5.00", Quantity: 1})
	send := func(tracking string, items ...channels.ParcelItem) (channels.Shipment, error) {
		return r.connector.Send(t.Context(), order, channels.Parcel{Reference: "p", Carrier: "Royal Mail", Tracking: tracking, Items: items})
	}
	first := []channels.ParcelItem{{ListingID: hoodie, Quantity: 2}}
	if s, err := send("T1", first...); err != nil || s.Already {
		t.Fatalf("%+v, %v", s, err)
	}
	if s, err := send("T1", first...); err != nil || !s.Already {
		t.Errorf("the first again: %+v, %v", s, err)
	}
	if got := r.order(order); got.Status != channels.StatusPartial {
		t.Errorf("the order is %s", got.Status)
	}
	_, err := send("T9", channels.ParcelItem{ListingID: hoodie, Quantity: 2})
	wantClass(t, "more than is left", err, channels.Rejected)
	if s, err := send("T2"); err != nil || s.Already { // all the rest
		t.Fatalf("%+v, %v", s, err)
	}
	parcels, err := r.connector.Parcels(t.Context(), order)
	if err != nil || len(parcels) != 2 || parcels[0].Tracking != "T1" || parcels[0].Carrier != "Royal Mail" || !slices.Equal(parcels[0].Items, first) || len(parcels[1].Items) != 2 || parcels[1].Sent.IsZero() {
		t.Errorf("parcels %+v, %v", parcels, err)
	}
	_, err = send("T3")
	wantClass(t, "after all was sent", err, channels.Done)
	if h.Ships(order) != 2 || r.Counts().Twice() != nil {
		t.Errorf("%d parcels, twice %v", h.Ships(order), r.Counts().Twice())
	}
}

func (r *rig) order(id string) channels.Order {
	r.t.Helper()
	page, err := r.connector.Orders(r.t.Context(), []string{id})
	r.must(err)
	if len(page.Orders) != 1 || len(page.Invalid) != 0 {
		r.t.Fatalf("order %s: %+v", id, page)
	}
	return page.Orders[0]
}

// TestNotToBeSent: each reason why an order cannot be sent is told in words.
func TestNotToBeSent(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	h := handle{r}
	_, mug := h.List("MUG", "5.00", 10)
	send := func(order string) error {
		_, err := r.connector.Send(t.Context(), order, channels.Parcel{Tracking: "T1", Carrier: "DPD"})
		return err
	}
	held := h.Place(false, channelstest.Line{Listing: mug, Quantity: 1})
	r.must(r.HoldOrder(shop, number(t, held)))
	wantClass(t, "on hold", send(held), channels.Rejected)
	r.must(r.ReleaseOrder(shop, number(t, held)))
	r.must(send(held))
	byHand := h.Place(false, channelstest.Line{Listing: mug, Quantity: 1})
	r.must(r.FulfilByHand(shop, number(t, byHand), "UPS", "1Z"))
	wantClass(t, "sent by hand before", send(byHand), channels.Done)
	wantClass(t, "an order of nobody", send("5559999999999"), channels.Gone)
	wantClass(t, "no id", send("../x"), channels.Rejected)
}

// TestTwoLocations sends what lies at two places under one number, each place once; a parcel that was told for one of them is
// told for the other alone.
func TestTwoLocations(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	const two = "cf-two.myshopify.com"
	r.AddShop(shopifysim.Shop{Domain: two, Locations: []string{"Leeds", "York"}})
	places, err := r.Locations(two)
	r.must(err)
	_, ids, err := r.AddProduct(two, shopifysim.Product{Title: "x", Variants: []shopifysim.SKU{{SKU: "A", Price: "1.00", Quantity: 5}, {SKU: "B", Price: "1.00"}}})
	r.must(err)
	r.must(r.SetQuantity(two, ids[1], places[1], 5))
	id, err := r.PlaceOrder(two, shopifysim.NewOrder{Lines: []shopifysim.Line{{Variant: ids[0], Quantity: 1}, {Variant: ids[1], Quantity: 1}}})
	r.must(err)
	pair := r.Tokens(two)
	o := r.opening
	o.Connection.ShopID = two
	o.Tokens = shopify.Vendor.Keeper(o, &drawer{token: channels.Token{Access: pair.AccessToken, AccessExpires: pair.AccessExpires, Refresh: pair.RefreshToken}})
	c := shopify.New(o)
	r.must(r.FulfilByHand(two, id, "DPD", "T1")) // the first place's share, as if an answer had been lost after it
	order := strconv.FormatInt(id, 10)
	for try, already := range []bool{false, true} {
		s, err := c.Send(t.Context(), order, channels.Parcel{Tracking: "T1", Carrier: "DPD"})
		if err != nil || s.Already != already {
			t.Errorf("try %d: %+v, %v", try, s, err)
		}
	}
	if got, err := r.Order(two, id); err != nil || len(got.Parcels) != 2 || got.Fulfilment != "FULFILLED" {
		t.Errorf("%+v, %v", got, err)
	}
	// The same where the parcel's units are named: what lies at the other place is told as well, and no unit twice.
	id, err = r.PlaceOrder(two, shopifysim.NewOrder{Lines: []shopifysim.Line{{Variant: ids[0], Quantity: 2}, {Variant: ids[1], Quantity: 2}}})
	r.must(err)
	r.must(r.FulfilByHand(two, id, "DPD", "T2"))
	order = strconv.FormatInt(id, 10)
	parcel := channels.Parcel{Tracking: "T2", Carrier: "DPD", Items: []channels.ParcelItem{
		{ListingID: strconv.FormatInt(ids[0], 10), Quantity: 2}, {ListingID: strconv.FormatInt(ids[1], 10), Quantity: 1},
	}}
	for try, already := range []bool{false, true} {
		s, err := c.Send(t.Context(), order, parcel)
		if err != nil || s.Already != already {
			t.Errorf("named units, try %d: %+v, %v", try, s, err)
		}
	}
	if got, err := r.Order(two, id); err != nil || len(got.Parcels) != 2 || got.Parcels[0].Units != 2 || got.Parcels[1].Units != 1 || got.Fulfilment != "PARTIALLY_FULFILLED" {
		t.Errorf("named units: %+v, %v", got, err)
	}
	list, err := c.Quantities(t.Context(), []string{strconv.FormatInt(ids[0], 10), strconv.FormatInt(ids[1], 10)})
	if err != nil || len(list) != 2 || list[0].Available != 2 || list[1].Available != 0 {
		t.Errorf("the hub keeps the first place: %+v, %v", list, err)
	}
	findings := c.Examine(t.Context(), "")
	if i := slices.IndexFunc(findings, func(f channels.Finding) bool { return f.Check == channels.CheckLocations }); i < 0 || findings[i].State != channels.Red || findings[i].Mend == "" {
		t.Errorf("two places that sell: %+v", findings)
	}
}

// TestCapture takes the money of an authorised order once, whatever is asked again or lost.
func TestCapture(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	h := handle{r}
	_, mug := h.List("MUG", "5.00", 10)
	bank := ""
	place := func() string {
		id, err := r.PlaceOrder(shop, shopifysim.NewOrder{Authorized: true, Buyer: "Ana", Bank: bank, Lines: []shopifysim.Line{{Variant: number(t, mug), Quantity: 2}}})
		r.must(err)
		return strconv.FormatInt(id, 10)
	}
	order := place()
	if got := r.order(order); got.Status != channels.StatusAuthorised || got.Vendor != "AUTHORIZED/UNFULFILLED" || got.Recipient != nil || !got.Paid.IsZero() {
		t.Errorf("before: %s (%s), paid %v", got.Status, got.Vendor, got.Paid)
	}
	r.SetFaults(shopifysim.Faults{APITimeoutAfter: 1, Spare: []string{"Payment"}})
	wantClass(t, "an answer that is lost", r.connector.Capture(t.Context(), order), channels.Unsure)
	r.SetFaults(shopifysim.Faults{})
	r.must(r.connector.Capture(t.Context(), order))
	if got := r.order(order); got.Status != channels.StatusReady || got.Paid.IsZero() || r.Counts().Captures[order] != 1 {
		t.Errorf("after: %s, paid %v, captured %d times", got.Status, got.Paid, r.Counts().Captures[order])
	}
	late := place()
	r.must(r.ExpireAuthorisation(shop, number(t, late)))
	wantClass(t, "an authorisation that ended", r.connector.Capture(t.Context(), late), channels.Rejected)
	gone := place()
	h.Cancel(gone)
	wantClass(t, "a cancelled order", r.connector.Capture(t.Context(), gone), channels.Gone)
	held := place()
	r.must(r.HoldOrder(shop, number(t, held)))
	wantClass(t, "an order on hold", r.connector.Capture(t.Context(), held), channels.Held)
	bank = "no"
	wantClass(t, "a bank that says no", r.connector.Capture(t.Context(), place()), channels.Rejected)
}

// TestCaptureThatTheBankAnswersLater asks once, however often it looks before the bank has answered, and whatever Shopify calls
// the payment meanwhile.
func TestCaptureThatTheBankAnswersLater(t *testing.T) {
	for bank, meanwhile := range map[string]channels.Status{"later": channels.StatusAuthorised, "pending": channels.StatusUnpaid} {
		t.Run(bank, func(t *testing.T) {
			r := newRig(t, channelstest.Knobs{})
			h := handle{r}
			_, mug := h.List("MUG", "5.00", 10)
			id, err := r.PlaceOrder(shop, shopifysim.NewOrder{Authorized: true, Bank: bank, Lines: []shopifysim.Line{{Variant: number(t, mug), Quantity: 2}}})
			r.must(err)
			order := strconv.FormatInt(id, 10)
			for range 3 {
				wantClass(t, "the bank has not answered", r.connector.Capture(t.Context(), order), channels.Awaited)
			}
			if got := r.order(order); got.Status != meanwhile || r.Counts().Captures[order] != 0 {
				t.Errorf("before it has: %s, captured %d times", got.Status, r.Counts().Captures[order])
			}
			h.Pass(jobDelay)
			r.must(r.connector.Capture(t.Context(), order))
			if got := r.order(order); got.Status != channels.StatusReady || r.Counts().Captures[order] != 1 {
				t.Errorf("after: %s, captured %d times", got.Status, r.Counts().Captures[order])
			}
		})
	}
}

// TestCaptureAfterSending takes the money of an order that was sent in Shopify while it was only reserved.
func TestCaptureAfterSending(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	h := handle{r}
	_, mug := h.List("MUG", "5.00", 10)
	id, err := r.PlaceOrder(shop, shopifysim.NewOrder{Authorized: true, Lines: []shopifysim.Line{{Variant: number(t, mug), Quantity: 2}}})
	r.must(err)
	r.must(r.FulfilByHand(shop, id, "UPS", "1Z"))
	order := strconv.FormatInt(id, 10)
	if got := r.order(order); got.Status != channels.StatusArranged || !got.Owed || !got.Paid.IsZero() {
		t.Errorf("before: %s (%s), owed %v, paid %v", got.Status, got.Vendor, got.Owed, got.Paid)
	}
	r.must(r.connector.Capture(t.Context(), order))
	if got := r.order(order); got.Status != channels.StatusArranged || got.Owed || got.Paid.IsZero() || r.Counts().Captures[order] != 1 {
		t.Errorf("after: %s (%s), paid %v", got.Status, got.Vendor, got.Paid)
	}
}

// TestCaptureOfSeveralReservations takes the money of each; of an order that is not reserved whole it says that the rest is missing,
// and not that the buyer should pay again.
func TestCaptureOfSeveralReservations(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	h := handle{r}
	_, mug := h.List("MUG", "5.00", 10)
	place := func(reserved ...string) string {
		id, err := r.PlaceOrder(shop, shopifysim.NewOrder{Authorized: true, Reserved: reserved, Lines: []shopifysim.Line{{Variant: number(t, mug), Quantity: 2}}})
		r.must(err)
		return strconv.FormatInt(id, 10)
	}
	whole := place("4.00", "6.00")
	r.must(r.connector.Capture(t.Context(), whole))
	r.must(r.connector.Capture(t.Context(), whole))
	if got := r.order(whole); got.Status != channels.StatusReady || r.Counts().Captures[whole] != 2 {
		t.Errorf("of two: %s (%s), captured %d times", got.Status, got.Vendor, r.Counts().Captures[whole])
	}
	part := place("4.00")
	r.must(r.connector.Capture(t.Context(), part))
	err := r.connector.Capture(t.Context(), part)
	wantClass(t, "the rest", err, channels.Rejected)
	if got := r.order(part); got.Status != channels.StatusUnpaid || err == nil || !strings.Contains(err.Error(), "ask the buyer for the rest") {
		t.Errorf("of a part: %s (%s), %v", got.Status, got.Vendor, err)
	}
}

// TestSellerCancels: the vendor cancels in the background, once; the money goes back, what was reserved is let go, and units that
// are there go back on sale.
func TestSellerCancels(t *testing.T) {
	for _, c := range []struct {
		reason     string
		authorised bool
		word       string
		financial  string
		listed     int64 // of ten, two of which were sold
	}{
		{"wrong_price", false, "STAFF", "REFUNDED", 10},
		{"buyer_asked", false, "CUSTOMER", "REFUNDED", 10},
		{"undeliverable", true, "OTHER", "VOIDED", 10},
		{"out_of_stock", false, "INVENTORY", "REFUNDED", 8},
	} {
		t.Run(c.reason, func(t *testing.T) {
			r := newRig(t, channelstest.Knobs{})
			h := handle{r}
			_, mug := h.List("MUG", "5.00", 10)
			id, err := r.PlaceOrder(shop, shopifysim.NewOrder{Authorized: c.authorised, Lines: []shopifysim.Line{{Variant: number(t, mug), Quantity: 2}}})
			r.must(err)
			order := r.order(strconv.FormatInt(id, 10))
			for range 2 { // also while it is being carried out
				wantClass(t, "a cancellation under way", r.connector.Cancel(t.Context(), order, c.reason), channels.Awaited)
			}
			if got := r.order(order.ID); got.Status == channels.StatusCancelled {
				t.Error("it is cancelled before Shopify has done it")
			}
			h.Pass(jobDelay)
			if got := r.order(order.ID); got.Status != channels.StatusCancelled || got.Cancel != c.word {
				t.Errorf("%s for %q", got.Status, got.Cancel)
			}
			wantClass(t, "again", r.connector.Cancel(t.Context(), order, c.reason), channels.Rejected)
			is, err := r.Order(shop, id)
			if r.must(err); is.Financial != c.financial || !strings.HasPrefix(is.StaffNote, "Cancelled from the hub: ") || r.Counts().SellerCancels[order.ID] != 1 {
				t.Errorf("it is %s, noted %q, cancelled %d times", is.Financial, is.StaffNote, r.Counts().SellerCancels[order.ID])
			}
			listed, err := r.connector.Quantities(t.Context(), []string{mug})
			if r.must(err); listed[0].Available != c.listed {
				t.Errorf("%d on sale, want %d", listed[0].Available, c.listed)
			}
		})
	}
}

// TestNotToBeCancelled: what was sent is not cancelled, and neither is what nobody knows.
func TestNotToBeCancelled(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	h := handle{r}
	_, mug := h.List("MUG", "5.00", 10)
	sent := h.Place(false, channelstest.Line{Listing: mug, Quantity: 1})
	r.must(r.FulfilByHand(shop, number(t, sent), "UPS", "1Z"))
	wantClass(t, "sent", r.connector.Cancel(t.Context(), channels.Order{ID: sent}, "wrong_price"), channels.Rejected)
	wantClass(t, "an order of nobody", r.connector.Cancel(t.Context(), channels.Order{ID: "5559999999999"}, "wrong_price"), channels.Rejected)
	wantClass(t, "a reason of nobody", r.connector.Cancel(t.Context(), channels.Order{ID: sent}, "bored"), channels.Bug)
	wantClass(t, "no id", r.connector.Cancel(t.Context(), channels.Order{ID: "../x"}, "wrong_price"), channels.Rejected)
	lost := r.order(h.Place(false, channelstest.Line{Listing: mug, Quantity: 1}))
	r.SetFaults(shopifysim.Faults{APITimeoutAfter: 1})
	wantClass(t, "an answer that is lost", r.connector.Cancel(t.Context(), lost, "wrong_price"), channels.Unsure)
}

// TestLongOrders reads the lines behind the first page, and orders whose cost needs smaller pages.
func TestLongOrders(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	h := handle{r}
	var lines []channelstest.Line
	for i := range 130 {
		_, listing := h.List("SKU-"+strconv.Itoa(i), "1.00", 10)
		lines = append(lines, channelstest.Line{Listing: listing, Price: "1.00", Quantity: 1})
	}
	order := h.Place(false, lines...)
	got := r.order(order)
	if len(got.Lines) != 130 || got.Lines[129].Code != "SKU-129" || got.Total.Minor != 13000 {
		t.Errorf("%d lines, total %v", len(got.Lines), got.Total)
	}
	h.Pay(h.Place(true, lines[0]))
	r.must(r.EditOrder(shop, number(t, order), number(t, lines[0].Listing), 0))
	if got := r.order(order); len(got.Lines) != 129 {
		t.Errorf("%d lines after one was taken out", len(got.Lines))
	}
}

// TestOrdersWithoutAnEnd: an order of more lines than anybody orders, or whose list goes round in a circle, is an order that cannot be
// read, and the one beside it is taken in.
func TestOrdersWithoutAnEnd(t *testing.T) {
	for name, cursor := range map[string]func(n int) string{
		"more lines than anybody orders": func(n int) string { return "c" + strconv.Itoa(n) },
		"in a circle":                    func(n int) string { return "c" + strconv.Itoa(n%2) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, channelstest.Knobs{})
			h := handle{r}
			var lines []channelstest.Line
			for i := range 30 {
				_, listing := h.List("SKU-"+strconv.Itoa(i), "1.00", 10)
				lines = append(lines, channelstest.Line{Listing: listing, Price: "1.00", Quantity: 1})
			}
			endless, other := h.Place(false, lines...), h.Place(false, lines[0])
			pages := 0
			node := `{"id":"gid://shopify/LineItem/1","name":"x","sku":"x","quantity":1,"currentQuantity":1,"variant":null,` +
				`"originalUnitPriceSet":{"shopMoney":{"amount":"1.0","currencyCode":"GBP"}}}`
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				body, err := io.ReadAll(q.Body)
				if err != nil || !bytes.Contains(body, []byte("query OrderLines")) {
					q.Body = io.NopCloser(bytes.NewReader(body))
					r.Handler().ServeHTTP(w, q)
					return
				}
				pages++
				_, _ = fmt.Fprintf(w, `{"data":{"order":{"lineItems":{"pageInfo":{"hasNextPage":true,"endCursor":%q},"nodes":[%s]}}}}`,
					cursor(pages), strings.Repeat(node+",", 99)+node)
			}))
			defer front.Close()
			o := r.opening
			o.App.BaseURL = front.URL
			client, err := outbound.NewClient(front.URL)
			r.must(err)
			defer client.CloseIdleConnections()
			o.Client = client
			page, err := shopify.New(o).Orders(t.Context(), []string{endless, other})
			r.must(err)
			if len(page.Invalid) != 1 || page.Invalid[0].Record != endless || page.Invalid[0].Field != "lineItems" || len(page.Orders) != 1 || page.Orders[0].ID != other {
				t.Errorf("%+v beside %d orders", page.Invalid, len(page.Orders))
			}
			if pages > 60 {
				t.Errorf("%d pages were read", pages)
			}
		})
	}
}

// TestSpoiltKey: a key whose attempt the vendor calls failed is followed by the next, and the write happens once.
func TestSpoiltKey(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	product, mug := handle{r}.List("MUG", "5.00", 10)
	r.SetFaults(shopifysim.Faults{SpoilKey: 1})
	wantClass(t, "the attempt that fails", r.connector.SwapQuantity(t.Context(), product, mug, 10, 8, "k"), channels.Unsure)
	r.SetFaults(shopifysim.Faults{})
	for range 2 {
		r.must(r.connector.SwapQuantity(t.Context(), product, mug, 10, 8, "k"))
	}
	if got := (handle{r}).Listed(mug); got != 8 {
		t.Errorf("listed %d", got)
	}
}

// TestTokens: a code becomes a pair that rotates; an app of the shop's own organisation asks for another token by itself.
func TestTokens(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	connect := func(given channels.Grant) (channels.Token, []channels.Connection, error) {
		return shopify.Vendor.Authorize(t.Context(), r.opening, given)
	}
	token, shops, err := connect(channels.Grant{"shop": shop, "code": r.AuthCode(shop)})
	if err != nil || len(shops) != 1 || shops[0].ShopID != shop || shops[0].Name != "Test Shop" || shops[0].Extra["location"] == "" || token.Refresh == "" ||
		!token.AccessExpires.After(r.clock()) || token.Scopes == "" {
		t.Fatalf("%+v, %+v, %v", token, shops, err)
	}
	_, _, err = connect(channels.Grant{"shop": shop, "code": "spent"})
	wantClass(t, "a code that is none", err, channels.Auth)
	_, _, err = connect(channels.Grant{"shop": shop, "code": r.AuthCode(shop), "hmac": "00", "timestamp": "1", "state": "s"})
	wantClass(t, "a callback that nobody signed", err, channels.Rejected)
	_, _, err = connect(channels.Grant{"shop": shop, "location": "12"})
	wantClass(t, "a location that is not there", err, channels.Rejected)
	var invalid channels.Invalid
	if _, _, err = connect(channels.Grant{"shop": "evil.test"}); !errors.As(err, &invalid) {
		t.Errorf("somebody else's host: %v", err)
	}
	own, _, err := connect(channels.Grant{"shop": shop})
	if err != nil || own.Refresh != "" || own.AccessExpires.IsZero() {
		t.Fatalf("%+v, %v", own, err)
	}
	o := r.opening
	kept := &drawer{token: own}
	o.Tokens = shopify.Vendor.Keeper(o, kept)
	handle{r}.Pass(25 * time.Hour)
	if _, err := shopify.New(o).Listings(t.Context(), ""); err != nil {
		t.Errorf("a day later: %v", err)
	}
	if now, err := kept.Token(t.Context()); err != nil || now.Access == own.Access {
		t.Errorf("the token was not renewed: %v", err)
	}
}

// TestExamineRed looks at connections of which one thing is broken: that one is red, with what mends it.
func TestExamineRed(t *testing.T) {
	location := func(number string) func(*rig) {
		return func(r *rig) { r.opening.Connection.Extra = map[string]string{"location": number} }
	}
	ahead := func(by time.Duration) func(*rig) {
		return func(r *rig) { r.opening.Clock = func() time.Time { return r.clock().Add(by) } }
	}
	for name, test := range map[string]struct {
		check string
		spoil func(*rig)
	}{
		"all is well":                   {"", func(*rig) {}},
		"scopes are missing":            {channels.CheckScopes, func(r *rig) { r.must(r.SetScopes(shop, "write_orders", "read_locations")) }},
		"the shop is frozen":            {channels.CheckShop, func(r *rig) { r.must(r.SetState(shop, "frozen")) }},
		"the app was removed":           {channels.CheckToken, func(r *rig) { r.must(r.Uninstall(shop)) }},
		"the secret is wrong":           {channels.CheckCredentials, func(r *rig) { r.Sim.ExpireToken(shop); r.opening.App.Secrets = []string{"wrong"} }},
		"nobody answers":                {channels.CheckCredentials, func(r *rig) { r.opening.App.BaseURL = "http://127.0.0.1:1"; r.opening.Client = http.DefaultClient }},
		"webhooks go elsewhere":         {channels.CheckWebhooks, func(r *rig) { r.must(r.SetWebhookURL(shop, "http://elsewhere.test/")) }},
		"webhooks go nowhere":           {channels.CheckWebhooks, func(r *rig) { r.must(r.SetWebhookURL(shop, "")) }},
		"the location is not there":     {channels.CheckLocations, location("1")},
		"the clock is 2 minutes ahead":  {channels.CheckClock, ahead(2 * time.Minute)},
		"the clock is 2 minutes behind": {channels.CheckClock, ahead(-2 * time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, channelstest.Knobs{})
			r.subscribe()
			pair := r.Tokens(shop)
			test.spoil(r)
			o := r.opening
			o.Log = slog.New(slog.DiscardHandler)
			o.Tokens = shopify.Vendor.Keeper(o, &drawer{token: channels.Token{Access: pair.AccessToken, AccessExpires: pair.AccessExpires, Refresh: pair.RefreshToken}})
			red := ""
			for _, f := range shopify.New(o).Examine(context.WithoutCancel(t.Context()), r.address) {
				if f.State == channels.Red {
					red += f.Check
				}
				if f.Found == "" || (f.State == channels.Red) != (f.Mend != "") {
					t.Errorf("%s is %s: %s (%s)", f.Check, f.State, f.Found, f.Mend)
				}
			}
			if red != test.check {
				t.Errorf("red is %q, want %q", red, test.check)
			}
		})
	}
}

// TestSwitchedOffLocation: the location that the hub keeps is switched off and on again in Shopify. The doctor names it and says
// where to switch it on, and nobody connects a shop by a location that is off.
func TestSwitchedOffLocation(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	r.subscribe()
	places, err := r.Locations(shop)
	r.must(err)
	number := strconv.FormatInt(places[0], 10)
	r.opening.Connection.Extra = map[string]string{"location": number}
	pair := r.Tokens(shop)
	red := func() (all []channels.Finding) {
		o := r.opening
		o.Tokens = shopify.Vendor.Keeper(o, &drawer{token: channels.Token{Access: pair.AccessToken, AccessExpires: pair.AccessExpires, Refresh: pair.RefreshToken}})
		for _, f := range shopify.New(o).Examine(t.Context(), r.address) {
			if f.State == channels.Red {
				all = append(all, f)
			}
		}
		return all
	}
	connect := func() error {
		_, _, err := shopify.Vendor.Authorize(t.Context(), r.opening, channels.Grant{"shop": shop, "code": r.AuthCode(shop), "location": number})
		return err
	}
	r.must(r.SwitchLocation(shop, places[0], false))
	if got := red(); len(got) != 1 || got[0].Check != channels.CheckLocations || !strings.Contains(got[0].Found, "("+number+"), which the hub keeps the stock of, is off") ||
		!strings.Contains(got[0].Mend, "Settings, Locations and switch it on") {
		t.Errorf("while it is off: %+v", got)
	}
	err = connect()
	wantClass(t, "connecting by it", err, channels.Rejected)
	if !strings.Contains(err.Error(), "is switched off: switch it on in Shopify") {
		t.Errorf("connecting by it: %v", err)
	}
	r.must(r.SwitchLocation(shop, places[0], true))
	if got := red(); len(got) > 0 {
		t.Errorf("once it is on again: %+v", got)
	}
	r.must(connect())
}
