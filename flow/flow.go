// Package flow runs event-sourced processes: a flow's whole history is its stream, and what it does
// next follows from that stream alone.
//
//	log ─► Runner ─► the step's Decide (pure) ─► events and the step's success, one commit
//	                 the step's Call (the world) between StepStarted and its outcome
//
// The stream's version is the fence: no lease rows, no heartbeats. A call whose outcome is unknown may
// still take effect: it is left alone for a while, by whoever may have made it, and then tried again
// with the same key, and the call looks before it acts. Do and undo stand side by side; compensation
// runs bottom to top. Waiting is a state, not a blocked worker, and calls have
// workers of their own, so one slow or poisoned flow delays no other.
//
// Whatever wakes a flow (news, a timer, the start of the program) makes it look at its streams and
// do what they ask for now, so waking one too often does no harm and the order of news none either.
package flow

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Definition is a kind of flow.
type Definition struct {
	Kind      string // also the kind of its streams
	Workspace string
	Steps     []Step
	Late      *Late // may be nil

	// Touched says that a person has helped by what stands in the streams of Base; may be nil.
	Touched func(in Input) bool
	// Base are the streams that every decision and call of a flow sees, besides the flow's own.
	Base func(id string) []eventlog.Fold
	// Abort turns the flow around when the world no longer wants it; reason "" goes on.
	Abort func(in Input) (reason string)
	// Wakes says which flows a record begins or wakes.
	Wakes func(r eventlog.Record) (ids []string)
	// Tags names what a record is news of; flows waiting for one of them wake.
	Tags func(r eventlog.Record) []string
	// Lane groups flows that may be slow together, e.g. by connection.
	Lane func(id string) string
}

// Late is what news of a flow that has finished ask for; the flow stays finished.
type Late struct {
	// Needs are streams for Decide; none = these news ask for nothing.
	Needs func(in Input) []eventlog.Fold
	// Decide returns events for them. It must see there what it has said before.
	Decide func(in Input) []eventlog.Decided
}

// Step is one thing to do, and how to take it back. An internal step has no Call: its Decide
// returns events that are appended together with the step's success.
type Step struct {
	Name string
	// Needs are more streams for Decide and Undo, known once the base is folded. May be nil.
	Needs func(in Input) []eventlog.Fold
	// Decide is pure. For a step with a Call it is the gate: Go lets the call happen.
	Decide func(in Input) Verdict
	// Call acts on the world and ends when ctx does. It may run again with the same key, also after a
	// crash or a person's retry: in.Attempt > 1 means look first. What acts on the world must be over
	// Tail before ctx is, so that after a crash it is not repeated sooner than Settle.
	Call func(ctx context.Context, in Input, key string) Verdict
	// Undo takes an internal step back by events, appended together with StepUndone. May be nil.
	Undo func(in Input) Verdict
	// UndoCall takes a call back. May be nil: then the step stays done, and UndoNote says so.
	UndoCall func(ctx context.Context, in Input, key string) Verdict
	UndoNote string
	// UndoWhen says whether this flow's call is one that UndoCall takes back, over the streams of Needs; nil = it always is.
	UndoWhen func(in Input) bool
	// ByHand says that a person may have done the step by other means, and can say so; see Skipping.
	ByHand bool
}

// Input is what a step sees.
type Input struct {
	ID      string
	Flow    Status
	Attempt int
	Now     time.Time
	states  map[eventlog.Stream]eventlog.State
}

// State is a folded stream that Base or Needs named; the zero value of S when it was not.
func State[S any](in Input, s eventlog.Stream) S {
	v, _ := in.states[s].Value.(S)
	return v
}

// Folded says that Base or Needs named a stream: what is not named although it should be became known after they were asked.
func Folded(in Input, s eventlog.Stream) bool {
	_, named := in.states[s]
	return named
}

// WithStates is an Input for tests of definitions.
func WithStates(in Input, states ...eventlog.State) Input {
	in.states = map[eventlog.Stream]eventlog.State{}
	for _, s := range states {
		in.states[s.Stream] = s
	}
	return in
}

type verdict int

const (
	succeed verdict = iota
	proceed
	wait
	retry
	undo
	stuck
	again
)

// Verdict is what a step says; make one with Done, Skip, Go, Again, Wait, Retry, Undo or Stuck.
type Verdict struct {
	kind     verdict
	writes   []eventlog.Decided
	data     map[string]string
	code     string
	sentence string
	until    time.Time
	tags     []string
	after    time.Duration
	unsure   bool
	then     func(Input) []eventlog.Decided // what to write, decided when the outcome is noted
}

// Done closes the step with its events and references.
func Done(data map[string]string, writes ...eventlog.Decided) Verdict {
	return Verdict{kind: succeed, data: data, writes: writes}
}

// DoneThen closes the step of a call with events that are decided over the streams as they are when its outcome is noted:
// others may have appended while it was under way.
func DoneThen(data map[string]string, then func(Input) []eventlog.Decided) Verdict {
	return Verdict{kind: succeed, data: data, then: then}
}

// With has events written in the commit that does what the verdict says: ends the step, begins its call, waits or turns around.
// A step is asked again whenever the flow is woken, so it must see in its streams what it has written and not repeat it.
func (v Verdict) With(writes ...eventlog.Decided) Verdict {
	v.writes = slices.Concat(v.writes, writes)
	return v
}

// Skip closes the step because there was nothing to do, and says why.
func Skip(why string) Verdict { return Verdict{kind: succeed, sentence: why} }

// Go lets the step's Call happen.
func Go() Verdict { return Verdict{kind: proceed} }

// Again has events written and the step asked anew at once: with them its Needs name other streams. It must see in its streams
// what it has written, or it is asked for ever.
func Again(writes ...eventlog.Decided) Verdict { return Verdict{kind: again, writes: writes} }

// Calls says that the step's call comes next.
func (v Verdict) Calls() bool { return v.kind == proceed }

// For has a wait end with news of these tags, too.
func (v Verdict) For(tags ...string) Verdict {
	v.tags = slices.Concat(v.tags, tags)
	return v
}

// Code is that of a wait; empty for any other verdict.
func (v Verdict) Code() string { return v.code }

// Wait parks the flow until news of its order or of a tag comes, or until a time (zero = for news
// only). The sentence says what, why, what happens next and how to mend it.
func Wait(code, sentence string, until time.Time, tags ...string) Verdict {
	return Verdict{kind: wait, code: code, sentence: sentence, until: until, tags: tags}
}

// Retry tries a call again after a growing pause, at least after the given one.
func Retry(reason string, after time.Duration) Verdict {
	return Verdict{kind: retry, sentence: reason, after: after}
}

// Unsure is a call that was made and got no answer: it may still take effect. It is tried again once
// that has become unlikely, after Settle at least, and neither news nor a person make it any sooner.
func Unsure(reason string, after time.Duration) Verdict {
	return Verdict{kind: retry, sentence: reason, after: max(after, Settle), unsure: true}
}

// Undo gives up and takes back what was done.
func Undo(reason string) Verdict { return Verdict{kind: undo, sentence: reason} }

// Stuck gives up and asks for a person.
func Stuck(reason string) Verdict { return Verdict{kind: stuck, sentence: reason} }

// Few joins the first three texts and counts the others: a sentence names no more.
func Few(texts []string, between string) string {
	if len(texts) > 3 {
		return strings.Join(texts[:3], between) + fmt.Sprintf(" and %d more", len(texts)-3)
	}
	return strings.Join(texts, between)
}
