// Package orders keeps what the channels sold: who says so, which lines, how much money, and the
// state the channel shows.
//
//	ingest ─► Observing (news from a channel) ─► order events ─► views: orders, revenue, customers
//
// News may come twice, late or in the wrong order. The channel's own state version decides, and of
// equal versions the further state, so the state of an order depends on the set of news alone. The
// same news again yields no event, older news is kept as superseded and changes nothing.
//
// A customer is one buyer of one connection: channels share no identity, so who buys in two shops
// counts in both. Cancelled orders do not count, nor do orders whose buyer the channel hides.
package orders

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders/demand"
	"github.com/creatorflow/creatorflow/domain/orders/direct"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// The states of an order at a channel, in the hub's words.
const (
	Unpaid     = "unpaid"
	Authorised = "authorised" // the money is reserved and not taken
	OnHold     = "on_hold"
	Ready      = "ready"
	Partial    = "partial"
	Arranged   = "arranged"
	Transit    = "in_transit"
	Delivered  = "delivered"
	Completed  = "completed"
	Cancelled  = "cancelled"
	Unknown    = "unknown"
)

// progress orders the states: of two news with one time stamp the further one wins.
var progress = []string{Unknown, Unpaid, Authorised, OnHold, Ready, Partial, Arranged, Transit, Delivered, Completed, Cancelled}

// Rules' answers.
const (
	ErrNoLines  = eventlog.Refusal("An order needs at least one line.")
	ErrQuantity = eventlog.Refusal("Every line of an order needs a quantity from 1 to 2,147,483,647.")
	ErrCode     = eventlog.Refusal("Every line of an order needs a code: 1 to 200 bytes of text without control characters.")
	ErrNoID     = eventlog.Refusal("An order needs its channel's id and its connection: 1 to 100 bytes of text without control characters.")
	ErrTotal    = eventlog.Refusal("The lines and the total of an order must be in one currency, not below nothing and at most 1,000,000,000,000 of its minor units.")
	ErrTime     = eventlog.Refusal("An order needs the time at which it was last changed, and all its times between the years 1970 and 2100.")
)

// MaxTotal bounds the money of one order in minor units, far above what a shop sells at once, so that
// sums over millions of orders stay exact.
const MaxTotal = 1_000_000_000_000

// News is an order as a channel shows it at one moment.
type News struct {
	Connection  string
	Channel     string
	ChannelID   string
	Status      string
	Vendor      string
	Lines       []events.Line
	Total       money.Money
	Buyer       string
	Packages    []string
	Created     time.Time
	Updated     time.Time
	Paid        time.Time
	ShipBy      time.Time
	SelfShips   bool
	Cancel      string
	CancelBy    string
	SellerShips bool
	Owed        bool // the money is only reserved although the order was sent

	events.Destination
}

func (n News) list() listed.List  { return listed.List{Lines: n.Lines, Total: n.Total} }
func (s State) list() listed.List { return listed.List{Lines: s.Lines, Total: s.Total} }

// ID is the hub's id of a channel's order.
func ID(connection, channelID string) string { return connection + ":" + channelID }

// State is an order as its events tell it.
type State struct {
	Placed   events.Placed // zero while the order is unknown
	Status   string
	Vendor   string
	Packages []string
	Lines    []events.Line // as the channel lists them now
	Ever     []events.Line // all that it was ever listed with, each with the most units: those of Placed first
	Total    money.Money
	Relisted bool // it was listed with other units than it was placed with, once
	Updated  time.Time
	Paid     bool
	Owed     bool                // the channel shows it as sent, and its money as reserved and not taken
	Reserved int                 // how often the channel has shown the buyer's money as reserved anew, or as not reserved any more
	SKUs     []string            // one a line of Ever once matched, else nil; empty = nobody knows it, and nobody has to
	Bundles  []events.Bundle     // what those of them are made of that are bundles, once somebody has looked
	Claims   []Claim             // cancellations and returns, in the order in which they were heard of
	Answers  int                 // of the seller so far
	Asked    *events.AnswerAsked // the answer that is on its way to the channel; nil = none

	CancelTaken bool   // the channel has taken the seller's cancellation
	Refused     string // what the channel said when it did not take it

	Parcels  []Parcel               // of the seller's own carrier, but for those that the channel refused
	Requests int                    // of the seller about parcels so far
	Telling  []events.ShippingAsked // those that are on their way to the channel
	Repacked bool                   // its packages were split or combined: what the news said of them may be old
	Together []string               // the orders in one package with this one and itself; the first one's flow sends it
	PutBack  []events.ReturnedItem  // units of the order that never left although the stock had let them go

	events.Destination
	Flagged  *events.Flagged  // why it is held for review, or was; nil = it never was
	Reviewed *events.Reviewed // what a person decided; nil = nothing yet
	Cleared  bool             // the rules have let it pass
	Direct   direct.State     // of an order that was entered here

	seen []seen // the last news that were kept, so that a repeat is known
}

