package tiktok

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/products"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
)

const (
	maxListings   = 600     // of one inventory search
	maxRemembered = 200_000 // listings whose warehouses are kept; more forgets all and learns again

	promotionLock = "12052393" // stock locked by a promotion
)

// wrongWarehouses are the codes after which the SKU's warehouses are read again.
var wrongWarehouses = map[string]bool{"12052094": true, "12052097": true, "12019028": true, "12052533": true}

// Quantities implements channels.Connector. Unreadable listings come as Invalid in the error, beside the readable ones.
func (c *Connector) Quantities(ctx context.Context, listings []string) ([]channels.Quantity, error) {
	const name = "read quantities"
	if len(listings) == 0 {
		return nil, nil
	}
	if len(listings) > maxListings {
		return nil, wire.Bug(name, fmt.Sprintf("%d listings in one call, at most %d", len(listings), maxListings))
	}
	data, err := c.Call(ctx, wire.Request{
		Name: name, Method: http.MethodPost, Path: "/product/202309/inventory/search", Body: map[string][]string{"sku_ids": listings},
	})
	if err != nil {
		return nil, err
	}
	var list struct {
		Inventory []json.RawMessage `json:"inventory"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, wire.Unreadable(name, err)
	}
	read := products.Inventory(list.Inventory)
	c.remember(read.Warehouses)
	var errs []error
	for _, broken := range read.Invalid {
		errs = append(errs, broken)
	}
	return read.Found, errors.Join(errs...)
}

func (c *Connector) remember(warehouses map[string][]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.warehouses)+len(warehouses) > maxRemembered {
		clear(c.warehouses)
	}
	for listing, ids := range warehouses {
		c.warehouses[listing] = ids
	}
}

// warehousesOf tells a SKU's warehouses, asking the vendor when they are not known or must be learned anew.
func (c *Connector) warehousesOf(ctx context.Context, listing string, anew bool) ([]string, error) {
	known := func() []string {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.warehouses[listing]
	}
	if ids := known(); len(ids) > 0 && !anew {
		return ids, nil
	}
	found, err := c.Quantities(ctx, []string{listing})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, &channels.Failure{Class: channels.Rejected, Call: "write quantity", Message: "TikTok does not know the listing " + listing}
	}
	return known(), nil // none is possible: the vendor then takes its default
}

// SetQuantity implements channels.Connector. A write must name every warehouse of the SKU: with several, all units go to
// the first by id, because the ledger knows one place. A 0 closes a sale and goes before other writes.
func (c *Connector) SetQuantity(ctx context.Context, product, listing string, quantity int64) error {
	const name = "write quantity"
	if quantity < 0 || quantity > MaxQuantity {
		return wire.Bug(name, fmt.Sprintf("quantity %d is not from 0 to %d", quantity, MaxQuantity))
	}
	if err := errors.Join(wire.CheckID(name, product), wire.CheckID(name, listing)); err != nil {
		return err
	}
	err := c.writeQuantity(ctx, name, product, listing, quantity, false)
	var f *channels.Failure
	if errors.As(err, &f) && wrongWarehouses[f.Code] {
		err = c.writeQuantity(ctx, name, product, listing, quantity, true)
	}
	return err
}

func (c *Connector) writeQuantity(ctx context.Context, name, product, listing string, quantity int64, anew bool) error {
	warehouses, err := c.warehousesOf(ctx, listing, anew)
	if err != nil {
		return err
	}
	type place struct {
		Warehouse string `json:"warehouse_id,omitempty"`
		Quantity  int64  `json:"quantity"`
	}
	type sku struct {
		ID        string  `json:"id"`
		Inventory []place `json:"inventory"`
	}
	places := []place{{Quantity: quantity}}
	for i, id := range warehouses {
		if i == 0 {
			places[0].Warehouse = id
			continue
		}
		places = append(places, place{Warehouse: id})
	}
	data, err := c.Call(ctx, wire.Request{
		Name: name, Method: http.MethodPost, Path: "/product/202309/products/" + product + "/inventory/update",
		Body: map[string][]sku{"skus": {{ID: listing, Inventory: places}}}, Write: true, Urgent: quantity == 0,
	})
	if err != nil {
		return err
	}
	return c.partial(name, listing, quantity, data)
}

// partial finds the "no" that an inventory update hides in a good answer.
func (c *Connector) partial(name, listing string, quantity int64, data json.RawMessage) error {
	var answer struct {
		Errors []struct {
			Code    channels.Text `json:"code"`
			Message channels.Text `json:"message"`
			Detail  struct {
				Extra []struct {
					Code    channels.Text `json:"code"`
					Message channels.Text `json:"message"`
				} `json:"extra_errors"`
			} `json:"detail"`
		} `json:"errors"`
	}
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return &channels.Failure{Class: channels.Unsure, Call: name, Message: "an answer that cannot be read", Err: err}
	}
	if len(answer.Errors) == 0 {
		return nil
	}
	e := answer.Errors[0]
	code, message := string(e.Code), string(e.Message)
	if len(e.Detail.Extra) > 0 { // it names the warehouse's trouble, the one above only that there is some
		code, message = string(e.Detail.Extra[0].Code), string(e.Detail.Extra[0].Message)
	}
	class := wire.Classify(code, message)
	if quantity == 0 && class == channels.Rejected && code != promotionLock && strings.Contains(strings.ToLower(message), "quantity") {
		c.refusesZero.Store(true) // which code says so is not documented
	}
	return &channels.Failure{Class: class, Call: name, Code: code, Message: channels.Short(fmt.Sprintf("listing %s: %s", listing, message), 300)}
}

// Listings implements channels.Connector; deleted products are left out, Committed and Variant are not told here.
func (c *Connector) Listings(ctx context.Context, page string) (channels.ListingPage, error) {
	const name = "list products"
	q := wire.Request{
		Name: name, Method: http.MethodPost, Path: "/product/202502/products/search",
		Query: url.Values{"page_size": {strconv.Itoa(pageSize)}},
	}
	if page != "" {
		q.Query.Set("page_token", page)
	}
	data, err := c.Call(ctx, q)
	if err != nil {
		return channels.ListingPage{}, err
	}
	var list struct {
		Products []json.RawMessage `json:"products"`
		Next     channels.Text     `json:"next_page_token"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return channels.ListingPage{}, wire.Unreadable(name, err)
	}
	read := products.Search(list.Products)
	c.remember(read.Warehouses)
	return channels.ListingPage{Listings: read.Found, Invalid: read.Invalid, Next: string(list.Next)}, nil
}

// Variants implements channels.VariantNamer: only a product's details have the names.
func (c *Connector) Variants(ctx context.Context, product string) (map[string]string, error) {
	if !channels.IsID(product) {
		return nil, wire.Bug("read product", "the product has no id that can stand in a path")
	}
	data, err := c.Call(ctx, wire.Request{Name: "read product", Method: http.MethodGet, Path: "/product/202309/products/" + product})
	if err != nil {
		return nil, err
	}
	return products.Variants(data), nil
}
