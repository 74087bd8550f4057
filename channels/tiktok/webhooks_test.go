package tiktok

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

func TestHints(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	const shop = "7490000000000000001"
	tests := []struct {
		name, body string
		want       []channels.Hint
	}{
		{
			name: "ids as bare numbers beyond 2^53",
			body: `{"type":"1","tts_notification_id":7600000000000000001,"shop_id":7490000000000000001,"timestamp":"5","data":{"order_id":576460000000000001,"order_status":"CANCEL","update_time":"6"}}`,
			want: []channels.Hint{{Delivery: "7600000000000000001", Shop: shop, Kind: "order", Type: "1", Order: "576460000000000001", Updated: at(6)}},
		},
		{
			name: "no delivery id: the documented fallback",
			body: `{"type":3,"shop_id":"7490000000000000001","timestamp":5,"data":{"order_id":"576460000000000001","update_time":6}}`,
			want: []channels.Hint{{Delivery: "3:576460000000000001:6", Shop: shop, Kind: "order", Type: "3", Order: "576460000000000001", Updated: at(6)}},
		},
		{
			name: "no delivery id and no update time: always process",
			body: `{"type":11,"shop_id":"7490000000000000001","timestamp":5,"data":{"order_id":"576460000000000001","cancel_status":"x","create_time":4}}`,
			want: []channels.Hint{{Shop: shop, Kind: "cancellation", Type: "11", Order: "576460000000000001", Updated: at(4)}},
		},
		{
			name: "a package update names its orders",
			body: `{"type":4,"tts_notification_id":"n","shop_id":"7490000000000000001","timestamp":5,"data":{"sc_type":"SPLIT","package_list":[{"package_id":"1","order_id_list":["576460000000000001",576460000000000003]},{"package_id":"2","order_id_list":["576460000000000001"]}],"update_time":6}}`,
			want: []channels.Hint{
				{Delivery: "n", Shop: shop, Kind: "package", Type: "4", Order: "576460000000000001", Updated: at(6)},
				{Delivery: "n", Shop: shop, Kind: "package", Type: "4", Order: "576460000000000003", Updated: at(6)},
			},
		},
		{
			name: "a product, its id a bare number",
			body: `{"type":5,"tts_notification_id":"n","shop_id":"7490000000000000001","timestamp":5,"data":{"product_id":1729000000000000001,"status":"FREEZE"}}`,
			want: []channels.Hint{{Delivery: "n", Shop: shop, Kind: "other", Type: "5", Updated: at(5)}},
		},
		{
			name: "the seller leaves",
			body: `{"type":6,"tts_notification_id":"n","shop_id":"7490000000000000001","timestamp":5,"data":{"message":"bye"}}`,
			want: []channels.Hint{{Delivery: "n", Shop: shop, Kind: "authorisation", Type: "6", Updated: at(5)}},
		},
		{
			name: "the authorisation ends soon",
			body: `{"type":7,"tts_notification_id":"n","shop_id":"7490000000000000001","timestamp":5,"data":{"message":"30 days","expiration_time":"1767225600"}}`,
			want: []channels.Hint{{Delivery: "n", Shop: shop, Kind: "expiring", Type: "7", Updated: at(5), Ends: at(1767225600)}},
		},
		{
			name: "the authorisation ends on a day that cannot be read",
			body: `{"type":7,"tts_notification_id":"n","shop_id":"7490000000000000001","timestamp":5,"data":{"expiration_time":"soon"}}`,
			want: []channels.Hint{{Delivery: "n", Shop: shop, Kind: "expiring", Type: "7", Updated: at(5)}},
		},
		{
			name: "a test of our own",
			body: `{"type":0,"tts_notification_id":"creatorflow-test-1","shop_id":"7490000000000000001","timestamp":5,"data":{}}`,
			want: []channels.Hint{{Delivery: "creatorflow-test-1", Shop: shop, Kind: "test", Type: "0", Updated: at(5)}},
		},
		{
			name: "the test's type, but not ours",
			body: `{"type":0,"tts_notification_id":"n","shop_id":"7490000000000000001","timestamp":5,"data":{}}`,
			want: []channels.Hint{{Delivery: "n", Shop: shop, Kind: "other", Type: "0", Updated: at(5), Unknown: true}},
		},
		{
			name: "a topic nobody knows, whatever is in it",
			body: `{"type":4711,"shop_id":{"a":1},"timestamp":5,"data":[1,2]}`,
			want: []channels.Hint{{Kind: "other", Type: "4711", Updated: at(5), Unknown: true}},
		},
		{
			name: "fields nobody knows",
			body: `{"type":1,"new":{"x":[1.5e300]},"tts_notification_id":"n","shop_id":"7490000000000000001","timestamp":5,"data":{"order_id":"576460000000000001","update_time":6,"more":null}}`,
			want: []channels.Hint{{Delivery: "n", Shop: shop, Kind: "order", Type: "1", Order: "576460000000000001", Updated: at(6)}},
		},
	}
	for _, tt := range tests {
		got, err := (Webhooks{}).Hints([]byte(tt.body))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", tt.name, got, err, tt.want)
		}
	}
}

