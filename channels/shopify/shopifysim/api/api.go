// Package api is the simulated Shopify's Admin API above the transport: what each field of the query and the mutation
// answers, in the vendor's shapes.
//
//	graph.Plan ─► Call.Resolve(root field) ─► market ─► graph.Object, lazy ─► the selection
package api

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/graph"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/timeline"
)

// Call is one request of an app to a shop.
type Call struct {
	Market        *market.Market
	Store         *market.Store
	Hooks         *Hooks
	Keys          *Keys
	Now           time.Time
	Scopes        []string
	QuantityLost  func() bool // an accepted write is never applied
	InProgress    func(key string) bool
	PersonalHides bool // buyers' names and addresses are not for this app
}

const (
	maxFirst  = 250 // rows of a connection, and entries of a list argument
	localDate = time.RFC3339
)

type (
	obj  = graph.Object
	args = graph.Args
)

// scopes that a field needs; any one of a list. What is not here is free.
var scopes = map[string][]string{
	"orders": {"read_orders"}, "order": {"read_orders"},
	"products": {"read_products"}, "product": {"read_products"}, "productVariants": {"read_products"}, "productVariant": {"read_products"},
	"inventoryItems": {"read_inventory"}, "inventoryItem": {"read_inventory"}, "locations": {"read_locations"}, "location": {"read_locations"},
	"inventorySetQuantities": {"write_inventory"}, "inventoryAdjustQuantities": {"write_inventory"},
	"fulfillmentCreate":             {"write_merchant_managed_fulfillment_orders", "write_assigned_fulfillment_orders"},
	"fulfillmentTrackingInfoUpdate": {"write_merchant_managed_fulfillment_orders", "write_assigned_fulfillment_orders"},
	"fulfillmentCancel":             {"write_merchant_managed_fulfillment_orders", "write_assigned_fulfillment_orders"},
	"customer":                      {"read_customers"},
	"fulfillmentOrders":             {"read_merchant_managed_fulfillment_orders", "read_assigned_fulfillment_orders"},
	"fulfillmentOrder":              {"read_merchant_managed_fulfillment_orders", "read_assigned_fulfillment_orders"},
	"orderCancel":                   {"write_orders"}, "orderCapture": {"write_orders"},
	"return": {"read_returns"}, "returns": {"read_returns"}, "refund": {"read_orders"},
	"returnApproveRequest": {"write_returns"}, "returnDeclineRequest": {"write_returns"}, "returnCancel": {"write_returns"}, "returnClose": {"write_returns"},
	"returnProcess": {"write_returns"},
}

// Scopes are all there are here, as the app's consent asks for them.
func Scopes() []string {
	return []string{
		"read_orders", "write_orders", "read_customers", "read_products", "read_inventory", "write_inventory", "read_locations",
		"read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders", "read_returns", "write_returns",
	}
}

// demandsKey are the mutations that are refused without @idempotent since 2026-04.
var demandsKey = map[string]bool{"inventorySetQuantities": true, "inventoryAdjustQuantities": true}

// has says whether a scope was granted; writing includes reading.
func (c *Call) has(scope string) bool {
	return slices.Contains(c.Scopes, scope) || strings.HasPrefix(scope, "read_") && slices.Contains(c.Scopes, "write_"+scope[5:])
}

func (c *Call) permit(name string) error {
	need := scopes[name]
	if len(need) == 0 || slices.ContainsFunc(need, c.has) {
		return nil
	}
	return &graph.Error{
		Code: "ACCESS_DENIED", Message: "Access denied for " + name + " field. Required access: `" + strings.Join(need, "` or `") + "` access scope.",
		Extra: map[string]any{"documentation": "https://shopify.dev/api/usage/access-scopes", "requiredAccess": "`" + strings.Join(need, "` or `") + "` access scope."},
	}
}

// guarded is a field that needs a scope of its own.
func (c *Call) guarded(name string, field graph.Field) graph.Field {
	return func(a args) (any, error) {
		if err := c.permit(name); err != nil {
			return nil, err
		}
		return field(a)
	}
}

// Resolve answers a root field.
func (c *Call) Resolve(name string, a graph.Args, key string, keyed bool) (any, error) {
	if err := c.permit(name); err != nil {
		return nil, err
	}
	for _, v := range a {
		if list, ok := v.([]any); ok && len(list) > maxFirst {
			return nil, &graph.Error{Code: "MAX_INPUT_SIZE_EXCEEDED", Message: fmt.Sprintf("The input array size of %d is greater than the maximum allowed of %d.", len(list), maxFirst)}
		}
	}
	if demandsKey[name] {
		return c.once(name, a, key, keyed)
	}
	if keyed && key == "" {
		return nil, &graph.Error{Code: "BAD_REQUEST", Message: "The @idempotent key must not be empty."}
	}
	if do := queries[name]; do != nil {
		return do(c, a)
	}
	if do := mutations[name]; do != nil {
		return do(c, a, key)
	}
	return nil, fmt.Errorf("the simulator does not resolve %s", name)
}

var (
	queries   map[string]func(*Call, args) (any, error)
	mutations map[string]func(*Call, args, string) (any, error)
)

