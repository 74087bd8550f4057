package stripe_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/partners"
	"github.com/creatorflow/creatorflow/partners/stripe/stripesim"
)

func linked(w world, id string) partners.Charge {
	c := asked("k:1", partners.ByLink)
	if id != "" {
		c.Method, c.Link = id, id
	}
	return c
}

func made(t *testing.T, w world, before string, number int) partners.Link {
	t.Helper()
	l, err := w.client.MakeLink(t.Context(), linked(w, before), partners.LinkWish{Number: number, Until: time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)})
	if err != nil || l.State != partners.LinkOpen || !strings.HasPrefix(l.URL, "https://checkout.stripe.com/") || l.Until.Hour() != 8 {
		t.Fatalf("the link is %+v, %v", l, err)
	}
	return l
}

func unpaid(t *testing.T, w world, c partners.Charge) {
	t.Helper()
	var f *partners.Failure
	if err := w.client.Capture(t.Context(), c); !errors.As(err, &f) || f.Kind != partners.Unpaid {
		t.Errorf("before the buyer pays: %v", err)
	}
}

func stands(t *testing.T, w world, captures int, taken, refunded, reserved int64) {
	t.Helper()
	if c := w.sim.Counts(); c.Captures != captures || c.Captured != taken || c.Refunded != refunded || w.sim.Reserved() != reserved {
		t.Errorf("at Stripe stand %+v with %d reserved, want %d captures of %d, %d back, %d reserved", c, w.sim.Reserved(), captures, taken, refunded, reserved)
	}
}

// A buyer pays by the link, once, whatever happens to the requests that make it; then the money is taken, once.
func TestLink(t *testing.T) {
	for name, faults := range map[string][]string{"plain": nil, "no answer": {stripesim.TimeoutAfter}, "trouble that is kept": {stripesim.BrokenAfter}, "not begun": {stripesim.TimeoutBefore}} {
		t.Run(name, func(t *testing.T) {
			w := open(t, 300*time.Millisecond)
			unpaid(t, w, linked(w, ""))
			w.sim.Fault("open", faults...)
			wish := partners.LinkWish{Number: 1, Until: time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)}
			l, err := w.client.MakeLink(t.Context(), linked(w, ""), wish)
			if err != nil {
				l, err = w.client.MakeLink(t.Context(), linked(w, ""), wish)
			}
			if err != nil {
				t.Fatal(err)
			}
			unpaid(t, w, linked(w, l.ID))
			if w.sim.PayLink(l.ID, "pm_card_chargeDeclined") {
				t.Error("a bank's no is a payment")
			}
			unpaid(t, w, linked(w, l.ID))
			if !w.sim.PayLink(l.ID, "pm_card_visa") || w.sim.PayLink(l.ID, "pm_card_visa") {
				t.Error("it is not paid once")
			}
			stands(t, w, 0, 0, 0, price.Minor)
			for range 2 {
				if err := w.client.Capture(t.Context(), linked(w, l.ID)); err != nil {
					t.Fatal(err)
				}
			}
			stands(t, w, 1, price.Minor, 0, 0)
			if err := w.client.Refund(t.Context(), linked(w, l.ID)); err != nil {
				t.Fatal(err)
			}
			stands(t, w, 1, price.Minor, price.Minor, 0)
		})
	}
}

// Another link ends the one before; one that was paid is not replaced.
func TestLinkAfterLink(t *testing.T) {
	w := open(t, time.Second)
	first := made(t, w, "", 1)
	second := made(t, w, first.ID, 2)
	if w.sim.PayLink(first.ID, "pm_card_visa") {
		t.Error("the one before can still be paid")
	}
	if _, still := w.sim.Links(); len(still) != 1 || still[0] != second.ID {
		t.Errorf("open are %v", still)
	}
	w.sim.PayLink(second.ID, "pm_card_visa")
	var no partners.Declined
	if _, err := w.client.MakeLink(t.Context(), linked(w, second.ID), partners.LinkWish{Number: 3, Until: time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)}); !errors.As(err, &no) {
		t.Errorf("a paid link is replaced: %v", err)
	}
}

