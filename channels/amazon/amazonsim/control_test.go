package amazonsim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestControlPlane(t *testing.T) {
	r := newRig(t, Config{Unlimited: true})
	control := r.ControlHandler()
	do := func(method, path, body string, want int) string {
		t.Helper()
		w := httptest.NewRecorder()
		control.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		if w.Code != want {
			t.Errorf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, want)
		}
		return w.Body.String()
	}
	do(http.MethodPost, "/listings", `{"listing":{"sku":"CAP","title":"Cap","price":"4.00","quantity":3}}`, 200)
	do(http.MethodPost, "/quantity", `{"sku":"CAP","quantity":5}`, 200)
	if got := do(http.MethodGet, "/stock?sku=CAP", "", 200); !strings.Contains(got, `"listed":5`) {
		t.Errorf("stock %s", got)
	}
	do(http.MethodPost, "/orders", `{"id":"026-1-1","unpaid":true,"buyer_name":"Ana","lines":[{"sku":"CAP","quantity":1}]}`, 200)
	do(http.MethodPost, "/orders", `{"id":"026-1-1","lines":[{"sku":"CAP","quantity":1}]}`, 409)
	do(http.MethodPost, "/orders", `{"lines":[{"sku":"CAP","quantity":99}]}`, 409)
	do(http.MethodPost, "/orders/026-1-1/pay", `{}`, 200)
	do(http.MethodPost, "/orders/026-1-1/request-cancel", `{"reason":"ordered twice"}`, 200)
	do(http.MethodPost, "/orders/026-1-1/cancel", `{"reason":"ordered twice"}`, 200)
	if got := do(http.MethodGet, "/orders/026-1-1", "", 200); !strings.Contains(got, `"CANCELLED"`) {
		t.Errorf("order %s", got)
	}
	do(http.MethodPost, "/orders/026-1-1/cancel", `{}`, 409)
	do(http.MethodPost, "/orders/none/pay", `{}`, 404)
	do(http.MethodPost, "/orders", `{"id":"026-1-2","buyer_name":"Ana","lines":[{"sku":"CAP","quantity":1}]}`, 200)
	do(http.MethodPost, "/orders/026-1-2/ship", `{}`, 200)
	var made struct{ RMA string }
	r.must(json.Unmarshal([]byte(do(http.MethodPost, "/orders/026-1-2/return", `{"sku":"CAP","quantity":1,"reason":"DEFECTIVE"}`, 200)), &made))
	do(http.MethodPost, "/returns/"+made.RMA+"/approve", `{}`, 200)
	do(http.MethodPost, "/returns/"+made.RMA+"/approve", `{}`, 409)
	do(http.MethodPost, "/returns/none/approve", `{}`, 404)
	do(http.MethodPost, "/faults", `{"api5xx":1}`, 400) // misspelt
	do(http.MethodPost, "/faults", `{"api_5xx":1}`, 200)
	if got := do(http.MethodGet, "/faults", "", 200); !strings.Contains(got, `"api_5xx":1`) {
		t.Errorf("faults %s", got)
	}
	if got := do(http.MethodGet, "/token", "", 200); !strings.Contains(got, r.refresh) {
		t.Errorf("token %s", got)
	}
	if got := do(http.MethodGet, "/counts", "", 200); !strings.Contains(got, `"orders":2`) {
		t.Errorf("counts %s", got)
	}
	if got := do(http.MethodGet, "/journal", "", 200); !strings.Contains(got, "order CANCELLED") {
		t.Errorf("journal %s", got)
	}
	do(http.MethodPost, "/sellers", `{"seller":{"id":"A2","name":"Two"}}`, 200)
	do(http.MethodPost, "/quantity", `{"sku":"CAP","quantity":5}`, 404) // which seller?
}
