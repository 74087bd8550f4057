package reads

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/domain/stockout"
	"github.com/creatorflow/creatorflow/gateway/reads/located"
	"github.com/creatorflow/creatorflow/gateway/reads/made"
	"github.com/creatorflow/creatorflow/gateway/reads/queues"
	"github.com/creatorflow/creatorflow/projection"
)

// ErrAfter says that after is not the next of an earlier page.
var ErrAfter = errors.New("after must be the next of an earlier page of this list")

// StockItem is one SKU in a list.
type StockItem struct {
	SKU           string   `json:"sku"`
	Name          string   `json:"name"`
	OnHand        int64    `json:"on_hand"`
	Aside         int64    `json:"aside" doc:"of what is on hand, units at locations that orders are not shipped from: they are not for sale"`
	Reserved      int64    `json:"reserved"`
	Available     int64    `json:"available"`
	Velocity1h    float64  `json:"velocity_1h" doc:"units sold an hour, over the last hour"`
	Velocity24h   float64  `json:"velocity_24h" doc:"units sold an hour, over the last day"`
	StockoutIn    *float64 `json:"stockout_seconds" doc:"at the faster rate; null when nothing sells"`
	StockoutText  string   `json:"stockout_text"`
	Soonest       *float64 `json:"stockout_soonest_seconds" doc:"four times of five it falls between this and the latest, if units go on selling one by one; null when nothing sells"`
	Latest        *float64 `json:"stockout_latest_seconds" doc:"null when it is out of sight, too"`
	Severity      string   `json:"severity" enum:"ok,warning,critical"`
	WaitingOrders int64    `json:"waiting_orders"`
	Oversold      int64    `json:"oversold" doc:"units promised beyond what is on hand"`
	Version       int64    `json:"version"`
	MadeOf        string   `json:"made_of" doc:"of a bundle: what one unit of it is, in words, and available is what that suffices for; empty when the SKU has stock of its own"`
}

func stockItem(i inventory.Item) StockItem {
	item := StockItem{
		SKU: i.SKU, Name: i.Name, OnHand: i.OnHand, Aside: i.Aside, Reserved: i.Reserved, Available: i.Available,
		Velocity1h: round(i.Rates.Hour, 2), Velocity24h: round(i.Rates.Day, 2),
		StockoutText: stockout.Text(i.Available, i.Out, i.Selling), Severity: i.Severity,
		WaitingOrders: i.Waiting, Oversold: max(0, -i.Available), Version: i.Entries,
	}
	if i.Selling {
		item.StockoutIn, item.Soonest = wholeSeconds(i.Out), wholeSeconds(i.Soonest)
	}
	if i.Latest > 0 {
		item.Latest = wholeSeconds(i.Latest)
	}
	return item
}

func wholeSeconds(d time.Duration) *float64 {
	s := round(d.Seconds(), 0)
	return &s
}

// StockQuery narrows the list of SKUs.
type StockQuery struct {
	Text     string
	Critical bool // out within 24 h, waited for or oversold; most urgent first, one page
	After    string
	Limit    int
}

// StockList is a page of SKUs.
type StockList struct {
	Page
	Items []StockItem `json:"items"`
}

// Stock makes the body of GET /api/v1/stock.
func (b *Reads) Stock(ctx context.Context, r projection.Reader, q StockQuery) (StockList, error) {
	body := StockList{Page: Page{Position: int64(r.Position()), Total: -1}, Items: []StockItem{}}
	var items []inventory.Item
	var err error
	switch {
	case q.Critical && q.Text != "":
		items, _, err = inventory.Critical(ctx, r, math.MaxInt, b.now())
		items = slices.DeleteFunc(items, func(i inventory.Item) bool { return !i.Matches(q.Text) })
		body.Total = int64(len(items))
		items = items[:min(len(items), q.Limit)]
	case q.Critical:
		items, body.Total, err = inventory.Critical(ctx, r, q.Limit, b.now())
	default:
		items, body.Next, err = inventory.List(ctx, r, q.Text, q.After, q.Limit, b.now())
	}
	for _, i := range items {
		item := stockItem(i)
		if !q.Critical { // no bundle is: what runs out are its components
			if _, err := b.bundled(ctx, r, &item); err != nil {
				return body, err
			}
		}
		body.Items = append(body.Items, item)
	}
	if !q.Critical && q.After == "" && body.Next == "" {
		body.Total = int64(len(items))
	}
	return body, err
}

