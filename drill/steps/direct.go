package steps

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/bubble"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/partners/stripe/stripesim"
)

// What a direct sale asks of Stripe, in the order in which it does: the steps of the rows "direct".
const (
	askCreate  = "begin payment"
	askConfirm = "charge card"
	askCapture = "take money"
	askCancel  = "let money go"
	askRefund  = "give money back"
	askLink    = "make link"
	askEnd     = "end link"
)

// asks says by which path each is asked.
var asks = map[string]string{askConfirm: "/confirm", askCapture: "/capture", askCancel: "/cancel", askRefund: "/v1/refunds", askLink: "/v1/checkout/sessions", askEnd: "/expire"}

// DirectCases are the rows of a direct sale that is charged to a card, and of one whose buyer has a link to pay by: cancelled is one then
// that is not paid in time. What only a cancelled order asks for is asked of those alone.
func DirectCases() []Case {
	var all []Case
	for _, ask := range []string{askCreate, askConfirm, askCapture, askLink} {
		for _, fault := range faults {
			all = append(all, Case{ask, fault, false}, Case{ask, fault, true})
		}
	}
	for _, ask := range []string{askCancel, askRefund, askEnd} {
		for _, fault := range faults {
			all = append(all, Case{ask, fault, true})
		}
	}
	return all
}

const (
	tillPort    = 9094
	tillAccount = "acct_1SimulatedShop"
	tillKey     = "sk_test_drill"
	goodCard    = "pm_card_visa"
	badCard     = "pm_card_chargeDeclined"
)

// till is the way to the simulated Stripe: one request to do something meets a fault.
type till struct {
	sim    *stripesim.Sim
	next   http.Handler
	struck func()
	// A forgetful Stripe does not know the keys of requests, a blind one's search finds nothing.
	forgetful, blind bool

	mu    sync.Mutex
	armed Case
}

// ServeHTTP implements http.Handler.
func (t *till) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the hub died while it asked
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if t.forgetful {
		r.Header.Del("Idempotency-Key")
	}
	if t.blind && r.URL.Path == "/v1/payment_intents/search" {
		r.URL.RawQuery = "query=" + "metadata%5B%27creatorflow_key%27%5D%3A%27nobody%27"
	}
	fault := t.meets(r)
	switch fault {
	case "":
		t.next.ServeHTTP(w, r)
		return
	case decline:
		w.WriteHeader(http.StatusPaymentRequired)
		_, _ = io.WriteString(w, `{"error":{"type":"card_error","code":"card_declined","decline_code":"generic_decline","message":"Your card was declined."}}`)
		t.struck()
		return
	case crashAfter:
		t.next.ServeHTTP(nobody{}, r)
	case late:
		again := r.Clone(context.Background())
		again.Body = io.NopCloser(bytes.NewReader(body))
		time.AfterFunc(lateness, func() { t.next.ServeHTTP(nobody{}, again) })
	}
	t.struck()
	<-r.Context().Done() // there is no answer
}

// meets says what a request meets, and disarms it.
func (t *till) meets(r *http.Request) (fault string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	path := asks[t.armed.Step]
	hit := r.Method == http.MethodPost && (path != "" && strings.HasSuffix(r.URL.Path, path) || t.armed.Step == askCreate && r.URL.Path == "/v1/payment_intents")
	if !hit {
		return ""
	}
	fault, t.armed = t.armed.Fault, Case{}
	return fault
}

// nobody takes an answer that nobody hears.
type nobody struct{}

// Header implements http.ResponseWriter.
func (nobody) Header() http.Header { return http.Header{} }

// Write implements http.ResponseWriter.
func (nobody) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (nobody) WriteHeader(int) {}

// stall is a hub by which a seller sells without a channel, and the account at Stripe that takes its money.
type stall struct {
	*bubble.World
	till       *till
	connection string
	hit        chan struct{} // closed when the fault has struck
}

func (s *stall) order() string { return s.connection + ":" + channelID }

