package tiktok

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
)

// What is sent is what was signed: the signature is computed again from the request as it leaves.
func TestWhatGoesOut(t *testing.T) {
	const inventory = `{"code":0,"data":{"inventory":[{"product_id":"172","skus":[{"id":"1729","total_available_quantity":1,
		"warehouse_inventory":[{"warehouse_id":"9"},{"warehouse_id":"10"}]}]}]}}`
	since := time.Unix(1767225600, 1)
	tests := []struct {
		name string
		call func(*Connector) error
		want string // the last request: method, path, query without the common part, body
	}{
		{
			"details", func(c *Connector) error {
				_, err := c.Orders(t.Context(), []string{"576460000000000001", "576460000000000002"})
				return err
			},
			"GET /order/202507/orders ids=576460000000000001%2C576460000000000002 ",
		},
		{
			"changed", func(c *Connector) error {
				_, err := c.Changed(t.Context(), since, since.Add(time.Hour), "a+/==")
				return err
			},
			`POST /order/202309/orders/search page_size=100&page_token=a%2B%2F%3D%3D&sort_field=update_time&sort_order=ASC {"update_time_ge":1767225600,"update_time_lt":1767229201}`,
		},
		{
			"changed, no bounds, no body", func(c *Connector) error { _, err := c.Changed(t.Context(), time.Time{}, time.Time{}, ""); return err },
			"POST /order/202309/orders/search page_size=100&sort_field=update_time&sort_order=ASC ",
		},
		{
			"ship", func(c *Connector) error { _, err := c.Arrange(t.Context(), "1150000000000000001"); return err },
			`POST /fulfillment/202309/packages/1150000000000000001/ship  {"handover_method":"PICKUP"}`,
		},
		{
			"package", func(c *Connector) error { _, _, err := c.Package(t.Context(), "115"); return ignore(err) },
			"GET /fulfillment/202309/packages/115  ",
		},
		{
			"label", func(c *Connector) error { _, err := c.Label(t.Context(), "115"); return ignore(err) },
			"GET /fulfillment/202309/packages/115/shipping_documents document_size=A6&document_type=SHIPPING_LABEL ",
		},
		{
			"quantities", func(c *Connector) error { _, err := c.Quantities(t.Context(), []string{"1729"}); return err },
			`POST /product/202309/inventory/search  {"sku_ids":["1729"]}`,
		},
		{
			"every warehouse is named", func(c *Connector) error { return c.SetQuantity(t.Context(), "172", "1729", 42) },
			`POST /product/202309/products/172/inventory/update  {"skus":[{"id":"1729","inventory":[{"warehouse_id":"10","quantity":42},{"warehouse_id":"9","quantity":0}]}]}`,
		},
		{
			"listings", func(c *Connector) error { _, err := c.Listings(t.Context(), ""); return err },
			"POST /product/202502/products/search page_size=100 ",
		},
	}
	for _, tt := range tests {
		var sent string
		c := shop(func(r *http.Request) (*http.Response, error) {
			var body []byte
			if r.Body != nil {
				var err error
				if body, err = io.ReadAll(r.Body); err != nil {
					t.Fatal(err)
				}
			}
			query := r.URL.Query()
			if got := query.Get("sign"); got != wire.Sign("canary-secret", r.URL.EscapedPath(), query, r.Header.Get("Content-Type"), body) {
				t.Errorf("%s: what was sent is not what was signed", tt.name)
			}
			if query.Get("app_key") != "key" || query.Get("shop_cipher") != "cipher" || len(query.Get("timestamp")) != 10 ||
				r.Header.Get("x-tts-access-token") != "canary-access" || r.Header.Get("Content-Type") != "application/json" || string(body) == "{}" {
				t.Errorf("%s: %s %v %s", tt.name, r.URL, r.Header, body)
			}
			for _, key := range []string{"app_key", "shop_cipher", "timestamp", "sign"} {
				query.Del(key)
			}
			sent = r.Method + " " + r.URL.Path + " " + query.Encode() + " " + string(body)
			if strings.HasSuffix(r.URL.Path, "/inventory/search") {
				return answers(200, nil, inventory)(r)
			}
			return answers(200, nil, `{"code":0,"data":{}}`)(r)
		})
		if err := tt.call(c); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if sent != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, sent, tt.want)
		}
	}
}