// SKU is everything about one SKU's stock.
type SKU struct {
	Position int64 `json:"position"`
	StockItem
	Received int64               `json:"received"`
	Shipped  int64               `json:"shipped"`
	Adjusted int64               `json:"adjusted"`
	Returned int64               `json:"returned"`
	Listings []Listing           `json:"listings"`
	Survives string              `json:"survives" doc:"which outage of the hub the listings survive without overselling; empty when it writes none of them"`
	Outage   Outage              `json:"outage"`
	Waiting  []queues.WaitingFor `json:"waiting"`
	Queue    queues.Queue        `json:"queue" doc:"who waits in turn"`
	Explain  string              `json:"explain" doc:"how the available figure comes about"`
	Ledger   []LedgerEntry       `json:"ledger" doc:"the newest 50"`

	Components []made.BundlePart `json:"components" doc:"of a bundle: what one unit of it is made of"`
	Bundles    []made.InBundle   `json:"bundles" doc:"that take this SKU"`

	Where []located.Stand `json:"where" doc:"what lies at each location, in the order in which they are asked for an order's units"`
}

// Outage is what was said of the outage of the hub that hybrid listings must survive.
type Outage struct {
	Minutes int `json:"minutes" doc:"said for this SKU; 0 when it goes as all others do, and when the hub writes none of its listings"`
	Others  int `json:"others" doc:"minutes, for all SKUs without one of their own; 0 when the hub writes no listing of this one"`
}

// Listing is a shop's code that means a SKU.
type Listing struct {
	Connection string `json:"connection"`
	Name       string `json:"connection_name"`
	Channel    string `json:"channel"`
	Listing    string `json:"listing" doc:"the channel's id, as the SKU's newest orders name it; empty when none of them does"`
	Code       string `json:"code"`

	Pushing   bool    `json:"pushing" doc:"the hub writes its quantity"`
	Quantity  *int    `json:"quantity" doc:"listed, as far as is known: what was read or written last, less the sales since; null while it is not, and when the hub writes no listing of the SKU"`
	Exposure  *int    `json:"exposure" doc:"units that can still be sold there or were sold and are not known yet, at most; null like quantity"`
	Confirmed *string `json:"confirmed_at" doc:"the last reading of it all of whose orders are known"`
	Policy    string  `json:"policy" enum:",escrow,mirror,hybrid"`
	Buffer    int     `json:"buffer" doc:"units that a mirror does not list, or that a shop in escrow gets before others"`
	Catalogue bool    `json:"catalogue" doc:"takes no orders: it shows another listing's quantity"`
	Differs   *string `json:"differs_since" doc:"since when it lists something else than it should"`
	Trouble   string  `json:"trouble" doc:"why the last write was not made; empty when it was"`
}

const (
	ledgerRows   = 50
	listingRows  = 50
	namingOrders = 20 // that are asked for a listing's id
)

