// Package bubble is a whole shop in one process and in virtual time: the real hub on real SQLite
// files, the real connector, and the simulated TikTok Shop, joined by a network that is memory.
//
//	script ─► simulated shop ─► webhooks ─► Post ─► hub ─► connector ─► simulated shop
//	      └─► commands with keys ──────────────────► hub
//
// Inside a bubble of testing/synctest time moves only when everything waits, so a day takes as long as
// the work that is in it. Nothing in a bubble may wait for anything outside: no socket, no real network.
//
// Judge holds what is left against what was acknowledged and what the shop has seen; Dump writes the
// final state in a form in which two runs of the same orders can be compared.
package bubble

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/drill"
)

// begin is when a world begins: a bubble's own clock begins in the year 2000, in which the time stamps
// of signed requests have a digit less.
var begin = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// Run runs a function in a bubble of its own, whose clock begins on Monday, 2026-01-05, at midnight UTC. What
// panics or waits for ever comes back as an error, and the bubble's goroutines are then left behind, as
// they are when it takes longer than limit in real time: in a bubble time stands still while a goroutine
// waits for a mutex whose holder sleeps.
//
// synctest wants a test, and takes from it no more than a place to report to; this one is of its own,
// so that a command can run what a test runs.
func Run(limit time.Duration, do func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- run(do) }()
	select {
	case err := <-ended:
		return err
	case <-time.After(limit):
		return fmt.Errorf("%w after %s\n%s", ErrStill, limit, waiting())
	}
}

// Campaign runs a drill in a bubble and in a folder: a temporary one when dir is empty, which stays when a promise was broken. An
// error is of the drill itself; a part of the hub that hangs, panics or ends by itself is a broken promise.
func Campaign(ctx context.Context, dir string, limit time.Duration, r *drill.Report, do func(ctx context.Context, dir string) error) (err error) {
	started, own := time.Now(), dir == ""
	if own {
		dir, err = Folder()
	} else {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("make the drill's folder: %w", err)
	}
	err = Run(limit, func() error { return do(context.WithoutCancel(ctx), dir) }) // what ends it is the bubble's own
	if errors.Is(err, ErrStill) || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if err != nil {
		r.Broke("%v", err)
	}
	r.Seconds = time.Since(started).Seconds()
	if len(r.Broken) > 0 || !own {
		return nil
	}
	return os.RemoveAll(dir)
}

// waiting are the stacks of the goroutines that hold time up.
func waiting() string {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var found []string
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if state, _, _ := strings.Cut(stack, "\n"); strings.Contains(state, "Mutex") {
			found = append(found, stack)
		}
	}
	return strings.Join(found, "\n\n")
}

// ErrStill says that nothing moved any more, which is the drill's own failure.
var ErrStill = errors.New("time stands still in the bubble")

func run(do func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the bubble ended with %v", cause)
		}
	}()
	var failed error
	synctest.Test(&testing.T{}, func(*testing.T) {
		defer func() {
			if cause := recover(); cause != nil {
				failed = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			}
		}()
		<-time.After(time.Until(begin))
		failed = do()
	})
	return failed
}
