package api

import (
	"fmt"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/amount"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/graph"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
)

func (c *Call) refund(r *market.Refund) obj {
	return obj{
		"__typename": "Refund", "id": GID("Refund", r.ID), "createdAt": stamp(r.Created), "note": nil, "totalRefundedSet": c.money(r.Amount),
		"order": graph.Field(func(args) (any, error) { return c.order(r.Order), nil }),
		"return": graph.Field(func(args) (any, error) {
			if r.Return == nil || c.permit("return") != nil {
				return nil, nil
			}
			return c.giveBack(r.Return), nil
		}),
		"refundLineItems": paged("RefundLineItem", r.Lines, func(l market.RefundLine) obj {
			return obj{
				"__typename": "RefundLineItem", "id": GID("RefundLineItem", l.ID), "quantity": l.Quantity, "restockType": l.Restock, "location": c.at(l.Location), "restocked": l.Restock != "NO_RESTOCK",
				"lineItem": graph.Field(func(args) (any, error) { return c.line(r.Order, l.Item), nil }),
			}
		}),
	}
}

// at is where units were put; nothing where that is not told.
func (c *Call) at(id int64) any {
	if l := c.Store.Place(id); l != nil {
		return place(l)
	}
	return nil
}

func (c *Call) giveBack(r *market.Return) obj {
	var work, exchange []*market.Return
	if r.Work != 0 {
		work = append(work, r)
	}
	if r.Exchange {
		exchange = append(exchange, r)
	}
	var decline any
	if r.DeclineReason != "" {
		decline = obj{"__typename": "ReturnDecline", "reason": r.DeclineReason, "note": orNull(r.Note)}
	}
	return obj{
		"__typename": "Return", "id": GID("Return", r.ID), "name": r.Name, "status": r.Status, "createdAt": stamp(r.Created), "requestApprovedAt": stamp(r.Opened),
		"closedAt": stamp(r.Closing), "totalQuantity": r.Quantity(), "decline": decline,
		"order":                    graph.Field(func(args) (any, error) { return c.order(r.Order), nil }),
		"returnLineItems":          paged("ReturnLineItemType", r.Lines, func(l *market.ReturnLine) obj { return c.comingBack(r, l) }),
		"reverseFulfillmentOrders": paged("ReverseFulfillmentOrder", work, c.work),
		"exchangeLineItems": paged("ExchangeLineItem", exchange, func(r *market.Return) obj {
			return obj{"__typename": "ExchangeLineItem", "id": GID("ExchangeLineItem", r.ID), "quantity": 1}
		}),
		"suggestedFinancialOutcome": graph.Field(func(a args) (any, error) { return c.suggest(r, a), nil }),
	}
}

func (c *Call) comingBack(r *market.Return, l *market.ReturnLine) obj {
	left := l.Quantity - l.Processed
	can := left
	if r.Status != "OPEN" {
		can = 0
	}
	var reason any
	if r.Reason != "" {
		reason = obj{"__typename": "ReturnReasonDefinition", "id": GID("ReturnReasonDefinition", 1), "handle": r.Reason, "name": r.Reason}
	}
	return obj{
		"__typename": "ReturnLineItem", "id": GID("ReturnLineItem", l.ID), "quantity": l.Quantity, "processedQuantity": l.Processed, "unprocessedQuantity": left,
		"processableQuantity": can, "refundedQuantity": l.Refunded, "refundableQuantity": l.Quantity - l.Refunded, "customerNote": nil, "returnReasonNote": "", "returnReasonDefinition": reason,
		"fulfillmentLineItem": graph.Field(func(args) (any, error) { return c.sentLine(r.Order, l), nil }),
	}
}

func (c *Call) sentLine(o *market.Order, l *market.ReturnLine) any {
	for _, f := range o.Fulfillments {
		for _, sent := range f.Lines {
			if sent.ID == l.Sent {
				return obj{
					"__typename": "FulfillmentLineItem", "id": GID("FulfillmentLineItem", sent.ID), "quantity": sent.Remaining,
					"lineItem": graph.Field(func(args) (any, error) { return c.line(o, l.Item), nil }),
				}
			}
		}
	}
	return nil
}

func (c *Call) work(r *market.Return) obj {
	var ways []string
	if r.Tracking != "" {
		ways = []string{r.Tracking}
	}
	return obj{
		"__typename": "ReverseFulfillmentOrder", "id": GID("ReverseFulfillmentOrder", r.Work),
		"lineItems": paged("ReverseFulfillmentOrderLineItem", r.Lines, func(l *market.ReturnLine) obj {
			became := []obj{}
			for i, d := range l.Disposed {
				became = append(became, obj{"__typename": "ReverseFulfillmentOrderDisposition", "id": GID("ReverseFulfillmentOrderDisposition", l.Work+int64(i)), "type": d.Type, "quantity": d.Quantity, "location": c.at(d.Location)})
			}
			return obj{
				"__typename": "ReverseFulfillmentOrderLineItem", "id": GID("ReverseFulfillmentOrderLineItem", l.Work), "totalQuantity": l.Quantity,
				"dispositions": became, "fulfillmentLineItem": graph.Field(func(args) (any, error) { return c.sentLine(r.Order, l), nil }),
			}
		}),
		"reverseDeliveries": paged("ReverseDelivery", ways, func(number string) obj {
			return obj{"__typename": "ReverseDelivery", "id": GID("ReverseDelivery", r.Work+1), "deliverable": obj{
				"__typename": "ReverseDeliveryShippingDeliverable",
				"tracking":   obj{"__typename": "ReverseDeliveryTrackingV2", "number": number, "carrierName": nil, "url": nil},
			}}
		}),
	}
}

