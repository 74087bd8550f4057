// Package direct is what a seller sells outside the channels: at a market stall, in a shop of their own, in a message.
//
//	command ─► Place ─► order.placed and the stock that it takes, in one decision ─► flow "fulfilment", as of any order
//	command ─► Naming: by what else it is paid      the payment partner's news ─► Seeing: what somebody did there
//
// The hub is such an order's channel: nobody else says that it is paid, sent or cancelled, and nobody has to be told.
package direct

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/bundles"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	listingevents "github.com/creatorflow/creatorflow/domain/events/listings"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/demand"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// Channel is the name of the channel that the hub itself is.
const Channel = "direct"

// The channel's own words for an order's status; nobody but the hub has any.
const (
	wordEntered = "entered"
	wordPaid    = "paid"
)

// Rules' answers.
const (
	ErrNumber    = eventlog.Refusal("An order with this number was entered before. Give this one another number.")
	ErrTotal     = eventlog.Refusal("The order comes to more than can be counted.")
	ErrNothing   = eventlog.Refusal("An order that is charged to a card, or paid by a link, must come to more than nothing.")
	ErrPay       = eventlog.Refusal("Say how the order is paid: by card, by a link, or elsewhere.")
	ErrMethod    = eventlog.Refusal("A card payment needs Stripe's id of a payment method, pm_…, or of a payment that your own checkout has begun, pi_….")
	ErrClaimed   = eventlog.Refusal("This payment belongs to another order already. A payment pays one order.")
	ErrDirect    = eventlog.Refusal("This order was sold on a channel, which says how it is paid.")
	ErrPaid      = eventlog.Refusal("The order is paid already.")
	ErrCancelled = eventlog.Refusal("The order is cancelled.")
	ErrCancels   = eventlog.Refusal("The order is being cancelled. Wait until that has ended.")
)

// Item is units of a SKU at a price.
type Item struct {
	SKU      string
	Name     string
	Quantity int64
	Price    money.Money // of one unit
}

// Order is an order as a seller enters it.
type Order struct {
	Connection string
	Number     string // the seller's own, once for a connection
	Items      []Item // at least one
	Delivery   money.Money
	events.Direct
	Buyer string // a reference into the vault
	events.Destination
	Link  Link // of one that is paid by a link
	Now   time.Time
	Shops map[string]string           // names of connections by id, for sentences
	Made  map[string]map[string]int64 // by SKU: components of those that are bundles
}

func (o Order) id() string { return orders.ID(o.Connection, o.Number) }

// maxPayment is the longest id of the partner's.
const maxPayment = 100

// payable refuses what cannot be charged.
func payable(d events.Direct) error {
	switch {
	case (d.Pay == events.PayElsewhere || d.Pay == events.PayLink) && d.Method == "":
		return nil
	case d.Pay != events.PayCard && d.Pay != events.PayElsewhere:
		return ErrPay
	case d.Pay == events.PayElsewhere, !begun(d) && !strings.HasPrefix(d.Method, "pm_"), len(d.Method) > maxPayment,
		strings.ContainsFunc(d.Method, func(r rune) bool { return r <= ' ' || r > '~' }):
		return ErrMethod
	}
	return nil
}

// begun says that a payment of the seller's own shop is named.
func begun(d events.Direct) bool { return strings.HasPrefix(d.Method, "pi_") }

// paymentKind is the stream kind of payments that the seller's own shop has begun.
const paymentKind = "payment"

func payment(workspace, id string) eventlog.Stream {
	return eventlog.Stream{Workspace: workspace, Kind: paymentKind, ID: id}
}

// claims folds whose a payment is: an order's id, or nothing.
func claims(workspace, id string) eventlog.Fold {
	rule := eventlog.Decider[string, struct{}]{Evolve: func(s string, e eventlog.Event) string {
		if c, ok := e.(events.PaymentClaimed); ok {
			return c.Order
		}
		return s
	}}
	return rule.Fold(payment(workspace, id))
}

// claim gives a payment to an order, unless it is another's.
func claim(workspace, order, owner string, d events.Direct) ([]eventlog.Decided, error) {
	switch {
	case owner == order:
		return nil, nil
	case owner != "":
		return nil, ErrClaimed
	}
	return []eventlog.Decided{{Stream: payment(workspace, d.Method), Events: []eventlog.Event{events.PaymentClaimed{Payment: d.Method, Order: order}}}}, nil
}

// Placing are the folds that Place decides over: the order, its payment, of each item what its code means there, its stock and what
// the shops offer of it, of what bundles are made of the stocks and what the shops offer, and last the policy for all and
// the locations.
func Placing(workspace string, o Order) []eventlog.Fold {
	folds := []eventlog.Fold{orders.Fold(workspace, o.id())}
	if begun(o.Direct) {
		folds = append(folds, claims(workspace, o.Method))
	}
	for _, item := range o.Items {
		folds = append(folds, catalogue.Fold(workspace, o.Connection, item.SKU), inventory.Fold(workspace, item.SKU), listings.Fold(workspace, item.SKU))
	}
	for _, sku := range o.components() {
		folds = append(folds, inventory.Fold(workspace, sku), listings.Fold(workspace, sku))
	}
	return append(folds, listings.Fold(workspace, ""), places.Fold(workspace))
}

