package api

import (
	"slices"
	"strings"
)

// warehouses are the one that everything is sold from and the one that returns go to.
func warehouses(c *Call) (any, error) {
	st := c.Store
	place := func(id, name, kind, status string, standard bool) obj {
		return obj{
			"id": id, "entity_id": "e" + id, "name": name, "effect_status": status, "type": kind, "sub_type": "DOMESTIC_WAREHOUSE",
			"is_default": standard,
			"address": obj{
				"region": "United Kingdom", "region_code": st.Region, "city": "Leeds", "postal_code": "LS1 1AA",
				"address_line1": "1 Mill Lane", "full_address": "1 Mill Lane, Leeds LS1 1AA",
			},
		}
	}
	return obj{"warehouses": []obj{
		place(st.Warehouse, "Main warehouse", "SALES_WAREHOUSE", st.WarehouseStatus, true),
		place("701"+st.Warehouse[3:], "Returns", "RETURN_WAREHOUSE", "ENABLED", false),
	}}, nil
}

// scopes says which calls belong to which scope: by how the path begins, or ends. The first that fits holds. Which scope the
// webhooks' configuration needs is not known: here it needs none.
var scopes = []struct{ part, scope string }{
	{"/authorization/", "seller.authorization.info"},
	{"/order/", "seller.order.info"},
	{"/inventory/update", "seller.product.write"},
	{"/product/", "seller.product.basic"},
	{"/ship", "seller.fulfillment.package.write"},
	{"/orders/{id}/packages", "seller.fulfillment.package.write"},
	{"/shipping_info/update", "seller.fulfillment.package.write"},
	{"/split", "seller.fulfillment.package.write"},
	{"/combine", "seller.fulfillment.package.write"},
	{"/fulfillment/", "seller.fulfillment.basic"},
	{"/logistics/", "seller.logistics"},
	{"/return_refund/", "seller.return_refund.basic"},
}

// Scopes are all that there are here.
func Scopes() (all []string) {
	for _, s := range scopes {
		if !slices.Contains(all, s.scope) {
			all = append(all, s.scope)
		}
	}
	return all
}

// Ships says that a call sends a parcel on its way, or makes other parcels of an order.
func Ships(pattern string) bool {
	return Scope(pattern) == "seller.fulfillment.package.write"
}

// Scope is what an authorisation must include for a call; "" = nothing.
func Scope(pattern string) string {
	i := slices.IndexFunc(scopes, func(s struct{ part, scope string }) bool {
		if s.part[len(s.part)-1] == '/' {
			return strings.Contains(pattern, " "+s.part)
		}
		return strings.HasSuffix(pattern, s.part)
	})
	if i < 0 {
		return ""
	}
	return scopes[i].scope
}
