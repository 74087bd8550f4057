package stripe_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	vendor "github.com/stripe/stripe-go/v82"
	"github.com/stripe/stripe-go/v82/webhook"

	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/partners"
	"github.com/creatorflow/creatorflow/partners/partnerstest"
	"github.com/creatorflow/creatorflow/partners/stripe"
	"github.com/creatorflow/creatorflow/partners/stripe/stripesim"
)

// world is one simulated account and a client for it; both go by one clock, which tests move.
type world struct {
	sim    *stripesim.Sim
	client *stripe.Client
	pass   func(time.Duration)

	through func(*http.Client) *stripe.Client // another one, by its way
	seen    *seen
}

// seen notes the requests that pass.
type seen struct {
	mu   sync.Mutex
	list []*http.Request
}

func open(t *testing.T, timeout time.Duration) world {
	t.Helper()
	var mu sync.Mutex
	now := time.Date(2026, 11, 1, 9, 30, 0, 0, time.UTC)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	w := world{seen: &seen{}, pass: func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}}
	w.sim = stripesim.New(stripesim.Config{Key: "sk_test_1", Clock: clock, Lag: time.Minute})
	api := w.sim.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.seen.mu.Lock()
		w.seen.list = append(w.seen.list, r)
		w.seen.mu.Unlock()
		api.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.through = func(client *http.Client) *stripe.Client {
		return stripe.New(stripe.Options{Key: "sk_test_1", BaseURL: server.URL, Client: client, Timeout: timeout, Clock: clock})
	}
	w.client = w.through(server.Client())
	return w
}

var price = money.Money{Minor: 2499, Currency: "GBP"}

func asked(key, method string) partners.Charge {
	return partners.Charge{Key: key, Order: "M-1", Amount: price, Method: method}
}

func TestPayments(t *testing.T) {
	partnerstest.RunPayments(t, func(t *testing.T) partnerstest.PaymentWorld {
		w := open(t, 300*time.Millisecond)
		return partnerstest.PaymentWorld{
			Payments: w.client, Good: "pm_card_visa", Bad: "pm_card_chargeDeclinedInsufficientFunds",
			Fault: func(faults ...partnerstest.MoneyFault) {
				var list []string
				for _, f := range faults {
					list = append(list, map[partnerstest.MoneyFault]string{
						partnerstest.Unanswered: stripesim.TimeoutBefore, partnerstest.DoneUnanswered: stripesim.TimeoutAfter,
						partnerstest.Broken: stripesim.Broken, partnerstest.Busy: stripesim.Limited,
					}[f])
				}
				w.sim.Fault("POST", list...)
			},
			Pass: w.pass,
			Stand: func() partnerstest.Stand {
				c := w.sim.Counts()
				return partnerstest.Stand{
					Charges: c.Captures, Taken: c.Captured, Given: c.Refunded, Reserved: w.sim.Reserved(), Refunds: c.Refunds, Loose: c.Cancels,
				}
			},
		}
	})
}

// Every request that has an effect bears a key of ours, and the version that the library was made for.
func TestRequestsBearOurKey(t *testing.T) {
	w := open(t, time.Second)
	if err := w.client.Capture(t.Context(), asked("k:1", "pm_card_visa")); err != nil {
		t.Fatal(err)
	}
	w.pass(2 * time.Minute) // a search shows it by then
	if err := w.client.Refund(t.Context(), asked("k:1", "pm_card_visa")); err != nil {
		t.Fatal(err)
	}
	posts := 0
	for _, r := range w.seen.list {
		if r.Header.Get("Stripe-Version") != vendor.APIVersion {
			t.Errorf("%s has the version %q, want %q", r.URL.Path, r.Header.Get("Stripe-Version"), vendor.APIVersion)
		}
		if r.Method != http.MethodPost {
			continue
		}
		posts++
		if key := r.Header.Get("Idempotency-Key"); !strings.HasPrefix(key, "k:1/") || len(key) > 255 {
			t.Errorf("%s has the key %q, want one made of ours", r.URL.Path, key)
		}
	}
	if posts != 4 {
		t.Errorf("%d requests had an effect, want create, confirm, capture and refund", posts)
	}
}

