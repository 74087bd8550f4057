package hub_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/claims"
)

// poll has the shop looked at again and again: a report that was made before, another that is asked for, and that one made.
func (s *stall) poll(what string, reached func() bool) {
	s.t.Helper()
	lists := func() int { return s.Counts().Requests["GET /orders/2026-01-01/orders"] }
	for range 4 {
		s.passed.Add(int64(31 * time.Minute)) // another report may be asked for
		before := lists()
		s.hub.Ingest.Poll(s.connection.ID)
		s.until("the shop is looked at", func() bool { return lists() > before })
	}
	s.until(what, reached)
}

// What a buyer sends back at Amazon is on the order with the next report. The seller answers and refunds it in Seller Central, which is
// said with its address; what came is booked here, the sellable unit on hand and the damaged one not.
func TestAmazonReturn(t *testing.T) {
	s := newStall(t)
	order := s.waiting()
	_, id, _ := strings.Cut(order, ":")
	fatal(t, s.ShipByHand(merchant, id))
	onHand := func() int64 {
		var sku reads.SKU
		s.ask("/api/v1/stock/"+hoodieM, &sku)
		return sku.OnHand
	}
	s.until("the order has left", func() bool { o, _ := s.shows(order); return o.Status == "in_transit" && onHand() == 8 })
	rma, err := s.RequestReturn(merchant, id, hoodieM, 2, "AMZ-PG-APP-TOO-SMALL")
	fatal(t, err)
	claim := func() (c claims.OrderClaim) {
		if o, _ := s.shows(order); len(o.Claims) == 1 {
			c = o.Claims[0]
		}
		return c
	}
	there := "https://sellercentral.amazon.co.uk/gp/returns/list?searchType=orderId&keywordSearch=" + id
	s.poll("the return is shown", func() bool { return claim().State == "pending" })
	c := claim()
	if !strings.HasPrefix(c.ID, rma) || c.Reason != "AMZ-PG-APP-TOO-SMALL" || len(c.Can) != 0 || !strings.HasSuffix(c.Sentence, "approve or reject it at "+there) {
		t.Errorf("the request stands as %+v", c)
	}
	if o, _ := s.shows(order); o.Flag != "return" {
		t.Errorf("the seller has something to do, and the order is flagged %q", o.Flag)
	}
	about := func(more string) string { return `{"order":"` + order + `","claim":"` + c.ID + `"` + more + `}` }
	for command, body := range map[string]string{"approve-return": about(""), "reject-return": about(`,"reason":"not_eligible"`)} {
		if status, detail := s.order(command, body); status != http.StatusConflict || !strings.HasSuffix(detail, there) {
			t.Errorf("%s: %d %q", command, status, detail)
		}
	}
	fatal(t, s.MoveReturn(merchant, rma, "approve"))
	s.poll("the buyer is to send the goods", func() bool { return claim().State == "awaited" })
	if c := claim(); !slices.Equal(c.Can, []string{"receive-return"}) || c.Tracking == "" || !strings.HasSuffix(c.Sentence, "refund the buyer at "+there) {
		t.Errorf("agreed: %+v", c)
	}
	s.do("receive-return", about(`,"items":[{"sku":"HOODIE-M","quantity":1,"condition":"sellable"}]`))
	s.do("receive-return", about(`,"items":[{"sku":"HOODIE-M","quantity":1,"condition":"damaged"}]`))
	s.until("one of the two is on hand", func() bool { return onHand() == 9 })
	if o, _ := s.shows(order); len(o.Answers) != 0 || len(o.Claims[0].Received) != 2 || len(o.Claims[0].Can) != 0 || !strings.HasSuffix(o.Claims[0].Sentence, "refund the buyer at "+there) {
		t.Errorf("booked: %+v, answers %+v", o.Claims[0], o.Answers)
	}
	fatal(t, s.MoveReturn(merchant, rma, "deliver"))
	fatal(t, s.MoveReturn(merchant, rma, "refund"))
	s.poll("the return is done", func() bool { return claim().State == "completed" })
	if o, _ := s.shows(order); o.Flag != "" || onHand() != 9 || s.Counts().RateLimited != 0 {
		t.Errorf("done: flag %q, %d on hand, %d calls beyond the quota", o.Flag, onHand(), s.Counts().RateLimited)
	}
	changes := 0
	records, err := s.hub.Log.ReadAll(t.Context(), 0, 500)
	fatal(t, err)
	for _, r := range records {
		if strings.HasPrefix(r.Event.EventName(), "order.claim_") {
			changes++
		}
	}
	if changes != 3 {
		t.Errorf("%d events of a return that was asked for, agreed and done", changes)
	}
}
