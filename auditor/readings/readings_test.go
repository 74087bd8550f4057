package readings_test

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/audits"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/projection"
)

const hat = "17290001"

// in runs a story in virtual time: a hub that audits each minute, with 100 hats in the house and a shop that lists them.
func in(t *testing.T, story func(ctx context.Context, w *bubble.World) error) {
	t.Helper()
	dir, err := bubble.Folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	err = bubble.Run(2*time.Minute, func() error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		w, err := bubble.Open(ctx, bubble.Options{
			Dir: dir, Seed: 1, Poll: time.Minute, Audit: time.Minute, Log: slog.New(slog.DiscardHandler),
			SKUs: []bubble.SKU{{Name: "HAT", Listing: hat, Listed: 40}},
		})
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		if err := w.Receive(ctx, "HAT", 100); err != nil {
			return err
		}
		return story(ctx, w)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A running hub finds a wrong row within a minute, and says so in its log.
func TestEveryMinute(t *testing.T) {
	in(t, func(ctx context.Context, w *bubble.World) error {
		if err := bubble.Sleep(ctx, 2*time.Minute); err != nil {
			return err
		}
		h := w.Hub()
		f, at, position := h.Auditor.Figure()
		if percent, ok := f.Views.Percent(); !ok || percent != 100 || position == 0 || time.Since(at) > time.Minute {
			t.Errorf("after two minutes: %+v at %s, position %d", f, at, position)
		}
		err := h.Views.Write(ctx, func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
			return now, tx.Exec(ctx, "update stock_v3 set available = 99 where sku = 'HAT'")
		})
		if err != nil {
			return err
		}
		if err := bubble.Sleep(ctx, time.Minute+time.Second); err != nil {
			return err
		}
		f, _, _ = h.Auditor.Figure()
		told, err := h.Log.ReadStream(ctx, audits.Views(workspace.Main), 0, 9)
		if f.Views.Differing != 1 || len(told) != 1 {
			t.Errorf("a minute after a row was spoilt: %+v, told %v", f, told)
		}
		return err
	})
}

// A quantity that somebody changed at the shop counts from the reading that shows it until it is mended.
func TestWrongQuantity(t *testing.T) {
	in(t, func(ctx context.Context, w *bubble.World) error {
		if err := w.Command(ctx, "push-quantities", map[string]any{"connection": w.Connection(), "on": true}); err != nil {
			return err
		}
		if err := bubble.Sleep(ctx, 10*time.Minute); err != nil {
			return err
		}
		h := w.Hub()
		before, _, _ := h.Auditor.Figure()
		if before.Channels.Compared != 1 || before.Channels.Differing != 0 {
			t.Errorf("while the shop lists what it should: %+v", before)
		}
		if err := w.Sim.SetQuantity(bubble.Shop, hat, 17); err != nil {
			return err
		}
		edited, found := time.Now(), time.Duration(0)
		for found == 0 && time.Since(edited) < 10*time.Minute {
			if err := bubble.Sleep(ctx, time.Second); err != nil {
				return err
			}
			if f, _, _ := h.Auditor.Figure(); f.Channels.Differing == 1 && f.Views.Differing == 0 {
				found = time.Since(edited)
			}
		}
		t.Logf("found after %s", found)
		if found == 0 || found > 3*time.Minute { // the shop's own reading, each minute and twice, and the auditor's minute
			t.Errorf("the wrong quantity counted after %s", found)
		}
		if err := bubble.Sleep(ctx, 10*time.Minute); err != nil {
			return err
		}
		if f, _, _ := h.Auditor.Figure(); f.Channels.Differing != 0 {
			t.Errorf("ten minutes later: %+v", f)
		}
		return nil
	})
}