// seen is news as far as a repeat is told by it.
type seen struct {
	updated        time.Time
	status, vendor string
	list           listed.List // without lines where they were not kept
}

// seenKept is how many news an order remembers.
const seenKept = 32

func (s *State) see(updated time.Time, status, vendor string, list listed.List) {
	s.seen = append(slices.Clone(s.seen[max(0, len(s.seen)-seenKept+1):]), seen{updated, status, vendor, list})
}

// Known says whether the order was ever placed.
func (s State) Known() bool { return s.Placed.Order != "" }

// Demand is the most that an order has ever taken of each SKU, sorted, of a bundle of its components: no other SKU has to do with it.
func (s State) Demand() []demand.Need { return demand.Of(s.Ever, s.SKUs, s.Bundles) }

func evolve(s State, e eventlog.Event) State {
	s.Direct = direct.Evolve(s.Direct, e)
	switch e := e.(type) {
	case events.Placed:
		s.Placed, s.Status, s.Vendor, s.Updated = e, e.Status, e.Vendor, e.Updated
		s.Packages, s.Paid, s.Lines, s.Ever, s.Total, s.Destination = e.Packages, paid(e.Status, e.Paid, e.Owed), e.Lines, e.Lines, e.Total, e.Destination
		if s.Owed = e.Owed; e.Owed || e.Status == Authorised {
			s.Reserved++
		}
		s.see(e.Updated, e.Status, e.Vendor, s.list())
	case events.StatusChanged:
		if (e.Owed || e.To == Authorised) != (s.Owed || s.Status == Authorised) {
			s.Reserved++
		}
		s.Owed = e.Owed
		s.Status, s.Vendor, s.Updated, s.Packages = e.To, e.Vendor, e.Updated, e.Packages
		s.Destination = s.Destination.And(e.Destination)
		s.see(e.Updated, e.To, e.Vendor, s.list())
	case events.Confirmed:
		s.Updated, s.Destination = e.Updated, s.Destination.And(e.Destination)
		s.see(e.Updated, s.Status, s.Vendor, s.list())
	case events.PaymentCompleted:
		s.Paid = true
	case events.Cancelled:
		s.Status, s.Vendor, s.Packages = Cancelled, e.Vendor, nil // there is nothing left to send
		if e.Updated.After(s.Updated) {
			s.Updated = e.Updated
		}
	case events.Superseded:
		s.see(e.Updated, e.Status, e.Vendor, listed.List{Lines: e.Lines, Total: e.Total})
	case events.Disclosed:
		s.Placed.Lines, s.Placed.Total, s.Placed.Buyer = e.Lines, e.Total, e.Buyer
		if !e.Updated.IsZero() {
			s.Lines, s.Total, s.Updated = listed.Priced(s.Lines, e.Lines), e.Total, e.Updated
			s.see(e.Updated, s.Status, s.Vendor, s.list())
		}
	case events.Amended:
		fewer, more := listed.Differ(s.Placed.Lines, e.Lines)
		s.Lines, s.Ever, s.Total, s.Updated, s.Relisted = e.Lines, listed.With(s.Ever, e.Lines), e.Total, e.Updated, s.Relisted || fewer || more
		s.see(e.Updated, s.Status, s.Vendor, s.list())
	case events.Matched:
		s.SKUs = e.SKUs
	case events.Exploded:
		s.Bundles = slices.Concat(s.Bundles, e.Bundles)
	default:
		return evolveClaims(s, e)
	}
	return s
}

// paid says whether a state, or a time of payment, means that the channel has the money.
func paid(status string, at time.Time, owed bool) bool {
	return !owed && (!at.IsZero() || rank(status) > rank(Authorised) && status != Cancelled)
}