// components are those of the order's bundles, sorted.
func (o Order) components() (skus []string) {
	for _, made := range o.Made {
		skus = slices.AppendSeq(skus, maps.Keys(made))
	}
	slices.Sort(skus)
	return slices.Compact(skus)
}

// Place enters an order and takes its stock, or refuses it and does nothing. States are of Placing's folds, in their order.
func Place(workspace string, o Order, states []eventlog.State) ([]eventlog.Decided, error) {
	if err := payable(o.Direct); err != nil {
		return nil, err
	}
	known := states[0].Value.(orders.State)
	if known.Known() {
		return nil, ErrNumber
	}
	placed, err := o.placed(known)
	if err != nil {
		return nil, err
	}
	var writes []eventlog.Decided
	rest := states[1:]
	if begun(o.Direct) {
		if writes, err = claim(workspace, o.id(), rest[0].Value.(string), o.Direct); err != nil {
			return nil, err
		}
		rest = rest[1:]
	}
	wants := wanted{sold: map[string]int64{}, stocks: map[string]inventory.State{}, listed: map[string]listings.State{}, all: rest[len(rest)-2].Value.(listings.State)}
	where := rest[len(rest)-1].Value.(places.State)
	for i, item := range o.Items {
		if err := wants.add(o, item, rest[3*i:]); err != nil {
			return nil, err
		}
	}
	for i, sku := range o.components() {
		at := rest[3*len(o.Items)+2*i:]
		wants.stocks[sku], wants.listed[sku] = at[0].Value.(inventory.State), at[1].Value.(listings.State)
	}
	for sku, s := range wants.stocks {
		wants.stocks[sku] = s.In(where, "")
	}
	own := []eventlog.Event{placed}
	if o.Pay == events.PayLink {
		o.Link.Order = o.id()
		asked, err := o.Link.first(o.Now)
		if err != nil {
			return nil, err
		}
		own = append(own, asked)
	}
	if len(wants.made) > 0 {
		own = append(own, events.Exploded{Order: o.id(), Bundles: wants.made})
	}
	taken, err := wants.take(workspace, o)
	if err != nil {
		return nil, err
	}
	writes = append(writes, taken...)
	return append([]eventlog.Decided{{Stream: events.Stream(workspace, o.id()), Events: own}}, writes...), nil
}

// wanted is what an order wants of each SKU, and what there is.
type wanted struct {
	sold   map[string]int64 // as it was entered
	made   []events.Bundle  // what the bundles among that are made of
	stocks map[string]inventory.State
	listed map[string]listings.State
	all    listings.State // the policy for all SKUs
}

// add takes in an item; states are what its code means, its stock and its listings.
func (w *wanted) add(o Order, item Item, states []eventlog.State) error {
	stock := states[1].Value.(inventory.State)
	switch mapped := states[0].Value.(catalogue.State).SKU; {
	case mapped != "" && mapped != item.SKU:
		return eventlog.Refusal(fmt.Sprintf("The code %s means the SKU %s in this shop. Enter the order with that SKU.", item.SKU, mapped))
	case !stock.Known:
		return eventlog.Refusal(fmt.Sprintf("There is no SKU %q. Receive stock of it first.", item.SKU))
	case !maps.Equal(stock.Components, o.Made[item.SKU]):
		return bundles.ErrMoved
	}
	if stock.Bundle() && w.sold[item.SKU] == 0 {
		w.made = append(w.made, bundles.Made(item.SKU, stock.Components))
	}
	w.sold[item.SKU] += item.Quantity
	w.stocks[item.SKU], w.listed[item.SKU] = stock, states[2].Value.(listings.State)
	return nil
}

// take reserves the stock of all items and takes it off their counters, or refuses.
func (w wanted) take(workspace string, o Order) ([]eventlog.Decided, error) {
	writes, short := inventory.Reserve(workspace, o.id(), 1, demand.Units(w.sold, w.made), w.stocks)
	if len(short) > 0 {
		var parts []string
		for _, s := range short {
			part := fmt.Sprintf("%s needs %d, %d available", s.SKU, s.Need, max(0, s.Available))
			if s.Ahead > 0 {
				part += fmt.Sprintf(", for which orders wait that want %d", s.Ahead)
			}
			parts = append(parts, part)
		}
		return nil, eventlog.Refusal("Not enough stock: " + strings.Join(parts, "; ") + ". Nothing was entered.")
	}
	for _, sku := range slices.Sorted(maps.Keys(w.sold)) {
		need := w.sold[sku]
		if units, limited := w.sellable(sku, o.Connection); limited && need > int64(units) {
			return nil, w.promised(o, sku, int64(units))
		}
		if _, counted := w.listed[sku].Counters[o.Connection]; counted {
			writes = append(writes, eventlog.Decided{Stream: listingevents.Stream(workspace, sku), Events: []eventlog.Event{
				listingevents.CounterSold{SKU: sku, Connection: o.Connection, Order: o.id(), Units: int(need)},
			}})
		}
	}
	return writes, nil
}

