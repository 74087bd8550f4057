// Package products puts what Shopify says of variants into the hub's words.
//
//	variant nodes ─► Read ─► channels.Listing, the inventory item of each, or a channels.Invalid beside its neighbours
package products

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
)

// Variants is what a page of variants says.
type Variants struct {
	Found   []channels.Listing
	Items   map[string]string // inventory items, by listing
	Unkept  map[string]string // why the hub cannot keep the stock of a listing, by listing
	Invalid []channels.Invalid
}

// What is said of variants whose stock the hub cannot keep.
const (
	untracked = "Shopify does not count its stock"
	elsewhere = "it is not stocked at the location that the hub keeps"
)

// statuses are the vendor's words for a product's state.
var statuses = map[string]channels.ListingStatus{
	"ACTIVE": channels.ListingLive, "UNLISTED": channels.ListingLive, "ARCHIVED": channels.ListingOff, "DRAFT": channels.ListingDraft,
}

type variant struct {
	ID      json.RawMessage `json:"id"`
	Title   json.RawMessage `json:"title"`
	SKU     json.RawMessage `json:"sku"`
	Price   json.RawMessage `json:"price"`
	Policy  json.RawMessage `json:"inventoryPolicy"`
	Product json.RawMessage `json:"product"`
	Item    json.RawMessage `json:"inventoryItem"`
}

type product struct {
	ID     json.RawMessage `json:"id"`
	Title  json.RawMessage `json:"title"`
	Status json.RawMessage `json:"status"`
	Only   json.RawMessage `json:"hasOnlyDefaultVariant"`
}

type item struct {
	ID      json.RawMessage `json:"id"`
	Tracked json.RawMessage `json:"tracked"`
	Level   json.RawMessage `json:"inventoryLevel"`
}

// Read translates variants; null nodes are left out. Prices are in the shop's currency, "" = they are not wanted.
func Read(nodes []json.RawMessage, currency string) Variants {
	v := Variants{Items: map[string]string{}, Unkept: map[string]string{}}
	for i, raw := range nodes {
		if text := strings.TrimSpace(string(raw)); text == "null" || text == "{}" {
			continue
		}
		v.read(i, raw, currency)
	}
	return v
}

func (v *Variants) read(i int, raw json.RawMessage, currency string) {
	r := &channels.Reading{Record: "variant without a readable id, number " + strconv.Itoa(i+1) + " of its page"}
	var w variant
	if !r.Object("variant", raw, &w) {
		v.Invalid = append(v.Invalid, *r.Invalid)
		return
	}
	l := channels.Listing{Variant: r.Text("title", w.Title)}
	l.ListingID = tail(r.Text("id", w.ID))
	if !channels.IsID(l.ListingID) {
		r.Fail("id", "must be an id", string(w.ID))
	} else {
		r.Record = "variant " + l.ListingID
	}
	l.Code = r.Text("sku", w.SKU)
	if currency != "" {
		l.Price = r.Amount("price", w.Price, currency)
	}
	readProduct(r, &l, w.Product)
	if channels.Lenient(w.Policy) == "CONTINUE" {
		l.Vendor += ", sells on when it is sold out"
	}
	stock := v.readItem(r, &l, w.Item)
	if r.Invalid != nil {
		v.Invalid = append(v.Invalid, *r.Invalid)
		return
	}
	v.Items[l.ListingID] = stock
	v.Found = append(v.Found, l)
}

func readProduct(r *channels.Reading, l *channels.Listing, raw json.RawMessage) {
	var p product
	if !r.Object("product", raw, &p) {
		return
	}
	l.ProductID, l.Title, l.Vendor = tail(r.Text("product.id", p.ID)), r.Text("product.title", p.Title), r.Text("product.status", p.Status)
	if !channels.IsID(l.ProductID) {
		r.Fail("product.id", "must be an id", string(p.ID))
	}
	l.Status = cmp.Or(statuses[l.Vendor], channels.ListingUnknown)
	if string(p.Only) == "true" {
		l.Variant = ""
	}
}

// readItem reads the stock at the hub's location, and gives the inventory item.
func (v *Variants) readItem(r *channels.Reading, l *channels.Listing, raw json.RawMessage) (stock string) {
	var it item
	if !r.Object("inventoryItem", raw, &it) {
		return ""
	}
	stock = tail(r.Text("inventoryItem.id", it.ID))
	if !channels.IsID(stock) {
		r.Fail("inventoryItem.id", "must be an id", string(it.ID))
	}
	if string(it.Tracked) == "false" {
		v.Unkept[l.ListingID] = untracked
	}
	var level struct {
		Quantities []struct {
			Name     channels.Text `json:"name"`
			Quantity channels.Text `json:"quantity"`
		} `json:"quantities"`
	}
	if strings.TrimSpace(string(it.Level)) == "null" {
		v.Unkept[l.ListingID] = cmp.Or(v.Unkept[l.ListingID], elsewhere)
		return stock
	}
	if !r.Object("inventoryLevel", it.Level, &level) {
		return stock
	}
	told := false
	for _, q := range level.Quantities {
		n, err := strconv.ParseInt(string(q.Quantity), 10, 64)
		switch {
		case err != nil:
			r.Fail("inventoryLevel.quantities."+channels.Short(string(q.Name), 20), "must be a whole number", string(q.Quantity))
		case q.Name == "available":
			l.Available, told = n, true
		case q.Name == "committed":
			l.Committed = n
		}
	}
	if !told { // not to be taken for none
		r.Fail("inventoryLevel.quantities", "must say how many are available", "")
	}
	return stock
}

// tail is the id in a name of the vendor's such as gid://shopify/Product/1.
func tail(gid string) string { return gid[strings.LastIndexByte(gid, '/')+1:] }
