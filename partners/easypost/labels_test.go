package easypost_test

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/channelstest/changes"
	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/partners"
	"github.com/creatorflow/creatorflow/partners/easypost"
	"github.com/creatorflow/creatorflow/partners/easypost/easypostsim"
	"github.com/creatorflow/creatorflow/partners/partnerstest"
)

// memory is one that the test can lose.
type memory struct {
	mu   sync.Mutex
	kept map[string]string
}

func (m *memory) Move(_ context.Context, name string, next func(string) string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[name] = next(m.kept[name])
	return m.kept[name], nil
}

func (m *memory) forget() { m.mu.Lock(); defer m.mu.Unlock(); clear(m.kept) }

// bench is a simulator and what its clients share.
type bench struct {
	*testing.T
	*easypostsim.Sim
	address string
	passed  atomic.Int64
	memory  memory
}

func newBench(t *testing.T, cfg easypostsim.Config) *bench {
	b := &bench{T: t, memory: memory{kept: map[string]string{}}}
	cfg.Clock = b.now
	b.Sim = easypostsim.New(cfg)
	server := httptest.NewServer(b.Handler())
	t.Cleanup(server.Close)
	b.address = server.URL
	b.SetAddress(server.URL)
	return b
}

func (b *bench) now() time.Time { return time.Now().Add(time.Duration(b.passed.Load())) }

func (b *bench) open(key string) *easypost.Client { return b.openThrough(key, func(*http.Client) {}) }

// openThrough opens a client with something in its way.
func (b *bench) openThrough(key string, into func(*http.Client)) *easypost.Client {
	b.Helper()
	client, err := outbound.NewClient(b.address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.CloseIdleConnections)
	into(client)
	return easypost.New(easypost.Options{Key: key, BaseURL: b.address, HTTP: client, Clock: b.now, Memory: &b.memory})
}

var parcel = partners.Shipment{
	Order:  "1001",
	From:   partners.Address{Name: "Shop", Line1: "1 Market Street", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "US"},
	To:     partners.Address{Name: "Ana Maria", Line1: "1 High Street", City: "New York", State: "NY", PostalCode: "10001", Country: "US"},
	Parcel: partners.Parcel{Grams: 480, Length: 200, Width: 150, Height: 100},
}

func to(postalCode string) partners.Shipment {
	s := parcel
	s.To.PostalCode = postalCode
	return s
}

func TestContract(t *testing.T) {
	for name, cfg := range map[string]easypostsim.Config{
		"PDF": {}, "a carrier that sells twice": {Rebuys: true}, "PNG, made later": {PNG: true, Sized: true},
	} {
		t.Run(name, func(t *testing.T) {
			partnerstest.Run(t, func(t *testing.T) partnerstest.World {
				b := newBench(t, cfg)
				return partnerstest.World{
					Open:   func() partners.Labels { return patient{b.open("EZTKsim")} },
					Forget: b.memory.forget,
					Pass:   func(d time.Duration) { b.passed.Add(int64(d)) },
					Break:  func(f partnerstest.Fault) { b.Break("buy", faults[f]) },
					Settle: b.Settle,
					Bought: func() int { return b.Counts().Bought },
					Back:   func() int { return b.Counts().Refunded },
					Parcel: parcel, Nobody: to(easypostsim.Unserviceable),
				}
			})
		})
	}
}

var faults = map[partnerstest.Fault]easypostsim.Fault{
	partnerstest.Refused: easypostsim.Declined, partnerstest.Down: easypostsim.TooMany, partnerstest.TooMany: easypostsim.TooMany,
	partnerstest.Dropped: easypostsim.Dropped, partnerstest.Lost: easypostsim.Lost, partnerstest.Garbage: easypostsim.Garbage,
	partnerstest.DownLate: easypostsim.DownLate, partnerstest.Late: easypostsim.Late,
}

// patient asks again for a file that is not made yet, as the flow does.
type patient struct{ *easypost.Client }

func (p patient) Buy(ctx context.Context, key string, s partners.Shipment) (partners.Label, error) {
	l, err := p.Client.Buy(ctx, key, s)
	if err != nil && strings.Contains(err.Error(), "has not made its file yet") {
		return p.Client.Buy(ctx, key, s)
	}
	return l, err
}

