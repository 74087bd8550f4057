package instagram

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/instagram/wire"
	"github.com/creatorflow/creatorflow/money"
)

const (
	maxListings = 600    // of one read of quantities
	maxFilter   = 6000   // bytes of a filter in an address
	pageSize    = "1000" // items of a page
	maxCode     = 100    // bytes of an item's code, as the vendor has it
	itemFields  = "id,retailer_id,name,price,currency,availability,quantity_to_sell_on_facebook,review_status,visibility"
	inStock     = "in stock"
	outOfStock  = "out of stock"
)

// Listings implements channels.Connector. An item is known by the seller's code: that is what it is written by.
func (c *Connector) Listings(ctx context.Context, page string) (channels.ListingPage, error) {
	if c.catalog == "" {
		return channels.ListingPage{}, nil
	}
	query := url.Values{"fields": {itemFields}, "limit": {pageSize}}
	if page != "" {
		query.Set("after", page)
	}
	return c.products(ctx, "list items", query)
}

func (c *Connector) products(ctx context.Context, name string, query url.Values) (out channels.ListingPage, err error) {
	data, err := c.Call(ctx, wire.Request{Name: name, Method: http.MethodGet, Path: c.catalog + "/products", Query: query})
	if err != nil {
		return out, err
	}
	var list struct {
		Data   []json.RawMessage `json:"data"`
		Paging struct {
			Cursors struct {
				After channels.Text `json:"after"`
			} `json:"cursors"`
			Next channels.Text `json:"next"`
		} `json:"paging"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return out, wire.Unreadable(name, err)
	}
	for i, raw := range list.Data {
		r := &channels.Reading{Record: "item " + strconv.Itoa(i+1)}
		l := readItem(r, raw)
		if r.Invalid != nil {
			out.Invalid = append(out.Invalid, *r.Invalid)
			continue
		}
		out.Listings = append(out.Listings, l)
	}
	if list.Paging.Next != "" { // the address holds the token: only the cursor is taken from an answer
		out.Next = string(list.Paging.Cursors.After)
	}
	return out, nil
}

// readItem reads one item. A quantity that nobody ever gave counts as 0; the hub gives one with its next write.
func readItem(r *channels.Reading, raw json.RawMessage) (l channels.Listing) {
	var w struct {
		ID           json.RawMessage `json:"id"`
		Code         json.RawMessage `json:"retailer_id"`
		Name         json.RawMessage `json:"name"`
		Price        json.RawMessage `json:"price"`
		Currency     json.RawMessage `json:"currency"`
		Availability json.RawMessage `json:"availability"`
		Quantity     json.RawMessage `json:"quantity_to_sell_on_facebook"`
		Review       json.RawMessage `json:"review_status"`
		Visibility   json.RawMessage `json:"visibility"`
	}
	if !r.Object("item", raw, &w) {
		return l
	}
	l.ListingID = r.Text("retailer_id", w.Code)
	if l.ListingID == "" || len(l.ListingID) > maxCode {
		r.Fail("retailer_id", "must be a code of 1 to 100 bytes", l.ListingID)
		return l
	}
	r.Record = "item " + l.ListingID
	l.Code, l.ProductID, l.Title = l.ListingID, r.ID("id", w.ID), channels.Lenient(w.Name)
	if len(w.Quantity) > 0 && string(w.Quantity) != "null" {
		l.Available = r.Whole("quantity_to_sell_on_facebook", w.Quantity)
	}
	if channels.Lenient(w.Availability) == outOfStock {
		l.Available = 0
	}
	l.Price = readPrice(channels.Lenient(w.Price), channels.Lenient(w.Currency))
	review, visibility := channels.Lenient(w.Review), channels.Lenient(w.Visibility)
	l.Status, l.Vendor = statusOf(review, visibility), strings.Trim(visibility+", "+review, ", ")
	return l
}

// statusOf is an item's state in the hub's words; what the vendor does not tell is well.
func statusOf(review, visibility string) channels.ListingStatus {
	switch visibility {
	case "", "published":
	case "staging", "hidden":
		return channels.ListingOff
	default:
		return channels.ListingUnknown
	}
	switch review {
	case "", "approved":
		return channels.ListingLive
	case "pending", "outdated":
		return channels.ListingDraft
	case "rejected":
		return channels.ListingOff
	}
	return channels.ListingUnknown
}

// readPrice reads an amount that is written for people: a sign somewhere, thousands set apart, a point or a comma. One that
// cannot be read is none: nothing is charged by it.
func readPrice(text, currency string) money.Money {
	digits := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c == '.' || c == ',' {
			return c
		}
		return -1
	}, text)
	whole, part := digits, ""
	if i := strings.LastIndexAny(digits, ".,"); i >= 0 && len(digits)-i-1 != 3 { // three digits behind it are thousands
		whole, part = digits[:i], digits[i:]
	}
	whole = strings.NewReplacer(".", "", ",", "").Replace(whole)
	m, err := money.Parse(whole+strings.Replace(part, ",", ".", 1), currency)
	if err != nil || m.Minor < 0 {
		return money.Money{}
	}
	return m
}

// Quantities implements channels.Connector. Unreadable items come as Invalid in the error, beside the readable ones.
func (c *Connector) Quantities(ctx context.Context, listings []string) (found []channels.Quantity, err error) {
	const name = "read quantities"
	switch {
	case len(listings) == 0 || c.catalog == "":
		return nil, nil
	case len(listings) > maxListings:
		return nil, wire.Bug(name, fmt.Sprintf("%d listings in one call, at most %d", len(listings), maxListings))
	}
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	var broken []error
	for _, filter := range filters(listings) {
		query := url.Values{"fields": {itemFields}, "limit": {pageSize}, "filter": {filter}}
		for range maxListings { // a vendor that pages in circles ends somewhere
			page, err := c.products(ctx, name, query)
			if err != nil {
				return found, err
			}
			for _, l := range page.Listings {
				found = append(found, l.Quantity)
			}
			for _, i := range page.Invalid {
				broken = append(broken, i)
			}
			if page.Next == "" {
				break
			}
			query.Set("after", page.Next)
		}
	}
	return found, errors.Join(broken...)
}

// filters ask for items by code, as many at once as an address holds.
func filters(codes []string) (out []string) {
	type is struct {
		Any []string `json:"is_any"`
	}
	var some []string
	size := 0
	flush := func() {
		text, _ := json.Marshal(map[string]is{"retailer_id": {Any: some}}) // strings: it cannot fail
		out, some, size = append(out, string(text)), nil, 0
	}
	for _, code := range codes {
		n := len(url.QueryEscape(code)) + len("%22%22%2C")
		if len(some) > 0 && size+n > maxFilter {
			flush()
		}
		some, size = append(some, code), size+n
	}
	flush()
	return out
}

// SetQuantity implements channels.Connector. Writes that come together leave together, because the vendor counts calls.
// What a batch said of an item after it was accepted is told at the item's next write.
func (c *Connector) SetQuantity(ctx context.Context, _, listing string, quantity int64) error {
	const name = writeName
	switch {
	case quantity < 0 || quantity > MaxQuantity:
		return wire.Bug(name, fmt.Sprintf("quantity %d is not from 0 to %d", quantity, MaxQuantity))
	case c.catalog == "":
		return wire.Bug(name, "the connection has no catalogue")
	case listing == "" || len(listing) > maxCode:
		return wire.Bug(name, "the listing has no code")
	}
	if why := c.late(listing); why != "" {
		return &channels.Failure{Class: channels.Rejected, Call: name, Message: "item " + listing + ": the write before was accepted and then left out: " + why}
	}
	return c.writes.put(ctx, listing, quantity)
}

// late is what came out about an item's last write; it is told once.
func (c *Connector) late(listing string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	why := c.refused[listing]
	delete(c.refused, listing)
	return why
}

const writeName = "write quantities"

// flush sends writes as one batch and says which the vendor refused; err is about all of them.
func (c *Connector) flush(ctx context.Context, writes map[string]int64) (refused map[string]error, err error) {
	type data struct {
		ID           string `json:"id"`
		Availability string `json:"availability"`
		Quantity     int64  `json:"quantity_to_sell_on_facebook"`
	}
	type request struct {
		Method string `json:"method"`
		Data   data   `json:"data"`
	}
	body := struct {
		ItemType string    `json:"item_type"`
		Upsert   bool      `json:"allow_upsert"` // an item that was taken out must not come back empty
		Requests []request `json:"requests"`
	}{ItemType: "PRODUCT_ITEM"}
	for code, quantity := range writes {
		availability := inStock
		if quantity == 0 {
			availability = outOfStock
		}
		body.Requests = append(body.Requests, request{Method: "UPDATE", Data: data{code, availability, quantity}})
	}
	answer, err := c.Call(ctx, wire.Request{Name: writeName, Method: http.MethodPost, Path: c.catalog + "/items_batch", Body: body, Write: true})
	if err != nil {
		return nil, err
	}
	var said struct {
		Handles    []channels.Text `json:"handles"`
		Validation []struct {
			Code   channels.Text `json:"retailer_id"`
			Errors []struct {
				Message channels.Text `json:"message"`
			} `json:"errors"`
		} `json:"validation_status"`
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return nil, &channels.Failure{Class: channels.Unsure, Call: writeName, Message: "an answer that cannot be read", Err: err}
	}
	refused = map[string]error{}
	for _, v := range said.Validation {
		if len(v.Errors) > 0 {
			refused[string(v.Code)] = c.refusal(string(v.Code), string(v.Errors[0].Message), writes)
		}
	}
	if len(said.Handles) == 0 {
		if len(refused) == 0 {
			return nil, &channels.Failure{Class: channels.Unsure, Call: writeName, Message: "accepted without a handle to ask about it"}
		}
		return refused, nil
	}
	b := batch{handle: string(said.Handles[0]), writes: writes, accepted: c.clock()}
	finished, errs, err := c.ask(ctx, b)
	switch {
	case err != nil || !finished: // it is accepted; what becomes of it is asked later
		c.remember(b)
	default:
		for code, why := range errs {
			refused[code] = c.refusal(code, why, writes)
		}
	}
	return refused, nil
}

// refusal is the vendor's "no" to one item.
func (c *Connector) refusal(code, message string, writes map[string]int64) error {
	if quantity, ours := writes[code]; ours && quantity == 0 && strings.Contains(message, "quantity_to_sell_on_facebook") {
		c.refusesZero.Store(true)
	}
	return &channels.Failure{Class: channels.Rejected, Call: writeName, Message: channels.Short("item "+code+": "+cmp.Or(message, noReason), 300)}
}
