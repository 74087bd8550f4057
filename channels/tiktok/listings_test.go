package tiktok_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/money"
)

// A seller's shop as it is: variants, codes left out or given twice, products that are off or unfinished, one that is
// broken, and more than fits on a page.
func TestListingsOfARealShop(t *testing.T) {
	r := newRig(t, channelstest.Knobs{})
	add := func(p tiktoksim.Product) {
		t.Helper()
		if _, err := r.AddProduct(shop, p); err != nil {
			t.Fatal(err)
		}
	}
	add(tiktoksim.Product{ID: "1720000000000000001", Title: "Lamp", SKUs: []tiktoksim.SKU{
		{ID: "11", SellerSKU: "LAMP-R", Variant: "Red / L", Price: "12.50", Quantity: 3},
		{ID: "12", SellerSKU: "", Variant: "Blue / L", Price: "12.50", Quantity: 4},
		{ID: "13", SellerSKU: "LAMP-R", Price: "9.00", Garbled: true},
	}})
	add(tiktoksim.Product{ID: "1720000000000000002", Title: "Old lamp", Status: "SELLER_DEACTIVATED", SKUs: []tiktoksim.SKU{{ID: "21", SellerSKU: "LAMP-R", Quantity: 1}}})
	add(tiktoksim.Product{ID: "1720000000000000003", Title: "New lamp", Status: "DRAFT", SKUs: []tiktoksim.SKU{{ID: "31", SellerSKU: "LAMP-N"}}})
	add(tiktoksim.Product{ID: "1720000000000000004", Title: "Odd lamp", Status: "ON_THE_MOON", SKUs: []tiktoksim.SKU{{ID: "41", SellerSKU: "LAMP-O"}}})
	add(tiktoksim.Product{ID: "1720000000000000005", Title: "Gone lamp", Status: "DELETED", SKUs: []tiktoksim.SKU{{ID: "51", SellerSKU: "LAMP-G"}}})
	for i := range 210 {
		add(tiktoksim.Product{Title: "Mug", SKUs: []tiktoksim.SKU{{SellerSKU: fmt.Sprintf("MUG-%d", i), Quantity: i}}})
	}
	found, pages := map[string]channels.Listing{}, 0
	var broken []channels.Invalid
	for next := ""; pages == 0 || next != ""; pages++ {
		page, err := r.connector.Listings(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page.Listings {
			found[l.ListingID] = l
		}
		broken, next = append(broken, page.Invalid...), page.Next
	}
	if len(found) != 215 || pages < 3 {
		t.Errorf("%d listings on %d pages, want 215 on three", len(found), pages)
	}
	if len(broken) != 1 || broken[0].Record != "listing 13" || broken[0].Field != "price.sale_price" {
		t.Errorf("broken are %v, want the price of listing 13", broken)
	}
	want := channels.Listing{
		Quantity: channels.Quantity{ListingID: "11", ProductID: "1720000000000000001", Code: "LAMP-R", Available: 3},
		Title:    "Lamp", Price: money.Money{Minor: 1250, Currency: "GBP"}, Status: channels.ListingLive, Vendor: "ACTIVATE",
	}
	if found["11"] != want {
		t.Errorf("got %+v, want %+v", found["11"], want)
	}
	for id, want := range map[string]string{"12": " live", "21": "LAMP-R off", "31": "LAMP-N draft", "41": "LAMP-O unknown", "51": " "} {
		if got := found[id].Code + " " + string(found[id].Status); got != want {
			t.Errorf("listing %s is %q, want %q", id, got, want)
		}
	}
	named, err := r.connector.Variants(t.Context(), "1720000000000000001")
	if want := map[string]string{"11": "Red, L", "12": "Blue, L", "13": ""}; err != nil || !maps.Equal(named, want) {
		t.Errorf("variants %v, %v; want %v", named, err, want)
	}
	for _, product := range []string{"1729999999999999999", "../orders", ""} {
		if named, err := r.connector.Variants(t.Context(), product); err == nil {
			t.Errorf("variants of product %q: %v", product, named)
		}
	}
	if _, err := r.connector.Variants(t.Context(), strings.Repeat("1", 65)); channels.ClassOf(err) != channels.Bug {
		t.Errorf("a product id that is none: %v", err)
	}
}
