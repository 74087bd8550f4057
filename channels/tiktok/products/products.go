// Package products translates what the vendor says of products: their SKUs, which are the hub's listings, with codes,
// prices, states and quantities.
//
//	an answer's products ─► Search, Inventory ─► listings, quantities, warehouses; a channels.Invalid beside them for each broken one
package products

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
)

// Read is what was read of many products.
type Read[T any] struct {
	Found      []T
	Warehouses map[string][]string // by listing, sorted
	Invalid    []channels.Invalid
}

// product is what a product tells all its SKUs.
type product struct{ id, title, status string }

// Search reads the products of a product search. Deleted ones are left out.
func Search(list []json.RawMessage) Read[channels.Listing] { return each(list, readListing) }

// Inventory reads the products of an inventory search.
func Inventory(list []json.RawMessage) Read[channels.Quantity] { return each(list, readInventory) }

// each translates the SKUs of many products. A broken one does not hold up the others.
func each[T any](list []json.RawMessage, read func(r *channels.Reading, p product, raw json.RawMessage) (found T, listing string, warehouses []string)) Read[T] {
	out := Read[T]{Warehouses: map[string][]string{}}
	for i, raw := range list {
		r := &channels.Reading{Record: "product"}
		var w struct {
			ID        json.RawMessage `json:"id"`
			ProductID json.RawMessage `json:"product_id"` // its name in an inventory
			Title     json.RawMessage `json:"title"`
			Status    json.RawMessage `json:"status"`
			SKUs      json.RawMessage `json:"skus"`
		}
		if r.Object(channels.At("products", i), raw, &w) && channels.Lenient(w.Status) == "DELETED" {
			continue
		}
		var p product
		var skus []json.RawMessage
		if r.Invalid == nil {
			p = product{id: r.ID("id", json.RawMessage(cmp.Or(string(w.ProductID), string(w.ID)))), title: channels.Lenient(w.Title), status: channels.Lenient(w.Status)}
			skus = r.List("skus", w.SKUs)
		}
		if r.Invalid != nil {
			out.Invalid = append(out.Invalid, *r.Invalid)
			continue
		}
		for _, raw := range skus {
			r := &channels.Reading{Record: "listing of product " + p.id}
			found, listing, places := read(r, p, raw)
			if r.Invalid != nil {
				out.Invalid = append(out.Invalid, *r.Invalid)
				continue
			}
			out.Found = append(out.Found, found)
			if slices.Sort(places); len(places) > 0 {
				out.Warehouses[listing] = places
			}
		}
	}
	return out
}

func readListing(r *channels.Reading, p product, raw json.RawMessage) (l channels.Listing, listing string, warehouses []string) {
	var w struct {
		ID        json.RawMessage `json:"id"`
		Code      json.RawMessage `json:"seller_sku"`
		Price     json.RawMessage `json:"price"`
		Inventory json.RawMessage `json:"inventory"`
		Status    json.RawMessage `json:"status_info"`
	}
	if !r.Object("sku", raw, &w) {
		return l, "", nil
	}
	l.ListingID, l.ProductID, l.Title = r.ID("id", w.ID), p.id, p.title
	r.Record = "listing " + l.ListingID
	l.Code = r.Text("seller_sku", w.Code)
	for i, item := range r.List("inventory", w.Inventory) {
		var place struct {
			Quantity json.RawMessage `json:"quantity"`
		}
		if field := channels.At("inventory", i); r.Object(field, item, &place) {
			l.Available += r.Whole(field+".quantity", place.Quantity)
		}
	}
	readPrice(r, &l, w.Price)
	l.Vendor, l.Status = p.status, statusOf(p.status)
	var own struct {
		Status json.RawMessage `json:"status"`
	}
	if len(w.Status) > 0 && json.Unmarshal(w.Status, &own) == nil && l.Status == channels.ListingLive { // of the SKU alone
		if word := channels.Lenient(own.Status); strings.Contains(word, "DEACTIVATED") {
			l.Vendor, l.Status = word, channels.ListingOff
		}
	}
	if text := string(w.Inventory); l.Status == channels.ListingLive && (text == "" || text == "null") { // not to be taken for none
		r.Fail("inventory", "must say how many there are of a listing that can be bought", text)
	}
	return l, l.ListingID, readWarehouses(r, "inventory", w.Inventory)
}

