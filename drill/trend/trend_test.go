// Package trend proves, in virtual time, that the board's trend of processing times follows what the channel does, and that a rush of
// orders is told from a usual hour.
package trend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/domain/board"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

const (
	listing = "17290001"
	soon    = 2 * time.Second // after a minute has rolled, the board says what it is from then on
)

// days is a shop that sells one hat an hour, by webhooks, and answers each call after some time.
type days struct {
	*bubble.World
	ctx    context.Context
	orders int
}

// figures are what the board says of processing times.
type figures struct {
	Automation struct {
		Finished int
		Mean     *float64 `json:"mean_seconds"`
		Change   *float64 `json:"change_percent"`
	}
	Demand struct {
		Hour  int64  `json:"orders_hour"`
		Usual *int64 `json:"usual_hour"`
		Viral bool
	}
}

// hour sells a hat at the full hour, has its minute roll, and asks the board two seconds later.
func (d *days) hour() (f figures, err error) {
	if err = bubble.Sleep(d.ctx, time.Until(time.Now().Truncate(time.Hour).Add(time.Hour))); err != nil {
		return f, err
	}
	if err = d.sell(1); err != nil {
		return f, err
	}
	if err = bubble.Sleep(d.ctx, time.Minute+soon); err != nil {
		return f, err
	}
	return d.board()
}

// sell has as many buyers take a hat each.
func (d *days) sell(hats int) error {
	for range hats {
		d.orders++
		_, err := d.Place(tiktoksim.NewOrder{BuyerID: fmt.Sprint("b", d.orders), BuyerName: "Ana", Address: fmt.Sprintf("%d First Street", d.orders), Lines: []tiktoksim.Line{{SKUID: listing, Quantity: 1}}})
		if err != nil {
			return err
		}
	}
	return nil
}

// board is what an open screen shows now.
func (d *days) board() (f figures, err error) {
	status, body := d.Page("/api/v1/kpis")
	if status != http.StatusOK {
		return f, fmt.Errorf("the board answers %d", status)
	}
	return f, json.Unmarshal(body, &f)
}

// slower has the shop take as long for each of its answers.
func (d *days) slower(each time.Duration) { d.Sim.SetFaults(tiktoksim.Faults{Latency: each}) }

// live is a story of a shop that has hats, in virtual time.
func live(t *testing.T, story func(d *days) error) {
	t.Helper()
	dir := t.TempDir()
	err := bubble.Run(2*time.Minute, func() (err error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		w, err := bubble.Open(ctx, bubble.Options{
			Dir: dir, Seed: 1, Poll: time.Hour, Log: slog.New(slog.DiscardHandler), Market: tiktoksim.Config{},
			SKUs: []bubble.SKU{{Name: "HAT", Listing: listing, Listed: 1000}},
		})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, w.Close()) }()
		if err := w.Receive(ctx, "HAT", 1000); err != nil {
			return err
		}
		return story(&days{World: w, ctx: ctx})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDoubledProcessingTime: while the channel is as quick as the day before, the change is nothing; with the first order after its
// answers take twice as long the percentage is above nothing, within two seconds of the roll of the window, and it ends at twice the time.
func TestDoubledProcessingTime(t *testing.T) {
	live(t, func(d *days) (err error) {
		d.slower(time.Second)
		var before figures
		for range 30 { // the window before has its first hours
			if before, err = d.hour(); err != nil {
				return err
			}
		}
		if a := before.Automation; a.Finished < 20 || a.Change == nil || *a.Change < -5 || *a.Change > 5 {
			t.Errorf("of %d orders of equal days the board says %s", a.Finished, show(a.Change))
		}
		d.slower(2 * time.Second)
		first, err := d.hour()
		if err != nil {
			return err
		}
		if c := first.Automation.Change; c == nil || before.Automation.Change == nil || *c <= max(0, *before.Automation.Change) {
			t.Errorf("with the first slow order the board says %s, before it said %s", show(c), show(before.Automation.Change))
		}
		last := first
		for range 24 { // the window is full of slow orders, the one before of quick ones
			if last, err = d.hour(); err != nil {
				return err
			}
		}
		if a := last.Automation; a.Change == nil || *a.Change < 80 || *a.Change > 120 {
			t.Errorf("of twice the time the board says %s", show(a.Change))
		}
		t.Logf("equal days %s, one slow order %s, a slow day %s", show(before.Automation.Change), show(first.Automation.Change), show(last.Automation.Change))
		return nil
	})
}

// TestViral: a shop that sells a hat an hour and then, within a minute, to as many buyers as chance never sends: the board calls that viral,
// beside what is usual, and stops when it is over. One buyer fewer is a good hour.
func TestViral(t *testing.T) {
	live(t, func(d *days) error {
		for hour := range 75 {
			f, err := d.hour()
			if err != nil {
				return err
			}
			if known := f.Demand.Usual != nil; f.Demand.Viral || known != (hour >= 48) || known && *f.Demand.Usual != 1 {
				t.Fatalf("in hour %d the board says %+v", hour, f.Demand)
			}
		}
		for _, step := range []struct {
			hats  int
			pause time.Duration
			viral bool
		}{{board.ViralLeast - 2, 0, false}, {1, 0, true}, {0, time.Hour, false}} { // the hat of the full hour counts, too
			if err := d.sell(step.hats); err != nil {
				return err
			}
			if err := bubble.Sleep(d.ctx, step.pause+soon); err != nil {
				return err
			}
			f, err := d.board()
			if err != nil {
				return err
			}
			if f.Demand.Viral != step.viral || *f.Demand.Usual != 1 {
				t.Errorf("after %d hats more and %s the board says %+v, want viral %t", step.hats, step.pause, f.Demand, step.viral)
			}
		}
		return nil
	})
}

func show(percent *float64) string {
	if percent == nil {
		return "nothing"
	}
	return fmt.Sprintf("%+.1f %%", *percent)
}
