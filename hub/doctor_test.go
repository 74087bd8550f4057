package hub_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to break the inbox from outside

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/doctor"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

const (
	shopID    = "7490000000000000001"
	otherShop = "7490000000000000002"
	appKey    = "cfappkey01"
	appSecret = "cf_test_secret_0123456789abcdef"

	// Public addresses of a clinic: that on which the hub listens, where webhooks go there already, and where none do.
	own  = "own"
	bare = "own, bare"
)

// clinic is a hub that serves, and a simulated vendor with two shops of one seller, of which both are connected.
type clinic struct {
	*tiktoksim.Sim
	t          *testing.T
	hub        *hub.Hub
	admin      *hub.Admin
	market     *httptest.Server
	data       string
	address    string // of the hub
	key        string
	connection channels.Connection
	front      atomic.Pointer[http.HandlerFunc] // answers in the vendor's place; nil = the vendor does
	passed     atomic.Int64                     // time that went by at once, for both
	off        atomic.Int64                     // how much the hub's clock is ahead
}

func newClinic(t *testing.T, public string, change ...func(*hub.Options)) *clinic {
	t.Helper()
	c := &clinic{t: t, data: t.TempDir()}
	vendor := func() time.Time { return time.Now().Add(time.Duration(c.passed.Load())) }
	c.Sim = tiktoksim.New(tiktoksim.Config{AppKey: appKey, AppSecret: appSecret, Seed: 1, Clock: vendor})
	c.AddShop(tiktoksim.Shop{ID: shopID, Name: "One"})
	c.AddShop(tiktoksim.Shop{ID: otherShop, Name: "Two"})
	api := c.Handler()
	c.market = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if front := c.front.Load(); front != nil {
			front.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(c.market.Close)
	listener := c.listen()
	o := hub.Options{
		Data: c.data, Log: slog.New(slog.DiscardHandler), Poll: time.Hour, // what comes before is done for a reason
		Clock: func() time.Time { return vendor().Add(time.Duration(c.off.Load())) },
	}
	if o.Public = public; public == own || public == bare {
		o.Public = c.address
	}
	for _, do := range change {
		do(&o)
	}
	c.begin(o, listener, hub.MakeKey{Name: "doctor", Role: accounts.Operator, Days: 1000}, c.Run)
	if public == own { // as if it had been connected before: setting them up takes its time, by the pace of writes
		app, err := c.hub.Shops.AddApp(t.Context(), channels.App{Channel: "tiktok", Key: appKey, Secrets: []string{appSecret}, BaseURL: c.market.URL, AuthURL: c.market.URL})
		fatal(t, err)
		for _, shop := range []string{shopID, otherShop} {
			fatal(t, c.SetWebhookURL(shop, c.address+"/webhooks/tiktok/"+app.ID))
		}
	}
	connected, err := c.admin.Connect(t.Context(), hub.ConnectShop{
		Channel: "tiktok", BaseURL: c.market.URL, AuthURL: c.market.URL, Key: appKey, Secret: appSecret, Given: channels.Grant{"code": c.AuthCode(shopID, otherShop)},
	})
	fatal(t, err)
	i := slices.IndexFunc(connected.Shops, func(s channels.Connection) bool { return s.ShopID == shopID })
	c.connection = connected.Shops[i]
	return c
}

// listen takes the address on which the hub will serve.
func (c *clinic) listen() net.Listener {
	c.t.Helper()
	listener, err := new(net.ListenConfig).Listen(c.t.Context(), "tcp", "127.0.0.1:0")
	fatal(c.t, err)
	c.address = "http://" + listener.Addr().String()
	return listener
}

// begin has the hub serve until the test ends, with what runs beside it, and makes a key for the test.
func (c *clinic) begin(o hub.Options, listener net.Listener, key hub.MakeKey, beside ...func(context.Context) error) {
	c.t.Helper()
	var err error
	c.hub, err = hub.Open(c.t.Context(), o)
	fatal(c.t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1+len(beside))
	go func() { done <- c.hub.Run(ctx, listener) }()
	for _, part := range beside {
		go func() { done <- part(ctx) }()
	}
	c.t.Cleanup(func() {
		stop()
		for range cap(done) {
			if err := <-done; !errors.Is(err, context.Canceled) {
				c.t.Errorf("ended with %v", err)
			}
		}
		fatal(c.t, c.hub.Close())
	})
	fatal(c.t, c.hub.Ready(c.t.Context()))
	c.admin, err = hub.Reach(c.t.Context(), o)
	fatal(c.t, err)
	c.t.Cleanup(func() { fatal(c.t, c.admin.Close()) })
	c.key, err = c.admin.Key(c.t.Context(), key)
	fatal(c.t, err)
}

// ask reads a route of the hub, when the views show all that the log has.
func (c *clinic) ask(path string, into any) {
	c.t.Helper()
	fatal(c.t, c.hub.Projections.WaitFor(c.t.Context(), c.hub.Log.Head().Position))
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.address+path, nil)
	fatal(c.t, err)
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	fatal(c.t, err)
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %d", path, answer.StatusCode)
	}
	fatal(c.t, json.NewDecoder(answer.Body).Decode(into))
}