// What a buyer pays twice is taken once, the other is let go; a payment of another amount is not taken.
func TestLinkPaidTwiceOrWrong(t *testing.T) {
	w := open(t, time.Second)
	l := made(t, w, "", 1)
	other := w.sim.Pay(price.Minor, "gbp", "manual", "pm_card_visa")
	w.sim.Mark(other, map[string]string{"creatorflow_key": "k:1"})
	w.pass(2 * time.Minute)
	w.sim.PayLink(l.ID, "pm_card_visa")
	if err := w.client.Capture(t.Context(), linked(w, l.ID)); err != nil {
		t.Fatal(err)
	}
	stands(t, w, 1, price.Minor, 0, 0)
	if p, err := w.client.Read(t.Context(), other); err != nil || p.Status != "canceled" || p.Taken != 0 || p.Refunded != 0 {
		t.Errorf("what was only reserved and let go is %+v, %v", p, err)
	}

	w = open(t, time.Second)
	l = made(t, w, "", 1)
	w.sim.Reprice(l.ID, 100)
	w.sim.PayLink(l.ID, "pm_card_visa")
	var no partners.Declined
	if err := w.client.Capture(t.Context(), linked(w, l.ID)); !errors.As(err, &no) || !strings.Contains(no.Error(), "is one of 1.00 GBP and the order comes to 24.99 GBP") {
		t.Errorf("another amount: %v", err)
	}
	stands(t, w, 0, 0, 0, 100)
	if err := w.client.Refund(t.Context(), linked(w, l.ID)); err != nil {
		t.Fatal(err)
	}
	stands(t, w, 0, 0, 0, 0)
}

// Who pays by card instead does not pay by the link as well; who has paid by the link is not charged.
func TestLinkThenCard(t *testing.T) {
	for name, paid := range map[string]bool{"open": false, "paid a moment ago": true} {
		t.Run(name, func(t *testing.T) {
			w := open(t, time.Second)
			l := made(t, w, "", 1)
			if paid {
				w.sim.PayLink(l.ID, "pm_card_visa")
			}
			c := linked(w, l.ID)
			c.Method = "pm_card_mastercard"
			if err := w.client.Capture(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			stands(t, w, 1, price.Minor, 0, 0)
			if w.sim.PayLink(l.ID, "pm_card_visa") {
				t.Error("the link can still be paid")
			}
		})
	}
}

// An order that is given up ends its link, and what was paid by it goes back, also when a search does not show it yet.
func TestLinkGivenUp(t *testing.T) {
	for name, paid := range map[string]bool{"open": false, "paid a moment ago": true} {
		t.Run(name, func(t *testing.T) {
			w := open(t, time.Second)
			l := made(t, w, "", 1)
			if paid {
				w.sim.PayLink(l.ID, "pm_card_visa")
			}
			if err := w.client.Refund(t.Context(), linked(w, l.ID)); err != nil {
				t.Fatal(err)
			}
			stands(t, w, 0, 0, 0, 0)
			if w.sim.PayLink(l.ID, "pm_card_visa") {
				t.Error("the link can still be paid")
			}
		})
	}
}

// A link ends by itself; then it is shown as ended, and events tell of it.
func TestLinkEnds(t *testing.T) {
	w := open(t, time.Second)
	l := made(t, w, "", 1)
	w.pass(23 * time.Hour)
	if got, err := w.client.LookAtLink(t.Context(), l.ID); err != nil || got.State != partners.LinkEnded {
		t.Errorf("after its time: %+v, %v", got, err)
	}
	ids, err := w.client.Changed(t.Context(), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC))
	if err != nil || len(ids) != 1 || ids[0] != l.ID {
		t.Errorf("told of %v, %v", ids, err)
	}
	if p, err := w.client.ReadLink(t.Context(), l.ID); err != nil || p.Key != "k:1" || p.Status != "link_expired" {
		t.Errorf("it is shown as %+v, %v", p, err)
	}
}

