// Package located makes the bodies that are about locations: which there are, what lies of a SKU at each, and from which an order is
// sent.
package located

import (
	"context"
	"fmt"
	"strings"

	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Location is where units lie.
type Location struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Ships bool   `json:"ships" doc:"orders are shipped from it, so what lies there is for sale"`
}

// Stand is what lies of a SKU at a location.
type Stand struct {
	Location
	OnHand   int64 `json:"on_hand"`
	Picked   int64 `json:"picked" doc:"units there that orders are about to be sent with"`
	Adjusted int64 `json:"adjusted" doc:"the sum of all corrections there, for count-stock"`
	Closed   bool  `json:"closed" doc:"the location was closed while some lay there: move them"`
}

// Standing tells where the units of a SKU lie.
func Standing(ctx context.Context, r projection.Reader, row inventory.Row) ([]Stand, error) {
	stands, err := places.Standing(ctx, r, row.SKU, row.OnHand, row.Adjusted)
	body := []Stand{}
	for _, s := range stands {
		body = append(body, Stand{Location: location(s.Location), OnHand: s.Units, Picked: s.Picked, Adjusted: s.Adjusted, Closed: s.Closed})
	}
	return body, err
}

// Names has the names of locations stand in place of their ids, of several with commas between.
func Names(ctx context.Context, r projection.Reader) (func(ids string) string, error) {
	where, err := places.Read(ctx, r)
	return func(ids string) string {
		if ids == "" {
			return ""
		}
		names := strings.Split(ids, ",")
		for i, id := range names {
			l, _ := where.Find(id)
			names[i] = l.Name
		}
		return strings.Join(names, ", ")
	}, err
}

func location(l places.Location) Location {
	return Location{ID: l.ID, Name: l.Name, Ships: l.Ships}
}

// List is the body of GET /api/v1/locations.
type List struct {
	Position int64      `json:"position"`
	Items    []Location `json:"items" doc:"in the order in which they are asked for an order's units"`
}

// Locations makes it, from the log: who has just changed one reads it as it is.
func Locations(ctx context.Context, log *eventlog.Log, workspace string) (List, error) {
	folded, err := log.Fold(ctx, places.Fold(workspace))
	if err != nil {
		return List{}, err
	}
	body := List{Position: int64(log.Head().Position), Items: []Location{}}
	for _, l := range folded.Value.(places.State).Open() {
		body.Items = append(body.Items, location(l))
	}
	return body, nil
}

// Part is units of a SKU that an order is sent with, and where they lie.
type Part struct {
	SKU      string `json:"sku"`
	Location string `json:"location" doc:"its id"`
	Name     string `json:"name" doc:"of the location"`
	Quantity int64  `json:"quantity"`
}

// Origin is from where an order is sent.
type Origin struct {
	Parts    []Part     `json:"parts"`
	Why      string     `json:"why" enum:",first,split,package,person,left"`
	Sentence string     `json:"sentence" doc:"from where, and why; empty while that is not decided"`
	Others   []Location `json:"others" doc:"locations that choose-location may name"`
}

// Read makes an order's part of the body, of which the flow is in a phase; null for a seller with one location, and of an order that
// has ended without having left from anywhere.
func Read(ctx context.Context, r projection.Reader, workspace, order, phase string, read func(eventlog.Stream) ([]eventlog.Record, error)) (*Origin, error) {
	where, err := places.Read(ctx, r)
	if err != nil || !where.Several() {
		return nil, err
	}
	records, err := read(placeevents.Origin(workspace, order))
	if err != nil {
		return nil, err
	}
	fold := origin.Fold(workspace, order)
	state := fold.Zero()
	for _, record := range records {
		state = fold.Evolve(state, record.Event)
	}
	is := state.(origin.State)
	if from := is.From(); len(where.Open()) == 1 && (len(from) == 0 || len(from) == 1 && from[0] == places.Main) {
		return nil, nil
	}
	ended := phase == "finished" || phase == "undone"
	if ended && len(is.Parts) == 0 || phase == "undone" && is.Why != origin.Left {
		return nil, nil
	}
	body := &Origin{Parts: []Part{}, Why: is.Why, Sentence: sentence(where, is, ended), Others: []Location{}}
	for _, p := range is.Parts {
		l, _ := where.Find(p.Location)
		body.Parts = append(body.Parts, Part{SKU: p.SKU, Location: p.Location, Name: l.Name, Quantity: p.Quantity})
	}
	for _, l := range where.Open() {
		if from := is.From(); !ended && (len(from) != 1 || from[0] != l.ID) {
			body.Others = append(body.Others, location(l))
		}
	}
	return body, nil
}

// sentence says from where an order is sent, and why.
func sentence(where places.State, is origin.State, ended bool) string {
	var names []string
	for _, id := range is.From() {
		l, _ := where.Find(id)
		names = append(names, l.Name)
	}
	if len(names) == 0 {
		return ""
	}
	from := strings.Join(names, " and ")
	switch {
	case ended, is.Why == origin.Left:
		return fmt.Sprintf("Left from %s.", from)
	case is.Why == origin.Split:
		return fmt.Sprintf("Ships from %s: no location has all of it. Bring the units together before you pack, or send more than one parcel.", from)
	case is.Why == origin.Package:
		return fmt.Sprintf("Ships from %s, as the order that it travels with.", from)
	case is.Why == origin.Person:
		return fmt.Sprintf("Ships from %s: somebody chose it.", from)
	}
	return fmt.Sprintf("Ships from %s: it is the first location that has all of it.", from)
}
