package hub_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/claims"
)

// desk is a clinic with a listing, of whose SKU there is no stock yet: an order waits, and nothing is sent before a test is ready.
type desk struct {
	*clinic
	order string // at the channel
}

const (
	hoodie  = "1729000000000000777"
	hoodieM = "HOODIE-M"
)

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{clinic: newClinic(t, own)}
	_, err := d.AddProduct(shopID, tiktoksim.Product{Title: "Hoodie", SKUs: []tiktoksim.SKU{{ID: hoodie, SellerSKU: hoodieM, Price: "19.99", Quantity: 100}}})
	fatal(t, err)
	d.command("receive-stock", `{"sku":"HOODIE-M","quantity":1}`, http.StatusOK)
	d.order, err = d.PlaceOrder(shopID, tiktoksim.NewOrder{
		BuyerID: "7494000000000000001", BuyerName: "Ana Maria", Address: "1 High Street", City: "Leeds", Lines: []tiktoksim.Line{{SKUID: hoodie, Quantity: 2}},
	})
	fatal(t, err)
	d.until("the order waits for stock", func() bool { return d.page().Waiting == "no_stock" })
	return d
}

func (d *desk) id() string { return d.connection.ID + ":" + d.order }

// command gives a command and answers with the sentence of a refusal.
func (d *desk) command(name, body string, want int) string {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.address+"/api/v1/commands/"+name, strings.NewReader(body))
	fatal(d.t, err)
	key, err := uuid.NewV7()
	fatal(d.t, err)
	r.Header.Set("Authorization", "Bearer "+d.key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key.String())
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	fatal(d.t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	fatal(d.t, err)
	if answer.StatusCode != want {
		d.t.Fatalf("%s %s: %d, want %d: %s", name, body, answer.StatusCode, want, text)
	}
	problem := struct{ Detail string }{}
	fatal(d.t, json.Unmarshal(text, &problem))
	return problem.Detail
}

// about is the body of a command about the order.
func (d *desk) about(more string) string { return fmt.Sprintf(`{"order":%q%s}`, d.id(), more) }

func (d *desk) page() (o reads.Order) {
	d.t.Helper()
	var list reads.OrderList
	d.ask("/api/v1/orders", &list)
	if len(list.Items) == 0 {
		return o
	}
	d.ask("/api/v1/orders/"+d.id(), &o)
	return o
}

// flagged says whether the order is among those that a person must look at.
func (d *desk) flagged() bool {
	d.t.Helper()
	var list reads.OrderList
	d.ask("/api/v1/orders?flagged=true", &list)
	return slices.ContainsFunc(list.Items, func(o reads.OrderItem) bool { return o.ID == d.id() })
}

func (d *desk) stock() (s reads.SKU) {
	d.t.Helper()
	d.ask("/api/v1/stock/"+hoodieM, &s)
	return s
}

// asks has the buyer ask for a cancellation, and the stock come that the order waits for: it is held for an answer now.
func (d *desk) asks() (claim string) {
	d.t.Helper()
	fatal(d.t, d.RequestCancel(shopID, d.order, "no_longer_needed"))
	d.until("the request is shown", func() bool { return len(d.page().Claims) == 1 })
	d.command("receive-stock", `{"sku":"HOODIE-M","quantity":9}`, http.StatusOK)
	d.command("retry-step", fmt.Sprintf(`{"flow":%q}`, d.id()), http.StatusOK)
	d.until("the order is held for an answer", func() bool { return d.page().Waiting == "decision" })
	p := d.page()
	c := p.Claims[0]
	if c.State != "pending" || c.By != "buyer" || c.DecideBy == nil || !strings.Contains(c.Sentence, "approve or reject") || !d.flagged() || p.Flag != "cancellation" ||
		!slices.Equal(c.Can, []string{"approve-cancellation", "reject-cancellation"}) || len(p.Can) != 0 || c.Lines[0].SKU != hoodieM || c.Refund.Minor != 3998 {
		d.t.Errorf("the request stands as %+v on %+v", c, p.OrderSummary)
	}
	if n := d.Counts().Requests["POST /fulfillment/202309/packages/{id}/ship"]; n != 0 {
		d.t.Errorf("%d tries to ship what the buyer wants cancelled", n)
	}
	return c.ID
}

