// Package shipping is what a seller says about parcels: which of their own carriers has which units and under which number,
// that a number was wrong, that an order goes in several packages, or several orders in one.
//
//	command ─► Ship, Correct, Split, Combine ─► order.shipping_asked ─► flow "shipping": tell the channel, note what became of it
//	                                                                              └─► order.shipping_ended ─► domain/fulfilment
//
// A parcel is told to the channel once, as soon as it is entered; the order's own flow goes on when every unit is in a parcel
// that the channel knows. What the channel refuses is no parcel: another number can be entered.
package shipping

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// Bounds of what one order is told of.
const (
	maxParcels  = 100
	maxRequests = 1000
	MaxTogether = 10 // orders in one package
)

// Rules' answers.
const (
	ErrCancelled = eventlog.Refusal("The order is cancelled, so nothing of it is sent.")
	ErrNotOwn    = eventlog.Refusal("The channel makes the label of this order, so there is no number to enter.")
	ErrSelfShips = eventlog.Refusal("The channel ships this order from its own warehouse.")
	ErrRepacking = eventlog.Refusal("The channel is being asked to split or combine packages of this order. Wait until it has answered.")
	ErrBuying    = eventlog.Refusal("A label is being bought for this order. Wait until it is there, or has failed; then another number can be entered.")
	ErrSent      = eventlog.Refusal("The channel shows the parcel as sent already.")
	ErrNotReady  = eventlog.Refusal("The order may not be sent yet: its page says what it waits for.")
	ErrFull      = eventlog.Refusal("Every unit of this order is in a parcel already.")
	ErrTracking  = eventlog.Refusal("A tracking number is 4 to 60 letters and digits, dashes or slashes, as it stands on the label.")
	ErrCarrier   = eventlog.Refusal("Say which carrier has the parcel: 1 to 100 bytes of text without control characters.")
	ErrTwice     = eventlog.Refusal("Another parcel of this order has this number already.")
	ErrNoParcel  = eventlog.Refusal("The order has no such parcel, or the channel does not know it yet.")
	ErrSame      = eventlog.Refusal("That is the carrier and the number that the parcel has.")
	ErrArranged  = eventlog.Refusal("The shipment of this order is being arranged or was, so its packages stay as they are.")
	ErrUnpaid    = eventlog.Refusal("The channel makes packages of an order once it is paid.")
	ErrNoPackage = eventlog.Refusal("The channel has made no package of this order, so there is nothing to split or combine. Parcels of your own carrier are made by entering their numbers.")
	ErrCombined  = eventlog.Refusal("This order travels in one package with another, so it cannot be split or combined again.")
	ErrGroups    = eventlog.Refusal("Put every unit of the order in one of two packages or more, and at least one unit in each.")
	ErrTogether  = eventlog.Refusal("Name 2 to 10 different orders of one shop.")
	ErrMany      = eventlog.Refusal("Too much has been asked about the parcels of this order. Go on at the channel itself.")
)

// Ship is a parcel of the seller's own carrier.
type Ship struct {
	Carrier, CarrierName, Service, Tracking string
	Items                                   []events.ParcelItem // none = all that is in no parcel
	Now                                     time.Time
}

// at says at which step an order's flow stands: empty when it goes no further.
func at(s flow.Status, d *flow.Definition) string {
	switch {
	case s.Ended() || s.Backward || s.Step < 0 || s.Step >= len(d.Steps):
		return ""
	case s.Phase == flow.Running && d.Steps[s.Step].Name == fulfilment.StepLabel && s.Attempts > 0:
		return buying
	}
	return d.Steps[s.Step].Name
}

// sends says at which step an order's flow stands for somebody who enters a parcel: none while it waits for units that it does not hold.
func sends(s flow.Status, d *flow.Definition) string {
	if s.Phase == flow.Waits && (s.Waiting.Code == fulfilment.WaitNoStock || s.Waiting.Code == fulfilment.WaitBackorder) {
		return ""
	}
	return at(s, d)
}

// buying is where the flow of an order stands whose label is being bought, or may have been.
const buying = fulfilment.StepLabel + ": buying"