// SKU makes the body of GET /api/v1/stock/{sku}.
func (b *Reads) SKU(ctx context.Context, r projection.Reader, sku string) (SKU, error) {
	item, found, err := inventory.Find(ctx, r, sku, b.now())
	if err != nil {
		return SKU{}, err
	}
	if !found {
		return SKU{}, ErrNotFound
	}
	body := SKU{
		Position: int64(r.Position()), StockItem: stockItem(item), Received: item.Received, Shipped: item.Shipped,
		Adjusted: item.Adjusted, Returned: item.Returned, Explain: inventory.Explain(item.Row),
	}
	units, in, err := made.Takes(ctx, r, sku)
	if err != nil {
		return SKU{}, err
	}
	body.Bundles = in
	if body.Components, err = b.bundled(ctx, r, &body.StockItem); err != nil {
		return SKU{}, err
	}
	if len(body.Components) > 0 {
		body.Explain = made.Explain(body.Components, body.Available)
	}
	if body.Waiting, err = queues.Waiting(ctx, r, sku, units, item.Available); err != nil {
		return SKU{}, err
	}
	if body.Queue, err = queues.Of(ctx, r, sku, item.Available); err != nil {
		return SKU{}, err
	}
	if body.Ledger, _, err = ledger(ctx, r, sku, 0, ledgerRows); err != nil {
		return SKU{}, err
	}
	var newest []string
	for _, w := range body.Waiting {
		newest = append(newest, w.Order)
	}
	for _, e := range body.Ledger {
		newest = append(newest, e.Order)
	}
	if body.Where, err = located.Standing(ctx, r, item.Row); err != nil {
		return SKU{}, err
	}
	live, _ := b.o.Listings(sku)
	body.Survives, body.Outage = live.Survives, Outage{Minutes: live.Outage, Others: live.Others}
	body.Listings, err = listings(ctx, r, sku, newest, live.Items)
	return body, err
}

// Listings is what is known right now of the listings of a SKU. It is not from the log.
type Listings struct {
	Survives       string
	Outage, Others int // minutes
	Items          []Listed
}

// Listed is one of them.
type Listed struct {
	Connection, Listing, Code string
	Pushing, Known            bool
	Quantity, Exposure        int
	Confirmed, Differs        time.Time
	Policy                    string
	Buffer                    int
	Catalogue                 bool
	Trouble                   string
}

// Drift is how the listings of a connection fare. It is not from the log.
type Drift struct {
	Pushing  bool
	Listings int
	Since    time.Time
	Trouble  string
}

// merge puts what is known right now to the listings that the views tell of; the shop knows its listings better than orders
// do.
func merge(told []Listing, live []Listed) []Listing {
	for _, l := range live {
		i := slices.IndexFunc(told, func(t Listing) bool {
			return t.Connection == l.Connection && t.Code == l.Code && (t.Listing == "" || t.Listing == l.Listing)
		})
		if i < 0 {
			i = len(told)
			told = append(told, Listing{Connection: l.Connection, Code: l.Code})
		}
		t := &told[i]
		t.Listing, t.Pushing, t.Confirmed, t.Differs = l.Listing, l.Pushing, maybe(l.Confirmed), maybe(l.Differs)
		t.Policy, t.Buffer, t.Catalogue, t.Trouble = l.Policy, l.Buffer, l.Catalogue, l.Trouble
		if l.Known {
			t.Quantity, t.Exposure = &l.Quantity, &l.Exposure
		}
	}
	return told
}

// listings are the codes that mean a SKU: those that somebody mapped, those that imports found, and the SKU's own spelling
// in shops whose newest orders sold it. Only imports and orders tell the channel's id of a listing.
func listings(ctx context.Context, r projection.Reader, sku string, newest []string, live []Listed) ([]Listing, error) {
	mappings, err := shops.Mappings(ctx, r, sku, listingRows)
	if err != nil {
		return nil, err
	}
	all, err := shops.List(ctx, r)
	if err != nil {
		return nil, err
	}
	found := map[[2]string]string{} // the channel's id by connection and code
	for _, m := range mappings {
		found[[2]string{m.Connection, m.Code}] = ""
	}
	imported, err := catalogue.Offers(ctx, r, sku, listingRows)
	if err != nil {
		return nil, err
	}
	for _, o := range imported {
		found[[2]string{o.Connection, o.Code}] = o.Listing
	}
	seen := map[string]bool{"": true} // no order moved that stock
	for _, id := range newest {
		if seen[id] {
			continue
		}
		if seen[id] = true; len(seen) > namingOrders {
			break
		}
		row, _, err := orders.Find(ctx, r, id)
		if err != nil {
			return nil, err
		}
		for i, line := range row.Lines {
			key := [2]string{row.Connection, line.Code}
			known, mapped := found[key]
			if i < len(row.SKUs) && row.SKUs[i] == sku && known == "" && (mapped || line.Code == sku) {
				found[key] = line.Listing
			}
		}
	}
	byID := map[string]shops.Row{}
	for _, s := range all {
		byID[s.ID] = s
	}
	out := []Listing{}
	for key, id := range found {
		out = append(out, Listing{Connection: key[0], Listing: id, Code: key[1]})
	}
	out = merge(out, live)
	for i := range out {
		shop := byID[out[i].Connection]
		out[i].Name, out[i].Channel = shop.Name, shop.Channel
	}
	slices.SortFunc(out, func(a, b Listing) int {
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Listing, b.Listing))
	})
	return out, nil
}