// answered waits for the end of the last answer.
func (d *desk) answered(state string) claims.OrderAnswer {
	d.t.Helper()
	d.until("the answer has ended", func() bool { a := d.page().Answers; return len(a) > 0 && a[len(a)-1].State != "asking" })
	a := d.page().Answers
	last := a[len(a)-1]
	if last.State != state || !strings.HasPrefix(last.Actor, "key:") || last.EndedAt == nil || (last.Sentence == "") != (state == "done") {
		d.t.Errorf("the answer ended as %+v, want %s", last, state)
	}
	return last
}

func (d *desk) effects() (n int) {
	for _, times := range d.Counts().Answers {
		n += times
	}
	return n
}

func TestApprovedCancellationFreesTheStock(t *testing.T) {
	d := newDesk(t)
	claim := d.asks()
	if no := d.command("cancel-order", d.about(`,"reason":"out_of_stock"`), http.StatusConflict); !strings.Contains(no, "approve that") {
		t.Errorf("cancelled beside the buyer's request: %q", no)
	}
	d.command("approve-cancellation", d.about(`,"claim":"`+claim+`"`), http.StatusOK)
	d.answered("done")
	d.until("the order is undone", func() bool { p := d.page(); return p.Cancelled && p.Flow.State == "undone" })
	d.until("the cancellation is completed", func() bool { return d.page().Claims[0].State == "completed" })
	if p := d.page(); p.Flag != "" || len(p.Claims[0].Can) != 0 || d.flagged() {
		t.Errorf("after the answer: %+v", p.OrderSummary)
	}
	if s := d.stock(); s.Reserved != 0 || s.Available != 10 || d.effects() != 1 {
		t.Errorf("%d reserved, %d available, %d answers took effect", s.Reserved, s.Available, d.effects())
	}
	if no := d.command("approve-cancellation", d.about(`,"claim":"`+claim+`"`), http.StatusConflict); !strings.Contains(no, "nothing to decide") {
		t.Errorf("approved again: %q", no)
	}
}

// TestPartOfAnOrderIsCancelled: the buyer does not want one of two any more; the seller agrees, the other one is sent, and the first is for sale.
func TestPartOfAnOrderIsCancelled(t *testing.T) {
	d := newDesk(t)
	placed, err := d.Order(shopID, d.order)
	fatal(t, err)
	fatal(t, d.RequestCancel(shopID, d.order, "no_longer_needed", placed.Items[0]))
	d.until("the request is shown", func() bool { return len(d.page().Claims) == 1 })
	d.command("receive-stock", `{"sku":"HOODIE-M","quantity":9}`, http.StatusOK)
	d.command("retry-step", fmt.Sprintf(`{"flow":%q}`, d.id()), http.StatusOK)
	d.until("the order is held for an answer", func() bool { return d.page().Waiting == "decision" })
	p := d.page()
	c := p.Claims[0]
	if len(c.Lines) != 1 || c.Lines[0].Quantity != 1 || !strings.Contains(p.Flow.Sentence, "The buyer asks to cancel a part of this order") {
		t.Errorf("the request stands as %+v: %q", c, p.Flow.Sentence)
	}
	if s := d.stock(); s.Reserved != 2 || s.Available != 8 {
		t.Errorf("before the answer: %d reserved, %d available", s.Reserved, s.Available)
	}
	d.command("approve-cancellation", d.about(`,"claim":"`+c.ID+`"`), http.StatusOK)
	d.answered("done")
	d.until("the rest is sent", func() bool { p := d.page(); return p.Flow.State == "finished" && p.Label != nil })
	d.until("the cancellation is completed", func() bool { return d.page().Claims[0].State == "completed" })
	if p = d.page(); p.Cancelled || p.Flag != "" {
		t.Errorf("after the answer: %+v", p.OrderSummary)
	}
	if s := d.stock(); s.OnHand != 9 || s.Reserved != 0 || s.Available != 9 || d.effects() != 1 {
		t.Errorf("%d on hand, %d reserved, %d available, %d answers took effect", s.OnHand, s.Reserved, s.Available, d.effects())
	}
	if units, open, err := d.Shipped(shopID); err != nil || units[hoodie] != 1 || len(open) != 0 {
		t.Errorf("the shop shows %v as shipped, %v as open, %v", units, open, err)
	}
}

