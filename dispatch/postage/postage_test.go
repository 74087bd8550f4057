package postage_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/dispatch/postage"
	"github.com/creatorflow/creatorflow/domain/events"
	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/partners"
	"github.com/creatorflow/creatorflow/partners/easypost/easypostsim"
	"github.com/creatorflow/creatorflow/storage/memory"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

// rig is a simulated seller of labels, and what an office keeps beyond the life of its process.
type rig struct {
	*testing.T
	*easypostsim.Sim
	log    *eventlog.Log
	vault  *vault.Vault
	at     string
	passed atomic.Int64
}

func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.passed.Load())) }

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{T: t}
	r.Sim = easypostsim.New(easypostsim.Config{Key: "EZTKsimulated", Clock: r.now})
	server := httptest.NewServer(r.Handler())
	t.Cleanup(server.Close)
	r.at = server.URL
	r.SetAddress(r.at)
	var err error
	if r.log, err = eventlog.Open(t.Context(), memory.NewLog(uuid.New()), eventlog.Options{Decode: events.Decode, Clock: r.now}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.log.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if r.vault, err = vault.Open(storagetest.New(t).Vault(), vault.Master{1}, vault.Options{Clock: r.now}); err != nil {
		t.Fatal(err)
	}
	if err := r.office().Set(t.Context(), postage.Settings{
		Configured: labelevents.Configured{Automatic: true, Grams: 480, Length: 200, Width: 150, Height: 100}, Key: "EZTKsimulated", BaseURL: r.at,
		From: partners.Address{Name: "Shop", Line1: "1 Market Street", City: "London", PostalCode: "N1 1AA", Country: "GB"},
	}, eventlog.Meta{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	return r
}

// office is one of a new process.
func (r *rig) office() *postage.Office {
	o := postage.New(postage.Options{Log: r.log, Vault: r.vault, Clock: r.now, Workspace: "main"})
	r.Cleanup(o.Close)
	return o
}

var ana = channels.Recipient{Name: "Ana Maria", Line1: "1 High Street", City: "Leeds", PostalCode: "LS1 1AA", Region: "GB"}

// goes keeps where the order goes, as intake does.
func (r *rig) goes(to channels.Recipient) {
	r.Helper()
	kept, err := json.Marshal(map[string]channels.Destination{"1": {Updated: r.now(), Recipient: to}})
	if err == nil {
		err = r.vault.PutPerson(r.Context(), "p1", kept)
	}
	if err != nil {
		r.Fatal(err)
	}
}

var order = outside.Parcel{Order: "k7:1", Connection: "k7", ChannelID: "1", Person: "p1"}

const key = "fulfilment/k7:1/label"

// However a purchase fails or the process dies in it, one label is bought, charged and kept.
func TestOneLabel(t *testing.T) {
	for name, test := range map[string]struct {
		call   string
		fault  easypostsim.Fault
		unsure bool
	}{
		"the shipment's answer is lost":  {"create", easypostsim.Lost, false},
		"the purchase never arrives":     {"buy", easypostsim.Dropped, true},
		"the purchase's answer is lost":  {"buy", easypostsim.Lost, true},
		"the purchase's answer is cut":   {"buy", easypostsim.Garbage, true},
		"the carrier has not answered":   {"buy", easypostsim.Slow, true},
		"it is bought, and has no file":  {"file", easypostsim.Garbage, false},
		"the partner asks to slow down":  {"buy", easypostsim.TooMany, false},
		"the partner is down meanwhile":  {"buy", easypostsim.DownLate, true},
		"the look is answered with down": {"read", easypostsim.Down, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.goes(ana)
			r.Break(test.call, test.fault)
			_, err := r.office().Buy(t.Context(), order, key)
			var trouble *outside.Trouble
			if !errors.As(err, &trouble) || trouble.Unsure != test.unsure || trouble.Person || trouble.Wait != "" || trouble.Sentence == "" {
				t.Fatalf("it fails with %+v, %v", trouble, err)
			}
			if test.unsure { // at once it is not asked for again
				if _, err := r.office().Buy(t.Context(), order, key); r.Counts().Calls["buy"] > 1 {
					t.Errorf("it is bought again at once: %v", err)
				}
			}
			r.passed.Add(int64(outside.Settle) + int64(time.Second))
			var bought outside.Bought
			for range 2 { // the second finds all done
				if bought, err = r.office().Buy(t.Context(), order, key); err != nil {
					t.Fatal(err)
				}
			}
			kept, err := r.vault.Label(t.Context(), bought.Label)
			if err != nil || kept.Person != "p1" || kept.Tracking != bought.Tracking || !strings.HasPrefix(string(kept.File), "%PDF-") {
				t.Errorf("kept %s of %s, %v", kept.Tracking, kept.Person, err)
			}
			if c := r.Counts(); c.Bought != 1 || len(r.Bought()) != 1 || r.Bought()[0] != bought.Tracking || bought.Carrier != "USPS" {
				t.Errorf("bought %+v, counts %+v", bought, c)
			}
		})
	}
}

// An address that is not all there buys nothing, and no sentence tells any of it.
func TestNoAddress(t *testing.T) {
	change := func(edit func(*channels.Recipient)) channels.Recipient { c := ana; edit(&c); return c }
	for name, test := range map[string]struct {
		to   channels.Recipient
		says string
	}{
		"no street":    {change(func(c *channels.Recipient) { c.Line1 = "" }), "does not show where this order goes in full"},
		"no town":      {change(func(c *channels.Recipient) { c.City = " " }), "does not show where"},
		"masked":       {change(func(c *channels.Recipient) { c.Line1 = "1 H*** S*****" }), "does not show where"},
		"no country":   {change(func(c *channels.Recipient) { c.Region = "" }), "does not show where"},
		"only printed": {channels.Recipient{Name: "Ana Maria", Address: "1 High Street, Leeds", PostalCode: "LS1 1AA", Region: "GB"}, "does not show where"},
		"abroad":       {change(func(c *channels.Recipient) { c.Region = "FR" }), "goes from GB to FR and needs customs papers"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.goes(test.to)
			_, err := r.office().Buy(t.Context(), order, key)
			var trouble *outside.Trouble
			if !errors.As(err, &trouble) || trouble.Wait != fulfilment.WaitTracking || trouble.After != 0 || !strings.Contains(trouble.Sentence, test.says) || strings.Contains(trouble.Sentence, "High") {
				t.Errorf("it fails with %+v, %v", trouble, err)
			}
			if c := r.Counts(); c.Created != 0 {
				t.Errorf("counts %+v", c)
			}
		})
	}
	r := newRig(t)
	if _, err := r.office().Buy(t.Context(), order, key); err == nil {
		t.Error("an order of nobody gets a label")
	}
	r.goes(ana)
	if err := r.vault.Erase(t.Context(), "p1"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.office().Buy(t.Context(), order, key); err == nil || r.Counts().Created != 0 {
		t.Error("an order of somebody who is erased gets a label")
	}
}

// Parts of a country, and of the Union, lie beyond its customs.
func TestCustoms(t *testing.T) {
	for name, test := range map[string]struct {
		from, to string // country, state and postal code
		free     bool
	}{
		"at home": {"GB  N1 1AA", "GB  LS1 1AA", true}, "within the Union": {"DE  10115", "ES  28001", true}, "out of the Union": {"DE  10115", "CH  8001", false},
		"to the Canaries": {"ES  28001", "ES  35001", false}, "on the Canaries": {"ES  35001", "ES  35600", true}, "from the Canaries": {"ES  38001", "DE  10115", false},
		"to Corsica": {"DE  10115", "FR  20000", true}, "to Réunion": {"FR  75001", "FR  97400", false}, "to Livigno": {"IT  20121", "IT  23041", false},
		"to Texas": {"US CA 94105", "US TX 98001", true}, "to the forces": {"US CA 94105", "US ae 09001", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			from, to := strings.SplitN(test.from, " ", 3), strings.SplitN(test.to, " ", 3)
			if err := r.office().Set(t.Context(), postage.Settings{
				Configured: labelevents.Configured{Grams: 1, Length: 1, Width: 1, Height: 1},
				From:       partners.Address{Name: "Shop", Line1: "1 Market Street", City: "Here", Country: from[0], State: from[1], PostalCode: from[2]},
			}, eventlog.Meta{Actor: "test"}); err != nil {
				t.Fatal(err)
			}
			goes := ana
			goes.Region, goes.State, goes.PostalCode = to[0], to[1], to[2]
			r.goes(goes)
			_, err := r.office().Buy(t.Context(), order, key)
			if got := err == nil; got != test.free || !got && !strings.Contains(err.Error(), "needs customs papers") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The key that is kept goes to no other address, whoever asks.
func TestKeptKeyStays(t *testing.T) {
	r := newRig(t)
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	s := postage.Settings{
		Configured: labelevents.Configured{Grams: 1, Length: 1, Width: 1, Height: 1}, BaseURL: other.URL,
		From: partners.Address{Name: "Shop", Line1: "1 Market Street", City: "London", Country: "GB"},
	}
	if err := r.office().Set(t.Context(), s, eventlog.Meta{Actor: "test"}); !errors.Is(err, postage.ErrMove) || asked.Load() != 0 {
		t.Errorf("got %v after %d calls to the other address", err, asked.Load())
	}
	s.BaseURL = r.at
	if err := r.office().Set(t.Context(), s, eventlog.Meta{Actor: "test"}); err != nil {
		t.Errorf("at its own address: %v", err)
	}
}

// A masked name or number is left out: carriers do without.
func TestMaskedName(t *testing.T) {
	r := newRig(t)
	to := ana
	to.Phone = "(+44)7***1"
	r.goes(to)
	if _, err := r.office().Buy(t.Context(), order, key); err != nil {
		t.Fatal(err)
	}
}

// Without a partner nobody is asked, and a label that cannot be given back is a person's.
func TestNoPartner(t *testing.T) {
	r := newRig(t)
	r.goes(ana)
	if _, err := r.office().Buy(t.Context(), order, key); err != nil {
		t.Fatal(err)
	}
	if err := r.office().Remove(t.Context(), eventlog.Meta{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.office().Buy(t.Context(), order, "another"); !errors.Is(err, outside.ErrNoPartner) {
		t.Errorf("it is bought: %v", err)
	}
	var trouble *outside.Trouble
	if err := r.office().Void(t.Context(), key); !errors.As(err, &trouble) || !trouble.Person {
		t.Errorf("it is given back: %v", err)
	}
	if got := r.office().Receive(t.Context(), postage.Hook, http.Header{}, []byte("{}")); got != http.StatusNotFound {
		t.Errorf("a webhook is answered with %d", got)
	}
}
