package instagram_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/instagram"
	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim"
)

// TestWritesLeaveTogether: a hundred quantities that come at once cost a few calls, and each caller hears of its own item.
func TestWritesLeaveTogether(t *testing.T) {
	r := newRig(t, instagramsim.Config{Clock: time.Now})
	r.connect("EAA", catalog)
	const items = 100
	for n := range items {
		r.list(fmt.Sprintf("SKU-%d", n), 1)
	}
	r.SetFaults(instagramsim.Faults{Latency: 20 * time.Millisecond}) // so that they meet
	errs := make([]error, items+1)
	var wg sync.WaitGroup
	for n := range items + 1 { // the last is not in the catalogue
		wg.Go(func() {
			errs[n] = r.connector.SetQuantity(t.Context(), "", fmt.Sprintf("SKU-%d", n), int64(n))
		})
	}
	wg.Wait()
	for n, err := range errs[:items] {
		if err != nil || r.Listed(catalog, fmt.Sprintf("SKU-%d", n)) != n {
			t.Errorf("SKU-%d: %v, listed %d", n, err, r.Listed(catalog, fmt.Sprintf("SKU-%d", n)))
		}
	}
	wantClass(t, errs[items], channels.Rejected)
	if c := r.Counts(); c.Batches > 5 || c.Created != 0 || len(c.Writes) != items {
		t.Errorf("%d batches, %d created, %d items written", c.Batches, c.Created, len(c.Writes))
	}
}

// TestTwoWritesOfOneItem: both take effect, in the order in which they came.
func TestTwoWritesOfOneItem(t *testing.T) {
	r := newRig(t, instagramsim.Config{Clock: time.Now})
	r.connect("EAA", catalog)
	r.list("MUG", 9)
	for _, quantity := range []int64{0, 4} {
		if err := r.connector.SetQuantity(t.Context(), "", "MUG", quantity); err != nil {
			t.Fatal(err)
		}
	}
	if i, err := r.Item(catalog, "MUG"); err != nil || i.Quantity != 4 || i.Availability != "in stock" || r.Counts().Writes["MUG"] != 2 {
		t.Errorf("%+v, %v", i, err)
	}
}

// TestRefusedLater: what a batch says of an item only after it was accepted is told at the item's next write, once.
func TestRefusedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, instagramsim.Config{ApplyDelay: time.Minute, Look: time.Hour})
		r.connect("EAA", catalog)
		r.list("MUG", 9)
		set := func(quantity int64) error { return r.connector.SetQuantity(t.Context(), "", "MUG", quantity) }
		if err := set(5); err != nil {
			t.Fatal(err)
		}
		if err := r.RemoveItem(catalog, "MUG"); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if got, err := r.connector.Quantities(t.Context(), []string{"MUG"}); err != nil || len(got) != 0 {
			t.Errorf("%v, %v", got, err)
		}
		r.list("MUG", 9)
		err := set(5)
		wantClass(t, err, channels.Rejected)
		if err != nil && !strings.Contains(err.Error(), "does not exist") {
			t.Errorf("it does not say why: %v", err)
		}
		if err := set(5); err != nil {
			t.Errorf("told twice: %v", err)
		}
	})
}

// TestErrorClasses: what is done about each of the vendor's codes.
func TestErrorClasses(t *testing.T) {
	for code, want := range map[string]channels.Class{
		"190": channels.Auth, "10": channels.Auth, "200": channels.Auth, "283": channels.Auth,
		"4": channels.Throttled, "17": channels.Throttled, "32": channels.Throttled, "613": channels.Throttled, "80002": channels.Throttled, "80014": channels.Throttled,
		"1": channels.Unsure, "2": channels.Unsure, "100": channels.Bug, "2635": channels.Bug, "9999": channels.Rejected,
	} {
		t.Run(code, func(t *testing.T) {
			r := newRig(t, instagramsim.Config{Clock: time.Now})
			r.connect("EAA", catalog)
			r.opening.Client = &http.Client{Transport: direct{func() http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
					if strings.HasSuffix(q.URL.Path, "/oauth/access_token") {
						r.Handler().ServeHTTP(w, q)
						return
					}
					w.Header().Set("Retry-After", "3600")
					w.WriteHeader(http.StatusBadRequest)
					_, _ = fmt.Fprintf(w, `{"error":{"message":"no","type":"OAuthException","code":%s,"fbtrace_id":"Atrace"}}`, code)
				})
			}}}
			r.open(channels.Connection{ShopID: account, Extra: map[string]string{"catalog": catalog}})
			err := r.connector.SetQuantity(t.Context(), "", "MUG", 1)
			wantClass(t, err, want)
			var f *channels.Failure
			if errors.As(err, &f) && want != channels.Unsure && f.Code != code {
				t.Errorf("code %q", f.Code)
			}
		})
	}
}

