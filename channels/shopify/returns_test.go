package shopify_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
)

// sold is a delivered order of three hoodies.
func (r *rig) sold() (order, listing string) {
	r.t.Helper()
	h := handle{r}
	_, listing = h.List("HOODIE-M", "19.99", 10)
	order = h.Place(false, channelstest.Line{Listing: listing, Price: "19.99", Quantity: 3})
	h.Deliver(order)
	return order, listing
}

func (r *rig) returns(order string) []channels.Claim {
	r.t.Helper()
	page, err := r.connector.ClaimsOf(r.t.Context(), channels.Return, []string{order}, "")
	if err != nil || len(page.Invalid) > 0 {
		r.t.Fatalf("claims of %s: %+v, %v", order, page, err)
	}
	return page.Claims
}

// TestReturnInParts takes goods in as they come: each unit once, and the return is closed with the last.
func TestReturnInParts(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	order, listing := r.sold()
	h := handle{r}
	h.AskReturn(order, listing, 3)
	c := r.returns(order)[0]
	r.must(r.connector.Answer(t.Context(), c, channels.Verdict{Approve: true}))
	for came, want := range []string{"", "19.99", "39.98", "59.97"} {
		c = r.returns(order)[0]
		if came == 0 {
			continue
		}
		v := channels.Verdict{Approve: true, Came: []channels.ClaimLine{{ListingID: listing, Quantity: int64(came)}}}
		r.must(r.connector.Answer(t.Context(), c, v))
		if came < 3 { // the same again: nothing more has come
			r.must(r.connector.Answer(t.Context(), c, v))
		}
		is, err := r.Sim.Order(shop, number(t, order))
		r.must(err)
		if is.Refunded != want || h.Refunds(order) != came {
			t.Errorf("%d came: %s went back in %d refunds, want %s", came, is.Refunded, h.Refunds(order), want)
		}
	}
	c = r.returns(order)[0]
	if got := r.order(order); c.State != channels.ClaimCompleted || got.Refunded.String() != "59.97 GBP" || got.Lines[0].Quantity != 3 || got.Status != channels.StatusDelivered {
		t.Errorf("in the end: %+v on %+v", c, got)
	}
	if n := h.Listed(listing); n != 7 {
		t.Errorf("%d on sale; what comes back the hub puts on sale itself", n)
	}
}

// TestReturnSettledThere: what the shop's staff took in is not taken in again, and what they put back on sale is told, once whether it
// stands in the return or in its refund.
func TestReturnSettledThere(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	order, listing := r.sold()
	id, err := r.RequestReturn(shop, number(t, order), number(t, listing), 2, "unwanted")
	r.must(err)
	r.must(r.SetReturn(shop, id, "OPEN"))
	before := r.returns(order)[0]
	r.must(r.FinishReturn(shop, id, true))
	c := r.returns(order)[0]
	if len(c.Lines) != 1 || c.Lines[0].Restocked != 2 || c.State != channels.ClaimCompleted || c.Refund.String() != "39.98 GBP" || c.Reason != "unwanted" {
		t.Errorf("it reads as %+v", c)
	}
	r.must(r.connector.Answer(t.Context(), before, channels.Verdict{Approve: true}))
	if n := r.Counts().Refunds[order]; n != 1 {
		t.Errorf("%d refunds", n)
	}
	r.must(r.Refund(shop, number(t, order), number(t, listing), 1, true))
	all := r.returns(order)
	if len(all) != 2 {
		t.Fatalf("after a refund without a return: %+v", all)
	}
	f := all[0]
	if f.ID == c.ID {
		f = all[1]
	}
	if !strings.HasPrefix(f.ID, "refund-") || f.State != channels.ClaimCompleted || f.Lines[0].Restocked != 1 || f.Refund.String() != "19.99 GBP" || f.Wants != channels.Goods {
		t.Errorf("the refund reads as %+v", f)
	}
	if got, shown, err := r.connector.Claim(t.Context(), channels.Return, f.ID); err != nil || !shown || got.ID != f.ID {
		t.Errorf("by its id: %+v, %v, %v", got, shown, err)
	}
	wantClass(t, "an answer to a refund", r.connector.Answer(t.Context(), f, channels.Verdict{Approve: true}), channels.Rejected)
	if got := r.order(order); got.Lines[0].Quantity != 3 || got.Refunded.String() != "59.97 GBP" {
		t.Errorf("the order reads as %+v", got)
	}
}

// TestRefundOfWhatNeverLeft is no claim: the units are gone from the order's lines, and its money is told.
func TestRefundOfWhatNeverLeft(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	h := handle{r}
	_, listing := h.List("HOODIE-M", "19.99", 10)
	order := h.Place(false, channelstest.Line{Listing: listing, Price: "19.99", Quantity: 3})
	r.must(r.Refund(shop, number(t, order), number(t, listing), 1, true))
	if got := r.order(order); got.Lines[0].Quantity != 2 || got.Refunded.String() != "19.99 GBP" {
		t.Errorf("the order reads as %+v", got)
	}
	if got := r.returns(order); len(got) != 0 {
		t.Errorf("claims: %+v", got)
	}
	// When the rest was sent and one of it came back, the one that never left stays out.
	h.Deliver(order)
	r.must(r.Refund(shop, number(t, order), number(t, listing), 1, false))
	if got := r.order(order); got.Lines[0].Quantity != 2 || got.Status != channels.StatusDelivered {
		t.Errorf("sent, and one came back: %+v", got)
	}
}