// readPrice reads what a buyer pays; drafts may have no price yet.
func readPrice(r *channels.Reading, l *channels.Listing, raw json.RawMessage) {
	var price struct {
		Currency json.RawMessage `json:"currency"`
		Sale     json.RawMessage `json:"sale_price"`
		Net      json.RawMessage `json:"tax_exclusive_price"`
	}
	if len(raw) == 0 || string(raw) == "null" || !r.Object("price", raw, &price) {
		return
	}
	field, amount := "price.sale_price", price.Sale
	if len(amount) == 0 || string(amount) == `""` {
		field, amount = "price.tax_exclusive_price", price.Net
	}
	if len(amount) == 0 || string(amount) == `""` {
		return
	}
	l.Price = r.Amount(field, amount, r.Text("price.currency", price.Currency))
}

// statusOf is a product's state in the hub's words.
func statusOf(vendor string) channels.ListingStatus {
	switch vendor {
	case "ACTIVATE":
		return channels.ListingLive
	case "SELLER_DEACTIVATED", "PLATFORM_DEACTIVATED", "FREEZE":
		return channels.ListingOff
	case "DRAFT", "PENDING", "FAILED":
		return channels.ListingDraft
	}
	return channels.ListingUnknown
}

func readInventory(r *channels.Reading, p product, raw json.RawMessage) (q channels.Quantity, listing string, warehouses []string) {
	var w struct {
		ID         json.RawMessage `json:"id"`
		Code       json.RawMessage `json:"seller_sku"`
		Available  json.RawMessage `json:"total_available_quantity"`
		Committed  json.RawMessage `json:"total_committed_quantity"`
		Warehouses json.RawMessage `json:"warehouse_inventory"`
	}
	if !r.Object("sku", raw, &w) {
		return q, "", nil
	}
	q.ListingID, q.ProductID = r.ID("id", w.ID), p.id
	r.Record = "listing " + q.ListingID
	q.Code = r.Text("seller_sku", w.Code)
	q.Available = r.Whole("total_available_quantity", w.Available)
	if len(w.Committed) > 0 {
		q.Committed = r.Whole("total_committed_quantity", w.Committed)
	}
	return q, q.ListingID, readWarehouses(r, "warehouse_inventory", w.Warehouses)
}

func readWarehouses(r *channels.Reading, field string, raw json.RawMessage) (ids []string) {
	for i, item := range r.List(field, raw) {
		var w struct {
			ID json.RawMessage `json:"warehouse_id"`
		}
		if r.Object(channels.At(field, i), item, &w) {
			ids = append(ids, r.ID(channels.At(field, i)+".warehouse_id", w.ID))
		}
	}
	return ids
}

// Variants reads one product's details: what tells its SKUs apart, by listing. What cannot be read has no name.
func Variants(data json.RawMessage) map[string]string {
	var detail struct {
		SKUs []json.RawMessage `json:"skus"`
	}
	if json.Unmarshal(data, &detail) != nil {
		return nil
	}
	names := map[string]string{}
	for _, raw := range detail.SKUs {
		var sku struct {
			ID         channels.Text `json:"id"`
			Attributes []struct {
				Value channels.Text `json:"value_name"`
			} `json:"sales_attributes"`
		}
		if json.Unmarshal(raw, &sku) != nil {
			continue
		}
		var parts []string
		for _, a := range sku.Attributes {
			parts = append(parts, string(a.Value))
		}
		names[string(sku.ID)] = strings.Join(parts, ", ")
	}
	return names
}