// LedgerEntry is one movement of a SKU's stock and the figures after it.
type LedgerEntry struct {
	Entry     int64  `json:"entry" doc:"1, 2, 3 … per SKU"`
	At        string `json:"at"`
	Kind      string `json:"kind" enum:"received,reserved,released,shipped,adjusted,returned,bundled,unbundled,moved"`
	Quantity  int64  `json:"quantity" doc:"the change of what the kind names"`
	OnHand    int64  `json:"on_hand"`
	Reserved  int64  `json:"reserved"`
	Available int64  `json:"available"`
	Order     string `json:"order"`
	Reason    string `json:"reason"`
	Actor     string `json:"actor"`
	Cause     string `json:"cause"`
	Event     int64  `json:"event_position"`
	Inbox     int64  `json:"inbox" doc:"number of the raw webhook behind it, 0 for none"`
	Location  string `json:"location" doc:"names of the locations that units came to or left; empty when that is the main one alone"`
	From      string `json:"from" doc:"of moved units, the name of the location that they left"`
}

// LedgerList is a page of movements, newest first.
type LedgerList struct {
	Position int64         `json:"position"`
	Next     string        `json:"next"`
	Items    []LedgerEntry `json:"items"`
}

// Ledger makes the body of GET /api/v1/stock/{sku}/ledger.
func (b *Reads) Ledger(ctx context.Context, r projection.Reader, sku, after string, limit int) (LedgerList, error) {
	before := int64(0)
	if after != "" {
		var err error
		if before, err = strconv.ParseInt(after, 10, 64); err != nil || before < 1 {
			return LedgerList{}, ErrAfter
		}
	}
	if _, found, err := inventory.Find(ctx, r, sku, b.now()); err != nil || !found {
		return LedgerList{}, errors.Join(err, missing(found))
	}
	items, next, err := ledger(ctx, r, sku, before, limit)
	return LedgerList{Position: int64(r.Position()), Next: next, Items: items}, err
}

func missing(found bool) error {
	if found {
		return nil
	}
	return ErrNotFound
}

func ledger(ctx context.Context, r projection.Reader, sku string, before int64, limit int) (items []LedgerEntry, next string, err error) {
	entries, more, err := inventory.Ledger(ctx, r, sku, before, limit)
	if err != nil {
		return nil, "", err
	}
	ids := []string{}
	for _, e := range entries {
		ids = append(ids, e.Order)
	}
	inboxes, err := orders.Inboxes(ctx, r, ids)
	if err != nil {
		return nil, "", err
	}
	named, err := located.Names(ctx, r)
	if err != nil {
		return nil, "", err
	}
	items = []LedgerEntry{}
	for _, e := range entries {
		inbox := inboxOf(e.Cause)
		if inbox == 0 {
			inbox = inboxes[e.Order]
		}
		items = append(items, LedgerEntry{
			Entry: e.Entry, At: stamp(e.At), Kind: e.Kind, Quantity: e.Quantity, OnHand: e.OnHand, Reserved: e.Reserved,
			Available: e.Available, Order: e.Order, Reason: e.Reason, Actor: e.Actor, Cause: e.Cause, Event: e.Position, Inbox: inbox,
			Location: named(e.Location), From: named(e.From),
		})
	}
	if more > 0 {
		next = strconv.FormatInt(more, 10)
	}
	return items, next, nil
}
