package bubble

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/projection"
)

const orderID = "5770000000000000001"

// story is what happens in a small world.
type story struct {
	seed   uint64
	order  tiktoksim.NewOrder
	middle func(ctx context.Context, w *World) error // an hour after the order; nil = nothing
	ended  func(w *World)                            // before it is judged; nil = nothing
}

func sold(sku string, quantity int) tiktoksim.NewOrder {
	return tiktoksim.NewOrder{
		ID: orderID, BuyerID: "buyer", BuyerName: "Ana", Address: "1 First Street",
		Lines: []tiktoksim.Line{{SKUID: sku, Quantity: quantity}},
	}
}

// tell tells a story to its end.
func tell(t *testing.T, s story) (dump []string, r drill.Report) {
	t.Helper()
	dir := t.TempDir()
	err := Run(time.Minute, func() (err error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		w, err := Open(ctx, Options{
			Dir: dir, Seed: s.seed, Poll: time.Hour, Log: slog.New(slog.DiscardHandler),
			SKUs:   []SKU{{Name: "HAT", Listing: "17290001", Listed: 99}, {Name: "MUG", Listing: "17290002", Listed: 99}},
			Market: tiktoksim.Config{RemorseHold: 2 * time.Hour, LabelNotReady: 1, Restock: true, Reship: true},
		})
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		if err := w.Receive(ctx, "HAT", 10); err != nil {
			return err
		}
		if _, err := w.Place(s.order); err != nil {
			return err
		}
		if err := Sleep(ctx, time.Hour); err != nil {
			return err
		}
		if s.middle != nil {
			if err := s.middle(ctx, w); err != nil {
				return err
			}
		}
		if err := Sleep(ctx, 2*time.Hour); err != nil {
			return err
		}
		if err := w.Rest(ctx, 3*time.Hour, time.Minute); err != nil {
			return err
		}
		if err := w.Stop(); err != nil {
			return err
		}
		if s.ended != nil {
			s.ended(w)
		}
		if dump, err = w.Dump(ctx); err != nil {
			return err
		}
		return w.Judge(ctx, &r)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dump, r
}

// TestDump: what means nothing is not in the dump, and what means something is.
func TestDump(t *testing.T) {
	plain, r := tell(t, story{seed: 1, order: sold("17290001", 2)})
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`order ` + orderID + `: arranged (AWAITING_COLLECTION), 2×HAT at 1.99 GBP, total 3.98 GBP, 1 packages, to {"A***" `,
		"flow " + orderID + ": finished ",
		"stock HAT: 10 received, 2 shipped, 0 adjusted, 0 returned, 8 on hand, 0 reserved, 8 available, 0 orders wait",
		"shop " + orderID + ": AWAITING_COLLECTION, 1 packages, shipped 1 times, 1 labels",
		"shop HAT: 97 listed, 0 committed",
	} {
		if !slices.ContainsFunc(plain, func(l string) bool { return strings.HasPrefix(l, line) }) {
			t.Errorf("no line begins with %q in\n%s", line, strings.Join(plain, "\n"))
		}
	}
	for _, c := range []struct {
		name  string
		story story
		want  string // of the lines that differ; empty = none do
	}{
		{name: "another world, with other ids", story: story{seed: 2, order: sold("17290001", 2)}},
		{name: "a crash on the way", story: story{seed: 1, order: sold("17290001", 2), middle: func(ctx context.Context, w *World) error {
			if err := w.Crash(); err != nil {
				return err
			}
			return w.Start(ctx)
		}}},
		{name: "one unit more", story: story{seed: 1, order: sold("17290001", 3)}, want: "3×HAT"},
		{name: "another SKU", story: story{seed: 1, order: sold("17290002", 2)}, want: "unknown_sku"},
		{name: "cancelled", story: story{seed: 1, order: sold("17290001", 2), middle: func(_ context.Context, w *World) error {
			return w.Sim.CancelOrder(Shop, orderID, "buyer_cancel")
		}}, want: "undone"},
		{name: "moved", story: story{seed: 1, order: sold("17290001", 2), middle: func(_ context.Context, w *World) error {
			return w.Sim.ChangeAddress(Shop, orderID, "2 Second Street")
		}}, want: "2 Second Street"},
		{name: "units that were found", story: story{seed: 1, order: sold("17290001", 2), middle: func(ctx context.Context, w *World) error {
			return w.Adjust(ctx, "HAT", 1)
		}}, want: "1 adjusted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			other, _ := tell(t, c.story)
			lines := strings.Join(Differ(plain, other, 100), "\n")
			if c.want == "" && lines != "" || !strings.Contains(lines, c.want) {
				t.Errorf("the dumps differ in\n%s\nwant %q", lines, c.want)
			}
		})
	}
}

// spoil changes a figure that is shown.
func spoil(w *World) {
	ctx := context.Background()
	err := w.Hub().Views.Write(ctx, func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		return now, tx.Exec(ctx, "update stock_v3 set received = received + 1 where sku = 'HAT'")
	})
	if err != nil {
		panic(err)
	}
}

// TestJudge: the judge sees what did not happen, and what should not have.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name  string
		story story
		want  string
	}{
		{name: "a webhook that nobody kept", story: story{ended: func(w *World) { w.acked[sha256.Sum256([]byte("never sent"))] = true }}, want: "acknowledged webhooks are lost"},
		{name: "a command that nobody carried out", story: story{ended: func(w *World) { w.commands = append(w.commands, uuid.Must(uuid.NewV7())) }}, want: "acknowledged commands are lost"},
		{name: "a row that is not what the log says", story: story{ended: spoil}, want: "at the end the auditor finds 9"},
		{name: "a webhook that waits for a person", story: story{middle: func(_ context.Context, w *World) error {
			w.Sim.SetFaults(tiktoksim.Faults{Garble: 1})
			return w.Sim.ChangeAddress(Shop, orderID, "2 Second Street")
		}}, want: "% with the channels, where 100 and 99.5 % are required: 0 of "},
		{name: "units that never arrived", story: story{ended: func(w *World) { w.moved[movement{receive, "HAT"}]++ }}, want: "10 received where it should be 11"},
		// or that a poll saw at its first moment, and nobody since
		{name: "an order that nobody knows", story: story{middle: func(_ context.Context, w *World) error {
			if err := w.Sim.SetWebhookURL(Shop, ""); err != nil {
				return err
			}
			w.SetUnsent(1)
			o := sold("17290001", 1)
			o.ID = "5770000000000000002"
			_, err := w.Place(o)
			return err
		}}, want: "order 5770000000000000002 is AWAITING_SHIPMENT at the shop and "},
		{name: "an order that waits for what is not so", story: story{order: sold("17290002", 1)}, want: "is AWAITING_SHIPMENT at the shop and waiting unknown_sku"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.story.order.ID == "" {
				c.story.order = sold("17290001", 2)
			}
			_, r := tell(t, c.story)
			if broken := strings.Join(r.Broken, "\n"); !strings.Contains(broken, c.want) {
				t.Errorf("the judge said %q, want %q", broken, c.want)
			}
		})
	}
}
