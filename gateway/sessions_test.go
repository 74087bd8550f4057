package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/gateway"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

func TestSignIn(t *testing.T) {
	s := newSite(t)
	b := s.owner(t)
	if a := s.ask(t, b, "GET", "/api/v1/session", ""); compact(t, a.text) != `{"user":"owner","role":"owner","csrf":""}` {
		t.Errorf("after setup: %d %s", a.StatusCode, a.text)
	}
	if a := s.ask(t, nil, "GET", "/api/v1/session", ""); a.StatusCode != 401 || a.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("nobody: %d, %q", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	for _, body := range []string{
		`{"user":"owner","password":"wrong horse battery"}`, `{"user":"nobody","password":"` + password + `"}`, `{"user":"","password":""}`,
	} {
		a := s.ask(t, nil, "POST", "/api/v1/session", body)
		if p := a.problem(t); a.StatusCode != 401 || p.Detail != "The name or the password is wrong." {
			t.Errorf("sign in with %s: %d %s", body, a.StatusCode, a.text)
		}
	}
	other := s.browser(t)
	a := s.ask(t, other, "POST", "/api/v1/session", fmt.Sprintf(`{"user":"owner","password":%q}`, password))
	cookie := a.Header.Get("Set-Cookie")
	if a.StatusCode != 200 || !strings.HasPrefix(cookie, "session=") || !strings.Contains(cookie, "HttpOnly") ||
		!strings.Contains(cookie, "SameSite=Lax") || !strings.Contains(cookie, "Path=/") || strings.Contains(cookie, "Secure") {
		t.Fatalf("sign in on plain http: %d, cookie %q", a.StatusCode, cookie)
	}
	if a := s.ask(t, b, "GET", "/api/v1/sessions", ""); strings.Count(string(a.text), `"id"`) != 2 || strings.Count(string(a.text), `"current":true`) != 1 {
		t.Errorf("sessions: %s", a.text)
	}
}

// TestStolenCookie keeps a cookie beside the browser that signs out.
func TestStolenCookie(t *testing.T) {
	s := newSite(t)
	b := s.owner(t)
	stolen := cookies(t, s, b)
	if a := s.ask(t, nil, "GET", "/api/v1/session", "", "Cookie", stolen); a.StatusCode != 200 {
		t.Fatalf("the copied cookie: %d; the test proves nothing", a.StatusCode)
	}
	a := s.ask(t, b, "DELETE", "/api/v1/session", "")
	if a.StatusCode != 204 || !strings.Contains(a.Header.Get("Clear-Site-Data"), "storage") {
		t.Errorf("sign out: %d, %q", a.StatusCode, a.Header.Get("Clear-Site-Data"))
	}
	for _, path := range []string{"/api/v1/session", "/api/v1/kpis", "/live"} {
		if a := s.ask(t, nil, "GET", path, "", "Cookie", stolen); a.StatusCode != 401 {
			t.Errorf("%s with the stolen cookie after sign-out: %d, want 401", path, a.StatusCode)
		}
	}
	ended := s.signOut[1:] // the first ones are those of before the new password
	if len(ended) != 1 || !strings.HasPrefix(ended[0], "user:owner ") || strings.HasSuffix(ended[0], " ") {
		t.Errorf("sockets ended: %q, want those of the one session", s.signOut)
	}
	if a := s.ask(t, b, "DELETE", "/api/v1/session", ""); a.StatusCode != 204 {
		t.Errorf("signed out twice: %d", a.StatusCode)
	}
}

func TestSignInAgainChangesToken(t *testing.T) {
	s := newSite(t)
	b := s.owner(t)
	before := cookies(t, s, b)
	if a := s.ask(t, b, "POST", "/api/v1/session", fmt.Sprintf(`{"user":"owner","password":%q}`, password)); a.StatusCode != 200 {
		t.Fatal(a.StatusCode)
	}
	if after := cookies(t, s, b); after == before {
		t.Error("the token stayed the same")
	}
	if a := s.ask(t, nil, "GET", "/api/v1/session", "", "Cookie", before); a.StatusCode != 401 {
		t.Errorf("the token of before: %d, want 401", a.StatusCode)
	}
}

func TestEndSession(t *testing.T) {
	s := newSite(t)
	b, other := s.owner(t), s.browser(t)
	if a := s.ask(t, other, "POST", "/api/v1/session", fmt.Sprintf(`{"user":"owner","password":%q}`, password)); a.StatusCode != 200 {
		t.Fatal(a.StatusCode)
	}
	all, err := s.accounts.Sessions(t.Context(), "owner")
	fatal(t, err)
	mine := s.ask(t, b, "GET", "/api/v1/sessions", "")
	for _, one := range all {
		if strings.Contains(string(mine.text), fmt.Sprintf(`"id":%q,"agent":"Go-http-client/1.1","current":false`, one.ID)) {
			if a := s.ask(t, b, "DELETE", "/api/v1/sessions/"+one.ID, ""); a.StatusCode != 204 {
				t.Errorf("end the other session: %d %s", a.StatusCode, a.text)
			}
		}
	}
	if a := s.ask(t, other, "GET", "/api/v1/session", ""); a.StatusCode != 401 {
		t.Errorf("the ended session: %d, want 401", a.StatusCode)
	}
	fatal(t, s.accounts.PutUser(t.Context(), "ben", accounts.Viewer))
	if a := s.ask(t, b, "DELETE", "/api/v1/sessions/0123456789abcdef", ""); a.StatusCode != 404 {
		t.Errorf("a session that is not mine: %d, want 404", a.StatusCode)
	}
}

func TestOneTimeLink(t *testing.T) {
	s := newSite(t)
	link, err := s.accounts.MakeLink(t.Context(), "owner", accounts.Owner, time.Hour)
	fatal(t, err)
	use := func(password string) reply {
		return s.ask(t, nil, "POST", "/api/v1/setup", fmt.Sprintf(`{"token":%q,"user":"owner","password":%q}`, string(link), password))
	}
	if a := use("short"); a.StatusCode != 409 || !strings.Contains(a.problem(t).Detail, "8 to 256") {
		t.Errorf("a short password: %d %s", a.StatusCode, a.text)
	}
	if a := use(password); a.StatusCode != 200 || a.Header.Get("Set-Cookie") == "" {
		t.Errorf("first use: %d %s", a.StatusCode, a.text)
	}
	if a := use(password); a.StatusCode != 409 || !strings.Contains(a.problem(t).Detail, "creatorflow user link") {
		t.Errorf("second use: %d %s", a.StatusCode, a.text)
	}
	if strings.Contains(string(use(password).text), string(link)) {
		t.Error("the token is repeated in an answer")
	}
}

func TestThrottle(t *testing.T) {
	s := newSite(t)
	s.owner(t)
	spelled := "owner"
	try := func(password string) reply {
		return s.ask(t, nil, "POST", "/api/v1/session", fmt.Sprintf(`{"user":%q,"password":%q}`, spelled, password))
	}
	for i := range 10 {
		spelled = []string{"owner", " owner", "owner\u2003"}[i%3] // one account, however it is written
		if a := try("wrong password"); a.StatusCode != 401 {
			t.Fatalf("a wrong password: %d", a.StatusCode)
		}
	}
	a := try(password)
	if p := a.problem(t); a.StatusCode != 429 || a.Header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "Wait") {
		t.Fatalf("after ten wrong ones: %d %s", a.StatusCode, a.text)
	}
	s.clock.add(11 * time.Second)
	if a := try(password); a.StatusCode != 200 {
		t.Errorf("after waiting: %d %s", a.StatusCode, a.text)
	}
	if a := try("wrong password"); a.StatusCode != 401 {
		t.Errorf("a right password must forgive: %d", a.StatusCode)
	}
}

