package tiktok

import (
	"encoding/json"
	"errors"
	"reflect"
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
		case err != nil && (len(hints) > 1 || len(hints) == 1 && !reflect.DeepEqual(hints[0], channels.Hint{Shop: hints[0].Shop})):
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
		page, err := newMemory(time.Now).page("fuzz", data)
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