// What a failure means decides what the hub does next.
func TestFailures(t *testing.T) {
	tests := []struct {
		name, call, fault string
		key               string
		want              partners.Kind
	}{
		{name: "a limit", call: "create", fault: stripesim.Limited, want: partners.Busy},
		{name: "the same key is worked on", call: "create", fault: stripesim.Conflict, want: partners.Busy},
		{name: "trouble of its own while asked for an effect", call: "confirm", fault: stripesim.Broken, want: partners.Unsure},
		{name: "trouble of its own while looked at", call: "search", fault: stripesim.Broken, want: partners.Away},
		{name: "no answer to an effect", call: "capture", fault: stripesim.TimeoutBefore, want: partners.Unsure},
		{name: "garbage in answer to an effect", call: "capture", fault: stripesim.Garbage, want: partners.Unsure},
		{name: "garbage in answer to a look", call: "read", fault: stripesim.Garbage, want: partners.Away},
		{name: "a key that was rolled", key: "sk_test_2", want: partners.Locked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := open(t, 200*time.Millisecond)
			if tt.key != "" {
				w.sim.Roll(tt.key)
			}
			w.sim.Fault(tt.call, tt.fault)
			var f *partners.Failure
			if err := w.client.Capture(t.Context(), asked("k", "pm_card_visa")); !errors.As(err, &f) || f.Kind != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			} else if strings.Contains(f.Error(), "sk_test") || strings.Contains(f.Error(), "127.0.0.1") {
				t.Errorf("the sentence tells the key or the address: %s", f.Error())
			}
		})
	}
}

// A payment of the seller's own checkout pays one order, of its own amount, and is given back with it.
func TestOwnCheckout(t *testing.T) {
	w := open(t, time.Second)
	no := func(err error, part string) {
		t.Helper()
		var d partners.Declined
		if !errors.As(err, &d) || !strings.Contains(d.Error(), part) {
			t.Errorf("got %v, want a no with %q", err, part)
		}
	}
	reserved, paid := w.sim.Pay(2499, "gbp", "manual", "pm_card_visa"), w.sim.Pay(2499, "gbp", "automatic", "pm_card_visa")
	for key, id := range map[string]string{"a": reserved, "b": paid} {
		if err := w.client.Capture(t.Context(), asked(key, id)); err != nil {
			t.Fatal(err)
		}
	}
	no(w.client.Capture(t.Context(), asked("c", reserved)), "belongs to another order")
	if err := w.client.Refund(t.Context(), asked("c", reserved)); err != nil {
		t.Fatal(err)
	}
	no(w.client.Capture(t.Context(), asked("d", w.sim.Pay(2400, "gbp", "manual", "pm_card_visa"))), "is one of 24.00")
	no(w.client.Capture(t.Context(), asked("e", w.sim.Pay(2499, "gbp", "manual", ""))), "has not finished")
	asks := w.sim.Pay(2499, "gbp", "manual", "pm_card_authenticationRequired")
	no(w.client.Capture(t.Context(), asked("f", asks)), "ask the buyer")
	w.sim.Authenticate(asks)
	if err := w.client.Capture(t.Context(), asked("f", asks)); err != nil {
		t.Fatal(err)
	}
	no(w.client.Capture(t.Context(), asked("g", "pi_nothing")), "does not know")
	gone := w.sim.Pay(2499, "gbp", "manual", "pm_card_visa")
	w.sim.Cancel(gone)
	no(w.client.Capture(t.Context(), asked("h", gone)), "was cancelled at Stripe")
	if c := w.sim.Counts(); c.Captures != 3 || c.Refunds != 0 {
		t.Fatalf("%d captures and %d refunds, want 3 and none", c.Captures, c.Refunds)
	}
	w.sim.Refund(paid, 1000)
	if err := w.client.Refund(t.Context(), asked("b", paid)); err != nil { // the rest of it
		t.Fatal(err)
	}
	if c := w.sim.Counts(); c.Refunded != 2499 {
		t.Errorf("%d given back, want what was taken", c.Refunded)
	}
}

