// Package headroom says how close a shop is to what its channel punishes: orders that leave late, and orders that the seller
// cancels.
//
//	order events ─► View: open orders, and sums by day ─► Read ─► Figures: how many more until the limit, which ones come next
//
// Who comes too late or cancels too much is shown to fewer buyers, so both figures matter before the limit is met.
package headroom

import (
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/domain/orders"
)

// Limit is how much of something a channel lets pass within a number of days.
type Limit struct {
	BasisPoints int64 // hundredths of a percent
	Below       bool  // the share must stay below it; else it may reach it
	Days        int   // the window that rolls
}

// Rule is what a channel asks of its sellers.
type Rule struct {
	Name      string // of the channel, as people know it
	Late      Limit  // orders that left after they were due, of those that were due
	Cancelled Limit  // orders that the seller cancelled, of those placed
	Within    int    // business days until an order of which the channel does not say when it is due
}

// Rules are those of the channels that have any, by channel. Where they come from stands in docs/headroom.md; a channel's rules
// differ by region and change, and what it says of an order itself goes before Within.
var Rules = map[string]Rule{
	"tiktok": {Name: "TikTok Shop", Late: Limit{BasisPoints: 400, Days: 30}, Cancelled: Limit{BasisPoints: 250, Days: 30}, Within: 3},
	"amazon": {Name: "Amazon", Late: Limit{BasisPoints: 400, Below: true, Days: 30}, Cancelled: Limit{BasisPoints: 250, Below: true, Days: 7}},
}

// due is when an order must have left: as the channel says, or by the rule; zero = nobody knows.
func due(channel string, placed, told time.Time) time.Time {
	within := Rules[channel].Within
	if !told.IsZero() || within == 0 || placed.IsZero() {
		return told
	}
	at := placed
	for days := 0; days < within; {
		at = at.AddDate(0, 0, 1)
		if day := at.Weekday(); day != time.Saturday && day != time.Sunday {
			days++
		}
	}
	return at
}

// Who is to blame for a cancellation, as far as it can be told.
const (
	fault    = "fault"  // the seller
	innocent = "other"  // the buyer, or the channel for reasons of its own
	unsure   = "unsure" // nobody said
)

// cancel is what is known of a cancelled order.
type cancel struct {
	By     string // who cancelled it, as the channel says; empty = not told
	Reason string // the channel's code
	Asked  string // who asked for it here: "seller" or "buyer"; empty = nobody
	Unpaid bool   // it was cancelled before anybody paid
	Late   bool   // it was due before
}

// blame says whose fault a cancellation counts as. A channel that cancels what is overdue blames the seller.
func blame(c cancel) string {
	switch {
	case c.Unpaid, c.Asked == byBuyer, c.By == byBuyer:
		return innocent
	case c.Asked == bySeller, c.By == bySeller, strings.HasPrefix(strings.ToLower(c.Reason), "seller_cancel_"):
		return fault
	case c.By == byChannel && c.Late:
		return fault
	case c.By == byChannel:
		return innocent
	}
	return unsure
}

// Who cancels, in the words of order events.
const (
	bySeller  = "seller"
	byBuyer   = "buyer"
	byChannel = "channel"
)

// left says that a state means that the parcel is on its way.
func left(status string) bool {
	return status == orders.Transit || status == orders.Delivered || status == orders.Completed
}