func (c *clinic) examine() (r doctor.Report) {
	c.t.Helper()
	c.ask("/api/v1/connections/"+c.connection.ID+"/doctor", &r)
	return r
}

// until waits for something that the hub does by itself.
func (c *clinic) until(what string, reached func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(time.Minute); !reached(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("not within a minute: %s", what)
		}
	}
}

var checks = []string{"credentials", "token", "scopes", "clock", "shop", "webhooks", "test event", "locations"}

// TestDoctorOfAnotherPage: a page elsewhere has no browser of an owner ask the channel.
func TestDoctorOfAnotherPage(t *testing.T) {
	c := newClinic(t, own)
	for site, want := range map[string]int{"cross-site": http.StatusForbidden, "same-site": http.StatusForbidden, "same-origin": http.StatusOK} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.address+"/api/v1/connections/"+c.connection.ID+"/doctor", nil)
		fatal(t, err)
		r.Header.Set("Authorization", "Bearer "+c.key)
		r.Header.Set("Sec-Fetch-Site", site)
		r.Close = true
		answer, err := http.DefaultClient.Do(r)
		fatal(t, err)
		fatal(t, answer.Body.Close())
		if answer.StatusCode != want {
			t.Errorf("%s: %d, want %d", site, answer.StatusCode, want)
		}
	}
}

// wantGreen wants every check green, but for those that are named.
func wantGreen(t *testing.T, r doctor.Report, grey ...string) {
	t.Helper()
	var names []string
	for _, check := range r.Checks {
		names = append(names, check.Name)
		want := "green"
		if slices.Contains(grey, check.Name) {
			want = "grey"
		}
		if check.State != want || check.Found == "" || check.Mend != "" {
			t.Errorf("%+v, want %s", check, want)
		}
	}
	if r.State != "green" || !slices.Equal(names, checks) {
		t.Errorf("%s with %v", r.State, names)
	}
}

