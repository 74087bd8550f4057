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
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	Lines    []events.Line // as the channel lists them now; those of Placed count
	Total    money.Money
	Updated  time.Time
	Paid     bool
	SKUs     []string            // one a line once matched, else nil
	Claims   []Claim             // cancellations and returns, in the order in which they were heard of
	Answers  int                 // of the seller so far
	Asked    *events.AnswerAsked // the answer that is on its way to the channel; nil = none

	CancelTaken bool // the channel has taken the seller's cancellation

	seen []seen // the last news that were kept, so that a repeat is known
}

// seen is news as far as a repeat is told by it.
type seen struct {
	updated        time.Time
	status, vendor string
}

// seenKept is how many news an order remembers.
const seenKept = 32

func (s *State) see(updated time.Time, status, vendor string) {
	s.seen = append(slices.Clone(s.seen[max(0, len(s.seen)-seenKept+1):]), seen{updated, status, vendor})
}

// Known says whether the order was ever placed.
func (s State) Known() bool { return s.Placed.Order != "" }

// Need is how many units of a SKU an order takes.
type Need struct {
	SKU      string
	Quantity int64
}

// Demand sums the matched lines by SKU, sorted: what one order needs of the stock.
func (s State) Demand() []Need {
	sums := map[string]int64{}
	for i, line := range s.Placed.Lines {
		if i < len(s.SKUs) {
			sums[s.SKUs[i]] += line.Quantity
		}
	}
	var needs []Need
	for _, sku := range slices.Sorted(maps.Keys(sums)) {
		needs = append(needs, Need{SKU: sku, Quantity: sums[sku]})
	}
	return needs
}

func evolve(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.Placed:
		s.Placed, s.Status, s.Vendor, s.Updated = e, e.Status, e.Vendor, e.Updated
		s.Packages, s.Paid, s.Lines, s.Total = e.Packages, paid(e.Status, e.Paid), e.Lines, e.Total
		s.see(e.Updated, e.Status, e.Vendor)
	case events.StatusChanged:
		s.Status, s.Vendor, s.Updated, s.Packages = e.To, e.Vendor, e.Updated, e.Packages
		s.see(e.Updated, e.To, e.Vendor)
	case events.Confirmed:
		s.Updated = e.Updated
		s.see(e.Updated, s.Status, s.Vendor)
	case events.PaymentCompleted:
		s.Paid = true
	case events.Cancelled:
		s.Status, s.Vendor, s.Packages = Cancelled, e.Vendor, nil // there is nothing left to send
		if e.Updated.After(s.Updated) {
			s.Updated = e.Updated
		}
	case events.Superseded:
		s.see(e.Updated, e.Status, e.Vendor)
	case events.Amended:
		s.Lines, s.Total, s.Updated = e.Lines, e.Total, e.Updated
		s.see(e.Updated, s.Status, s.Vendor)
	case events.Matched:
		s.SKUs = e.SKUs
	default:
		return evolveClaims(s, e)
	}
	return s
}

// paid says whether a state, or a time of payment, means that the channel has the money.
func paid(status string, at time.Time) bool {
	return !at.IsZero() || rank(status) > rank(Unpaid) && status != Cancelled
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
	news := move(s, order, n)
	if !s.Paid && paid(n.Status, n.Paid) { // once paid is paid, also when it comes late
		news = append(news, events.PaymentCompleted{Order: order, Total: s.Placed.Total, Paid: n.Paid})
	}
	return news, nil
}

// move says what news of a known order that nobody cancelled changes.
func move(s State, order string, n News) []eventlog.Event {
	changed := compare(n, s)
	switch age := cmp.Or(n.Updated.Compare(s.Updated), changed); {
	case age < 0 && changed != 0:
		return superseded(s, order, n, "Newer news had come before.")
	case age <= 0:
		return nil
	case changed == 0: // kept, or news from between would count as new later
		return []eventlog.Event{events.Confirmed{Order: order, Updated: n.Updated}}
	}
	var news []eventlog.Event
	if further(n, s) != 0 {
		news = append(news, events.StatusChanged{
			Order: order, From: s.Status, To: n.Status, Vendor: n.Vendor, Packages: n.Packages, Updated: n.Updated,
		})
	}
	if relisted(n, s) != 0 {
		news = append(news, events.Amended{
			Order: order, Lines: n.Lines, Total: n.Total, Sentence: amendment(s.Placed, n), Updated: n.Updated,
		})
	}
	return news
}

func cancelled(order, from string, n News) events.Cancelled {
	return events.Cancelled{Order: order, From: from, Vendor: n.Vendor, Reason: n.Cancel, Updated: n.Updated}
}

// compare ranks what news and state show, for news of one state version. Which of two equally far
// states wins does not matter, as long as it is always the same.
func compare(n News, s State) int { return cmp.Or(further(n, s), relisted(n, s)) }

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
		Created: n.Created, Updated: n.Updated, Paid: n.Paid, ShipBy: n.ShipBy, SelfShips: n.SelfShips,
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
		return k.status == n.Status && k.vendor == n.Vendor && k.updated.Equal(n.Updated)
	}) {
		return nil
	}
	return []eventlog.Event{events.Superseded{Order: order, Status: n.Status, Vendor: n.Vendor, Updated: n.Updated, Why: why}}
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
