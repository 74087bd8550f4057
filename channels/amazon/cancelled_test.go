package amazon

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/channels"
)

// TestWhoCancelled: whom Amazon blames for a cancelled order. What the buyer asked for in their account is not the seller's fault.
func TestWhoCancelled(t *testing.T) {
	const asked = `"cancellationRequest":{"requester":"BUYER","cancelReason":"ordered twice"}`
	for _, test := range []struct{ cancellation, want string }{
		{`"cancellationExecution":{"cancelledBy":"MERCHANT","cancelReason":"NoInventory"}`, channels.BySeller},
		{asked + `,"cancellationExecution":{"cancelledBy":"MERCHANT","cancelReason":"BuyerCanceled"}`, channels.ByBuyer},
		{`"cancellationExecution":{"cancelledBy":"BUYER"}`, channels.ByBuyer},
		{`"cancellationExecution":{"cancelledBy":"AMAZON"}`, channels.ByChannel},
		{asked + `,"cancellationExecution":{"cancelledBy":"AMAZON"}`, channels.ByChannel},
		{`"cancellationExecution":{"cancelledBy":"SOMEBODY"}`, ""},
		{asked, ""},
	} {
		raw := strings.Replace(strings.Replace(whole1, "UNSHIPPED", "CANCELLED", 1), asked, test.cancellation, 1)
		o, invalid := british().readOrder(0, json.RawMessage(raw))
		if invalid != nil || o.Status != channels.StatusCancelled || o.CancelBy != test.want {
			t.Errorf("%s: cancelled by %q, want %q (%v)", test.cancellation, o.CancelBy, test.want, invalid)
		}
	}
}