// TestDoctorFindsWhatIsBroken breaks one thing after another, each alone, and wants that line red with its mend, and no
// other one.
func TestDoctorFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	without := func(missing string) (scopes []string) {
		for _, s := range []string{
			"seller.authorization.info", "seller.order.info", "seller.product.basic", "seller.product.write", "seller.fulfillment.basic",
			"seller.fulfillment.package.write", "seller.logistics", "seller.return_refund.basic",
		} {
			if s != missing {
				scopes = append(scopes, s)
			}
		}
		return scopes
	}
	answering := func(path, answer string) func(*clinic) error { // at a path the vendor answers so, whatever is asked
		return func(c *clinic) error {
			vendor := c.Handler()
			front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasPrefix(r.URL.Path, path) {
					vendor.ServeHTTP(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(answer))
			})
			c.front.Store(&front)
			return nil
		}
	}
	lacking := func(scope string) func(*clinic) error {
		return func(c *clinic) error {
			defer c.ExpireToken(shopID) // the next pair tells what it allows
			return c.SetScopes(shopID, without(scope)...)
		}
	}
	for _, test := range []struct {
		name  string
		spoil func(*clinic) error
		red   string // the check
		found string // part of what is said of it
		mend  string
	}{
		{"the secret is wrong", func(c *clinic) error {
			_, err := c.hub.Shops.AddApp(c.t.Context(), channels.App{Channel: "tiktok", Key: appKey, Secrets: []string{"wrong"}})
			return err
		}, "credentials", "106001", "copy its key and secret"},
		{"the vendor does not answer", func(c *clinic) error { c.market.Close(); return nil }, "credentials", "does not answer", "way to the internet"},
		{"the seller ended the authorisation", func(c *clinic) error { c.EndAuthorisation(shopID); return nil }, "token", "has ended", "authorise the app again"},
		{"the refresh token expired", func(c *clinic) error { c.passed.Add(int64(181 * 24 * time.Hour)); return nil }, "token", "has ended", "authorise the app again"},
		{"orders may not be read", lacking("seller.order.info"), "scopes", "seller.order.info (reading orders)", "Manage API"},
		{"listings may not be read", lacking("seller.product.basic"), "scopes", "seller.product.basic", "Manage API"},
		{"packages may not be read", lacking("seller.fulfillment.basic"), "scopes", "seller.fulfillment.basic", "Manage API"},
		{"cancellations and returns may not be read", lacking("seller.return_refund.basic"), "scopes", "seller.return_refund.basic (reading cancellations and returns)", "Manage API"},
		{
			"TikTok has retired a call", answering("/fulfillment/202309/packages/search", `{"code":36009014,"message":"the version is retired","request_id":"1"}`),
			"scopes", "reading packages and labels did not work", "newer version of CreatorFlow",
		},
		{
			"TikTok has retired the simplest call", answering("/authorization/202309/shops", `{"code":36009014,"message":"the version is retired","request_id":"1"}`),
			"credentials", "refuses even the simplest call", "update CreatorFlow",
		},
		{
			"the app's list lacks this machine", answering("/", `{"code":36009033,"message":"the IP is not allowed","request_id":"1"}`),
			"credentials", "takes no calls of this app from this machine", "public IP address",
		},
		{
			"the token opens another shop", answering("/order/202309/orders/search", `{"code":101000,"message":"the token and the cipher do not match","request_id":"1"}`),
			"shop", "the token does not open the shop", "authorise the app again",
		},
		{"warehouses may not be read", lacking("seller.logistics"), "scopes", "seller.logistics", "Manage API"},
		{"shops may not be listed", lacking("seller.authorization.info"), "scopes", "seller.authorization.info", "Manage API"},
		{"quantities may not be written", lacking("seller.product.write"), "scopes", "seller.product.write (writing quantities)", "Manage API"},
		{"shipment may not be arranged", lacking("seller.fulfillment.package.write"), "scopes", "seller.fulfillment.package.write", "Manage API"},
		{"the clock is 6 minutes behind", func(c *clinic) error { c.off.Store(-int64(6 * time.Minute)); return nil }, "clock", "behind TikTok's", "timedatectl"},
		{"the clock is 6 minutes ahead", func(c *clinic) error { c.off.Store(int64(6 * time.Minute)); return nil }, "clock", "ahead of TikTok's", "timedatectl"},
		{"the shop is no longer authorised", func(c *clinic) error { return c.Withdraw(shopID) }, "shop", shopID + " is not among the 1 ", "authorise the app again"},
		{"the cipher is stale", func(c *clinic) error {
			app, _ := c.hub.Shops.App("tiktok", c.connection.App)
			pair := c.Tokens(shopID)
			stale := c.connection
			stale.Cipher = "ROW_stale"
			_, err := c.hub.Shops.AddShop(c.t.Context(), app, channels.Token{Access: pair.AccessToken, Refresh: pair.RefreshToken}, stale)
			return err
		}, "shop", "another cipher", "authorise the app again"},
		{"a webhook was removed at the channel", func(c *clinic) error { return c.SetWebhook(shopID, "PACKAGE_UPDATE", "") }, "webhooks", "nowhere: PACKAGE_UPDATE.", "sets them up again"},
		{"a webhook goes to another address", func(c *clinic) error {
			return c.SetWebhook(shopID, "ORDER_STATUS_CHANGE", "https://old.example/hook")
		}, "webhooks", "ORDER_STATUS_CHANGE to https://old.example/hook", "doctor --take-webhooks"},
		{"the inbox takes nothing", func(c *clinic) error {
			db, err := sql.Open("sqlite", "file:"+filepath.Join(c.data, "vault.db")+"?_pragma=busy_timeout(30000)")
			if err != nil {
				return err
			}
			_, err = db.ExecContext(c.t.Context(), `create trigger refuse before insert on inbox begin select raise(abort, 'no'); end`)
			return errors.Join(err, db.Close())
		}, "test event", "answered a signed one with 503", "hub's log"},
		{"no warehouse sells", func(c *clinic) error { return c.SetWarehouse(shopID, "DISABLED") }, "locations", "is disabled", "warehouse settings"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t, own)
			wantGreen(t, c.examine())
			fatal(t, test.spoil(c))
			r := c.examine()
			if r.State != "red" {
				t.Errorf("the report is %s", r.State)
			}
			for _, check := range r.Checks {
				switch {
				case check.Name != test.red && check.State == "red":
					t.Errorf("%+v is red as well", check)
				case check.Name == test.red && (check.State != "red" || !strings.Contains(check.Found, test.found) || !strings.Contains(check.Mend, test.mend)):
					t.Errorf("%+v, want red with %q, mended by %q", check, test.found, test.mend)
				case check.State == "grey" && !strings.HasPrefix(check.Found, "Not looked at: "):
					t.Errorf("%+v does not say why", check)
				}
			}
		})
	}
}

