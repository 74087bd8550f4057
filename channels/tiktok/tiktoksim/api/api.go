// Package api holds the shop-scoped calls of the simulated Open API: it reads a request that passed the gate, acts on
// the market and answers in the vendor's shapes. Ids and money are strings, times are seconds.
//
//	Call → Calls[pattern] → market → data of the answer, or a market.Refusal with the vendor's code
package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/timeline"
)

// Call is one request of one shop. It is used by one goroutine, under the market's lock.
type Call struct {
	Market  *market.Market
	Store   *market.Store
	Request *http.Request
	Query   url.Values
	Body    []byte
	Now     time.Time
	Sign    func(string) string // of label links

	StockLost, ShipLost func() bool // whether this write is accepted and never applied
}

// Calls are the endpoints by ServeMux pattern.
func Calls() map[string]func(*Call) (any, error) {
	return map[string]func(*Call) (any, error){
		"POST /order/202309/orders/search":                               orderSearch,
		"GET /order/202309/orders":                                       orderDetail,
		"GET /order/202507/orders":                                       orderDetail,
		"POST /return_refund/202309/cancellations":                       sellerCancel,
		"POST /return_refund/202309/cancellations/search":                cancelSearch,
		"POST /return_refund/202309/cancellations/{id}/approve":          cancelApprove,
		"POST /return_refund/202309/cancellations/{id}/reject":           cancelReject,
		"POST /return_refund/202309/returns/search":                      returnSearch,
		"POST /return_refund/202309/returns/{id}/approve":                returnApprove,
		"POST /return_refund/202309/returns/{id}/reject":                 returnReject,
		"GET /return_refund/202309/reject_reasons":                       rejectReasons,
		"POST /product/202502/products/search":                           productSearch,
		"GET /product/202309/products/{id}":                              productDetail,
		"POST /product/202309/inventory/search":                          inventorySearch,
		"POST /product/202309/products/{id}/inventory/update":            inventoryUpdate,
		"POST /fulfillment/202309/packages/search":                       packageSearch,
		"GET /fulfillment/202309/packages/{id}":                          packageDetail,
		"GET /fulfillment/202309/packages/{id}/handover_time_slots":      timeSlots,
		"POST /fulfillment/202309/packages/{id}/ship":                    shipOne,
		"POST /fulfillment/202309/packages/ship":                         shipMany,
		"GET /fulfillment/202309/packages/{id}/shipping_documents":       shippingDocument,
		"POST /fulfillment/202309/orders/{id}/packages":                  markShipped,
		"POST /fulfillment/202309/packages/{id}/shipping_info/update":    updateShipping,
		"GET /fulfillment/202309/orders/split_attributes":                splitAttributes,
		"POST /fulfillment/202309/orders/{id}/split":                     splitOrder,
		"GET /fulfillment/202309/combinable_packages/search":             combinableSearch,
		"POST /fulfillment/202309/packages/combine":                      combine,
		"GET /logistics/202309/warehouses":                               warehouses,
		"GET /logistics/202309/delivery_options/{id}/shipping_providers": shippingProviders,
	}
}

// obj is a JSON object on its way out.
type obj = map[string]any

func refusal(code int, message string) error { return market.Refusal{Code: code, Message: message} }
func badParam(message string) error          { return refusal(36009004, message) }

// Decode reads the JSON body; an absent one leaves v alone.
func (c *Call) Decode(v any) error {
	if len(c.Body) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.Body, v); err != nil {
		return badParam("the body is not the JSON this endpoint takes: " + err.Error())
	}
	return nil
}

// window reads page_size, page_token and sort_order around the bounds of the field sorted by.
func (c *Call) window(ge, lt int64) (timeline.Window, error) {
	size, err := strconv.Atoi(c.Query.Get("page_size"))
	if err != nil || size < 1 || size > 100 {
		return timeline.Window{}, badParam("page_size must be 1 to 100")
	}
	direction := cmp.Or(c.Query.Get("sort_order"), "ASC")
	if direction != "ASC" && direction != "DESC" {
		return timeline.Window{}, badParam("sort_order must be ASC or DESC")
	}
	return timeline.Window{GE: ge, LT: lt, Desc: direction == "DESC", Size: size, Token: c.Query.Get("page_token")}, nil
}

// times are the bounds that searches share; 0 is none.
type times struct {
	CreateGE int64 `json:"create_time_ge"`
	CreateLT int64 `json:"create_time_lt"`
	UpdateGE int64 `json:"update_time_ge"`
	UpdateLT int64 `json:"update_time_lt"`
}

func (t times) hold(created, updated market.Mark) bool {
	return created.At >= t.CreateGE && (t.CreateLT == 0 || created.At < t.CreateLT) &&
		updated.At >= t.UpdateGE && (t.UpdateLT == 0 || updated.At < t.UpdateLT)
}

// sorted picks the timeline a search walks and its window; create_time ascending is the default.
func sorted[T any](c *Call, t times, byCreate, byUpdate *timeline.Timeline[T]) (*timeline.Timeline[T], timeline.Window, error) {
	switch c.Query.Get("sort_field") {
	case "", "create_time":
		w, err := c.window(t.CreateGE, t.CreateLT)
		return byCreate, w, err
	case "update_time":
		w, err := c.window(t.UpdateGE, t.UpdateLT)
		return byUpdate, w, err
	}
	return nil, timeline.Window{}, badParam("sort_field must be create_time or update_time")
}
