package shipping

import (
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
)

// The states of a request.
const (
	Telling = "telling"
	Known   = "told"
	Refused = "refused"
)

// Page is what an order's page shows of its parcels, oldest first.
type Page struct {
	Own      bool // the seller's own carrier takes it
	Requests []Asked
	Left     []events.ParcelItem // in no parcel; of an order of the seller's own carrier
	Together []string            // orders in one package with this one, and itself
	Can      []string            // commands that would be accepted now
}

// Asked is a request as a person reads it. Of "ship" the embedded event has the carrier and the number as they are now.
type Asked struct {
	events.ShippingAsked
	Package  string
	By       string // who asked
	At       time.Time
	State    string
	Ended    time.Time
	Sentence string   // why it was refused
	Can      []string // commands about the parcel that would be accepted now
}

// Read folds an order's records, and those of its flow d, into its page.
func Read(records, steps []eventlog.Record, d *flow.Definition, order string) Page {
	var p Page
	var o orders.State
	observing, fold := orders.Observing(), d.Fold(order)
	for _, r := range records {
		o = observing.Evolve(o, r.Event)
		switch e := r.Event.(type) {
		case events.ShippingAsked:
			p.Requests = append(p.Requests, Asked{ShippingAsked: e, By: r.Actor, At: r.At, State: Telling})
		case events.ShippingEnded:
			p.end(e, r.At)
		}
	}
	state := fold.Zero()
	for _, r := range steps {
		state = fold.Evolve(state, r.Event)
	}
	s := state.(flow.Status)
	for i := range p.Requests {
		p.Requests[i].now(o)
	}
	p.Own, p.Together = o.Placed.SellerShips, o.Together
	if p.Own && o.Status != orders.Cancelled {
		p.Left = o.Unpacked()
	}
	for _, may := range []struct {
		command string
		err     error
	}{
		{"ship-order", MayShip(o, sends(s, d))}, {"split-order", MaySplit(o, s, d)}, {"combine-orders", MayRepack(o, s, d)},
	} {
		if may.err == nil {
			p.Can = append(p.Can, may.command)
		}
	}
	return p
}

func (p *Page) end(e events.ShippingEnded, when time.Time) {
	i := slices.IndexFunc(p.Requests, func(a Asked) bool { return a.Request == e.Request })
	if i < 0 {
		return
	}
	a := &p.Requests[i]
	a.State, a.Ended, a.Sentence, a.Package = Refused, when, e.Sentence, e.Package
	if e.Done {
		a.State = Known
	}
}

// now gives a parcel the carrier and the number that it has, and says what may be done about it.
func (a *Asked) now(o orders.State) {
	i := slices.IndexFunc(o.Parcels, func(p orders.Parcel) bool { return p.Request == a.Request })
	if a.Action != orders.ActionShip || i < 0 {
		return
	}
	a.Carrier, a.CarrierName, a.Tracking = o.Parcels[i].Carrier, o.Parcels[i].CarrierName, o.Parcels[i].Tracking
	if MayCorrect(o, a.Request) == nil {
		a.Can = []string{"correct-tracking"}
	}
}

// Sentence says what stands in the way of a request that has not ended: empty when nothing does. Records are its flow's.
func Sentence(records []eventlog.Record) (sentence string) {
	for _, r := range records {
		switch e := r.Event.(type) {
		case flows.StepFailed:
			sentence = fmt.Sprintf("%s Trying again.", e.Reason)
		case flows.Waiting:
			sentence = e.Sentence
		case flows.Stuck:
			sentence = fmt.Sprintf("%s Retry when it is mended.", e.Reason)
		case flows.StepSucceeded, flows.Finished, flows.Retried:
			sentence = ""
		}
	}
	return sentence
}
