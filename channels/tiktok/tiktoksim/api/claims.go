package api

import (
	"slices"
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

// sellerCancel cancels an order, or the line items or units of SKUs that are named.
func sellerCancel(c *Call) (any, error) {
	var q struct {
		OrderID string `json:"order_id"`
		Reason  string `json:"cancel_reason"`
		SKUs    []struct {
			ID       string `json:"sku_id"`
			Quantity int    `json:"quantity"`
		} `json:"skus"`
		Items []string `json:"order_line_item_ids"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	o := c.Store.Orders[q.OrderID]
	if o == nil || q.Reason == "" {
		return nil, refusal(25001001, "order_id is unknown or cancel_reason is missing")
	}
	c.Market.Counts.CancelTries[o.ID]++
	units := q.Items
	for _, k := range q.SKUs {
		ids := o.IDs(k.ID)
		if k.Quantity < 1 || k.Quantity > len(ids) {
			return nil, refusal(25001020, "the order has not as many of the SKU "+k.ID)
		}
		units = append(units, ids[:k.Quantity]...)
	}
	switch {
	case o.Status == market.Cancelled:
		return nil, refusal(25001011, "the order is cancelled already")
	case o.Status == market.Completed || o.Status == market.Delivered || o.Status == market.InTransit:
		return nil, refusal(25001051, "the order is too far on to be cancelled")
	case o.Status == market.AwaitingCollection && c.Store.Region != "US":
		return nil, refusal(25001021, "the order cannot be cancelled after shipping is arranged")
	case o.Status == market.Unpaid != strings.HasPrefix(q.Reason, "seller_cancel_unpaid_") || !strings.HasPrefix(q.Reason, "seller_cancel_"):
		return nil, refusal(25001014, "cancel_reason is not one of this order's: "+q.Reason)
	}
	if err := c.Market.Cancel(c.Store, o, "SELLER", q.Reason, units); err != nil {
		return nil, refusal(25001021, err.Error())
	}
	c.Market.Counts.SellerCancels[o.ID]++
	made := o.Claims[len(o.Claims)-1]
	return obj{"cancel_id": made.ID, "cancel_status": made.Status}, nil
}

func cancelSearch(c *Call) (any, error) { return claimSearch(c, "") }
func returnSearch(c *Call) (any, error) { return claimSearch(c, "return") }

// claimSearch lists cancellations (kind "") or returns. Unlike orders, returns come at least 10 on a page, and at most 50.
func claimSearch(c *Call, kind string) (any, error) {
	var q struct {
		times
		Cancels      []string `json:"cancel_ids"`
		Returns      []string `json:"return_ids"`
		Orders       []string `json:"order_ids"`
		CancelStatus []string `json:"cancel_status"`
		ReturnStatus []string `json:"return_status"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	byCreate, byUpdate, ids, states, list := &c.Store.CancelLine, &c.Store.CancelNews, q.Cancels, q.CancelStatus, "cancellations"
	if kind != "" {
		byCreate, byUpdate, ids, states, list = &c.Store.ReturnLine, &c.Store.ReturnNews, q.Returns, q.ReturnStatus, "return_orders"
	}
	line, w, err := sorted(c, q.times, byCreate, byUpdate)
	if err != nil {
		return nil, err
	}
	if w.Size > 50 || kind != "" && w.Size < 10 {
		return nil, refusal(25001001, "page_size is out of range")
	}
	in := func(filter []string, value string) bool { return len(filter) == 0 || slices.Contains(filter, value) }
	found, next, total, err := line.Page(w, func(m *market.Claim) bool {
		return q.hold(m.Created, m.Updated) && in(ids, m.ID) && in(q.Orders, m.Order.ID) && in(states, m.Status)
	})
	wires := make([]obj, len(found))
	for i, m := range found {
		wires[i] = wireClaim(m)
	}
	return obj{list: wires, "next_page_token": next, "total_count": total}, err
}

func wireClaim(m *market.Claim) obj {
	o, what := m.Order, "cancel"
	if m.Type != "" {
		what = "return"
	}
	var lines []obj
	for _, u := range m.Units {
		id := strconv.FormatInt(u.ID, 10)
		lines = append(lines, obj{
			what + "_line_item_id": "9" + id, "order_line_item_id": id, "sku_id": u.SKUID, "sku_name": "Default",
			"product_name": u.Listing.Product.Title, "seller_sku": u.Listing.SellerSKU,
			"refund_amount": obj{"currency": o.Currency, "refund_total": u.Price, "refund_subtotal": u.Price, "refund_shipping_fee": "0", "refund_tax": "0"},
		})
	}
	w := obj{
		"order_id": o.ID, what + "_id": m.ID, what + "_status": m.Status, "role": m.Role, what + "_reason": m.Reason,
		what + "_reason_text": "as the buyer reads it", "create_time": m.Created.At, "update_time": m.Updated.At, what + "_line_items": lines,
	}
	if m.Type == "" {
		w["cancel_type"] = "CANCEL"
	} else {
		w["return_type"], w["arbitration_status"] = m.Type, ""
		w["shipment_type"], w["return_tracking_number"] = "BUYER_ARRANGE", m.Tracking
	}
	if len(m.Units) == units(o) {
		w["refund_amount"] = obj{"currency": o.Currency, "refund_total": o.SubTotal, "refund_subtotal": o.SubTotal, "refund_shipping_fee": "0", "refund_tax": "0"}
	}
	if action, until, open := m.Open(); open {
		w["seller_next_action_response"] = []obj{{"action": action, "deadline": until}}
	}
	return w
}

func units(o *market.Order) (n int) {
	for _, l := range o.Items {
		n += l.Quantity
	}
	return n
}

// rejectReasonNames are what a no may give as its reason. The vendor's differ by market; these are in its style.
var rejectReasonNames = []string{"seller_reject_agreed_otherwise", "seller_reject_product_has_been_packed", "seller_reject_not_eligible", "seller_reject_not_as_sent"}

func rejectReasons(c *Call) (any, error) {
	if c.Store.Claims[c.Query.Get("return_or_cancel_id")] == nil {
		return nil, refusal(25020004, "return_or_cancel_id is unknown")
	}
	var list []obj
	for _, name := range rejectReasonNames {
		list = append(list, obj{"name": name, "text": name})
	}
	return obj{"reasons": list}, nil
}

// answer reads what both calls of both kinds share, and stops at a key that took effect before.
func answer(c *Call, do func(m *market.Claim, decision, key string) error) (any, error) {
	var q struct {
		Decision string `json:"decision"`
		Reason   string `json:"reject_reason"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	m, key := c.Store.Claims[c.Request.PathValue("id")], c.Query.Get("idempotency_key")
	if m == nil {
		return nil, refusal(25020004, "there is no such request")
	}
	if c.Market.Answered(m, key) {
		return nil, nil
	}
	if strings.HasSuffix(c.Request.URL.Path, "/reject") && !slices.Contains(rejectReasonNames, q.Reason) {
		return nil, refusal(25001014, "reject_reason is not one of this request's: "+q.Reason)
	}
	return nil, do(m, q.Decision, key)
}

func cancelApprove(c *Call) (any, error) {
	return answer(c, func(m *market.Claim, _, key string) error { return c.Market.AnswerCancel(c.Store, m, true, key) })
}

func cancelReject(c *Call) (any, error) {
	return answer(c, func(m *market.Claim, _, key string) error { return c.Market.AnswerCancel(c.Store, m, false, key) })
}

func returnApprove(c *Call) (any, error) {
	return answer(c, func(m *market.Claim, decision, key string) error {
		if strings.HasPrefix(decision, "REJECT") {
			return refusal(25011010, "this is no way to approve: "+decision)
		}
		return c.Market.AnswerReturn(c.Store, m, decision, key)
	})
}

func returnReject(c *Call) (any, error) {
	return answer(c, func(m *market.Claim, decision, key string) error {
		if !strings.HasPrefix(decision, "REJECT") {
			return refusal(25011010, "this is no way to reject: "+decision)
		}
		return c.Market.AnswerReturn(c.Store, m, decision, key)
	})
}