func TestKeys(t *testing.T) {
	s := newSite(t)
	key := s.key(t, accounts.Viewer)
	if a := s.ask(t, nil, "GET", "/api/v1/session", "", "Authorization", "Bearer "+key); a.StatusCode != 200 || !strings.Contains(string(a.text), `"user":"key:`+key[:11]) {
		t.Errorf("a key: %d %s", a.StatusCode, a.text)
	}
	b := s.owner(t)
	for _, header := range []string{"Bearer " + key + "x", "Bearer cf_", "Basic " + key, key} {
		if a := s.ask(t, b, "GET", "/api/v1/session", "", "Authorization", header); a.StatusCode != 401 {
			t.Errorf("Authorization %q beside a good cookie: %d, want 401", header, a.StatusCode)
		}
	}
	fatal(t, s.accounts.RevokeKey(t.Context(), key[:11]))
	if a := s.ask(t, nil, "GET", "/api/v1/session", "", "Authorization", "Bearer "+key); a.StatusCode != 401 {
		t.Errorf("a revoked key: %d, want 401", a.StatusCode)
	}
}

func TestDisabledUser(t *testing.T) {
	s := newSite(t)
	b := s.owner(t)
	fatal(t, s.accounts.PutUser(t.Context(), "boss", accounts.Owner))
	fatal(t, s.accounts.SetPassword(t.Context(), "boss", password))
	fatal(t, s.accounts.Disable(t.Context(), "owner", true))
	if a := s.ask(t, b, "GET", "/api/v1/kpis", ""); a.StatusCode != 401 {
		t.Errorf("a disabled user's session: %d, want 401", a.StatusCode)
	}
}

// TestSecure looks at what changes with https.
func TestSecure(t *testing.T) {
	s := newSite(t, func(o *gateway.Options) { o.Secure = true })
	link, err := s.accounts.MakeLink(t.Context(), "owner", accounts.Owner, time.Hour)
	fatal(t, err)
	a := s.ask(t, nil, "POST", "/api/v1/setup", fmt.Sprintf(`{"token":%q,"user":"owner","password":%q}`, string(link), password), "Host", "shop.example")
	cookie := a.Header.Get("Set-Cookie")
	if a.StatusCode != 200 || !strings.HasPrefix(cookie, "__Host-session=") || !strings.Contains(cookie, "; Secure") || strings.Contains(cookie, "Domain") {
		t.Errorf("cookie over https: %d %q", a.StatusCode, cookie)
	}
	if a.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no Strict-Transport-Security over https")
	}
	plain := strings.TrimPrefix(cookie, "__Host-")
	if a := s.ask(t, nil, "GET", "/api/v1/session", "", "Cookie", plain[:strings.Index(plain, ";")]); a.StatusCode != 401 {
		t.Errorf("the token under the plain name: %d, want 401", a.StatusCode)
	}
	if a := s.ask(t, nil, "GET", "/metrics", ""); a.StatusCode != 401 {
		t.Errorf("metrics beyond this machine without a key: %d, want 401", a.StatusCode)
	}
}

// cookies gives a browser's cookies for the site as a header.
func cookies(t *testing.T, s *site, b *http.Client) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/", nil)
	for _, c := range b.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	if r.Header.Get("Cookie") == "" {
		t.Fatal("the browser has no cookie")
	}
	return r.Header.Get("Cookie")
}