// A rate is the cheapest of those that the seller wants.
func TestRates(t *testing.T) {
	for name, test := range map[string]struct {
		wish             partners.Wish
		carrier, service string
		refuses          string
	}{
		"cheapest":                {carrier: "USPS", service: "GroundAdvantage"},
		"a carrier":               {wish: partners.Wish{Carrier: "ups"}, carrier: "UPS", service: "Ground"},
		"by the vendor's word":    {wish: partners.Wish{Carrier: "UPSDAP"}, carrier: "UPS", service: "Ground"},
		"a service":               {wish: partners.Wish{Carrier: "USPS", Service: "priority"}, carrier: "USPS", service: "Priority"},
		"by a name of two words":  {wish: partners.Wish{Carrier: "Royal Mail"}, carrier: "Royal Mail", service: "Tracked48"},
		"one that is not offered": {wish: partners.Wish{Carrier: "DHL", Service: "Express"}, refuses: "no label of DHL Express for this parcel"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, easypostsim.Config{})
			s := parcel
			s.Wish = test.wish
			l, err := b.open("EZTKsim").Buy(t.Context(), "a", s)
			var no partners.Declined
			switch {
			case test.refuses != "":
				if !errors.As(err, &no) || !strings.Contains(err.Error(), test.refuses) || b.Counts().Bought != 0 {
					t.Errorf("got %v, want %q", err, test.refuses)
				}
			case err != nil:
				t.Error(err)
			case l.Carrier != test.carrier || l.Service != test.service || l.Cost.Currency != "USD":
				t.Errorf("got %s %s for %s, want %s %s", l.Carrier, l.Service, l.Cost, test.carrier, test.service)
			}
		})
	}
}

// What keeps a label from being bought is said in a sentence, and nothing is charged.
func TestHindered(t *testing.T) {
	for name, test := range map[string]struct {
		key      string
		cents    int64
		to       string
		why      partners.Kind // empty = it is the parcel's
		sentence string
	}{
		"key":           {key: "EZTKother", why: partners.Locked, sentence: "EasyPost refuses the API key: This api key is no longer active."},
		"funds":         {key: "EZTKsim", cents: 1, why: partners.Funds, sentence: "EasyPost has no money to buy with: Insufficient funds"},
		"unserviceable": {key: "EZTKsim", to: easypostsim.Unserviceable, sentence: "No carrier takes this parcel. USPS says: Unable to find rates to this postal code."},
		"refused":       {key: "EZTKsim", to: easypostsim.Refuses, sentence: "EasyPost says: Unable to buy this postage: to_address: The address is not one that this service delivers to"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, easypostsim.Config{Balance: test.cents})
			before := b.Counts().Balance
			_, err := b.open(test.key).Buy(t.Context(), "a", to(cmpOr(test.to, "10001")))
			var hindered *partners.Failure
			var no partners.Declined
			var why partners.Kind
			if errors.As(err, &hindered) {
				why = hindered.Kind
			} else if !errors.As(err, &no) {
				t.Fatalf("got %v", err)
			}
			if why != test.why || !strings.HasPrefix(err.Error(), test.sentence) {
				t.Errorf("%q: %v, want %q: %s", why, err, test.why, test.sentence)
			}
			if after := b.Counts(); after.Bought != 0 || after.Balance != before {
				t.Errorf("it was charged: %+v", after)
			}
			for _, private := range []string{"Ana", "High Street", test.key} {
				if strings.Contains(err.Error(), private) {
					t.Errorf("%q quotes %q", err, private)
				}
			}
		})
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// After a no that was sure the key buys another shipment, with what was mended.
func TestMended(t *testing.T) {
	b := newBench(t, easypostsim.Config{})
	c := b.open("EZTKsim")
	for _, bad := range []string{easypostsim.Unserviceable, easypostsim.Refuses} {
		if _, err := c.Buy(t.Context(), "a", to(bad)); err == nil {
			t.Fatal("it is bought")
		}
	}
	if _, err := c.Buy(t.Context(), "a", parcel); err != nil {
		t.Fatal(err)
	}
	if n := b.Counts(); n.Bought != 1 || n.Created != 3 {
		t.Errorf("counts %+v", n)
	}
}

// Whatever EasyPost changes in its answers, an order's label is bought once, and what is not sure is said to be so.
func TestMutatedAnswers(t *testing.T) {
	b := newBench(t, easypostsim.Config{})
	between := &changes.Changes{}
	client := b.openThrough("EZTKsim", between.Into)
	for seed := range uint64(150) {
		how := ""
		if seed%3 == 0 {
			how = "added"
		}
		shipment := parcel
		shipment.Order = strconv.Itoa(2000 + int(seed))
		between.On(seed, how)
		_, err := client.Buy(t.Context(), shipment.Order, shipment)
		did := between.Off()
		if len(did) == 0 || how == "added" && err != nil {
			t.Errorf("members were added (%v): %v", did, err)
		}
		b.passed.Add(int64(2 * time.Minute))
		if _, err := client.Buy(t.Context(), shipment.Order, shipment); err != nil {
			t.Errorf("after %v the same again says %v", did, err)
		}
		if n := b.Counts().Bought; n != int(seed)+1 {
			t.Fatalf("after %v %d labels are bought for %d orders", did, n, seed+1)
		}
	}
}

