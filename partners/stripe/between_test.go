package stripe_test

import (
	"fmt"
	"testing"
	"time"
)

// TestBetween: the payments of a time are gone through page by page, those of other shops on the account left out, and what was done to
// each is told.
func TestBetween(t *testing.T) {
	w := open(t, 5*time.Second)
	began := time.Date(2026, 11, 1, 9, 30, 0, 0, time.UTC)
	if err := w.client.Capture(t.Context(), asked("k:early", "pm_card_visa")); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Hour)
	for n := range 230 {
		if n%23 == 0 {
			w.sim.Pay(999, "gbp", "", "pm_card_visa") // of another shop
		}
		if err := w.client.Capture(t.Context(), asked(fmt.Sprintf("k:%d", n), "pm_card_visa")); err != nil {
			t.Fatal(err)
		}
	}
	w.sim.Refund(w.sim.Intents("k:7")[0], 500)
	w.sim.Dispute(w.sim.Intents("k:8")[0], "fraudulent")
	found := map[string]bool{}
	for p, err := range w.client.Between(t.Context(), began.Add(time.Minute), began.Add(2*time.Hour)) {
		if err != nil {
			t.Fatal(err)
		}
		refunded, disputes := int64(0), 0
		switch p.Key {
		case "k:7":
			refunded = 500
		case "k:8":
			disputes = 1
		}
		if found[p.Key] || p.Amount != price || p.Taken != price.Minor || p.Refunded != refunded || len(p.Disputes) != disputes {
			t.Errorf("got %+v", p)
		}
		found[p.Key] = true
	}
	if len(found) != 230 || found["k:early"] {
		t.Errorf("%d payments are listed, want 230", len(found))
	}
	pages := 0
	for _, r := range w.seen.list {
		if r.URL.Path == "/v1/payment_intents" && r.Method == "GET" {
			pages++
		}
	}
	if pages != 3 {
		t.Errorf("they were read by %d pages, want 3", pages)
	}
}
