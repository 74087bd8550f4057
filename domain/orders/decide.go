// Package orders keeps what the channels sold: who says so, which lines, how much money, and the
// state the channel shows.
//
//	ingest ─► Observing (news from a channel) ─► order events ─► views: orders, revenue, customers
//
// News may come twice, late or in the wrong order; the channel's own state version decides. The
// same news again yields no event, older news is kept as superseded and changes nothing.
package orders

import (
	"math"
	"slices"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// The states of an order at a channel, in the hub's words.
const (
	Unpaid    = "unpaid"
	OnHold    = "on_hold"
	Ready     = "ready"
	Partial   = "partial"
	Arranged  = "arranged"
	Transit   = "in_transit"
	Delivered = "delivered"
	Completed = "completed"
	Cancelled = "cancelled"
	Unknown   = "unknown"
)

// progress orders the states: of two news with one time stamp the further one wins.
var progress = []string{Unknown, Unpaid, OnHold, Ready, Partial, Arranged, Transit, Delivered, Completed, Cancelled}

// Rules' answers.
const (
	ErrNoLines  = eventlog.Refusal("An order needs at least one line.")
	ErrQuantity = eventlog.Refusal("Every line of an order needs a quantity of at least 1.")
	ErrNoID     = eventlog.Refusal("An order needs its channel's id and its connection.")
	ErrTotal    = eventlog.Refusal("The lines of an order must share one currency and sum to a sensible total.")
)

// News is an order as a channel shows it at one moment.
type News struct {
	Connection string
	Channel    string
	ChannelID  string
	Status     string
	Vendor     string
	Lines      []events.Line
	Total      money.Money
	Buyer      string
	Packages   []string
	Created    time.Time
	Updated    time.Time
	Paid       time.Time
	ShipBy     time.Time
	SelfShips  bool
	Cancel     string
}

// ID is the hub's id of a channel's order.
func ID(connection, channelID string) string { return connection + ":" + channelID }

// State is an order as its events tell it.
type State struct {
	Placed   events.Placed // zero while the order is unknown
	Status   string
	Vendor   string
	Packages []string
	Updated  time.Time
	Paid     bool
	SKUs     []string // one a line once matched, else nil
}

// Known says whether the order was ever placed.
func (s State) Known() bool { return s.Placed.Order != "" }

// Demand sums the matched lines by SKU, sorted: what one order needs of the stock.
func (s State) Demand() []Need {
	sums := map[string]int64{}
	for i, line := range s.Placed.Lines {
		if i < len(s.SKUs) {
			sums[s.SKUs[i]] += line.Quantity
		}
	}
	needs := make([]Need, 0, len(sums))
	for sku, quantity := range sums {
		needs = append(needs, Need{SKU: sku, Quantity: quantity})
	}
	slices.SortFunc(needs, func(a, b Need) int {
		if a.SKU < b.SKU {
			return -1
		}
		return 1
	})
	return needs
}

// Need is how many units of a SKU an order takes.
type Need struct {
	SKU      string
	Quantity int64
}

func evolve(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.Placed:
		s.Placed, s.Status, s.Vendor, s.Updated = e, e.Status, e.Vendor, e.Updated
		s.Packages, s.Paid = e.Packages, e.Status != Unpaid
	case events.StatusChanged:
		s.Status, s.Vendor, s.Updated, s.Packages = e.To, e.Vendor, e.Updated, e.Packages
	case events.PaymentCompleted:
		s.Paid = true
	case events.Cancelled:
		s.Status, s.Updated = Cancelled, e.Updated
	case events.Matched:
		s.SKUs = e.SKUs
	}
	return s
}

// observe turns a channel's news into events.
func observe(s State, n News) ([]eventlog.Event, error) {
	order := ID(n.Connection, n.ChannelID)
	switch {
	case n.Connection == "" || n.ChannelID == "":
		return nil, ErrNoID
	case !s.Known():
		return place(order, n)
	case n.Updated.Before(s.Updated), n.Updated.Equal(s.Updated) && rank(n.Status) < rank(s.Status):
		if n.Status == s.Status {
			return nil, nil // an older copy of what we know
		}
		return superseded(order, n, "newer news had come before"), nil
	case s.Status == Cancelled:
		if n.Status == Cancelled {
			return nil, nil
		}
		return superseded(order, n, "a cancelled order stays cancelled"), nil
	case n.Status == Cancelled:
		return []eventlog.Event{events.Cancelled{Order: order, From: s.Status, Reason: n.Cancel, Updated: n.Updated}}, nil
	case n.Status == s.Status && n.Vendor == s.Vendor && slices.Equal(n.Packages, s.Packages):
		return nil, nil
	}
	changed := []eventlog.Event{events.StatusChanged{
		Order: order, From: s.Status, To: n.Status, Vendor: n.Vendor, Packages: n.Packages, Updated: n.Updated,
	}}
	if !s.Paid && n.Status != Unpaid && n.Status != Unknown {
		changed = append(changed, events.PaymentCompleted{Order: order, Total: s.Placed.Total, Paid: n.Paid})
	}
	return changed, nil
}

func place(order string, n News) ([]eventlog.Event, error) {
	if len(n.Lines) == 0 {
		return nil, ErrNoLines
	}
	var units int64
	for _, line := range n.Lines {
		if line.Quantity < 1 || line.Quantity > math.MaxInt32 {
			return nil, ErrQuantity
		}
		if line.Price.Currency != n.Total.Currency {
			return nil, ErrTotal
		}
		units += line.Quantity
	}
	if units <= 0 || n.Total.Minor < 0 {
		return nil, ErrTotal
	}
	placed := events.Placed{
		Order: order, Connection: n.Connection, Channel: n.Channel, ChannelID: n.ChannelID,
		Status: n.Status, Vendor: n.Vendor, Lines: n.Lines, Total: n.Total, Buyer: n.Buyer, Packages: n.Packages,
		Created: n.Created, Updated: n.Updated, Paid: n.Paid, ShipBy: n.ShipBy, SelfShips: n.SelfShips,
	}
	if n.Status != Cancelled {
		return []eventlog.Event{placed}, nil
	}
	placed.Status = Unknown // cancelled before we ever saw it
	return []eventlog.Event{placed, events.Cancelled{Order: order, From: Unknown, Reason: n.Cancel, Updated: n.Updated}}, nil
}

func superseded(order string, n News, why string) []eventlog.Event {
	return []eventlog.Event{events.Superseded{Order: order, Status: n.Status, Vendor: n.Vendor, Updated: n.Updated, Why: why}}
}

func rank(status string) int { return slices.Index(progress, status) }

// Observing is how a channel's news about one order is taken in.
func Observing() eventlog.Decider[State, News] {
	return eventlog.Decider[State, News]{Name: "order", Evolve: evolve, Decide: observe}
}

// Fold folds one order's stream; its state is a State.
func Fold(workspace, order string) eventlog.Fold {
	return Observing().Fold(events.Stream(workspace, order))
}
