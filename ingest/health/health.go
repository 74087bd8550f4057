// Package health keeps whether a connection works, tells the log when that changes, and says how long
// to leave a channel alone that does not.
//
//	Failed, Failed, Failed ─► shops.Failing, with what mends it      Worked ─► shops.Recovered
package health

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	events "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Options are what a Health needs.
type Options struct {
	Log        *eventlog.Log
	Workspace  string
	Connection string
	Clock      func() time.Time
	Chance     func() float64 // in [0, 1)
	Last       time.Time      // the last success that is known of
	Logger     *slog.Logger
	Notify     func(topic string)
}

// Health is one connection's. Its methods may be called from many goroutines.
type Health struct {
	o Options

	mu      sync.Mutex // held while the log is told, so that it is told in order; guards all below
	streak  map[string]int
	down    map[string]channels.Class // what the log was told of, by what was done
	checked bool                      // the log was told of a success since the start
	last    atomic.Int64              // when something worked, in microseconds; not guarded
}

// New makes the health of a connection of which nothing is known.
func New(o Options) *Health {
	h := &Health{o: o, streak: map[string]int{}, down: map[string]channels.Class{}}
	if !o.Last.IsZero() {
		h.last.Store(o.Last.UnixMicro())
	}
	return h
}

// Last is when something worked last; zero = never.
func (h *Health) Last() time.Time {
	if at := h.last.Load(); at != 0 {
		return time.UnixMicro(at).UTC()
	}
	return time.Time{}
}

// trips is how many failures in a row the log is told of. One "sign in again" is not enough: where
// shops share a token, the one that refreshes second is refused once.
func trips(class channels.Class) int {
	if class == channels.Auth {
		return 2
	}
	return 3
}

// authorising stands for the seller's own word that we may no longer come in.
const authorising = "authorise"

// Failed notes a failed call, and tells the log when there were enough in a row. Doing completes
// "the channel was asked to …".
func (h *Health) Failed(ctx context.Context, doing string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	class := channels.ClassOf(err)
	h.streak[doing]++
	if h.streak[doing] < trips(class) || h.down[doing] == class {
		return
	}
	h.o.Logger.WarnContext(ctx, "connection failing", "connection", h.o.Connection, "doing", doing, "class", string(class), "error", err)
	reason, mend := explain(doing, class, err)
	if err := h.tell(ctx, reason, mend); err != nil { // the next failure tells
		h.o.Logger.WarnContext(ctx, "failure not told yet", "connection", h.o.Connection, "error", err)
		return
	}
	h.down[doing] = class
}

// Deauthorised notes that the seller ended the authorisation at the channel.
func (h *Health) Deauthorised(ctx context.Context, reason string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.tell(ctx, reason, mendAuth); err != nil {
		return err
	}
	h.down[authorising] = channels.Auth
	return nil
}

func (h *Health) tell(ctx context.Context, reason, mend string) error {
	_, err := eventlog.Execute(ctx, h.o.Log, events.Connection(h.o.Workspace, h.o.Connection), shops.Failed(),
		events.Failing{Connection: h.o.Connection, Reason: reason, Mend: mend}, h.meta())
	if err == nil {
		h.o.Notify("sync")
	}
	return err
}

func (h *Health) meta() eventlog.Meta {
	return eventlog.Meta{Actor: "channel:" + h.o.Connection, Cause: "poll:" + h.o.Connection, Correlation: h.o.Connection}
}

// Worked notes a call that worked, and tells the log when nothing fails any more.
func (h *Health) Worked(ctx context.Context, doing string) {
	h.last.Store(h.o.Clock().UnixMicro())
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streak[doing] = 0
	before := len(h.down)
	delete(h.down, doing)
	delete(h.down, authorising) // it lets us in
	if len(h.down) > 0 || before == 0 && h.checked {
		return
	}
	_, err := eventlog.Execute(ctx, h.o.Log, events.Connection(h.o.Workspace, h.o.Connection), shops.Recovering(),
		events.Recovered{Connection: h.o.Connection}, h.meta())
	if h.checked = err == nil; err != nil {
		h.o.Logger.WarnContext(ctx, "recovery not told yet", "connection", h.o.Connection, "error", err)
		return
	}
	h.o.Notify("sync")
}

const (
	mendAuth = "Connect the shop again. Nothing is lost meanwhile."
	mendApp  = "Check the address and the rights of the app at the channel, then connect the shop again. Nothing is lost meanwhile."
	mendNone = "Nothing to do: it is tried again by itself and nothing is lost."
)

// explain says why a shop fails and what mends it.
func explain(doing string, class channels.Class, err error) (reason, mend string) {
	said := channels.Short(err.Error(), 200)
	var f *channels.Failure
	if errors.As(err, &f) {
		said = f.Message
		if f.Code != "" {
			said += ", code " + f.Code
		}
	}
	switch class {
	case channels.Auth:
		return fmt.Sprintf("The channel no longer lets us in (%s).", said), mendAuth
	case channels.Throttled:
		return "The channel asks to slow down.", mendNone
	case channels.Rejected, channels.Bug:
		return fmt.Sprintf("The channel refuses to %s (%s).", doing, said), mendApp
	}
	return fmt.Sprintf("The channel does not answer when asked to %s (%s).", doing, said), mendNone
}

// The pauses between tries.
const (
	FirstPause = time.Second     // the bound of the first; it doubles
	ShopPause  = time.Minute     // the most between tries of a channel that does not answer
	authPause  = 5 * time.Minute // while a person must connect the shop again, which ends it
	leastPause = FirstPause / 20
)

// Pause says how long to leave the channel alone after some failures in a row.
func (h *Health) Pause(fails int, err error) time.Duration {
	if channels.ClassOf(err) == channels.Auth && fails >= trips(channels.Auth) {
		return authPause
	}
	pause := Backoff(h.o.Chance, fails, ShopPause)
	var f *channels.Failure
	if errors.As(err, &f) {
		pause = max(pause, min(f.RetryAfter, ShopPause))
	}
	return max(pause, leastPause)
}

// Backoff is full jitter below a bound that doubles up to most.
func Backoff(chance func() float64, failures int, most time.Duration) time.Duration {
	bound := min(FirstPause<<min(max(failures-1, 0), 20), most)
	return time.Duration(chance() * float64(bound))
}