// observe turns a channel's news into events.
func observe(s State, n News) ([]eventlog.Event, error) {
	order := ID(n.Connection, n.ChannelID)
	if !slices.Contains(progress, n.Status) {
		n.Status = Unknown
	}
	switch {
	case !plain(n.Connection, 100) || !plain(n.ChannelID, 100):
		return nil, ErrNoID
	case !sensible(n.Updated) || !optional(n.Paid):
		return nil, ErrTime
	case !s.Known():
		return place(order, n)
	case s.Status == Cancelled && n.Status == Cancelled:
		return nil, nil
	case s.Status == Cancelled:
		return superseded(s, order, n, "A cancelled order stays cancelled."), nil
	case n.Status == Cancelled: // final, also when it comes late
		return []eventlog.Event{cancelled(order, s.Status, n)}, nil
	}
	if len(n.Lines) == 0 { // it says nothing of them
		n.Lines, n.Total = s.Lines, s.Total
	}
	if err := check(n); err != nil {
		return nil, err
	}
	var news []eventlog.Event
	after := s
	if e, ok := disclosed(s, order, n); ok {
		news, after = append(news, e), evolve(s, e)
	}
	news = append(news, move(s, after, order, n)...)
	if !s.Paid && paid(n.Status, n.Paid, n.Owed) { // once paid is paid, also when it comes late
		news = append(news, events.PaymentCompleted{Order: order, Total: after.Placed.Total, Paid: n.Paid})
	}
	return news, nil
}

// disclosed says what news show of an order for the first time, also when they come late: the money of one that was placed
// before the channel told any, or all of it, and who bought it. Such an order counts with that from then on, as if it had been placed so. What late
// news disclosed is told once more by the first in time that show the same: to the list as it is now it is new, and no change.
func disclosed(s State, order string, n News) (events.Disclosed, bool) {
	placed, shows := listed.List{Lines: s.Placed.Lines, Total: s.Placed.Total}, n.list()
	e := events.Disclosed{Order: order, Lines: placed.Lines, Total: placed.Total, Buyer: s.Placed.Buyer}
	priced := s.Placed.Status == Unpaid && (placed.Unpriced() && !shows.Unpriced() || !s.Paid && shows.Completes(placed))
	if priced {
		e.Lines, e.Total = listed.Priced(placed.Lines, shows.Lines), shows.Total
	}
	newest := cmp.Or(n.Updated.Compare(s.Updated), compare(n, s)) > 0
	inTime := newest && s.Placed.Status == Unpaid && s.list().Unpriced() && !shows.Unpriced() &&
		listed.Compare(shows, listed.List{Lines: e.Lines, Total: e.Total}) == 0
	if newest && priced || inTime {
		e.Updated = n.Updated
	}
	known := e.Buyer == "" && n.Buyer != ""
	if known {
		e.Buyer = n.Buyer
	}
	return e, priced || known || inTime
}

// move says what news of a known order that nobody cancelled change; after is the order with what they disclose.
func move(s, after State, order string, n News) []eventlog.Event {
	changed := compare(n, s)
	switch age := cmp.Or(n.Updated.Compare(s.Updated), changed); {
	case age < 0 && changed != 0:
		return superseded(s, order, n, "Newer news had come before.")
	case age < 0:
		return nil
	case changed == 0:
		return confirmed(s, order, n)
	}
	var news []eventlog.Event
	if further(n, s) != 0 {
		news = append(news, events.StatusChanged{
			Order: order, From: s.Status, To: n.Status, Vendor: n.Vendor, Packages: n.Packages, Updated: n.Updated, Destination: n.Destination, Owed: n.Owed,
		})
	}
	if relisted(n, after) != 0 {
		e := events.Amended{Order: order, Lines: n.Lines, Total: n.Total, Sentence: listed.Amendment(after.Placed, n.Lines, n.Total), Updated: n.Updated}
		e.Fewer, _ = listed.Differ(after.Ever, n.Lines)
		_, e.More = listed.Differ(after.Lines, n.Lines)
		news = append(news, e)
	}
	return news
}