// A payment that is not the order's is neither marked nor given back with it, whatever else was tried for the order.
func TestAnothersPaymentStays(t *testing.T) {
	w := open(t, time.Second)
	others := w.sim.Pay(90000, "gbp", "automatic", "pm_card_visa")
	dollars := w.sim.Pay(2499, "usd", "automatic", "pm_card_visa")
	var no partners.Declined
	for _, id := range []string{others, dollars} {
		if err := w.client.Capture(t.Context(), asked("a", id)); !errors.As(err, &no) {
			t.Fatalf("%s: %v, want a no", id, err)
		}
	}
	if err := w.client.Capture(t.Context(), asked("a", "pm_card_visa")); err != nil { // so another payment is named
		t.Fatal(err)
	}
	w.pass(2 * time.Minute)
	if err := w.client.Refund(t.Context(), asked("a", others)); err != nil {
		t.Fatal(err)
	}
	if c := w.sim.Counts(); c.Refunded != 2499 || c.Captures != 3 || len(w.sim.Intents("a")) != 1 {
		t.Errorf("%d given back of %d captures, %v are marked; want the order's payment alone", c.Refunded, c.Captures, w.sim.Intents("a"))
	}
}

// A charge of which no answer came was made after all, and meanwhile the buyer has paid in the seller's checkout: they pay once.
func TestPaidInTheCheckoutToo(t *testing.T) {
	for call, fault := range map[string]string{"capture": stripesim.TimeoutAfter, "confirm": stripesim.TimeoutAfter, "create": stripesim.TimeoutAfter} {
		t.Run(call, func(t *testing.T) {
			w := open(t, 200*time.Millisecond)
			w.sim.Fault(call, fault)
			if err := w.client.Capture(t.Context(), asked("a", "pm_card_visa")); err == nil {
				t.Fatal("an answer came")
			}
			w.pass(2 * time.Minute)
			paid := w.sim.Pay(2499, "gbp", "manual", "pm_card_visa")
			for range 2 {
				if err := w.client.Capture(t.Context(), asked("a", paid)); err != nil {
					t.Fatal(err)
				}
			}
			if c := w.sim.Counts(); c.Captured-c.Refunded != 2499 || w.sim.Reserved() != 0 {
				t.Errorf("%d taken, %d given back, %d reserved; want one payment", c.Captured, c.Refunded, w.sim.Reserved())
			}
			if p, err := w.client.Read(t.Context(), paid); err != nil || p.Status != "succeeded" || p.Refunded != 0 {
				t.Errorf("the payment that was named is %+v, %v", p, err)
			}
		})
	}
}

// The vendor counts some currencies otherwise than ISO 4217 does: what the buyer pays is what the order comes to.
func TestCurrencies(t *testing.T) {
	for _, tt := range []struct {
		currency        string
		minor, captured int64 // captured 0 = the vendor cannot take it
	}{
		{"JPY", 500, 500},
		{"KRW", 70000, 70000},
		{"GBP", 2499, 2499},
		{"HUF", 100050, 100050},
		{"TWD", 30000, 30000},
		{"ISK", 500, 50000},
		{"UGX", 90000, 9000000},
		{"MGA", 500000, 5000},
		{"MGA", 500010, 0},
		{"KWD", 5120, 5120},
		{"KWD", 5124, 0},
		{"GBP", 29, 0},
		{"GBP", 100_000_000, 0},
		{"ISK", 1<<62 + 1, 0},
	} {
		w := open(t, time.Second)
		charge := partners.Charge{Key: "a", Order: "M-1", Amount: money.Money{Minor: tt.minor, Currency: tt.currency}, Method: "pm_card_visa"}
		var no partners.Declined
		err := w.client.Capture(t.Context(), charge)
		if c := w.sim.Counts().Captured; c != tt.captured || tt.captured != 0 && err != nil || tt.captured == 0 && !errors.As(err, &no) {
			t.Errorf("%s: %d captured, %v, want %d", charge.Amount, c, err, tt.captured)
		}
		w.pass(2 * time.Minute)
		if p, err := w.client.Under(t.Context(), "a"); err != nil || tt.captured != 0 && p.Amount != charge.Amount {
			t.Errorf("%s: read as %s, %v", charge.Amount, p.Amount, err)
		}
		if err := w.client.Refund(t.Context(), charge); err != nil {
			t.Errorf("%s: not given back: %v", charge.Amount, err)
		}
		p, err := w.client.Under(t.Context(), "a")
		if c := w.sim.Counts().Refunded; err != nil || c != tt.captured || tt.captured != 0 && p.Refunded != tt.minor {
			t.Errorf("%s: %d given back, read as %d, %v", charge.Amount, c, p.Refunded, err)
		}
	}
}

