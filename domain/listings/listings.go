// Package listings holds what is said of a SKU's listings: how the owner wants it listed, the last write to each shop, and
// which shops list something else than they should.
//
//	command ─► Setting ─► events      the room that writes ─► Noting ─► events ─► Fold ─► the room, after a restart
//
// The quantities themselves are decided in domain/exposure.
package listings

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/eventlog"
)

// maxBuffer is far above what a shop lists.
const maxBuffer = 1_000_000

// Rules' answers.
const (
	ErrPolicy  = eventlog.Refusal("The policy is escrow, mirror or hybrid.")
	ErrFollows = eventlog.Refusal("A catalogue follows another shop than itself.")
	// ErrNotWritten refuses a repair where nothing is ever written.
	ErrNotWritten = eventlog.Refusal("The hub does not write this shop's quantities, so it repairs none. Switch that on for the shop, or change the quantity there.")
	ErrBuffer     = eventlog.Refusal("The buffer is a whole number of units from 0 to 1,000,000 that a mirror does not list. Under escrow it is what one shop gets before the others, so name the connection.")
)

// Policy is how a SKU is to be listed.
type Policy struct {
	Policy exposure.Policy `json:"policy"`
	Buffer int             `json:"buffer,omitzero"`
	// Follows is the connection whose quantities a catalogue shows, which takes no orders; empty = the first shop that sells.
	Follows string `json:"follows,omitzero"`
}

// Default is the policy while nobody said another.
var Default = Policy{Policy: exposure.Hybrid}

// Write is the last write to a listing.
type Write struct {
	Sent   events.Sent `json:"sent"`
	Answer string      `json:"answer,omitzero"` // empty while none is known
	Before events.Sent `json:"before,omitzero"` // the last one upwards before it that was not refused: it may take effect yet
}

// State is what the stream of a SKU, or that of the policy for all, tells.
type State struct {
	Policies  map[string]Policy          `json:"policies,omitzero"`  // by connection; "" = all of them
	Writes    map[string]Write           `json:"writes,omitzero"`    // by Key
	Differing map[string]events.Differed `json:"differing,omitzero"` // by Key: found and not mended
	Counters  map[string]Counter         `json:"counters,omitzero"`  // by connection whose orders are entered here; "" = all of them
	Outage    int                        `json:"outage,omitzero"`    // of ours, in minutes, that a hybrid must survive; 0 = nobody said
}

// Resume tells of the last write before a restart, and of the one upwards before it: whatever was answered, unless it was refused, it
// may have left later than the log says and takes effect up to a while from now; life is how long that can be at the most.
func (w Write) Resume(key string, now time.Time, life time.Duration) []exposure.Event {
	if w.Sent.Number == 0 {
		return nil
	}
	at := w.Sent.At
	ended := w.Answer == "refused" || w.Answer == "stale" || now.Sub(at) > life
	if !ended && w.Answer == "" {
		at = now
	}
	var told []exposure.Event
	if w.Before.Number > 0 && now.Sub(w.Before.At) <= life {
		told = append(told, sent(key, w.Before, w.Before.At))
	}
	told = append(told, sent(key, w.Sent, at))
	switch swap := w.Sent.Write == string(exposure.Swap); {
	case ended:
		told = append(told, exposure.Refused{Connection: key, Number: w.Sent.Number, At: at})
	case swap && w.Answer == "accepted":
		told = append(told, exposure.Accepted{Connection: key, Number: w.Sent.Number, At: at})
	case swap:
		told = append(told, exposure.Lost{Connection: key, Number: w.Sent.Number, At: now})
	}
	return told
}

func sent(key string, e events.Sent, at time.Time) exposure.Sent {
	return exposure.Sent{At: at, Action: exposure.Action{Connection: key, Kind: exposure.Kind(e.Write), Number: e.Number, From: e.From, To: e.To}}
}

