package hub_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/gateway/reads/payments"
	"github.com/creatorflow/creatorflow/partners/stripe/stripesim"
)

const byLink = `"pay":"link"`

// link waits until the order's link is as wanted.
func (s *counter) link(state string) payments.Link {
	s.t.Helper()
	s.until("the link is "+state, func() bool { p := s.page().Payment; return p != nil && p.Link != nil && p.Link.State == state })
	return *s.page().Payment.Link
}

// session is the last one at Stripe.
func (s *counter) session() string {
	s.t.Helper()
	all, _ := s.sim.Links()
	if len(all) == 0 {
		s.t.Fatal("there is no link at Stripe")
	}
	return all[len(all)-1]
}

// shut checks that nobody can pay by any link.
func (s *counter) shut() {
	s.t.Helper()
	s.until("no link is open at Stripe", func() bool { _, open := s.sim.Links(); return len(open) == 0 })
}

// A buyer pays by the link that the seller sends; the hub hears of it by webhook or finds it, takes the money once, and the order goes on.
func TestPaymentLink(t *testing.T) {
	for name, c := range map[string]struct {
		poll     time.Duration
		webhooks bool
	}{"webhooks": {time.Hour, true}, "polling only": {50 * time.Millisecond, false}} {
		t.Run(name, func(t *testing.T) {
			s := newCounter(t, c.poll, c.webhooks)
			s.enter("M-1", byLink, http.StatusOK)
			l := s.link("open")
			if !strings.HasPrefix(l.URL, "https://checkout.stripe.com/") || time.Until(l.Until) < 22*time.Hour || s.stock().Reserved != 1 {
				t.Errorf("the link is %+v with %d reserved", l, s.stock().Reserved)
			}
			s.until("the order waits for the buyer", func() bool { return s.page().Waiting == fulfilment.WaitUnpaid })
			if !s.sim.PayLink(s.session(), "pm_card_visa") {
				t.Fatal("the link cannot be paid")
			}
			s.passed.Add(int64(2 * time.Minute))
			s.until("it goes on when they have paid", func() bool { s.passed.Add(int64(time.Second)); return s.page().Waiting == fulfilment.WaitTracking })
			s.link("paid")
			s.send()
			s.want(1, 0)
			if said := s.command("send-payment-link", s.about(""), http.StatusConflict); !strings.Contains(said, "paid already") {
				t.Errorf("another link of a paid order is refused with %q", said)
			}
		})
	}
}

// A link that nobody has paid by in time ends: the order is cancelled, its stock free, and nobody can pay any more.
func TestPaymentLinkExpires(t *testing.T) {
	for name, end := range map[string]func(*counter){
		"by its time":        func(s *counter) { s.passed.Add(int64(3 * time.Hour)) },
		"at Stripe, by hand": func(s *counter) { s.sim.ExpireLink(s.session()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newCounter(t, time.Hour, true)
			s.enter("M-1", byLink+`,"link_hours":2`, http.StatusOK)
			s.link("open")
			s.until("the order waits for the buyer", func() bool { return s.page().Waiting == fulfilment.WaitUnpaid })
			end(s)
			s.until("the order is cancelled and its stock free", func() bool {
				s.passed.Add(int64(time.Second))
				return s.page().Status == orders.Cancelled && s.stock().Reserved == 0
			})
			if l := s.link("expired"); l.URL != "" || !strings.Contains(l.Sentence, "the order is cancelled and its stock is free") {
				t.Errorf("the link is %+v", l)
			}
			s.shut()
			s.want(0, 0)
		})
	}
}

// Who cancels the order, has it paid by other means or sends another link has the link ended with it.
func TestPaymentLinkGivenUp(t *testing.T) {
	s := newCounter(t, time.Hour, true)
	s.enter("M-1", byLink, http.StatusOK)
	s.link("open")
	s.command("cancel-order", s.about(`,"reason":"buyer_asked"`), http.StatusOK)
	s.until("the order is cancelled", func() bool { return s.page().Status == orders.Cancelled && s.stock().Reserved == 0 })
	s.link("closed")
	s.shut()

	s.enter("M-2", byLink, http.StatusOK)
	s.link("open")
	s.command("pay-order", s.about(`,"pay":"elsewhere"`), http.StatusOK)
	s.until("it is paid elsewhere", func() bool { s.passed.Add(int64(time.Second)); return s.page().Waiting == fulfilment.WaitTracking })
	s.link("closed")
	s.shut()

	s.enter("M-3", `"pay":"card","method":"pm_card_chargeDeclined"`, http.StatusOK)
	s.until("a declined card waits", func() bool { return s.page().Waiting == fulfilment.WaitPayment })
	s.command("send-payment-link", s.about(`,"link_hours":1,"link_return":"https://shop.example/done"`), http.StatusOK)
	first := s.link("open")
	s.until("it waits for the buyer", func() bool { return s.page().Waiting == fulfilment.WaitUnpaid })
	s.command("send-payment-link", s.about(""), http.StatusOK)
	s.until("another link takes its place", func() bool {
		l := s.page().Payment.Link
		return l.Number == 2 && l.State == "open" && l.URL != first.URL
	})
	if _, open := s.sim.Links(); len(open) != 1 {
		t.Errorf("open are %v", open)
	}
	s.sim.PayLink(s.session(), "pm_card_visa")
	s.until("it goes on when they have paid", func() bool { s.passed.Add(int64(time.Second)); return s.page().Waiting == fulfilment.WaitTracking })
	s.want(1, 0)
}

