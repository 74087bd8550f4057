package partnerstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/partners"
)

// MoneyFault is what one request to have money moved meets.
type MoneyFault string

// The faults.
const (
	Unanswered     MoneyFault = "lost"    // no answer, and nothing was done
	DoneUnanswered MoneyFault = "dropped" // done, and the answer never comes
	Broken         MoneyFault = "broken"  // a fault of the partner's own; nothing was done
	Busy           MoneyFault = "busy"
)

// Stand is what stands at the partner, read there and never from the client.
type Stand struct {
	Charges        int   // how often money was taken
	Taken, Given   int64 // minor units taken and given back
	Reserved       int64 // minor units that are held at the bank and not taken
	Refunds, Loose int   // how often money was given back; charges that were begun and let go
}

// PaymentWorld is one simulated partner and the client under test.
type PaymentWorld struct {
	Payments partners.Payments
	Good     string                // a method that is taken
	Bad      string                // one that is declined
	Fault    func(f ...MoneyFault) // what the next requests that move money meet, one each
	Pass     func(d time.Duration) // moves the clocks
	Stand    func() Stand
}

// RunPayments runs the contract of partners.Payments; open makes a fresh world for each test.
func RunPayments(t *testing.T, open func(*testing.T) PaymentWorld) {
	for name, run := range map[string]func(*testing.T, PaymentWorld){
		"taken once, however often it is asked":            chargedOnce,
		"asked by many at once, taken once":                chargedTogether,
		"declined takes nothing, another method does":      declined,
		"an outcome that is not known is settled":          settled,
		"given back once":                                  given,
		"given back although nothing is known to be taken": unknown,
		"nothing is taken after it was given back":         refundIsFinal,
		"two orders are two charges":                       two,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

func charge(w PaymentWorld, key string) partners.Charge {
	return partners.Charge{Key: key, Order: "M-1", Amount: money.Money{Minor: 2499, Currency: "GBP"}, Method: w.Good}
}

// until asks again until there is an answer, as a flow does; a pause lies between, in which the partner forgets its faults.
func until(t *testing.T, w PaymentWorld, ask func() error) error {
	t.Helper()
	var err error
	for range 6 {
		var no partners.Declined
		if err = ask(); err == nil || errors.As(err, &no) {
			return err
		}
		var f *partners.Failure
		if !errors.As(err, &f) || f.Kind == partners.Wrong || f.Kind == partners.Locked {
			t.Fatalf("got %v, want a failure that may be tried again", err)
		}
		w.Pass(2 * time.Hour)
	}
	t.Fatalf("still no answer: %v", err)
	return err
}

func want(t *testing.T, w PaymentWorld, s Stand) {
	t.Helper()
	got := w.Stand()
	got.Loose = 0
	if got != s {
		t.Errorf("at the partner stands %+v, want %+v", got, s)
	}
}

var taken = Stand{Charges: 1, Taken: 2499}

func chargedOnce(t *testing.T, w PaymentWorld) {
	for range 3 {
		if err := w.Payments.Capture(t.Context(), charge(w, "a")); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Hour) // whatever the partner remembers of the request
	}
	want(t, w, taken)
}

func chargedTogether(t *testing.T, w PaymentWorld) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { _ = w.Payments.Capture(t.Context(), charge(w, "a")) }) // who is refused by another's asks again
	}
	wg.Wait()
	if err := until(t, w, func() error { return w.Payments.Capture(t.Context(), charge(w, "a")) }); err != nil {
		t.Fatal(err)
	}
	want(t, w, taken)
}

func declined(t *testing.T, w PaymentWorld) {
	c := charge(w, "a")
	c.Method = w.Bad
	for range 2 {
		var no partners.Declined
		if err := w.Payments.Capture(t.Context(), c); !errors.As(err, &no) || no == "" {
			t.Fatalf("got %v, want the bank's no", err)
		}
	}
	want(t, w, Stand{})
	if err := w.Payments.Capture(t.Context(), charge(w, "a")); err != nil {
		t.Fatal(err)
	}
	want(t, w, taken)
}

// places are how many requests one charge takes, at most.
const places = 3

func settled(t *testing.T, w PaymentWorld) {
	n := 0
	for _, f := range []MoneyFault{Unanswered, DoneUnanswered, Broken, Busy} {
		for at := range places {
			faults := make([]MoneyFault, at+1)
			faults[at] = f
			w.Fault(faults...)
			n++
			key := fmt.Sprint(f, at)
			if err := until(t, w, func() error { return w.Payments.Capture(t.Context(), charge(w, key)) }); err != nil {
				t.Fatalf("%s at request %d: %v", f, at+1, err)
			}
			w.Fault()
			if got := w.Stand(); got.Charges != n || got.Taken != int64(n)*2499 || got.Reserved != 0 {
				t.Fatalf("%s at request %d: at the partner stands %+v, want %d charges", f, at+1, got, n)
			}
		}
	}
}

func given(t *testing.T, w PaymentWorld) {
	for i, f := range []MoneyFault{"", Unanswered, DoneUnanswered, Broken, Busy} {
		c := charge(w, "a"+string(f))
		if err := w.Payments.Capture(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		w.Fault(f)
		for range 2 {
			if err := until(t, w, func() error { return w.Payments.Refund(t.Context(), c) }); err != nil {
				t.Fatalf("%q: %v", f, err)
			}
		}
		n := i + 1
		want(t, w, Stand{Charges: n, Taken: int64(n) * 2499, Given: int64(n) * 2499, Refunds: n})
	}
}

func unknown(t *testing.T, w PaymentWorld) {
	if err := w.Payments.Refund(t.Context(), charge(w, "a")); err != nil {
		t.Fatal(err)
	}
	for at := range places {
		faults := make([]MoneyFault, at+1)
		faults[at] = Unanswered
		w.Fault(faults...)
		within, cancel := context.WithTimeout(t.Context(), time.Minute)
		_ = w.Payments.Capture(within, charge(w, fmt.Sprint("b", at)))
		cancel()
		w.Fault()
		if err := until(t, w, func() error { return w.Payments.Refund(t.Context(), charge(w, fmt.Sprint("b", at))) }); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.Stand(); got.Taken != got.Given || got.Reserved != 0 {
		t.Errorf("at the partner stands %+v, want nothing of the buyer's money", got)
	}
}

func refundIsFinal(t *testing.T, w PaymentWorld) {
	if err := w.Payments.Refund(t.Context(), charge(w, "a")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var no partners.Declined
		if err := w.Payments.Capture(t.Context(), charge(w, "a")); !errors.As(err, &no) {
			t.Fatalf("got %v, want a no", err)
		}
		w.Pass(30 * time.Hour)
	}
	want(t, w, Stand{})
}

func two(t *testing.T, w PaymentWorld) {
	for _, key := range []string{"a", "b"} {
		if err := w.Payments.Capture(t.Context(), charge(w, key)); err != nil {
			t.Fatal(err)
		}
	}
	want(t, w, Stand{Charges: 2, Taken: 4998})
}