// What is bought is the label of the parcel as it is when it is bought: a shipment that was made before the address was mended, or
// in another account, is left alone.
func TestChanged(t *testing.T) {
	for name, change := range map[string]func(s *partners.Shipment){
		"the buyer moves": func(s *partners.Shipment) { s.To.Line1 = "9 Elm Lane" }, "the shop moves": func(s *partners.Shipment) { s.From.Line1 = "9 Elm Lane" },
		"another parcel": func(s *partners.Shipment) { s.Parcel.Grams = 900 }, "nothing": func(*partners.Shipment) {},
	} {
		t.Run(name, func(t *testing.T) {
			for _, first := range []easypostsim.Fault{easypostsim.TooMany, easypostsim.Dropped} {
				b := newBench(t, easypostsim.Config{})
				b.Break("buy", first)
				if _, err := b.open("EZTKsim").Buy(t.Context(), "a", parcel); err == nil {
					t.Fatal("it is bought")
				}
				b.passed.Add(int64(2 * time.Minute))
				changed := parcel
				change(&changed)
				l, err := b.open("EZTKsim").Buy(t.Context(), "a", changed)
				if err != nil {
					t.Fatal(err)
				}
				want := 2
				if changed == parcel {
					want = 1
				}
				if n := b.Counts(); n.Bought != 1 || n.Created != want || changed.To != parcel.To && !bytes.Contains(l.File, []byte("9 Elm Lane")) {
					t.Errorf("counts %+v, the label says %s", n, l.File)
				}
			}
		})
	}
}

// With the key of another account an order goes on whose shipment was never bought. Where that is not sure, nothing is bought and it
// is said; so it is when the label shall be given back.
func TestAnotherAccount(t *testing.T) {
	for name, test := range map[string]struct {
		first  easypostsim.Fault
		before bool // it may have been bought
	}{"never bought": {easypostsim.TooMany, false}, "perhaps bought": {easypostsim.Lost, true}} {
		t.Run(name, func(t *testing.T) {
			before, after := newBench(t, easypostsim.Config{Key: "EZTKbefore"}), newBench(t, easypostsim.Config{Key: "EZAKafter"})
			after.memory.kept = before.memory.kept
			after.passed.Store(int64(2 * time.Minute))
			before.Break("buy", test.first)
			if _, err := before.open("EZTKbefore").Buy(t.Context(), "a", parcel); err == nil {
				t.Fatal("it is bought")
			}
			c := after.open("EZAKafter")
			_, err := c.Buy(t.Context(), "a", parcel)
			gone := c.Void(t.Context(), "a")
			if !test.before {
				if n := after.Counts(); err != nil || gone != nil || n.Bought != 1 || n.Refunded != 1 {
					t.Errorf("%v, %v, counts %+v", err, gone, n)
				}
				return
			}
			for _, err := range []error{err, gone} {
				var no partners.Declined
				if !errors.As(err, &no) || !strings.Contains(err.Error(), "bought with another EasyPost account") {
					t.Errorf("got %v", err)
				}
			}
			if n := after.Counts(); n.Created != 0 {
				t.Errorf("counts %+v", n)
			}
			if err := before.open("EZTKbefore").Void(t.Context(), "a"); err != nil || before.Counts().Refunded != 1 {
				t.Errorf("with the key from before: %v", err)
			}
		})
	}
}

// meddler is a memory in which something else happens before one of its moves.
type meddler struct {
	*memory
	at int
	do func()
}

func (m *meddler) Move(ctx context.Context, name string, next func(string) string) (string, error) {
	if m.at--; m.at == 0 {
		m.do()
	}
	return m.memory.Move(ctx, name, next)
}

// Whenever a second call under a key comes in between, one purchase is asked for, also of a carrier that sells twice.
func TestBetween(t *testing.T) {
	for at := 1; at <= 4; at++ {
		b := newBench(t, easypostsim.Config{Rebuys: true})
		b.Break("buy", easypostsim.Late)
		m := &meddler{memory: &b.memory, at: at, do: func() {
			if _, err := b.open("EZTKsim").Buy(t.Context(), "a", parcel); err == nil {
				t.Error("a purchase without an answer succeeds")
			}
		}}
		c := easypost.New(easypost.Options{Key: "EZTKsim", BaseURL: b.address, HTTP: http.DefaultClient, Clock: b.now, Memory: m})
		_, err := c.Buy(t.Context(), "a", parcel)
		if n := b.Counts().Calls["buy"]; m.at > 0 || n != 1 || err == nil {
			t.Errorf("before move %d: %d purchases were asked for, %v", at, n, err)
		}
		b.Settle()
		b.passed.Add(int64(time.Minute))
		if _, err := b.open("EZTKsim").Buy(t.Context(), "a", parcel); err != nil || b.Counts().Bought != 1 {
			t.Errorf("before move %d: %v, counts %+v", at, err, b.Counts())
		}
	}
}