// A part that is cancelled after the parcel was made ready is asked about in a letter, which puts it back.
func TestPartOfAnOrderIsCancelledLate(t *testing.T) {
	d := newDesk(t)
	placed, err := d.Order(shopID, d.order)
	fatal(t, err)
	d.command("receive-stock", `{"sku":"HOODIE-M","quantity":9}`, http.StatusOK)
	d.command("retry-step", fmt.Sprintf(`{"flow":%q}`, d.id()), http.StatusOK)
	d.until("the order is sent", func() bool { p := d.page(); return p.Flow.State == "finished" && d.stock().OnHand == 8 })
	fatal(t, d.RequestCancel(shopID, d.order, "no_longer_needed", placed.Items[0]))
	d.until("the request is shown", func() bool { return len(d.page().Claims) == 1 })
	d.command("approve-cancellation", d.about(`,"claim":"`+d.page().Claims[0].ID+`"`), http.StatusOK)
	d.answered("done")
	var letters reads.DeadLetterList
	d.until("a letter asks about the unit", func() bool {
		d.ask("/api/v1/deadletters", &letters)
		return len(letters.Items) == 1
	})
	if l := letters.Items[0]; l.Kind != "stock" || !slices.Equal(l.Actions, []string{"put-back", "discard"}) || !strings.Contains(l.Reason, "does not list 1 unit of this order any more") {
		t.Errorf("the letter is %+v", l)
	}
	d.command("put-back", `{"id":"`+letters.Items[0].ID+`"}`, http.StatusOK)
	d.until("it is on hand", func() bool { return d.stock().OnHand == 9 })
	if no := d.command("put-back", `{"id":"`+letters.Items[0].ID+`"}`, http.StatusConflict); !strings.Contains(no, "closed already") {
		t.Errorf("put back twice: %q", no)
	}
	if p := d.page(); p.Cancelled || d.stock().Reserved != 0 {
		t.Errorf("after that: %+v, %d reserved", p.OrderSummary, d.stock().Reserved)
	}
}

func TestRejectedCancellationLetsTheOrderGoOn(t *testing.T) {
	d := newDesk(t)
	claim := d.asks()
	d.command("reject-cancellation", d.about(`,"claim":"`+claim+`","reason":"bored"`), http.StatusUnprocessableEntity)
	d.command("reject-cancellation", d.about(`,"claim":"`+claim+`","reason":"packed"`), http.StatusOK)
	d.answered("done")
	d.until("the order is sent", func() bool { p := d.page(); return p.Flow.State == "finished" && p.Label != nil })
	if s := d.stock(); s.OnHand != 8 || s.Reserved != 0 || d.effects() != 1 || d.flagged() {
		t.Errorf("%d on hand, %d reserved, %d answers took effect", s.OnHand, s.Reserved, d.effects())
	}
}

// A buyer who changes their mind ends the wait as an answer does, and an answer that comes too late says so.
func TestWithdrawnCancellation(t *testing.T) {
	d := newDesk(t)
	claim := d.asks()
	fatal(t, d.TakeBack(shopID, claim))
	d.until("the order is sent", func() bool { return d.page().Flow.State == "finished" })
	if no := d.command("approve-cancellation", d.about(`,"claim":"`+claim+`"`), http.StatusConflict); !strings.Contains(no, "withdrawn") {
		t.Errorf("approved when it was withdrawn: %q", no)
	}
	if no := d.command("approve-cancellation", d.about(`,"claim":"1"`), http.StatusConflict); !strings.Contains(no, "no such") {
		t.Errorf("approved what is not there: %q", no)
	}
	// The parcel is made ready: this market does not cancel any more, which only the channel knows.
	d.command("cancel-order", d.about(`,"reason":"wrong_price"`), http.StatusOK)
	if a := d.answered("refused"); !strings.Contains(a.Sentence, "cannot be cancelled after shipping is arranged") || !strings.Contains(a.Sentence, "25001021") {
		t.Errorf("refused with %q", a.Sentence)
	}
	fatal(t, d.Collect(shopID, d.order))
	d.until("it is on its way", func() bool { return d.page().Status == "in_transit" })
	if no := d.command("cancel-order", d.about(`,"reason":"wrong_price"`), http.StatusConflict); !strings.Contains(no, "The parcel has left") {
		t.Errorf("cancelled on its way: %q", no)
	}
}

