package tiktoksim

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestLateWriteOverwritesSales(t *testing.T) {
	r := newRig(t, Config{ApplyDelay: 30 * time.Second})
	r.wantCode("write", r.write(skuB, 9), 0)
	r.wantStock(skuB, 5, 0, 1)
	r.place(Line{SKUID: skuB, Quantity: 5})
	r.wantStock(skuB, 0, 5, 1)
	r.clock.advance(29 * time.Second)
	r.wantStock(skuB, 0, 5, 1)
	r.clock.advance(time.Second)
	r.wantStock(skuB, 9, 5, 0) // the five sold meanwhile are forgotten, as with an absolute write
	if got := r.Counts().InventoryWrites; got != 1 {
		t.Errorf("%d writes, wanted 1", got)
	}
}

func TestInventoryUpdate(t *testing.T) {
	type errs struct {
		Errors []struct {
			Code   int `json:"code"`
			Detail struct {
				SKU string `json:"sku_id"`
			} `json:"detail"`
		} `json:"errors"`
	}
	for _, refuse := range []bool{false, true} {
		r := newRig(t, Config{RefuseZero: refuse})
		for _, test := range []struct {
			sku      string
			quantity int
			refused  bool
		}{{skuA, 0, refuse}, {skuA, 1, false}, {skuA, 99_999, false}, {skuA, 100_000, true}, {skuA, -1, true}, {"1", 5, true}} {
			var got errs
			r.write(test.sku, test.quantity).into(t, &got)
			if (len(got.Errors) == 1) != test.refused || test.refused && got.Errors[0].Detail.SKU != test.sku {
				t.Errorf("%s to %d: %+v, wanted refused %v", test.sku, test.quantity, got, test.refused)
			}
		}
		r.wantStock(skuA, 99_999, 0, 0)
	}
	r := newRig(t, Config{Faults: Faults{AcceptedNotApplied: 1}})
	r.wantCode("accepted", r.write(skuA, 7), 0)
	r.wantStock(skuA, 100, 0, 0)
	var got errs
	r.call("POST", "/product/202309/products/"+testProduct+"/inventory/update", "",
		`{"skus":[{"id":"`+skuA+`","inventory":[{"warehouse_id":"1","quantity":3}]}]}`).into(t, &got)
	if len(got.Errors) != 1 || got.Errors[0].Code != 12052094 {
		t.Errorf("wrong warehouse: %+v", got)
	}
	r.wantCode("no such product", r.call("POST", "/product/202309/products/1/inventory/update", "", `{}`), 12052048)
	r.wantCode("no quantity", r.call("POST", "/product/202309/products/"+testProduct+"/inventory/update", "", `{"skus":[{"id":"`+skuA+`","inventory":[{}]}]}`), 36009004)
}

