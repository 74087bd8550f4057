package shopifysim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// asked is the body of every control call; each reads the fields it needs.
type asked struct {
	NewOrder
	Shop     string   `json:"shop"` // its domain; "" = the only shop
	Variant  int64    `json:"variant"`
	Location int64    `json:"location"`
	Quantity int64    `json:"quantity"`
	Status   string   `json:"status"`
	Reason   string   `json:"reason"`
	Restock  bool     `json:"restock"`
	Exchange bool     `json:"exchange"`
	URL      string   `json:"url"`
	Company  string   `json:"company"`
	Tracking string   `json:"tracking"`
	Scopes   []string `json:"scopes"`
	Product  *Product `json:"product"`
	Add      *Shop    `json:"add"`
}

// ControlHandler is the JSON plane for whoever drives the simulator from another process. It has no guard of its own:
// mount it under /_sim/ (with http.StripPrefix) on loopback only. Refusals are {"error": …} with 404, 409 or 400.
//
//	POST /shops {add}                     → {}            POST /products {shop, product}        → {product, variants}
//	POST /orders {shop, …NewOrder}        → {order}       GET  /orders/{id}?shop                → OrderState
//	POST /orders/{id}/ACTION {shop, …}    ACTION: pay, expire, hold, release, cancel {reason, restock}, edit {variant, quantity},
//	                                      address {address}, fulfil {company, tracking}, carry {status}, refund {variant, quantity, restock},
//	                                      request-return {variant, quantity, reason} → {return}
//	POST /returns/{id}/status {status}    POST /returns/{id}/ship {tracking, exchange}
//	POST /returns/{id}/finish {restock}   POST /products/{id}/status {status}
//	POST /quantity {shop, variant, location, quantity}    GET  /stock?shop&variant              → Level
//	POST /auth-codes {shop}               → {code}        POST /uninstall {shop}
//	POST /webhook {shop, url}             → where every topic goes, "" = nowhere
//	POST /scopes {shop, scopes}           POST /state {shop, status}: frozen, locked or ""
//	GET  /tokens?shop                     → Tokens        POST /tokens/expire {shop}
//	POST /faults Faults (whole)           GET  /faults, /counts, /journal, /subscriptions?shop
func (s *Sim) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	post := func(pattern string, do func(id int64, a asked) (any, error)) {
		mux.HandleFunc("POST "+pattern, func(w http.ResponseWriter, r *http.Request) {
			var a asked
			id, err := number(r.PathValue("id"))
			if err == nil {
				err = readJSON(w, r, &a)
			}
			if err != nil {
				writeControl(w, nil, err)
				return
			}
			answer, err := do(id, a)
			writeControl(w, answer, err)
		})
	}
	get := func(pattern string, do func(r *http.Request, shop string) (any, error)) {
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			answer, err := do(r, r.URL.Query().Get("shop"))
			writeControl(w, answer, err)
		})
	}
	s.controlOrders(post)
	post("/shops", func(_ int64, a asked) (any, error) {
		if a.Add == nil || a.Add.Domain == "" {
			return nil, ErrInvalid
		}
		s.AddShop(*a.Add)
		return nil, nil
	})
	post("/products", func(_ int64, a asked) (any, error) {
		if a.Product == nil {
			return nil, ErrInvalid
		}
		id, variants, err := s.AddProduct(a.Shop, *a.Product)
		return obj{"product": id, "variants": variants}, err
	})
	post("/products/{id}/status", func(id int64, a asked) (any, error) { return nil, s.SetProductStatus(a.Shop, id, a.Status) })
	post("/returns/{id}/status", func(id int64, a asked) (any, error) { return nil, s.SetReturn(a.Shop, id, a.Status) })
	post("/returns/{id}/ship", func(id int64, a asked) (any, error) { return nil, s.ShipReturn(a.Shop, id, a.Tracking, a.Exchange) })
	post("/returns/{id}/finish", func(id int64, a asked) (any, error) { return nil, s.FinishReturn(a.Shop, id, a.Restock) })
	post("/quantity", func(_ int64, a asked) (any, error) {
		return nil, s.SetQuantity(a.Shop, a.Variant, a.Location, a.Quantity)
	})
	post("/auth-codes", func(_ int64, a asked) (any, error) {
		code := s.AuthCode(a.Shop)
		if code == "" {
			return nil, ErrUnknown
		}
		return obj{"code": code}, nil
	})
	post("/uninstall", func(_ int64, a asked) (any, error) { return nil, s.Uninstall(a.Shop) })
	post("/webhook", func(_ int64, a asked) (any, error) { return nil, s.SetWebhookURL(a.Shop, a.URL) })
	post("/scopes", func(_ int64, a asked) (any, error) { return nil, s.SetScopes(a.Shop, a.Scopes...) })
	post("/state", func(_ int64, a asked) (any, error) { return nil, s.SetState(a.Shop, a.Status) })
	post("/tokens/expire", func(_ int64, a asked) (any, error) { s.ExpireToken(a.Shop); return nil, nil })
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		var f Faults
		err := readJSON(w, r, &f)
		if err == nil {
			s.SetFaults(f)
		}
		writeControl(w, nil, err)
	})
	get("/faults", func(*http.Request, string) (any, error) { defer s.lock()(); return s.faults, nil })
	get("/orders/{id}", func(r *http.Request, shop string) (any, error) {
		id, err := number(r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		return s.Order(shop, id)
	})
	get("/stock", func(r *http.Request, shop string) (any, error) {
		id, err := number(r.URL.Query().Get("variant"))
		if err != nil {
			return nil, err
		}
		return s.Stock(shop, id)
	})
	get("/tokens", func(_ *http.Request, shop string) (any, error) { return s.Tokens(shop), nil })
	get("/subscriptions", func(_ *http.Request, shop string) (any, error) { return s.Subscriptions(shop) })
	get("/counts", func(*http.Request, string) (any, error) { return s.Counts(), nil })
	get("/journal", func(*http.Request, string) (any, error) { return s.Journal(), nil })
	return mux
}

