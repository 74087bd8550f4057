// Package listings holds what is said of a SKU's listings: how the owner wants it listed, the last write to each shop, and
// which shops list something else than they should.
//
//	command ─► Setting ─► events      the room that writes ─► Noting ─► events ─► Fold ─► the room, after a restart
//
// The quantities themselves are decided in domain/exposure.
package listings

import (
	"fmt"
	"maps"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/eventlog"
)

// maxBuffer is far above what a shop lists.
const maxBuffer = 1_000_000

// Rules' answers.
const (
	ErrPolicy = eventlog.Refusal("The policy is escrow, mirror or hybrid.")
	ErrBuffer = eventlog.Refusal("The buffer is a whole number of units from 0 to 1,000,000 that a mirror does not list; escrow needs none.")
)

// Policy is how a SKU is to be listed.
type Policy struct {
	Policy exposure.Policy `json:"policy"`
	Buffer int             `json:"buffer,omitzero"`
}

// Default is the policy while nobody said another.
var Default = Policy{Policy: exposure.Hybrid}

// Write is the last write to a listing.
type Write struct {
	Sent   events.Sent `json:"sent"`
	Answer string      `json:"answer,omitzero"` // empty while none is known
}

// State is what the stream of a SKU, or that of the policy for all, tells.
type State struct {
	Policies  map[string]Policy          `json:"policies,omitzero"`  // by connection; "" = all of them
	Writes    map[string]Write           `json:"writes,omitzero"`    // by Key
	Differing map[string]events.Differed `json:"differing,omitzero"` // by Key: found and not mended
}

// Key names a listing of a connection.
func Key(connection, listing string) string { return connection + "/" + listing }

// keep keeps a State in a snapshot: the stream grows with every write.
var keep = eventlog.KeepJSON[State](1)

func evolve(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.PolicySet:
		s.Policies = with(s.Policies, e.Connection, Policy{Policy: exposure.Policy(e.Policy), Buffer: e.Buffer})
	case events.Sent:
		s.Writes = with(s.Writes, Key(e.Connection, e.Listing), Write{Sent: e})
	case events.Answered:
		key := Key(e.Connection, e.Listing)
		if last := s.Writes[key]; last.Sent.Number == e.Number {
			last.Answer = e.Answer
			s.Writes = with(s.Writes, key, last)
		}
	case events.Differed:
		s.Differing = with(s.Differing, Key(e.Connection, e.Listing), e)
	case events.Mended:
		s.Differing = maps.Clone(s.Differing)
		delete(s.Differing, Key(e.Connection, e.Listing))
	}
	return s
}

// with is a map that has one entry more; states are values.
func with[V any](m map[string]V, key string, value V) map[string]V {
	m = maps.Clone(m)
	if m == nil {
		m = map[string]V{}
	}
	m[key] = value
	return m
}

// Of chooses the policy of a SKU on a connection: its own before that for all SKUs, and the connection's before that for all
// connections.
func Of(sku, all State, connection string) Policy {
	for _, s := range []State{sku, all} {
		for _, c := range []string{connection, ""} {
			if p, said := s.Policies[c]; said {
				return p
			}
		}
	}
	return Default
}

// Setting says how a SKU, or every SKU that has no policy of its own, is to be listed; the same again yields no event.
func Setting() eventlog.Decider[State, events.PolicySet] {
	return decider(func(s State, e events.PolicySet) ([]eventlog.Event, error) {
		p := Policy{Policy: exposure.Policy(e.Policy), Buffer: e.Buffer}
		was, said := s.Policies[e.Connection]
		switch {
		case p.Policy != exposure.Escrow && p.Policy != exposure.Mirror && p.Policy != exposure.Hybrid:
			return nil, ErrPolicy
		case p.Buffer < 0 || p.Buffer > maxBuffer || p.Buffer > 0 && p.Policy == exposure.Escrow:
			return nil, ErrBuffer
		case said && was == p:
			return nil, nil
		}
		return []eventlog.Event{e}, nil
	})
}

// Noting appends what was written, answered or found.
func Noting() eventlog.Decider[State, eventlog.Event] {
	return decider(func(_ State, e eventlog.Event) ([]eventlog.Event, error) { return []eventlog.Event{e}, nil })
}

// Fold folds the stream of a SKU, or with "" that of the policy for all; its state is a State.
func Fold(workspace, sku string) eventlog.Fold {
	return Setting().Fold(events.Stream(workspace, sku))
}

func decider[C any](decide func(State, C) ([]eventlog.Event, error)) eventlog.Decider[State, C] {
	return eventlog.Decider[State, C]{Name: "listings", Evolve: evolve, Decide: decide, Keep: keep}
}

// Survives says which outage of ours a listing survives without being sold beyond what there is.
func Survives(s exposure.State) string {
	switch d := s.Survives(); {
	case d == exposure.Forever:
		return "What is listed is there for each shop alone, so it survives any outage of ours."
	case d == 0:
		return "Several shops list the same units and little is left: an outage of ours may oversell it."
	case d < 2*time.Hour:
		return fmt.Sprintf("Several shops list the same units: an outage of ours of %d minutes is survived.", int(d.Minutes()))
	default:
		return fmt.Sprintf("Several shops list the same units: an outage of ours of %d hours is survived.", int(d.Hours()))
	}
}