// sellable is how many units of a SKU may be sold on a connection, if anything but the stock limits it. Of a bundle that has no
// counter there yet none may be while what it is made of has one: those units are others' until they were divided anew.
func (w wanted) sellable(sku, connection string) (units int, limited bool) {
	if _, counted := w.listed[sku].Counters[connection]; !counted {
		for c := range w.stocks[sku].Components {
			if _, divided := listings.Sellable(w.listed[c], w.all, connection, true); divided {
				return 0, true
			}
		}
	}
	return listings.Sellable(w.listed[sku], w.all, connection, w.stocks[sku].Shared())
}

// promised refuses units that are there and that other shops may sell at this moment.
func (w wanted) promised(o Order, sku string, units int64) error {
	var names []string
	for id := range listings.Offered(w.listed[sku]) {
		names = append(names, cmp.Or(o.Shops[id], id))
	}
	slices.Sort(names)
	where := cmp.Or(strings.Join(names, ", "), "other shops")
	if w.stocks[sku].Shared() {
		return eventlog.Refusal(fmt.Sprintf(
			"Of %s %d can be sold here now, and %d are needed. Its stock is shared with bundles, and what else there is of it may be sold at this moment on %s or in a bundle, "+
				"so nothing was entered. Try again in a moment.", sku, units, w.sold[sku], where))
	}
	return eventlog.Refusal(fmt.Sprintf(
		"Of %s %d can be sold here now, and %d are needed. The others of the %d available may be sold at this moment on %s, so nothing was entered. "+
			"Try again in a moment; to have more of them here, give direct sales a buffer in the SKU's listing policy, or take the listing down there.",
		sku, units, w.sold[sku], w.stocks[sku].Available(), where))
}

// placed is the order by the rules of any order.
func (o Order) placed(known orders.State) (events.Placed, error) {
	n := orders.News{
		Connection: o.Connection, Channel: Channel, ChannelID: o.Number, Status: orders.Unpaid, Vendor: wordEntered, Total: o.Delivery, Buyer: o.Buyer,
		Created: o.Now, Updated: o.Now, SellerShips: true, Destination: o.Destination,
	}
	if o.Pay == events.PayElsewhere {
		n.Status, n.Vendor, n.Paid = orders.Ready, wordPaid, o.Now
	}
	for _, item := range o.Items {
		sum, err := item.Price.Mul(item.Quantity)
		if err == nil {
			n.Total, err = n.Total.Add(sum)
		}
		if err != nil {
			return events.Placed{}, ErrTotal
		}
		n.Lines = append(n.Lines, events.Line{Listing: item.SKU, Code: item.SKU, Name: item.Name, Quantity: item.Quantity, Price: item.Price})
	}
	if o.Pay != events.PayElsewhere && n.Total.Minor == 0 {
		return events.Placed{}, ErrNothing
	}
	decided, err := orders.Observing().Decide(known, n)
	if err != nil {
		return events.Placed{}, err
	}
	placed := decided[0].(events.Placed)
	placed.Direct = o.Direct
	return placed, nil
}

// Shop refuses a connection that is no direct one; its fold is of the connection's stream.
func Shop(connected shopevents.Connected) error {
	if connected.Channel != Channel {
		return eventlog.Refusal("Orders are entered for a connection of the channel \"direct\". Connect direct sales first.")
	}
	return nil
}

// Name says by what else an order is paid.
type Name struct {
	Order string
	events.Direct
}

// Naming is what Named reads.
func Naming(workspace string, n Name) []eventlog.Fold {
	folds := []eventlog.Fold{orders.Fold(workspace, n.Order)}
	if begun(n.Direct) {
		folds = append(folds, claims(workspace, n.Method))
	}
	return folds
}

// Named notes by what else an order is paid; the flow then asks anew. States are of Naming's folds.
func Named(workspace string, n Name, states []eventlog.State) ([]eventlog.Decided, error) {
	o := states[0].Value.(orders.State)
	if err := unpaid(o); err != nil {
		return nil, err
	}
	if n.Pay == events.PayLink { // there is a command for it
		return nil, ErrPay
	}
	if err := payable(n.Direct); err != nil {
		return nil, err
	}
	named := eventlog.Decided{Stream: events.Stream(workspace, n.Order), Events: []eventlog.Event{events.PaymentNamed{Order: n.Order, Direct: n.Direct}}}
	if !begun(n.Direct) {
		return []eventlog.Decided{named}, nil
	}
	claimed, err := claim(workspace, n.Order, states[1].Value.(string), n.Direct)
	return append([]eventlog.Decided{named}, claimed...), err
}
