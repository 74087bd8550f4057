package api

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

// shippingProviders are the carriers that a seller may name for an order with this delivery option.
func shippingProviders(c *Call) (any, error) {
	if c.Request.PathValue("id") != c.Store.DeliveryOption {
		return nil, refusal(21008116, "the delivery option does not exist")
	}
	list := []obj{}
	for _, id := range slices.Sorted(maps.Keys(market.Carriers)) {
		list = append(list, obj{"id": id, "name": market.Carriers[id]})
	}
	return obj{"shipping_providers": list}, nil
}

// sending is what a seller tells of a parcel of their own carrier's.
type sending struct {
	Items    []string `json:"order_line_item_ids"`
	Tracking string   `json:"tracking_number"`
	Provider string   `json:"shipping_provider_id"`
}

func (s sending) shipment() market.Shipment {
	return market.Shipment{Carrier: s.Provider, Tracking: s.Tracking}
}

func markShipped(c *Call) (any, error) {
	var q sending
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	id := c.Request.PathValue("id")
	p, err := c.Market.Mark(c.Store, id, q.Items, q.shipment(), c.ShipLost())
	if err != nil {
		return nil, err
	}
	return obj{"order_id": id, "order_line_item_ids": packageItems(p), "package_id": p.ID}, nil
}

func updateShipping(c *Call) (any, error) {
	var q sending
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	return nil, c.Market.Retrack(c.Store, c.Request.PathValue("id"), q.shipment())
}

func splitAttributes(c *Call) (any, error) {
	ids := strings.Split(c.Query.Get("order_ids"), ",")
	if c.Query.Get("order_ids") == "" || len(ids) > 50 {
		return nil, badParam("order_ids must hold 1 to 50 order ids")
	}
	list := []obj{}
	for _, id := range ids {
		if o := c.Store.Orders[id]; o != nil {
			reason := c.Market.Splittable(o)
			list = append(list, obj{"order_id": id, "can_split": reason == "", "reason": reason, "must_split": false})
		}
	}
	return obj{"split_attributes": list}, nil
}

func splitOrder(c *Call) (any, error) {
	var q struct {
		Groups []struct {
			ID    string   `json:"id"`
			Items []string `json:"order_line_item_ids"`
		} `json:"splittable_groups"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	var groups [][]string
	seen := map[string]bool{}
	for _, g := range q.Groups {
		if _, err := strconv.ParseUint(g.ID, 10, 63); err != nil || seen[g.ID] {
			return nil, badParam("each of splittable_groups needs a number of its own as id")
		}
		seen[g.ID] = true
		groups = append(groups, g.Items)
	}
	made, err := c.Market.Split(c.Store, c.Request.PathValue("id"), groups)
	list := []obj{}
	for i, p := range made {
		list = append(list, obj{"splittable_group_id": q.Groups[i].ID, "id": p.ID})
	}
	return obj{"packages": list}, err
}

// combinableSearch pages by the number of groups that were passed.
func combinableSearch(c *Call) (any, error) {
	w, err := c.window(0, 0)
	if err != nil {
		return nil, err
	}
	all := c.Market.Combinable(c.Store)
	from, err := strconv.Atoi(cmp.Or(w.Token, "0"))
	if err != nil || from < 0 {
		return nil, badParam("page_token is invalid")
	}
	from = min(from, len(all))
	to, next := min(from+w.Size, len(all)), ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	list := []obj{}
	for _, g := range all[from:to] {
		list = append(list, obj{"id": g.ID, "order_ids": orderIDs(g.Orders)})
	}
	return obj{"combinable_packages": list, "next_page_token": next, "total_count": len(all)}, nil
}

// combine answers code 0 even when groups were refused: those stand in data.errors[].
func combine(c *Call) (any, error) {
	var q struct {
		Groups []struct {
			ID     string   `json:"id"`
			Orders []string `json:"order_ids"`
		} `json:"combinable_packages"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	if len(q.Groups) == 0 {
		return nil, badParam("combinable_packages must hold a group")
	}
	packages, errs := []obj{}, []obj{}
	for _, g := range q.Groups {
		p, err := c.Market.Combine(c.Store, g.ID, g.Orders)
		if err != nil {
			errs = append(errs, obj{"code": 21011005, "message": err.Error(), "detail": obj{"id": g.ID, "order_ids": g.Orders}})
			continue
		}
		packages = append(packages, obj{"id": p.ID, "order_ids": orderIDs(p.Orders)})
	}
	return obj{"packages": packages, "errors": errs}, nil
}