// What the seller and the buyer's bank do at the vendor itself can be read, with what was told of it.
func TestRead(t *testing.T) {
	w := open(t, time.Second)
	if err := w.client.Capture(t.Context(), asked("a", "pm_card_visa")); err != nil {
		t.Fatal(err)
	}
	id := w.sim.Intents("a")[0]
	w.sim.Refund(id, 500)
	w.sim.Dispute(id, "fraudulent")
	w.sim.Pay(100, "gbp", "manual", "pm_card_visa") // another shop's, on the same account
	w.pass(2 * time.Minute)
	now := time.Date(2026, 11, 1, 9, 32, 0, 0, time.UTC)
	ids, err := w.client.Changed(t.Context(), now.Add(-time.Hour), now)
	if err != nil || len(ids) != 2 {
		t.Fatalf("changed are %v, %v, want two payments", ids, err)
	}
	p, err := w.client.Read(t.Context(), id)
	if err != nil || p.Key != "a" || p.Status != "succeeded" || p.Refunded != 500 || p.Amount != price || len(p.Disputes) != 1 ||
		p.Disputes[0].Reason != "fraudulent" || p.Disputes[0].Amount != price {
		t.Errorf("read %+v, %v", p, err)
	}
	if under, err := w.client.Under(t.Context(), "a"); err != nil || under.ID != id {
		t.Errorf("under the key is %+v, %v", under, err)
	}
	if none, err := w.client.Under(t.Context(), "b"); err != nil || none.ID != "" {
		t.Errorf("under another key is %+v, %v", none, err)
	}
	if a, err := w.client.Account(t.Context()); err != nil || a.ID != "acct_1SimulatedShop" || a.Name != "Simulated Shop" || !a.Charges {
		t.Errorf("the account is %+v, %v", a, err)
	}
}

// A request that is sent again under its key is answered as before, and does nothing; under a key of another request it is refused.
func TestRequestsAreKeyed(t *testing.T) {
	w := open(t, time.Second)
	ask := func(key, amount string) (status int, again string, answer struct {
		ID    string
		Error struct{ Type string }
	},
	) {
		q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/payment_intents", strings.NewReader("currency=gbp&capture_method=manual&amount="+amount))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("Authorization", "Bearer sk_test_1")
		q.Header.Set("Stripe-Version", vendor.APIVersion)
		q.Header.Set("Idempotency-Key", key)
		got := httptest.NewRecorder()
		w.sim.Handler().ServeHTTP(got, q)
		if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		return got.Code, got.Header().Get("Idempotent-Replayed"), answer
	}
	_, _, first := ask("k", "500")
	if status, again, answer := ask("k", "500"); status != http.StatusOK || again != "true" || answer.ID != first.ID || first.ID == "" {
		t.Errorf("again: %d, replayed %q, %+v, at first %+v", status, again, answer, first)
	}
	if status, _, answer := ask("k", "600"); status != http.StatusBadRequest || answer.Error.Type != "idempotency_error" {
		t.Errorf("another request under the key: %d, %+v", status, answer)
	}
	if status, _, answer := ask("l", "500"); status != http.StatusOK || answer.ID == first.ID {
		t.Errorf("under another key: %d, %+v", status, answer)
	}
	w.pass(25 * time.Hour) // keys are kept for a day
	if _, _, answer := ask("k", "500"); answer.ID == first.ID {
		t.Error("a key was kept for longer than a day")
	}
}

