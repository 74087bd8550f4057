package api

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/amount"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/graph"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
)

func (c *Call) shop(args) (any, error) {
	return obj{
		"id": GID("Shop", c.Store.ID), "name": c.Store.Name, "myshopifyDomain": c.Store.Domain, "currencyCode": c.Store.Currency,
		"email": "owner@example.test", "plan": obj{"publicDisplayName": "Basic", "shopifyPlus": false, "partnerDevelopment": true},
	}, nil
}

func (c *Call) installation(args) (any, error) {
	list := []obj{}
	for _, s := range c.Scopes {
		list = append(list, obj{"handle": s, "description": s})
	}
	return obj{"id": GID("AppInstallation", c.Store.ID+1), "accessScopes": list}, nil
}

func (c *Call) job(a args) (any, error) {
	done, known := c.Store.Jobs[strings.TrimPrefix(a.Text("id"), "gid://shopify/Job/")]
	if !known {
		return nil, nil
	}
	return obj{"id": a.Text("id"), "done": done}, nil
}

func (c *Call) node(a args) (any, error) {
	for _, kind := range kinds {
		if o := c.find(a.Text("id"), kind); o != nil {
			return o, nil
		}
	}
	return nil, nil
}

func (c *Call) nodes(a args) (any, error) {
	out := []any{}
	for _, id := range a.Texts("ids") {
		o, err := c.node(args{"id": id})
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

var kinds = []string{"Order", "Product", "ProductVariant", "InventoryItem", "Location", "WebhookSubscription", "FulfillmentOrder", "Fulfillment", "Return", "Refund"}

// find gives an object by its id, nil when there is none or the app may not see its kind.
func (c *Call) find(gid, kind string) any {
	id := ungid(gid, kind)
	if id == 0 || c.permit(strings.ToLower(kind[:1])+kind[1:]) != nil {
		return nil
	}
	switch kind {
	case "Order":
		if o := c.Store.Orders[id]; o != nil {
			return c.order(o)
		}
	case "Product":
		if p := c.Store.Products[id]; p != nil {
			return c.product(p)
		}
	case "ProductVariant":
		if v := c.Store.Variants[id]; v != nil {
			return c.variant(v)
		}
	case "InventoryItem":
		if v := c.Store.Items[id]; v != nil {
			return c.item(v)
		}
	case "Location":
		if l := c.Store.Place(id); l != nil {
			return place(l)
		}
	case "FulfillmentOrder":
		if p := c.Store.Parts[id]; p != nil {
			return c.part(p)
		}
	case "Fulfillment":
		if f := c.Store.Fulfillment(id); f != nil {
			return c.parcel(f)
		}
	case "Return":
		if r := c.Store.Returns[id]; r != nil {
			return c.giveBack(r)
		}
	case "Refund":
		for _, o := range c.Store.Orders {
			for _, r := range o.Refunds {
				if r.ID == id {
					return c.refund(r)
				}
			}
		}
	case "WebhookSubscription":
		if s := c.Hooks.find(id); s != nil {
			return c.subscription(s)
		}
	}
	return nil
}

// term is one of a search: name, comparison and value, quoted or not.
var term = regexp.MustCompile(`^\s*(\w+):(>=|<=|>|<|)\s*(?:'([^']*)'|"([^"]*)"|(\S+))`)

// search reads the part of the vendor's search syntax that is known here: terms of time joined by AND or spaces.
func search(query string, bound func(name, op, value string) error) error {
	for rest := strings.TrimSpace(query); rest != ""; rest = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rest), "AND ")) {
		m := term.FindStringSubmatch(rest)
		if m == nil {
			return &graph.Error{Code: "BAD_REQUEST", Message: "the simulator cannot read the search " + query}
		}
		if err := bound(m[1], m[2], m[3]+m[4]+m[5]); err != nil {
			return err
		}
		rest = rest[len(m[0]):]
	}
	return nil
}

