package flow

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// told is the tests' news of a job: what the world wants of it now.
type told struct {
	Hold   string    `json:"hold,omitzero"`  // the sentence of a wait
	Until  time.Time `json:"until,omitzero"` // its end
	Done   bool      `json:"done,omitzero"`  // the call is not needed any more
	Cancel bool      `json:"cancel,omitzero"`
	Panic  string    `json:"panic,omitzero"` // where to panic
}

func (told) EventName() string { return "test.told" }

// taken and given are what the step "take" does and undoes.
type taken struct {
	Job string `json:"job"`
}

type given struct {
	Job string `json:"job"`
}

func (taken) EventName() string { return "test.taken" }
func (given) EventName() string { return "test.given" }

// opened is news of a tag.
type opened struct {
	Tag string `json:"tag"`
}

func (opened) EventName() string { return "test.opened" }

func decode(name string, schema int, data []byte) (eventlog.Event, error) {
	switch name {
	case "test.told":
		return as[told](data)
	case "test.taken":
		return as[taken](data)
	case "test.given":
		return as[given](data)
	case "test.opened":
		return as[opened](data)
	}
	return events.Decode(name, schema, data)
}

func as[E eventlog.Event](data []byte) (eventlog.Event, error) {
	var e E
	err := json.Unmarshal(data, &e)
	return e, err
}

func jobStream(id string) eventlog.Stream {
	return eventlog.Stream{Workspace: "main", Kind: "job", ID: id}
}

var shelf = eventlog.Stream{Workspace: "main", Kind: "shelf", ID: "s"}

func jobFold(id string) eventlog.Fold {
	return eventlog.Fold{
		Stream: jobStream(id), Name: "job", Zero: func() any { return told{} },
		Evolve: func(s any, e eventlog.Event) any {
			if e, ok := e.(told); ok {
				if e.Panic == "fold" {
					panic("fold")
				}
				return e
			}
			return s
		},
	}
}

// shelfFold counts what each job has taken and not given back.
var shelfFold = eventlog.Fold{
	Stream: shelf, Name: "shelf", Zero: func() any { return map[string]int{} },
	Evolve: func(s any, e eventlog.Event) any {
		held := s.(map[string]int)
		switch e := e.(type) {
		case taken:
			held[e.Job]++
		case given:
			held[e.Job]--
		}
		return held
	},
}

// world is a log that outlives its runners, and the place that calls go to.
type world struct {
	*testing.T
	ctx    context.Context
	store  eventlog.Store
	log    *eventlog.Log
	start  time.Time
	policy Policy
	skew   atomic.Int64 // of the runners' clock
	// final says that the call cannot be taken back.
	final bool
	// perLane is small in some tests.
	perLane int
	// call and undo are what the world does; nil = it works.
	call, undo func(ctx context.Context, in Input, key string) Verdict

	mu    sync.Mutex
	calls map[string]int // by key

	running sync.WaitGroup
}

// inWorld runs a test in a bubble: its time passes when everybody waits.
func inWorld(t *testing.T, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWorld(t, ctx)
		defer func() {
			cancel()
			w.running.Wait()
		}()
		test(w)
	})
}

func newWorld(t *testing.T, ctx context.Context) *world { //nolint:revive // the test comes first
	w := &world{T: t, ctx: ctx, store: memory.NewLog(uuid.Must(uuid.NewV7())), start: time.Now(), calls: map[string]int{}}
	w.open()
	return w
}

func (w *world) open() {
	w.Helper()
	log, err := eventlog.Open(w.ctx, w.store, eventlog.Options{Decode: decode, Clock: time.Now})
	if err != nil {
		w.Fatal(err)
	}
	w.log = log
	w.running.Go(func() { _ = log.Run(w.ctx) })
}