// ignore is for calls whose answer of these tests cannot be right.
func ignore(error) error { return nil }

// Nothing that is no id reaches a path or a list.
func TestForeignIDsAreNotSent(t *testing.T) {
	c := shop(func(r *http.Request) (*http.Response, error) {
		t.Errorf("sent %s", r.URL)
		return nil, io.EOF
	})
	for _, id := range []string{"", "1/../2", "1,2", "a b", "1?x=1", strings.Repeat("9", 65), "ü"} {
		_, ordersErr := c.Orders(t.Context(), []string{id})
		_, shipErr := c.Arrange(t.Context(), id)
		_, _, packageErr := c.Package(t.Context(), id)
		_, labelErr := c.Label(t.Context(), id)
		quantityErr := c.SetQuantity(t.Context(), id, "1", 1)
		listingErr := c.SetQuantity(t.Context(), "1", id, 1)
		for _, err := range []error{ordersErr, shipErr, packageErr, labelErr, quantityErr, listingErr} {
			if err == nil || channels.ClassOf(err) != channels.Rejected {
				t.Errorf("%q: got %v, want class rejected", id, err)
			}
		}
	}
}

func TestQuantityRefusals(t *testing.T) {
	const inventory = `{"code":0,"data":{"inventory":[{"product_id":"172","skus":[{"id":"1729","total_available_quantity":1,"warehouse_inventory":[{"warehouse_id":"%"}]}]}]}}`
	tests := []struct {
		name, data string
		class      channels.Class
		code       string
		writes     int
		zero       bool // still accepted
	}{
		{"out of range", `{"errors":[{"code":12052160,"message":"the quantity must be in the range 1 to 99999","detail":{"sku_id":"1729"}}]}`, channels.Rejected, "12052160", 1, false},
		{"locked by a promotion", `{"errors":[{"code":"12052393","message":"quantity locked"}]}`, channels.Rejected, "12052393", 1, true},
		{"not of this product", `{"errors":[{"code":12052031,"message":"the SKU does not belong to this product"}]}`, channels.Rejected, "12052031", 1, true},
		{"warehouse moved", `{"errors":[{"code":1,"message":"x","detail":{"extra_errors":[{"warehouse_id":"9","code":12052094,"message":"not one of the SKU's"}]}}]}`, channels.Rejected, "12052094", 2, true},
		{"busy", `{"errors":[{"code":36009003,"message":"internal"}]}`, channels.Retry, "36009003", 1, true},
		{"unreadable", `{"errors":"none"}`, channels.Unsure, "", 1, true},
	}
	for _, tt := range tests {
		reads, writes := 0, 0
		c := shop(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/inventory/search") {
				reads++
				return answers(200, nil, strings.Replace(inventory, "%", string(rune('0'+reads)), 1))(r)
			}
			body, err := io.ReadAll(r.Body)
			writes++
			if err != nil || !strings.Contains(string(body), `"warehouse_id":"`+string(rune('0'+writes))+`"`) {
				t.Errorf("%s: write %d says %s, %v", tt.name, writes, body, err)
			}
			return answers(200, nil, `{"code":0,"data":`+tt.data+`}`)(r)
		})
		err := c.SetQuantity(t.Context(), "172", "1729", 0)
		f, _ := err.(*channels.Failure) //nolint:errorlint // the type itself is the promise
		if f == nil || f.Class != tt.class || f.Code != tt.code || writes != tt.writes || c.Capabilities().AcceptsZero != tt.zero {
			t.Errorf("%s: got %v after %d writes, zero accepted %v", tt.name, err, writes, c.Capabilities().AcceptsZero)
		}
	}
}

func TestUnreadableListingsSpareTheOthers(t *testing.T) {
	c := shop(answers(200, nil, `{"code":0,"data":{"inventory":[5,
		{"product_id":172,"skus":[{"id":1729,"total_available_quantity":7},{"id":"1730","total_available_quantity":-1},{"id":"1731","total_available_quantity":"8","total_committed_quantity":1}]}]}}`))
	got, err := c.Quantities(t.Context(), []string{"1729", "1730", "1731"})
	if len(got) != 2 || got[0].Available != 7 || got[1].Committed != 1 || got[1].ProductID != "172" {
		t.Errorf("got %+v", got)
	}
	if err == nil || !strings.Contains(err.Error(), "listing 1730: total_available_quantity must be a whole number from 0 to 10^12") || !strings.Contains(err.Error(), "products[0]") {
		t.Errorf("got %v, want both that are broken", err)
	}
}

