package amazonsim

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSearchRules(t *testing.T) {
	r := newRig(t, Config{Unlimited: true})
	r.place(NewOrder{})
	r.now = r.now.Add(10 * time.Minute)
	for query, want := range map[string]int{
		"lastUpdatedAfter=2026-01-01T00:00:00Z": http.StatusOK,
		"createdAfter=2026-01-01T00:00:00Z":     http.StatusOK,
		"":                                      http.StatusBadRequest,
		"createdAfter=2026-01-01T00:00:00Z&lastUpdatedAfter=2026-01-01T00:00:00Z":  http.StatusBadRequest,
		"createdAfter=2026-01-01T00:00:00Z&lastUpdatedBefore=2026-01-01T01:00:00Z": http.StatusBadRequest,
		"lastUpdatedAfter=yesterday": http.StatusBadRequest,
		"lastUpdatedAfter=2026-01-01T00:00:00Z&lastUpdatedBefore=2026-01-01T12:08:00Z":    http.StatusOK,
		"lastUpdatedAfter=2026-01-01T00:00:00Z&lastUpdatedBefore=2026-01-01T12:08:01Z":    http.StatusBadRequest,
		"lastUpdatedAfter=2026-01-01T00:00:00Z&maxResultsPerPage=101":                     http.StatusBadRequest,
		"lastUpdatedAfter=2026-01-01T00:00:00Z&includedData=NOTHING":                      http.StatusBadRequest,
		"lastUpdatedAfter=2026-01-01T00:00:00Z&marketplaceIds=ATVPDKIKX0DER":              http.StatusBadRequest,
		"lastUpdatedAfter=2026-01-01T00:00:00Z&marketplaceIds=" + place:                   http.StatusOK,
		"lastUpdatedAfter=2026-01-01T00:00:00Z&paginationToken=nonsense":                  http.StatusBadRequest,
		"lastUpdatedAfter=2026-01-01T00:00:00Z&fulfilledBy=AMAZON&fulfillmentStatuses=OK": http.StatusOK,
	} {
		if status, out, _ := r.call(http.MethodGet, ordersQ+"?"+query, nil); status != want {
			t.Errorf("%s: %d %v", query, status, out)
		}
	}
}

// The news of the last two minutes are in no list.
func TestSearchLagsAndPages(t *testing.T) {
	r := newRig(t, Config{Unlimited: true, SellBeyondListed: true})
	placed := map[string]bool{}
	for range 25 {
		placed[r.place(NewOrder{})] = true
		r.now = r.now.Add(time.Second)
	}
	first := ordersQ + "?lastUpdatedAfter=2026-01-01T00:00:00Z&maxResultsPerPage=10"
	if _, out, _ := r.call(http.MethodGet, first, nil); len(out["orders"].([]any)) != 0 {
		t.Error("an order of the last two minutes was listed")
	}
	r.now = r.now.Add(3 * time.Minute)
	seen, pages, next := map[string]bool{}, 0, ""
	for path := first; ; path = ordersQ + "?paginationToken=" + url.QueryEscape(next) + "&maxResultsPerPage=10" {
		status, out, _ := r.call(http.MethodGet, path, nil)
		if status != http.StatusOK {
			t.Fatalf("page %d: %d %v", pages, status, out)
		}
		pages++
		for _, o := range out["orders"].([]any) {
			seen[o.(map[string]any)["orderId"].(string)] = true
		}
		next, _ = out["pagination"].(map[string]any)["nextToken"].(string)
		if next == "" {
			break
		}
		if !strings.ContainsAny(next, "+/") {
			t.Errorf("token %q needs no escaping, so it finds nobody out", next)
		}
	}
	if len(seen) != len(placed) || pages != 3 {
		t.Errorf("%d orders in %d pages", len(seen), pages)
	}
	_, out, _ := r.call(http.MethodGet, first, nil)
	token := out["pagination"].(map[string]any)["nextToken"].(string)
	r.now = r.now.Add(24 * time.Hour)
	r.token = r.login(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.refresh}})
	if status, _, _ := r.call(http.MethodGet, ordersQ+"?paginationToken="+url.QueryEscape(token), nil); status != http.StatusBadRequest {
		t.Errorf("a token of yesterday: %d", status)
	}
}

// What is shown: only what was asked for, persons only by role, and of a PENDING order neither prices nor persons.
func TestWhatAnOrderShows(t *testing.T) {
	r := newRig(t, Config{Unlimited: true})
	id := r.place(NewOrder{Unpaid: true, Lines: []Line{{SKU: skuA, Quantity: 2}, {SKU: skuB, Quantity: 1}}})
	shows := func() (status string, price, person, total bool) {
		o := r.order(id)
		product := o["orderItems"].([]any)[0].(map[string]any)["product"].(map[string]any)
		return o["fulfillment"].(map[string]any)["fulfillmentStatus"].(string), product["price"] != nil, o["recipient"] != nil && o["buyer"] != nil, o["proceeds"] != nil
	}
	if status, price, person, total := shows(); status != "PENDING" || price || person || total {
		t.Errorf("pending: %s, price %v, person %v, total %v", status, price, person, total)
	}
	r.must(r.PayOrder(seller, id))
	if status, price, person, total := shows(); status != "UNSHIPPED" || !price || !person || !total {
		t.Errorf("paid: %s, price %v, person %v, total %v", status, price, person, total)
	}
	r.must(r.SetRoles(seller, RoleOrders))
	if _, price, person, _ := shows(); !price || person {
		t.Errorf("without the role: price %v, person %v", price, person)
	}
	_, out, _ := r.call(http.MethodGet, ordersQ+"/"+id, nil)
	if o := out["order"].(map[string]any); o["fulfillment"] != nil || o["proceeds"] != nil || len(o["orderItems"].([]any)) != 2 {
		t.Errorf("nothing was asked for, but %v", o)
	}
	if status, _, _ := r.call(http.MethodGet, ordersQ+"/026-0000000-0000000", nil); status != http.StatusNotFound {
		t.Errorf("another's order: %d", status)
	}
}

