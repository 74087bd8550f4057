package api

import (
	"fmt"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/graph"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
)

func (c *Call) money(a market.Amount) obj {
	one := obj{"__typename": "MoneyV2", "amount": a.Decimal(), "currencyCode": c.Store.Currency}
	return obj{"__typename": "MoneyBag", "shopMoney": one, "presentmentMoney": one}
}

func (c *Call) order(o *market.Order) obj {
	var refunded, current, capturable market.Amount
	for _, t := range o.Transactions {
		if t.Kind == "REFUND" && t.Status == "SUCCESS" {
			refunded += t.Amount
		}
		capturable += o.Unsettled(t)
	}
	for _, it := range o.Items {
		current += it.Price * market.Amount(it.Current)
	}
	unsent := o.Fulfilment() != "FULFILLED" && o.Cancelled.IsZero()
	return obj{
		"__typename": "Order", "id": GID("Order", o.ID), "legacyResourceId": fmt.Sprint(o.ID), "name": o.Name, "createdAt": stamp(o.Created),
		"processedAt": stamp(o.Created), "updatedAt": stamp(o.Updated), "cancelledAt": stamp(o.Cancelled), "cancelReason": orNull(o.CancelReason),
		"closed": false, "closedAt": nil, "currencyCode": c.Store.Currency, "displayFinancialStatus": o.Financial,
		"displayFulfillmentStatus": o.Fulfilment(), "returnStatus": o.Returning(), "capturable": capturable > 0, "fulfillable": unsent,
		"edited": o.Edited, "test": false, "note": orNull(o.NewOrder.Note), "tags": []any{}, "requiresShipping": true,
		"email": orNull(c.private(o.NewOrder.Email)), "phone": nil,
		"customer": c.guarded("customer", func(args) (any, error) { return obj{"__typename": "Customer", "id": GID("Customer", o.Customer)}, nil }), "shippingAddress": c.address(o),
		"billingAddressMatchesShippingAddress": !o.NewOrder.BilledElsewhere,
		"totalPriceSet":                        c.money(o.Total()), "currentTotalPriceSet": c.money(current), "totalOutstandingSet": c.money(o.Owed()),
		"totalCapturableSet": c.money(capturable), "totalRefundedSet": c.money(refunded),
		"lineItems":         paged("LineItem", o.Items, func(it *market.Item) obj { return c.line(o, it) }),
		"fulfillmentOrders": c.guarded("fulfillmentOrders", paged("FulfillmentOrder", o.Parts, c.part)),
		"fulfillments":      first(o.Fulfillments, c.parcel), "transactions": first(o.Transactions, func(t *market.Transaction) obj { return c.transaction(o, t) }), "refunds": first(o.Refunds, c.refund),
		"returns": c.guarded("returns", paged("Return", o.Returns, c.giveBack)),
	}
}

// first is a list that takes how many of it are wanted.
func first[T any](list []T, make func(T) obj) graph.Field {
	return func(a args) (any, error) {
		n, given := a.Whole("first")
		out := []obj{}
		for i, item := range list {
			if given && int64(i) >= n {
				break
			}
			out = append(out, make(item))
		}
		return out, nil
	}
}

func (c *Call) private(s string) string {
	if c.PersonalHides {
		return ""
	}
	return s
}

func (c *Call) address(o *market.Order) any {
	n := o.NewOrder
	if n.Address == "" && n.Buyer == "" {
		return nil
	}
	lines := []any{n.Address, n.City + " " + n.PostalCode, n.Country}
	if c.PersonalHides {
		lines = []any{}
	}
	return obj{
		"__typename": "MailingAddress", "id": GID("MailingAddress", o.ID) + "?model_name=Address", "name": orNull(c.private(n.Buyer)), "firstName": nil, "company": nil,
		"lastName": orNull(c.private(n.Buyer)), "address1": orNull(c.private(n.Address)), "address2": nil, "city": orNull(n.City), "province": nil,
		"provinceCode": nil, "zip": orNull(n.PostalCode), "country": orNull(n.Country), "countryCodeV2": orNull(n.Country), "phone": nil,
		"formatted": graph.Field(func(args) (any, error) { return lines, nil }),
	}
}

