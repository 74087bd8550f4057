package tiktoksim

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/api"
)

func TestScopes(t *testing.T) {
	r := newRig(t, Config{})
	calls := map[string]func() answer{
		"seller.order.info":                func() answer { return r.call("POST", "/order/202309/orders/search", "page_size=10", `{"a":1}`) },
		"seller.product.basic":             func() answer { return r.call("POST", "/product/202502/products/search", "page_size=10", `{"a":1}`) },
		"seller.product.write":             func() answer { return r.write(skuA, 3) },
		"seller.fulfillment.basic":         func() answer { return r.document("115") },
		"seller.fulfillment.package.write": func() answer { return r.ship("115") },
		"seller.logistics":                 func() answer { return r.call("GET", "/logistics/202309/warehouses", "", "") },
		"seller.return_refund.basic":       func() answer { return r.call("POST", "/return_refund/202309/cancellations", "", `{"a":1}`) },
		"seller.authorization.info":        func() answer { return r.call("GET", "/authorization/202309/shops", "shop_cipher=", "") },
	}
	for _, missing := range api.Scopes() {
		if err := r.SetScopes(testShop, slices.DeleteFunc(api.Scopes(), func(s string) bool { return s == missing })...); err != nil {
			t.Fatal(err)
		}
		for scope, call := range calls {
			if got := call(); (got.Code == 105005) != (scope == missing) {
				t.Errorf("without %s the call of %s: %d %s", missing, scope, got.Code, got.Message)
			}
		}
	}
	r.wantCode("webhooks need no scope", r.call("GET", "/event/202309/webhooks", "", ""), 0)
	if err := r.SetScopes("none"); err == nil {
		t.Error("the scopes of a shop that is not there were set")
	}
}

func TestWithdraw(t *testing.T) {
	const second = "7490000000000000002"
	r := newRig(t, Config{})
	r.AddShop(Shop{ID: second})
	code := r.AuthCode(testShop, second)
	req, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/api/v2/token/get?app_key=cfappkey01&app_secret=cf_test_secret_0123456789abcdef&grant_type=authorized_code&auth_code="+code, nil)
	if err != nil {
		t.Fatal(err)
	}
	var granted struct {
		Scopes []string `json:"granted_scopes"`
	}
	if r.send(req).into(t, &granted); !slices.Equal(granted.Scopes, api.Scopes()) {
		t.Errorf("granted %v", granted.Scopes)
	}
	var list struct{ Shops []struct{ ID string } }
	shops := func() answer { return r.call("GET", "/authorization/202309/shops", "shop_cipher=", "") }
	if shops().into(t, &list); len(list.Shops) != 2 {
		t.Errorf("shops %v", list)
	}
	if err := r.Withdraw(second); err != nil {
		t.Fatal(err)
	}
	if shops().into(t, &list); len(list.Shops) != 1 || list.Shops[0].ID != testShop {
		t.Errorf("shops %v, want the one that was not withdrawn", list)
	}
	r.wantCode("the other shop", r.call("GET", "/event/202309/webhooks", "", ""), 0)
	if err := r.Withdraw(testShop); err != nil {
		t.Fatal(err)
	}
	r.wantCode("a token that opens no shop", shops(), 36009004)
}

// What answers are dated by is the clock that requests are judged by.
func TestDate(t *testing.T) {
	r := newRig(t, Config{})
	for _, path := range []string{"/authorization/202309/shops", "/nothing"} {
		if got := r.call("GET", path, "", "").Header.Get("Date"); got != epoch.Format(http.TimeFormat) {
			t.Errorf("%s: %q, want %v", path, got, epoch)
		}
	}
}

func TestWarehouses(t *testing.T) {
	r := newRig(t, Config{})
	for _, status := range []string{"ENABLED", "DISABLED"} {
		if err := r.SetWarehouse(testShop, status); err != nil {
			t.Fatal(err)
		}
		var list struct {
			Warehouses []struct {
				ID, Name, Type string
				Status         string `json:"effect_status"`
				Default        bool   `json:"is_default"`
			}
		}
		r.call("GET", "/logistics/202309/warehouses", "", "").into(t, &list)
		if w := list.Warehouses; len(w) != 2 || !w[0].Default || w[0].Status != status || w[0].Type != "SALES_WAREHOUSE" || w[1].Type != "RETURN_WAREHOUSE" || w[0].ID == w[1].ID {
			t.Errorf("%+v", list)
		}
	}
}

func TestWebhookOfAnEnd(t *testing.T) {
	h := &hub{status: http.StatusOK}
	bubble(t, Config{}, h, func(s *Sim) {
		const topic = "UPCOMING_AUTHORIZATION_EXPIRATION"
		for _, address := range []string{"", "http://hub.test/other"} {
			for _, err := range []error{s.SetWebhook(testShop, topic, address), s.WarnExpiry(testShop, epoch.Add(time.Hour))} {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := s.SetWebhook(testShop, "NO_SUCH_TOPIC", "http://x"); err == nil {
			t.Error("a topic that is none was subscribed to")
		}
		later(time.Second)
		if got := h.take(); len(got) != 1 || got[0].kind != 7 || got[0].data["expiration_time"] != "1767229200" {
			t.Errorf("got %+v, want one while the topic goes somewhere", got)
		}
	})
}