// A hub without a public address polls: that is no fault, and nothing is asked of the channel about webhooks.
func TestDoctorOfAHubThatPolls(t *testing.T) {
	t.Parallel()
	c := newClinic(t, "")
	wantGreen(t, c.examine(), "webhooks")
	if n := c.Counts().Requests["GET /event/202309/webhooks"] + c.Counts().Requests["PUT /event/202309/webhooks"]; n != 0 {
		t.Errorf("%d calls about webhooks", n)
	}
	if _, err := c.admin.Doctor(t.Context(), hub.Examine{Take: true}); err == nil || !strings.Contains(err.Error(), "--public-url") {
		t.Errorf("webhooks were taken to nowhere: %v", err)
	}
	if _, err := c.admin.Doctor(t.Context(), hub.Examine{Connection: "nobody"}); err == nil {
		t.Error("nobody was examined")
	}
	all, err := c.admin.Doctor(t.Context(), hub.Examine{})
	if err != nil || len(all) != 2 {
		t.Errorf("%d reports, %v, want one for each shop", len(all), err)
	}
}

// A public address that the channel refuses costs no connection, and the doctor says what is wrong with it.
func TestDoctorOfARefusedAddress(t *testing.T) {
	t.Parallel()
	c := newClinic(t, "gopher://hub.example")
	got := c.examine().Checks[5]
	if got.State != "red" || !strings.Contains(got.Found, "nowhere: ORDER_STATUS_CHANGE") || !strings.Contains(got.Found, "address must be a URL") ||
		!strings.Contains(got.Mend, "--public-url that the channel takes") {
		t.Errorf("%+v", got)
	}
}

// The hub finds itself by its own certificate, whatever name that is for, and knows that behind a proxy it cannot.
func TestDoctorFindsItsOwnListener(t *testing.T) {
	t.Parallel()
	files := certificate(t)
	for name, test := range map[string]struct {
		change func(*hub.Options)
		state  string
	}{
		"https":        {func(o *hub.Options) { o.TLS = files }, "green"},
		"from a proxy": {func(o *hub.Options) { o.TrustProxy = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }, "grey"},
	} {
		c := newClinic(t, "", test.change)
		reports, err := c.admin.Doctor(t.Context(), hub.Examine{Connection: c.connection.ID})
		fatal(t, err)
		if got := reports[0].Checks[6]; got.State != test.state {
			t.Errorf("%s: %+v, want %s", name, got, test.state)
		}
	}
}

