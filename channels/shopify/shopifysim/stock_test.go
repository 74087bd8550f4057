package shopifysim

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSetQuantities(t *testing.T) {
	r := newRig(t, Config{})
	done := r.set(hoodie, 80, 100, "k1")
	if done.at("inventorySetQuantities", "inventoryAdjustmentGroup", "changes", 0, "delta") != -20.0 {
		t.Errorf("got %s", done.Raw)
	}
	r.wantStock(hoodie, 80, 0, 0)
	r.wantRefusal("a base that has moved", r.set(hoodie, 70, 100, "k2"), "inventorySetQuantities", "CHANGE_FROM_QUANTITY_STALE")
	r.wantRefusal("too many", r.set(hoodie, 1_000_000_001, nil, "k3"), "inventorySetQuantities", "INVALID_QUANTITY_TOO_HIGH")
	r.wantStock(hoodie, 80, 0, 0)
	if r.set(hoodie, 0, nil, "k4"); r.Counts().StaleWrites != 1 {
		t.Errorf("stale writes %d", r.Counts().StaleWrites)
	}
	r.wantStock(hoodie, 0, 0, 0) // null is no check
	r.wantCode("changeFromQuantity left out", r.query(`mutation M($k: String!, $i: ID!, $l: ID!) { inventorySetQuantities(input: {name: "available", reason: "correction",
		quantities: [{inventoryItemId: $i, locationId: $l, quantity: 1}]}) @idempotent(key: $k) { userErrors { code } } }`,
		map[string]any{"k": "k5", "i": r.item(hoodie), "l": r.location()}), "BAD_REQUEST")
	adjusted := r.query(`mutation M($k: String!, $i: ID!, $l: ID!) { inventoryAdjustQuantities(input: {name: "available", reason: "correction",
		changes: [{inventoryItemId: $i, locationId: $l, delta: 7, changeFromQuantity: 0}]}) @idempotent(key: $k) { userErrors { code } } }`,
		map[string]any{"k": "k6", "i": r.item(hoodie), "l": r.location()})
	if adjusted.code() != "" {
		t.Error(adjusted.Raw)
	}
	r.wantStock(hoodie, 7, 0, 0)
	locations, err := r.Locations(testShop)
	r.must(err)
	elsewhere := strings.Replace(r.location(), itoa(locations[0]), itoa(locations[1]), 1)
	for want, change := range map[string]map[string]any{
		"ITEM_NOT_STOCKED_AT_LOCATION": {"locationId": elsewhere}, "INVALID_LOCATION": {"locationId": "gid://shopify/Location/1"},
		"INVALID_INVENTORY_ITEM": {"inventoryItemId": "gid://shopify/InventoryItem/1"},
	} {
		q := map[string]any{"inventoryItemId": r.item(hoodie), "locationId": r.location(), "quantity": 1, "changeFromQuantity": nil}
		for k, v := range change {
			q[k] = v
		}
		got := r.query(setDocument, map[string]any{"key": want, "input": map[string]any{"name": "available", "reason": "correction", "quantities": []any{q}}})
		r.wantRefusal(want, got, "inventorySetQuantities", want)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	r := newRig(t, Config{})
	first := r.set(hoodie, 80, 100, "same")
	r.must(r.SetQuantity(testShop, hoodie, 0, 90)) // by hand, in between
	again := r.set(hoodie, 80, 100, "same")
	if first.at("inventorySetQuantities", "inventoryAdjustmentGroup", "id") != again.at("inventorySetQuantities", "inventoryAdjustmentGroup", "id") {
		t.Errorf("a repeat was answered %s after %s", again.Raw, first.Raw)
	}
	r.wantStock(hoodie, 90, 0, 0)
	r.wantRefusal("another request under the key", r.set(hoodie, 70, 90, "same"), "inventorySetQuantities", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
	r.wantCode("no key", r.query(`mutation M($i: ID!, $l: ID!) { inventorySetQuantities(input: {name: "available", reason: "correction",
		quantities: [{inventoryItemId: $i, locationId: $l, quantity: 1, changeFromQuantity: null}]}) { userErrors { code } } }`,
		map[string]any{"i": r.item(hoodie), "l": r.location()}), "BAD_REQUEST")
	r.wantCode("an empty key", r.set(hoodie, 1, nil, ""), "BAD_REQUEST")
	r.SetFaults(Faults{SpoilKey: 1})
	if got := r.set(hoodie, 1, nil, "spoilt"); got.HTTP != 500 {
		t.Errorf("got %d", got.HTTP)
	}
	r.SetFaults(Faults{})
	r.wantRefusal("after a failed attempt", r.set(hoodie, 1, nil, "spoilt"), "inventorySetQuantities", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")
	r.wantStock(hoodie, 90, 0, 0)
	if n := r.Counts().QuantityWrites["same"]; n != 1 {
		t.Errorf("the write under one key took effect %d times", n)
	}
}

func TestConcurrentKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Clock: time.Now, Faults: Faults{Latency: time.Second}})
		item, location := r.item(hoodie), r.location()
		write := func() said {
			return r.query(setDocument, map[string]any{"key": "k", "input": map[string]any{"name": "available", "reason": "correction", "quantities": []any{
				map[string]any{"inventoryItemId": item, "locationId": location, "quantity": 1, "changeFromQuantity": nil},
			}}})
		}
		done := make(chan said)
		go func() { done <- write() }()
		synctest.Wait()
		r.wantRefusal("while the first is under way", write(), "inventorySetQuantities", "IDEMPOTENCY_CONCURRENT_REQUEST")
		if first := <-done; first.at("inventorySetQuantities", "inventoryAdjustmentGroup", "id") == nil {
			t.Errorf("the first: %s", first.Raw)
		}
	})
}

