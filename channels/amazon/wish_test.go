package amazon

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/creatorflow/creatorflow/channels"
)

// TestWishThatIsCarriedOut: what was cancelled at Amazon ends the wish for it, be it the order or a part of one that lives on, and no
// line of the claim is of nothing, although Amazon shows no units of an item that was cancelled.
func TestWishThatIsCarriedOut(t *testing.T) {
	const done = `"cancellationRequest":{"requester":"BUYER"},"cancellationExecution":{"cancelledBy":"MERCHANT","cancelReason":"BuyerCanceled"}`
	item := func(id string, units int, cancellation string) string {
		return fmt.Sprintf(`{"orderItemId":%q,"quantityOrdered":%d,"product":{"asin":"B1","title":"Mug","sellerSku":"MUG-%s"},"cancellation":{%s}}`, id, units, id, cancellation)
	}
	for name, test := range map[string]struct {
		status, items string
		state         channels.ClaimState
		lines         string
	}{
		"all of it, units kept":        {"CANCELLED", item("1", 2, done), channels.ClaimCompleted, "MUG-1:2"},
		"all of it, units gone":        {"CANCELLED", item("1", 0, done), channels.ClaimCompleted, ""},
		"a part, units kept":           {"UNSHIPPED", item("1", 2, done) + "," + item("2", 1, ""), channels.ClaimCompleted, "MUG-1:2"},
		"a part, units gone":           {"UNSHIPPED", item("1", 0, done) + "," + item("2", 1, ""), channels.ClaimCompleted, ""},
		"a part, and another is asked": {"UNSHIPPED", item("1", 0, done) + "," + item("2", 1, `"cancellationRequest":{"requester":"BUYER"}`), channels.ClaimPending, "MUG-2:1"},
	} {
		o, invalid := british().readOrder(0, json.RawMessage(fmt.Sprintf(`{"orderId":"026-1","createdTime":"2026-01-01T12:00:00Z","lastUpdatedTime":"2026-01-01T12:01:00Z",
			"salesChannel":{"channelName":"AMAZON","marketplaceId":"A1F83G8C2ARO7P"},"proceeds":{"grandTotal":{"amount":"5.00","currencyCode":"GBP"}},
			"fulfillment":{"fulfillmentStatus":%q,"fulfilledBy":"MERCHANT"},"orderItems":[%s]}`, test.status, test.items)))
		if invalid != nil || len(o.Claims) != 1 {
			t.Errorf("%s: %+v, %v", name, o, invalid)
			continue
		}
		lines := ""
		for _, l := range o.Claims[0].Lines {
			lines += fmt.Sprintf("%s:%d", l.Code, l.Quantity)
		}
		if o.Claims[0].State != test.state || lines != test.lines {
			t.Errorf("%s: it is %s of %q", name, o.Claims[0].State, lines)
		}
	}
}