// confirmed keeps news that show an order as it is known, or news from between would count as new later, and where the order goes if
// that is new. Of one state version that comes once, with the first address: channels show no other without a later version.
func confirmed(s State, order string, n News) []eventlog.Event {
	e := events.Confirmed{Order: order, Updated: n.Updated}
	if s.Destination.And(n.Destination) != s.Destination {
		e.Destination = n.Destination
	}
	if n.Updated.Equal(s.Updated) && (e.Destination == events.Destination{} || s.Address != "") {
		return nil
	}
	return []eventlog.Event{e}
}

func cancelled(order, from string, n News) events.Cancelled {
	return events.Cancelled{Order: order, From: from, Vendor: n.Vendor, Reason: n.Cancel, By: n.CancelBy, Updated: n.Updated}
}

// compare ranks what news and state show, for news of one state version. Which of two equally far
// states wins does not matter, as long as it is always the same.
func compare(n News, s State) int { return cmp.Or(further(n, s), relisted(n, s)) }

func relisted(n News, s State) int {
	return listed.Compare(n.list(), s.list())
}

func further(n News, s State) int {
	return cmp.Or(
		cmp.Compare(rank(n.Status), rank(s.Status)),
		cmp.Compare(len(n.Packages), len(s.Packages)),
		slices.Compare(n.Packages, s.Packages),
		cmp.Compare(n.Vendor, s.Vendor),
	)
}

func rank(status string) int { return slices.Index(progress, status) }

func place(order string, n News) ([]eventlog.Event, error) {
	if n.Created.IsZero() {
		n.Created = n.Updated // the earliest time there is
	}
	if !sensible(n.Created) || !optional(n.ShipBy) {
		return nil, ErrTime
	}
	if err := check(n); err != nil {
		return nil, err
	}
	placed := events.Placed{
		Order: order, Connection: n.Connection, Channel: n.Channel, ChannelID: n.ChannelID,
		Status: n.Status, Vendor: n.Vendor, Lines: n.Lines, Total: n.Total, Buyer: n.Buyer, Packages: n.Packages,
		Created: n.Created, Updated: n.Updated, Paid: n.Paid, ShipBy: n.ShipBy, SelfShips: n.SelfShips, SellerShips: n.SellerShips, Owed: n.Owed,
		Destination: n.Destination,
	}
	if n.Status != Cancelled {
		return []eventlog.Event{placed}, nil
	}
	placed.Status = Unknown // cancelled before we ever saw it
	return []eventlog.Event{placed, cancelled(order, Unknown, n)}, nil
}

// check holds the rules of lines and total.
func check(n News) error {
	if len(n.Lines) == 0 {
		return ErrNoLines
	}
	for _, line := range n.Lines {
		switch {
		case line.Quantity < 1 || line.Quantity > math.MaxInt32:
			return ErrQuantity
		case !plain(line.Code, 200):
			return ErrCode
		case line.Price.Currency != n.Total.Currency || line.Price.Minor < 0 || line.Price.Minor > MaxTotal:
			return ErrTotal
		}
	}
	if n.Total.Minor < 0 || n.Total.Minor > MaxTotal || n.Total.Currency == "" {
		return ErrTotal
	}
	return nil
}

func superseded(s State, order string, n News, why string) []eventlog.Event {
	if slices.ContainsFunc(s.seen, func(k seen) bool {
		return k.status == n.Status && k.vendor == n.Vendor && k.updated.Equal(n.Updated) &&
			(len(k.list.Lines) == 0 || listed.Compare(k.list, n.list()) == 0)
	}) {
		return nil
	}
	return []eventlog.Event{events.Superseded{Order: order, Status: n.Status, Vendor: n.Vendor, Updated: n.Updated, Why: why, Lines: n.Lines, Total: n.Total}}
}

// sensible times fit every later sum and encoding.
func sensible(at time.Time) bool { return at.Year() >= 1970 && at.Year() < 2100 }

func optional(at time.Time) bool { return at.IsZero() || sensible(at) }

// plain text can name a stream and stand in a sentence.
func plain(text string, longest int) bool {
	return text != "" && len(text) <= longest && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// Observing is how a channel's news about one order is taken in.
func Observing() eventlog.Decider[State, News] {
	return eventlog.Decider[State, News]{Name: "order", Evolve: evolve, Decide: observe}
}

// Fold folds one order's stream; its state is a State.
func Fold(workspace, order string) eventlog.Fold {
	return Observing().Fold(events.Stream(workspace, order))
}