// MayShip refuses parcels of an order that are not to be entered now. The step is where its flow stands.
func MayShip(o orders.State, step string) error {
	switch {
	case !o.Known():
		return orders.ErrNoOrder
	case o.Status == orders.Cancelled:
		return ErrCancelled
	case o.Placed.SelfShips:
		return ErrSelfShips
	case !o.Placed.SellerShips:
		return ErrNotOwn
	case o.Held() != "":
		return eventlog.Refusal(o.Held())
	case o.Repacking():
		return ErrRepacking
	case o.Status == orders.Arranged, o.Status == orders.Transit, o.Status == orders.Delivered, o.Status == orders.Completed:
		return ErrSent
	case step == buying:
		return ErrBuying
	case o.Status != orders.Ready && o.Status != orders.Partial, step != fulfilment.StepLabel && step != fulfilment.StepTell:
		return ErrNotReady
	case len(o.Unpacked()) == 0:
		return ErrFull
	case len(o.Parcels) >= maxParcels:
		return ErrMany
	}
	return mayAsk(o)
}

func mayAsk(o orders.State) error {
	if o.Requests >= maxRequests {
		return ErrMany
	}
	return nil
}

func ship(o orders.State, step string, c Ship) ([]eventlog.Event, error) {
	if err := MayShip(o, step); err != nil {
		return nil, err
	}
	tracking, err := carried(&c.Carrier, &c.CarrierName, c.Tracking)
	if err != nil {
		return nil, err
	}
	if taken(o, c.Carrier, tracking) {
		return nil, ErrTwice
	}
	left := o.Unpacked()
	if len(c.Items) == 0 {
		c.Items = left
	}
	if err := within(c.Items, left); err != nil {
		return nil, err
	}
	return []eventlog.Event{events.ShippingAsked{
		Order: o.Placed.Order, Request: o.Requests + 1, Action: orders.ActionShip, Carrier: c.Carrier, CarrierName: c.CarrierName,
		Service: c.Service, Tracking: tracking, Sent: c.Now, Items: c.Items,
	}}, nil
}

// carried checks a carrier and brings a number into the form in which numbers are compared.
func carried(carrier, name *string, number string) (tracking string, err error) {
	for _, text := range []*string{carrier, name} {
		if *text = strings.TrimSpace(*text); len(*text) > 100 || strings.ContainsFunc(*text, unicode.IsControl) {
			return "", ErrCarrier
		}
	}
	if *carrier == "" {
		return "", ErrCarrier
	}
	if *name == "" {
		*name = *carrier
	}
	tracking = strings.ToUpper(strings.ReplaceAll(number, " ", ""))
	if len(tracking) < 4 || len(tracking) > 60 || strings.Trim(tracking, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/") != "" {
		return "", ErrTracking
	}
	return tracking, nil
}

func taken(o orders.State, carrier, tracking string) bool {
	return slices.ContainsFunc(o.Parcels, func(p orders.Parcel) bool { return p.Carrier == carrier && p.Tracking == tracking })
}

// within refuses items that are not left, or are named twice.
func within(items, left []events.ParcelItem) error {
	seen := map[string]bool{}
	for _, item := range items {
		i := slices.IndexFunc(left, func(l events.ParcelItem) bool { return l.Listing == item.Listing })
		switch {
		case seen[item.Listing], item.Quantity < 1:
			return eventlog.Refusal("Name each listing of a parcel once, with 1 unit or more.")
		case i < 0:
			return eventlog.Refusal(fmt.Sprintf("No unit of the listing %s is left to be sent.", item.Listing))
		case item.Quantity > left[i].Quantity:
			return eventlog.Refusal(fmt.Sprintf("Only %d of the listing %s are left to be sent, not %d.", left[i].Quantity, item.Listing, item.Quantity))
		}
		seen[item.Listing] = true
	}
	return nil
}

// Correct is another carrier or number for a parcel that the channel knows.
type Correct struct {
	Parcel                         int // its number
	Carrier, CarrierName, Tracking string
}

// MayCorrect refuses a parcel whose number is not to be changed now.
func MayCorrect(o orders.State, parcel int) error {
	i := slices.IndexFunc(o.Parcels, func(p orders.Parcel) bool { return p.Request == parcel })
	switch {
	case !o.Known():
		return orders.ErrNoOrder
	case o.Status == orders.Cancelled:
		return ErrCancelled
	case i < 0, !o.Parcels[i].Told:
		return ErrNoParcel
	case slices.ContainsFunc(o.Telling, func(e events.ShippingAsked) bool { return e.Action == orders.ActionCorrect && e.Parcel == parcel }):
		return eventlog.Refusal("The channel is being told another number of this parcel. Wait until it has answered.")
	}
	return mayAsk(o)
}