// definition is three internal steps and a call, with everything that a definition can have.
func (w *world) definition() *Definition {
	state := func(in Input) told { return State[told](in, jobStream(in.ID)) }
	counted := func(do *func(context.Context, Input, string) Verdict) func(context.Context, Input, string) Verdict {
		return func(ctx context.Context, in Input, key string) Verdict {
			w.mu.Lock()
			w.calls[key]++
			w.mu.Unlock()
			if *do != nil {
				return (*do)(ctx, in, key)
			}
			return Done(map[string]string{"made": in.ID})
		}
	}
	return &Definition{
		Kind: "test", Workspace: "main",
		Base: func(id string) []eventlog.Fold { return []eventlog.Fold{jobFold(id)} },
		Wakes: func(r eventlog.Record) []string {
			if _, ok := r.Event.(told); ok {
				return []string{r.Stream.ID}
			}
			return nil
		},
		Tags: func(r eventlog.Record) []string {
			if e, ok := r.Event.(opened); ok {
				return []string{e.Tag}
			}
			return nil
		},
		Lane: func(id string) string { lane, _, _ := strings.Cut(id, ":"); return lane },
		Abort: func(in Input) string {
			if state(in).Cancel {
				return "cancelled"
			}
			return ""
		},
		Steps: []Step{
			{
				Name: "check",
				Decide: func(in Input) Verdict {
					s := state(in)
					if s.Panic == "decide" {
						panic("decide")
					}
					if s.Hold != "" {
						return Wait("hold", s.Hold, s.Until, "open:"+in.ID)
					}
					return Done(nil)
				},
			},
			{
				Name: "take",
				Needs: func(in Input) []eventlog.Fold {
					if state(in).Panic == "needs" {
						panic("needs")
					}
					return []eventlog.Fold{shelfFold}
				},
				Decide: func(in Input) Verdict {
					return Done(nil, eventlog.Decided{Stream: shelf, Events: []eventlog.Event{taken{in.ID}}})
				},
				Undo: func(in Input) Verdict {
					if state(in).Panic == "undo" {
						panic("undo")
					}
					if State[map[string]int](in, shelf)[in.ID] == 0 {
						return Done(nil)
					}
					return Done(nil, eventlog.Decided{Stream: shelf, Events: []eventlog.Event{given{in.ID}}})
				},
			},
			{
				Name: "call",
				Decide: func(in Input) Verdict {
					if state(in).Done {
						return Skip("not needed")
					}
					return Go()
				},
				Call: counted(&w.call), UndoCall: counted(&w.undo), ByHand: true,
			},
			{Name: "end", Decide: func(Input) Verdict { return Done(nil) }},
		},
	}
}

// runs starts a runner and returns how to stop it.
func (w *world) runs(open ...Open) (stop func() error) {
	ctx, cancel := context.WithCancel(w.ctx)
	at := w.log.Head().Position
	if len(open) == 0 {
		at = 0
	}
	r := NewRunner(w.log, []*Definition{w.definition()}, Options{
		Open:  func(context.Context) (eventlog.Position, []Open, error) { return at, open, nil },
		Clock: w.clock, Chance: func() float64 { return 0.5 }, Policy: w.policy, PerLane: w.perLane,
		Log: slog.New(slog.DiscardHandler),
	})
	done := make(chan error, 1)
	w.running.Go(func() { done <- r.Run(ctx) })
	return func() error {
		cancel()
		return <-done
	}
}

func (w *world) clock() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) }

// tell appends news of a job.
func (w *world) tell(id string, e told) { w.append(jobStream(id), e) }

