// Package products translates what Amazon says of listings into the hub's words: SKUs with prices, states and quantities.
//
//	an answer's items ─► Read ─► a listing, its product type, whether its stock is the seller's own; or what is wrong with it
package products

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/money"
)

// wireListing is an item as the vendor lists it, in one marketplace.
type wireListing struct {
	SKU       json.RawMessage `json:"sku"`
	Summaries []struct {
		Marketplace json.RawMessage   `json:"marketplaceId"`
		ASIN        json.RawMessage   `json:"asin"`
		Type        json.RawMessage   `json:"productType"`
		Title       json.RawMessage   `json:"itemName"`
		Status      []json.RawMessage `json:"status"`
	} `json:"summaries"`
	Offers []struct {
		Marketplace json.RawMessage `json:"marketplaceId"`
		Kind        json.RawMessage `json:"offerType"`
		Price       json.RawMessage `json:"price"`
	} `json:"offers"`
	Available []struct {
		Channel  json.RawMessage `json:"fulfillmentChannelCode"`
		Quantity json.RawMessage `json:"quantity"`
	} `json:"fulfillmentAvailability"`
}

// Read translates an item, the i-th of its page, as it stands in a marketplace, and tells its product type. What Amazon's own warehouses hold is not the seller's to sell elsewhere: own is false then.
func Read(place, currency string, i int, raw json.RawMessage) (l channels.Listing, kind string, own bool, invalid *channels.Invalid) {
	r := &channels.Reading{Record: "listing without a readable SKU, number " + strconv.Itoa(i+1) + " of its page"}
	var w wireListing
	if !r.Object("item", raw, &w) {
		return l, "", false, r.Invalid
	}
	l.Code = r.Text("sku", w.SKU)
	l.ListingID = l.Code
	if l.Code == "" {
		r.Fail("sku", "must be there", "")
		return l, "", false, r.Invalid
	}
	r.Record = "listing " + channels.Short(l.Code, 64)
	l.Status = channels.ListingDraft // without a summary it is not in the marketplace's catalogue yet
	for _, s := range w.Summaries {
		if other(place, s.Marketplace) {
			continue
		}
		l.ProductID, l.Title, kind = channels.Lenient(s.ASIN), channels.Lenient(s.Title), channels.Lenient(s.Type)
		var words []string
		for _, word := range s.Status {
			words = append(words, channels.Lenient(word))
		}
		l.Vendor = strings.Join(words, " ")
		l.Status = statusOf(words)
		break
	}
	const availability = "fulfillmentAvailability"
	told := false
	for n, a := range w.Available {
		if channel := channels.Lenient(a.Channel); channel != "DEFAULT" {
			continue
		}
		own = true
		if len(a.Quantity) > 0 && string(a.Quantity) != "null" { // absent: none was ever set
			l.Available += r.Whole(channels.At(availability, n)+".quantity", a.Quantity)
			told = true
		}
	}
	if len(w.Available) == 0 { // nothing was ever set, so it is not Amazon's either
		own = true
	}
	if own && !told && l.Status == channels.ListingLive { // it can be bought, so that there are some: not to be taken for none
		r.Fail(availability, "must say how many there are of a listing that can be bought", "")
	}
	for n, offer := range w.Offers {
		if channels.Lenient(offer.Kind) == "B2B" || other(place, offer.Marketplace) {
			continue
		}
		l.Price = Money(r, channels.At("offers", n)+".price", offer.Price, currency)
		break
	}
	return l, kind, own, r.Invalid
}

func statusOf(words []string) channels.ListingStatus {
	status := channels.ListingOff
	for _, word := range words {
		switch word {
		case "BUYABLE":
			return channels.ListingLive
		case "DISCOVERABLE":
		default:
			status = channels.ListingUnknown
		}
	}
	return status
}

// other reports whether something is said of another marketplace.
func other(place string, raw json.RawMessage) bool {
	said := channels.Lenient(raw)
	return said != "" && said != place
}

// Money reads an amount that may be absent; then it has no currency. All of an order is in one currency.
func Money(r *channels.Reading, field string, raw json.RawMessage, currency string) money.Money {
	if len(raw) == 0 || string(raw) == "null" {
		return money.Money{}
	}
	var m struct {
		Amount   json.RawMessage `json:"amount"`
		Currency json.RawMessage `json:"currencyCode"`
	}
	if !r.Object(field, raw, &m) {
		return money.Money{}
	}
	own := cmp.Or(r.Text(field+".currencyCode", m.Currency), currency)
	if currency != "" && own != currency {
		r.Fail(field+".currencyCode", "must be "+currency+", the marketplace's", own)
		return money.Money{}
	}
	return r.Amount(field+".amount", m.Amount, own)
}