func TestLateAndLostWrites(t *testing.T) {
	r := newRig(t, Config{ApplyDelay: time.Minute})
	r.set(hoodie, 60, 100, "late")
	r.wantStock(hoodie, 100, 0, 1)
	r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 3}}})
	r.clock.advance(time.Minute)
	r.wantStock(hoodie, 57, 3, 0)
	r.SetFaults(Faults{AcceptedNotApplied: 1})
	if got := r.set(hoodie, 5, 57, "lost"); got.at("inventorySetQuantities", "inventoryAdjustmentGroup", "id") == nil {
		t.Errorf("got %s", got.Raw)
	}
	r.clock.advance(time.Hour)
	r.wantStock(hoodie, 57, 3, 0)
}

func TestListings(t *testing.T) {
	r := newRig(t, Config{})
	const document = `query V($after: String) { productVariants(first: 1, after: $after) { pageInfo { hasNextPage endCursor }
		nodes { id sku title product { id title status } inventoryItem { id tracked inventoryLevels(first: 5) { edges { node { location { name } quantities(names: ["available", "committed"]) { name quantity } } } } } } } }`
	first := r.query(document, nil)
	if first.at("productVariants", "nodes", 0, "sku") != "HOODIE-M" || first.at("productVariants", "pageInfo", "hasNextPage") != true {
		t.Errorf("got %s", first.Raw)
	}
	second := r.query(document, map[string]any{"after": first.at("productVariants", "pageInfo", "endCursor")})
	quantity := second.at("productVariants", "nodes", 0, "inventoryItem", "inventoryLevels", "edges", 0, "node", "quantities", 0, "quantity")
	if quantity != 5.0 || second.at("productVariants", "pageInfo", "hasNextPage") != false {
		t.Errorf("got %s", second.Raw)
	}
	r.wantCode("a cursor that is none", r.query(document, map[string]any{"after": "x"}), "BAD_REQUEST")
	nodes := r.query(`query N { nodes(ids: ["gid://shopify/ProductVariant/4401", "gid://shopify/ProductVariant/1"]) { __typename ... on ProductVariant { sku } } }`, nil)
	if nodes.at("nodes", 0, "sku") != "HOODIE-M" || nodes.at("nodes", 1) != nil {
		t.Errorf("got %s", nodes.Raw)
	}
}