func correct(o orders.State, c Correct) ([]eventlog.Event, error) {
	if err := MayCorrect(o, c.Parcel); err != nil {
		return nil, err
	}
	tracking, err := carried(&c.Carrier, &c.CarrierName, c.Tracking)
	if err != nil {
		return nil, err
	}
	for _, p := range o.Parcels {
		if p.Carrier == c.Carrier && p.Tracking == tracking {
			if p.Request == c.Parcel {
				return nil, ErrSame
			}
			return nil, ErrTwice
		}
	}
	return []eventlog.Event{events.ShippingAsked{
		Order: o.Placed.Order, Request: o.Requests + 1, Action: orders.ActionCorrect, Parcel: c.Parcel,
		Carrier: c.Carrier, CarrierName: c.CarrierName, Tracking: tracking,
	}}, nil
}

// MayRepack refuses to split or combine an order's packages when something is arranged. The flow is the order's.
func MayRepack(o orders.State, s flow.Status, d *flow.Definition) error {
	step := at(s, d)
	label := slices.IndexFunc(d.Steps, func(step flow.Step) bool { return step.Name == fulfilment.StepLabel })
	switch {
	case !o.Known():
		return orders.ErrNoOrder
	case o.Status == orders.Cancelled:
		return ErrCancelled
	case o.Placed.SelfShips:
		return ErrSelfShips
	case o.Held() != "":
		return eventlog.Refusal(o.Held())
	case o.Repacking():
		return ErrRepacking
	case o.Status == orders.Unpaid:
		return ErrUnpaid
	case s.Phase == flow.Waits && (s.Waiting.Code == fulfilment.WaitNoStock || s.Waiting.Code == fulfilment.WaitUnknownSKU): // nothing is reserved for it
		return ErrNotReady
	case o.Status != orders.Ready && o.Status != orders.OnHold, step == "", s.Step > label, s.Step == label && s.Attempts > 0, len(o.Parcels) > 0:
		return ErrArranged
	case len(o.Packages) == 0:
		return ErrNoPackage
	case len(o.Together) > 0:
		return ErrCombined
	}
	return mayAsk(o)
}

// MaySplit also refuses an order of one unit.
func MaySplit(o orders.State, s flow.Status, d *flow.Definition) error {
	if err := MayRepack(o, s, d); err != nil {
		return err
	}
	n := int64(0)
	for _, line := range o.Lines {
		n += line.Quantity
	}
	if n < 2 {
		return eventlog.Refusal("The order is one unit, which cannot be split.")
	}
	return nil
}

func split(o orders.State, s flow.Status, d *flow.Definition, groups []events.ParcelGroup) ([]eventlog.Event, error) {
	if err := MaySplit(o, s, d); err != nil {
		return nil, err
	}
	left := o.Unpacked()
	for _, g := range groups {
		if len(g.Items) == 0 || within(g.Items, left) != nil {
			return nil, ErrGroups
		}
		for _, item := range g.Items {
			i := slices.IndexFunc(left, func(l events.ParcelItem) bool { return l.Listing == item.Listing })
			left[i].Quantity -= item.Quantity
		}
	}
	if len(groups) < 2 || slices.ContainsFunc(left, func(l events.ParcelItem) bool { return l.Quantity != 0 }) {
		return nil, ErrGroups
	}
	return []eventlog.Event{events.ShippingAsked{Order: o.Placed.Order, Request: o.Requests + 1, Action: orders.ActionSplit, Groups: groups}}, nil
}

// checkTogether refuses what are not several orders of one shop.
func checkTogether(ids []string) error {
	if len(ids) < 2 || len(ids) > MaxTogether {
		return ErrTogether
	}
	shop, _, _ := strings.Cut(ids[0], ":")
	for i, id := range ids {
		of, _, named := strings.Cut(id, ":")
		if !named || of != shop || slices.Contains(ids[:i], id) {
			return ErrTogether
		}
	}
	return nil
}