// TestQuota: a catalogue whose hour is used up is left alone until the vendor takes calls again, and nobody waits for that.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, instagramsim.Config{CallsPerHour: 20, Look: time.Hour})
		r.connect("EAA", catalog)
		r.list("MUG", 1)
		var failed error
		for range 30 {
			if _, failed = r.connector.Listings(t.Context(), ""); failed != nil {
				break
			}
			pass(time.Second)
		}
		wantClass(t, failed, channels.Throttled)
		var f *channels.Failure
		if !errors.As(failed, &f) || !f.Away || f.RetryAfter < 10*time.Second {
			t.Errorf("got %+v", f)
		}
		asked, refused := r.Counts().Requests["products"], r.Counts().RateLimited
		for range 50 {
			_, err := r.connector.Listings(t.Context(), "")
			wantClass(t, err, channels.Throttled)
		}
		if n := r.Counts().Requests["products"]; n != asked || refused > 1 {
			t.Errorf("%d more calls during the pause, %d refused", n-asked, refused)
		}
		if used := r.connector.Used(); used < 90 {
			t.Errorf("%d%% used", used)
		}
		pass(time.Hour)
		if _, err := r.connector.Listings(t.Context(), ""); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
}

// TestTokenStaysYoung: a token is renewed once it is a day old, so that it never ends while the hub runs; when renewing
// fails for a while it goes on being used, and its end is known so that a person can be warned.
func TestTokenStaysYoung(t *testing.T) {
	for _, kind := range []string{"EAA", "IG"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, instagramsim.Config{Look: 24 * time.Hour})
				r.connect(kind, map[string]string{"EAA": catalog}[kind])
				look := func() error {
					_, err := r.connector.Changed(t.Context(), time.Time{}, time.Time{}, "")
					return err
				}
				first := r.tokens.token.Access
				pass(23 * time.Hour)
				if err := look(); err != nil || r.tokens.token.Access != first {
					t.Errorf("before a day has passed: %v, renewed: %v", err, r.tokens.token.Access != first)
				}
				for range 100 {
					pass(24*time.Hour + 20*time.Minute)
					if err := look(); err != nil {
						t.Fatal(err)
					}
				}
				if n := r.Counts().Refreshes; n != 101 {
					t.Errorf("%d tokens made in a hundred days, want one a day", n)
				}
				r.SetFaults(instagramsim.Faults{API5xx: 1})
				pass(25 * time.Hour)
				_ = look()
				r.SetFaults(instagramsim.Faults{})
				pass(5 * time.Minute)
				if err := look(); err != nil {
					t.Errorf("a token that could not be renewed was not used: %v", err)
				}
				if left := time.Until(r.tokens.token.RefreshExpires); left < 58*24*time.Hour || left > 59*24*time.Hour {
					t.Errorf("its end is in %v", left)
				}
				pass(2 * time.Hour)
				if err := look(); err != nil || time.Until(r.tokens.token.RefreshExpires) < 59*24*time.Hour {
					t.Errorf("not renewed later: %v", err)
				}
			})
		})
	}
}

// TestTokenEnds: a token that the seller took back is a person's matter, and the vendor is not asked again and again.
func TestTokenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, instagramsim.Config{Look: time.Hour})
		r.connect("EAA", catalog)
		r.EndTokens(account)
		for range 5 {
			_, err := r.connector.Listings(t.Context(), "")
			wantClass(t, err, channels.Auth)
			pass(time.Minute)
		}
		if n := r.Counts().Requests["GET /{version}/oauth/access_token"]; n != 2 { // one of them connected the account
			t.Errorf("%d tokens asked for", n)
		}
	})
}

