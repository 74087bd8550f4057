package amazon

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/products"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
)

const (
	maxListings   = 600     // of one Quantities
	maxSKUs       = 20      // of one search
	maxRemembered = 200_000 // listings whose product type is kept; more forgets all and learns again
	anyType       = "PRODUCT"
	parts         = "summaries,offers,fulfillmentAvailability"
)

// remember keeps a listing's product type, which a write must name.
func (c *Connector) remember(sku, kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.types) >= maxRemembered {
		clear(c.types)
	}
	c.types[sku] = cmp.Or(kind, anyType)
}

// typeOf tells a listing's product type, asking the vendor when it is not known.
func (c *Connector) typeOf(ctx context.Context, name, sku string) (string, error) {
	known := func() string {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.types[sku]
	}
	if kind := known(); kind != "" {
		return kind, nil
	}
	if _, _, err := c.listing(ctx, name, sku); err != nil {
		return "", err
	}
	return cmp.Or(known(), anyType), nil
}

func (c *Connector) items() string { return "/listings/2021-08-01/items/" + url.PathEscape(c.seller) }

// listing reads one listing; found is false when there is none of the seller's own.
func (c *Connector) listing(ctx context.Context, name, sku string) (l channels.Listing, found bool, err error) {
	data, err := c.Call(ctx, wire.Request{
		Name: "read listing", Method: http.MethodGet, Path: c.items() + "/" + url.PathEscape(sku),
		Query: url.Values{"marketplaceIds": {c.place.ID}, "includedData": {parts}}, Quota: listingQuota,
	})
	switch {
	case wire.NotFound(err):
		return l, false, nil
	case err != nil:
		return l, false, err
	case len(data) == 0:
		return l, false, wire.Unreadable(name, nil)
	}
	l, kind, own, invalid := products.Read(c.place.ID, c.place.Currency, 0, data)
	if invalid != nil {
		return l, false, *invalid
	}
	c.remember(l.Code, kind)
	return l, own, nil
}

// Quantities implements channels.Connector. The vendor does not tell how much of what was sold is still to be shipped
// (Capabilities.HidesCommitted). Unreadable listings come as Invalid in the error, beside the readable ones.
func (c *Connector) Quantities(ctx context.Context, listings []string) ([]channels.Quantity, error) {
	const name = "read quantities"
	if len(listings) > maxListings {
		return nil, wire.Bug(name, "%d listings in one call, at most %d", len(listings), maxListings)
	}
	var found []channels.Quantity
	var broken []error
	var batch, alone []string
	for _, sku := range listings {
		if strings.Contains(sku, ",") { // it would be two in a comma list
			alone = append(alone, sku)
		} else {
			batch = append(batch, sku)
		}
	}
	for len(batch) > 0 {
		n := min(len(batch), maxSKUs)
		read, err := c.search(ctx, name, url.Values{"identifiers": {strings.Join(batch[:n], ",")}, "identifiersType": {"SKU"}})
		if err != nil {
			return nil, err
		}
		for _, l := range read.Listings {
			found = append(found, l.Quantity)
		}
		for _, invalid := range read.Invalid {
			broken = append(broken, invalid)
		}
		batch = batch[n:]
	}
	for _, sku := range alone {
		l, ok, err := c.listing(ctx, name, sku)
		var invalid channels.Invalid
		switch {
		case errors.As(err, &invalid):
			broken = append(broken, invalid)
		case err != nil:
			return nil, err
		case ok:
			found = append(found, l.Quantity)
		}
	}
	return found, errors.Join(broken...)
}

// Listings implements channels.Connector. Those that Amazon's warehouses fulfil are left out: the hub has no say in them.
func (c *Connector) Listings(ctx context.Context, page string) (channels.ListingPage, error) {
	query := url.Values{}
	if page != "" {
		query.Set("pageToken", page)
	}
	return c.search(ctx, "list products", query)
}

