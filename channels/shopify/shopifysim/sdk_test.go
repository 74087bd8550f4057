package shopifysim

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"testing"
)

// TestSDK lets Shopify's own client, which shares nothing with us, drive paging, stock, sending and errors.
func TestSDK(t *testing.T) {
	if _, err := os.Stat("sdktest/node_modules/@shopify/admin-api-client"); err != nil {
		t.Fatal("Shopify's client is not installed: run `make test`, or `npm ci` in channels/shopify/shopifysim/sdktest")
	}
	r := newRig(t, Config{})
	var orders []string
	for range 5 {
		orders = append(orders, "gid://shopify/Order/"+itoa(r.place(NewOrder{Lines: []Line{{Variant: hoodie, Quantity: 1}}})))
	}
	server := httptest.NewServer(r.Handler())
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), "node", "drive.mjs")
	cmd.Dir = "sdktest"
	cmd.Env = append(os.Environ(), "SIM_URL="+server.URL, "SHOP="+testShop, "TOKEN="+r.Tokens(testShop).AccessToken, "ORDER="+orders[0],
		"VARIANT=gid://shopify/ProductVariant/"+itoa(hoodie))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("node drive.mjs: %v\n%s%s", err, errs.String(), out.String())
	}
	var got struct {
		Found            []string
		Before           int
		Stale            string
		Redirected       int
		Status, Tracking string
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if !slices.Equal(got.Found, orders) || got.Before != 95 || got.Stale != "CHANGE_FROM_QUANTITY_STALE" || got.Redirected < 10 {
		t.Errorf("orders and stock: %+v", got)
	}
	if got.Status != "SUCCESS" || got.Tracking != "RM1GB" {
		t.Errorf("sending: %+v", got)
	}
	r.wantStock(hoodie, 7, 4, 0)
}