// suggest is what the vendor would refund for units of a return, no more than is left of what was paid, and the way it came.
func (c *Call) suggest(r *market.Return, a args) any {
	var sum market.Amount
	for _, in := range a.All("returnLineItems") {
		n, _ := in.Whole("quantity")
		for _, l := range r.Lines {
			if l.ID == ungid(in.Text("id"), "ReturnLineItem") {
				sum += l.Item.Price * market.Amount(min(n, l.Quantity-l.Processed))
			}
		}
	}
	sum = min(sum, r.Order.Refundable())
	list := []obj{}
	for _, t := range r.Order.Transactions {
		if (t.Kind == "SALE" || t.Kind == "CAPTURE") && t.Status == "SUCCESS" && sum > 0 {
			list = append(list, obj{
				"__typename": "SuggestedOrderTransaction", "amountSet": c.money(sum), "gateway": "bogus", "kind": "SUGGESTED_REFUND",
				"parentTransaction": c.transaction(r.Order, t),
			})
			break
		}
	}
	return obj{
		"__typename": "SuggestedReturnFinancialOutcome", "maximumRefundable": c.money(r.Order.Refundable()),
		"financialTransfer": obj{"__typename": "RefundReturnOutcome", "amount": c.money(sum), "suggestedTransactions": list},
	}
}

// back finds the return that a call is about.
func (c *Call) back(gid string) (*market.Return, error) {
	if r := c.Store.Returns[ungid(gid, "Return")]; r != nil {
		return r, nil
	}
	return nil, market.Refusal{Code: "NOT_FOUND", Message: "Return not found.", Field: []string{"id"}}
}

// answered is the payload of a call about a return.
func (c *Call) answered(r *market.Return, err error) (any, error) {
	if err != nil {
		return refused(err, "userErrors", "return")
	}
	return obj{"return": c.giveBack(r), "userErrors": []obj{}}, nil
}

func (c *Call) approve(a args, _ string) (any, error) {
	r, err := c.back(a.In("input").Text("id"))
	if err == nil {
		err = c.Market.Approve(c.Store, r)
	}
	return c.answered(r, err)
}

func (c *Call) decline(a args, _ string) (any, error) {
	in := a.In("input")
	r, err := c.back(in.Text("id"))
	if err == nil {
		err = c.Market.Decline(c.Store, r, in.Text("declineReason"), in.Text("declineNote"))
	}
	return c.answered(r, err)
}

func (c *Call) callOff(a args, _ string) (any, error) {
	r, err := c.back(a.Text("id"))
	if err == nil {
		err = c.Market.CallOff(c.Store, r)
	}
	return c.answered(r, err)
}

func (c *Call) closeReturn(a args, _ string) (any, error) {
	r, err := c.back(a.Text("id"))
	if err == nil {
		err = c.Market.Close(c.Store, r)
	}
	return c.answered(r, err)
}

func (c *Call) process(a args, _ string) (any, error) {
	in := a.In("input")
	r, err := c.back(in.Text("returnId"))
	if err != nil {
		return c.answered(nil, err)
	}
	var lines []market.Processed
	for _, l := range in.All("returnLineItems") {
		n, _ := l.Whole("quantity")
		p := market.Processed{Line: ungid(l.Text("id"), "ReturnLineItem"), Quantity: n}
		for _, d := range l.All("dispositions") {
			n, _ := d.Whole("quantity")
			p.Becomes = append(p.Becomes, market.Became{
				Work: ungid(d.Text("reverseFulfillmentOrderLineItemId"), "ReverseFulfillmentOrderLineItem"), Location: ungid(d.Text("locationId"), "Location"),
				Disposition: market.Disposition{Type: d.Text("dispositionType"), Quantity: n},
			})
		}
		lines = append(lines, p)
	}
	var money []market.Transfer
	for _, t := range in.In("financialTransfer").In("issueRefund").All("orderTransactions") {
		amount, ok := amount.Parse(fmt.Sprint(t.In("transactionAmount")["amount"]))
		if !ok || t.In("transactionAmount").Text("currencyCode") != c.Store.Currency {
			return c.answered(nil, market.Refusal{Code: "INVALID", Message: "Amount or currency is invalid.", Field: []string{"input", "financialTransfer"}})
		}
		money = append(money, market.Transfer{Parent: ungid(t.Text("parentId"), "OrderTransaction"), Amount: amount})
	}
	return c.answered(r, c.Market.Process(c.Store, r, lines, money))
}