// What the vendor does not take is a no with what to do.
func TestLinkRefused(t *testing.T) {
	w := open(t, time.Second)
	var no partners.Declined
	if _, err := w.client.MakeLink(t.Context(), linked(w, ""), partners.LinkWish{Number: 1, Until: time.Date(2026, 11, 1, 9, 45, 0, 0, time.UTC)}); !errors.As(err, &no) {
		t.Errorf("a quarter of an hour: %v", err)
	}
	w.sim.Page("")
	if _, err := w.client.MakeLink(t.Context(), linked(w, ""), partners.LinkWish{Number: 1, Until: time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)}); !errors.As(err, &no) || !strings.Contains(no.Error(), "after paying") {
		t.Errorf("no page to come to: %v", err)
	}
	if all, _ := w.sim.Links(); len(all) != 0 {
		t.Errorf("made all the same: %v", all)
	}
}

// A buyer who pays by a link just before another one takes its place has paid: there is no other one, and the money is taken.
func TestLinkPaidBeforeAnother(t *testing.T) {
	w := open(t, time.Second)
	l := made(t, w, "", 1)
	c := asked("k:1", partners.ByLink) // another one is to be made
	c.Link = l.ID
	unpaid(t, w, c)
	if _, still := w.sim.Links(); len(still) != 1 {
		t.Errorf("a look ended it: open are %v", still)
	}
	w.sim.PayLink(l.ID, "pm_card_visa")
	var no partners.Declined
	if _, err := w.client.MakeLink(t.Context(), c, partners.LinkWish{Number: 2, Until: l.Until}); !errors.As(err, &no) {
		t.Fatalf("another one is made: %v", err)
	}
	if err := w.client.Capture(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	stands(t, w, 1, price.Minor, 0, 0)
}

// A card that the link's page did not take leaves a payment behind, which ends with the link. It does not keep the order from being paid
// otherwise, nor a request that is late from finding that the order was given up.
func TestLinkTriedInVain(t *testing.T) {
	for name, search := range map[string]time.Duration{"not found yet": 0, "found": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			w := open(t, time.Second)
			l := made(t, w, "", 1)
			if w.sim.PayLink(l.ID, "pm_card_chargeDeclined") {
				t.Fatal("a bank's no is a payment")
			}
			w.pass(search)
			c := linked(w, l.ID)
			c.Method = "pm_card_mastercard"
			if err := w.client.Capture(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			stands(t, w, 1, price.Minor, 0, 0)

			w = open(t, time.Second)
			l = made(t, w, "", 1)
			w.sim.PayLink(l.ID, "pm_card_chargeDeclined")
			w.pass(search)
			if err := w.client.Refund(t.Context(), linked(w, l.ID)); err != nil {
				t.Fatal(err)
			}
			var no partners.Declined
			if err := w.client.Capture(t.Context(), asked("k:1", "pm_card_visa")); !errors.As(err, &no) {
				t.Errorf("an order that was given up is charged: %v", err)
			}
			stands(t, w, 0, 0, 0, 0)
		})
	}
}

// A charge of which no answer came is let go where the buyer had paid by the link already.
func TestLinkPaidAndCardReserved(t *testing.T) {
	w := open(t, time.Second)
	l := made(t, w, "", 1)
	other := w.sim.Pay(price.Minor, "gbp", "manual", "pm_card_visa")
	w.sim.Mark(other, map[string]string{"creatorflow_key": "k:1"})
	w.pass(2 * time.Minute)
	w.sim.PayLink(l.ID, "pm_card_visa")
	c := linked(w, l.ID)
	c.Method = "pm_card_mastercard"
	if err := w.client.Capture(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	stands(t, w, 1, price.Minor, 0, 0)
}

// A link that the account does not know, as of a key for tests once the real one is there, can be paid by nobody: it keeps an order
// neither from another link or payment nor from being given up.
func TestLinkOfAnotherKey(t *testing.T) {
	const strange = "cs_test_ofAnotherKey"
	w := open(t, time.Second)
	if l, err := w.client.EndLink(t.Context(), linked(w, strange), strange); err != nil || l.State != partners.LinkEnded {
		t.Errorf("ended: %+v, %v", l, err)
	}
	made(t, w, strange, 2)
	if err := w.client.Refund(t.Context(), linked(w, strange)); err != nil {
		t.Errorf("given up: %v", err)
	}
	w = open(t, time.Second)
	c := linked(w, strange)
	c.Method = "pm_card_visa"
	if err := w.client.Capture(t.Context(), c); err != nil {
		t.Errorf("by card: %v", err)
	}
	stands(t, w, 1, price.Minor, 0, 0)
}
