package steps

import (
	"os"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/flow"
)

// matrix runs all cases in a folder that stays when the test fails.
func matrix(t *testing.T, alter func(*world)) (broken []string, results []Result) {
	t.Helper()
	dir, err := bubble.Folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what the drill left is in %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	r, results, err := Run(t.Context(), Options{Dir: dir, Alter: alter})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d cases, %d twice, %.1f s", r.Cycles, r.Twice, r.Seconds)
	return r.Broken, results
}

// TestMatrix: R 94, with money and labels of partners.
func TestMatrix(t *testing.T) {
	broken, results := matrix(t, nil)
	for _, b := range broken {
		t.Error(b)
	}
	ends := map[flow.Phase]int{}
	for _, r := range results {
		ends[r.End]++
		t.Logf("%-45s %-9s units %d, money %d, labels %d, effects %d", r.Case, r.End, r.Units, r.Money, r.Labels, r.Effects)
	}
	// All 7 × 4 that are neither declined nor cancelled, and the 2 whose cancellation came too late.
	if len(results) != 70 || ends[flow.Finished] < 28 || ends[flow.Undone] < 35 {
		t.Errorf("of %d cases these are the ends: %v", len(results), ends)
	}
}

// TestBroken: the drill sees a flow, or a partner, that lacks one safeguard.
func TestBroken(t *testing.T) {
	step := func(w *world, name string) *flow.Step {
		for i := range w.flow.Steps {
			if w.flow.Steps[i].Name == name {
				return &w.flow.Steps[i]
			}
		}
		t.Fatalf("there is no step %q", name)
		return nil
	}
	tests := []struct {
		name  string
		alter func(w *world)
		want  string
	}{
		{"a payment that is not refunded", func(w *world) { step(w, fulfilment.StepPayment).UndoCall = nil }, "the money is off by 4200"},
		{"a label that is not voided", func(w *world) { step(w, fulfilment.StepLabel).UndoCall = nil }, "1 labels too many"},
		{"stock that is not released", func(w *world) { step(w, fulfilment.StepReserve).Undo = nil }, "2 units are still promised"},
		{"a partner that forgets keys", func(w *world) { w.payments.forgetful = true }, "confirm payment, crash after: 2 effects of one key"},
		{"a partner that does what was taken back", func(w *world) { w.payments.lax = true }, "confirm payment, late success, cancelled: the money is off by 4200"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			broken, _ := matrix(t, test.alter)
			if !strings.Contains(strings.Join(broken, "\n"), test.want) {
				t.Errorf("the drill did not say %q but %q", test.want, broken)
			}
		})
	}
}