func (c *Connector) search(ctx context.Context, name string, query url.Values) (channels.ListingPage, error) {
	for key, value := range map[string]string{
		"marketplaceIds": c.place.ID, "includedData": parts, "pageSize": strconv.Itoa(maxSKUs), "sortBy": "sku", "sortOrder": "ASC",
	} {
		query.Set(key, value)
	}
	data, err := c.Call(ctx, wire.Request{Name: "list products", Method: http.MethodGet, Path: c.items(), Query: query, Quota: listingQuota})
	if err != nil {
		return channels.ListingPage{}, err
	}
	var list struct {
		Items      []json.RawMessage `json:"items"`
		Pagination struct {
			Next channels.Text `json:"nextToken"`
		} `json:"pagination"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return channels.ListingPage{}, wire.Unreadable(name, err)
	}
	read := channels.ListingPage{Next: string(list.Pagination.Next)}
	for i, raw := range list.Items {
		l, kind, own, invalid := products.Read(c.place.ID, c.place.Currency, i, raw)
		switch {
		case invalid != nil:
			read.Invalid = append(read.Invalid, *invalid)
		case own:
			c.remember(l.Code, kind)
			read.Listings = append(read.Listings, l)
		}
	}
	return read, nil
}

// SetQuantity implements channels.Connector. The quantity is merged into what the seller has set beside it, such as how many days
// sending takes: replacing would take that away. A 0 closes a sale and goes before other writes.
func (c *Connector) SetQuantity(ctx context.Context, _, listing string, quantity int64) error {
	const name = "write quantity"
	if quantity < 0 || quantity > MaxQuantity {
		return wire.Bug(name, "quantity %d is not from 0 to %d", quantity, MaxQuantity)
	}
	if listing == "" {
		return wire.Bug(name, "the listing has no SKU")
	}
	kind, err := c.typeOf(ctx, name, listing)
	if err != nil {
		return err
	}
	type value struct {
		Channel  string `json:"fulfillment_channel_code"`
		Quantity int64  `json:"quantity"`
	}
	type patch struct {
		Op    string  `json:"op"`
		Path  string  `json:"path"`
		Value []value `json:"value"`
	}
	data, err := c.Call(ctx, wire.Request{
		Name: name, Method: http.MethodPatch, Path: c.items() + "/" + url.PathEscape(listing), Query: url.Values{"marketplaceIds": {c.place.ID}},
		Body: struct {
			Type    string  `json:"productType"`
			Patches []patch `json:"patches"`
		}{kind, []patch{{"merge", "/attributes/fulfillment_availability", []value{{ownStock, quantity}}}}},
		Quota: listingQuota, Write: true, Urgent: quantity == 0,
	})
	if err != nil {
		return err
	}
	return c.accepted(name, listing, quantity, data)
}

// accepted finds the "no" that a good answer may hold.
func (c *Connector) accepted(name, listing string, quantity int64, data json.RawMessage) error {
	var said struct {
		Status channels.Text `json:"status"`
		Issues []struct {
			Code     channels.Text `json:"code"`
			Message  channels.Text `json:"message"`
			Severity channels.Text `json:"severity"`
		} `json:"issues"`
	}
	if err := json.Unmarshal(data, &said); err != nil {
		return &channels.Failure{Class: channels.Unsure, Call: name, Message: "an answer that cannot be read", Err: err}
	}
	if said.Status != "INVALID" {
		return nil
	}
	f := &channels.Failure{Class: channels.Rejected, Call: name, Message: "listing " + listing + ": Amazon refuses the quantity without a reason"}
	for _, issue := range said.Issues {
		if issue.Severity == "ERROR" {
			f.Code, f.Message = string(issue.Code), channels.Short("listing "+listing+": "+string(issue.Message), 300)
			break
		}
	}
	if quantity == 0 && strings.Contains(f.Message, "quantity") && strings.Contains(f.Message, "minimum") {
		c.refusesZero.Store(true)
	}
	c.forget(listing) // it may have been given another product type
	return f
}

func (c *Connector) forget(sku string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.types, sku)
}
