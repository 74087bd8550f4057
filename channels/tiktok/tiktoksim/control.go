package tiktoksim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// asked is the body of every control call; each reads the fields it needs.
type asked struct {
	NewOrder
	ShopID    string   `json:"shop_id"` // "" = the only shop
	ProductID string   `json:"product_id"`
	SKUID     string   `json:"sku_id"`
	Quantity  int      `json:"quantity"`
	Status    string   `json:"status"`
	Reason    string   `json:"reason"`
	URL       string   `json:"url"`
	Street    string   `json:"street"`
	Topic     string   `json:"topic"`
	Carrier   string   `json:"carrier"`
	Tracking  string   `json:"tracking"`
	Scopes    []string `json:"scopes"`
	Items     []string `json:"items"` // line items; none = all
	Ends      int64    `json:"ends"`
	Product   *Product `json:"product"`
	Shop      *Shop    `json:"shop"`
}

// ControlHandler is the JSON plane for whoever drives the simulator from another process. It has no guard of its own:
// mount it under /_sim/ (with http.StripPrefix) on loopback only. Refusals are {"error": …} with 404, 409 or 400.
//
//	POST /shops {shop}                    → {cipher}      POST /products {shop_id, product}     → {product_id}
//	POST /orders {shop_id, …NewOrder}     → {order_id}    GET  /orders/{id}?shop_id             → OrderState
//	POST /orders/{id}/ACTION {shop_id, reason, street}    ACTION: pay release address collect deliver complete
//	POST /orders/{id}/cancel, request-cancel {shop_id, reason, items}: items are line items, none = all
//	POST /orders/{id}/send {shop_id, carrier, tracking}: the seller's own carrier, by its id, has all that is left
//	POST /orders/{id}/request-return {shop_id, status, reason}: status is the vendor's return_type → {claim_id}
//	POST /claims/{id}/ACTION {shop_id}    ACTION: send-back take-back
//	POST /quantity {sku_id, quantity}                     GET  /stock?shop_id&sku_id            → Stock
//	POST /products/{id}/status {status}                   POST /auth-codes {shop_id}            → {code}
//	POST /webhook {shop_id, url}          → where every topic goes, "" = nowhere
//	POST /webhook {shop_id, topic, url}   → where one topic goes, "" = nowhere
//	POST /scopes {shop_id, scopes}                        POST /withdraw {shop_id}
//	POST /warehouse {shop_id, status}                     POST /expiring {shop_id, ends}: in seconds
//	GET  /tokens?shop_id → Tokens                         POST /tokens/expire {shop_id}
//	POST /faults Faults (whole)                           GET  /faults, /counts, /journal
func (s *Sim) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	post := func(pattern string, do func(id string, a asked) (any, error)) {
		mux.HandleFunc("POST "+pattern, func(w http.ResponseWriter, r *http.Request) {
			var a asked
			if err := readJSON(w, r, &a); err != nil {
				writeControl(w, nil, err)
				return
			}
			answer, err := do(r.PathValue("id"), a)
			writeControl(w, answer, err)
		})
	}
	get := func(pattern string, do func(r *http.Request, shopID string) (any, error)) {
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			answer, err := do(r, r.URL.Query().Get("shop_id"))
			writeControl(w, answer, err)
		})
	}
	post("/shops", func(_ string, a asked) (any, error) {
		if a.Shop == nil {
			return nil, ErrInvalid
		}
		return obj{"cipher": s.AddShop(*a.Shop)}, nil
	})
	post("/products", func(_ string, a asked) (any, error) {
		if a.Product == nil {
			return nil, ErrInvalid
		}
		id, err := s.AddProduct(a.ShopID, *a.Product)
		return obj{"product_id": id}, err
	})
	post("/products/{id}/status", func(id string, a asked) (any, error) { return nil, s.SetProductStatus(a.ShopID, id, a.Status) })
	post("/quantity", func(_ string, a asked) (any, error) { return nil, s.SetQuantity(a.ShopID, a.SKUID, a.Quantity) })
	post("/orders", func(_ string, a asked) (any, error) {
		id, err := s.PlaceOrder(a.ShopID, a.NewOrder)
		return obj{"order_id": id}, err
	})
	for action, do := range map[string]func(shopID, orderID string) error{
		"pay": s.PayOrder, "release": s.ReleaseHold, "collect": s.Collect, "deliver": s.Deliver, "complete": s.Complete,
	} {
		post("/orders/{id}/"+action, func(id string, a asked) (any, error) { return nil, do(a.ShopID, id) })
	}
	post("/orders/{id}/send", func(id string, a asked) (any, error) { return nil, s.Send(a.ShopID, id, a.Carrier, a.Tracking) })
	post("/orders/{id}/cancel", func(id string, a asked) (any, error) { return nil, s.CancelOrder(a.ShopID, id, a.Reason, a.Items...) })
	post("/orders/{id}/request-cancel", func(id string, a asked) (any, error) { return nil, s.RequestCancel(a.ShopID, id, a.Reason, a.Items...) })
	post("/orders/{id}/request-return", func(id string, a asked) (any, error) {
		claim, err := s.RequestReturn(a.ShopID, id, a.Status, a.Reason)
		return obj{"claim_id": claim}, err
	})
	post("/claims/{id}/send-back", func(id string, a asked) (any, error) { return nil, s.SendBack(a.ShopID, id) })
	post("/claims/{id}/take-back", func(id string, a asked) (any, error) { return nil, s.TakeBack(a.ShopID, id) })
	post("/orders/{id}/address", func(id string, a asked) (any, error) { return nil, s.ChangeAddress(a.ShopID, id, a.Street) })
	post("/auth-codes", func(_ string, a asked) (any, error) {
		code := s.AuthCode(a.ShopID)
		if code == "" {
			return nil, ErrUnknown
		}
		return obj{"code": code}, nil
	})
	post("/webhook", func(_ string, a asked) (any, error) {
		if a.Topic != "" {
			return nil, s.SetWebhook(a.ShopID, a.Topic, a.URL)
		}
		return nil, s.SetWebhookURL(a.ShopID, a.URL)
	})
	post("/scopes", func(_ string, a asked) (any, error) { return nil, s.SetScopes(a.ShopID, a.Scopes...) })
	post("/withdraw", func(_ string, a asked) (any, error) { return nil, s.Withdraw(a.ShopID) })
	post("/warehouse", func(_ string, a asked) (any, error) { return nil, s.SetWarehouse(a.ShopID, a.Status) })
	post("/expiring", func(_ string, a asked) (any, error) { return nil, s.WarnExpiry(a.ShopID, time.Unix(a.Ends, 0)) })
	post("/tokens/expire", func(_ string, a asked) (any, error) { s.ExpireToken(a.ShopID); return nil, nil })
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		var f Faults
		err := readJSON(w, r, &f)
		if err == nil {
			s.SetFaults(f)
		}
		writeControl(w, nil, err)
	})
	get("/faults", func(*http.Request, string) (any, error) { defer s.lock()(); return s.faults, nil })
	get("/orders/{id}", func(r *http.Request, shopID string) (any, error) { return s.Order(shopID, r.PathValue("id")) })
	get("/stock", func(r *http.Request, shopID string) (any, error) { return s.Stock(shopID, r.URL.Query().Get("sku_id")) })
	get("/tokens", func(_ *http.Request, shopID string) (any, error) { return s.Tokens(shopID), nil })
	get("/counts", func(*http.Request, string) (any, error) { return s.Counts(), nil })
	get("/journal", func(*http.Request, string) (any, error) { return s.Journal(), nil })
	return mux
}

// readJSON refuses fields it does not know: a misspelt fault would otherwise be a fault never injected.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(ErrInvalid, err)
	}
	return nil
}

func writeControl(w http.ResponseWriter, answer any, err error) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case errors.Is(err, ErrUnknown):
		w.WriteHeader(http.StatusNotFound)
	case errors.Is(err, ErrExists), errors.Is(err, ErrState), errors.Is(err, ErrNotListed):
		w.WriteHeader(http.StatusConflict)
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	}
	if err != nil {
		answer = obj{"error": strings.ReplaceAll(err.Error(), "\n", ": ")}
	} else if answer == nil {
		answer = obj{}
	}
	_ = json.NewEncoder(w).Encode(answer) // a client that left is its own affair
}
