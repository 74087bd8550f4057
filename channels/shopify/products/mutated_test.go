package products

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest/changes"
)

// TestMutatedVariants: whatever the vendor adds, renames or leaves out, a variant is read or named as broken, and a state that is
// not known is a named one.
func TestMutatedVariants(t *testing.T) {
	sample := []byte(`{"id":"gid://shopify/ProductVariant/1","sku":"A","price":"1.00","product":{"id":"gid://shopify/Product/2","status":"ACTIVE"},"inventoryItem":{"id":"gid://shopify/InventoryItem/3","tracked":true,"inventoryLevel":{"quantities":[{"name":"available","quantity":2}]}}}`)
	rapid.Check(t, func(t *rapid.T) {
		raw, did := changes.Mutate(t, sample)
		read := Read([]json.RawMessage{raw}, "GBP")
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
