package tiktok

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creatorflow/creatorflow/channels"
)

func FuzzHints(f *testing.F) {
	for _, row := range readVectors(f).Webhook {
		f.Add([]byte(row.Body))
	}
	f.Add([]byte(`{"type":4,"shop_id":1,"timestamp":"5","data":{"package_list":[{"order_id_list":[1,"2"]}]}}`))
	f.Add([]byte(`{"type":1,"shop_id":"749","data":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		hints, err := (Webhooks{}).Hints(body)
		var invalid channels.Invalid
		switch {
		case err != nil && (!errors.As(err, &invalid) || invalid.Field == "" || invalid.Rule == "" || len(invalid.Sample) > 48):
			t.Errorf("got %v beside %v", hints, err)
		case err != nil && (len(hints) > 1 || len(hints) == 1 && hints[0] != channels.Hint{Shop: hints[0].Shop}):
			t.Errorf("got %v, want the shop alone", hints)
		case err == nil && len(hints) == 0:
			t.Error("neither a hint nor an error")
		}
		for _, h := range hints {
			if err != nil && channels.IsID(h.Shop) {
				continue
			}
			if h.Type == "" || h.Kind == "" || !h.Unknown && !channels.IsID(h.Shop) || h.Order != "" && !channels.IsID(h.Order) ||
				(h.Kind == kindOrder || h.Kind == kindCancel || h.Kind == kindPackage) && h.Order == "" {
				t.Errorf("got %+v", h)
			}
		}
	})
}

func FuzzOrders(f *testing.F) {
	f.Add([]byte(`{"orders":[` + string(wireExample(f)) + `],"next_page_token":"x"}`))
	f.Add([]byte(`{"orders":[{"id":"1","status":"CANCEL","create_time":1,"payment":{"currency":"JPY","total_amount":"5"},"line_items":[{"id":2,"sku_id":3,"is_gift":true}]}]}`))
	f.Add([]byte(`{"orders":[null,[],{"line_items":[{}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		page, err := readPage("fuzz", data)
		if err != nil {
			return
		}
		var list struct{ Orders []json.RawMessage }
		if json.Unmarshal(data, &list) != nil || len(list.Orders) != len(page.Orders)+len(page.Invalid) {
			t.Errorf("%d records became %d orders and %d invalid", len(list.Orders), len(page.Orders), len(page.Invalid))
		}
		for _, o := range page.Orders {
			units := unitsOf(o)
			if !channels.IsID(o.ID) || o.Status == "" || o.Vendor == "" || o.Updated.IsZero() || units < 1 || o.Total.Minor < 0 {
				t.Errorf("got %+v", o)
			}
			items := 0
			for _, l := range o.Lines {
				items += len(l.Items)
				if !channels.IsID(l.ListingID) || l.Quantity != int64(len(l.Items)) || l.Price.Minor < 0 || l.Price.Currency == "" {
					t.Errorf("got %+v", l)
				}
			}
		}
		for _, i := range page.Invalid {
			if i.Record == "" || i.Field == "" || i.Rule == "" || !utf8.ValidString(i.Sample) {
				t.Errorf("got %+v", i)
			}
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{`{"code":0,"data":{}}`, `{"code":"105002","message":"x","request_id":1}`, `{"code":1e3}`, "<html>", `{"code":36009004,"message":null}`, ""} {
		f.Add(200, seed, "1")
		f.Add(429, seed, "Wed, 21 Oct 2026 07:28:00 GMT")
		f.Add(503, seed, "-5")
	}
	f.Fuzz(func(t *testing.T, status int, body, after string) {
		if status < 200 || status > 599 {
			return
		}
		w := newWire(Options{
			App: channels.App{Key: "key", Secrets: []string{"s"}}, Clock: func() time.Time { return time.Unix(1767225600, 0) },
			Client: &http.Client{Transport: answers(status, http.Header{"Retry-After": {after}}, body), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		})
		for _, write := range []bool{false, true} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.test/x", io.Reader(strings.NewReader("")))
			if err != nil {
				t.Fatal(err)
			}
			data, err := w.do(r, "fuzz", write)
			var failure *channels.Failure
			switch {
			case err == nil && (status != 200 || len(data) > 0 && !json.Valid(data)):
				t.Errorf("status %d, %q passed as good", status, body)
			case err == nil:
			case !errors.As(err, &failure) || failure.Class == "" || failure.Message == "" && failure.Code == "" || failure.RetryAfter < 0 || data != nil:
				t.Errorf("got %v, %s", err, data)
			case failure.Class == channels.Unsure && !write || failure.Code == "" && status >= 500 && write && failure.Class != channels.Unsure:
				t.Errorf("status %d, write %v: class %s", status, write, failure.Class)
			}
		}
	})
}
