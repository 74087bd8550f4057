package instagram_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim"
)

// TestExamine: each thing that can be wrong is red alone, with what to do.
func TestExamine(t *testing.T) {
	const here = "https://hub.test/webhooks/instagram/app1"
	for name, tt := range map[string]struct {
		spoil func(r *rig)
		red   string // the one thing that is red; empty = none
		holds string
	}{
		"all is well":               {func(*rig) {}, "", ""},
		"the seller took it back":   {func(r *rig) { r.EndTokens(account) }, channels.CheckToken, "ended"},
		"a permission is missing":   {func(r *rig) { _ = r.SetScopes(account, "instagram_basic", "instagram_manage_comments") }, channels.CheckScopes, "catalog_management"},
		"webhooks go elsewhere":     {func(r *rig) { r.SetCallback("https://other.test/", "comments", "mentions", "live_comments") }, channels.CheckWebhooks, "https://other.test/"},
		"webhooks go nowhere":       {func(r *rig) { r.SetCallback("") }, channels.CheckWebhooks, "nowhere"},
		"the app's secret is wrong": {func(r *rig) { r.opening.App.Secrets = []string{"wrong"} }, channels.CheckCredentials, "secret"},
		"another catalogue":         {func(r *rig) { r.shop("7") }, channels.CheckLocations, "catalogue 7"},
		"another account":           {func(r *rig) { r.opening.Connection.ShopID = "17841400000000999" }, channels.CheckShop, "17841400000000999"},
		"of another app":            {func(r *rig) { r.opening.App.Key = "999" }, channels.CheckCredentials, "id and secret"},
		"the clock is 6 minutes ahead": {func(r *rig) {
			r.opening.Clock = func() time.Time { return time.Now().Add(6 * time.Minute) }
		}, channels.CheckClock, "apart"},
		"no answer": {func(r *rig) {
			r.opening.Client = &http.Client{Transport: direct{func() http.Handler {
				return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
			}}}
		}, channels.CheckCredentials, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, instagramsim.Config{Clock: time.Now})
			r.connect("EAA", catalog)
			r.SetCallback(here, "comments", "mentions", "live_comments")
			r.shop(catalog)
			tt.spoil(r)
			r.reopen()
			reds := map[string]channels.Finding{}
			seen := map[string]bool{}
			for _, f := range r.connector.Examine(t.Context(), here) {
				if seen[f.Check] || f.Found == "" || (f.State == channels.Red) != (f.Mend != "") {
					t.Errorf("%+v", f)
				}
				if seen[f.Check] = true; f.State == channels.Red {
					reds[f.Check] = f
				}
				if tt.red == "" && f.State != channels.Green {
					t.Errorf("%+v, want green", f)
				}
			}
			if name == "a permission is missing" {
				delete(reds, channels.CheckLocations) // which is why the catalogue does not open
			}
			if tt.red == "" && len(reds) > 0 || tt.red != "" && (len(reds) != 1 || !strings.Contains(reds[tt.red].Found, tt.holds)) {
				t.Errorf("red %+v, want %q that says %q", reds, tt.red, tt.holds)
			}
			if len(seen) != 7 {
				t.Errorf("looked at %v, want seven things", seen)
			}
		})
	}
}

// TestExamineNearTheEnd: a token that cannot be renewed is red two weeks before its end, with what to do, and green again once it
// was renewed.
func TestExamineNearTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, instagramsim.Config{Look: 24 * time.Hour})
		r.connect("EAA", catalog)
		refusing := true // renewals only: every other call is answered
		r.opening.Client = &http.Client{Transport: direct{func() http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				if refusing && strings.HasSuffix(q.URL.Path, "/oauth/access_token") {
					w.WriteHeader(http.StatusInternalServerError)
					return
				}
				r.Handler().ServeHTTP(w, q)
			})
		}}}
		r.shop(catalog)
		r.reopen()
		look := func() (token channels.Finding, reds int) {
			for _, f := range r.connector.Examine(t.Context(), "") {
				if f.State == channels.Red {
					reds++
				}
				if f.Check == channels.CheckToken {
					token = f
				}
			}
			return token, reds
		}
		end := r.tokens.token.RefreshExpires
		pass(time.Until(end) - 14*24*time.Hour - time.Hour)
		if f, reds := look(); f.State != channels.Green || reds > 0 {
			t.Errorf("more than two weeks before: %+v, %d red", f, reds)
		}
		pass(2 * time.Hour)
		f, reds := look()
		if f.State != channels.Red || reds != 1 || !strings.Contains(f.Found, "ends on "+end.UTC().Format("2 January 2006")+" and could not be renewed") ||
			!strings.Contains(f.Mend, "make a new access token") {
			t.Errorf("less than two weeks before: %+v, %d red", f, reds)
		}
		refusing = false
		pass(2 * time.Hour)
		if f, reds = look(); f.State != channels.Green || reds > 0 || time.Until(r.tokens.token.RefreshExpires) < 59*24*time.Hour {
			t.Errorf("after it was renewed: %+v, %d red", f, reds)
		}
	})
}
