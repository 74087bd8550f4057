package hub_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/partners/stripe/stripesim"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

const (
	stripeAccount = "acct_1SimulatedShop"
	stripeKey     = "sk_test_shop"
	stripeSecret  = "whsec_shop"
)

// counter is a hub by which a seller sells without a channel, and a simulated account at Stripe.
type counter struct {
	*desk
	sim *stripesim.Sim
}

func newCounter(t *testing.T, poll time.Duration, webhooks bool) *counter {
	t.Helper()
	s := &counter{desk: &desk{clinic: &clinic{t: t, data: t.TempDir()}}}
	clock := func() time.Time { return time.Now().Add(time.Duration(s.passed.Load())) }
	listener := s.listen()
	var hook atomic.Value // known once the app is
	hook.Store("")
	client := &http.Client{Timeout: 5 * time.Second, Transport: redirect(func() string { return hook.Load().(string) })}
	config := stripesim.Config{Key: stripeKey, Account: stripeAccount, Secret: stripeSecret, Clock: clock, Client: client, Lag: time.Minute}
	o := hub.Options{Data: s.data, Log: slog.New(slog.DiscardHandler), Poll: poll, Clock: clock}
	if webhooks {
		o.Public = s.address
		config.Hook = s.address + "/webhooks/direct/app"
	}
	s.sim = stripesim.New(config)
	s.market = httptest.NewServer(s.sim.Handler())
	t.Cleanup(s.market.Close)
	s.begin(o, listener, hub.MakeKey{Name: "test", Role: accounts.Operator, Days: 1}, func(ctx context.Context) error {
		return cmp.Or(s.sim.Run(ctx), ctx.Err()) // it ends without a complaint
	})
	s.command("receive-stock", `{"sku":"HOODIE-M","quantity":3}`, http.StatusOK)
	connected, err := s.admin.Connect(t.Context(), hub.ConnectShop{
		Channel: "direct", BaseURL: s.market.URL, Key: stripeAccount, Secret: stripeSecret, Given: channels.Grant{"secret-key": stripeKey},
	})
	fatal(t, err)
	if len(connected.Shops) != 1 || connected.Shops[0].Name != "Simulated Shop" {
		t.Fatalf("connected %+v", connected)
	}
	s.connection = connected.Shops[0]
	hook.Store("/webhooks/direct/" + connected.App)
	return s
}

// redirect sends what goes to an app's address to the app that there is in the end.
func redirect(path func() string) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.Path = path()
		return http.DefaultTransport.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// enter enters an order of one hoodie.
func (s *counter) enter(number, pay string, want int) string {
	s.t.Helper()
	s.order = number
	return s.command("place-order", fmt.Sprintf(`{"connection":%q,"number":%q,"currency":"GBP","lines":[{"sku":"HOODIE-M","quantity":1,"price":1999}],"delivery":500,%s,
		"buyer":{"name":"Ana Maria","address":"1 High Street\nLeeds","postal_code":"LS1 1AA","region":"GB"}}`, s.connection.ID, number, pay), want)
}

const card = `"pay":"card","method":"pm_card_visa"`

// send enters the parcel and waits until the order is done.
func (s *counter) send() {
	s.t.Helper()
	s.until("the paid order waits for its parcel", func() bool { return s.page().Waiting == fulfilment.WaitTracking })
	s.command("ship-order", s.about(`,"carrier":"Royal Mail","tracking":"RM12345"`), http.StatusOK)
	s.until("the order is done", func() bool { f := s.page().Flow; return f != nil && f.State == "finished" })
	if p := s.page(); p.Status != orders.Transit {
		s.t.Errorf("a sent order is %s", p.Status)
	}
}

func (s *counter) want(captures, refunds int) {
	s.t.Helper()
	if c := s.sim.Counts(); c.Captures != captures || c.Refunds != refunds || c.Captured != int64(captures)*2499 || c.Refunded != int64(refunds)*2499 || s.sim.Reserved() != 0 {
		s.t.Errorf("at Stripe stand %+v with %d reserved, want %d captures and %d refunds", c, s.sim.Reserved(), captures, refunds)
	}
}

