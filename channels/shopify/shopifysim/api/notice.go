package api

import (
	"fmt"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
)

// plurals are the resources that topics begin with, longest first, because their names have underscores too.
var plurals = []string{"FULFILLMENT_ORDERS", "INVENTORY_LEVELS", "INVENTORY_ITEMS", "BULK_OPERATIONS", "FULFILLMENTS", "ORDERS", "PRODUCTS", "REFUNDS", "RETURNS", "APP"}

// Topic is how a webhook names a topic: ORDERS_CREATE is orders/create.
func Topic(name string) string {
	for _, p := range plurals {
		if rest, ok := strings.CutPrefix(name, p+"_"); ok {
			return strings.ToLower(p + "/" + rest)
		}
	}
	return strings.ToLower(name)
}

// Payload is a notice in the vendor's REST shapes.
func Payload(st *market.Store, n market.Notice) any {
	switch {
	case n.Item != nil:
		level := n.Item.Levels[n.Location.ID]
		return obj{
			"inventory_item_id": n.Item.Item, "location_id": n.Location.ID, "available": level.Available, "updated_at": local(level.Updated),
			"admin_graphql_api_id": fmt.Sprintf("gid://shopify/InventoryLevel/%d?inventory_item_id=%d", n.Location.ID, n.Item.Item),
		}
	case n.Return != nil:
		return obj{
			"id": n.Return.ID, "admin_graphql_api_id": GID("Return", n.Return.ID), "status": strings.ToLower(n.Return.Status), "name": n.Return.Name,
			"order": obj{"id": n.Order.ID, "admin_graphql_api_id": GID("Order", n.Order.ID)}, "total_return_line_items": n.Return.Quantity(),
		}
	case n.Refund != nil:
		lines := []obj{}
		for _, l := range n.Refund.Lines {
			lines = append(lines, obj{"id": l.ID, "line_item_id": l.Item.ID, "quantity": l.Quantity, "restock_type": strings.ToLower(l.Restock)})
		}
		return obj{
			"id": n.Refund.ID, "admin_graphql_api_id": GID("Refund", n.Refund.ID), "order_id": n.Order.ID, "created_at": local(n.Refund.Created), "refund_line_items": lines,
		}
	case n.Fulfillment != nil:
		f := n.Fulfillment
		return obj{
			"id": f.ID, "admin_graphql_api_id": GID("Fulfillment", f.ID), "order_id": n.Order.ID, "status": strings.ToLower(f.Status), "created_at": local(f.Created),
			"updated_at": local(f.Updated), "tracking_company": f.Company, "tracking_number": f.Tracking, "tracking_numbers": []string{f.Tracking},
			"shipment_status": strings.ToLower(f.Display),
		}
	case strings.HasPrefix(n.Topic, "FULFILLMENT_ORDERS_"):
		p := n.Order.Parts[0]
		return obj{"fulfillment_order": obj{"id": GID("FulfillmentOrder", p.ID), "status": strings.ToLower(p.Status)}}
	case n.Topic == "ORDERS_EDITED":
		return obj{"order_edit": obj{"id": n.Order.ID, "order_id": n.Order.ID, "created_at": local(n.Order.Updated), "committed_at": local(n.Order.Updated), "line_items": obj{"additions": []any{}, "removals": []any{}}}}
	case n.Order != nil:
		return orderPayload(st, n.Order)
	case n.Product != nil:
		return obj{
			"id": n.Product.ID, "admin_graphql_api_id": GID("Product", n.Product.ID), "title": n.Product.Title, "status": strings.ToLower(n.Product.Status),
			"created_at": local(n.Product.Created), "updated_at": local(n.Product.Updated),
		}
	}
	return obj{"id": st.ID, "domain": st.Domain, "myshopify_domain": st.Domain, "name": st.Name}
}

func orderPayload(st *market.Store, o *market.Order) obj {
	lines := []obj{}
	for _, it := range o.Items {
		lines = append(lines, obj{
			"id": it.ID, "admin_graphql_api_id": GID("LineItem", it.ID), "variant_id": it.Variant.ID, "product_id": it.Variant.Product.ID, "sku": it.Variant.SKU.SKU,
			"quantity": it.Quantity, "current_quantity": it.Current, "price": it.Price.Fixed(), "title": it.Variant.Product.Title,
		})
	}
	var cancelled, reason, fulfilment any
	if !o.Cancelled.IsZero() {
		cancelled, reason = local(o.Cancelled), strings.ToLower(o.CancelReason)
	}
	switch o.Fulfilment() {
	case "FULFILLED":
		fulfilment = "fulfilled"
	case "PARTIALLY_FULFILLED":
		fulfilment = "partial"
	}
	return obj{
		"id": o.ID, "admin_graphql_api_id": GID("Order", o.ID), "name": o.Name, "financial_status": strings.ToLower(o.Financial), "fulfillment_status": fulfilment,
		"created_at": local(o.Created), "updated_at": local(o.Updated), "cancelled_at": cancelled, "cancel_reason": reason, "currency": st.Currency,
		"total_price": o.Total().Fixed(), "email": o.NewOrder.Email, "line_items": lines,
	}
}

// local writes a time in the shop's zone, as the vendor's payloads do: it is never UTC in them.
func local(t time.Time) string {
	return t.In(time.FixedZone("", -5*60*60)).Format(time.RFC3339)
}
