// Package parcels makes the part of an order's body that is about its parcels, and the body of how it may travel.
//
//	records of the order and its flow ─► shipping.Read ─► Shipping      the channel's word ─► ShippingWays
package parcels

import (
	"slices"
	"time"

	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/labels"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shipping"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Shipping is how an order travels, as far as the seller says so.
type Shipping struct {
	Own      bool              `json:"own" doc:"the seller's own carrier takes it: its numbers are entered here"`
	Requests []ShippingRequest `json:"requests" doc:"parcels, corrected numbers, splits and combinations, oldest first"`
	Left     []Content         `json:"left" doc:"units in no parcel yet, of an order that the seller's own carrier takes"`
	Together []string          `json:"together" doc:"the orders in one package with this one, and itself; the first one's flow sends it"`
	Can      []string          `json:"can" doc:"commands that would be accepted now"`
}

// ShippingRequest is what the seller said of parcels, and what became of it at the channel.
type ShippingRequest struct {
	Number   int       `json:"number" doc:"of a parcel: names it in correct-tracking"`
	Action   string    `json:"action" enum:"ship,correct,split,combine"`
	Parcel   int       `json:"parcel" doc:"whose number was corrected, else 0"`
	Carrier  string    `json:"carrier" doc:"its name; of a parcel the one that it has now"`
	Tracking string    `json:"tracking"`
	Items    []Content `json:"items" doc:"what is in the parcel"`
	Packages int       `json:"packages" doc:"of a split: how many"`
	With     []string  `json:"with" doc:"of a combination: its orders"`
	Package  string    `json:"package" doc:"the channel's id of the parcel, where it names one"`
	State    string    `json:"state" enum:"telling,told,refused"`
	Where    string    `json:"where" doc:"where the parcel is, in the word of the partner who sold its label: in_transit, out_for_delivery, delivered, …; empty when nobody told"`
	WhereAt  string    `json:"where_at" doc:"since when; empty when nobody told"`
	Sentence string    `json:"sentence" doc:"why it was refused, or what stands in its way"`
	Actor    string    `json:"actor"`
	At       string    `json:"at"`
	Flow     string    `json:"flow" doc:"for retry-step"`
	Can      []string  `json:"can" doc:"commands about the parcel that would be accepted now"`
}

// Content is units of a listing.
type Content struct {
	Listing  string `json:"listing"`
	Quantity int64  `json:"quantity"`
}

// Stream reads a stream's records up to the body's position.
type Stream func(s eventlog.Stream) ([]eventlog.Record, error)

// Read makes an order's part of the body from its records and its flow's.
func Read(workspace, order string, records, steps []eventlog.Record, read Stream) (Shipping, error) {
	p := shipping.Read(records, steps, fulfilment.Definition(workspace, nil), order)
	body := Shipping{Own: p.Own, Requests: []ShippingRequest{}, Left: items(p.Left), Together: some(p.Together), Can: some(p.Can)}
	under, err := way(workspace, order, p.Requests, read)
	if err != nil {
		return Shipping{}, err
	}
	for _, a := range p.Requests {
		shown := ShippingRequest{
			Number: a.Request, Action: a.Action, Parcel: a.Parcel, Carrier: a.CarrierName, Tracking: a.Tracking, Items: items(a.Items),
			Packages: len(a.Groups), With: some(a.With), Package: a.Package, State: a.State, Sentence: a.Sentence, Actor: a.By,
			At: a.At.UTC().Format(time.RFC3339Nano), Flow: shipping.FlowID(order, a.Request), Can: some(a.Can),
		}
		if moved, told := under[a.Tracking]; told && a.Action == orders.ActionShip {
			shown.Where, shown.WhereAt = moved.Status, moved.At.UTC().Format(time.RFC3339Nano)
		}
		if a.Action == orders.ActionCombine && len(a.With) > 0 && a.With[0] != order {
			shown.Flow = "" // it is another order's
		}
		if a.State == shipping.Telling && shown.Flow != "" {
			own, err := read(eventlog.Stream{Workspace: workspace, Kind: shipping.Kind, ID: shown.Flow})
			if err != nil {
				return Shipping{}, err
			}
			shown.Sentence = shipping.Sentence(own)
		}
		body.Requests = append(body.Requests, shown)
	}
	return body, nil
}

// way says where the parcels are whose labels were bought, by their numbers.
func way(workspace, order string, asked []shipping.Asked, read Stream) (map[string]labelevents.Moved, error) {
	if !slices.ContainsFunc(asked, func(a shipping.Asked) bool { return a.Label != "" }) {
		return nil, nil
	}
	records, err := read(labelevents.Journey(workspace, order))
	return labels.Where(records).Parcels, err
}

func items(list []orderevents.ParcelItem) []Content {
	out := []Content{}
	for _, i := range list {
		out = append(out, Content(i))
	}
	return out
}

func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// ShippingWays is how an order may travel, as its channel says now.
type ShippingWays struct {
	Carriers   []ParcelCarrier `json:"carriers" doc:"those that ship-order may name"`
	AnyCarrier bool            `json:"any_carrier" doc:"the channel takes any name"`
	Combinable []string        `json:"combinable" doc:"orders that may travel in one package with this one"`
}

// ParcelCarrier is who may take a parcel.
type ParcelCarrier struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// WaysOf puts the channel's answer into a body.
func WaysOf(connection string, w shipping.Ways) ShippingWays {
	body := ShippingWays{Carriers: []ParcelCarrier{}, AnyCarrier: w.AnyCarrier, Combinable: []string{}}
	for _, c := range w.Carriers {
		body.Carriers = append(body.Carriers, ParcelCarrier(c))
	}
	for _, id := range w.Combinable {
		body.Combinable = append(body.Combinable, orders.ID(connection, id))
	}
	return body
}
