package plans

import (
	"strings"
	"time"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	listingevents "github.com/creatorflow/creatorflow/domain/events/listings"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/inventory/counting"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
)

// CountStock is the body of the command that books a count.
type CountStock struct {
	SKU      string `json:"sku" minLength:"1" maxLength:"400"`
	Counted  int64  `json:"counted" minimum:"0"`
	OnHand   int64  `json:"on_hand" doc:"what the ledger said when the count began"`
	Adjusted int64  `json:"adjusted" doc:"the sum of all corrections when the count began; 409 when somebody has corrected it since"`
	Reason   string `json:"reason" maxLength:"100" required:"false"`
	Location string `json:"location" maxLength:"30" required:"false" doc:"the id of the location that was counted, of which on_hand and adjusted are; the main one when absent"`
}

// Plan plans the command; sku is the SKU in the form in which SKUs are compared.
func (b CountStock) Plan(workspace, sku string) (eventlog.Request, error) {
	if !inventory.ValidSKU(sku) {
		return eventlog.Request{}, inventory.ErrSKU
	}
	c := counting.Count{SKU: sku, Counted: b.Counted, OnHand: b.OnHand, Adjusted: b.Adjusted, Reason: b.Reason, Location: b.Location}
	return Stock(workspace, sku, counting.Decider(), c), nil
}

// RepairListing is the body of the command that has a shop looked at and written at once.
type RepairListing struct {
	Connection string `json:"connection" minLength:"1" maxLength:"40"`
	SKU        string `json:"sku" maxLength:"400" required:"false" doc:"all of the shop's listings when absent"`
	Reason     string `json:"reason" maxLength:"200" required:"false"`
}

// Plan plans the command; sku is the SKU in the form in which SKUs are compared, or empty.
func (b RepairListing) Plan(workspace, sku string) (eventlog.Request, error) {
	e := listingevents.RepairAsked{SKU: sku, Connection: b.Connection, Reason: b.Reason}
	r := One(listingevents.Stream(workspace, sku), listings.Asking(), e)
	if sku != "" {
		if !inventory.ValidSKU(sku) {
			return eventlog.Request{}, inventory.ErrSKU
		}
		r = Provided(r, inventory.Fold(workspace, sku), inventory.ErrUnknown)
	}
	decide, at := r.Decide, len(r.Folds)
	r.Folds = append(r.Folds, shops.Connecting().Fold(shopevents.Connection(workspace, b.Connection)))
	r.Decide = func(states []eventlog.State) (eventlog.Decision, error) {
		switch shop := states[at]; {
		case shop.Version == 0:
			return eventlog.Decision{}, shops.ErrShop
		case !shop.Value.(shops.State).Pushing:
			return eventlog.Decision{}, listings.ErrNotWritten
		}
		return decide(states[:at])
	}
	return r, nil
}

// SetListingPolicy is the body of the command that says how the units of a SKU are listed.
type SetListingPolicy struct {
	SKU        string `json:"sku" maxLength:"400" required:"false" doc:"all SKUs that have no policy of their own when absent"`
	Connection string `json:"connection" maxLength:"40" required:"false" doc:"every connection when absent"`
	Policy     string `json:"policy" enum:"escrow,mirror,hybrid" doc:"escrow gives each shop units of its own and cannot oversell; mirror lists all units everywhere; hybrid mirrors while there are many"`
	Buffer     int    `json:"buffer" minimum:"0" maximum:"1000000" required:"false" doc:"units that a mirror does not list, or that a shop in escrow gets before others"`
	Follows    string `json:"follows" maxLength:"40" required:"false" doc:"of a catalogue, which takes no orders: the connection whose quantities it shows; the first shop that sells when absent"`
}

// Plan plans the command.
func (b SetListingPolicy) Plan(workspace string) (eventlog.Request, error) {
	set := listingevents.PolicySet{Connection: b.Connection, Policy: b.Policy, Buffer: b.Buffer, Follows: b.Follows}
	if b.SKU != "" {
		var err error
		if set.SKU, err = SKU(b.SKU); err != nil {
			return eventlog.Request{}, err
		}
	}
	return SetPolicy(workspace, set), nil
}

// Replay tries a letter again that is not a flow's.
func Replay(workspace, letter, reason string) eventlog.Request {
	return One(letterevents.Stream(workspace, letter), letters.Replaying(), letterevents.Replayed{Letter: letter, Reason: reason})
}

// Discard lets a letter go; a flow's has to be dealt with.
func Discard(workspace, letter, reason string) (eventlog.Request, error) {
	if strings.HasPrefix(letter, letters.FlowID("")) {
		return eventlog.Request{}, eventlog.Refusal("An order's flow cannot be discarded: retry it, or cancel the order at its channel.")
	}
	return One(letterevents.Stream(workspace, letter), letters.Discarding(), letterevents.Discarded{Letter: letter, Reason: reason}), nil
}

// ReplayAll tries all letters again that were opened in a time, up to now at the latest: what fails again is opened later, and
// not tried for ever.
func ReplayAll(workspace string, from, to, now time.Time, reason string) eventlog.Request {
	if to.IsZero() || to.After(now) {
		to = now
	}
	return One(letterevents.Replays(workspace), letters.ReplayingAll(), letterevents.ReplayBegun{
		From: from.UTC().Truncate(time.Microsecond), To: to.UTC().Truncate(time.Microsecond), Reason: reason,
	})
}