// A payment of another amount is not taken, and waits for a person; cancelling lets it go.
func TestPaymentLinkOfAnotherAmount(t *testing.T) {
	s := newCounter(t, time.Hour, true)
	s.enter("M-1", byLink, http.StatusOK)
	s.link("open")
	s.sim.Reprice(s.session(), 100)
	s.sim.PayLink(s.session(), "pm_card_visa")
	s.until("it is not taken", func() bool { s.passed.Add(int64(time.Second)); return s.page().Waiting == fulfilment.WaitPayment })
	if said := s.page().Flow.Sentence; !strings.Contains(said, "is one of 1.00 GBP and the order comes to 24.99 GBP") {
		t.Errorf("it says %q", said)
	}
	s.command("cancel-order", s.about(`,"reason":"buyer_asked"`), http.StatusOK)
	s.until("the order is cancelled", func() bool { return s.page().Status == orders.Cancelled && s.stock().Reserved == 0 })
	s.want(0, 0)
}

// A link that was made without an answer is found, not made again; one that cannot be made says why, and keeps the stock.
func TestPaymentLinkInTrouble(t *testing.T) {
	s := newCounter(t, time.Hour, true)
	s.sim.Fault("open", stripesim.BrokenAfter)
	s.enter("M-1", byLink, http.StatusOK)
	s.until("it is made at Stripe", func() bool { all, _ := s.sim.Links(); return len(all) == 1 })
	s.passed.Add(int64(2 * outside.Settle))
	s.until("it is known", func() bool { s.passed.Add(int64(time.Second)); return s.page().Payment.Link.State == "open" })
	if !s.sim.PayLink(s.session(), "pm_card_visa") {
		t.Error("it cannot be paid")
	}
	s.until("it goes on when they have paid", func() bool { s.passed.Add(int64(time.Second)); return s.page().Waiting == fulfilment.WaitTracking })
	s.want(1, 0)
	s.sim.Page("")
	s.enter("M-2", byLink, http.StatusOK)
	if l := s.link("refused"); !strings.Contains(l.Sentence, "a page that the buyer sees after paying") || s.stock().Reserved != 2 {
		t.Errorf("the link is %+v with %d reserved", l, s.stock().Reserved)
	}
	s.until("it waits for the seller and not for the buyer", func() bool { return s.page().Waiting == fulfilment.WaitPayment })
	if said := s.page().Flow.Sentence; !strings.Contains(said, "a page that the buyer sees after paying") {
		t.Errorf("the order says %q", said)
	}
	s.command("send-payment-link", s.about(`,"link_return":"http://shop.example"`), http.StatusConflict)
	s.command("send-payment-link", s.about(`,"link_return":"https://shop.example"`), http.StatusOK)
	s.link("open")
	s.until("it waits for the buyer", func() bool { return s.page().Waiting == fulfilment.WaitUnpaid })
}

// A buyer who pays just before another link takes the place of theirs has paid: there is no other one, and the order goes on.
func TestPaymentLinkPaidBeforeAnother(t *testing.T) {
	s := newCounter(t, time.Hour, false)
	s.enter("M-1", byLink, http.StatusOK)
	s.link("open")
	s.until("the order waits for the buyer", func() bool { return s.page().Waiting == fulfilment.WaitUnpaid })
	if !s.sim.PayLink(s.session(), "pm_card_visa") {
		t.Fatal("the link cannot be paid")
	}
	s.command("send-payment-link", s.about(""), http.StatusOK)
	s.until("it goes on", func() bool { return s.page().Waiting == fulfilment.WaitTracking })
	if l := s.link("paid"); l.Number != 2 || l.URL != "" || l.Sentence != "" {
		t.Errorf("the link is %+v", l)
	}
	s.shut()
	s.want(1, 0)
}