// Direct runs the rows "direct": the whole hub on files, and the simulated Stripe. Only those that keep says are run; nil is all.
func Direct(ctx context.Context, o Options, keep func(Case) bool) (r drill.Report, results []Result, err error) {
	cases := slices.DeleteFunc(DirectCases(), func(c Case) bool { return keep != nil && !keep(c) })
	return play(ctx, "flow of direct sales", o, cases, func(r *Result, dir string) error { return r.sell(dir, o.AlterDirect) })
}

// sell plays a case and judges its end.
func (r *Result) sell(dir string, alter func(*till)) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := openStall(ctx, dir)
	if s.World != nil {
		defer func() { err = errors.Join(err, s.Close()) }()
	}
	if err != nil {
		return err
	}
	if alter != nil {
		alter(s.till)
	}
	if err := s.meet(ctx, r.Case); err != nil {
		return err
	}
	if err := s.rest(ctx, r.Case); err != nil {
		return err
	}
	return r.judgeSale(ctx, s)
}

// openStall starts a hub that sells 10 units and is connected to an empty account.
func openStall(ctx context.Context, dir string) (s *stall, err error) {
	s = &stall{hit: make(chan struct{})}
	sim := stripesim.New(stripesim.Config{Key: tillKey, Account: tillAccount, Clock: time.Now, Lag: time.Minute})
	s.till = &till{sim: sim, next: sim.Handler(), struck: sync.OnceFunc(func() { close(s.hit) })}
	s.World, err = bubble.Open(ctx, bubble.Options{Dir: dir, Poll: time.Hour, Public: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return s, err
	}
	s.Join(ctx, tillPort, s.till, func(ctx context.Context) error { <-ctx.Done(); return nil })
	if err := s.Receive(ctx, sku, stocked); err != nil {
		return s, err
	}
	base := "http://127.0.0.1:" + strconv.Itoa(tillPort)
	app, err := s.Hub().Shops.AddApp(ctx, channels.App{Channel: "direct", Key: tillAccount, BaseURL: base, AuthURL: base})
	if err != nil {
		return s, err
	}
	shops, err := s.Hub().Shops.Authorize(ctx, app.ID, channels.Grant{"secret-key": tillKey}, "Market")
	if err != nil {
		return s, err
	}
	s.connection = shops[0].ID
	return s, nil
}

// meet enters the order and lets the fault strike; of a crash the hub dies and another one begins.
func (s *stall) meet(ctx context.Context, c Case) error {
	card := goodCard
	if c.Step == askCancel {
		card = badCard // what was declined is let go when the order is cancelled
	}
	s.till.mu.Lock()
	s.till.armed = c
	s.till.mu.Unlock()
	pays := map[string]any{"pay": orderevents.PayCard, "method": card}
	if c.Step == askLink || c.Step == askEnd {
		pays = map[string]any{"pay": orderevents.PayLink}
	}
	if err := s.Command(ctx, "place-order", merged(pays, map[string]any{
		"connection": s.connection, "number": channelID, "currency": "GBP", "lines": []any{map[string]any{"sku": sku, "quantity": units, "price": price / units}},
	})); err != nil {
		return err
	}
	undoes := c.Step == askCancel || c.Step == askRefund || c.Step == askEnd
	if undoes {
		if err := bubble.Sleep(ctx, 2*time.Minute); err != nil {
			return err
		}
		if err := s.cancel(ctx); err != nil {
			return err
		}
	}
	select {
	case <-s.hit:
	case <-time.After(5 * time.Minute):
		return errors.New("the fault did not strike")
	}
	if c.Cancelled && !undoes && c.Step != askLink {
		if err := s.cancel(ctx); err != nil {
			return err
		}
	}
	if c.Fault != crashBefore && c.Fault != crashAfter {
		return nil
	}
	if err := s.Crash(); err != nil {
		return err
	}
	return s.Start(ctx)
}

func merged(a, b map[string]any) map[string]any {
	maps.Copy(a, b)
	return a
}

func (s *stall) cancel(ctx context.Context) error {
	return s.Command(ctx, "cancel-order", map[string]any{"order": s.order(), "reason": "buyer_asked"})
}

// rest lets the order come to its end. A person does what its page asks for: enters the parcel, names another card for one that was
// declined, and cancels once more what could not be cancelled.
func (s *stall) rest(ctx context.Context, c Case) error {
	long := 10 * time.Minute
	if c.Step == askLink {
		long = 5 * time.Hour // the link is open for 23
	}
	for range 6 {
		if err := bubble.Sleep(ctx, long); err != nil {
			return err
		}
		o, f, _, err := s.look(ctx)
		if err != nil {
			return err
		}
		switch waits := f.Phase == flow.Waits; {
		case o.Status == orders.Cancelled || o.Asked != nil:
		case c.Step == askLink && !o.Paid && o.Direct.Link.State == orderevents.LinkRefused && !c.Cancelled:
			err = s.Command(ctx, "send-payment-link", map[string]any{"order": s.order()})
		case c.Step == askLink && !o.Paid && o.Direct.Link.State == "":
			if !c.Cancelled {
				s.till.sim.PayLink(o.Direct.Link.Session, goodCard)
			}
		case c.Cancelled:
			err = s.cancel(ctx)
		case waits && f.Waiting.Code == fulfilment.WaitPayment:
			err = s.Command(ctx, "pay-order", map[string]any{"order": s.order(), "pay": orderevents.PayCard, "method": goodCard})
		case waits && f.Waiting.Code == fulfilment.WaitTracking:
			err = s.Command(ctx, "ship-order", map[string]any{"order": s.order(), "carrier": "Royal Mail", "tracking": "RM12345"})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// look reads the order, its flow and the SKU's stock from the hub's log.
func (s *stall) look(ctx context.Context) (o orders.State, f flow.Status, stock inventory.State, err error) {
	log := s.Hub().Log
	order, err := log.Fold(ctx, orders.Fold(workspace, s.order()))
	if err != nil {
		return o, f, stock, err
	}
	status, err := log.Fold(ctx, fulfilment.Definition(workspace, nil).Fold(s.order()))
	if err != nil {
		return o, f, stock, err
	}
	units, err := log.Fold(ctx, inventory.Fold(workspace, sku))
	if err != nil {
		return o, f, stock, err
	}
	return order.Value.(orders.State), status.Value.(flow.Status), units.Value.(inventory.State), nil
}

// judgeSale fills in the balances and what is wrong with them.
func (r *Result) judgeSale(ctx context.Context, s *stall) error {
	o, f, stock, err := s.look(ctx)
	if err != nil {
		return err
	}
	at := s.till.sim.Counts()
	owed, shipped, wanted := int64(0), int64(0), flow.Undone
	if f.Phase == flow.Finished {
		owed, shipped = price, units
	}
	if !r.Cancelled {
		wanted = flow.Finished
	}
	r.End, r.Units, r.Effects = f.Phase, stock.Reserved, at.Captures
	r.Money = at.Captured - at.Refunded + s.till.sim.Reserved() - owed
	if r.End != wanted || r.Cancelled != (o.Status == orders.Cancelled) {
		r.broke("the order is %q and its flow ends %q at step %d (%s), want %q", o.Status, r.End, f.Step, f.Waiting.Sentence, wanted)
	}
	if r.Units != 0 || len(stock.Open) != 0 {
		r.broke("%d units are still promised", r.Units)
	}
	if stock.Shipped != shipped {
		r.broke("%d units have left, want %d", stock.Shipped, shipped)
	}
	if r.Money != 0 {
		r.broke("the money is off by %d", r.Money)
	}
	if r.Effects > 1 {
		r.broke("the buyer is charged %d times", r.Effects)
	}
	if _, open := s.till.sim.Links(); len(open) > 0 {
		r.broke("%d links can still be paid by", len(open))
	}
	if at.Refunds > at.Captures {
		r.broke("%d refunds of %d charges", at.Refunds, at.Captures)
	}
	var kept drill.Report
	if err := s.Stop(); err != nil {
		return err
	}
	if err := s.JudgeKept(ctx, &kept); err != nil {
		return err
	}
	for _, b := range kept.Broken {
		r.broke("%s", b)
	}
	return nil
}
