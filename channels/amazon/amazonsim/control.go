package amazonsim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/api"
)

// routes is everything the simulator answers. The rates are those of the vendor's operation tables.
func (s *Sim) routes() {
	s.mux.HandleFunc("POST /auth/o2/token", s.token)
	s.endpoint("GET /orders/2026-01-01/orders", RoleOrders, quota{0.0056, 20}, api.Search)
	s.endpoint("GET /orders/2026-01-01/orders/{order}", RoleOrders, quota{0.5, 30}, api.GetOrder)
	s.endpoint("POST /orders/v0/orders/{order}/shipmentConfirmation", RoleOrders, quota{2, 10}, api.Confirm)
	s.endpoint("GET /listings/2021-08-01/items/{seller}", RoleListings, quota{5, 5}, api.SearchListings)
	s.endpoint("GET /listings/2021-08-01/items/{seller}/{sku}", RoleListings, quota{5, 5}, api.GetListing)
	s.endpoint("PATCH /listings/2021-08-01/items/{seller}/{sku}", RoleListings, quota{5, 5}, api.PatchListing)
	s.endpoint("GET /fba/inventory/v1/summaries", RoleOrders, quota{2, 2}, api.Summaries)
	s.endpoint("GET /sellers/v1/marketplaceParticipations", RoleSettings, quota{0.016, 15}, api.Participations)
	s.endpoint("GET /notifications/v1/destinations", notifications, quota{1, 5}, s.listDestinations)
	s.endpoint("POST /notifications/v1/destinations", notifications, quota{1, 5}, s.createDestination)
	s.endpoint("GET /notifications/v1/subscriptions/{type}", RoleOrders, quota{1, 5}, s.getSubscription)
	s.endpoint("POST /notifications/v1/subscriptions/{type}", RoleOrders, quota{1, 5}, s.createSubscription)
	s.endpoint("DELETE /notifications/v1/subscriptions/{type}/{id}", notifications, quota{1, 5}, s.deleteSubscription)
	s.endpoint("POST /feeds/2021-06-30/documents", RoleOrders, quota{0.5, 15}, api.CreateDocument)
	s.endpoint("GET /feeds/2021-06-30/documents/{document}", RoleOrders, quota{0.0222, 10}, api.GetDocument)
	s.endpoint("POST /feeds/2021-06-30/feeds", RoleOrders, quota{0.0083, 15}, api.CreateFeed)
	s.endpoint("GET /feeds/2021-06-30/feeds/{feed}", RoleOrders, quota{2, 15}, api.GetFeed)
	s.endpoint("POST /reports/2021-06-30/reports", RoleOrders, quota{0.0167, 15}, api.CreateReport)
	s.endpoint("GET /reports/2021-06-30/reports/{report}", RoleOrders, quota{2, 15}, api.GetReport)
	s.endpoint("GET /reports/2021-06-30/documents/{document}", RoleOrders, quota{0.0167, 15}, api.GetReportDocument)
	s.mux.HandleFunc("PUT /feed-documents/{seller}/{document}", s.putDocument)
	s.mux.HandleFunc("GET /feed-documents/{seller}/{document}", s.serveDocument)
	s.mux.HandleFunc("POST /{$}", s.sqs)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		unlock := s.lock()
		var a api.Answer
		out := s.encode(&a, api.Missing("%s %s", r.Method, r.URL.Path))
		unlock()
		reply(w, r, a.Status, out, "", 0)
	})
}

// asked is the body of every control call; each reads the fields it needs.
type asked struct {
	NewOrder
	SellerID string   `json:"seller_id"` // "" = the only one
	SKU      string   `json:"sku"`
	Quantity int      `json:"quantity"`
	Reason   string   `json:"reason"`
	Roles    []string `json:"roles"`
	Listing  *Listing `json:"listing"`
	Seller   *Seller  `json:"seller"`
}

