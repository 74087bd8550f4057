package instagram_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/instagram"
	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim"
)

const (
	account = "17841400000000001"
	catalog = "730000000000000001"
	appKey  = "1234567890"
	secret  = "meta_app_secret_cf_0123456789"
	base    = "http://meta.test"
)

// rig is a simulator and a connector to its one account, over no network, so that time may be virtual.
type rig struct {
	*instagramsim.Sim
	t         *testing.T
	opening   channels.Opening
	tokens    *drawer
	connector *instagram.Connector
	hub       func(r *http.Request) (status int, answer string) // what the simulator's own requests are answered
}

// direct answers requests by a handler; one that it breaks off is an error, as on a network.
type direct struct{ handler func() http.Handler }

func (d direct) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if recover() != nil {
			answer, err = nil, errors.New("connection reset by peer")
		}
	}()
	if r.Context().Err() != nil {
		return nil, r.Context().Err()
	}
	q := r.Clone(r.Context())
	if q.Body == nil {
		q.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.handler().ServeHTTP(w, q)
	return w.Result(), nil
}

func newRig(t *testing.T, cfg instagramsim.Config) *rig {
	t.Helper()
	r := &rig{t: t, tokens: &drawer{}, hub: func(*http.Request) (int, string) { return http.StatusOK, "" }}
	cfg.AppID, cfg.AppSecret, cfg.RequireProof = appKey, secret, true
	cfg.Client = &http.Client{Transport: direct{func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			status, answer := r.hub(q)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, answer)
		})
	}}}
	r.Sim = instagramsim.New(cfg)
	r.AddAccount(instagramsim.Account{ID: account, Username: "shop", Catalog: catalog})
	r.opening = channels.Opening{
		App:    channels.App{ID: "app1", Channel: "instagram", Key: appKey, Secrets: []string{secret}, BaseURL: base, AuthURL: base},
		Client: &http.Client{Transport: direct{r.Handler}}, Clock: time.Now, Timeout: 2 * time.Second,
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return r
}

// connect gives the account's token to the hub.
func (r *rig) connect(kind, catalogID string) {
	r.t.Helper()
	token, shops, err := instagram.Authorize(r.t.Context(), r.opening, channels.Grant{"token": r.NewToken(account, kind), "account": account, "catalog": catalogID})
	if err != nil || len(shops) != 1 {
		r.t.Fatalf("authorised %v, %v", shops, err)
	}
	r.tokens.token = token
	r.open(shops[0])
}

func (r *rig) open(shop channels.Connection) {
	o := r.opening
	o.Connection = shop
	o.Connection.ID = "c1"
	o.Tokens = instagram.Vendor.Keeper(o, r.tokens)
	r.connector = instagram.New(o)
}

func (r *rig) list(code string, quantity int) {
	r.t.Helper()
	if _, err := r.AddItem(catalog, instagramsim.Item{RetailerID: code, Price: "2.50", Quantity: quantity}); err != nil {
		r.t.Fatal(err)
	}
}

// drawer keeps one token and counts how often it was replaced.
type drawer struct {
	mu    sync.Mutex
	token channels.Token
	sets  int
}

func (d *drawer) Token(context.Context) (channels.Token, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.token, nil
}

func (d *drawer) SetToken(_ context.Context, t channels.Token) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.token = t
	d.sets++
	return nil
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d) }

func wantClass(t *testing.T, err error, want channels.Class) {
	t.Helper()
	if err == nil || channels.ClassOf(err) != want {
		t.Errorf("got %v (%s), want class %s", err, channels.ClassOf(err), want)
	}
}

// shop names the catalogue that the connection is kept with.
func (r *rig) shop(catalogID string) {
	r.opening.Connection = channels.Connection{ShopID: account, Extra: map[string]string{"catalog": catalogID}}
}

// reopen opens the connector with what the opening says now.
func (r *rig) reopen() { r.open(r.opening.Connection) }
