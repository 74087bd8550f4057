package products

import (
	"encoding/json"
	"testing"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/money"
)

func TestSearch(t *testing.T) {
	pounds := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: "GBP"} }
	tests := []struct {
		name     string
		product  string // but for its id
		sku      string // but for its id
		price    money.Money
		quantity int64
		status   channels.ListingStatus
		broken   string // the field
	}{
		{"nothing is told", ``, ``, money.Money{}, 0, channels.ListingUnknown, ""},
		{"on sale", `,"status":"ACTIVATE"`, `,"price":{"currency":"GBP","sale_price":"2.50","tax_exclusive_price":"2.00"},"inventory":[{"warehouse_id":"7","quantity":3}]`, pounds(250), 3, channels.ListingLive, ""},
		{"on sale, and not how many", `,"status":"ACTIVATE"`, ``, money.Money{}, 0, "", "inventory"},
		{"without tax alone", ``, `,"price":{"currency":"GBP","sale_price":"","tax_exclusive_price":"2.00"}`, pounds(200), 0, channels.ListingUnknown, ""},
		{"no price yet", `,"status":"DRAFT"`, `,"price":null`, money.Money{}, 0, channels.ListingDraft, ""},
		{"an empty price", ``, `,"price":{"currency":"GBP"}`, money.Money{}, 0, channels.ListingUnknown, ""},
		{"two warehouses", ``, `,"inventory":[{"warehouse_id":"8","quantity":3},{"warehouse_id":7,"quantity":"4"}]`, money.Money{}, 7, channels.ListingUnknown, ""},
		{"one variant is down", `,"status":"ACTIVATE"`, `,"status_info":{"status":"SELLER_DEACTIVATED"}`, money.Money{}, 0, channels.ListingOff, ""},
		{"a variant is as the product", `,"status":"FREEZE"`, `,"status_info":{"status":"NORMAL"}`, money.Money{}, 0, channels.ListingOff, ""},
		{"a price that is none", ``, `,"price":{"currency":"GBP","sale_price":"free"}`, money.Money{}, 0, "", "price.sale_price"},
		{"a currency that is none", ``, `,"price":{"currency":"pounds","sale_price":"1"}`, money.Money{}, 0, "", "currency"},
		{"a quantity that is none", ``, `,"inventory":[{"quantity":-1}]`, money.Money{}, 0, "", "inventory[0].quantity"},
		{"a code that is none", ``, `,"seller_sku":{}`, money.Money{}, 0, "", "seller_sku"},
		{"deleted", `,"status":"DELETED"`, ``, money.Money{}, 0, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			good := `{"id":"2","skus":[{"id":"21"}]}`
			read := Search([]json.RawMessage{[]byte(`{"id":"1"` + test.product + `,"skus":[{"id":"11"` + test.sku + `}]}`), []byte(good)})
			if n := len(read.Found); n == 0 || read.Found[n-1].ListingID != "21" {
				t.Fatalf("the good neighbour is not there: %+v", read)
			}
			switch {
			case test.broken != "":
				if len(read.Found) != 1 || len(read.Invalid) != 1 || read.Invalid[0].Field != test.broken || read.Invalid[0].Record != "listing 11" {
					t.Errorf("got %+v, want %s broken", read, test.broken)
				}
			case test.status == "":
				if len(read.Found) != 1 || len(read.Invalid) != 0 {
					t.Errorf("got %+v, want nothing of it", read)
				}
			default:
				l := read.Found[0]
				if l.ListingID != "11" || l.ProductID != "1" || l.Price != test.price || l.Available != test.quantity || l.Status != test.status {
					t.Errorf("got %+v", l)
				}
			}
		})
	}
	two := Search([]json.RawMessage{[]byte(`{"id":"1","skus":[{"id":"11","inventory":[{"warehouse_id":"8","quantity":1},{"warehouse_id":"7","quantity":1}]}]}`)})
	if got := two.Warehouses["11"]; len(got) != 2 || got[0] != "7" {
		t.Errorf("warehouses %v, want both, sorted", got)
	}
}
