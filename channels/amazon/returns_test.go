package amazon_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/channelstest"
)

// sentOrder is an order of two hoodies and a mug that the seller has sent, at a seller whose reports take a while.
func sentOrder(t *testing.T) (h handle, order string) {
	t.Helper()
	r := newRig(t, channelstest.Knobs{}, func(c *amazonsim.Config) { c.ReportDelay, c.Unlimited = 2*time.Minute, false })
	h = handle{r}
	h.List("HOODIE-M", "19.99", 10)
	h.List("MUG 11oz/white", "5.00", 10)
	order = h.Place(false, channelstest.Line{Listing: "HOODIE-M", Price: "19.99", Quantity: 2}, channelstest.Line{Listing: "MUG 11oz/white", Price: "5.00", Quantity: 1})
	_, err := h.connector.Send(t.Context(), order, channels.Parcel{Reference: "p-1", Carrier: "Royal Mail", Tracking: "RM1GB"})
	h.must(err)
	return h, order
}

// changed is one look for returns that changed.
func (h handle) changed() []channels.Claim {
	h.t.Helper()
	page, err := h.connector.ClaimsChanged(h.t.Context(), channels.Return, time.Time{}, time.Time{}, "")
	h.must(err)
	if len(page.Invalid) != 0 || page.Next != "" {
		h.t.Fatalf("the page is %+v", page)
	}
	return page.Claims
}

// report passes time until another report is due and made, and tells what it says.
func (h handle) report() []channels.Claim {
	h.t.Helper()
	h.Pass(31 * time.Minute)
	if early := h.changed(); early != nil {
		h.t.Errorf("told before a report was made: %+v", early)
	}
	h.Pass(3 * time.Minute)
	return h.changed()
}

// A return is shown with its number, units and state, goes on as the seller answers it in Seller Central, and is told once a report.
func TestReturnsComeWithAReport(t *testing.T) {
	h, order := sentOrder(t)
	if claims := h.report(); len(claims) != 0 { // Amazon cancels a report that would have no rows
		t.Errorf("before anybody asked: %+v", claims)
	}
	rma, err := h.RequestReturn(seller, order, "HOODIE-M", 2, "AMZ-PG-APP-TOO-SMALL")
	h.must(err)
	mug, err := h.RequestReturn(seller, order, "MUG 11oz/white", 1, "DAMAGED_BY_CARRIER")
	h.must(err)
	stands := func(number string, want channels.ClaimState) channels.Claim {
		t.Helper()
		claims := h.report()
		i := slices.IndexFunc(claims, func(c channels.Claim) bool { return strings.HasPrefix(c.ID, number+" ") })
		if len(claims) != 2 || i < 0 || claims[i].State != want || claims[i].Order != order || !claims[i].Untracked || !strings.Contains(claims[i].Elsewhere, "sellercentral.amazon.co.uk/gp/returns/list?searchType=orderId&keywordSearch="+order) {
			t.Fatalf("%s is not %s in %+v", number, want, claims)
		}
		if again := h.changed(); again != nil {
			t.Errorf("told again: %+v", again)
		}
		return claims[i]
	}
	c := stands(rma, channels.ClaimPending)
	if c.Kind != channels.Return || c.By != channels.ByBuyer || c.Wants != channels.Goods || c.Reason != "AMZ-PG-APP-TOO-SMALL" || c.Vendor != "Pending" ||
		!slices.Equal(c.Lines, []channels.ClaimLine{{ListingID: "HOODIE-M", Code: "HOODIE-M", Quantity: 2}}) || c.Updated.IsZero() || !c.Updated.Equal(c.Created) {
		t.Errorf("asked for: %+v", c)
	}
	h.must(h.MoveReturn(seller, rma, "approve"))
	if c = stands(rma, channels.ClaimAwaited); c.Tracking == "" || c.Vendor != "Approved" {
		t.Errorf("agreed: %+v", c)
	}
	h.Pass(48 * time.Hour)
	h.must(h.MoveReturn(seller, rma, "deliver"))
	if c = stands(rma, channels.ClaimSent); !c.Updated.After(c.Created) {
		t.Errorf("delivered: %+v", c)
	}
	h.must(h.MoveReturn(seller, rma, "refund"))
	stands(rma, channels.ClaimCompleted)
	h.must(h.MoveReturn(seller, mug, "decline"))
	c = stands(mug, channels.ClaimRejected)
	if got, shown, err := h.connector.Claim(t.Context(), channels.Return, c.ID); err != nil || !shown || got.State != channels.ClaimRejected {
		t.Errorf("by its id: %+v, %v, %v", got, shown, err)
	}
	if page, err := h.connector.ClaimsOf(t.Context(), channels.Return, []string{order, "026-9999999-9999999"}, ""); err != nil || len(page.Claims) != 2 {
		t.Errorf("of the order: %+v, %v", page, err)
	}
	if n := h.Counts(); n.RateLimited != 0 || n.Reports != 6 {
		t.Errorf("%d reports were asked for, %d calls beyond the quota", n.Reports, n.RateLimited)
	}
}

