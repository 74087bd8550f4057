// Package trend proves, in virtual time, that the board's trend of processing times follows what the channel does.
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
}

// hour sells a hat at the full hour, has its minute roll, and asks the board two seconds later.
func (d *days) hour() (f figures, err error) {
	if err = bubble.Sleep(d.ctx, time.Until(time.Now().Truncate(time.Hour).Add(time.Hour))); err != nil {
		return f, err
	}
	d.orders++
	_, err = d.Place(tiktoksim.NewOrder{BuyerID: fmt.Sprint("b", d.orders), BuyerName: "Ana", Address: fmt.Sprintf("%d First Street", d.orders), Lines: []tiktoksim.Line{{SKUID: listing, Quantity: 1}}})
	if err != nil {
		return f, err
	}
	if err = bubble.Sleep(d.ctx, time.Minute+soon); err != nil {
		return f, err
	}
	status, body := d.Page("/api/v1/kpis")
	if status != http.StatusOK {
		return f, fmt.Errorf("the board answers %d", status)
	}
	return f, json.Unmarshal(body, &f)
}

// slower has the shop take as long for each of its answers.
func (d *days) slower(each time.Duration) { d.Sim.SetFaults(tiktoksim.Faults{Latency: each}) }

// TestDoubledProcessingTime: while the channel is as quick as the day before, the change is nothing; with the first order after its
// answers take twice as long the percentage is above nothing, within two seconds of the roll of the window, and it ends at twice the time.
func TestDoubledProcessingTime(t *testing.T) {
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
		d := &days{World: w, ctx: ctx}
		if err := w.Receive(ctx, "HAT", 1000); err != nil {
			return err
		}
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
	if err != nil {
		t.Fatal(err)
	}
}

func show(percent *float64) string {
	if percent == nil {
		return "nothing"
	}
	return fmt.Sprintf("%+.1f %%", *percent)
}
