package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/amount"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/graph"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
)

// keyLife is how long an answer is kept for its key. How long the vendor does is not known.
const keyLife = 24 * time.Hour

// Keys are the idempotency keys of one shop and app.
type Keys struct{ known map[string]*spent }

type spent struct {
	request string
	answer  any
	failed  bool // the attempt ended in a fault: the key is spoilt
	at      time.Time
}

// NewKeys makes an empty set.
func NewKeys() *Keys { return &Keys{known: map[string]*spent{}} }

// Spoil says that the attempt with a key ended in a fault.
func (k *Keys) Spoil(key string, at time.Time) { k.known[key] = &spent{failed: true, at: at} }

// once carries out a mutation that demands a key, or says again what it said.
func (c *Call) once(name string, a args, key string, keyed bool) (any, error) {
	if !keyed || key == "" {
		return nil, &graph.Error{Code: "BAD_REQUEST", Message: "The @idempotent directive is required for this mutation but was not provided."}
	}
	said := func(code, message string) (any, error) {
		return refused(market.Refusal{Code: code, Message: message}, "userErrors", "inventoryAdjustmentGroup")
	}
	text, err := json.Marshal(map[string]any{name: map[string]any(a)})
	if err != nil {
		return nil, fmt.Errorf("remember the request: %w", err)
	}
	if c.InProgress(key) {
		return said("IDEMPOTENCY_CONCURRENT_REQUEST", "This request is currently inProgress, please try again.")
	}
	before := c.Keys.known[key]
	if before != nil && c.Now.Sub(before.at) > keyLife {
		before = nil
	}
	switch {
	case before != nil && before.failed:
		return said("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "The previous attempt with this key failed; use another key.")
	case before != nil && before.request != string(text):
		return said("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "The same idempotency key cannot be used with different operation parameters.")
	case before != nil:
		return before.answer, nil
	}
	answer, err := mutations[name](c, a, key)
	if err != nil {
		return nil, err
	}
	c.Keys.known[key] = &spent{request: string(text), answer: answer, at: c.Now}
	return answer, nil
}

func (c *Call) setQuantities(a args, key string) (any, error) {
	in := a.In("input")
	if name := in.Text("name"); name != "available" {
		return refused(market.Refusal{Code: "INVALID_NAME", Message: "The simulator sets available only.", Field: []string{"input", "name"}}, "userErrors", "inventoryAdjustmentGroup")
	}
	if !reasons[in.Text("reason")] {
		return refused(market.Refusal{Code: "INVALID_REASON", Message: "The specified reason is invalid.", Field: []string{"input", "reason"}}, "userErrors", "inventoryAdjustmentGroup")
	}
	var sets []market.Set
	for _, q := range in.All("quantities") {
		if !q.Has("changeFromQuantity") { // it may be null, and must be said
			return nil, &graph.Error{Code: "BAD_REQUEST", Message: "changeFromQuantity must be provided, if only as null."}
		}
		to, _ := q.Whole("quantity")
		base, checked := q.Whole("changeFromQuantity")
		sets = append(sets, market.Set{
			Item: ungid(q.Text("inventoryItemId"), "InventoryItem"), Location: ungid(q.Text("locationId"), "Location"), To: to, Base: base, Checked: checked,
		})
	}
	return c.write(in, sets, key)
}

func (c *Call) adjustQuantities(a args, key string) (any, error) {
	in := a.In("input")
	var sets []market.Set
	for _, q := range in.All("changes") {
		item, location := ungid(q.Text("inventoryItemId"), "InventoryItem"), ungid(q.Text("locationId"), "Location")
		delta, _ := q.Whole("delta")
		base, checked := q.Whole("changeFromQuantity")
		if v := c.Store.Items[item]; v != nil && v.Levels[location] != nil {
			delta += v.Levels[location].Available
		}
		sets = append(sets, market.Set{Item: item, Location: location, To: delta, Base: base, Checked: checked})
	}
	return c.write(in, sets, key)
}

// reasons are the documented ones.
var reasons = map[string]bool{
	"correction": true, "cycle_count_available": true, "damaged": true, "movement_created": true, "movement_updated": true, "movement_received": true,
	"movement_canceled": true, "other": true, "promotion": true, "quality_control": true, "received": true, "reservation_created": true,
	"reservation_deleted": true, "reservation_updated": true, "restock": true, "safety_stock": true, "shrinkage": true,
}

func (c *Call) write(in args, sets []market.Set, key string) (any, error) {
	changes, err := c.Market.SetQuantities(c.Store, sets, key, c.QuantityLost())
	if err != nil {
		return refused(err, "userErrors", "inventoryAdjustmentGroup")
	}
	list := []obj{}
	for _, ch := range changes {
		list = append(list, obj{
			"__typename": "InventoryChange", "delta": ch.Delta, "name": "available", "quantityAfterChange": ch.After,
			"item": c.item(ch.Item), "location": place(ch.Location), "ledgerDocumentUri": nil,
		})
	}
	return obj{"userErrors": []obj{}, "inventoryAdjustmentGroup": obj{
		"__typename": "InventoryAdjustmentGroup", "id": GID("InventoryAdjustmentGroup", c.Market.ID()), "createdAt": stamp(c.Now), "reason": in.Text("reason"),
		"referenceDocumentUri": orNull(in.Text("referenceDocumentUri")), "changes": graph.Field(func(args) (any, error) { return list, nil }),
	}}, nil
}

func tracking(in args) market.Parcel {
	p := market.Parcel{Company: in.Text("company"), Number: in.Text("number"), URL: in.Text("url")}
	if list := in.Texts("numbers"); p.Number == "" && len(list) > 0 {
		p.Number = list[0]
	}
	return p
}

func (c *Call) fulfil(a args, _ string) (any, error) {
	in := a.In("fulfillment")
	var pieces []market.Piece
	for _, part := range in.All("lineItemsByFulfillmentOrder") {
		p := market.Piece{Part: ungid(part.Text("fulfillmentOrderId"), "FulfillmentOrder")}
		for _, l := range part.All("fulfillmentOrderLineItems") {
			n, _ := l.Whole("quantity")
			p.Lines = append(p.Lines, market.PieceLine{ID: ungid(l.Text("id"), "FulfillmentOrderLineItem"), Quantity: n})
		}
		pieces = append(pieces, p)
	}
	f, err := c.Market.Fulfil(c.Store, pieces, tracking(in.In("trackingInfo")))
	if err != nil {
		return refused(err, "userErrors", "fulfillment")
	}
	return obj{"fulfillment": c.parcel(f), "userErrors": []obj{}}, nil
}

func (c *Call) retrack(a args, _ string) (any, error) {
	f := c.Store.Fulfillment(ungid(a.Text("fulfillmentId"), "Fulfillment"))
	if f == nil {
		return refused(market.Refusal{Message: "Fulfillment does not exist.", Field: []string{"fulfillmentId"}}, "userErrors", "fulfillment")
	}
	c.Market.Retrack(c.Store, f, tracking(a.In("trackingInfoInput")))
	return obj{"fulfillment": c.parcel(f), "userErrors": []obj{}}, nil
}

func (c *Call) undo(a args, _ string) (any, error) {
	f := c.Store.Fulfillment(ungid(a.Text("id"), "Fulfillment"))
	err := error(market.Refusal{Message: "Fulfillment not found.", Field: []string{"id"}})
	if f != nil {
		err = c.Market.Undo(c.Store, f)
	}
	if err != nil {
		return refused(err, "userErrors", "fulfillment")
	}
	return obj{"fulfillment": c.parcel(f), "userErrors": []obj{}}, nil
}

func (c *Call) cancel(a args, _ string) (any, error) {
	o := c.Store.Orders[ungid(a.Text("orderId"), "Order")]
	if o == nil {
		return refused(market.Refusal{Code: "NOT_FOUND", Message: "Order does not exist", Field: []string{"orderId"}}, "orderCancelUserErrors", "job")
	}
	id, err := c.Market.CancelLater(c.Store, o, market.Cancellation{
		Reason: a.Text("reason"), Restock: a.Flag("restock"), Refund: a.In("refundMethod").Flag("originalPaymentMethodsRefund"), Note: a.Text("staffNote"),
	})
	if err != nil {
		return refused(err, "orderCancelUserErrors", "job")
	}
	return obj{"orderCancelUserErrors": []obj{}, "job": obj{"id": "gid://shopify/Job/" + id, "done": c.Store.Jobs[id]}}, nil
}

func (c *Call) capture(a args, _ string) (any, error) {
	in := a.In("input")
	o := c.Store.Orders[ungid(in.Text("id"), "Order")]
	amount, ok := amount.Parse(in.Text("amount"))
	err := error(market.Refusal{Message: "Order does not exist", Field: []string{"input", "id"}})
	var t *market.Transaction
	switch {
	case o == nil:
	case !ok:
		err = market.Refusal{Message: "Amount is invalid", Field: []string{"input", "amount"}}
	default:
		t, err = c.Market.Capture(c.Store, o, ungid(in.Text("parentTransactionId"), "OrderTransaction"), amount)
	}
	var no market.Refusal
	if errors.As(err, &no) {
		return refused(err, "userErrors", "transaction")
	}
	return obj{"transaction": c.transaction(o, t), "userErrors": []obj{}}, err
}