// TestReturnPaidAhead: money that the shop's staff gave back before the goods came does not go back again with them.
func TestReturnPaidAhead(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	order, listing := r.sold()
	id, err := r.RequestReturn(shop, number(t, order), number(t, listing), 2, "unwanted")
	r.must(err)
	r.must(r.SetReturn(shop, id, "OPEN"))
	r.must(r.PayReturn(shop, id))
	c := r.returns(order)[0]
	r.must(r.connector.Answer(t.Context(), c, channels.Verdict{Approve: true, Came: []channels.ClaimLine{{ListingID: listing, Quantity: 2}}}))
	is, err := r.Sim.Order(shop, number(t, order))
	r.must(err)
	if status, processed, err := r.Sim.Return(shop, id); err != nil || is.Refunded != "39.98" || r.Counts().Refunds[order] != 1 || processed != 2 || status != "CLOSED" {
		t.Errorf("%s went back in %d refunds; %d taken in, it is %s, %v", is.Refunded, r.Counts().Refunds[order], processed, status, err)
	}
}

// TestReturnOfAPart: of an order that is sent by half a unit comes back; those that are still to be sent are listed as before.
func TestReturnOfAPart(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	h := handle{r}
	_, listing := h.List("HOODIE-M", "19.99", 10)
	order := h.Place(false, channelstest.Line{Listing: listing, Price: "19.99", Quantity: 3})
	_, err := r.connector.Send(t.Context(), order, channels.Parcel{
		Reference: "1", Carrier: "Royal Mail", Tracking: "T1", Sent: r.clock(), Items: []channels.ParcelItem{{ListingID: listing, Quantity: 1}},
	})
	r.must(err)
	id, err := r.RequestReturn(shop, number(t, order), number(t, listing), 1, "unwanted")
	r.must(err)
	r.must(r.SetReturn(shop, id, "OPEN"))
	r.must(r.FinishReturn(shop, id, true))
	if got := r.order(order); got.Status != channels.StatusPartial || got.Lines[0].Quantity != 3 {
		t.Errorf("two are still to be sent; the order reads as %s of %+v", got.Status, got.Lines)
	}
}

// TestExchangeIsNotOurs: where the buyer gets other goods, a person finishes that in Shopify.
func TestExchangeIsNotOurs(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	order, listing := r.sold()
	id, err := r.RequestReturn(shop, number(t, order), number(t, listing), 1, "wrong_item")
	r.must(err)
	r.must(r.SetReturn(shop, id, "OPEN"))
	r.must(r.ShipReturn(shop, id, "T1", true))
	c := r.returns(order)[0]
	err = r.connector.Answer(t.Context(), c, channels.Verdict{Approve: true})
	wantClass(t, "an exchange", err, channels.Rejected)
	if c.Tracking != "T1" || !strings.Contains(err.Error(), "finish the exchange in Shopify") || r.Counts().Refunds[order] != 0 {
		t.Errorf("%+v: %v", c, err)
	}
}

// TestReturnsNeedTheirScope: without it the order is read as ever, its returns are refused in words, and the doctor names the mend.
func TestReturnsNeedTheirScope(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	order, _ := r.sold()
	r.must(r.SetScopes(shop, scopes[:len(scopes)-2]...))
	_, err := r.connector.ClaimsOf(t.Context(), channels.Return, []string{order}, "")
	wantClass(t, "without the scope", err, channels.Auth)
	r.order(order)
	for _, f := range r.connector.Examine(t.Context(), "") {
		if f.Check == channels.CheckScopes && (f.State != channels.Red || !strings.Contains(f.Found, "read_returns, write_returns") || f.Mend == "") {
			t.Errorf("the doctor says %+v", f)
		}
	}
}

// TestManyReturns reads those of fifty orders in pages that the shop's points allow, and finds those that changed.
func TestManyReturns(t *testing.T) {
	r := newRig(t, channelstest.Knobs{PerSecond: 50})
	r.SetFaults(shopifysim.Faults{})
	h := handle{r}
	_, listing := h.List("HOODIE-M", "19.99", 100)
	from := r.clock()
	var orders []string
	for range 30 {
		order := h.Place(false, channelstest.Line{Listing: listing, Price: "19.99", Quantity: 1})
		h.Deliver(order)
		h.AskReturn(order, listing, 1)
		orders = append(orders, order)
	}
	h.Place(false, channelstest.Line{Listing: listing, Price: "19.99", Quantity: 1})
	page, err := r.connector.ClaimsOf(t.Context(), channels.Return, orders, "")
	if err != nil || len(page.Claims) != 30 {
		t.Errorf("%d claims, %v", len(page.Claims), err)
	}
	found := map[string]bool{}
	for next, asked := "", 0; asked == 0 || next != ""; asked++ {
		page, err := r.connector.ClaimsChanged(t.Context(), channels.Return, from.Add(-time.Minute), from.Add(time.Hour), next)
		r.must(err)
		for _, c := range page.Claims {
			found[c.Order] = true
		}
		next = page.Next
	}
	if len(found) != 30 || r.Counts().Codes["MAX_COST_EXCEEDED"] != 0 {
		t.Errorf("%d orders with returns changed, %s calls were too dear", len(found), strconv.Itoa(r.Counts().Codes["MAX_COST_EXCEEDED"]))
	}
}
