package flow

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
)

// skip and takeBack are what a person does, who saw the flow at a step.
func (w *world) skip(id, step string) error {
	d := w.definition()
	by := By{Step: step, Reason: "sent it myself", Now: w.clock().UTC()}
	_, err := eventlog.Execute(w.ctx, w.log, d.Stream(id), d.Skipping(id), by, eventlog.Meta{})
	return err
}

func (w *world) takeBack(id, step string) error {
	d := w.definition()
	if w.final {
		d.Steps[2].UndoCall = nil
	}
	by := By{Step: step, Reason: "sold in the shop", Now: w.clock().UTC()}
	_, err := eventlog.Execute(w.ctx, w.log, d.Stream(id), d.TakingBack(id), by, eventlog.Meta{})
	return err
}

// refused wants a rule's no, and nothing changed by it.
func (w *world) refused(id string, err error) {
	w.Helper()
	var refusal eventlog.Refusal
	if !errors.As(err, &refusal) {
		w.Errorf("flow %s: got %v, want a refusal", id, err)
	}
}

func TestSkip(t *testing.T) {
	inWorld(t, func(w *world) {
		w.call = func(context.Context, Input, string) Verdict { return Stuck("no") }
		w.runs()
		w.tell("a", told{})
		w.tells("a", "started check take call? stuck(call)")
		w.refused("a", w.skip("a", "take"))
		w.tells("a", "started check take call? stuck(call)")
		if err := w.skip("a", "call"); err != nil {
			w.Fatal(err)
		}
		w.tells("a", "started check take call? stuck(call) retried call end finished")
		if f := w.finished("a"); f.Untouched {
			w.Error("a flow that a person helped counts as untouched")
		}
		w.refused("a", w.skip("a", ""))
		w.tells("a", "started check take call? stuck(call) retried call end finished")
	})
}

// What cannot be taken back does not hold up the rest for ever: a person leaves it. Nobody else is to leave it before.
func TestSkipWhileTakingBack(t *testing.T) {
	inWorld(t, func(w *world) {
		tries := 0
		w.call = func(context.Context, Input, string) Verdict { return Stuck("no") }
		w.undo = func(context.Context, Input, string) Verdict {
			if tries++; tries == 1 {
				return Retry("down", time.Minute)
			}
			return Stuck("the other side says no")
		}
		w.runs()
		w.tell("a", told{})
		w.tells("a", "started check take call? stuck(call)")
		w.tell("a", told{Cancel: true})
		w.tells("a", "started check take call? stuck(call) undo(call) call? call!")
		w.refused("a", w.skip("a", "call"))
		w.pass(2 * time.Minute)
		before := "started check take call? stuck(call) undo(call) call? call! call? stuck(call)"
		w.tells("a", before)
		if err := w.skip("a", "call"); err != nil {
			w.Fatal(err)
		}
		w.tells("a", before+" retried -call -take -check undone")
		if n := w.held("a"); n != 0 {
			t.Errorf("%d are still taken", n)
		}
		w.refused("a", w.skip("a", ""))
	})
}

// Between two tries a call can be skipped; while one is under way, its outcome is awaited.
func TestSkipBetweenTries(t *testing.T) {
	inWorld(t, func(w *world) {
		calls := 0
		w.call = func(context.Context, Input, string) Verdict {
			if calls++; calls == 2 {
				<-time.After(5 * time.Second)
			}
			return Retry("away", time.Minute)
		}
		w.runs()
		w.tell("a", told{})
		w.pass(2 * time.Minute)
		w.tells("a", "started check take call? call! call? call!")
		w.tell("b", told{})
		w.pass(time.Second)
		if err := w.skip("a", "call"); err != nil {
			w.Fatal(err)
		}
		w.pass(time.Hour)
		w.tells("a", "started check take call? call! call? call! retried call end finished")
	})
	inWorld(t, func(w *world) {
		w.call = func(context.Context, Input, string) Verdict {
			<-time.After(5 * time.Second)
			return Done(nil)
		}
		w.runs()
		w.tell("a", told{})
		w.pass(time.Second)
		if err := w.skip("a", "call"); !errors.Is(err, ErrBusy) {
			w.Errorf("got %v, want %v", err, ErrBusy)
		}
		if err := w.takeBack("a", "call"); !errors.Is(err, ErrBusy) {
			w.Errorf("got %v, want %v", err, ErrBusy)
		}
		w.pass(5 * time.Second)
		w.tells("a", "started check take call? call end finished")
	})
}

// What only the hub can have done is not skipped: the books would be wrong.
func TestNotEveryStepIsSkipped(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		w.tell("a", told{Hold: "no stock"})
		w.tells("a", "started waits(no stock)")
		w.refused("a", w.skip("a", "check"))
		w.refused("none", w.skip("none", ""))
		w.tells("a", "started waits(no stock)")
		w.tells("none", "")
	})
}

func TestTakeBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.call = func(context.Context, Input, string) Verdict { return Stuck("no") }
		w.runs()
		w.tell("a", told{})
		w.tells("a", "started check take call? stuck(call)")
		w.refused("a", w.takeBack("a", "take"))
		if err := w.takeBack("a", "call"); err != nil {
			w.Fatal(err)
		}
		w.tells("a", "started check take call? stuck(call) retried undo(call) call? -call -take -check undone")
		if s := w.status("a"); w.held("a") != 0 || s.Failed || s.Reason != "Taken back by hand: sold in the shop" {
			w.Errorf("%d held, %+v", w.held("a"), s)
		}
		w.refused("a", w.takeBack("a", ""))
	})
}

func TestTakeBackWhatWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.runs()
		w.tell("a", told{Hold: "no stock"})
		w.pass(time.Hour)
		if err := w.takeBack("a", "check"); err != nil {
			w.Fatal(err)
		}
		w.tell("a", told{}) // news of a flow that has ended
		w.tells("a", "started waits(no stock) retried undone")
	})
}

// A call that may have been made and cannot be taken back keeps the flow: the goods may be on their way.
func TestTakeBackIsRefusedAfterACallForGood(t *testing.T) {
	inWorld(t, func(w *world) {
		w.final = true
		w.call = func(context.Context, Input, string) Verdict { return Stuck("no") }
		w.runs()
		w.tell("a", told{})
		w.tells("a", "started check take call? stuck(call)")
		w.refused("a", w.takeBack("a", "call"))
		w.tells("a", "started check take call? stuck(call)")
		if w.held("a") != 1 {
			w.Errorf("%d held, want 1", w.held("a"))
		}
	})
}
