package amazon_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/aftersales"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/channelstest"
)

const feedDelay = 10 * time.Minute

// clerk is a rig whose feeds take a while, with an order of two units that may be shipped.
func clerk(t *testing.T) (h handle, order string) {
	t.Helper()
	r := newRig(t, channelstest.Knobs{}, func(c *amazonsim.Config) { c.FeedDelay = feedDelay })
	h = handle{r}
	_, listing := h.List("HOODIE-M", "19.99", 10)
	return h, h.Place(false, channelstest.Line{Listing: listing, Price: "19.99", Quantity: 2})
}

func (h handle) now(order string) channels.Order {
	h.t.Helper()
	page, err := h.connector.Orders(h.t.Context(), []string{order})
	if err != nil || len(page.Orders) != 1 || len(page.Invalid) != 0 {
		h.t.Fatalf("order %s: %+v, %v", order, page, err)
	}
	return page.Orders[0]
}

// cancels asks for a cancellation and wants a class of answer; empty = it is done.
func (h handle) cancels(what, order string, want channels.Class) {
	h.t.Helper()
	err := h.connector.Cancel(h.t.Context(), h.now(order), "out_of_stock")
	if channels.ClassOf(err) != want && (err != nil || want != "") {
		h.t.Errorf("%s: %v (%s), want %q", what, err, channels.ClassOf(err), want)
	}
}

func (h handle) feeds() int { return h.Counts().Requests["POST /feeds/2021-06-30/feeds"] }

func TestCancelIsCarriedOutLater(t *testing.T) {
	h, order := clerk(t)
	for _, what := range []string{"handed in", "looked at", "looked at again"} {
		h.cancels(what, order, channels.Awaited)
	}
	h.Pass(feedDelay)
	if got := h.now(order); got.Status != channels.StatusCancelled || got.Cancel != "NoInventory" && got.Cancel != "OTHER" {
		t.Errorf("the order is %s for %q", got.Status, got.Cancel)
	}
	h.cancels("when it is done", order, "")
	if h.feeds() != 1 || h.Cancelled(order) != 1 {
		t.Errorf("%d feeds, cancelled %d times", h.feeds(), h.Cancelled(order))
	}
}

// What becomes of an order between the feed and its turn is told by the feed's report, and may be asked for again.
func TestCancelThatComesToNothing(t *testing.T) {
	h, order := clerk(t)
	shown := h.now(order)
	h.cancels("handed in", order, channels.Awaited)
	_, err := h.connector.Send(t.Context(), order, channels.Parcel{Reference: "1", Carrier: "Royal Mail", Tracking: "T1", Sent: shown.Updated})
	h.must(err)
	h.Pass(feedDelay)
	err = h.connector.Cancel(t.Context(), shown, "out_of_stock")
	var no *channels.Failure
	if !errors.As(err, &no) || no.Class != channels.Rejected || !strings.Contains(no.Message, "SHIPPED and cannot be cancelled") {
		t.Errorf("the report reads as %v", err)
	}
	before := h.feeds()
	if err := h.connector.Cancel(t.Context(), h.now(order), "out_of_stock"); err == nil || !strings.Contains(err.Error(), "pay all of it back") || h.feeds() != before {
		t.Errorf("of what is sent: %v, %d feeds", err, h.feeds()-before)
	}
	if h.Cancelled(order) != 0 {
		t.Error("it was cancelled")
	}
}

// A feed whose answer was lost is handed in again, and the order is cancelled once.
func TestLostFeed(t *testing.T) {
	h, order := clerk(t)
	h.now(order)
	shown := h.now(order)
	h.Break(channelstest.Dropped)
	if err := h.connector.Cancel(t.Context(), shown, "out_of_stock"); err == nil {
		t.Fatal("taken on although nobody answered")
	}
	h.Break(channelstest.Works)
	h.cancels("handed in again", order, channels.Awaited)
	h.Pass(feedDelay)
	h.cancels("when it is done", order, "")
	if h.Cancelled(order) != 1 {
		t.Errorf("cancelled %d times", h.Cancelled(order))
	}
}