// TestDoctorOfItsOwnAnswers: whatever answers the signed test webhook in the hub's place is told apart, with what mends it, and the
// line is green again once the hub answers.
func TestDoctorOfItsOwnAnswers(t *testing.T) {
	t.Parallel()
	c := newClinic(t, own)
	released := make(chan struct{})
	answers := func(status int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
		}
	}
	quick := func(client *http.Client) { client.Timeout = 100 * time.Millisecond }
	tests := []struct {
		name   string
		front  http.HandlerFunc
		change func(*http.Client)
		scheme string // put in the place of http
		found  string
		mend   string
	}{
		{name: "another path", front: http.NotFound, found: "Something else answers in the hub's place at http://127.0.0.1:", mend: "pass /webhooks/ on unchanged"},
		{name: "a redirect", front: answers(http.StatusMovedPermanently, "Location", c.address), found: "a signed webhook got 301", mend: "pass /webhooks/ on unchanged"},
		{name: "no POST", front: answers(http.StatusMethodNotAllowed), found: "a signed webhook got 405", mend: "Stop what answers there"},
		{name: "refused by its signature", front: answers(http.StatusUnauthorized), found: "signed with its own app secret", mend: "present key and secret"},
		{name: "a proxy without a hub", front: answers(http.StatusBadGateway), found: "answered a signed one with 502", mend: "hub's log"},
		{name: "a program that takes everything", front: answers(http.StatusOK), found: "it is not in the inbox", mend: "Another program answers at http://"},
		{name: "nobody", found: "connection refused", mend: "own address"},
		{name: "no TLS where there should be", front: answers(http.StatusOK), scheme: "https", found: "HTTP response to HTTPS client", mend: "own address"},
		{name: "broken off", front: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, found: "(EOF)", mend: "own address"},
		{name: "too slow", front: func(http.ResponseWriter, *http.Request) { <-released }, change: quick, found: "did not answer itself", mend: "what keeps this machine or its disk busy"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			front := httptest.NewServer(test.front)
			defer front.Close()
			if test.front == nil {
				front.Close()
			}
			at := front.URL
			if test.scheme != "" {
				at = strings.Replace(at, "http", test.scheme, 1)
			}
			client := &http.Client{
				Transport:     &http.Transport{DisableKeepAlives: true},
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			}
			if test.change != nil {
				test.change(client)
				defer close(released)
			}
			d := doctor.New(doctor.Options{
				Connect: c.hub.Shops, Vault: c.hub.Vault, Clock: time.Now, Missing: func(string) {},
				Listener: func() (string, *http.Client, string) { return at, client, "" },
			})
			look := func() doctor.Report {
				t.Helper()
				r, ok, err := d.Examine(t.Context(), c.connection.ID)
				fatal(t, err)
				if !ok || len(r.Checks) != len(checks) {
					t.Fatalf("%+v, %v", r, ok)
				}
				return r
			}
			r := look()
			for _, check := range r.Checks {
				if red := check.Name == "test event"; red != (check.State == "red") {
					t.Errorf("%+v", check)
				}
			}
			if got := r.Checks[6]; !strings.Contains(got.Found, test.found) || !strings.Contains(got.Mend, test.mend) {
				t.Errorf("%+v, want %q, mended by %q", got, test.found, test.mend)
			}
			at, client.Timeout = c.address, 0
			wantGreen(t, look())
		})
	}
}

// certificate makes one for a name that this machine does not have.
func certificate(t *testing.T) (files [2]string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(t, err)
	made := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"hub.example"}, NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	fatal(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	fatal(t, err)
	for i, block := range []*pem.Block{{Type: "CERTIFICATE", Bytes: raw}, {Type: "PRIVATE KEY", Bytes: secret}} {
		files[i] = filepath.Join(t.TempDir(), block.Type)
		fatal(t, os.WriteFile(files[i], pem.EncodeToMemory(block), 0o600))
	}
	return files
}

// The test webhook is kept as a test: it makes no order and no letter, and does not count as news of the channel.
func TestDoctorsTestEventChangesNothing(t *testing.T) {
	t.Parallel()
	c := newClinic(t, own)
	before := c.hub.Log.Head().Position
	wantGreen(t, c.examine())
	fatal(t, c.hub.Ingest.CaughtUp(t.Context()))
	if got := c.hub.Log.Head().Position; got != before {
		t.Errorf("the log went from %d to %d", before, got)
	}
	item, err := c.hub.Vault.Item(t.Context(), 1)
	if err != nil || item.State != vault.Done || !strings.Contains(item.Reason, "test of the hub's own") {
		t.Errorf("in the inbox: %+v, %v", item, err)
	}
	for _, s := range c.hub.Ingest.Status() {
		if s.Webhooks != 0 || !s.LastWebhook.IsZero() {
			t.Errorf("counted as a webhook of the channel: %+v", s)
		}
	}
}