func TestLabelFiles(t *testing.T) {
	tests := []struct {
		name  string
		file  vendor
		class channels.Class // empty = good
	}{
		{"a PDF", answers(200, nil, "%PDF-1.4 …"), ""},
		{"HTML", answers(200, nil, "<html>"), channels.Retry},
		{"expired", answers(403, nil, "%PDF-1.4"), channels.Retry},
		{"too large", answers(200, nil, "%PDF-"+strings.Repeat("x", maxLabel)), channels.Rejected},
		{"another network", func(*http.Request) (*http.Response, error) { return nil, outbound.ErrBlocked }, channels.Rejected},
	}
	for _, tt := range tests {
		c := shop(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "files.test" {
				if r.Header.Get("x-tts-access-token") != "" {
					t.Errorf("%s: the token went to the file's host", tt.name)
				}
				return tt.file(r)
			}
			return answers(200, nil, `{"code":0,"data":{"doc_url":"https://files.test/a?canary=1","tracking_number":"TT1"}}`)(r)
		})
		label, err := c.Label(t.Context(), "115")
		switch {
		case tt.class == "" && (err != nil || label.Tracking != "TT1" || label.Type != "application/pdf"):
			t.Errorf("%s: got %+v, %v", tt.name, label, err)
		case tt.class != "" && (err == nil || channels.ClassOf(err) != tt.class || strings.Contains(err.Error(), "canary")):
			t.Errorf("%s: got %v, want class %s and no address", tt.name, err, tt.class)
		}
	}
}

// A read that hangs is given up soon and asked once more, with all the time there is; what fails twice is told. A write
// is never asked twice.
func TestReadWithoutAnswerIsAskedOnceMore(t *testing.T) {
	const good = `{"code":0,"data":{}}`
	const quickRead = 2500 * time.Millisecond
	hangs := vendor(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	read := func(ctx context.Context, c *Connector) error { _, err := c.Orders(ctx, []string{"5764"}); return err }
	tests := []struct {
		name  string
		call  func(context.Context, *Connector) error
		first vendor
		then  vendor
		class channels.Class // empty = good
		waits []time.Duration
	}{
		{"hangs once", read, hangs, answers(200, nil, good), "", []time.Duration{quickRead, 10 * time.Second}},
		{"hangs twice", read, hangs, hangs, channels.Retry, []time.Duration{quickRead, 10 * time.Second}},
		{"fails once", read, answers(500, nil, `{"code":36009003}`), answers(200, nil, good), "", []time.Duration{quickRead, 10 * time.Second}},
		{"garbage once", read, answers(200, nil, "<html>"), answers(200, nil, good), "", []time.Duration{quickRead, 10 * time.Second}},
		{"asks to wait", read, answers(500, http.Header{"Retry-After": {"3"}}, "<html>"), nil, channels.Retry, []time.Duration{quickRead}},
		{"refuses", read, answers(403, nil, `{"code":105005}`), nil, channels.Auth, []time.Duration{quickRead}},
		{"a write hangs", func(ctx context.Context, c *Connector) error { _, err := c.Arrange(ctx, "115"); return err }, hangs, nil, channels.Unsure, []time.Duration{10 * time.Second}},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			var waits []time.Duration
			c := shop(func(r *http.Request) (*http.Response, error) {
				until, _ := r.Context().Deadline()
				if waits = append(waits, time.Until(until)); len(waits) == 1 {
					return tt.first(r)
				}
				return tt.then(r)
			})
			err := tt.call(t.Context(), c)
			if err == nil && tt.class != "" || err != nil && channels.ClassOf(err) != tt.class || !slices.Equal(waits, tt.waits) {
				t.Errorf("%s: got %v after %v, want class %q after %v", tt.name, err, waits, tt.class, tt.waits)
			}
		})
	}
}