// An app without a secret must not accept what anyone can sign.
func TestEmptySecretSignsNothing(t *testing.T) {
	mac := hmac.New(sha256.New, nil)
	_, _ = mac.Write([]byte("key{}")) // a hash never fails
	header := http.Header{"Authorization": {hex.EncodeToString(mac.Sum(nil))}}
	for _, secrets := range [][]string{{""}, {"", ""}, {"one", ""}, nil} {
		if err := (Webhooks{}).Verify(channels.App{Key: "key", Secrets: secrets}, header, []byte("{}")); !errors.Is(err, channels.ErrSignature) {
			t.Errorf("secrets %q: got %v, want ErrSignature", secrets, err)
		}
	}
}

func TestBrokenWebhooksSayWhatIsWrong(t *testing.T) {
	for body, want := range map[string]string{
		``:                                       "body must be an object",
		`null`:                                   "body must be an object",
		`[1]`:                                    "body must be an object",
		`{"type":1,"shop_id":"749`:               "body must be an object",
		`{"shop_id":"749","data":{}}`:            "type must be a whole number",
		`{"type":1.5,"shop_id":"749"}`:           "type must be a whole number",
		`{"type":{},"shop_id":"749"}`:            "type must be a string",
		`{"type":1,"data":{"order_id":"576"}}`:   "shop_id must be an id",
		`{"type":1,"shop_id":"749"}`:             "data must be an object",
		`{"type":1,"shop_id":"749","data":{}}`:   "data.order_id must be an id",
		`{"type":1,"shop_id":"749","data":"{}"}`: "data must be an object",
		`{"type":1,"shop_id":"749","data":{"order_id":"../../x"}}`:                      "data.order_id must be an id",
		`{"type":1,"shop_id":"749","data":{"order_id":5.7e17}}`:                         "data.order_id must be an id",
		`{"type":1,"shop_id":"749","data":{"order_id":"576","update_time":1e9}}`:        "data.update_time must be whole seconds",
		`{"type":1,"shop_id":"749","data":{"order_id":"576","update_time":-1}}`:         "data.update_time must be whole seconds",
		`{"type":4,"shop_id":"749","data":{"package_list":[]}}`:                         "data.package_list must name an order",
		`{"type":4,"shop_id":"749","data":{"package_list":[{"order_id_list":[{}]}]}}`:   "data.package_list[0].order_id_list[0] must be",
		`{"type":1,"tts_notification_id":"` + strings.Repeat("9", 129) + `","data":{}}`: "tts_notification_id must be at most",
	} {
		hints, err := (Webhooks{}).Hints([]byte(body))
		var invalid channels.Invalid
		shop := ""
		if len(hints) > 0 {
			shop = hints[0].Shop
		}
		named := strings.Contains(body, `"shop_id":"749"`)
		if !errors.As(err, &invalid) || named != (shop == "749") || len(hints) > 1 || want == "body must be an object" && invalid.Sample != "" || !strings.Contains(err.Error(), want) || len(invalid.Sample) > 48 {
			t.Errorf("%s: got %v, %v, want %q", body, hints, err, want)
		}
	}
}
