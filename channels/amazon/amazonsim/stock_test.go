package amazonsim

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func quantity(kind string, n int) obj {
	return obj{"productType": kind, "patches": []obj{{
		"op": "replace", "path": "/attributes/fulfillment_availability", "value": []obj{{"fulfillment_channel_code": "DEFAULT", "quantity": n}},
	}}}
}

func (r *rig) patch(sku, kind string, n int) (status int, said string) {
	r.t.Helper()
	status, out, _ := r.call(http.MethodPatch, "/listings/2021-08-01/items/"+seller+"/"+url.PathEscape(sku)+"?marketplaceIds="+place, quantity(kind, n))
	return status, fmt.Sprint(out["status"])
}

// What is accepted takes effect later, and overwrites what was sold meanwhile.
func TestAcceptedNowInEffectLater(t *testing.T) {
	r := newRig(t, Config{Unlimited: true, ApplyDelay: time.Minute})
	if status, said := r.patch(skuB, "DRINKING_CUP", 8); status != http.StatusOK || said != "ACCEPTED" {
		t.Fatalf("got %d %s", status, said)
	}
	r.place(NewOrder{Lines: []Line{{SKU: skuB, Quantity: 2}}})
	if stock, _ := r.Stock(seller, skuB); stock != (Stock{Listed: 8, Committed: 2, Pending: 1}) {
		t.Errorf("before: %+v", stock)
	}
	r.place(NewOrder{Lines: []Line{{SKU: skuB, Quantity: 2}}})
	r.now = r.now.Add(time.Minute)
	if stock, _ := r.Stock(seller, skuB); stock != (Stock{Listed: 8, Committed: 4}) {
		t.Errorf("after: %+v, want the 2 sold meanwhile back for sale", stock)
	}
}

func TestRefusedQuantities(t *testing.T) {
	r := newRig(t, Config{Unlimited: true, RefuseZero: true})
	for _, tt := range []struct {
		sku, kind string
		n, status int
		said      string
	}{
		{skuA, "HOODIE", 0, http.StatusOK, "INVALID"},
		{skuA, "HOODIE", 1, http.StatusOK, "ACCEPTED"},
		{skuA, "PRODUCT", 2, http.StatusOK, "ACCEPTED"},
		{skuA, "SHIRT", 2, http.StatusOK, "INVALID"},
		{"FBA-1", "PRODUCT", 2, http.StatusOK, "INVALID"},
		{"NONE", "PRODUCT", 2, http.StatusNotFound, "<nil>"},
	} {
		if status, said := r.patch(tt.sku, tt.kind, tt.n); status != tt.status || said != tt.said {
			t.Errorf("%s %s %d: %d %s", tt.sku, tt.kind, tt.n, status, said)
		}
	}
	r.SetFaults(Faults{AcceptedNotApplied: 1})
	if _, said := r.patch(skuA, "HOODIE", 7); said != "ACCEPTED" || r.Counts().InventoryLost != 1 {
		t.Errorf("accepted and lost: %s", said)
	}
	if stock, _ := r.Stock(seller, skuA); stock.Listed != 2 {
		t.Errorf("listed %d", stock.Listed)
	}
}

func TestListingsArePaged(t *testing.T) {
	r := newRig(t, Config{Unlimited: true})
	path := "/listings/2021-08-01/items/" + seller + "?sortBy=sku&sortOrder=ASC&includedData=summaries,offers,fulfillmentAvailability&marketplaceIds=" + place
	skus, next := []string{}, ""
	for range 3 {
		status, out, _ := r.call(http.MethodGet, path+"&pageSize=1&pageToken="+url.QueryEscape(next), nil)
		if status != http.StatusOK || out["numberOfResults"] != 3.0 {
			t.Fatalf("%d %v", status, out)
		}
		skus = append(skus, out["items"].([]any)[0].(map[string]any)["sku"].(string))
		if p, ok := out["pagination"].(map[string]any); ok {
			next = p["nextToken"].(string)
		} else {
			next = "the end"
		}
	}
	if strings.Join(skus, "|") != "FBA-1|"+skuA+"|"+skuB || next != "the end" {
		t.Errorf("got %q, then %s", skus, next)
	}
	status, out, _ := r.call(http.MethodGet, path+"&identifiersType=SKU&identifiers="+skuA+",NONE", nil)
	if status != http.StatusOK || len(out["items"].([]any)) != 1 {
		t.Errorf("by SKU: %d %v", status, out)
	}
	status, out, _ = r.call(http.MethodGet, "/listings/2021-08-01/items/"+seller+"/"+url.PathEscape(skuB)+"?marketplaceIds="+place, nil)
	if status != http.StatusOK || out["sku"] != skuB {
		t.Errorf("a SKU with a space and a slash: %d %v", status, out)
	}
	if status, _, _ := r.call(http.MethodGet, "/listings/2021-08-01/items/ANOTHER?marketplaceIds="+place, nil); status != http.StatusForbidden {
		t.Errorf("another seller: %d", status)
	}
}

