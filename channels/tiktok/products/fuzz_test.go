package products

import (
	"encoding/json"
	"testing"

	"github.com/creatorflow/creatorflow/channels"
)

// Whatever a vendor answers, what is read has ids, and what is broken is told once.
func FuzzSearch(f *testing.F) {
	f.Add([]byte(`[{"id":"1","title":"Lamp","status":"ACTIVATE","skus":[{"id":"11","seller_sku":"A","price":{"currency":"GBP","sale_price":"1.00"},"inventory":[{"warehouse_id":"7","quantity":3}],"status_info":{"status":"NORMAL"}}]}]`))
	f.Add([]byte(`[{"id":1,"skus":{}},7,{"id":"2","skus":[null,{"id":"x y"},{"id":"3","price":[]}]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var list []json.RawMessage
		if json.Unmarshal(data, &list) != nil {
			return
		}
		read := Search(list)
		for _, l := range read.Found {
			if !channels.IsID(l.ListingID) || !channels.IsID(l.ProductID) || l.Available < 0 || l.Price.Minor < 0 || l.Status == "" {
				t.Errorf("read %+v", l)
			}
		}
		for _, broken := range read.Invalid {
			if broken.Record == "" || broken.Field == "" || broken.Rule == "" {
				t.Errorf("broken is %+v", broken)
			}
		}
		Inventory(list)
		Variants(data)
	})
}
