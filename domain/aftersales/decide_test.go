package aftersales_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
)

// sentBack is an order of two units with returns of both that are on their way back.
func sentBack(status string, claims ...string) (s orders.State) {
	happened := []eventlog.Event{
		orderevents.Placed{Order: "k1:1", Connection: "k1", ChannelID: "1", Status: status, Lines: []orderevents.Line{{Listing: "L1", Code: "A", Quantity: 2}}},
		orderevents.Matched{Order: "k1:1", SKUs: []string{"A"}},
	}
	for _, claim := range claims {
		happened = append(happened, orderevents.ClaimOpened{
			Order: "k1:1", Kind: orders.Return, Claim: claim, State: orders.ClaimSent, Vendor: "SENT", Wants: "return", Updated: time.Unix(1_700_000_000, 0),
			Lines: []orderevents.ClaimLine{{Listing: "L1", Code: "A", Quantity: 2}},
		})
	}
	return after(s, happened...)
}

func after(s orders.State, happened ...eventlog.Event) orders.State {
	for _, e := range happened {
		s = orders.Observing().Evolve(s, e)
	}
	return s
}

// receive books units that came back and tells what stands then, and how many of them are on hand again.
func receive(t *testing.T, s orders.State, claim string, units int64) (orders.State, int64, error) {
	t.Helper()
	shelf := inventory.State{Known: true, Received: 100, Shipped: 50}
	writes, err := aftersales.Receive("main", "k1:1", claim, []aftersales.Item{{SKU: "A", Quantity: units, Sellable: true}}, s, map[string]inventory.State{"A": shelf})
	back := int64(0)
	for _, w := range writes {
		for _, e := range w.Events {
			if returned, ok := e.(stock.Returned); ok {
				back += returned.Quantity
			} else {
				s = after(s, e)
			}
		}
	}
	return s, back, err
}

func approve(s orders.State) error {
	_, err := aftersales.Answering().Decide(s, aftersales.Answer{Order: "k1:1", Action: orders.ActionApprove, Kind: orders.Return, Claim: "r1"})
	return err
}

// Units come back once, however many returns of them a buyer opens.
func TestUnitsComeBackOnce(t *testing.T) {
	s, back, err := receive(t, sentBack(orders.Delivered, "r1", "r2"), "r1", 1)
	if err != nil || back != 1 {
		t.Fatalf("the first: %d back, %v", back, err)
	}
	s = after(s, orderevents.AnswerEnded{Order: "k1:1", Answer: s.Asked.Answer, Done: true})
	if _, back, err := receive(t, s, "r2", 2); back != 0 || err == nil || !strings.Contains(err.Error(), "only 1 can still come back") {
		t.Errorf("two of the one that is left: %d back, %v", back, err)
	}
	if _, back, err := receive(t, s, "r2", 1); back != 1 || err != nil {
		t.Errorf("the other one: %d back, %v", back, err)
	}
}

// A return whose goods were received and whose refund the channel did not take can be approved again: nothing is left to receive.
func TestApprovedAgainAfterReceipt(t *testing.T) {
	s := sentBack(orders.Ready, "r1")
	if err := approve(s); !errors.Is(err, aftersales.ErrGoods) {
		t.Errorf("approved before anything came: %v", err)
	}
	s, _, err := receive(t, s, "r1", 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := approve(s); !errors.Is(err, aftersales.ErrOnItsWay) {
		t.Errorf("approved while that is on its way: %v", err)
	}
	s = after(s, orderevents.AnswerEnded{Order: "k1:1", Answer: s.Asked.Answer, Sentence: "Tried 25 times in vain."})
	if err := approve(s); err != nil {
		t.Errorf("approved again: %v", err)
	}
}

// The goods of an order that had left before the hub knew it, or that the channel ships, were never in its books: their return
// is approved without any.
func TestApprovedWithoutBooks(t *testing.T) {
	if err := approve(sentBack(orders.Delivered, "r1")); err != nil {
		t.Error(err)
	}
}

// Units that were put back because they had never left cannot come back with a return.
func TestReceiveWhatWasPutBack(t *testing.T) {
	s := sentBack(orders.Arranged, "r1")
	s = after(s, orderevents.PutBack{Order: "k1:1", Items: []orderevents.ReturnedItem{{SKU: "A", Quantity: 1, Sellable: true}}})
	if _, _, err := receive(t, s, "r1", 2); err == nil || !strings.Contains(err.Error(), "only 1 can still come back") {
		t.Errorf("received 2 of 2 with 1 put back: %v", err)
	}
	if _, back, err := receive(t, s, "r1", 1); err != nil || back != 1 {
		t.Errorf("received %d, %v, want 1", back, err)
	}
}

// Of a bundle its components come back, each in its own condition.
func TestReceiveABundle(t *testing.T) {
	s := sentBack(orders.Delivered, "r1")
	s = after(s, orderevents.Exploded{Order: "k1:1", Bundles: []orderevents.Bundle{
		{SKU: "A", Components: []orderevents.Component{{SKU: "B", Quantity: 1}, {SKU: "C", Quantity: 2}}},
	}})
	stocks := func() map[string]inventory.State {
		shelf := inventory.State{Known: true, Received: 100, Shipped: 50}
		return map[string]inventory.State{"B": shelf, "C": shelf}
	}
	for _, c := range []struct {
		items []aftersales.Item
		no    string
	}{
		{[]aftersales.Item{{SKU: "B", Quantity: 2, Sellable: true}, {SKU: "C", Quantity: 3, Sellable: true}, {SKU: "C", Quantity: 1}}, ""},
		{[]aftersales.Item{{SKU: "B", Quantity: 3, Sellable: true}}, "only 2 can still come back"},
		{[]aftersales.Item{{SKU: "A", Quantity: 1, Sellable: true}}, "not part of this return"},
	} {
		_, err := aftersales.Receive("main", "k1:1", "r1", c.items, s, stocks())
		if c.no == "" && err != nil || c.no != "" && (err == nil || !strings.Contains(err.Error(), c.no)) {
			t.Errorf("%v: %v, want %q", c.items, err, c.no)
		}
	}
}