func (s *Sim) controlOrders(post func(string, func(int64, asked) (any, error))) {
	post("/orders", func(_ int64, a asked) (any, error) {
		id, err := s.PlaceOrder(a.Shop, a.NewOrder)
		return obj{"order": id}, err
	})
	for action, do := range map[string]func(id int64, a asked) error{
		"pay":     func(id int64, a asked) error { return s.PayOrder(a.Shop, id) },
		"expire":  func(id int64, a asked) error { return s.ExpireAuthorisation(a.Shop, id) },
		"hold":    func(id int64, a asked) error { return s.HoldOrder(a.Shop, id) },
		"release": func(id int64, a asked) error { return s.ReleaseOrder(a.Shop, id) },
		"cancel":  func(id int64, a asked) error { return s.CancelOrder(a.Shop, id, a.Reason, a.Restock) },
		"edit":    func(id int64, a asked) error { return s.EditOrder(a.Shop, id, a.Variant, a.Quantity) },
		"address": func(id int64, a asked) error { return s.ChangeAddress(a.Shop, id, a.Address) },
		"fulfil":  func(id int64, a asked) error { return s.FulfilByHand(a.Shop, id, a.Company, a.Tracking) },
		"carry":   func(id int64, a asked) error { return s.Carry(a.Shop, id, a.Status) },
		"refund":  func(id int64, a asked) error { return s.Refund(a.Shop, id, a.Variant, a.Quantity, a.Restock) },
	} {
		post("/orders/{id}/"+action, func(id int64, a asked) (any, error) { return nil, do(id, a) })
	}
	post("/orders/{id}/request-return", func(id int64, a asked) (any, error) {
		returned, err := s.RequestReturn(a.Shop, id, a.Variant, a.Quantity, a.Reason)
		return obj{"return": returned}, err
	})
}

// number reads an id; "" is 0.
func number(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, errors.Join(map[bool]error{true: ErrInvalid}[err != nil], err)
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