// An order that a seller enters takes its stock at once, is charged once and sent; what is not there is refused and leaves nothing.
func TestDirectSale(t *testing.T) {
	s := newCounter(t, time.Hour, true)
	s.enter("M-1", card, http.StatusOK)
	if got := s.stock(); got.Reserved != 1 {
		t.Errorf("%d reserved right after it was entered", got.Reserved)
	}
	s.send()
	s.want(1, 0)
	if p := s.page(); p.Channel != "direct" || p.Total.Minor != 2499 {
		t.Errorf("the order is %+v", p.OrderSummary)
	}
	if said := s.enter("M-1", card, http.StatusConflict); !strings.Contains(said, "number was entered before") {
		t.Errorf("a second order with the number is refused with %q", said)
	}
	s.enter("M-2", `"pay":"elsewhere"`, http.StatusOK)
	s.enter("M-3", `"pay":"elsewhere"`, http.StatusOK)
	if said := s.enter("M-4", card, http.StatusConflict); !strings.Contains(said, "Not enough stock: HOODIE-M needs 1, 0 available") {
		t.Errorf("an order that cannot be had is refused with %q", said)
	}
	s.order = "M-2"
	s.send()
	if got := s.stock(); got.Reserved != 1 || got.OnHand != 1 {
		t.Errorf("%d of %d reserved, want the one of M-3", got.Reserved, got.OnHand)
	}
	s.want(1, 0)
}

// What the bank declines waits for a person, with the bank's words; another payment lets the order go on.
func TestDirectSaleDeclined(t *testing.T) {
	s := newCounter(t, time.Hour, true)
	s.enter("M-1", `"pay":"card","method":"pm_card_chargeDeclinedInsufficientFunds"`, http.StatusOK)
	s.until("what the bank declines waits", func() bool { return s.page().Waiting == fulfilment.WaitPayment })
	if got := s.page().Flow.Sentence; !strings.Contains(got, "Your card has insufficient funds (insufficient_funds)") || s.stock().Reserved != 1 {
		t.Errorf("it says %q with %d reserved", got, s.stock().Reserved)
	}
	s.command("pay-order", s.about(`,"pay":"card","method":"pm_card_visa"`), http.StatusOK)
	s.send()
	s.want(1, 0)
	if said := s.command("pay-order", s.about(`,"pay":"elsewhere"`), http.StatusConflict); !strings.Contains(said, "paid already") {
		t.Errorf("a paid order's payment is refused with %q", said)
	}
	s.enter("M-2", `"pay":"card","method":"pm_card_chargeDeclined"`, http.StatusOK)
	s.until("another one waits", func() bool { return s.page().Waiting == fulfilment.WaitPayment })
	s.command("pay-order", s.about(`,"pay":"elsewhere"`), http.StatusOK)
	s.send()
	s.want(1, 0)
}

// A charge that took effect without an answer is found, not repeated.
func TestDirectSaleWithoutAnswer(t *testing.T) {
	t.Parallel()
	s := newCounter(t, time.Hour, true)
	s.sim.Fault("capture", stripesim.BrokenAfter)
	s.enter("M-1", card, http.StatusOK)
	s.until("nobody knows what became of it", func() bool {
		f := s.page().Flow
		return s.sim.Counts().Captures == 1 && f != nil && strings.Contains(f.Sentence, "not known")
	})
	s.passed.Add(int64(2 * outside.Settle))
	s.send()
	s.want(1, 0)
}

