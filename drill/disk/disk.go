// Package disk fills the hub's disk under load, keeps it full for a while, and makes room again: reads go
// on meanwhile, writes are refused, and the hub resumes by itself.
package disk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/creatorflow/creatorflow/drill"
)

const (
	size     = 256                    // MB of the disk, of which the hub takes a part and the ballast the rest
	full     = 3 * time.Second        // that the disk stays full
	patience = 30 * time.Second       // for the disk to fill and for the hub to resume
	pause    = 100 * time.Millisecond // between two looks
)

// pages are what somebody at a screen goes on reading.
var pages = []string{"/api/v1/kpis", "/api/v1/orders?limit=20", "/api/v1/stock?limit=20", "/api/v1/connections"}

// filler fills.
type filler struct {
	*drill.Campaign
	mount string
	rng   *rand.Rand
}

// Run fills the disk.
func Run(ctx context.Context, o drill.Options) (drill.Report, error) {
	return drill.Run(ctx, "disk", o, func(ctx context.Context, c *drill.Campaign) (err error) {
		x := filler{c, filepath.Join(o.Dir, "disk"), rand.New(rand.NewPCG(o.Seed, 1))}
		if err := os.MkdirAll(x.mount, 0o700); err != nil {
			return fmt.Errorf("make the disk: %w", err)
		}
		if err := command(ctx, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", size), "tmpfs", x.mount); err != nil {
			return drill.NotRun("a disk of a fixed size takes root, to mount a tmpfs: " + err.Error())
		}
		defer func() { err = errors.Join(err, command(context.WithoutCancel(ctx), "umount", x.mount)) }()
		data := filepath.Join(x.mount, "data")
		if err := c.Prepare(ctx, data); err != nil {
			return err
		}
		h, err := c.Start(ctx)
		if err != nil {
			return err
		}
		err = c.UnderLoad(ctx, func(ctx context.Context) error {
			for n := range o.Cycles {
				if err := x.cycle(ctx, h); err != nil {
					return fmt.Errorf("fill %d: %w", n+1, err)
				}
				c.Say("filled %d of %d", n+1, o.Cycles)
			}
			return nil
		})
		if errors.Is(err, errBroken) { // the judge sees what is left to another hub
			c.Broke("%v", err)
			if err = h.Kill(); err == nil {
				h, err = c.Start(ctx)
			}
		}
		if err != nil {
			return errors.Join(err, h.Kill())
		}
		if err := c.Settle(ctx, h); err != nil {
			return err
		}
		// What is judged must outlive the mount.
		kept := filepath.Join(o.Dir, "data")
		if err := keep(data, kept); err != nil {
			return fmt.Errorf("copy what the hub left: %w", err)
		}
		c.Move(kept)
		return nil
	})
}

// errBroken ends the cycles with a promise that was broken.
var errBroken = errors.New("the hub did not wait for room")

// cycle fills the disk, looks at it, and makes room again.
func (x filler) cycle(ctx context.Context, h *drill.Hub) (err error) {
	if err := drill.Sleep(ctx, time.Second+time.Duration(x.rng.Int64N(int64(time.Second)))); err != nil {
		return err
	}
	ballast, err := os.Create(filepath.Join(x.mount, "ballast"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(ballast.Name()), ballast.Close()) }()
	webhooks, commands, err := x.refused(ctx, h, ballast)
	if err != nil {
		return err
	}
	x.Say("the hub refuses: webhooks %v, commands %v", webhooks, commands)
	unread := map[string]int{}
	for began, n := time.Now(), 0; time.Since(began) < full; n++ {
		if err := fill(ballast); err != nil { // the hub may have let something go
			return err
		}
		page := pages[n%len(pages)]
		if status, err := x.Get(ctx, page); err != nil || status != http.StatusOK {
			unread[fmt.Sprintf("%s was answered with %d (%v)", page, status, err)]++
		}
		if err := x.pause(ctx, h); err != nil {
			return err
		}
	}
	for what, times := range unread {
		x.Broke("while the disk was full, %s, %d times", what, times)
	}
	x.judge(webhooks, commands)
	webhooksBefore, commandsBefore := x.Acked()
	if err := ballast.Truncate(0); err != nil {
		return fmt.Errorf("make room: %w", err)
	}
	for began := time.Now(); ; {
		w, c := x.Acked()
		if w > webhooksBefore && c > commandsBefore {
			x.Say("resumed after %s", time.Since(began).Round(pause))
			return nil
		}
		if time.Since(began) > patience {
			return fmt.Errorf("%w: %s after there was some, %d webhooks and %d commands were acknowledged", errBroken, patience, w-webhooksBefore, c-commandsBefore)
		}
		if err := x.pause(ctx, h); err != nil {
			return err
		}
	}
}

// refused fills the disk until webhooks and commands are refused, and returns the answers up to then.
func (x filler) refused(ctx context.Context, h *drill.Hub, ballast *os.File) (webhooks, commands map[int]int, err error) {
	webhooks, commands = x.Answers()
	for began := time.Now(); ; {
		if err := fill(ballast); err != nil {
			return nil, nil, err
		}
		w, c := x.Answers()
		if refusals(w) > refusals(webhooks) && refusals(c) > refusals(commands) {
			return webhooks, commands, nil
		}
		if time.Since(began) > patience {
			return nil, nil, fmt.Errorf("the disk is full for %s: webhooks were answered %v, then %v, commands %v, then %v", patience, webhooks, w, commands, c)
		}
		if err := x.pause(ctx, h); err != nil {
			return nil, nil, err
		}
	}
}

// judge looks at how writes were answered since the disk was full.
func (x filler) judge(webhooks, commands map[int]int) {
	w, c := x.Answers()
	for what, answers := range map[string][2]map[int]int{"webhooks": {webhooks, w}, "commands": {commands, c}} {
		for status, n := range answers[1] {
			switch status {
			case http.StatusOK, http.StatusServiceUnavailable, http.StatusInsufficientStorage:
			default:
				if more := n - answers[0][status]; more > 0 {
					x.Broke("while the disk was full, %d %s were answered with %d", more, what, status)
				}
			}
		}
	}
}

// refusals are answers that are no yes.
func refusals(answers map[int]int) (n int) {
	for status, times := range answers {
		if status != http.StatusOK {
			n += times
		}
	}
	return n
}

// pause waits a moment; the hub must not end meanwhile.
func (x filler) pause(ctx context.Context, h *drill.Hub) error {
	select {
	case <-h.Ended():
		return fmt.Errorf("%w but ended", errBroken)
	default:
		return drill.Sleep(ctx, pause)
	}
}

// fill writes to a file until the disk is full.
func fill(ballast *os.File) error {
	for _, block := range []int{1 << 20, 4096} {
		zeros := make([]byte, block)
		for {
			_, err := ballast.Write(zeros)
			if errors.Is(err, syscall.ENOSPC) {
				break
			}
			if err != nil {
				return fmt.Errorf("fill the disk: %w", err)
			}
		}
	}
	return nil
}

// keep copies a data folder without what belongs to a process.
func keep(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() { // the hub's socket
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, e.Name()), content, 0o600) //nolint:gosec // the drill's own folder
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func command(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput() //nolint:gosec // our own arguments
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
