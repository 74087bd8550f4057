// Package partnerstest is the contract that every partner's client passes against that partner's simulator: who sells labels
// (Run), and who collects money (RunPayments).
package partnerstest

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/partners"
)

// Fault is how the next purchase fails.
type Fault string

// How a purchase fails.
const (
	Refused  Fault = "refused"   // the seller's no
	Down     Fault = "down"      // nothing is done, and it is said
	TooMany  Fault = "too many"  // nothing is done, and it is said
	Dropped  Fault = "dropped"   // nothing is done, and nobody hears of it
	Lost     Fault = "lost"      // it is done, and nobody hears of it
	Garbage  Fault = "garbage"   // it is done, and the answer cannot be read
	DownLate Fault = "down late" // it is done, and the answer says that the seller is down
	Late     Fault = "late"      // it is done when Settle is called, and nobody hears of it
)

// World is a simulated seller of labels, and the client under test.
type World struct {
	Open   func() partners.Labels // a client of a new process, which remembers what the one before did
	Forget func()                 // the memory is lost
	Pass   func(time.Duration)    // moves the client's clock
	Break  func(Fault)
	Settle func()
	Bought func() int // purchases that took effect
	Back   func() int // of them given back
	Parcel partners.Shipment
	Nobody partners.Shipment // that no carrier takes
}

// wait is longer than a purchase without an answer may take.
const wait = 2 * time.Minute

// Run runs the contract.
func Run(t *testing.T, open func(t *testing.T) World) {
	for name, test := range map[string]func(t *testing.T, w World){
		"the same key buys once": once, "the same key at the same time buys once": together, "what was given back is not bought again": final,
		"what is given back before it was bought is never bought": never, "a refusal buys nothing": refusals, "an answer that is lost buys once": lost,
		"a purchase that is late is given back": late, "a lost memory buys nothing twice": forgotten,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func (w World) wants(t *testing.T, bought, back int) {
	t.Helper()
	if w.Bought() != bought || w.Back() != back {
		t.Errorf("%d labels were bought and %d given back, want %d and %d", w.Bought(), w.Back(), bought, back)
	}
}

func (w World) buys(t *testing.T, l partners.Labels, key string) partners.Label {
	t.Helper()
	label, err := l.Buy(t.Context(), key, w.Parcel)
	if err != nil {
		t.Fatalf("buy %s: %v", key, err)
	}
	opens := label.Type == "application/pdf" && bytes.HasPrefix(label.File, []byte("%PDF-")) || label.Type == "image/png" && bytes.HasPrefix(label.File, []byte("\x89PNG"))
	if label.Number == "" || label.Tracking == "" || label.Carrier == "" || label.Cost.Minor <= 0 || !opens {
		t.Fatalf("the label of %s is %s %s of %s for %s, a file %s of %d bytes", key, label.Number, label.Tracking, label.Carrier, label.Cost, label.Type, len(label.File))
	}
	return label
}

func once(t *testing.T, w World) {
	l := w.Open()
	first := w.buys(t, l, "a")
	again, restarted, other := w.buys(t, l, "a"), w.buys(t, w.Open(), "a"), w.buys(t, l, "b")
	if again.Tracking != first.Tracking || restarted.Tracking != first.Tracking || !bytes.Equal(again.File, first.File) || other.Tracking == first.Tracking {
		t.Errorf("one key gave %s, %s, %s and another %s", first.Tracking, again.Tracking, restarted.Tracking, other.Tracking)
	}
	w.wants(t, 2, 0)
}

func together(t *testing.T, w World) {
	var calls sync.WaitGroup
	for range 6 {
		l := w.Open()
		calls.Go(func() {
			_, err := l.Buy(t.Context(), "a", w.Parcel)
			var no partners.Declined
			if errors.As(err, &no) {
				t.Errorf("one of many is declined: %v", err)
			}
		})
	}
	calls.Wait()
	w.Pass(wait)
	w.buys(t, w.Open(), "a")
	w.wants(t, 1, 0)
}

func final(t *testing.T, w World) {
	l := w.Open()
	w.buys(t, l, "a")
	for range 2 {
		if err := l.Void(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	w.wants(t, 1, 1)
	for _, l := range []partners.Labels{l, w.Open()} {
		if _, err := l.Buy(t.Context(), "a", w.Parcel); !errors.Is(err, partners.Voided) {
			t.Errorf("it is bought again: %v", err)
		}
	}
	w.buys(t, l, "b")
	w.wants(t, 2, 1)
}

func never(t *testing.T, w World) {
	l := w.Open()
	if err := l.Void(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Open().Buy(t.Context(), "a", w.Parcel); !errors.Is(err, partners.Voided) {
		t.Errorf("it is bought: %v", err)
	}
	w.wants(t, 0, 0)
}

func refusals(t *testing.T, w World) {
	l := w.Open()
	var no partners.Declined
	if _, err := l.Buy(t.Context(), "nobody", w.Nobody); !errors.As(err, &no) {
		t.Errorf("a parcel that nobody takes: %v", err)
	}
	w.Break(Refused)
	if _, err := l.Buy(t.Context(), "a", w.Parcel); !errors.As(err, &no) {
		t.Errorf("a purchase that is refused: %v", err)
	}
	for _, f := range []Fault{Down, TooMany} {
		w.Break(f)
		_, err := l.Buy(t.Context(), string(f), w.Parcel)
		if errors.As(err, &no) || err == nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	w.wants(t, 0, 0)
	w.Pass(wait)
	for i, key := range []string{"a", string(Down), string(TooMany)} { // a person has mended what was wrong
		w.buys(t, l, key)
		w.wants(t, i+1, 0)
	}
}

func lost(t *testing.T, w World) {
	for i, f := range []Fault{Lost, Garbage, DownLate, Dropped} {
		key := string(f)
		w.Break(f)
		_, err := w.Open().Buy(t.Context(), key, w.Parcel)
		var no partners.Declined
		var hindered *partners.Failure
		if err == nil || errors.As(err, &no) || errors.As(err, &hindered) {
			t.Errorf("%s: %v, want an error that says nothing of the outcome", f, err)
		}
		w.Pass(wait)
		w.buys(t, w.Open(), key)
		w.wants(t, i+1, i)
		if err := w.Open().Void(t.Context(), key); err != nil {
			t.Errorf("%s: give back: %v", f, err)
		}
	}
	w.wants(t, 4, 4)
}

func late(t *testing.T, w World) {
	w.Break(Late)
	if _, err := w.Open().Buy(t.Context(), "a", w.Parcel); err == nil {
		t.Error("a purchase without an answer succeeds")
	}
	if err := w.Open().Void(t.Context(), "a"); err == nil {
		t.Error("what may still be bought counts as given back")
	}
	w.Settle()
	w.wants(t, 1, 0)
	w.Pass(wait)
	for range 2 {
		if err := w.Open().Void(t.Context(), "a"); err != nil {
			t.Error(err)
		}
	}
	w.wants(t, 1, 1)
}

func forgotten(t *testing.T, w World) {
	first := w.buys(t, w.Open(), "a")
	w.Forget()
	if again := w.buys(t, w.Open(), "a"); again.Tracking != first.Tracking {
		t.Errorf("%s and then %s", first.Tracking, again.Tracking)
	}
	w.Forget()
	if err := w.Open().Void(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	w.wants(t, 1, 1)
}