// ControlHandler is the JSON plane for whoever drives the simulator from another process. It has no guard of its own:
// mount it under /_sim/ (with http.StripPrefix) on loopback only. Refusals are {"error": …} with 404, 409 or 400.
//
//	POST /sellers {seller}                 → {refresh_token}   POST /listings {seller_id, listing}  → {asin}
//	POST /orders {seller_id, …NewOrder}    → {order_id}        GET  /orders/{id}?seller_id          → OrderState
//	POST /orders/{id}/ACTION {seller_id, reason}               ACTION: pay cancel request-cancel ship ship-from-warehouse
//	POST /orders/{id}/return {seller_id, sku, quantity, reason} → {rma}
//	POST /returns/{id}/ACTION {seller_id}                      ACTION: approve decline deliver refund
//	POST /quantity {sku, quantity}                             GET  /stock?seller_id&sku            → Stock
//	GET  /token?seller_id                  → {refresh_token}   POST /tokens/expire
//	POST /roles {seller_id, roles}                             POST /withdraw {seller_id}
//	POST /unsubscribe {seller_id}          ends ORDER_CHANGE   POST /faults Faults (whole)
//	GET  /faults, /counts, /journal
func (s *Sim) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	post := func(pattern string, do func(id string, a asked) (any, error)) {
		mux.HandleFunc("POST "+pattern, func(w http.ResponseWriter, r *http.Request) {
			var a asked
			if err := readJSON(w, r, &a); err != nil {
				writeControl(w, nil, err)
				return
			}
			out, err := do(r.PathValue("id"), a)
			writeControl(w, out, err)
		})
	}
	get := func(pattern string, do func(r *http.Request, seller string) (any, error)) {
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			out, err := do(r, r.URL.Query().Get("seller_id"))
			writeControl(w, out, err)
		})
	}
	post("/sellers", func(_ string, a asked) (any, error) {
		if a.Seller == nil {
			return nil, ErrInvalid
		}
		return obj{"refresh_token": s.AddSeller(*a.Seller)}, nil
	})
	post("/listings", func(_ string, a asked) (any, error) {
		if a.Listing == nil {
			return nil, ErrInvalid
		}
		asin, err := s.AddListing(a.SellerID, *a.Listing)
		return obj{"asin": asin}, err
	})
	post("/quantity", func(_ string, a asked) (any, error) { return nil, s.SetQuantity(a.SellerID, a.SKU, a.Quantity) })
	post("/orders", func(_ string, a asked) (any, error) {
		id, err := s.PlaceOrder(a.SellerID, a.NewOrder)
		return obj{"order_id": id}, err
	})
	post("/orders/{id}/pay", func(id string, a asked) (any, error) { return nil, s.PayOrder(a.SellerID, id) })
	post("/orders/{id}/cancel", func(id string, a asked) (any, error) { return nil, s.CancelOrder(a.SellerID, id, a.Reason) })
	post("/orders/{id}/request-cancel", func(id string, a asked) (any, error) { return nil, s.RequestCancel(a.SellerID, id, a.Reason) })
	post("/orders/{id}/ship", func(id string, a asked) (any, error) { return nil, s.ShipByHand(a.SellerID, id) })
	post("/orders/{id}/ship-from-warehouse", func(id string, a asked) (any, error) { return nil, s.ShipFromWarehouse(a.SellerID, id) })
	post("/orders/{id}/return", func(id string, a asked) (any, error) {
		rma, err := s.RequestReturn(a.SellerID, id, a.SKU, a.Quantity, a.Reason)
		return obj{"rma": rma}, err
	})
	for _, what := range []string{"approve", "decline", "deliver", "refund"} {
		post("/returns/{id}/"+what, func(id string, a asked) (any, error) { return nil, s.MoveReturn(a.SellerID, id, what) })
	}
	post("/roles", func(_ string, a asked) (any, error) { return nil, s.SetRoles(a.SellerID, a.Roles...) })
	post("/withdraw", func(_ string, a asked) (any, error) { return nil, s.Withdraw(a.SellerID) })
	post("/unsubscribe", func(_ string, a asked) (any, error) { s.Unsubscribe(a.SellerID); return nil, nil })
	post("/tokens/expire", func(string, asked) (any, error) { s.ExpireTokens(); return nil, nil })
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		var f Faults
		err := readJSON(w, r, &f)
		if err == nil {
			s.SetFaults(f)
		}
		writeControl(w, nil, err)
	})
	get("/faults", func(*http.Request, string) (any, error) { defer s.lock()(); return s.faults, nil })
	get("/orders/{id}", func(r *http.Request, seller string) (any, error) { return s.Order(seller, r.PathValue("id")) })
	get("/stock", func(r *http.Request, seller string) (any, error) { return s.Stock(seller, r.URL.Query().Get("sku")) })
	get("/token", func(_ *http.Request, seller string) (any, error) {
		token, err := s.RefreshToken(seller)
		return obj{"refresh_token": token}, err
	})
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

func writeControl(w http.ResponseWriter, out any, err error) {
	status := http.StatusOK
	switch {
	case errors.Is(err, ErrUnknown):
		status = http.StatusNotFound
	case errors.Is(err, ErrExists), errors.Is(err, ErrState), errors.Is(err, ErrNotListed):
		status = http.StatusConflict
	case err != nil:
		status = http.StatusBadRequest
	}
	if err != nil {
		out = obj{"error": strings.ReplaceAll(err.Error(), "\n", ": ")}
	} else if out == nil {
		out = obj{}
	}
	writeJSON(w, status, out)
}