// next is the write after w.
func (w Write) next(e events.Sent) Write {
	before := w.Before
	if again := w.Sent.Number == e.Number; !again && w.Sent.Write == string(exposure.Set) && w.Answer != "refused" {
		before = w.Sent
	}
	return Write{Sent: e, Before: before}
}

// Key names a listing of a connection.
func Key(connection, listing string) string { return connection + "/" + listing }

// keep keeps a State in a snapshot: the stream grows with every write.
var keep = eventlog.KeepJSON[State](1)

func evolve(s State, e eventlog.Event) State {
	switch e := e.(type) {
	case events.PolicySet:
		s.Policies = with(s.Policies, e.Connection, Policy{Policy: exposure.Policy(e.Policy), Buffer: e.Buffer, Follows: e.Follows})
	case events.OutageSet:
		s.Outage = e.Minutes
	case events.Sent:
		key := Key(e.Connection, e.Listing)
		s.Writes = with(s.Writes, key, s.Writes[key].next(e))
	case events.Answered:
		key := Key(e.Connection, e.Listing)
		if last := s.Writes[key]; last.Sent.Number == e.Number {
			last.Answer = e.Answer
			s.Writes = with(s.Writes, key, last)
		}
	case events.Differed:
		s.Differing = with(s.Differing, Key(e.Connection, e.Listing), e)
	case events.CounterSet:
		c := s.Counters[e.Connection]
		if c.Open = e.Open; e.Number > 0 {
			c.Units, c.Number = e.To, e.Number
		}
		s.Counters = with(s.Counters, e.Connection, c)
	case events.CounterSold:
		c := s.Counters[e.Connection]
		c.Units = max(0, c.Units-e.Units) // an open one sells more than it holds
		s.Counters = with(s.Counters, e.Connection, c)
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

// maxOutage is a week, in minutes.
const maxOutage = 7 * 24 * 60

// ErrOutage refuses an outage that is none.
const ErrOutage = eventlog.Refusal("The outage of the hub that a hybrid listing survives is 1 minute to 7 days; 0 takes back what was said.")

// Outage is which outage of ours the listings of a SKU must survive: what was said for it, else for all; 0 = nobody said.
func Outage(sku, all State) time.Duration {
	return time.Duration(cmp.Or(sku.Outage, all.Outage)) * time.Minute
}

// Surviving says which outage of ours a SKU, or every SKU that has none of its own, must survive; the same again yields no event.
func Surviving() eventlog.Decider[State, events.OutageSet] {
	return decider(func(s State, e events.OutageSet) ([]eventlog.Event, error) {
		switch {
		case e.Minutes < 0 || e.Minutes > maxOutage:
			return nil, ErrOutage
		case e.Minutes == s.Outage:
			return nil, nil
		}
		return []eventlog.Event{e}, nil
	})
}

// Apart is a policy for a SKU whose stock is shared with bundles: each listing has units of its own, whatever was set, as nobody
// could say which outage a unit survives that is listed several times, and in several bundles besides.
func (p Policy) Apart() Policy {
	if p.Policy != exposure.Escrow {
		p.Policy, p.Buffer = exposure.Escrow, 0
	}
	return p
}

// Difference says that a shop lists another quantity than it should, and what happens next.
func Difference(d events.Differed) string {
	then := fmt.Sprintf("It should list %d, which is written back.", d.Share)
	if d.Found == d.Share {
		then = "That is what it should list, so nothing is written."
	}
	if d.Wrote {
		return fmt.Sprintf("The shop lists %d where our last write left %d: it came to nothing, or somebody changed it at once. %s", d.Found, d.Due, then)
	}
	return fmt.Sprintf("The shop lists %d where sales and our writes leave %d: somebody changed it there. %s", d.Found, d.Due, then)
}

// Mended says that a listing which differed is done with.
func Mended(found, lists int) string {
	if found == lists {
		return fmt.Sprintf("The shop goes on listing %d, and nothing is left to be written.", lists)
	}
	return fmt.Sprintf("The shop listed %d and now lists %d, as it should.", found, lists)
}

// Setting says how a SKU, or every SKU that has no policy of its own, is to be listed; the same again yields no event.
func Setting() eventlog.Decider[State, events.PolicySet] {
	return decider(func(s State, e events.PolicySet) ([]eventlog.Event, error) {
		p := Policy{Policy: exposure.Policy(e.Policy), Buffer: e.Buffer, Follows: e.Follows}
		was, said := s.Policies[e.Connection]
		switch {
		case p.Policy != exposure.Escrow && p.Policy != exposure.Mirror && p.Policy != exposure.Hybrid:
			return nil, ErrPolicy
		case p.Buffer < 0 || p.Buffer > maxBuffer || p.Buffer > 0 && p.Policy == exposure.Escrow && e.Connection == "":
			return nil, ErrBuffer
		case p.Follows != "" && p.Follows == e.Connection:
			return nil, ErrFollows
		case said && was == p:
			return nil, nil
		}
		return []eventlog.Event{e}, nil
	})
}

// Asking has a listing looked at and written at once; each asking is an event.
func Asking() eventlog.Decider[State, events.RepairAsked] {
	return decider(func(_ State, e events.RepairAsked) ([]eventlog.Event, error) { return []eventlog.Event{e}, nil })
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

// Survives says which outage of ours a listing survives without being sold beyond what there is, and what is at stake without any.
func Survives(s exposure.State) string {
	held, known, _ := s.Held()
	switch d := s.Survives(); {
	case !known:
		return "What the shops list is being read; until then nobody knows which outage of ours that survives."
	case held <= max(0, s.Available):
		return "What is listed is there for each shop alone, so it survives any outage of ours."
	case d < time.Minute:
		return "Several shops list the same units and little is left: an outage of ours may oversell it." + risk(s)
	case d < 2*time.Hour:
		return fmt.Sprintf("Several shops list the same units: an outage of ours of %d minutes is survived.", int(d.Minutes())) + risk(s)
	case d == exposure.Forever:
		return "Several shops list the same units, and none was sold in the last hour: an outage of ours is survived while that stays so." + risk(s)
	default:
		return fmt.Sprintf("Several shops list the same units: an outage of ours of %d hours is survived.", int(d.Hours())) + risk(s)
	}
}

// risk is what listing units more than once puts at stake in the outage that the owner wants to survive, and without one.
func risk(s exposure.State) string {
	outage := cmp.Or(s.Outage, exposure.DefaultOutage)
	return fmt.Sprintf(" At no more than %.0f units an hour, as the last hour's sales let expect, the chance of overselling in one of %s is %s %%.",
		math.Ceil(s.Rate), span(outage), chance(s.Risk(outage))) + always(s)
}

// always is what stays at stake while all is well: until the slowest shop lists less, it sells what others have sold.
func always(s exposure.State) string {
	var lag time.Duration
	for _, c := range s.Connections {
		if !c.Catalogue {
			lag = max(lag, c.Lag)
		}
	}
	held, _, _ := s.Held()
	units := min(held-max(0, s.Available), max(1, int(math.Ceil(s.Rate*lag.Hours()*float64(max(1, len(s.Connections)-1))))))
	return fmt.Sprintf(" Without any outage a shop hears of the others' sales after up to %s, as measured: at that rate up to %d of the units may be sold twice in that time, and the chance that this oversells is %s %%.",
		span(lag), units, chance(s.Risk(lag)))
}

func chance(risk float64) string {
	if percent := 100 * risk; percent >= 1 {
		return fmt.Sprintf("%.0f", percent)
	}
	return "below 1"
}

// span is a time as people say it.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f seconds", math.Ceil(d.Seconds()))
	case d < 2*time.Hour || d%time.Hour != 0 && d < 48*time.Hour:
		return fmt.Sprintf("%.0f minutes", math.Ceil(d.Minutes()))
	default:
		return fmt.Sprintf("%.0f hours", math.Ceil(d.Hours()))
	}
}
