package api

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/show"
)

// owns refuses a path of another seller.
func (c *Call) owns() error {
	if c.Request.PathValue("seller") != c.ID {
		return Denied("The seller " + c.Request.PathValue("seller") + " did not authorise this application.")
	}
	return c.marketplace("marketplaceIds", true)
}

// SearchListings lists items by SKU.
func SearchListings(c *Call) (Answer, error) {
	if err := c.owns(); err != nil {
		return Answer{}, err
	}
	size := 10
	if text := c.Query.Get("pageSize"); text != "" {
		var err error
		if size, err = strconv.Atoi(text); err != nil || size < 1 || size > 20 {
			return Answer{}, Wrong("pageSize must be from 1 to 20.")
		}
	}
	identifiers := c.list("identifiers")
	switch kind := c.Query.Get("identifiersType"); {
	case (identifiers == nil) != (kind == ""), len(identifiers) > 20:
		return Answer{}, Wrong("identifiers, at most 20, and identifiersType go together.")
	case kind != "" && kind != "SKU":
		return Answer{}, Wrong("identifiersType %s is not simulated.", kind)
	}
	if by := c.Query.Get("sortBy"); by != "sku" || c.Query.Get("sortOrder") != "ASC" {
		return Answer{}, Wrong("sortBy other than sku, sortOrder other than ASC are not simulated, got %q.", by)
	}
	after := ""
	if token := c.Query.Get("pageToken"); token != "" {
		raw, err := base64.StdEncoding.DecodeString(token)
		if err != nil || len(raw) < 3 {
			return Answer{}, Wrong("pageToken is invalid.")
		}
		after = string(raw[3:])
	}
	items, last, more, total := []obj{}, "", false, 0
	for _, sku := range slices.Sorted(maps.Keys(c.Listings)) {
		if identifiers != nil && !slices.Contains(identifiers, sku) {
			continue
		}
		if total++; after != "" && sku <= after {
			continue
		}
		if len(items) == size {
			more = true
			continue
		}
		items, last = append(items, show.Listing(c.Seller, c.Listings[sku], c.Query.Get("includedData"))), sku
	}
	body := obj{"numberOfResults": total, "items": items}
	if more {
		body["pagination"] = obj{"nextToken": base64.StdEncoding.EncodeToString(append([]byte{0xfb, 0xff, 0xbe}, last...))}
	}
	return Answer{Body: body}, nil
}

// GetListing shows one listing of the seller's.
func GetListing(c *Call) (Answer, error) {
	if err := c.owns(); err != nil {
		return Answer{}, err
	}
	l := c.Listings[c.Request.PathValue("sku")]
	if l == nil {
		return Answer{}, Missing("SKU '%s' not found in marketplace %s", c.Request.PathValue("sku"), c.Marketplace)
	}
	return Answer{Body: show.Listing(c.Seller, l, c.Query.Get("includedData"))}, nil
}

// PatchListing takes a quantity: what it answers means accepted, not in effect.
func PatchListing(c *Call) (Answer, error) {
	if err := c.owns(); err != nil {
		return Answer{}, err
	}
	var in struct {
		Type    string `json:"productType"`
		Patches []struct {
			Op    string            `json:"op"`
			Path  string            `json:"path"`
			Value []json.RawMessage `json:"value"`
		} `json:"patches"`
	}
	if err := c.Read(&in); err != nil {
		return Answer{}, err
	}
	l := c.Listings[c.Request.PathValue("sku")]
	switch {
	case l == nil:
		return Answer{}, Missing("SKU '%s' not found in marketplace %s", c.Request.PathValue("sku"), c.Marketplace)
	case in.Type == "" || len(in.Patches) == 0:
		return Answer{}, Wrong("productType and patches are required.")
	}
	body := obj{"sku": l.SKU, "status": "ACCEPTED", "submissionId": "sim" + strconv.FormatInt(c.Serial(), 36), "issues": []obj{}}
	no := func(message string) {
		body["status"], body["issues"] = "INVALID", []obj{{
			"code": "4000001", "message": message, "severity": "ERROR", "attributeNames": []string{"fulfillment_availability"}, "categories": []string{"INVALID_ATTRIBUTE"},
		}}
	}
	if in.Type != l.Type && in.Type != "PRODUCT" {
		no("The product type " + in.Type + " is not the item's.")
		return Answer{Body: body}, nil
	}
	for _, p := range in.Patches {
		var value struct {
			Channel  string `json:"fulfillment_channel_code"`
			Quantity *int   `json:"quantity"`
			Lead     *int   `json:"lead_time_to_ship_max_days"`
		}
		if p.Op != "replace" && p.Op != "merge" || p.Path != "/attributes/fulfillment_availability" || len(p.Value) != 1 {
			return Answer{}, Wrong("Only replacing and merging one value of /attributes/fulfillment_availability is simulated.")
		}
		if err := json.Unmarshal(p.Value[0], &value); err != nil || value.Quantity == nil || value.Channel != "DEFAULT" {
			no("'fulfillment_availability' needs the channel DEFAULT and a quantity.")
			break
		}
		if message := c.Market.SetStock(c.Seller, l, market.Availability{Quantity: *value.Quantity, Lead: value.Lead, Merge: p.Op == "merge"}, c.Lost()); message != "" {
			no(message)
		}
	}
	return Answer{Body: body}, nil
}

// Summaries is what Amazon's own warehouses hold.
func Summaries(c *Call) (Answer, error) {
	if err := c.marketplace("marketplaceIds", true); err != nil {
		return Answer{}, err
	}
	if c.Query.Get("granularityType") != "Marketplace" || c.Query.Get("granularityId") != c.Marketplace {
		return Answer{}, Wrong("granularityType must be Marketplace and granularityId one of the seller's.")
	}
	wanted := c.list("sellerSkus")
	if len(wanted) > 50 {
		return Answer{}, Wrong("sellerSkus names more than 50.")
	}
	list := []obj{}
	for _, sku := range slices.Sorted(maps.Keys(c.Listings)) {
		l := c.Listings[sku]
		if !l.AFN || wanted != nil && !slices.Contains(wanted, sku) {
			continue
		}
		list = append(list, obj{
			"asin": l.ASIN, "fnSku": "X" + l.ASIN[1:], "sellerSku": l.SKU, "condition": "NewItem", "productName": l.Title, "totalQuantity": l.Listed + l.Committed,
			"lastUpdatedTime": show.Stamp(l.Updated), "inventoryDetails": obj{"fulfillableQuantity": l.Listed, "reservedQuantity": obj{"totalReservedQuantity": l.Committed}},
		})
	}
	return Answer{Body: obj{"payload": obj{
		"granularity": obj{"granularityType": "Marketplace", "granularityId": c.Marketplace}, "inventorySummaries": list,
	}}}, nil
}

// Participations lists the marketplaces that the authorisation opens.
func Participations(c *Call) (Answer, error) {
	return Answer{Body: obj{"payload": []obj{{
		"marketplace": obj{
			"id": c.Marketplace, "name": "Amazon (simulated)", "countryCode": c.Country, "defaultCurrencyCode": c.Currency,
			"defaultLanguageCode": "en_GB", "domainName": "www.amazon.example",
		},
		"participation": obj{"isParticipating": true, "hasSuspendedListings": false}, "storeName": c.Name,
	}}}}, nil
}