func (c *Call) line(o *market.Order, it *market.Item) obj {
	var left int64
	for _, p := range o.Parts {
		for _, l := range p.Lines {
			if l.Item == it {
				left += l.Remaining
			}
		}
	}
	return obj{
		"__typename": "LineItem", "id": GID("LineItem", it.ID), "name": it.Variant.Product.Title, "title": it.Variant.Product.Title,
		"variantTitle": orNull(it.Variant.Option), "sku": orNull(it.Variant.SKU.SKU), "quantity": it.Quantity, "currentQuantity": it.Current,
		"unfulfilledQuantity": left, "requiresShipping": true,
		"variant":              graph.Field(func(args) (any, error) { return c.variant(it.Variant), nil }),
		"product":              graph.Field(func(args) (any, error) { return c.product(it.Variant.Product), nil }),
		"originalUnitPriceSet": c.money(it.Price), "discountedUnitPriceSet": c.money(it.Price), "discountedUnitPriceAfterAllDiscountsSet": c.money(it.Price),
	}
}

func (c *Call) part(p *market.Part) obj {
	return obj{
		"__typename": "FulfillmentOrder", "id": GID("FulfillmentOrder", p.ID), "orderId": GID("Order", p.Order.ID), "orderName": p.Order.Name,
		"status": p.Status, "requestStatus": "UNSUBMITTED", "createdAt": stamp(p.Order.Created), "updatedAt": stamp(p.Updated), "fulfillAt": stamp(p.Order.Created),
		"fulfillBy": nil, "assignedLocation": obj{"name": p.Location.Name, "location": place(p.Location)},
		"order": graph.Field(func(args) (any, error) { return c.order(p.Order), nil }),
		"lineItems": paged("FulfillmentOrderLineItem", p.Lines, func(l *market.PartLine) obj {
			return obj{
				"__typename": "FulfillmentOrderLineItem", "id": GID("FulfillmentOrderLineItem", l.ID), "totalQuantity": l.Total, "remainingQuantity": l.Remaining,
				"sku": orNull(l.Item.Variant.SKU.SKU), "lineItem": graph.Field(func(args) (any, error) { return c.line(p.Order, l.Item), nil }),
				"variant": graph.Field(func(args) (any, error) { return c.variant(l.Item.Variant), nil }),
			}
		}),
	}
}

func (c *Call) parcel(f *market.Fulfillment) obj {
	var total int64
	for _, l := range f.Lines {
		total += l.Remaining
	}
	var moving, delivered any
	switch f.Display {
	case "IN_TRANSIT":
		moving = stamp(f.Updated)
	case "DELIVERED":
		moving, delivered = stamp(f.Updated), stamp(f.Updated)
	}
	track := func(args) (any, error) {
		if f.Tracking == "" && f.Company == "" {
			return []obj{}, nil
		}
		return []obj{{"company": orNull(f.Company), "number": orNull(f.Tracking), "url": orNull(f.URL)}}, nil
	}
	return obj{
		"__typename": "Fulfillment", "id": GID("Fulfillment", f.ID), "legacyResourceId": fmt.Sprint(f.ID), "name": fmt.Sprintf("%s.%d", f.Order.Name, f.Number),
		"status": f.Status, "displayStatus": f.Display, "createdAt": stamp(f.Created), "updatedAt": stamp(f.Updated), "inTransitAt": moving, "deliveredAt": delivered,
		"totalQuantity": total, "location": place(f.Part.Location), "trackingInfo": graph.Field(track), "order": graph.Field(func(args) (any, error) { return c.order(f.Order), nil }),
		"fulfillmentLineItems": paged("FulfillmentLineItem", f.Lines, func(l market.PartLine) obj {
			return obj{
				"__typename": "FulfillmentLineItem", "id": GID("FulfillmentLineItem", l.ID), "quantity": l.Remaining,
				"lineItem": graph.Field(func(args) (any, error) { return c.line(f.Order, l.Item), nil }),
			}
		}),
	}
}

func (c *Call) transaction(o *market.Order, t *market.Transaction) obj {
	var parent any
	if t.Parent != nil {
		parent = c.transaction(o, t.Parent)
	}
	return obj{
		"__typename": "OrderTransaction", "id": GID("OrderTransaction", t.ID), "kind": t.Kind, "status": t.Status, "amountSet": c.money(t.Amount),
		"createdAt": stamp(t.Created), "parentTransaction": parent, "gateway": "bogus", "totalUnsettledSet": c.money(o.Unsettled(t)),
	}
}