func (c *Call) orders(a args) (any, error) {
	w, err := page(a)
	if err != nil {
		return nil, err
	}
	key := a.Text("sortKey")
	if key != "UPDATED_AT" {
		return nil, &graph.Error{Code: "BAD_REQUEST", Message: "the simulator sorts orders by UPDATED_AT only, not by " + key}
	}
	created := [2]int64{0, 1 << 60}
	err = search(a.Text("query"), func(name, op, value string) error {
		at, err := time.Parse(time.RFC3339, value)
		if err != nil || name != "updated_at" && name != "created_at" || op == "" {
			return &graph.Error{Code: "BAD_REQUEST", Message: fmt.Sprintf("the simulator cannot search orders by %s:%s%s", name, op, value)}
		}
		lo, hi := &w.GE, &w.LT
		if name == "created_at" {
			lo, hi = &created[0], &created[1]
		}
		switch op {
		case ">=":
			*lo = at.Unix()
		case ">":
			*lo = at.Unix() + 1
		case "<":
			*hi = at.Unix()
		case "<=":
			*hi = at.Unix() + 1
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	oldest := c.Now.Add(-60 * 24 * time.Hour).Unix()
	all := slices.Contains(c.Scopes, "read_all_orders")
	return line("Order", &c.Store.OrderUpdates, w, func(o *market.Order) bool {
		at := o.Created.Unix()
		return at >= created[0] && at < created[1] && (all || at >= oldest)
	}, c.order)
}

func (c *Call) products(a args) (any, error) {
	w, err := page(a)
	if err != nil {
		return nil, err
	}
	return line("Product", &c.Store.ProductLine, w, func(*market.Product) bool { return true }, c.product)
}

func (c *Call) variants(a args) (any, error) {
	w, err := page(a)
	if err != nil {
		return nil, err
	}
	return line("ProductVariant", &c.Store.VariantLine, w, func(*market.Variant) bool { return true }, c.variant)
}

func (c *Call) inventoryItems(a args) (any, error) {
	w, err := page(a)
	if err != nil {
		return nil, err
	}
	return line("InventoryItem", &c.Store.VariantLine, w, func(*market.Variant) bool { return true }, c.item)
}

func (c *Call) locations(a args) (any, error) {
	list := slices.DeleteFunc(slices.Clone(c.Store.Places), func(l *market.Location) bool { return !l.Active && !a.Flag("includeInactive") })
	return paged("Location", list, place)(a)
}

func (c *Call) location(a args) (any, error) {
	if !a.Has("id") || a["id"] == nil {
		return place(c.Store.Places[0]), nil
	}
	return c.find(a.Text("id"), "Location"), nil
}

func place(l *market.Location) obj {
	return obj{"__typename": "Location", "id": GID("Location", l.ID), "name": l.Name, "isActive": l.Active, "fulfillsOnlineOrders": l.Online, "shipsInventory": true}
}

func (c *Call) product(p *market.Product) obj {
	return obj{
		"__typename": "Product", "id": GID("Product", p.ID), "title": p.Title, "status": p.Status, "createdAt": stamp(p.Created), "updatedAt": stamp(p.Updated),
		"hasOnlyDefaultVariant": len(p.Variants) == 1 && p.Variants[0].Option == "", "variants": paged("ProductVariant", p.Variants, c.variant),
	}
}

func (c *Call) variant(v *market.Variant) obj {
	title := v.Option
	if title == "" {
		title = "Default Title"
	}
	price, _ := amount.Parse(v.Price) // checked when it was listed
	policy := "DENY"
	if v.Oversell {
		policy = "CONTINUE"
	}
	lazy := func(make func() obj) graph.Field { return func(args) (any, error) { return make(), nil } }
	return obj{
		"__typename": "ProductVariant", "id": GID("ProductVariant", v.ID), "legacyResourceId": fmt.Sprint(v.ID), "title": title,
		"displayName": v.Product.Title + " - " + title, "sku": orNull(v.SKU.SKU), "price": price.Fixed(), "barcode": orNull(v.Barcode),
		"inventoryQuantity": c.Store.Available(v), "inventoryPolicy": policy, "updatedAt": stamp(v.Updated),
		"availableForSale": v.Product.Status == "ACTIVE" && (v.Oversell || c.Store.Available(v) > 0),
		"selectedOptions":  []obj{{"name": "Title", "value": title}},
		"inventoryItem":    lazy(func() obj { return c.item(v) }), "product": lazy(func() obj { return c.product(v.Product) }),
	}
}

func (c *Call) item(v *market.Variant) obj {
	var places []*market.Location
	for _, l := range c.Store.Places {
		if v.Levels[l.ID] != nil {
			places = append(places, l)
		}
	}
	return obj{
		"__typename": "InventoryItem", "id": GID("InventoryItem", v.Item), "sku": orNull(v.SKU.SKU), "tracked": !v.Untracked, "updatedAt": stamp(v.Updated),
		"variant": graph.Field(func(args) (any, error) { return c.variant(v), nil }),
		"inventoryLevel": graph.Field(func(a args) (any, error) {
			l := c.Store.Place(ungid(a.Text("locationId"), "Location"))
			if l == nil || v.Levels[l.ID] == nil {
				return nil, nil
			}
			return c.level(v, l), nil
		}),
		"inventoryLevels": paged("InventoryLevel", places, func(l *market.Location) obj { return c.level(v, l) }),
	}
}

func (c *Call) level(v *market.Variant, l *market.Location) obj {
	level := v.Levels[l.ID]
	return obj{
		"__typename": "InventoryLevel", "id": fmt.Sprintf("gid://shopify/InventoryLevel/%d?inventory_item_id=%d", l.ID, v.Item), "isActive": l.Active,
		"updatedAt": stamp(level.Updated), "location": place(l), "item": graph.Field(func(args) (any, error) { return c.item(v), nil }),
		"quantities": graph.Field(func(a args) (any, error) {
			known := map[string]int64{
				"available": level.Available, "committed": level.Committed, "on_hand": level.Available + level.Committed, "incoming": 0, "reserved": 0,
				"damaged": 0, "safety_stock": 0, "quality_control": 0,
			}
			list := []obj{}
			for _, name := range a.Texts("names") {
				n, ok := known[name]
				if !ok {
					return nil, &graph.Error{Code: "BAD_REQUEST", Message: "The specified quantity names are invalid. Valid values are: " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")}
				}
				list = append(list, obj{"id": fmt.Sprintf("gid://shopify/InventoryQuantity/%d?name=%s", v.Item, name), "name": name, "quantity": n, "updatedAt": stamp(level.Updated)})
			}
			return list, nil
		}),
	}
}
