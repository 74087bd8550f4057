package amazonsim

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSDK lets public clients that share nothing with us log in, confirm a shipment, read the order and fetch the report of returns.
func TestSDK(t *testing.T) {
	for _, name := range []string{"orders-api-v0", "orders-api-2026-01-01", "reports-api-2021-06-30"} {
		if _, err := os.Stat("sdktest/node_modules/@sp-api-sdk/" + name); err != nil {
			t.Fatal("the public clients are not installed: run `make test`, or `npm ci` in channels/amazon/amazonsim/sdktest")
		}
	}
	r := newRig(t, Config{Clock: time.Now})
	order := r.place(NewOrder{Lines: []Line{{SKU: skuA, Quantity: 2}}})
	sent := r.place(NewOrder{Lines: []Line{{SKU: skuB, Quantity: 1}}})
	r.must(r.ShipByHand(seller, sent))
	_, err := r.RequestReturn(seller, sent, skuB, 1, "DEFECTIVE")
	r.must(err)
	server := httptest.NewServer(r.Handler())
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), "node", "drive.mjs")
	cmd.Dir = "sdktest"
	cmd.Env = append(os.Environ(), "SIM_URL="+server.URL, "CLIENT_ID=amzn1.client", "CLIENT_SECRET=client-secret", "REFRESH_TOKEN="+r.refresh,
		"MARKETPLACE="+place, "ORDER="+order, "SKU="+skuA)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("node drive.mjs: %v\n%s%s", err, errs.String(), out.String())
	}
	type refusal struct{ Message, Code string }
	var got struct {
		Statuses                  []int
		Partly, Status            string
		Total                     struct{ Amount, CurrencyCode string }
		Parcels, Returned, Hosts  []string
		TooMany, Missing, Outside refusal
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if !slices.Equal(got.Statuses, []int{204, 204, 204}) || got.Partly != "PARTIALLY_SHIPPED" || got.Status != "SHIPPED" || got.Total.Amount != "39.98" ||
		!slices.Equal(got.Parcels, []string{"1 RM2GB", "2 RM3GB"}) {
		t.Errorf("sent: %+v", got)
	}
	if got.TooMany.Code != "InvalidInput" || got.Missing.Code != "NotFound" || !strings.Contains(got.Missing.Message, "404") || got.Outside.Code != "invalid_grant" {
		t.Errorf("refused: %+v", got)
	}
	if !slices.Equal(got.Returned, []string{sent + " " + skuB + " 1 Pending"}) || !slices.Equal(got.Hosts, []string{"api.amazon.com", "sellingpartnerapi-eu.amazon.com"}) {
		t.Errorf("returned %q, asked of %q", got.Returned, got.Hosts)
	}
	if c := r.Counts(); c.Ships[order+"/1"] != 1 || c.Edits[order+"/1"] != 1 || c.Ships[order+"/2"] != 1 || len(c.Twice()) != 0 || c.RateLimited != 0 {
		t.Errorf("counts %+v", c)
	}
}
