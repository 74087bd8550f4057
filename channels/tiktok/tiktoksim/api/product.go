package api

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

func productSearch(c *Call) (any, error) {
	var q struct {
		Status     string   `json:"status"`
		SellerSKUs []string `json:"seller_skus"`
		SKUs       []string `json:"sku_ids"`
		CreateGE   int64    `json:"create_time_ge"`
		CreateLE   int64    `json:"create_time_le"`
		UpdateGE   int64    `json:"update_time_ge"`
		UpdateLE   int64    `json:"update_time_le"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	w, err := c.window(q.CreateGE, 0)
	if err != nil {
		return nil, err
	}
	found, next, total, err := c.Store.ProductLine.Page(w, func(p *market.Product) bool {
		holds := func(wanted []string, of func(*market.Listing) string) bool {
			return len(wanted) == 0 || slices.ContainsFunc(p.SKUs, func(k *market.Listing) bool { return slices.Contains(wanted, of(k)) })
		}
		return (q.Status == "" || q.Status == "ALL" || q.Status == p.Status) && (q.CreateLE == 0 || p.Created.At <= q.CreateLE) &&
			p.Updated >= q.UpdateGE && (q.UpdateLE == 0 || p.Updated <= q.UpdateLE) &&
			holds(q.SKUs, func(k *market.Listing) string { return k.ID }) &&
			holds(q.SellerSKUs, func(k *market.Listing) string { return k.SellerSKU })
	})
	products := []obj{}
	for _, p := range found {
		products = append(products, wireProduct(c.Store, p))
	}
	return obj{"products": products, "next_page_token": next, "total_count": total}, err
}

func productDetail(c *Call) (any, error) {
	p := c.Store.Products[c.Request.PathValue("id")]
	if p == nil {
		return nil, refusal(12052048, "the product does not exist")
	}
	shown := wireProduct(c.Store, p)
	for i, sku := range shown["skus"].([]obj) {
		attributes := []obj{}
		if p.SKUs[i].Variant != "" {
			for n, value := range strings.Split(p.SKUs[i].Variant, " / ") {
				option := strconv.Itoa(n + 1)
				attributes = append(attributes, obj{"id": option, "name": "Option " + option, "value_id": option + "0", "value_name": value})
			}
		}
		sku["sales_attributes"] = attributes // a search does not have them
	}
	return shown, nil
}

func wireProduct(st *market.Store, p *market.Product) obj {
	skus := []obj{}
	for _, k := range p.SKUs {
		price := k.Price
		if k.Garbled {
			price = "on request"
		}
		skus = append(skus, obj{
			"id": k.ID, "seller_sku": k.SellerSKU,
			"price":       obj{"currency": st.Currency, "sale_price": price, "tax_exclusive_price": price},
			"inventory":   []obj{{"warehouse_id": st.Warehouse, "quantity": k.Listed}},
			"status_info": obj{"status": "NORMAL"},
		})
	}
	return obj{
		"id": p.ID, "title": p.Title, "status": p.Status, "skus": skus,
		"create_time": p.Created.At, "update_time": p.Updated, "sales_regions": []string{st.Region},
	}
}

// inventorySearch answers by product; SKU ids win over product ids, unknown ones are left out.
func inventorySearch(c *Call) (any, error) {
	var q struct {
		Products []string `json:"product_ids"`
		SKUs     []string `json:"sku_ids"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	if len(q.SKUs) > 600 || len(q.Products) > 100 || len(q.SKUs)+len(q.Products) == 0 {
		return nil, badParam("product_ids takes 1 to 100, sku_ids 1 to 600")
	}
	var wanted []*market.Listing
	for _, id := range q.SKUs {
		if k := c.Store.Listings[id]; k != nil {
			wanted = append(wanted, k)
		}
	}
	if len(q.SKUs) == 0 {
		for _, id := range q.Products {
			if p := c.Store.Products[id]; p != nil {
				wanted = append(wanted, p.SKUs...)
			}
		}
	}
	skus, order := map[*market.Product][]obj{}, []*market.Product{}
	for _, k := range wanted {
		if skus[k.Product] == nil {
			order = append(order, k.Product)
		}
		skus[k.Product] = append(skus[k.Product], obj{
			"id": k.ID, "seller_sku": k.SellerSKU, "total_available_quantity": k.Listed, "total_committed_quantity": k.Committed,
			"warehouse_inventory": []obj{{
				"warehouse_id": c.Store.Warehouse, "available_quantity": k.Listed, "committed_quantity": k.Committed,
			}},
			"total_available_inventory_distribution": obj{"in_shop_inventory": obj{"quantity": k.Listed}},
		})
	}
	inventory := []obj{}
	for _, p := range order {
		inventory = append(inventory, obj{"product_id": p.ID, "skus": skus[p]})
	}
	return obj{"inventory": inventory}, nil
}

// inventoryUpdate answers code 0 even when SKUs were refused: those stand in data.errors[].
func inventoryUpdate(c *Call) (any, error) {
	var q struct {
		SKUs []struct {
			ID        string `json:"id"`
			Inventory []struct {
				Warehouse string `json:"warehouse_id"`
				Quantity  *int   `json:"quantity"`
			} `json:"inventory"`
		} `json:"skus"`
	}
	if err := c.Decode(&q); err != nil {
		return nil, err
	}
	p := c.Store.Products[c.Request.PathValue("id")]
	if p == nil {
		return nil, refusal(12052048, "the product does not exist")
	}
	if len(q.SKUs) == 0 {
		return nil, badParam("skus is empty")
	}
	errs := []obj{}
	for _, k := range q.SKUs {
		if len(k.Inventory) != 1 || k.Inventory[0].Quantity == nil {
			return nil, badParam("each SKU needs inventory with the quantity of its one warehouse")
		}
		w := market.Write{SKU: k.ID, Warehouse: k.Inventory[0].Warehouse, Quantity: *k.Inventory[0].Quantity}
		lost := c.StockLost()
		if no := (market.Refusal{}); errors.As(c.Market.SetStock(c.Store, p, w, lost), &no) {
			c.Market.Counts.InventoryRefused++
			errs = append(errs, obj{"code": no.Code, "message": no.Message, "detail": obj{
				"sku_id": k.ID, "extra_errors": []obj{{"warehouse_id": w.Warehouse, "code": no.Code, "message": no.Message}},
			}})
		}
	}
	if len(errs) == 0 {
		return nil, nil
	}
	return obj{"errors": errs}, nil
}
