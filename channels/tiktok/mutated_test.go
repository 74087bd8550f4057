package tiktok

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest/changes"
)

// TestMutatedOrders: whatever the vendor adds, renames or leaves out, an order is read or named as broken, and a state that is not
// known is a named one.
func TestMutatedOrders(t *testing.T) {
	sample := wireExample(t)
	whole, invalid := readOrder(0, sample)
	if invalid != nil {
		t.Fatal(invalid)
	}
	rapid.Check(t, func(t *rapid.T) {
		raw, did := changes.Mutate(t, sample)
		o, invalid := readOrder(0, raw)
		switch {
		case did.How == "added" && (invalid != nil || o.Status != whole.Status || o.Total != whole.Total || len(o.Lines) != len(whole.Lines)):
			t.Fatalf("a member was added and it reads %+v, %v", o, invalid)
		case did.How == "unknown word" && did.Key == "status" && invalid == nil && o.Vendor == "NEVER_SEEN" && o.Status != channels.StatusUnknown:
			t.Fatalf("a state that is not known reads %+v", o)
		case invalid != nil && (invalid.Field == "" || invalid.Rule == ""):
			t.Fatalf("it says no more than %+v", invalid)
		case invalid == nil && (!channels.IsID(o.ID) || o.Status == "" || len(o.Lines) == 0 || o.Updated.IsZero()):
			t.Fatalf("read as %+v", o)
		}
	})
}

// TestMutatedWebhooks: the same of every webhook that is known to be the vendor's own; one of a type that nobody knows is kept.
func TestMutatedWebhooks(t *testing.T) {
	bodies := []string{
		`{"type":1,"tts_notification_id":"7327112393057371910","shop_id":"7494049642642441621","timestamp":1644412885,"data":{"order_id":"576486316948490001","order_status":"UNPAID","is_on_hold_order":false,"update_time":1644412885}}`,
		`{"type":4,"shop_id":"749","timestamp":1644412885,"data":{"package_id":"1","package_list":[{"order_id_list":["576486316948490001"]}],"update_time":1644412885}}`,
		`{"type":11,"shop_id":"749","timestamp":1644412885,"data":{"order_id":"576486316948490001","cancel_id":"4","cancel_status":"CANCELLATION_REQUEST_PENDING"}}`,
		`{"type":12,"shop_id":"749","timestamp":1644412885,"data":{"order_id":"576486316948490001","return_id":"4","return_status":"RETURN_OR_REFUND_REQUEST_PENDING"}}`,
	}
	rapid.Check(t, func(t *rapid.T) {
		body, _ := changes.Mutate(t, []byte(rapid.SampledFrom(bodies).Draw(t, "webhook")))
		hints, err := (Webhooks{}).Hints(body)
		var invalid channels.Invalid
		switch {
		case err != nil && (!errors.As(err, &invalid) || invalid.Field == "" || invalid.Rule == ""):
			t.Fatalf("%s says no more than %v", body, err)
		case err == nil && len(hints) == 0:
			t.Fatalf("%s is neither a hint nor broken", body)
		}
		for _, h := range hints {
			if err == nil && (h.Kind == "" || h.Type == "" || !h.Unknown && !channels.IsID(h.Shop)) {
				t.Fatalf("%s reads %+v", body, h)
			}
		}
	})
}