// A memory that is older than the purchase finds it, also when shipments before it were refused.
func TestOldMemory(t *testing.T) {
	b := newBench(t, easypostsim.Config{})
	for _, to := range []partners.Shipment{to(easypostsim.Refuses), to(easypostsim.Unserviceable), parcel} {
		_, _ = b.open("EZTKsim").Buy(t.Context(), "a", to) // the first two are refused
	}
	for range 2 {
		b.memory.forget()
		if l, err := b.open("EZTKsim").Buy(t.Context(), "a", parcel); err != nil || b.Counts().Bought != 1 {
			t.Fatalf("%s, %v, counts %+v", l.Tracking, err, b.Counts())
		}
	}
	b.memory.forget()
	if err := b.open("EZTKsim").Void(t.Context(), "a"); err != nil || b.Counts().Refunded != 1 {
		t.Errorf("%v, counts %+v", err, b.Counts())
	}
}

// Carriers quote addresses, and sentences stand where addresses must not.
func TestQuotedAddress(t *testing.T) {
	b := newBench(t, easypostsim.Config{})
	s := to(easypostsim.Quotes)
	s.To.Phone = "+1 212 555 0100"
	_, err := b.open("EZTKsim").Buy(t.Context(), "a", s)
	var no partners.Declined
	if !errors.As(err, &no) || !strings.Contains(err.Error(), "INVALID RECIPIENT …, …, … …: phone: … is not a phone number (code SHIPMENT.POSTAGE.FAILURE)") {
		t.Errorf("got %v", err)
	}
}

// A file that is not one is fetched again, and the label is not bought again.
func TestFiles(t *testing.T) {
	b := newBench(t, easypostsim.Config{PNG: true})
	c := b.open("EZTKsim")
	for _, f := range []easypostsim.Fault{easypostsim.Garbage, easypostsim.Down} {
		b.Break("file", f)
		var hindered *partners.Failure
		if _, err := c.Buy(t.Context(), "a", parcel); !errors.As(err, &hindered) || strings.Contains(err.Error(), b.address) {
			t.Errorf("%s: %v", f, err)
		}
	}
	l, err := c.Buy(t.Context(), "a", parcel)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(l.File)); err != nil || l.Type != "image/png" {
		t.Errorf("%s does not open: %v", l.Type, err)
	}
	if n := b.Counts().Bought; n != 1 {
		t.Errorf("%d labels were bought", n)
	}
}

// A parcel that is on its way is not taken back, and it is said.
func TestRejectedRefund(t *testing.T) {
	b := newBench(t, easypostsim.Config{})
	c := b.open("EZTKsim")
	l, err := c.Buy(t.Context(), "a", parcel)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Move(t.Context(), l.Tracking, "in_transit"); err != nil {
		t.Fatal(err)
	}
	var no partners.Declined
	if err := c.Void(t.Context(), "a"); !errors.As(err, &no) || !strings.Contains(err.Error(), "does not take the label "+l.Tracking+" back") {
		t.Errorf("got %v", err)
	}
}

// A refund whose answer is lost is asked for once.
func TestLostRefund(t *testing.T) {
	b := newBench(t, easypostsim.Config{})
	c := b.open("EZTKsim")
	if _, err := c.Buy(t.Context(), "a", parcel); err != nil {
		t.Fatal(err)
	}
	b.Break("refund", easypostsim.Lost, easypostsim.Down)
	if err := c.Void(t.Context(), "a"); err == nil {
		t.Error("a refund without an answer succeeds")
	}
	if err := c.Void(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if n := b.Counts(); n.Refunded != 1 || n.Calls["refund"] != 1 || n.Balance != 1000_00 {
		t.Errorf("counts %+v", n)
	}
}

func TestCheck(t *testing.T) {
	b := newBench(t, easypostsim.Config{})
	if err := b.open("EZTKsim").Check(t.Context()); err != nil {
		t.Error(err)
	}
	var hindered *partners.Failure
	if err := b.open("EZTKwrong").Check(t.Context()); !errors.As(err, &hindered) || hindered.Kind != partners.Locked {
		t.Errorf("a wrong key: %v", err)
	}
	if b.Counts().Created != 0 {
		t.Error("a check makes shipments")
	}
}