func init() { // the tables name functions that reach the tables again, through node
	queries = map[string]func(*Call, args) (any, error){
		"shop": (*Call).shop, "currentAppInstallation": (*Call).installation, "node": (*Call).node, "nodes": (*Call).nodes, "job": (*Call).job,
		"order":  func(c *Call, a args) (any, error) { return c.find(a.Text("id"), "Order"), nil },
		"orders": (*Call).orders, "products": (*Call).products, "productVariants": (*Call).variants,
		"product":        func(c *Call, a args) (any, error) { return c.find(a.Text("id"), "Product"), nil },
		"productVariant": func(c *Call, a args) (any, error) { return c.find(a.Text("id"), "ProductVariant"), nil },
		"inventoryItem":  func(c *Call, a args) (any, error) { return c.find(a.Text("id"), "InventoryItem"), nil },
		"inventoryItems": (*Call).inventoryItems, "locations": (*Call).locations, "location": (*Call).location,
		"return":               func(c *Call, a args) (any, error) { return c.find(a.Text("id"), "Return"), nil },
		"refund":               func(c *Call, a args) (any, error) { return c.find(a.Text("id"), "Refund"), nil },
		"webhookSubscriptions": (*Call).subscriptions,
		"webhookSubscription":  func(c *Call, a args) (any, error) { return c.find(a.Text("id"), "WebhookSubscription"), nil },
	}
	mutations = map[string]func(*Call, args, string) (any, error){
		"inventorySetQuantities": (*Call).setQuantities, "inventoryAdjustQuantities": (*Call).adjustQuantities,
		"fulfillmentCreate": (*Call).fulfil, "fulfillmentTrackingInfoUpdate": (*Call).retrack, "fulfillmentCancel": (*Call).undo,
		"orderCancel": (*Call).cancel, "orderCapture": (*Call).capture,
		"returnApproveRequest": (*Call).approve, "returnDeclineRequest": (*Call).decline, "returnCancel": (*Call).callOff, "returnClose": (*Call).closeReturn,
		"returnProcess":             (*Call).process,
		"webhookSubscriptionCreate": (*Call).subscribe, "webhookSubscriptionUpdate": (*Call).resubscribe, "webhookSubscriptionDelete": (*Call).unsubscribe,
	}
}

// GID names an object.
func GID(kind string, id int64) string {
	return "gid://shopify/" + kind + "/" + strconv.FormatInt(id, 10)
}

// ungid reads an id of a kind, 0 when it is none.
func ungid(text, kind string) int64 {
	tail, ok := strings.CutPrefix(text, "gid://shopify/"+kind+"/")
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(tail, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(localDate)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// refused is the payload of a mutation that said no: the other field is null.
func refused(err error, errorsField string, rest ...string) (any, error) {
	var no market.Refusal
	if !errors.As(err, &no) {
		return nil, err
	}
	entry := obj{"field": listOf(no.Field), "message": no.Message, "code": orNull(no.Code)}
	out := obj{errorsField: []obj{entry}}
	for _, field := range rest {
		out[field] = nil
	}
	return out, nil
}

func listOf(texts []string) any {
	if texts == nil {
		return nil
	}
	out := make([]any, len(texts))
	for i, s := range texts {
		out[i] = s
	}
	return out
}

// page is what a connection's arguments ask for.
func page(a args) (timeline.Window, error) {
	w := timeline.Window{After: a.Text("after"), Reverse: a.Flag("reverse")}
	n, ok := a.Whole("first")
	if !ok {
		n, ok = a.Whole("last")
		w.Reverse = !w.Reverse
	}
	switch {
	case !ok:
		return w, &graph.Error{Code: "BAD_REQUEST", Message: "you must provide one of first or last"}
	case n < 0 || n > maxFirst:
		return w, &graph.Error{Code: "BAD_REQUEST", Message: fmt.Sprintf("first cannot exceed %d", maxFirst)}
	}
	w.First = int(n)
	return w, nil
}

// connection shapes rows.
func connection[T any](kind string, rows []timeline.Row[T], more bool, make func(T) obj) obj {
	nodes, edges := []obj{}, []obj{}
	for _, r := range rows {
		node := make(r.Item)
		nodes = append(nodes, node)
		edges = append(edges, obj{"__typename": kind + "Edge", "cursor": r.Cursor, "node": node})
	}
	info := obj{"__typename": "PageInfo", "hasNextPage": more, "hasPreviousPage": false, "startCursor": nil, "endCursor": nil}
	if len(rows) > 0 {
		info["startCursor"], info["endCursor"] = rows[0].Cursor, rows[len(rows)-1].Cursor
	}
	return obj{"__typename": kind + "Connection", "nodes": nodes, "edges": edges, "pageInfo": info}
}

// paged is a connection over a short list; its cursors are places in the list.
func paged[T any](kind string, list []T, make func(T) obj) graph.Field {
	return func(a args) (any, error) {
		w, err := page(a)
		if err != nil {
			return nil, err
		}
		from := 0
		if w.After != "" {
			if from, err = strconv.Atoi(strings.TrimPrefix(w.After, "at-")); err != nil || from < 0 || from > len(list) {
				return nil, &graph.Error{Code: "BAD_REQUEST", Message: "Invalid cursor for current pagination sort."}
			}
		}
		var rows []timeline.Row[T]
		for i := from; i < len(list) && len(rows) < w.First; i++ {
			rows = append(rows, timeline.Row[T]{Item: list[i], Cursor: fmt.Sprintf("at-%d", i+1)})
		}
		return connection(kind, rows, from+len(rows) < len(list), make), nil
	}
}

// line is a connection over all things of a kind.
func line[T any](kind string, line *timeline.Timeline[T], w timeline.Window, keep func(T) bool, make func(T) obj) (any, error) {
	rows, more, err := line.Page(w, keep)
	if err != nil {
		return nil, &graph.Error{Code: "BAD_REQUEST", Message: "Invalid cursor for current pagination sort."}
	}
	return connection(kind, rows, more, make), nil
}
