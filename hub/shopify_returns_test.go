package hub_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/gateway/reads"
)

// delivered is a store with an order of two units that the hub sent and that is with the buyer; eight are left.
func delivered(t *testing.T) (s *store, id int64) {
	t.Helper()
	s = newStore(t, time.Hour, true)
	id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
		Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
	})
	fatal(t, err)
	s.order = strconv.FormatInt(id, 10)
	s.until("the order waits for its parcel", func() bool { return s.page().Waiting == fulfilment.WaitTracking })
	fatal(t, s.sim.FulfilByHand(myshopify, id, "Royal Mail", "RM1GB"))
	fatal(t, s.sim.Carry(myshopify, id, "DELIVERED"))
	s.until("the order is with the buyer", func() bool { p := s.page(); return p.Status == "delivered" && s.stock().OnHand == 8 })
	s.passed.Add(int64(2 * time.Second)) // Shopify tells states apart by the second
	return s, id
}

// asksBack has the buyer ask for a return of both units, and the seller agree.
func (s *store) asksBack(id int64) (claim int64, about string) {
	s.t.Helper()
	claim, err := s.sim.RequestReturn(myshopify, id, s.variant, 2, "damaged")
	fatal(s.t, err)
	s.until("the return is shown", func() bool { return len(s.page().Claims) == 1 })
	p := s.page()
	if c := p.Claims[0]; c.State != "pending" || c.Reason != "damaged" || p.Flag != "return" || !slices.Equal(c.Can, []string{"approve-return", "reject-return"}) {
		s.t.Errorf("the request stands as %+v on %+v", c, p.OrderSummary)
	}
	about = `,"claim":"` + strconv.FormatInt(claim, 10) + `"`
	s.passed.Add(int64(2 * time.Second))
	s.command("approve-return", s.about(about), http.StatusOK)
	s.answered("done")
	s.until("the buyer is to send the goods", func() bool { return s.page().Claims[0].State == "awaited" })
	if p := s.page(); p.Flag != "" || !slices.Equal(p.Claims[0].Can, []string{"reject-return", "receive-return"}) || !strings.Contains(p.Claims[0].Sentence, "When the goods are here") {
		s.t.Errorf("agreed: %+v", p.Claims[0])
	}
	s.passed.Add(int64(2 * time.Second))
	return claim, about
}

// Goods of a return come back one by one: the sellable one is on hand, the damaged one is not, and each is refunded once.
func TestShopifyReturnIsRefundedAsItComes(t *testing.T) {
	s, id := delivered(t)
	claim, about := s.asksBack(id)
	came := func(condition string) string {
		return s.about(about + `,"items":[{"sku":"HOODIE-M","quantity":1,"condition":"` + condition + `"}]`)
	}
	s.command("receive-return", came("sellable"), http.StatusOK)
	s.answered("done")
	s.until("one unit is refunded and on hand", func() bool {
		p := s.page()
		return p.Refunded != nil && p.Refunded.Minor == 1999 && s.stock().OnHand == 9
	})
	if status, processed, err := s.sim.Return(myshopify, claim); err != nil || status != "OPEN" || processed != 1 {
		t.Errorf("after one of two: %s, %d processed, %v", status, processed, err)
	}
	s.passed.Add(int64(2 * time.Second))
	s.command("receive-return", came("damaged"), http.StatusOK)
	s.answered("done")
	s.until("the return is done", func() bool {
		p := s.page()
		return p.Claims[0].State == "completed" && p.Refunded.Minor == 3998
	})
	is, err := s.sim.Order(myshopify, id)
	fatal(t, err)
	if c := s.sim.Counts(); is.Refunded != "39.98" || c.Refunds[s.order] != 2 || c.ReturnTries[strconv.FormatInt(claim, 10)] != 2 {
		t.Errorf("in Shopify %s went back in %d refunds of %d tries", is.Refunded, c.Refunds[s.order], c.ReturnTries[strconv.FormatInt(claim, 10)])
	}
	if st := s.stock(); st.OnHand != 9 || st.Returned != 1 {
		t.Errorf("%d on hand, %d returned; the damaged one must not be", st.OnHand, st.Returned)
	}
	if slices.ContainsFunc(s.page().Events, func(e reads.Event) bool { return e.Name == "order.amended" }) {
		t.Error("what came back counts as taken out of the order")
	}
	// Shopify puts none of it on sale by itself: nobody has let the hub write this shop's quantities yet.
	if listed, err := s.sim.Stock(myshopify, s.variant); err != nil || listed.Available != 8 {
		t.Errorf("Shopify offers %d, %v", listed.Available, err)
	}
}

