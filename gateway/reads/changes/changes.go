// Package changes makes the body that says what one event changed: the state that its stream stood for before it, and after.
//
//	the stream up to the event ─► the folds by which commands and flows decide ─► fields that differ
package changes

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/backfill"
	"github.com/creatorflow/creatorflow/domain/backorders"
	"github.com/creatorflow/creatorflow/domain/catalogue"
	"github.com/creatorflow/creatorflow/domain/consistency"
	auditevents "github.com/creatorflow/creatorflow/domain/events/audits"
	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	listingevents "github.com/creatorflow/creatorflow/domain/events/listings"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	riskevents "github.com/creatorflow/creatorflow/domain/events/risks"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	shortageevents "github.com/creatorflow/creatorflow/domain/events/shortages"
	signalevents "github.com/creatorflow/creatorflow/domain/events/signals"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	trafficevents "github.com/creatorflow/creatorflow/domain/events/traffic"
	workspaceevents "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/labels"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/listings"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/origin"
	"github.com/creatorflow/creatorflow/domain/paylinks"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/domain/risk"
	"github.com/creatorflow/creatorflow/domain/shipping"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/domain/signals"
	"github.com/creatorflow/creatorflow/domain/traffic"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/gateway/reads"
)

// Changes is the body of GET /api/v1/events/{position}/changes.
type Changes struct {
	Position int64    `json:"position"`
	Event    int64    `json:"event" doc:"the event's position"`
	Stream   string   `json:"stream"`
	Folded   bool     `json:"folded" doc:"false: nothing is decided over streams of this kind, so they have no state, or the event is not among the first 20,000 of its stream"`
	Items    []Change `json:"items" doc:"by field"`
}

// Change is one field of the state that the event changed.
type Change struct {
	Field  string          `json:"field" doc:"names, keys and places in lists, with dots between"`
	Before json.RawMessage `json:"before" doc:"null = empty or 0"`
	After  json.RawMessage `json:"after" doc:"likewise"`
}

// Reader reads what events changed.
type Reader struct {
	log   *eventlog.Log
	flows []*flow.Definition // whose streams it folds; it runs none
}

// New makes a reader of a workspace's events.
func New(log *eventlog.Log, workspace string) Reader {
	return Reader{log, []*flow.Definition{
		fulfilment.Definition(workspace, nil), aftersales.Definition(workspace, nil), shipping.Definition(workspace, nil), paylinks.Definition(workspace, nil),
	}}
}

// longest is how many events are read to tell what one of them changed.
const longest = 20_000

// Of tells what the event at a position changed.
func (r Reader) Of(ctx context.Context, position int64) (Changes, error) {
	head := int64(r.log.Head().Position)
	found, err := r.log.ReadAll(ctx, eventlog.Position(position-1), 1)
	if err != nil {
		return Changes{}, fmt.Errorf("read the event: %w", err)
	}
	if len(found) == 0 || int64(found[0].Position) != position {
		return Changes{}, reads.ErrNotFound
	}
	event := found[0]
	body := Changes{Position: head, Event: position, Stream: event.Stream.String(), Items: []Change{}}
	fold, folded := r.fold(event.Stream)
	if !folded || event.Version > longest {
		return body, nil
	}
	body.Folded = true
	before, after, err := r.around(ctx, fold, event.Version)
	if err != nil {
		return Changes{}, err
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, field := range slices.SortedFunc(maps.Keys(names), inOrder) {
		if string(before[field]) != string(after[field]) {
			body.Items = append(body.Items, Change{Field: field, Before: before[field], After: after[field]})
		}
	}
	return body, nil
}

// around folds a stream up to a version. The state before it is read out before the event is folded, as folds may change maps in place.
func (r Reader) around(ctx context.Context, fold eventlog.Fold, version eventlog.Version) (before, after map[string]json.RawMessage, err error) {
	const page = 1000
	state := fold.Zero()
	for at := eventlog.Version(0); at < version; {
		records, err := r.log.ReadStream(ctx, fold.Stream, at, min(page, int(version-at)))
		if err != nil {
			return nil, nil, fmt.Errorf("fold %s: %w", fold.Stream, err)
		}
		if len(records) == 0 {
			return nil, nil, fmt.Errorf("fold %s: it ends before version %d", fold.Stream, version)
		}
		for _, record := range records {
			if record.Version == version {
				if before, err = fields(shown(state)); err != nil {
					return nil, nil, err
				}
			}
			state = fold.Evolve(state, record.Event)
		}
		at = records[len(records)-1].Version
	}
	after, err = fields(shown(state))
	return before, after, err
}

// fold is how a stream is folded by those who decide over it.
func (r Reader) fold(s eventlog.Stream) (eventlog.Fold, bool) {
	for _, d := range r.flows {
		if d.Kind == s.Kind {
			return d.Fold(s.ID), true
		}
	}
	switch s.Kind {
	case orderevents.Kind:
		return orders.Observing().Fold(s), true
	case stockevents.Kind:
		return inventory.Receiving().Fold(s), true
	case listingevents.Kind, listingevents.PolicyKind:
		return listings.Setting().Fold(s), true
	case shopevents.ListingKind:
		return catalogue.Mapping().Fold(s), true
	case shopevents.ShownKind:
		return catalogue.Showing().Fold(s), true
	case shopevents.ImportKind:
		return catalogue.Importing().Fold(s), true
	case shopevents.ConnectionKind:
		return shops.Connecting().Fold(s), true
	case shopevents.BackfillKind:
		return backfill.Beginning().Fold(s), true
	case letterevents.Kind:
		return letters.Opening().Fold(s), true
	case letterevents.ReplayKind:
		return letters.ReplayingAll().Fold(s), true
	case workspaceevents.Kind:
		return workspace.Configuring().Fold(s), true
	case placeevents.Kind:
		return places.Setting().Fold(s), true
	case placeevents.OriginKind:
		return origin.Fold(s.Workspace, s.ID), true
	case riskevents.Kind:
		return risk.Configuring().Fold(s), true
	case labelevents.Kind:
		return labels.Configuring().Fold(s), true
	case labelevents.JourneyKind:
		return labels.Moving().Fold(s), true
	case shortageevents.Kind:
		return backorders.Setting().Fold(s), true
	case signalevents.SourcesKind:
		return signals.Sourcing().Fold(s), true
	case trafficevents.Kind:
		return traffic.Counting().Fold(s), true
	case auditevents.Kind:
		return consistency.Telling().Fold(s), true
	}
	return eventlog.Fold{}, false
}

// shown adds to a state what people know it by.
func shown(state any) any {
	switch state := state.(type) {
	case inventory.State:
		return struct {
			inventory.State
			OnHand, Available int64
		}{state, state.OnHand(), state.Available()}
	case places.State:
		return state.All()
	}
	return state
}