func TestNotToBeCancelled(t *testing.T) {
	h, order := clerk(t)
	if err := h.connector.Cancel(t.Context(), h.now(order), "a whim"); channels.ClassOf(err) != channels.Bug {
		t.Errorf("a reason that is none: %v", err)
	}
	own := h.now(order)
	own.SelfShips = true
	if err := h.connector.Cancel(t.Context(), own, "out_of_stock"); channels.ClassOf(err) != channels.Rejected || h.feeds() != 0 {
		t.Errorf("what Amazon ships: %v, %d feeds", err, h.feeds())
	}
}

// A buyer's wish comes with the order. A parcel settles it, and so does a cancellation.
func TestWishToCancel(t *testing.T) {
	h, order := clerk(t)
	if got := h.now(order); len(got.Claims) != 0 {
		t.Errorf("nobody asked: %+v", got.Claims)
	}
	h.AskCancel(order)
	o := h.now(order)
	if len(o.Claims) != 1 || o.Status != channels.StatusReady {
		t.Fatalf("asked: %+v", o)
	}
	c := o.Claims[0]
	if c.State != channels.ClaimPending || c.By != "buyer" || c.Reason != "NO_LONGER_NEEDED" || c.ID != order || len(c.Lines) != 1 || c.Lines[0].Quantity != 2 {
		t.Errorf("the wish reads as %+v", c)
	}
	if got, shown, err := h.connector.Claim(t.Context(), channels.Cancellation, order); err != nil || !shown || got.State != channels.ClaimPending {
		t.Errorf("by its id: %+v, %v, %v", got, shown, err)
	}
	if err := h.connector.Answer(t.Context(), c, channels.Verdict{Reason: "packed"}); err != nil || h.feeds() != 0 {
		t.Errorf("a no: %v, %d feeds", err, h.feeds())
	}
	_, err := h.connector.Send(t.Context(), order, channels.Parcel{Reference: "1", Carrier: "Royal Mail", Tracking: "T1", Sent: o.Updated})
	h.must(err)
	sent := h.now(order).Claims[0]
	if own := aftersales.Asked(channels.Order{ID: "1", SelfShips: true}, aftersales.Wish{By: "BUYER", Open: o.Lines}); len(own) != 0 {
		t.Errorf("what Amazon ships and answers: %+v", own)
	}
	if sent.State != channels.ClaimWithdrawn || !sent.Updated.Equal(c.Updated) {
		t.Errorf("sent: %+v", sent)
	}
	if err := h.connector.Answer(t.Context(), sent, channels.Verdict{Approve: true}); channels.ClassOf(err) != channels.Rejected {
		t.Errorf("a yes to what is sent: %v", err)
	}
}

// A buyer may ask for a part of an order. Amazon's feed cancels all of it, so a yes is refused in words.
func TestWishForAPart(t *testing.T) {
	h, _ := clerk(t)
	_, hoodie := h.List("HOODIE-L", "19.99", 10)
	_, mug := h.List("MUG", "5.00", 10)
	order := h.Place(false, channelstest.Line{Listing: hoodie, Price: "19.99", Quantity: 2}, channelstest.Line{Listing: mug, Price: "5.00", Quantity: 1})
	h.must(h.RequestCancel(seller, order, "NO_LONGER_NEEDED", mug))
	c := h.now(order).Claims[0]
	if c.State != channels.ClaimPending || len(c.Lines) != 1 || c.Lines[0].ListingID != mug || c.Lines[0].Quantity != 1 {
		t.Errorf("the wish reads as %+v", c)
	}
	err := h.connector.Answer(t.Context(), c, channels.Verdict{Approve: true})
	if channels.ClassOf(err) != channels.Rejected || !strings.Contains(err.Error(), "a part of the order") || h.feeds() != 0 {
		t.Errorf("a yes: %v, %d feeds", err, h.feeds())
	}
}