func TestPendingEndsByItself(t *testing.T) {
	r := newRig(t, Config{Unlimited: true, PendingFor: time.Hour / 2})
	id := r.place(NewOrder{})
	if got, _ := r.Order(seller, id); got.Status != "PENDING" {
		t.Errorf("got %s", got.Status)
	}
	r.now = r.now.Add(time.Hour / 2)
	if got, _ := r.Order(seller, id); got.Status != "UNSHIPPED" {
		t.Errorf("half an hour later: %s", got.Status)
	}
}

func TestConfirmation(t *testing.T) {
	r := newRig(t, Config{Unlimited: true})
	id := r.place(NewOrder{Lines: []Line{{SKU: skuA, Quantity: 3}}})
	status := func() string {
		t.Helper()
		o, err := r.Order(seller, id)
		r.must(err)
		return o.Status
	}
	if got, _ := r.confirm(id, "1", 2); got != http.StatusNoContent || status() != "PARTIALLY_SHIPPED" {
		t.Fatalf("two of three: %d, %s", got, status())
	}
	if got, code := r.confirm(id, "2", 2); got != http.StatusBadRequest || code != "InvalidInput" {
		t.Errorf("more than is left: %d %s", got, code)
	}
	if got, _ := r.confirm(id, "1", 1); got != http.StatusNoContent { // the same reference edits
		t.Errorf("edit: %d", got)
	}
	if got, _ := r.confirm(id, "2", 2); got != http.StatusNoContent || status() != "SHIPPED" {
		t.Errorf("the rest: %d, %s", got, status())
	}
	if got, _ := r.confirm(id, "2", 2); got != http.StatusNoContent || status() != "SHIPPED" {
		t.Errorf("the rest again: %d, %s", got, status())
	}
	o := r.order(id)
	if packages := o["packages"].([]any); len(packages) != 2 || packages[1].(map[string]any)["trackingNumber"] != "RM2" {
		t.Errorf("packages %v", packages)
	}
	c := r.Counts()
	if c.Ships[id+"/1"] != 1 || c.Edits[id+"/1"] != 1 || c.Ships[id+"/2"] != 1 || c.Edits[id+"/2"] != 1 || c.ShipAttempts[id] != 5 || c.Twice() != nil {
		t.Errorf("counts %+v", c)
	}
	units, open, err := r.Shipped(seller)
	if err != nil || units[skuA] != 3 || open != nil {
		t.Errorf("shipped %v, open %v, %v", units, open, err)
	}
	if got, _ := r.confirm(id, "one", 1); got != http.StatusBadRequest {
		t.Errorf("a reference that is no number: %d", got)
	}
}

func TestNobodyShipsWhatIsNotTheirs(t *testing.T) {
	r := newRig(t, Config{Unlimited: true, Restock: true})
	cancelled := r.place(NewOrder{})
	r.must(r.CancelOrder(seller, cancelled, "NO_LONGER_NEEDED"))
	for name, id := range map[string]string{
		"cancelled": cancelled, "pending": r.place(NewOrder{Unpaid: true}), "Amazon's": r.place(NewOrder{Lines: []Line{{SKU: "FBA-1", Quantity: 1}}}),
	} {
		if got, code := r.confirm(id, "1", 1); got != http.StatusBadRequest || code != "InvalidInput" {
			t.Errorf("%s: %d %s", name, got, code)
		}
	}
	if stock, _ := r.Stock(seller, skuA); stock.Listed != 9 || stock.Committed != 1 {
		t.Errorf("the cancelled unit is not back: %+v", stock)
	}
	o := r.order(cancelled)
	item := o["orderItems"].([]any)[0].(map[string]any)["cancellation"].(map[string]any)["cancellationExecution"].(map[string]any)
	if item["cancelledBy"] != "BUYER" || item["cancelReason"] != "NO_LONGER_NEEDED" {
		t.Errorf("got %v", item)
	}
}

func TestAmazonShipsItsOwn(t *testing.T) {
	r := newRig(t, Config{Unlimited: true})
	id := r.place(NewOrder{Lines: []Line{{SKU: "FBA-1", Quantity: 1}}})
	if f := r.order(id)["fulfillment"].(map[string]any); f["fulfilledBy"] != "AMAZON" || f["fulfillmentStatus"] != "UNSHIPPED" {
		t.Errorf("got %v", f)
	}
	r.must(r.ShipFromWarehouse(seller, id))
	if o, _ := r.Order(seller, id); o.Status != "SHIPPED" || !o.AFN {
		t.Errorf("got %+v", o)
	}
	status, out, _ := r.call(http.MethodGet, "/fba/inventory/v1/summaries?granularityType=Marketplace&granularityId="+place+"&marketplaceIds="+place, nil)
	list, _ := out["payload"].(map[string]any)["inventorySummaries"].([]any)
	if status != http.StatusOK || len(list) != 1 || list[0].(map[string]any)["inventoryDetails"].(map[string]any)["fulfillableQuantity"] != 3.0 {
		t.Errorf("%d %v", status, out)
	}
}

func TestNotListedIsRefused(t *testing.T) {
	r := newRig(t, Config{})
	if _, err := r.PlaceOrder(seller, NewOrder{Lines: []Line{{SKU: skuA, Quantity: 11}}}); !errors.Is(err, ErrNotListed) || r.Counts().RefusedSells != 1 {
		t.Errorf("got %v", err)
	}
}