// topicsSet lists what the log says of webhooks that were set up for the shop.
func (c *clinic) topicsSet() (list []shopevents.Subscribed) {
	c.t.Helper()
	records, err := c.hub.Log.ReadStream(c.t.Context(), shopevents.Connection(workspace.Main, c.connection.ID), 0, 1000)
	fatal(c.t, err)
	for _, r := range records {
		if e, ok := r.Event.(shopevents.Subscribed); ok {
			list = append(list, e)
		}
	}
	return list
}

// Webhooks are set up when a shop is connected, again when a doctor or a day finds them missing, and taken from another
// address only when a person says so. Each is an event.
func TestWebhooksAreSetUpAndSayIt(t *testing.T) {
	t.Parallel()
	c := newClinic(t, bare)
	ours := c.address + "/webhooks/tiktok/" + c.connection.App
	first := c.topicsSet()
	if len(first) != 7 || first[0].Address != ours || first[0].Was != "" || first[0].Connection != c.connection.ID {
		t.Fatalf("set up when connected: %+v", first)
	}
	puts := func() int { return c.Counts().Requests["PUT /event/202309/webhooks"] }
	if n := puts(); n != 14 {
		t.Errorf("%d were written for two shops, want 7 each", n)
	}
	const elsewhere = "https://old.example/hook"
	fatal(t, c.SetWebhook(shopID, "RECIPIENT_ADDRESS_UPDATE", elsewhere))
	fatal(t, c.SetWebhook(shopID, "PACKAGE_UPDATE", ""))
	if r := c.examine(); r.Checks[5].State != "red" {
		t.Errorf("%+v", r.Checks[5])
	}
	c.until("the missing webhook is set up again", func() bool { return len(c.topicsSet()) == 8 })
	if last := c.topicsSet()[7]; last.Topic != "PACKAGE_UPDATE" || last.Was != "" {
		t.Errorf("set up again: %+v", last)
	}
	r := c.examine()
	if got := r.Checks[5]; got.State != "red" || strings.Contains(got.Found, "PACKAGE") || !strings.Contains(got.Found, elsewhere) {
		t.Errorf("what another one may need was touched: %+v", got)
	}
	reports, err := c.admin.Doctor(t.Context(), hub.Examine{Connection: c.connection.ID, Take: true})
	fatal(t, err)
	wantGreen(t, reports[0])
	if last := c.topicsSet()[8:]; len(last) != 1 || last[0].Topic != "RECIPIENT_ADDRESS_UPDATE" || last[0].Was != elsewhere {
		t.Errorf("taken over: %+v", last)
	}
	before := puts()
	wantGreen(t, c.examine())
	if puts() != before {
		t.Error("what is well was written again")
	}
}

// What the channel says of an authorisation's end is the connection's state, with what to do.
func TestEndOfAnAuthorisationIsTold(t *testing.T) {
	t.Parallel()
	type item struct {
		ID, State, Error, Mend, Warning string
		ExpiresAt                       *time.Time `json:"expires_at"`
	}
	c := newClinic(t, own)
	shop := func() item {
		t.Helper()
		var list struct{ Items []item }
		c.ask("/api/v1/connections", &list)
		i := slices.IndexFunc(list.Items, func(i item) bool { return i.ID == c.connection.ID })
		if i < 0 {
			return item{}
		}
		return list.Items[i]
	}
	token := c.Tokens(shopID).RefreshExpires.Truncate(time.Second)
	c.until("the end of the refresh token is known", func() bool { at := shop().ExpiresAt; return at != nil && at.Equal(token) })
	if got := shop(); got.Warning != "" || got.State != "ok" {
		t.Errorf("long before the end: %+v", got)
	}
	ends := time.Now().Add(20 * 24 * time.Hour).Truncate(time.Second)
	fatal(t, c.WarnExpiry(shopID, ends))
	c.until("the end is announced", func() bool { return shop().Warning != "" })
	if got := shop(); got.ExpiresAt == nil || !got.ExpiresAt.Equal(ends) || !strings.Contains(got.Warning, ends.UTC().Format("2 January 2006")) ||
		!strings.Contains(got.Mend, "Connect the shop again") || got.State != "ok" {
		t.Errorf("after the announcement: %+v", got)
	}
	c.EndAuthorisation(shopID)
	c.until("the end is told", func() bool { return shop().State == "failing" })
	if got := shop(); !strings.Contains(got.Error, "The seller ended the authorisation") || !strings.Contains(got.Mend, "Connect the shop again") {
		t.Errorf("after the end: %+v", got)
	}
}
