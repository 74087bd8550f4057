package hub_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/dispatch/statement"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/hub"
)

// The book of direct money is held against what Stripe shows: what differs is named with its order, what is as it should be is not, and
// who cannot be asked is said.
func TestStatement(t *testing.T) {
	s := newCounter(t, time.Hour, false) // it hears of nothing by itself
	s.command("receive-stock", `{"sku":"HOODIE-M","quantity":9}`, http.StatusOK)
	sold := func(number string) {
		s.enter(number, card, http.StatusOK)
		s.until("it is paid", func() bool { return s.page().Waiting == fulfilment.WaitTracking })
	}
	for _, number := range []string{"M-1", "M-2", "M-3", "M-4"} {
		sold(number)
	}
	s.enter("M-5", `"pay":"elsewhere"`, http.StatusOK)
	ask := func() statement.Account {
		t.Helper()
		all, err := s.admin.Payments(t.Context(), 30)
		fatal(t, err)
		if len(all) != 1 || all[0].Connection != s.connection.ID {
			t.Fatalf("compared %+v", all)
		}
		return all[0]
	}
	if a := ask(); a.Payments != 4 || a.Moving != 5 && a.Moving != 4 || a.Orders != 0 || a.Count != 0 || a.Skipped != "" {
		t.Errorf("of what has only just changed: %+v", a)
	}
	s.passed.Add(int64(time.Hour))
	if a := ask(); a.Orders != 4 || a.Moving != 0 || a.Count != 0 {
		t.Errorf("while all is well: %+v", a)
	}
	s.sim.Refund(s.sim.Intents(s.connection.ID + ":M-2")[0], 500)
	s.sim.Dispute(s.sim.Intents(s.connection.ID + ":M-3")[0], "fraudulent")
	strange := s.sim.Pay(700, "gbp", "", "pm_card_visa")
	s.sim.Mark(strange, map[string]string{"creatorflow_key": s.connection.ID + ":X-9"})
	s.sim.Pay(800, "gbp", "", "pm_card_visa") // of another shop on the account
	a := ask()
	all := strings.Join(a.Differences, "\n")
	for _, want := range []string{
		fmt.Sprintf("Order %s:M-2: 5.00 GBP went back", s.connection.ID), fmt.Sprintf("Order %s:M-3: The dispute ", s.connection.ID),
		fmt.Sprintf("Order %s:X-9: 7.00 GBP stands taken by %s", s.connection.ID, strange),
	} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing says %q in\n%s", want, all)
		}
	}
	if a.Count != 3 || a.Payments != 5 || a.Orders != 5 {
		t.Errorf("compared %+v", a)
	}
	s.sim.Roll("sk_test_other")
	if a := ask(); a.Count != 0 || !strings.Contains(a.Skipped, "could not be asked") {
		t.Errorf("with a key that is rolled: %+v", a)
	}
}

// Without a key there is nobody to ask.
func TestStatementWithoutKey(t *testing.T) {
	s := newCounter(t, time.Hour, false)
	_, err := s.admin.Connect(t.Context(), hub.ConnectShop{Channel: "direct", Name: "Stall", Key: "stall"})
	fatal(t, err)
	all, err := s.admin.Payments(t.Context(), 30)
	fatal(t, err)
	skipped := map[string]string{}
	for _, c := range all {
		skipped[c.Name] = c.Skipped
	}
	if len(skipped) != 2 || skipped["Simulated Shop"] != "" || !strings.Contains(skipped["Stall"], "no payment partner is connected") {
		t.Errorf("compared %+v", all)
	}
}

// Each order is compared once, also those whose payments are of orders that the days do not hold; and what was taken before the days of
// an order that has a later payment, by which nothing was taken, is found.
func TestStatementOfOlderOrders(t *testing.T) {
	s := newCounter(t, time.Hour, false)
	pay := func(number, method string) {
		s.sim.Mark(s.sim.Pay(700, "gbp", "", method), map[string]string{"creatorflow_key": s.connection.ID + ":" + number})
	}
	sell := func(number string) {
		s.enter(number, card, http.StatusOK)
		s.until("it is paid", func() bool { return s.page().Waiting == fulfilment.WaitTracking })
	}
	sell("M-1")
	s.passed.Add(int64(23 * time.Hour))
	pay("M-1", "pm_card_chargeDeclined")
	sell("M-2")
	for _, number := range []string{"A-1", "A-2", "A-3"} {
		pay(number, "pm_card_visa")
	}
	s.sim.Refund(s.sim.Intents(s.connection.ID + ":M-2")[0], 500)
	s.passed.Add(int64(2 * time.Hour))
	all, err := s.admin.Payments(t.Context(), 1)
	fatal(t, err)
	if len(all) != 1 || all[0].Orders != 5 || all[0].Payments != 5 || all[0].Count != 4 {
		t.Errorf("compared %+v", all)
	}
}
