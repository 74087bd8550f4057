package shopify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/shopify/products"
	"github.com/creatorflow/creatorflow/channels/shopify/wire"
)

const (
	maxListings   = 600     // of one Quantities call
	maxNodes      = 250     // of one list argument, the vendor's
	variantGuess  = 8.0     // points of one variant, while nobody knows
	maxRemembered = 200_000 // listings whose inventory items are kept; more forgets all and learns again
	maxSwaps      = 4       // tries of an absolute write, each against what is listed then
	maxKeys       = 3       // keys of one write, when the vendor says that the attempt with one failed
)

// location is a place of the shop's that stock lies at.
type location struct {
	id, name       string
	active, online bool
}

func readLocations(ctx context.Context, ask asker) (list []location, err error) {
	q := wire.Request{Name: "read locations", Document: locationsDocument}
	data, err := ask(ctx, q)
	if err != nil {
		return nil, err
	}
	var read struct {
		Locations struct {
			Nodes []struct {
				ID     channels.Text `json:"id"`
				Name   channels.Text `json:"name"`
				Active bool          `json:"isActive"`
				Online bool          `json:"fulfillsOnlineOrders"`
			} `json:"nodes"`
		} `json:"locations"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, wire.Unreadable(q.Name, err)
	}
	for _, n := range read.Locations.Nodes {
		list = append(list, location{wire.Tail(string(n.ID)), string(n.Name), n.Active, n.Online})
	}
	return list, nil
}

// choose finds the location that was named, or else the one with the least number that fulfils online orders.
func choose(list []location, named string) (home location, err error) {
	for _, l := range list {
		switch {
		case named != "" && l.id == named:
			return l, nil
		case named == "" && l.active && l.online && (home.id == "" || len(l.id) < len(home.id) || len(l.id) == len(home.id) && l.id < home.id):
			home = l
		}
	}
	if home.id == "" {
		message := "no active location of the shop fulfils online orders: activate one in Shopify under Settings, Locations"
		if named != "" {
			message = "the shop has no location with the number " + channels.Short(named, 40)
		}
		return location{}, &channels.Failure{Class: channels.Rejected, Call: "read locations", Message: message}
	}
	return home, nil
}

// where is the location that the hub keeps, asked for once when the connection does not name it.
func (c *Connector) where(ctx context.Context) (string, error) {
	c.mu.Lock()
	home := c.home
	c.mu.Unlock()
	if home != "" {
		return home, nil
	}
	list, err := readLocations(ctx, c.Call)
	if err != nil {
		return "", err
	}
	chosen, err := choose(list, "")
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.home = chosen.id
	return c.home, nil
}

// variants asks for variants by their ids; unreadable ones come as Invalid in the error, beside the readable.
func (c *Connector) variants(ctx context.Context, listings []string) (found products.Variants, err error) {
	const name = "read quantities"
	home, err := c.where(ctx)
	if err != nil {
		return found, err
	}
	found.Items, found.Unkept = map[string]string{}, map[string]string{}
	var gids []string
	for _, listing := range listings {
		if channels.IsID(listing) { // a line without a product is no listing of the shop's
			gids = append(gids, wire.GID("ProductVariant", listing))
		}
	}
	for len(gids) > 0 {
		n := min(c.Share(name, variantGuess, maxNodes), len(gids))
		data, err := c.Call(ctx, wire.Request{
			Name: name, Document: quantitiesDocument, Variables: map[string]any{"ids": gids[:n], "location": wire.GID("Location", home)}, Things: n,
		})
		if c.TooDear(err, name, n) {
			continue
		}
		if err != nil {
			return found, err
		}
		var list struct {
			Nodes []json.RawMessage `json:"nodes"`
		}
		if err := json.Unmarshal(data, &list); err != nil {
			return found, wire.Unreadable(name, err)
		}
		read := products.Read(list.Nodes, "")
		c.remember(read.Items)
		found.Found, found.Invalid = append(found.Found, read.Found...), append(found.Invalid, read.Invalid...)
		for listing, why := range read.Unkept {
			found.Unkept[listing] = why
		}
		gids = gids[n:]
	}
	return found, nil
}

func (c *Connector) remember(items map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.items)+len(items) > maxRemembered {
		clear(c.items)
		clear(c.byItem)
	}
	for listing, item := range items {
		c.items[listing], c.byItem[item] = item, listing
	}
}

// Concerns implements channels.Newsy.
func (c *Connector) Concerns(n channels.News) (listing string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.Place != c.home {
		return "", false
	}
	listing, ok = c.byItem[n.Item]
	return listing, ok
}

func (c *Connector) itemOf(listing string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.items[listing]
}

// Quantities implements channels.Connector: what is available at the hub's location. Of a listing whose stock is not kept there
// nobody knows what it can sell, so it is not told.
func (c *Connector) Quantities(ctx context.Context, listings []string) (list []channels.Quantity, err error) {
	if len(listings) > maxListings {
		return nil, wire.Bug("read quantities", fmt.Sprintf("%d listings in one call, at most %d", len(listings), maxListings))
	}
	if len(listings) == 0 {
		return nil, nil
	}
	read, err := c.variants(ctx, listings)
	if err != nil {
		return nil, err
	}
	for _, l := range read.Found {
		if read.Unkept[l.ListingID] == "" { // else Shopify sells it whatever it lists
			list = append(list, l.Quantity)
		}
	}
	var errs []error
	for _, broken := range read.Invalid {
		errs = append(errs, broken)
	}
	return list, errors.Join(errs...)
}

// SwapQuantity implements channels.Swapper, by the vendor's own compare-and-swap.
func (c *Connector) SwapQuantity(ctx context.Context, product, listing string, from, to int64, key string) error {
	const name = "write quantity"
	switch {
	case to < 0 || to > MaxQuantity:
		return wire.Bug(name, fmt.Sprintf("quantity %d is not from 0 to %d", to, MaxQuantity))
	case key == "":
		return wire.Bug(name, "a write needs a key")
	}
	if err := errors.Join(wire.CheckID(name, product), wire.CheckID(name, listing)); err != nil {
		return err
	}
	if c.itemOf(listing) == "" {
		if _, err := c.readOne(ctx, name, listing); err != nil {
			return err
		}
	}
	return c.write(ctx, name, listing, from, to, key)
}

// readOne reads one listing, which must be there and be one that the hub can keep the stock of.
func (c *Connector) readOne(ctx context.Context, name, listing string) (channels.Listing, error) {
	read, err := c.variants(ctx, []string{listing})
	switch {
	case err != nil:
		return channels.Listing{}, err
	case len(read.Invalid) > 0:
		return channels.Listing{}, wire.Unreadable(name, read.Invalid[0])
	case len(read.Found) == 0:
		return channels.Listing{}, &channels.Failure{Class: channels.Rejected, Call: name, Message: "Shopify does not know the variant " + listing}
	case read.Unkept[listing] != "":
		return channels.Listing{}, &channels.Failure{Class: channels.Rejected, Call: name, Message: "the stock of variant " + listing + " cannot be written: " + read.Unkept[listing]}
	}
	return read.Found[0], nil
}

// write sends a swap. A key whose attempt the vendor calls failed is left for the next that follows from it, so that the same
// write later goes the same way.
func (c *Connector) write(ctx context.Context, name, listing string, from, to int64, key string) error {
	home, err := c.where(ctx)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		tryKey := key
		if n > 1 {
			tryKey = key + "/" + strconv.Itoa(n)
		}
		err := c.swap(ctx, name, home, listing, from, to, tryKey)
		var f *channels.Failure
		if !errors.As(err, &f) || f.Code != "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED" || n == maxKeys {
			return err
		}
	}
}

func (c *Connector) swap(ctx context.Context, name, home, listing string, from, to int64, key string) error {
	type quantity struct {
		Item     string `json:"inventoryItemId"`
		Location string `json:"locationId"`
		To       int64  `json:"quantity"`
		From     int64  `json:"changeFromQuantity"`
	}
	data, err := c.Call(ctx, wire.Request{
		Name: name, Document: setDocument, Write: true, Urgent: to == 0,
		Variables: map[string]any{"key": key, "input": map[string]any{
			"name": "available", "reason": "correction", "referenceDocumentUri": "gid://creatorflow/Quantity/" + listing,
			"quantities": []quantity{{wire.GID("InventoryItem", c.itemOf(listing)), wire.GID("Location", home), to, from}},
		}},
	})
	if err != nil {
		return err
	}
	var answer struct {
		Set *struct {
			Errors []wire.UserError `json:"userErrors"`
		} `json:"inventorySetQuantities"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Set == nil {
		return wire.Lost(name, cmp.Or(err, errors.New("no payload")))
	}
	err = wire.Refused(name, answer.Set.Errors)
	var f *channels.Failure
	if errors.As(err, &f) && to == 0 && f.Code == "INVALID_QUANTITY_TOO_LOW" {
		c.refusesZero.Store(true)
	}
	return err
}

// SetQuantity implements channels.Connector: it swaps against what is listed, again when that moves meanwhile.
func (c *Connector) SetQuantity(ctx context.Context, product, listing string, quantity int64) error {
	const name = "write quantity"
	if quantity < 0 || quantity > MaxQuantity {
		return wire.Bug(name, fmt.Sprintf("quantity %d is not from 0 to %d", quantity, MaxQuantity))
	}
	if err := errors.Join(wire.CheckID(name, product), wire.CheckID(name, listing)); err != nil {
		return err
	}
	for try := 1; ; try++ {
		l, err := c.readOne(ctx, name, listing)
		if err != nil {
			return err
		}
		if l.Available == quantity {
			return nil
		}
		key := fmt.Sprintf("set-%s-%s-%d-%d", c.shop.ID, listing, c.Now().UnixNano(), c.serial.Add(1))
		if err = c.write(ctx, name, listing, l.Available, quantity, key); channels.ClassOf(err) != channels.Stale || try == maxSwaps {
			return err
		}
	}
}

// Listings implements channels.Connector. Committed is not told here.
func (c *Connector) Listings(ctx context.Context, after string) (channels.ListingPage, error) {
	const name = "list products"
	home, err := c.where(ctx)
	if err != nil {
		return channels.ListingPage{}, err
	}
	for {
		n := c.Share(name, variantGuess, maxNodes)
		vars := map[string]any{"first": n, "location": wire.GID("Location", home)}
		if after != "" {
			vars["after"] = after
		}
		data, err := c.Call(ctx, wire.Request{Name: name, Document: listingsDocument, Variables: vars, Things: n})
		if c.TooDear(err, name, n) {
			continue
		}
		if err != nil {
			return channels.ListingPage{}, err
		}
		var list struct {
			Variants wire.Page `json:"productVariants"`
			Shop     struct {
				Currency channels.Text `json:"currencyCode"`
			} `json:"shop"`
		}
		if err := json.Unmarshal(data, &list); err != nil || list.Shop.Currency == "" {
			return channels.ListingPage{}, wire.Unreadable(name, cmp.Or(err, errors.New("no currency")))
		}
		read := products.Read(list.Variants.Nodes, string(list.Shop.Currency))
		c.remember(read.Items)
		for i := range read.Found {
			read.Found[i].Committed = 0
			if why := read.Unkept[read.Found[i].ListingID]; why != "" {
				read.Found[i].Vendor += ", " + why
			}
		}
		return channels.ListingPage{Listings: read.Found, Invalid: read.Invalid, Next: list.Variants.Next()}, nil
	}
}