func (w *world) append(s eventlog.Stream, e eventlog.Event) {
	w.Helper()
	head, err := w.log.Fold(w.ctx, eventlog.Fold{Stream: s, Name: "n", Zero: func() any { return 0 }, Evolve: func(s any, _ eventlog.Event) any { return s }})
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.log.Append(w.ctx, eventlog.Write{Stream: s, Expected: head.Version, Events: []eventlog.Event{e}}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) retry(id string) error {
	d := w.definition()
	_, err := eventlog.Execute(w.ctx, w.log, d.Stream(id), d.Retrying(id), "by hand", eventlog.Meta{})
	return err
}

// story is a flow's events in short: "started check take>call! …".
func (w *world) story(id string) string {
	w.Helper()
	records, err := w.log.ReadStream(w.ctx, w.definition().Stream(id), 0, 1000)
	if err != nil {
		w.Fatal(err)
	}
	var words []string
	for _, r := range records {
		switch e := r.Event.(type) {
		case flows.Started:
			words = append(words, "started")
		case flows.StepStarted:
			words = append(words, e.Step+"?")
		case flows.StepSucceeded:
			words = append(words, e.Step)
		case flows.StepFailed:
			words = append(words, e.Step+"!")
		case flows.Waiting:
			words = append(words, "waits("+e.Sentence+")")
		case flows.UndoStarted:
			words = append(words, "undo("+e.Step+")")
		case flows.StepUndone:
			words = append(words, "-"+e.Step)
		case flows.Stuck:
			words = append(words, "stuck("+e.Step+")")
		case flows.Retried:
			words = append(words, "retried")
		case flows.Finished:
			words = append(words, "finished")
		case flows.Undone:
			words = append(words, "undone")
		}
	}
	return strings.Join(words, " ")
}

// tells compares a flow's story once nothing moves any more.
func (w *world) tells(id, want string) {
	w.Helper()
	synctest.Wait()
	if got := w.story(id); got != want {
		w.Fatalf("flow %s:\ngot  %s\nwant %s", id, got, want)
	}
}

func (w *world) status(id string) Status {
	w.Helper()
	s, err := w.log.Fold(w.ctx, w.definition().Fold(id))
	if err != nil {
		w.Fatal(err)
	}
	return s.Value.(Status)
}

// held is how many of a job's units lie taken.
func (w *world) held(id string) int {
	w.Helper()
	s, err := w.log.Fold(w.ctx, shelfFold)
	if err != nil {
		w.Fatal(err)
	}
	return s.Value.(map[string]int)[id]
}

func (w *world) called(id string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls["test/"+id+"/call"]
}

// pauses are those that the log keeps between a flow's tries.
func (w *world) pauses(id string) (all []time.Duration) {
	w.Helper()
	records, err := w.log.ReadStream(w.ctx, w.definition().Stream(id), 0, 1000)
	if err != nil {
		w.Fatal(err)
	}
	for _, r := range records {
		if e, ok := r.Event.(flows.StepFailed); ok {
			all = append(all, e.Again.Sub(r.At))
		}
	}
	return all
}

// finished is the last event of a flow that ended well.
func (w *world) finished(id string) flows.Finished {
	w.Helper()
	records, err := w.log.ReadStream(w.ctx, w.definition().Stream(id), 0, 1000)
	if err != nil {
		w.Fatal(err)
	}
	f, ok := records[len(records)-1].Event.(flows.Finished)
	if !ok {
		w.Fatalf("flow %s has not finished: %s", id, w.story(id))
	}
	return f
}

// faulty is a store that fails or delays flows' commits when told to; news are kept all the same.
type faulty struct {
	eventlog.Store
	mu    sync.Mutex
	err   error
	delay time.Duration // of the next commit of a call's beginning
}

func (f *faulty) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// Commit implements eventlog.Store.
func (f *faulty) Commit(ctx context.Context, b eventlog.Batch) (eventlog.Committed, error) {
	f.mu.Lock()
	err, delay := f.err, time.Duration(0)
	if slices.ContainsFunc(b.Events, func(e eventlog.Stored) bool { return e.Name == flows.StepStarted{}.EventName() }) {
		delay, f.delay = f.delay, 0
	}
	f.mu.Unlock()
	for _, e := range b.Events {
		if err != nil && e.Stream.Kind == "test" {
			return eventlog.Committed{}, err
		}
	}
	<-time.After(delay)
	return f.Store.Commit(ctx, b)
}

// Resume implements eventlog.Store.
func (f *faulty) Resume(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
