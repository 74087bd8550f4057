package shopify

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// TestLevel: a level of the vendor's own example is news of a quantity; below 0 is one, where none is kept there is nothing to look at,
// and what cannot be read is named.
func TestLevel(t *testing.T) {
	read := func(body string) (channels.Hint, error) {
		header := http.Header{}
		for name, value := range map[string]string{
			"Topic": "inventory_levels/update", "Shop-Domain": "cf-demo.myshopify.com", "Event-Id": "e1", "Triggered-At": "2026-01-01T10:00:07Z",
		} {
			header.Set("X-Shopify-"+name, value)
		}
		hints, err := Webhooks{}.Hints(Webhooks{}.Keep(header, []byte(body)))
		if len(hints) != 1 {
			t.Fatalf("%s reads %+v, %v", body, hints, err)
		}
		return hints[0], err
	}
	const example = `{"inventory_item_id":808950811,"location_id":905684977,"available":6,"updated_at":"2026-01-01T05:00:06-05:00","admin_graphql_api_id":"gid://shopify/InventoryLevel/905684977?inventory_item_id=808950811"}`
	h, err := read(example)
	if want := (channels.News{Item: "808950811", Place: "905684977", Quantity: 6}); err != nil || h.Kind != channels.KindQuantity || h.News != want ||
		!h.Updated.Equal(time.Date(2026, 1, 1, 10, 0, 6, 0, time.UTC)) || h.Shop != "cf-demo.myshopify.com" || h.Delivery != "inventory_levels/update:e1" {
		t.Errorf("%+v, %v", h, err)
	}
	if h, err := read(`{"inventory_item_id":1,"location_id":2,"available":-3,"updated_at":null}`); err != nil || h.News.Quantity != -3 || h.Updated.Second() != 7 {
		t.Errorf("%+v, %v", h, err)
	}
	if h, err := read(`{"inventory_item_id":1,"location_id":2,"available":null}`); err != nil || h.Kind != kindOther {
		t.Errorf("%+v, %v", h, err)
	}
	for field, body := range map[string]string{
		"inventory_item_id": `{"location_id":2,"available":1}`,
		"location_id":       `{"inventory_item_id":1,"location_id":{},"available":1}`,
		"available":         `{"inventory_item_id":1,"location_id":2,"available":"six"}`,
		"body":              `[]`,
	} {
		_, err := read(body)
		var invalid channels.Invalid
		if !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v, want %s named", body, err, field)
		}
	}
}
