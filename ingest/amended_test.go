package ingest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
)

// One unit of three is cancelled at the channel: the order says so, and goes on counting what was placed.
func TestPartialCancelIsSaid(t *testing.T) {
	r := newRig(t, knobs{})
	id, err := r.PlaceOrder(shopID, tiktoksim.NewOrder{BuyerID: "1", BuyerName: "A", Lines: []tiktoksim.Line{{SKUID: skuA + "1", Quantity: 3}}})
	r.must(err)
	r.delivered()
	later := r.now().Add(5 * time.Second)
	r.spoil(detailPath, func(_ *http.Request, body []byte) []byte {
		var answer struct {
			Code int `json:"code"`
			Data struct {
				Orders []map[string]any `json:"orders"`
			} `json:"data"`
		}
		if err := json.Unmarshal(body, &answer); err != nil || len(answer.Data.Orders) != 1 {
			t.Errorf("the vendor answered %s, %v", body, err)
			return body
		}
		order := answer.Data.Orders[0]
		order["line_items"].([]any)[0].(map[string]any)["display_status"] = "CANCELLED"
		order["payment"].(map[string]any)["total_amount"] = "39.98"
		order["update_time"] = later.Unix()
		changed, err := json.Marshal(answer)
		if err != nil {
			t.Error(err)
		}
		return changed
	})
	for n := range 2 { // told twice
		if status := r.post(hint(n+1, shopID, id, later)); status != http.StatusOK {
			t.Fatal(status)
		}
		r.caughtUp()
	}
	said := found[orderevents.Amended](r)
	if len(said) != 1 || !strings.HasPrefix(said[0].Sentence, "The channel now lists 2 of 3 × SKU HOODIE-M, a total of 39.98 GBP instead of 59.97 GBP.") {
		t.Errorf("amended %+v", said)
	}
	r.wantNames(id, "placed amended")
	if lines := r.order(r.shop, id).Placed.Lines; len(lines) != 1 || lines[0].Quantity != 3 {
		t.Errorf("placed counts as %+v", lines)
	}
}
