package channelstest

import (
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// Cancels is a Sim whose buyers ask for cancellations that the seller answers.
type Cancels interface {
	AskCancel(order string)
	Cancelled(order string) int // how often the order was cancelled for that
}

// Returns is a Sim whose buyers send goods back.
type Returns interface {
	Deliver(order string) // all of a ready order is sent and with the buyer
	AskReturn(order, listing string, quantity int)
	SendBack(claim string)    // the goods of an agreed return are on their way, as far as the vendor tells
	Refunds(order string) int // how often its money, or a part of it, went back
}

// aftersales is the connector and its simulator, of a channel that has such claims.
func aftersales[S any](w World) (sales channels.AfterSales, sim S, ok bool) {
	sales, knows := w.Connector.(channels.AfterSales)
	sim, does := w.Sim.(S)
	return sales, sim, knows && does
}

// claim reads the one claim of a kind that an order has, with what every reading of it must show.
func (w World) claim(t *testing.T, kind channels.ClaimKind, order string) channels.Claim {
	t.Helper()
	page := must[channels.ClaimPage](t)(w.Connector.(channels.AfterSales).ClaimsOf(t.Context(), kind, []string{order}, ""))
	if len(page.Claims) != 1 || len(page.Invalid) != 0 || page.Next != "" {
		t.Fatalf("%ss of order %s: %+v, want one", kind, order, page)
	}
	c := page.Claims[0]
	if c.Kind != kind || c.Order != order || c.ID == "" || c.Vendor == "" || c.Updated.IsZero() || c.State == channels.ClaimUnknown {
		t.Fatalf("the claim reads as %+v", c)
	}
	return c
}

func (w World) wantClaim(t *testing.T, kind channels.ClaimKind, order string, want ...channels.ClaimState) channels.Claim {
	t.Helper()
	c := w.claim(t, kind, order)
	for _, state := range want {
		if c.State == state {
			return c
		}
	}
	t.Fatalf("the %s is %s (%s), want %v", kind, c.State, c.Vendor, want)
	return c
}

func (w World) answer(t *testing.T, c channels.Claim, v channels.Verdict) {
	t.Helper()
	if err := w.Connector.(channels.AfterSales).Answer(t.Context(), c, v); err != nil {
		t.Fatalf("answer %+v to %s %s (%s): %v", v, c.Kind, c.ID, c.State, err)
	}
}

// askedToCancel is a buyer who asks, and a seller who says yes. An answer may be carried out late: time passes.
func askedToCancel(t *testing.T, w World) {
	sales, sim, ok := aftersales[Cancels](w)
	if !ok {
		return
	}
	order := w.ready(t)
	sim.AskCancel(order)
	c := w.wantClaim(t, channels.Cancellation, order, channels.ClaimPending)
	if c.By != "buyer" {
		t.Errorf("asked by %q", c.By)
	}
	yes := channels.Verdict{Approve: true, Key: "yes-1"}
	for range 20 {
		err := sales.Answer(t.Context(), c, yes)
		if err == nil {
			break
		}
		wantClass(t, err, channels.Awaited)
		w.Sim.Pass(time.Minute)
	}
	if err := sales.Answer(t.Context(), c, yes); err != nil {
		if class := channels.ClassOf(err); class != channels.Done && class != channels.Gone {
			t.Errorf("the same answer again: %v", err)
		}
	}
	if got := sim.Cancelled(order); got != 1 {
		t.Errorf("cancelled %d times", got)
	}
	w.wantStatus(t, order, channels.StatusCancelled)
}

// back is an order of two units of one listing and one of another that is with the buyer, who wants to send the two back.
func (w World) back(t *testing.T, sim Returns) (order, listing string) {
	t.Helper()
	_, listing = w.Sim.List("HOODIE-M", "19.99", 100)
	_, mug := w.Sim.List("MUG", "5.00", 100)
	order = w.Sim.Place(false, Line{listing, "19.99", 2}, Line{mug, "5.00", 1})
	w.wantStatus(t, order, channels.StatusReady)
	sim.Deliver(order)
	sim.AskReturn(order, listing, 2)
	c := w.wantClaim(t, channels.Return, order, channels.ClaimPending)
	if len(c.Lines) != 1 || c.Lines[0].ListingID != listing || c.Lines[0].Code != "HOODIE-M" || c.Lines[0].Quantity != 2 || c.Wants != channels.Goods || c.Reason == "" {
		t.Fatalf("the return reads as %+v", c)
	}
	return order, listing
}

// came agrees to a return and has its goods come.
func (w World) came(t *testing.T, sim Returns, order string) channels.Claim {
	t.Helper()
	w.answer(t, w.claim(t, channels.Return, order), channels.Verdict{Approve: true, Key: "agree"})
	c := w.wantClaim(t, channels.Return, order, channels.ClaimAwaited)
	sim.SendBack(c.ID)
	c = w.claim(t, channels.Return, order)
	if c.State != channels.ClaimSent && !(c.State == channels.ClaimAwaited && c.Untracked) {
		t.Fatalf("on its way back: %+v", c)
	}
	return c
}

func goodsBack(t *testing.T, w World) {
	_, sim, ok := aftersales[Returns](w)
	if !ok {
		return
	}
	order, listing := w.back(t, sim)
	before := w.order(t, order)
	c := w.came(t, sim, order)
	if got := sim.Refunds(order); got != 0 {
		t.Fatalf("%d refunds before the goods came", got)
	}
	came := []channels.ClaimLine{{ListingID: listing, Quantity: 2}}
	for range 2 {
		w.answer(t, c, channels.Verdict{Approve: true, Key: "came", Came: came})
	}
	w.wantClaim(t, channels.Return, order, channels.ClaimApproved, channels.ClaimCompleted)
	if got := sim.Refunds(order); got != 1 {
		t.Errorf("%d refunds, want one", got)
	}
	after := w.order(t, order)
	units := func(o channels.Order) (n int64) {
		for _, l := range o.Lines {
			n += l.Quantity
		}
		return n
	}
	if units(after) != units(before) || units(before) != 3 {
		t.Errorf("the order was of %d units, and is of %d after two came back", units(before), units(after))
	}
}

func noReturn(t *testing.T, w World) {
	_, sim, ok := aftersales[Returns](w)
	if !ok {
		return
	}
	order, _ := w.back(t, sim)
	w.answer(t, w.claim(t, channels.Return, order), channels.Verdict{Reason: "not_eligible", Key: "no"})
	c := w.wantClaim(t, channels.Return, order, channels.ClaimRejected)
	if err := w.Connector.(channels.AfterSales).Answer(t.Context(), c, channels.Verdict{Approve: true, Key: "yes"}); channels.ClassOf(err) != channels.Rejected {
		t.Errorf("approved after it was rejected: %v", err)
	}
	order, _ = w.back(t, sim)
	w.answer(t, w.came(t, sim, order), channels.Verdict{Reason: "not_as_sent", Key: "no-goods"})
	w.wantClaim(t, channels.Return, order, channels.ClaimRejected, channels.ClaimWithdrawn)
	if got := sim.Refunds(order); got != 0 {
		t.Errorf("%d refunds of what was rejected", got)
	}
}

func lostAnswer(t *testing.T, w World) {
	sales, sim, ok := aftersales[Returns](w)
	if !ok {
		return
	}
	order, listing := w.back(t, sim)
	c := w.came(t, sim, order)
	v := channels.Verdict{Approve: true, Key: "came", Came: []channels.ClaimLine{{ListingID: listing, Quantity: 2}}}
	w.Sim.Break(Dropped)
	wantClass(t, sales.Answer(t.Context(), c, v), channels.Unsure)
	w.Sim.Break(Works)
	w.answer(t, c, v)
	if got := sim.Refunds(order); got != 1 {
		t.Errorf("%d refunds, want one", got)
	}
	w.wantClaim(t, channels.Return, order, channels.ClaimApproved, channels.ClaimCompleted)
}

func claimsRead(t *testing.T, w World) {
	sales, sim, ok := aftersales[Returns](w)
	if !ok {
		return
	}
	from := w.order(t, w.ready(t)).Updated
	order, _ := w.back(t, sim)
	want := w.claim(t, channels.Return, order)
	got, shown, err := sales.Claim(t.Context(), channels.Return, want.ID)
	if err != nil || !shown || got.ID != want.ID || got.State != want.State || got.Order != order {
		t.Errorf("by its id: %+v, %v, %v", got, shown, err)
	}
	nobody, _ := w.Sim.Unknown()
	if _, shown, err := sales.Claim(t.Context(), channels.Return, nobody); shown || err != nil {
		t.Errorf("one of nobody: %v, %v", shown, err)
	}
	var found []string
	for next, asked := "", 0; asked == 0 || next != ""; asked++ {
		page := must[channels.ClaimPage](t)(sales.ClaimsChanged(t.Context(), channels.Return, from, from.Add(time.Hour), next))
		for _, c := range page.Claims {
			found = append(found, c.ID)
		}
		if next = page.Next; asked > 100 {
			t.Fatal("the pages do not end")
		}
	}
	if len(found) != 1 || found[0] != want.ID {
		t.Errorf("changed since: %v, want %s alone", found, want.ID)
	}
	_, err = sales.ClaimsOf(t.Context(), channels.Return, make([]string, 51), "")
	wantClass(t, err, channels.Bug)
	page := must[channels.ClaimPage](t)(sales.ClaimsOf(t.Context(), channels.Return, nil, ""))
	if len(page.Claims) != 0 {
		t.Errorf("of no orders: %+v", page)
	}
}