// What the seller takes in, refunds and puts back on sale in Shopify itself is on hand here, once, and nothing is left to receive.
func TestShopifyReturnFinishedThere(t *testing.T) {
	t.Parallel()
	s, id := delivered(t)
	claim, about := s.asksBack(id)
	fatal(t, s.sim.FinishReturn(myshopify, claim, true))
	s.until("both units are on hand", func() bool { return s.page().Claims[0].State == "completed" && s.stock().OnHand == 10 })
	p := s.page()
	if p.Refunded == nil || p.Refunded.Minor != 3998 || len(p.Claims[0].Received) != 1 || !strings.HasPrefix(p.Claims[0].Received[0].Actor, "channel:") || len(p.Claims[0].Can) != 0 {
		t.Errorf("finished there: %+v", p.Claims[0])
	}
	if no := s.command("receive-return", s.about(about+`,"items":[{"sku":"HOODIE-M","quantity":1,"condition":"sellable"}]`), http.StatusConflict); !strings.Contains(no, "only 0 can still come back") {
		t.Errorf("received here as well: %q", no)
	}
	if st := s.stock(); st.OnHand != 10 || st.Returned != 2 {
		t.Errorf("%d on hand, %d returned", st.OnHand, st.Returned)
	}
}

// A refund in Shopify without a return is told on the order with its amount, and units that were put back on sale with it are on hand.
func TestShopifyRefundByHand(t *testing.T) {
	s, id := delivered(t)
	fatal(t, s.sim.Refund(myshopify, id, s.variant, 1, true))
	s.until("the refund is told", func() bool { p := s.page(); return p.Refunded != nil && p.Refunded.Minor == 1999 && len(p.Claims) == 1 })
	if c := s.page().Claims[0]; c.State != "completed" || c.By != "seller" || c.Refund == nil || c.Refund.Minor != 1999 || len(c.Can) != 0 {
		t.Errorf("the refund stands as %+v", c)
	}
	s.until("the unit is on hand", func() bool { return s.stock().OnHand == 9 })
	s.passed.Add(int64(2 * time.Second))
	fatal(t, s.sim.Refund(myshopify, id, s.variant, 1, false))
	s.until("the second refund is told", func() bool { p := s.page(); return p.Refunded.Minor == 3998 && len(p.Claims) == 2 })
	if st := s.stock(); st.OnHand != 9 || st.Returned != 1 || s.sim.Counts().Refunds[s.order] != 2 {
		t.Errorf("%d on hand, %d returned, %d refunds", st.OnHand, st.Returned, s.sim.Counts().Refunds[s.order])
	}
}

// TestShopifyRefundBeforeItIsSent: a unit that is refunded in Shopify while the order waits for its parcel is for sale again at once, and
// only the other one leaves.
func TestShopifyRefundBeforeItIsSent(t *testing.T) {
	s := newStore(t, time.Hour, true)
	id, err := s.sim.PlaceOrder(myshopify, shopifysim.NewOrder{
		Buyer: "Ana Maria", Address: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Country: "GB", Lines: []shopifysim.Line{{Variant: s.variant, Quantity: 2}},
	})
	fatal(t, err)
	s.order = strconv.FormatInt(id, 10)
	s.until("the order waits for its parcel", func() bool { return s.page().Waiting == fulfilment.WaitTracking && s.stock().Reserved == 2 })
	s.passed.Add(int64(2 * time.Second)) // Shopify tells states apart by the second
	fatal(t, s.sim.Refund(myshopify, id, s.variant, 1, true))
	s.until("one unit is free", func() bool { return s.stock().Reserved == 1 })
	if st := s.stock(); st.OnHand != 10 || st.Available != 9 || st.Returned != 0 {
		t.Errorf("%d on hand, %d available, %d returned", st.OnHand, st.Available, st.Returned)
	}
	s.passed.Add(int64(2 * time.Second))
	fatal(t, s.sim.FulfilByHand(myshopify, id, "Royal Mail", "RM1GB"))
	s.until("the order is sent", func() bool { p := s.page(); return p.Flow.State == "finished" })
	if st := s.stock(); st.OnHand != 9 || st.Reserved != 0 || st.Returned != 0 {
		t.Errorf("%d on hand, %d reserved, %d returned", st.OnHand, st.Reserved, st.Returned)
	}
}

// A return that is declined or called off here is so in Shopify, and no money goes back.
func TestShopifyReturnRejected(t *testing.T) {
	s, id := delivered(t)
	claim, err := s.sim.RequestReturn(myshopify, id, s.variant, 1, "unwanted")
	fatal(t, err)
	s.until("the return is shown", func() bool { return len(s.page().Claims) == 1 })
	s.passed.Add(int64(2 * time.Second))
	s.command("reject-return", s.about(`,"claim":"`+strconv.FormatInt(claim, 10)+`","reason":"not_eligible"`), http.StatusOK)
	s.answered("done")
	s.until("the return is rejected", func() bool { return s.page().Claims[0].State == "rejected" })
	if status, _, err := s.sim.Return(myshopify, claim); err != nil || status != "DECLINED" || s.sim.Counts().Refunds[s.order] != 0 {
		t.Errorf("in Shopify it is %s, %v", status, err)
	}
}