func TestInventorySearch(t *testing.T) {
	r := newRig(t, Config{})
	r.place(Line{SKUID: skuB, Quantity: 2})
	if err := r.SetQuantity(testShop, skuA, 42); err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"product_ids":["` + testProduct + `"]}`:                     skuA + "=42/0 " + skuB + "=3/2 ",
		`{"sku_ids":["` + skuB + `"],"product_ids":["` + skuA + `"]}`: skuB + "=3/2 ",
		`{"sku_ids":["1"]}`: "",
	} {
		var found struct {
			Inventory []struct {
				SKUs []struct {
					ID        string `json:"id"`
					Available int    `json:"total_available_quantity"`
					Committed int    `json:"total_committed_quantity"`
				} `json:"skus"`
			} `json:"inventory"`
		}
		r.call("POST", "/product/202309/inventory/search", "", body).into(t, &found)
		got := ""
		for _, p := range found.Inventory {
			for _, k := range p.SKUs {
				got += fmt.Sprintf("%s=%d/%d ", k.ID, k.Available, k.Committed)
			}
		}
		if got != want {
			t.Errorf("%s: %s, wanted %s", body, got, want)
		}
	}
	r.wantCode("nothing asked", r.call("POST", "/product/202309/inventory/search", "", `{}`), 36009004)
	for query, body := range map[string]string{"page_size=10": `{"seller_skus":["HOODIE-M"],"status":"ACTIVATE"}`, "page_size=1": ""} {
		var found struct {
			Products []struct {
				ID   string `json:"id"`
				SKUs []struct {
					SellerSKU string `json:"seller_sku"`
				} `json:"skus"`
			} `json:"products"`
		}
		r.call("POST", "/product/202502/products/search", query, body).into(t, &found)
		if len(found.Products) != 1 || found.Products[0].ID != testProduct || len(found.Products[0].SKUs) != 2 {
			t.Errorf("products %+v", found)
		}
	}
	r.wantCode("product", r.call("GET", "/product/202309/products/"+testProduct, "", ""), 0)
}

func TestLabel(t *testing.T) {
	r := newRig(t, Config{LabelNotReady: 2})
	id := r.place(Line{SKUID: skuA, Quantity: 2})
	pack := r.pack(id)
	r.wantCode("ship", r.ship(pack), 0)
	for range 2 {
		r.wantCode("still generating", r.document(pack), 11034037)
	}
	var doc struct {
		URL      string `json:"doc_url"`
		Tracking string `json:"tracking_number"`
	}
	r.document(pack).into(t, &doc)
	r.document(pack).into(t, &doc)
	if c := r.Counts(); c.Labels[pack] != 1 || c.LabelReads[pack] != 2 || len(c.Twice()) != 0 {
		t.Errorf("%d labels, %d reads, wanted 1 and 2", c.Labels[pack], c.LabelReads[pack])
	}
	get := func(link string) (int, []byte) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", link, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, body
	}
	status, pdf := get(doc.URL)
	if status != 200 || !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.Contains(pdf, []byte(doc.Tracking)) || !bytes.Contains(pdf, []byte("Ana Maria")) {
		t.Errorf("%d, %d bytes that start %.8q", status, len(pdf), pdf)
	}
	checkXref(t, pdf)
	if tool, err := exec.LookPath("pdfinfo"); err == nil { // a second opinion where there is one
		cmd := exec.CommandContext(t.Context(), tool, "-")
		cmd.Stdin = bytes.NewReader(pdf)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Pages:           1") {
			t.Errorf("pdfinfo: %v\n%s", err, out)
		}
	}
	if status, _ := get(strings.Replace(doc.URL, "size=A6", "size=A5", 1)); status != http.StatusForbidden {
		t.Errorf("changed link: %d, wanted 403", status)
	}
	r.clock.advance(24*time.Hour - time.Second)
	if status, _ := get(doc.URL); status != 200 {
		t.Errorf("before 24 h: %d", status)
	}
	r.clock.advance(time.Second)
	if status, _ := get(doc.URL); status != http.StatusForbidden {
		t.Errorf("after 24 h: %d, wanted 403", status)
	}
}

// checkXref follows the file's table the way a reader does.
func checkXref(t *testing.T, pdf []byte) {
	t.Helper()
	_, tail, ok := bytes.Cut(pdf, []byte("startxref\n"))
	at, err := strconv.Atoi(strings.TrimSuffix(string(tail), "\n%%EOF\n"))
	if !ok || err != nil || !bytes.HasPrefix(pdf[at:], []byte("xref\n0 6\n")) {
		t.Fatalf("startxref %q does not point at the table", tail)
	}
	for n, line := range bytes.Split(pdf[at:], []byte("\n"))[2:8] {
		offset, err := strconv.Atoi(string(line[:10]))
		if len(line) != 19 || err != nil || n > 0 && !bytes.HasPrefix(pdf[offset:], fmt.Appendf(nil, "%d 0 obj\n", n)) {
			t.Errorf("entry %d: %q", n, line)
		}
	}
	head, rest, _ := bytes.Cut(pdf, []byte("/Length "))
	size, body, _ := bytes.Cut(rest, []byte(" >>\nstream\n"))
	length, err := strconv.Atoi(string(size))
	if err != nil || len(head) == 0 || !bytes.HasPrefix(body[length:], []byte("endstream")) {
		t.Errorf("stream length %q is wrong", size)
	}
}

func TestReship(t *testing.T) {
	r := newRig(t, Config{Reship: true})
	pack := r.pack(r.place(Line{SKUID: skuA, Quantity: 1}))
	for range 2 {
		r.wantCode("ship", r.ship(pack), 0)
		r.wantCode("label", r.document(pack), 0)
	}
	r.wantStock(skuA, 99, 0, 0)
	if c := r.Counts(); c.Ships[pack] != 2 || c.Labels[pack] != 2 || len(c.Twice()) != 1 {
		t.Errorf("%d ships, %d labels, twice %v: a vendor without the guard must show it", c.Ships[pack], c.Labels[pack], c.Twice())
	}
}

func TestPackages(t *testing.T) {
	r := newRig(t, Config{})
	one, two := r.pack(r.place(Line{SKUID: skuA, Quantity: 2})), r.pack(r.place(Line{SKUID: skuB, Quantity: 1}))
	var batch struct {
		Errors []struct {
			Code   int `json:"code"`
			Detail struct {
				Package string `json:"package_id"`
			} `json:"detail"`
		} `json:"errors"`
	}
	r.call("POST", "/fulfillment/202309/packages/ship", "", `{"packages":[{"id":"`+one+`"},{"id":"5"}]}`).into(t, &batch)
	if len(batch.Errors) != 1 || batch.Errors[0].Detail.Package != "5" {
		t.Errorf("batch: %+v", batch)
	}
	var found struct {
		Packages []struct {
			ID       string   `json:"id"`
			Tracking string   `json:"tracking_number"`
			Items    []string `json:"order_line_item_ids"`
		} `json:"packages"`
	}
	r.call("POST", "/fulfillment/202309/packages/search", "page_size=10&sort_field=update_time", `{"package_status":"PROCESSING"}`).into(t, &found)
	if len(found.Packages) != 1 || found.Packages[0].ID != one || found.Packages[0].Tracking == "" || len(found.Packages[0].Items) != 2 {
		t.Errorf("search: %+v", found)
	}
	var p struct {
		Status string `json:"package_status"`
	}
	r.call("GET", "/fulfillment/202309/packages/"+two, "", "").into(t, &p)
	if p.Status != "TO_FULFILL" {
		t.Errorf("status %s", p.Status)
	}
	var slots struct {
		Slots []struct {
			Start int64 `json:"start_time"`
			End   int64 `json:"end_time"`
		} `json:"pickup_slots"`
	}
	r.call("GET", "/fulfillment/202309/packages/"+two+"/handover_time_slots", "", "").into(t, &slots)
	if len(slots.Slots) != 2 || slots.Slots[0].Start <= r.clock.Now().Unix() {
		t.Errorf("slots %+v", slots)
	}
	r.wantCode("odd handover", r.call("POST", "/fulfillment/202309/packages/"+two+"/ship", "", `{"handover_method":"THROW"}`), 21001003)
}

func TestControl(t *testing.T) {
	r := newRig(t, Config{Seed: 3})
	control := r.ControlHandler()
	ask := func(method, path, body string) (int, string) {
		w := httptest.NewRecorder()
		req, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		control.ServeHTTP(w, req)
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	for _, step := range []struct {
		method, path, body string
		status             int
		holds              string
	}{
		{"POST", "/orders", `{"id":"o1","lines":[{"sku_id":"` + skuA + `","quantity":2}],"unpaid":true}`, 200, `"order_id":"o1"`},
		{"POST", "/orders", `{"id":"o1","lines":[{"sku_id":"` + skuA + `","quantity":2}]}`, 409, "exists"},
		{"POST", "/orders", `{"lines":[{"sku_id":"` + skuA + `","quantity":200}]}`, 409, "not enough"},
		{"POST", "/orders", `{"lines":[],"typo":1}`, 400, "typo"},
		{"GET", "/orders/o1?shop_id=" + testShop, "", 200, `"UNPAID"`},
		{"POST", "/orders/o1/pay", `{}`, 200, "{}"},
		{"GET", "/orders/o1", "", 200, `"AWAITING_SHIPMENT"`},
		{"POST", "/orders/o1/request-cancel", `{"reason":"x","items":["1"]}`, 400, "has not all of the units [1]"},
		{"POST", "/orders/o1/cancel", `{"reason":"x","items":["1"]}`, 400, "has not all of the units [1]"},
		{"POST", "/orders/o1/cancel", `{"reason":"x"}`, 200, "{}"},
		{"POST", "/orders/o1/deliver", "", 409, "CANCELLED"},
		{"POST", "/orders/none/cancel", `{}`, 404, "no such"},
		{"POST", "/faults", `{"lose":0.5}`, 200, "{}"},
		{"POST", "/faults", `{"loose":0.5}`, 400, "loose"},
		{"GET", "/faults", "", 200, `"lose":0.5`},
		{"POST", "/quantity", `{"sku_id":"` + skuB + `","quantity":77}`, 200, "{}"},
		{"GET", "/stock?sku_id=" + skuB, "", 200, `"listed":77`},
		{"POST", "/products", `{"product":{"title":"Cap","skus":[{"seller_sku":"CAP","price":"5","quantity":1}]}}`, 200, "product_id"},
		{"POST", "/shops", `{"shop":{"id":"2","name":"Two"}}`, 200, "cipher"},
		{"GET", "/tokens?shop_id=2", "", 200, "ROW_"},
		{"GET", "/orders/o1", "", 404, "shop"},
		{"GET", "/counts", "", 200, `"cancelled":1`},
		{"GET", "/journal", "", 200, "order CANCELLED"},
	} {
		if status, body := ask(step.method, step.path, step.body); status != step.status || !strings.Contains(body, step.holds) {
			t.Errorf("%s %s %s: %d %s, wanted %d with %s", step.method, step.path, step.body, status, body, step.status, step.holds)
		}
	}
}

func TestConsent(t *testing.T) {
	r := newRig(t, Config{ServiceID: "7", RedirectURL: "http://hub.test/back?x=1"})
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for service, want := range map[string]int{"7": 302, "8": 400} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/open/authorize?state=abc&service_id="+service, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		back, err := url.Parse(resp.Header.Get("Location"))
		if err != nil || resp.StatusCode != want || want == 302 && (back.Query().Get("state") != "abc" || back.Query().Get("code") == "") {
			t.Errorf("service %s: %d %v %v", service, resp.StatusCode, back, err)
		}
	}
}
