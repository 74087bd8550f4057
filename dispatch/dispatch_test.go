package dispatch_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/connect"
	"github.com/creatorflow/creatorflow/dispatch"
	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/storage/memory"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

const shopID = "7490000000000000001"

// rig is a simulated shop that is connected, and a desk over it.
type rig struct {
	*tiktoksim.Sim
	*dispatch.Desk
	t          *testing.T
	vault      *vault.Vault
	connection string
	passing    func(*http.Request) bool // false loses a request before it arrives; nil loses none
}

func newRig(t *testing.T, cfg tiktoksim.Config) *rig {
	t.Helper()
	cfg.AppKey, cfg.AppSecret, cfg.Seed = "cfappkey01", "cf_test_secret_0123456789abcdef", 1
	r := &rig{t: t, Sim: tiktoksim.New(cfg)}
	r.AddShop(tiktoksim.Shop{ID: shopID, Name: "One"})
	if _, err := r.AddProduct(shopID, tiktoksim.Product{Title: "Hoodie", SKUs: []tiktoksim.SKU{
		{ID: "1729000000000000777", SellerSKU: "HOODIE-M", Price: "19.99", Quantity: 100},
		{ID: "1729000000000000778", SellerSKU: "HOODIE-L", Price: "21.50", Quantity: 100},
	}}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if r.passing != nil && !r.passing(request) {
			panic(http.ErrAbortHandler)
		}
		r.Handler().ServeHTTP(w, request)
	}))
	t.Cleanup(server.Close)
	log, err := eventlog.Open(t.Context(), memory.NewLog(uuid.New()), eventlog.Options{Decode: events.Decode, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if r.vault, err = vault.Open(storagetest.New(t).Vault(), vault.Master{1}, vault.Options{Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	registry, err := connect.Open(t.Context(), log, r.vault, connect.Options{Clock: time.Now, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	app, err := registry.AddApp(t.Context(), channels.App{Channel: "tiktok", Key: cfg.AppKey, Secrets: []string{cfg.AppSecret}, BaseURL: server.URL, AuthURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	added, err := registry.Authorize(t.Context(), app.ID, channels.Grant{"code": r.AuthCode(shopID)}, "")
	if err != nil {
		t.Fatal(err)
	}
	r.connection = added[0].ID
	r.Desk = dispatch.New(registry, r.vault)
	return r
}

// place is an order with its parcel as the flow knows it.
func (r *rig) place(n tiktoksim.NewOrder) (outside.Parcel, []string) {
	r.t.Helper()
	n.BuyerID, n.BuyerName, n.Address, n.City = "7494000000000000001", "Ana Maria", "1 High Street", "Leeds"
	n.Lines = []tiktoksim.Line{{SKUID: "1729000000000000777", Quantity: 2}, {SKUID: "1729000000000000778", Quantity: 1}}
	id, err := r.PlaceOrder(shopID, n)
	if err != nil {
		r.t.Fatal(err)
	}
	o, err := r.Order(shopID, id)
	if err != nil {
		r.t.Fatal(err)
	}
	var packages []string
	for _, p := range o.Packages {
		packages = append(packages, p.ID)
	}
	return outside.Parcel{Order: r.connection + ":" + id, Connection: r.connection, ChannelID: id, Packages: packages, Person: "p1"}, packages
}

func (r *rig) must(p outside.Parcel, again bool) outside.Labelled {
	r.t.Helper()
	l, err := r.Label(r.t.Context(), p, again)
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

func (r *rig) trouble(err error) outside.Trouble {
	r.t.Helper()
	var t *outside.Trouble
	if !errors.As(err, &t) {
		r.t.Fatalf("got %v, want a trouble", err)
	}
	return *t
}

func (r *rig) wantEffects(packages []string, ships int) {
	r.t.Helper()
	c := r.Counts()
	for _, pkg := range packages {
		if c.Ships[pkg] != ships || len(c.Twice()) > 0 {
			r.t.Errorf("package %s: %d ships, twice %v; want %d", pkg, c.Ships[pkg], c.Twice(), ships)
		}
	}
}

func TestLabelIsKeptAndOpens(t *testing.T) {
	r := newRig(t, tiktoksim.Config{})
	p, packages := r.place(tiktoksim.NewOrder{Packages: 2})
	l := r.must(p, false)
	if l.Label != dispatch.LabelID(p.Order, packages[0]) || l.Type != "application/pdf" || len(strings.Split(l.Tracking, ", ")) != 2 {
		t.Errorf("labelled %+v", l)
	}
	for _, pkg := range packages {
		kept, err := r.vault.Label(t.Context(), dispatch.LabelID(p.Order, pkg))
		if err != nil || !bytes.HasPrefix(kept.File, []byte("%PDF-")) || kept.Person != "p1" || kept.Tracking == "" {
			t.Errorf("kept %d bytes for %q, %v", len(kept.File), kept.Person, err)
		}
	}
	if shown, err := r.Shown(t.Context(), p); !shown || err != nil {
		t.Errorf("shown %v, %v", shown, err)
	}
	before := r.Counts().Requests
	if again := r.must(p, true); again.Label != l.Label || again.Tracking != l.Tracking {
		t.Errorf("again %+v, was %+v", again, l)
	}
	if after := r.Counts().Requests; len(after) != len(before) || after["GET /fulfillment/202309/packages/{package_id}"] != before["GET /fulfillment/202309/packages/{package_id}"] {
		t.Error("a kept label was asked for again")
	}
	r.wantEffects(packages, 1)
}

func TestPackagesAreFoundWhenTheNewsNamedNone(t *testing.T) {
	r := newRig(t, tiktoksim.Config{})
	p, packages := r.place(tiktoksim.NewOrder{})
	p.Packages = nil
	if l := r.must(p, false); l.Label != dispatch.LabelID(p.Order, packages[0]) {
		t.Errorf("labelled %+v", l)
	}
	p, _ = r.place(tiktoksim.NewOrder{Unpaid: true})
	_, err := r.Label(t.Context(), p, false)
	if got := r.trouble(err); got.After == 0 || got.Person || got.Wait != "" {
		t.Errorf("no package yet: %+v", got)
	}
}

func TestLostAnswersShipOnce(t *testing.T) {
	for name, f := range map[string]tiktoksim.Faults{"done, then dropped": {APITimeoutAfter: 1}, "done, then garbage": {APIGarbage: 1}, "down": {API5xx: 1}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, tiktoksim.Config{})
			p, packages := r.place(tiktoksim.NewOrder{})
			r.SetFaults(f)
			for try := range 2 {
				_, err := r.Label(t.Context(), p, try > 0)
				if got := r.trouble(err); got.Person || got.Wait != "" || got.After == 0 || got.Unsure != (try == 0) {
					t.Errorf("try %d: %+v", try, got)
				}
			}
			r.SetFaults(tiktoksim.Faults{})
			r.must(p, true)
			r.wantEffects(packages, 1)
			if n := r.Counts().ShipAttempts[packages[0]]; n != 1 {
				t.Errorf("asked to ship %d times", n)
			}
		})
	}
}

// A request that was accepted and did nothing is found out by looking, and done then.
func TestAcceptedAndNotDone(t *testing.T) {
	r := newRig(t, tiktoksim.Config{Faults: tiktoksim.Faults{ShipNotApplied: 1}})
	p, packages := r.place(tiktoksim.NewOrder{})
	_, err := r.Label(t.Context(), p, false)
	if got := r.trouble(err); got.Person || !got.Unsure {
		t.Errorf("a later try would mend it: %+v", got)
	}
	if shown, err := r.Shown(t.Context(), p); shown || err != nil {
		t.Errorf("shown %v, %v", shown, err)
	}
	r.SetFaults(tiktoksim.Faults{})
	r.must(p, true)
	r.wantEffects(packages, 1)
}

// The look at why a label was refused may fail, too: that is no reason to call a person.
func TestALookThatFailsIsTriedAgain(t *testing.T) {
	r := newRig(t, tiktoksim.Config{Faults: tiktoksim.Faults{ShipNotApplied: 1}})
	p, packages := r.place(tiktoksim.NewOrder{})
	r.passing = func(request *http.Request) bool {
		return !strings.HasSuffix(request.URL.Path, packages[0]) // every call but the look
	}
	_, err := r.Label(t.Context(), p, false)
	if got := r.trouble(err); got.Person || got.After == 0 || got.Unsure {
		t.Errorf("nobody knows why there is no label: %+v", got)
	}
}

// A parcel that the carrier took without our label needs no person: the order's news say that it left.
func TestAParcelThatLeftWithoutALabel(t *testing.T) {
	r := newRig(t, tiktoksim.Config{LabelNotReady: 1})
	p, packages := r.place(tiktoksim.NewOrder{})
	if _, err := r.Label(t.Context(), p, false); err == nil {
		t.Fatal("there was a label at once")
	}
	if err := r.Collect(shopID, p.ChannelID); err != nil {
		t.Fatal(err)
	}
	_, err := r.Label(t.Context(), p, true)
	if got := r.trouble(err); got.Person || got.Wait != fulfilment.WaitChannel || got.After == 0 {
		t.Errorf("the order goes on with its news: %+v", got)
	}
	r.wantEffects(packages, 1)
}

func TestALabelThatIsBeingMade(t *testing.T) {
	r := newRig(t, tiktoksim.Config{LabelNotReady: 2})
	p, packages := r.place(tiktoksim.NewOrder{})
	for try := range 2 {
		_, err := r.Label(t.Context(), p, try > 0)
		if got := r.trouble(err); got.After < time.Second || got.Person || !strings.Contains(got.Sentence, "11034037") {
			t.Errorf("try %d: %+v", try, got)
		}
	}
	r.must(p, true)
	r.wantEffects(packages, 1)
}

func TestTroubleSaysWhatMendsIt(t *testing.T) {
	r := newRig(t, tiktoksim.Config{})
	p, _ := r.place(tiktoksim.NewOrder{})
	if err := r.RequestCancel(shopID, p.ChannelID, "buyer"); err != nil {
		t.Fatal(err)
	}
	_, err := r.Label(t.Context(), p, false)
	if got := r.trouble(err); got.Person || got.Wait != fulfilment.WaitDecision || !strings.Contains(got.Sentence, "21011007") {
		t.Errorf("an open request to cancel: %+v", got)
	}
	if err := r.CancelOrder(shopID, p.ChannelID, "buyer"); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"label":          func() error { _, err := r.Label(t.Context(), p, false); return err },
		"label again":    func() error { _, err := r.Label(t.Context(), p, true); return err },
		"shown":          func() error { _, err := r.Shown(t.Context(), p); return err },
		"label of order": func() error { q := p; q.Packages = nil; _, err := r.Label(t.Context(), q, false); return err },
	} {
		if got := r.trouble(call()); got.Wait != fulfilment.WaitChannel {
			t.Errorf("%s of a cancelled order: %+v", name, got)
		}
	}
	p.Connection = "nosuch"
	_, err = r.Shown(t.Context(), p)
	if got := r.trouble(err); got.Person || got.Wait != fulfilment.WaitAuthorisation || !strings.HasSuffix(got.Sentence, "Connect the shop again; the order then goes on by itself.") {
		t.Errorf("an unknown connection: %+v", got)
	}
}

func TestAnExpiredTokenIsRefreshed(t *testing.T) {
	r := newRig(t, tiktoksim.Config{})
	p, packages := r.place(tiktoksim.NewOrder{})
	r.ExpireToken(shopID)
	r.must(p, false)
	r.wantEffects(packages, 1)
}