// TestAuthorize refuses what opens nothing, by the name of the field.
func TestAuthorize(t *testing.T) {
	r := newRig(t, instagramsim.Config{Clock: time.Now})
	for name, tt := range map[string]struct {
		grant channels.Grant
		class channels.Class
		holds string
	}{
		"no account":         {channels.Grant{"token": r.NewToken(account, "EAA"), "account": "@shop"}, channels.Rejected, "Instagram account"},
		"a made-up token":    {channels.Grant{"token": "EAAx", "account": account}, channels.Auth, "190"},
		"somebody else's":    {channels.Grant{"token": r.NewToken(account, "EAA"), "account": "17841400000000009"}, channels.Rejected, "does not exist"},
		"no such catalogue":  {channels.Grant{"token": r.NewToken(account, "EAA"), "account": account, "catalog": "1"}, channels.Rejected, "does not exist"},
		"the wrong login":    {channels.Grant{"token": r.NewToken(account, "IG"), "account": account, "catalog": catalog}, channels.Auth, "permission"},
		"a broken catalogue": {channels.Grant{"token": r.NewToken(account, "EAA"), "account": account, "catalog": "a/b"}, channels.Rejected, "Catalogue"},
	} {
		_, shops, err := instagram.Authorize(t.Context(), r.opening, tt.grant)
		if len(shops) != 0 || channels.ClassOf(err) != tt.class || err == nil || !strings.Contains(err.Error(), tt.holds) {
			t.Errorf("%s: %v, %v (%s), want %s with %q", name, shops, err, channels.ClassOf(err), tt.class, tt.holds)
		}
	}
	r.connect("IG", "")
	if can := r.connector.Capabilities(); can.Write != channels.WriteNone || can.TakesOrders {
		t.Errorf("without a catalogue: %+v", can)
	}
	if page, err := r.connector.Listings(t.Context(), ""); err != nil || len(page.Listings) != 0 {
		t.Errorf("%v, %v", page, err)
	}
	long := r.tokens.token.Access // one that is long-lived already is taken as it is
	token, shops, err := instagram.Authorize(t.Context(), r.opening, channels.Grant{"token": long, "account": account})
	if err != nil || len(shops) != 1 || shops[0].Name != "@shop" || token.Access != long || time.Until(token.RefreshExpires) < 59*24*time.Hour {
		t.Errorf("a long-lived token: %v, %v, ends %v", shops, err, token.RefreshExpires)
	}
}

// TestSubscriptions sets up each field with the vendor's handshake, leaves other fields alone and ends one.
func TestSubscriptions(t *testing.T) {
	r := newRig(t, instagramsim.Config{Clock: time.Now})
	r.connect("EAA", catalog)
	r.SetCallback("https://elsewhere.test/", "story_insights")
	r.hub = func(q *http.Request) (int, string) {
		answer, ok := instagram.Webhooks{}.Handshake(r.opening.App, q.URL.Query())
		if !ok {
			return http.StatusForbidden, ""
		}
		return http.StatusOK, answer
	}
	const here = "https://hub.test/webhooks/instagram/app1"
	goes := func() map[string]string {
		list, err := r.connector.Subscriptions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, s := range list {
			got[s.Topic] = s.Address
		}
		return got
	}
	if got := goes(); len(got) != 3 || got["comments"] != "" || got["mentions"] != "" || got["live_comments"] != "" {
		t.Errorf("before: %v", got)
	}
	for topic := range goes() {
		if err := r.connector.Subscribe(t.Context(), channels.Subscription{Topic: topic, Address: here}); err != nil {
			t.Fatal(err)
		}
	}
	if got := goes(); got["comments"] != here || got["mentions"] != here || got["live_comments"] != here {
		t.Errorf("after: %v", got)
	}
	if _, fields := r.Callback(); len(fields) != 4 {
		t.Errorf("the app's fields are %v", fields)
	}
	if err := r.connector.Unsubscribe(t.Context(), "mentions"); err != nil || goes()["mentions"] != "" || goes()["comments"] != here {
		t.Errorf("%v, %v", err, goes())
	}
	r.hub = func(*http.Request) (int, string) { return http.StatusNotFound, "" }
	wantClass(t, r.connector.Subscribe(t.Context(), channels.Subscription{Topic: "mentions", Address: here}), channels.Rejected)
}
