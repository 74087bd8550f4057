package amazonsim

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const reportsPath = "/reports/2021-06-30/reports"

// asks has a report of so many days made and tells its id.
func (r *rig) asks(days int) string {
	r.t.Helper()
	status, out, _ := r.call(http.MethodPost, reportsPath, obj{
		"reportType": "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE", "marketplaceIds": []string{place}, "dataStartTime": r.now.AddDate(0, 0, -days).Format(time.RFC3339),
	})
	if status != http.StatusAccepted {
		r.t.Fatalf("%d %v", status, out)
	}
	return out["reportId"].(string)
}

// A report is made a while after it was asked for, of what stands then, packed; one without rows is cancelled.
func TestReportOfReturns(t *testing.T) {
	r := newRig(t, Config{Unlimited: true, ReportDelay: time.Minute})
	order := r.place(NewOrder{Lines: []Line{{SKU: skuB, Quantity: 2}}})
	r.must(r.ShipByHand(seller, order))
	status := func(report string) map[string]any {
		_, out, _ := r.call(http.MethodGet, reportsPath+"/"+report, nil)
		return out
	}
	empty := r.asks(1)
	if got := status(empty)["processingStatus"]; got != "IN_QUEUE" {
		t.Errorf("just asked for: %v", got)
	}
	r.now = r.now.Add(2 * time.Minute)
	if got := status(empty); got["processingStatus"] != "CANCELLED" || got["reportDocumentId"] != nil {
		t.Errorf("without rows: %v", got)
	}
	rma, err := r.RequestReturn(seller, order, skuB, 2, "DEFECTIVE")
	r.must(err)
	full := r.asks(1)
	r.now = r.now.Add(time.Second)
	r.must(r.MoveReturn(seller, rma, "approve"))
	r.now = r.now.Add(time.Minute)
	id, _ := status(full)["reportDocumentId"].(string)
	_, out, _ := r.call(http.MethodGet, "/reports/2021-06-30/documents/"+url.PathEscape(id), nil)
	if out["compressionAlgorithm"] != "GZIP" {
		t.Fatalf("the document is %v", out)
	}
	w := r.serve(httptest.NewRequest(http.MethodGet, out["url"].(string), nil))
	unpacked, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
	r.must(err)
	text, err := io.ReadAll(unpacked)
	r.must(err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 2 || len(strings.Split(lines[1], "\t")) != len(strings.Split(lines[0], "\t")) || !strings.Contains(lines[1], "\tApproved\t"+rma) {
		t.Errorf("the report says\n%s", text)
	}
	r.now = r.now.AddDate(0, 0, 59)
	r.token = r.login(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.refresh}})
	old := r.asks(60)
	r.now = r.now.AddDate(0, 0, 2)
	r.token = r.login(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.refresh}})
	later := r.asks(60)
	r.now = r.now.Add(2 * time.Minute)
	if status(old)["processingStatus"] != "DONE" || status(later)["processingStatus"] != "CANCELLED" {
		t.Errorf("two months later: %v, %v", status(old), status(later))
	}
}

// What Amazon would refuse is refused, and the seller's moves go the way they go in Seller Central.
func TestReturnsRefused(t *testing.T) {
	r := newRig(t, Config{Unlimited: true})
	good := func() obj {
		return obj{"reportType": "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE", "marketplaceIds": []string{place}, "dataStartTime": r.now.AddDate(0, 0, -1).Format(time.RFC3339)}
	}
	for name, spoil := range map[string]func(obj){
		"another report":      func(o obj) { o["reportType"] = "GET_MERCHANT_LISTINGS_ALL_DATA" },
		"another marketplace": func(o obj) { o["marketplaceIds"] = []string{"ATVPDKIKX0DER"} },
		"too long":            func(o obj) { o["dataStartTime"] = r.now.AddDate(0, 0, -61).Format(time.RFC3339) },
		"not over":            func(o obj) { o["dataEndTime"] = r.now.AddDate(0, 0, 1).Format(time.RFC3339) },
		"no such field":       func(o obj) { o["colour"] = "red" },
	} {
		body := good()
		spoil(body)
		if status, out, _ := r.call(http.MethodPost, reportsPath, body); status != http.StatusBadRequest {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	for _, path := range []string{reportsPath + "/123", "/reports/2021-06-30/documents/123"} {
		if status, _, _ := r.call(http.MethodGet, path, nil); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
	order := r.place(NewOrder{Lines: []Line{{SKU: skuB, Quantity: 2}}})
	back := func(sku string, n int) error {
		_, err := r.RequestReturn(seller, order, sku, n, "DEFECTIVE")
		return err
	}
	if err := back(skuB, 1); !errors.Is(err, ErrState) {
		t.Errorf("before it was sent: %v", err)
	}
	r.must(r.ShipByHand(seller, order))
	for name, err := range map[string]error{"another SKU": back(skuA, 1), "none": back(skuB, 0)} {
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	rma, err := r.RequestReturn(seller, order, skuB, 2, "DEFECTIVE")
	r.must(err)
	if err := back(skuB, 1); !errors.Is(err, ErrState) {
		t.Errorf("more than was sent: %v", err)
	}
	if err := r.MoveReturn(seller, "nothing", "approve"); !errors.Is(err, ErrUnknown) {
		t.Errorf("no such return: %v", err)
	}
	for _, step := range []struct {
		what string
		ok   bool
	}{{"deliver", false}, {"refund", false}, {"approve", true}, {"decline", false}, {"deliver", true}, {"refund", true}, {"refund", false}, {"vanish", false}} {
		if err := r.MoveReturn(seller, rma, step.what); (err == nil) != step.ok || err != nil && !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", step.what, err)
		}
	}
}