// agreed is a signature that stripe-go v82.5.1 and npm stripe 23.1.0 make alike.
var agreed = struct {
	secret       string
	at           int64
	body, header string
}{
	"whsec_cf_test_0123456789", 1767225600,
	`{"id":"evt_cf_0001","object":"event","api_version":"2025-08-27.basil","created":1767225600,"type":"payment_intent.succeeded","livemode":false,` +
		`"pending_webhooks":1,"request":{"id":"req_cf1","idempotency_key":"cf-order-1"},"data":{"object":{"id":"pi_cf_0001","object":"payment_intent",` +
		`"amount":4599,"amount_received":4599,"currency":"usd","status":"succeeded","metadata":{"order_id":"cf-1"}}}}`,
	"t=1767225600,v1=99aa688e3cbbb1ebee79ff7d744e41a49c58bf8bd6edb8dfac46909d49f7ae76",
}

// The simulator signs as the vendor's library does, and what it signs is taken.
func TestSignatures(t *testing.T) {
	now := time.Now()
	body := []byte(`{"id":"evt_1","object":"event","type":"charge.refunded","created":1,"data":{"object":{"object":"charge","id":"ch_1","payment_intent":"pi_1"}}}`)
	made := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: "whsec_new", Timestamp: now})
	if sim := stripesim.Sign("whsec_new", now, body); sim != made.Header {
		t.Fatalf("the simulator signs %s, the library %s", sim, made.Header)
	}
	if sim := stripesim.Sign(agreed.secret, time.Unix(agreed.at, 0), []byte(agreed.body)); sim != agreed.header {
		t.Fatalf("the simulator signs %s, two libraries %s", sim, agreed.header)
	}
	_, valid, _ := strings.Cut(made.Header, ",")
	both := made.Header[:strings.Index(made.Header, ",")] + ",v1=" + strings.Repeat("0", 64) + "," + valid
	tests := []struct {
		name, header string
		body         []byte
		secrets      []string
		ok           bool
	}{
		{"the library's", made.Header, body, []string{"whsec_new"}, true},
		{"of the secret that is rotated out", made.Header, body, []string{"whsec_newer", "whsec_new"}, true},
		{"one of several", both, body, []string{"whsec_new"}, true},
		{"almost too old", stripesim.Sign("whsec_new", now.Add(-290*time.Second), body), body, []string{"whsec_new"}, true},
		{"too old", stripesim.Sign("whsec_new", now.Add(-310*time.Second), body), body, []string{"whsec_new"}, false},
		{"another body", made.Header, append(body, ' '), []string{"whsec_new"}, false},
		{"another secret", made.Header, body, []string{"whsec_old"}, false},
		{"no secret is known", made.Header, body, nil, false},
		{"an empty secret", stripesim.Sign("", now, body), body, []string{""}, false},
		{"nonsense", "t=1,v1=zz", body, []string{"whsec_new"}, false},
		{"nothing", "", body, []string{"whsec_new"}, false},
	}
	for _, tt := range tests {
		if err := stripe.Verify(tt.header, tt.body, tt.secrets); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	told, err := stripe.ReadEvent(body)
	if err != nil || told.ID != "evt_1" || told.Intent != "pi_1" || !told.Known {
		t.Errorf("read %+v, %v", told, err)
	}
}

func FuzzReadEvent(f *testing.F) {
	f.Add([]byte(`{"id":"evt_1","object":"event","type":"x","data":{"object":{"payment_intent":{"id":"pi_1"}}}}`))
	f.Add([]byte(`{"id":"evt_1","object":"event","type":"x","data":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if told, err := stripe.ReadEvent(body); err == nil && (told.ID == "" || told.Type == "") {
			t.Errorf("%q is an event without a name: %+v", body, told)
		}
	})
}