// Amazon takes no answer to a return, and where it is given is said.
func TestReturnIsAnsweredInSellerCentral(t *testing.T) {
	h, order := sentOrder(t)
	_, err := h.RequestReturn(seller, order, "HOODIE-M", 1, "UNWANTED_ITEM")
	h.must(err)
	h.changed()
	h.Pass(3 * time.Minute)
	for _, c := range h.changed() {
		for _, v := range []channels.Verdict{{Approve: true}, {Reason: "not_eligible"}} {
			if err := h.connector.Answer(t.Context(), c, v); channels.ClassOf(err) != channels.Rejected || !strings.Contains(err.Error(), c.Elsewhere) {
				t.Errorf("%+v: %v", v, err)
			}
		}
	}
}

// More returns than one page holds come page by page, and a report that Amazon loses is asked for again in its turn.
func TestManyReturnsAndALostReport(t *testing.T) {
	h, _ := sentOrder(t)
	h.List("CAP", "1.00", 1000)
	const many = 120
	for range many {
		order := h.Place(false, channelstest.Line{Listing: "CAP", Price: "1.00", Quantity: 1})
		h.must(h.ShipByHand(seller, order))
		_, err := h.RequestReturn(seller, order, "CAP", 1, "UNWANTED_ITEM")
		h.must(err)
	}
	h.changed()
	h.Pass(3 * time.Minute)
	h.ForgetReports(seller)
	if _, err := h.connector.ClaimsChanged(t.Context(), channels.Return, time.Time{}, time.Time{}, ""); channels.ClassOf(err) != channels.Retry {
		t.Errorf("a report that is gone: %v", err)
	}
	h.Pass(31 * time.Minute)
	h.changed()
	h.Pass(3 * time.Minute)
	seen, pages := map[string]bool{}, 0
	for next := ""; pages == 0 || next != ""; pages++ {
		page, err := h.connector.ClaimsChanged(t.Context(), channels.Return, time.Time{}, time.Time{}, next)
		h.must(err)
		for _, c := range page.Claims {
			seen[c.Order] = true
		}
		if len(page.Claims) > 50 {
			t.Errorf("%d on a page, whose orders one read would not take", len(page.Claims))
		}
		next = page.Next
	}
	if len(seen) != many || pages != 3 {
		t.Errorf("%d returns on %d pages", len(seen), pages)
	}
}

// A report that cannot be had does not keep the next away; when none has come for a day, a person is told why.
func TestReportThatNeverComes(t *testing.T) {
	h, order := sentOrder(t)
	_, err := h.RequestReturn(seller, order, "HOODIE-M", 1, "UNWANTED_ITEM")
	h.must(err)
	look := func() (channels.ClaimPage, error) {
		return h.connector.ClaimsChanged(t.Context(), channels.Return, time.Time{}, time.Time{}, "")
	}
	late := channels.ClaimPage{}
	for range 50 { // a day and more of reports that are lost before they are read
		_, err := look()
		h.must(err)
		h.ForgetReports(seller)
		h.Pass(31 * time.Minute)
		if late, err = look(); err == nil {
			break
		}
	}
	if len(late.Invalid) != 1 || !strings.HasPrefix(late.Invalid[0].Rule, "has not come since ") || !strings.Contains(late.Invalid[0].Rule, "could not make the report") {
		t.Fatalf("after a day without a report: %+v", late)
	}
	h.Pass(31 * time.Minute)
	_, err = look() // asks for one
	h.must(err)
	h.Pass(3 * time.Minute)
	if claims := h.changed(); len(claims) != 1 {
		t.Errorf("Amazon makes reports again: %+v", claims)
	}
}
