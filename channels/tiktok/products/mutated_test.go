package products

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest/changes"
)

// TestMutatedProducts: whatever the vendor adds, renames or leaves out, a listing is read or named as broken, and a state that is
// not known is a named one.
func TestMutatedProducts(t *testing.T) {
	sample := []byte(`{"id":"1","title":"Lamp","status":"ACTIVATE","skus":[{"id":"11","seller_sku":"A","price":{"currency":"GBP","sale_price":"1.00"},"inventory":[{"warehouse_id":"7","quantity":3}],"status_info":{"status":"NORMAL"}}]}`)
	rapid.Check(t, func(t *rapid.T) {
		raw, did := changes.Mutate(t, sample)
		read := Search([]json.RawMessage{raw})
		if did.How == "added" && (len(read.Found) != 1 || read.Found[0].Status != channels.ListingLive || len(read.Invalid) != 0) {
			t.Fatalf("a member was added and it reads %+v", read)
		}
		for _, l := range read.Found {
			if !channels.IsID(l.ListingID) || l.Status == "" || l.Vendor == "NEVER_SEEN" && l.Status != channels.ListingUnknown {
				t.Fatalf("%s reads %+v", raw, l)
			}
		}
		for _, broken := range read.Invalid {
			if broken.Record == "" || broken.Field == "" || broken.Rule == "" {
				t.Fatalf("%s says no more than %+v", raw, broken)
			}
		}
	})
}