func TestSellerCancelsAnOrder(t *testing.T) {
	d := newDesk(t)
	if p := d.page(); !slices.Equal(p.Can, []string{"cancel-order"}) {
		t.Errorf("of an order that waits for stock: %v", p.Can)
	}
	d.command("cancel-order", d.about(`,"reason":"out_of_stock"`), http.StatusOK)
	d.answered("done")
	d.until("the order is cancelled and its flow undone", func() bool { p := d.page(); return p.Cancelled && p.Flow.State == "undone" })
	d.until("the cancellation is shown", func() bool { return len(d.page().Claims) == 1 })
	if c := d.page().Claims[0]; c.By != "seller" || c.Sentence != "The order was cancelled by you." {
		t.Errorf("shown as %+v", c)
	}
	if n := d.Counts().SellerCancels[d.order]; n != 1 {
		t.Errorf("%d cancellations took effect", n)
	}
	if no := d.command("cancel-order", d.about(`,"reason":"out_of_stock"`), http.StatusConflict); no != "The order is cancelled already." {
		t.Errorf("cancelled again: %q", no)
	}
}

func TestReturnOfGoods(t *testing.T) {
	d := newDesk(t)
	d.command("receive-stock", `{"sku":"HOODIE-M","quantity":9}`, http.StatusOK)
	d.command("retry-step", fmt.Sprintf(`{"flow":%q}`, d.id()), http.StatusOK)
	d.until("the order is sent", func() bool { return d.page().Flow.State == "finished" })
	fatal(t, d.Collect(shopID, d.order))
	fatal(t, d.Deliver(shopID, d.order))
	claim, err := d.RequestReturn(shopID, d.order, "RETURN_AND_REFUND", "damaged")
	fatal(t, err)
	d.until("the return is shown", func() bool { return len(d.page().Claims) == 1 })
	about := func(more string) string { return d.about(`,"claim":"` + claim + `"` + more) }
	came := func(items string) string { return about(`,"items":[` + items + `]`) }
	const good, bad = `{"sku":"HOODIE-M","quantity":1,"condition":"sellable"}`, `{"sku":"HOODIE-M","quantity":1,"condition":"damaged"}`
	if p := d.page(); !d.flagged() || p.Flag != "return" || !slices.Equal(p.Claims[0].Can, []string{"approve-return", "reject-return"}) {
		t.Errorf("the return stands as %+v", p.Claims[0])
	}
	if no := d.command("receive-return", came(good), http.StatusConflict); !strings.Contains(no, "Only what was agreed") {
		t.Errorf("received before it was agreed: %q", no)
	}
	d.command("approve-return", about(""), http.StatusOK)
	d.answered("done")
	d.until("the buyer is to send the goods", func() bool { return d.page().Claims[0].State == "awaited" })
	fatal(t, d.SendBack(shopID, claim))
	d.until("the goods are on their way", func() bool { return d.page().Claims[0].State == "sent_back" })
	if c := d.page().Claims[0]; c.Tracking == "" || !slices.Equal(c.Can, []string{"reject-return", "receive-return"}) {
		t.Errorf("sent back: %+v", c)
	}
	for body, want := range map[string]string{
		about(""): "say what came",
		came(strings.Replace(good, "HOODIE-M", "OTHER", 1)): "not part of this return",
		came(strings.Replace(good, "1,", "3,", 1)):          "only 2 can still come back",
		came(good + "," + good + "," + bad):                 "only 0 can still come back",
	} {
		name := "receive-return"
		if body == about("") {
			name = "approve-return"
		}
		if no := d.command(name, body, http.StatusConflict); !strings.Contains(no, want) {
			t.Errorf("%s %s: %q, want %q", name, body, no, want)
		}
	}
	d.command("receive-return", came(good+","+bad), http.StatusOK)
	d.until("the stock shows what came", func() bool { return d.stock().Returned > 0 }) // views come after the command's answer
	if s := d.stock(); s.OnHand != 9 || s.Returned != 1 {
		t.Errorf("%d on hand, %d returned; the damaged one must not be", s.OnHand, s.Returned)
	}
	d.answered("done")
	d.until("the return is completed", func() bool { return d.page().Claims[0].State == "completed" })
	p := d.page()
	if c := p.Claims[0]; len(c.Received) != 2 || c.Received[0].Condition != "sellable" || c.Received[1].Condition != "damaged" || len(c.Can) != 0 || d.flagged() || d.effects() != 2 {
		t.Errorf("completed: %+v, %d answers took effect", c, d.effects())
	}
	if no := d.command("receive-return", came(good), http.StatusConflict); !strings.Contains(no, "only 0 can still come back") {
		t.Errorf("received again: %q", no)
	}
}