// A seller cancels by the order-acknowledgement feed; the document is put where createFeedDocument says.
func TestSellerCancelsByFeed(t *testing.T) {
	r := newRig(t, Config{Unlimited: true, FeedDelay: time.Minute, Restock: true})
	id, shipped := r.place(NewOrder{}), r.place(NewOrder{})
	r.confirm(shipped, "1", 1)
	status, out, _ := r.call(http.MethodPost, "/feeds/2021-06-30/documents", obj{"contentType": "text/xml; charset=UTF-8"})
	if status != http.StatusCreated {
		t.Fatalf("document: %d %v", status, out)
	}
	document := out["feedDocumentId"]
	put := httptest.NewRequest(http.MethodPut, out["url"].(string), strings.NewReader(`<AmazonEnvelope><Header><MerchantIdentifier>`+seller+
		`</MerchantIdentifier></Header><MessageType>OrderAcknowledgement</MessageType>`+acknowledge("1", id)+acknowledge("2", shipped)+`</AmazonEnvelope>`))
	put.Header.Set("Content-Type", "text/xml; charset=UTF-8")
	if w := r.serve(put); w.Code != http.StatusOK {
		t.Fatalf("put: %d", w.Code)
	}
	status, out, _ = r.call(http.MethodPost, "/feeds/2021-06-30/feeds", obj{
		"feedType": "POST_ORDER_ACKNOWLEDGEMENT_DATA", "marketplaceIds": []string{place}, "inputFeedDocumentId": document,
	})
	if status != http.StatusAccepted {
		t.Fatalf("feed: %d %v", status, out)
	}
	path := "/feeds/2021-06-30/feeds/" + out["feedId"].(string)
	if _, out, _ := r.call(http.MethodGet, path, nil); out["processingStatus"] != "IN_QUEUE" {
		t.Errorf("at once: %v", out)
	}
	r.now = r.now.Add(time.Minute)
	_, out, _ = r.call(http.MethodGet, path, nil)
	if out["processingStatus"] != "DONE" {
		t.Fatalf("later: %v", out)
	}
	_, out, _ = r.call(http.MethodGet, "/feeds/2021-06-30/documents/"+out["resultFeedDocumentId"].(string), nil)
	w := r.serve(httptest.NewRequest(http.MethodGet, out["url"].(string), nil))
	if got := w.Body.String(); !strings.Contains(got, "<MessagesWithError>1<") || !strings.Contains(got, "<MessageID>2</MessageID>") {
		t.Errorf("report %s", got)
	}
	if o, _ := r.Order(seller, id); o.Status != "CANCELLED" || o.CancelBy != "MERCHANT" || o.Reason != "NoInventory" || r.Counts().Cancels[id] != 1 {
		t.Errorf("order %+v", o)
	}
	if o, _ := r.Order(seller, shipped); o.Status != "SHIPPED" {
		t.Errorf("the shipped one is %s", o.Status)
	}
}

func acknowledge(message, order string) string {
	return `<Message><MessageID>` + message + `</MessageID><OrderAcknowledgement><AmazonOrderID>` + order +
		`</AmazonOrderID><StatusCode>Failure</StatusCode><Item><AmazonOrderItemCode>1</AmazonOrderItemCode><CancelReason>NoInventory</CancelReason></Item></OrderAcknowledgement></Message>`
}

// What stands beside a quantity goes with a replacement that does not name it, and stays with a merge.
func TestReplacedAndMerged(t *testing.T) {
	r := newRig(t, Config{Unlimited: true})
	write := func(op string, value obj) {
		t.Helper()
		value["fulfillment_channel_code"] = "DEFAULT"
		status, out, _ := r.call(http.MethodPatch, "/listings/2021-08-01/items/"+seller+"/"+url.PathEscape(skuB)+"?marketplaceIds="+place, obj{
			"productType": "DRINKING_CUP", "patches": []obj{{"op": op, "path": "/attributes/fulfillment_availability", "value": []obj{value}}},
		})
		if status != http.StatusOK || out["status"] != "ACCEPTED" {
			t.Fatalf("%s %v: %d %v", op, value, status, out)
		}
	}
	for _, step := range []struct {
		op    string
		value obj
		want  Stock
	}{
		{"replace", obj{"quantity": 8, "lead_time_to_ship_max_days": 5}, Stock{Listed: 8, Lead: 5}},
		{"merge", obj{"quantity": 7}, Stock{Listed: 7, Lead: 5}},
		{"merge", obj{"quantity": 7, "lead_time_to_ship_max_days": 3}, Stock{Listed: 7, Lead: 3}},
		{"replace", obj{"quantity": 6}, Stock{Listed: 6}},
	} {
		write(step.op, step.value)
		if got, _ := r.Stock(seller, skuB); got != step.want {
			t.Errorf("after %s %v: %+v, want %+v", step.op, step.value, got, step.want)
		}
	}
}