// A seller who cancels gives the money back once and has the stock again, whatever comes late.
func TestDirectSaleCancelled(t *testing.T) {
	t.Parallel()
	s := newCounter(t, time.Hour, true)
	s.sim.Spoil(stripesim.Spoil{Hold: true, Duplicate: true})
	s.enter("M-1", card, http.StatusOK)
	s.until("the paid order waits for its parcel", func() bool { return s.page().Waiting == fulfilment.WaitTracking })
	s.sim.Fault("refund", stripesim.BrokenAfter)
	s.command("cancel-order", s.about(`,"reason":"buyer_asked"`), http.StatusOK)
	s.until("the refund is asked for", func() bool { return s.sim.Counts().Refunds == 1 })
	s.passed.Add(int64(2 * outside.Settle))
	s.until("the order is cancelled and its stock free", func() bool { return s.page().Status == orders.Cancelled && s.stock().Reserved == 0 })
	s.want(1, 1)
	s.enter("M-2", `"pay":"card","method":"pm_card_chargeDeclined"`, http.StatusOK)
	s.until("a declined one waits", func() bool { return s.page().Waiting == fulfilment.WaitPayment })
	s.command("cancel-order", s.about(`,"reason":"out_of_stock"`), http.StatusOK)
	s.until("it is cancelled too", func() bool { return s.page().Status == orders.Cancelled && s.stock().Reserved == 0 })
	s.enter("M-3", `"pay":"elsewhere"`, http.StatusOK)
	s.command("cancel-order", s.about(`,"reason":"buyer_asked"`), http.StatusOK)
	s.until("so is one that was paid elsewhere", func() bool { return s.page().Status == orders.Cancelled && s.stock().Reserved == 0 })
	s.sim.Spoil(stripesim.Spoil{}) // now they all come, the newest first and twice
	s.until("late webhooks are taken in", func() bool { c := s.sim.Counts(); return c.Sent > 10 && c.Sent == c.Acked })
	s.order = "M-1"
	if p := s.page(); p.Status != orders.Cancelled || s.stock().Reserved != 0 || s.stock().OnHand != 3 {
		t.Errorf("late webhooks left the order %s and %d reserved", p.Status, s.stock().Reserved)
	}
	s.want(1, 1)
}

// What the seller, the buyer and their bank do at Stripe itself is told on the order, by webhook or by the poll.
func TestDirectSaleMovedAtStripe(t *testing.T) {
	for name, c := range map[string]struct {
		poll     time.Duration
		webhooks bool
	}{"webhooks": {time.Hour, true}, "polling only": {50 * time.Millisecond, false}} {
		t.Run(name, func(t *testing.T) {
			s := newCounter(t, c.poll, c.webhooks)
			asks := s.sim.Pay(2499, "gbp", "manual", "pm_card_authenticationRequired")
			s.enter("M-1", fmt.Sprintf(`"pay":"card","method":%q`, asks), http.StatusOK)
			s.until("what the buyer has not confirmed waits", func() bool { return s.page().Waiting == fulfilment.WaitPayment })
			s.sim.Authenticate(asks)
			s.passed.Add(int64(2 * time.Minute))
			s.until("it goes on when they have", func() bool { s.passed.Add(int64(time.Second)); return s.page().Waiting == fulfilment.WaitTracking })
			s.want(1, 0)
			if said := s.enter("M-2", fmt.Sprintf(`"pay":"card","method":%q`, asks), http.StatusConflict); !strings.Contains(said, "belongs to another order") {
				t.Errorf("a payment for a second order is refused with %q", said)
			}
			s.order = "M-1"
			s.sim.Refund(asks, 500)
			s.sim.Dispute(asks, "fraudulent")
			s.until("both are told", func() bool {
				s.passed.Add(int64(time.Second))
				told := s.history()
				return strings.Contains(told, "5.00 GBP of 24.99 GBP went back") && strings.Contains(told, "asks their bank for 24.99 GBP")
			})
		})
	}
}

// history is what the log tells of the order, as text.
func (s *counter) history() string {
	s.t.Helper()
	records, err := s.hub.Log.ReadStream(s.t.Context(), orderevents.Stream(workspace.Main, s.id()), 0, 200)
	fatal(s.t, err)
	var list []any
	for _, r := range records {
		list = append(list, r.Event)
	}
	return fmt.Sprint(list)
}

// The doctor says what is wrong with the account.
func TestDirectDoctor(t *testing.T) {
	s := newCounter(t, time.Hour, true)
	found := func(check string, state channels.Light) {
		t.Helper()
		r := s.examine()
		for _, f := range r.Checks {
			if f.Name == check {
				if f.State != string(state) || state == channels.Red && f.Mend == "" {
					t.Errorf("%s is %+v, want %s", check, f, state)
				}
				return
			}
		}
		t.Errorf("nothing is said of %s in %+v", check, r)
	}
	found(channels.CheckCredentials, channels.Green)
	found(channels.CheckWebhooks, channels.Red) // the endpoint is another app's
	s.sim.Restrict(true)
	found(channels.CheckCredentials, channels.Red)
	s.sim.Restrict(false)
	found(channels.CheckCredentials, channels.Green)
	s.sim.Roll("sk_test_other")
	found(channels.CheckCredentials, channels.Red)
	s.enter("M-1", card, http.StatusOK)
	s.until("an order waits for the connection", func() bool { return s.page().Waiting == fulfilment.WaitAuthorisation })
}
