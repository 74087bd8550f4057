package tiktoksim

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// TestSDK lets a public client that shares nothing with us drive search, detail, stock, ship and document.
func TestSDK(t *testing.T) {
	if _, err := os.Stat("sdktest/node_modules/tiktok-shop-sdk"); err != nil {
		t.Fatal("the public client is not installed: run `make test`, or `npm ci` in channels/tiktok/tiktoksim/sdktest")
	}
	s := New(Config{AppKey: "cfappkey01", AppSecret: "cf_test_secret_0123456789abcdef", Clock: time.Now, LabelNotReady: 1})
	s.AddShop(Shop{ID: testShop, Name: "Test Shop"})
	if _, err := s.AddProduct(testShop, Product{ID: testProduct, Title: "Hoodie", SKUs: []SKU{{ID: skuA, SellerSKU: "HOODIE-M", Price: "19.99", Quantity: 100}}}); err != nil {
		t.Fatal(err)
	}
	var orders []string
	for n := range 5 {
		id, err := s.PlaceOrder(testShop, NewOrder{BuyerName: "Ana Maria", Lines: []Line{{SKUID: skuA, Quantity: n + 1}}})
		if err != nil {
			t.Fatal(err)
		}
		orders = append(orders, id)
	}
	first, err := s.Order(testShop, orders[0])
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	defer server.Close()

	cmd := exec.CommandContext(t.Context(), "node", "drive.mjs")
	cmd.Dir = "sdktest"
	cmd.Env = append(os.Environ(), "SIM_URL="+server.URL, "APP_KEY=cfappkey01", "APP_SECRET=cf_test_secret_0123456789abcdef",
		"AUTH_CODE="+s.AuthCode(testShop), "SHIP_PACKAGE="+first.Packages[0].ID, "CANCEL_ORDER="+orders[4], "SKU="+skuA, "PRODUCT="+testProduct)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("node drive.mjs: %v\n%s%s", err, errs.String(), out.String())
	}
	var got struct {
		Shop         string   `json:"shop"`
		Found        []string `json:"found"`
		Pages        int      `json:"pages"`
		Units        []int    `json:"units"`
		Listed       []int    `json:"listed"`
		Products     int      `json:"products"`
		Webhooks     int      `json:"webhooks"`
		Redirected   int      `json:"redirected"`
		Tracking     string   `json:"tracking"`
		Shipped      []string `json:"shipped"`
		CancelStatus string   `json:"cancel_status"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if got.Shop != testShop || !slices.Equal(got.Found, orders) || got.Pages != 2 || !slices.Equal(got.Units, []int{1, 2, 3, 4, 5}) {
		t.Errorf("shop, search and detail: %+v", got)
	}
	if !slices.Equal(got.Listed, []int{85, 7}) || got.Products != 1 || got.Webhooks != 1 || got.CancelStatus != "CANCELLATION_REQUEST_COMPLETE" {
		t.Errorf("stock, products, webhooks and cancel: %+v", got)
	}
	pack := first.Packages[0].ID
	if !slices.Equal(got.Shipped, []string{pack}) || got.Redirected < 20 {
		t.Errorf("shipping: %+v", got)
	}
	after, err := s.Order(testShop, orders[0])
	if err != nil || after.Status != "AWAITING_COLLECTION" || after.Packages[0].Tracking != got.Tracking {
		t.Errorf("%+v, %v, wanted AWAITING_COLLECTION with %s", after, err, got.Tracking)
	}
	c := s.Counts()
	if c.Ships[pack] != 1 || c.ShipAttempts[pack] != 2 || c.Labels[pack] != 1 || c.SellerCancels[orders[4]] != 1 || c.SignatureFailures != 0 {
		t.Errorf("counts %+v", c)
	}
}
