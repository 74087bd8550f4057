package gateway_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/creatorflow/creatorflow/gateway/access"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

func decoded[B any](t *testing.T, a reply) (body B) {
	t.Helper()
	if a.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, a.text)
	}
	fatal(t, json.Unmarshal(a.text, &body))
	return body
}

// user invites somebody as an owner does and has the link used.
func (s *site) user(t *testing.T, owner *http.Client, name, role string) *http.Client {
	t.Helper()
	link := decoded[access.LinkBody](t, s.ask(t, owner, "POST", "/api/v1/users", fmt.Sprintf(`{"name":%q,"role":%q}`, name, role)))
	b := s.browser(t)
	s.use(t, b, link.Link)
	return b
}

// use follows a one-time link.
func (s *site) use(t *testing.T, b *http.Client, link string) reply {
	t.Helper()
	u, err := url.Parse(link)
	fatal(t, err)
	q := u.Query()
	if u.Path != "/setup" || q.Get("user") == "" {
		t.Fatalf("link %q", link)
	}
	return s.ask(t, b, "POST", "/api/v1/setup", fmt.Sprintf(`{"token":%q,"user":%q,"password":%q}`, q.Get("token"), q.Get("user"), password))
}

// ended reads a socket to its end, which must be one that forbids to come back.
func ended(t *testing.T, conn *websocket.Conn, why string) {
	t.Helper()
	fatal(t, conn.SetReadDeadline(time.Now().Add(20*time.Second))) // one that stays open is a failure, not a hang
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			var closed *websocket.CloseError
			if !errors.As(err, &closed) || closed.Code < 3500 || closed.Code >= 4000 {
				t.Errorf("%s: %v, want to be cut off for good", why, err)
			}
			return
		}
	}
}

// TestUsers invites somebody, who comes, gets another role and is removed: each change holds at once,
// on the open screen too.
func TestUsers(t *testing.T) {
	s := newSite(t)
	owner := s.owner(t)
	list := func() []access.UserItem {
		return decoded[access.UserList](t, s.ask(t, owner, "GET", "/api/v1/users", "")).Items
	}
	invited := decoded[access.LinkBody](t, s.ask(t, owner, "POST", "/api/v1/users", `{"name":" Ben @ home ","role":"operator"}`))
	if invited.User != "Ben @ home" || invited.Ends != start.Add(accounts.LinkLife).Format(time.RFC3339) {
		t.Errorf("invited %+v", invited)
	}
	const at = "/api/v1/users/Ben%20@%20home"
	again := decoded[access.LinkBody](t, s.ask(t, owner, "POST", at+"/link", ""))
	if a := s.use(t, nil, invited.Link); a.StatusCode != http.StatusConflict {
		t.Errorf("the link before the newest: %d %s, want 409", a.StatusCode, a.text)
	}
	want := []access.UserItem{
		{Name: "Ben @ home", Role: "operator", Invited: true, Created: start.Format(time.RFC3339)},
		{Name: "owner", Role: "owner", Current: true, Sessions: 1, Created: start.Format(time.RFC3339), Seen: start.Format(time.RFC3339)},
	}
	if got := list(); !slices.Equal(got, want) {
		t.Errorf("users %+v, want %+v", got, want)
	}
	ben := s.browser(t)
	if a := s.use(t, ben, again.Link); a.StatusCode != http.StatusOK {
		t.Fatalf("the newest link: %d %s", a.StatusCode, a.text)
	}
	if got := list()[0]; got.Invited || got.Sessions != 1 || got.Role != "operator" {
		t.Errorf("after he came: %+v", got)
	}
	for _, change := range []struct {
		what, method, path, body string
		role                     string // afterwards; empty = gone
	}{
		{"another role", "POST", at + "/role", `{"role":"viewer"}`, "viewer"},
		{"removed", "DELETE", at, "", ""},
	} {
		conn, status := s.dial(t, "Cookie", cookies(t, s, ben), "Origin", s.URL)
		if status != 101 {
			t.Fatalf("%s: %d", change.what, status)
		}
		if a := s.ask(t, owner, change.method, change.path, change.body); a.StatusCode != http.StatusNoContent {
			t.Fatalf("%s: %d %s", change.what, a.StatusCode, a.text)
		}
		ended(t, conn, change.what)
		if a := s.ask(t, ben, "GET", "/api/v1/session", ""); a.StatusCode != 401 {
			t.Errorf("%s: his session answers %d, want 401", change.what, a.StatusCode)
		}
		a := s.ask(t, ben, "POST", "/api/v1/session", fmt.Sprintf(`{"user":"Ben @ home","password":%q}`, password))
		if got := string(a.text); (a.StatusCode == 200) != (change.role != "") || !strings.Contains(got, `"role":"`+change.role) && change.role != "" {
			t.Errorf("%s: signing in answers %d %s", change.what, a.StatusCode, a.text)
		}
	}
	if got := list(); len(got) != 1 {
		t.Errorf("in the end %+v", got)
	}
	if a := s.ask(t, owner, "GET", "/api/v1/session", ""); a.StatusCode != 200 {
		t.Errorf("the owner was signed out too: %d", a.StatusCode)
	}
}

// TestUserRefusals: what may not be done says why, and changes nothing.
func TestUserRefusals(t *testing.T) {
	s := newSite(t)
	owner := s.owner(t)
	s.user(t, owner, "ben", "viewer")
	decoded[access.LinkBody](t, s.ask(t, owner, "POST", "/api/v1/users", `{"name":"cem","role":"owner"}`)) // who never came
	before := s.ask(t, owner, "GET", "/api/v1/users", "").text
	for _, test := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"DELETE", "/api/v1/users/owner", "", 409, "last owner"},
		{"POST", "/api/v1/users/owner/role", `{"role":"viewer"}`, 409, "last owner"},
		{"POST", "/api/v1/users", `{"name":"ben","role":"owner"}`, 409, "already"},
		{"POST", "/api/v1/users", `{"name":"b/n","role":"owner"}`, 409, "1 to 64"},
		{"POST", "/api/v1/users", `{"name":"..","role":"owner"}`, 409, "1 to 64"},
		{"POST", "/api/v1/users", `{"name":"dora","role":"king"}`, 422, "role"},
		{"POST", "/api/v1/users", `{"name":"dora"}`, 422, "role"},
		{"POST", "/api/v1/users/ben/role", `{"role":"king"}`, 422, "role"},
		{"POST", "/api/v1/users/nobody/role", `{"role":"viewer"}`, 404, "no such user"},
		{"POST", "/api/v1/users/nobody/link", "", 404, "no such user"},
		{"DELETE", "/api/v1/users/nobody", "", 404, "no such user"},
	} {
		a := s.ask(t, owner, test.method, test.path, test.body)
		if a.problem(t); a.StatusCode != test.status || !strings.Contains(string(a.text), test.says) {
			t.Errorf("%s %s %s: %d %s, want %d that says %q", test.method, test.path, test.body, a.StatusCode, a.text, test.status, test.says)
		}
	}
	if after := s.ask(t, owner, "GET", "/api/v1/users", "").text; string(after) != string(before) {
		t.Errorf("refusals changed the users from %s to %s", before, after)
	}
}

// TestAPIKeys makes a key, which is shown once, is used and revoked; an open socket goes with it.
func TestAPIKeys(t *testing.T) {
	s := newSite(t)
	owner := s.owner(t)
	made := decoded[access.MadeKey](t, s.ask(t, owner, "POST", "/api/v1/keys", `{"name":"shelf scanner","role":"operator","scopes":["read","operate"],"days":30}`))
	bearer := "Bearer " + made.Key
	s.clock.add(time.Minute)
	if a := s.ask(t, nil, "GET", "/api/v1/stock", "", "Authorization", bearer); a.StatusCode != 200 {
		t.Errorf("a read with the key: %d %s", a.StatusCode, a.text)
	}
	if a := s.command(t, nil, "receive-stock", `{"sku":"A","quantity":1}`, v7(), "Authorization", bearer); a.StatusCode != 200 {
		t.Errorf("a command with the key: %d %s", a.StatusCode, a.text)
	}
	if a := s.ask(t, nil, "GET", "/api/v1/session", "", "Authorization", bearer); a.StatusCode != 403 {
		t.Errorf("beyond its scopes: %d, want 403", a.StatusCode)
	}
	answer := s.ask(t, owner, "GET", "/api/v1/keys", "")
	keys := decoded[access.KeyList](t, answer).Items
	if strings.Contains(string(answer.text), made.Key) || len(keys) != 1 {
		t.Fatalf("the list holds the key itself, or not one: %s", answer.text)
	}
	k := keys[0]
	if k.Prefix != made.Key[:11] || k.Name != "shelf scanner" || k.Role != "operator" || !slices.Equal(k.Scopes, []string{"read", "operate"}) ||
		k.Created != start.Format(time.RFC3339) || k.Used != start.Add(time.Minute).Format(time.RFC3339) || k.Ends != start.AddDate(0, 0, 30).Format(time.RFC3339) {
		t.Errorf("listed as %+v", k)
	}
	conn, status := s.dial(t, "Authorization", bearer)
	if status != 101 {
		t.Fatal(status)
	}
	if a := s.ask(t, owner, "DELETE", "/api/v1/keys/"+k.Prefix, ""); a.StatusCode != 204 {
		t.Fatalf("revoke: %d %s", a.StatusCode, a.text)
	}
	ended(t, conn, "revoked")
	if a := s.ask(t, nil, "GET", "/api/v1/stock", "", "Authorization", bearer); a.StatusCode != 401 {
		t.Errorf("after it was revoked: %d, want 401", a.StatusCode)
	}
	for _, test := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"DELETE", "/api/v1/keys/" + k.Prefix, "", 404, "no API key"},
		{"POST", "/api/v1/keys", `{"name":"","role":"viewer"}`, 409, "1 to 64"},
		{"POST", "/api/v1/keys", `{"name":"x","role":"king"}`, 422, "role"},
		{"POST", "/api/v1/keys", `{"name":"x","role":"viewer","days":0}`, 422, "days"},
		{"POST", "/api/v1/keys", `{"name":"x","role":"viewer","days":4000}`, 422, "days"},
		{"POST", "/api/v1/keys", `{"name":"x","role":"viewer","scopes":["operate"]}`, 422, "scopes[0]"},
		{"POST", "/api/v1/keys", `{"name":"x","role":"owner","scopes":["read","administer"]}`, 422, "scopes[1]"},
	} {
		a := s.ask(t, owner, test.method, test.path, test.body)
		if a.problem(t); a.StatusCode != test.status || !strings.Contains(string(a.text), test.says) {
			t.Errorf("%s %s %s: %d %s, want %d that says %q", test.method, test.path, test.body, a.StatusCode, a.text, test.status, test.says)
		}
	}
	if left := decoded[access.KeyList](t, s.ask(t, owner, "GET", "/api/v1/keys", "")).Items; len(left) != 0 {
		t.Errorf("refusals made %+v", left)
	}
}

// TestForeignKey shows this hub a key that another one made, and one whose prefix is right.
func TestForeignKey(t *testing.T) {
	s, other := newSite(t), newSite(t)
	mine, foreign := s.key(t, accounts.Owner), other.key(t, accounts.Owner)
	for name, key := range map[string]string{"another hub's": foreign, "another hub's under our prefix": mine[:11] + foreign[11:]} {
		for _, path := range []string{"/api/v1/kpis", "/api/v1/users", "/api/v1/keys", "/live"} {
			if a := s.ask(t, nil, "GET", path, "", "Authorization", "Bearer "+key); a.StatusCode != 401 {
				t.Errorf("%s with %s key: %d, want 401", path, name, a.StatusCode)
			}
		}
	}
	if a := s.ask(t, nil, "GET", "/api/v1/users", "", "Authorization", "Bearer "+mine); a.StatusCode != 200 {
		t.Errorf("our own: %d; the test proves nothing", a.StatusCode)
	}
}

// TestCrossOriginAdministering has pages of other sites send what only our own may, with the owner's cookie.
func TestCrossOriginAdministering(t *testing.T) {
	s := newSite(t)
	owner := s.owner(t)
	for _, request := range []struct{ method, path, body string }{
		{"POST", "/api/v1/users", `{"name":"eve","role":"owner"}`},
		{"POST", "/api/v1/keys", `{"name":"eve","role":"owner"}`},
		{"POST", "/api/v1/commands/receive-stock", `{"sku":"A","quantity":1}`},
		{"POST", "/api/v1/session", fmt.Sprintf(`{"user":"owner","password":%q}`, password)},
		{"DELETE", "/api/v1/users/owner", ""},
		{"DELETE", "/api/v1/session", ""},
	} {
		for name, headers := range map[string][]string{
			"another site":     {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
			"another port":     {"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"},
			"an older browser": {"Origin", "https://evil.example"},
			"a sandboxed page": {"Origin", "null"},
			"a form, no fetch": {"Sec-Fetch-Site", "cross-site", "Content-Type", "text/plain"},
		} {
			a := s.ask(t, owner, request.method, request.path, request.body, append(headers, "Idempotency-Key", v7())...)
			if p := a.problem(t); a.StatusCode != 403 || !strings.Contains(p.Detail, "another site") {
				t.Errorf("%s %s from %s: %d %s, want 403", request.method, request.path, name, a.StatusCode, a.text)
			}
		}
	}
	if got := decoded[access.UserList](t, s.ask(t, owner, "GET", "/api/v1/users", "", "Sec-Fetch-Site", "same-origin")).Items; len(got) != 1 || s.log.Head().Position != 0 {
		t.Errorf("users %+v, log at %d", got, s.log.Head().Position)
	}
}

// TestLiveTopicRights: figures are everybody's, nothing private is a topic, and a key that may not
// read gets no socket.
func TestLiveTopicRights(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	viewer := s.user(t, s.owner(t), "vera", "viewer")
	conn, status := s.dial(t, "Cookie", cookies(t, s, viewer), "Origin", s.URL)
	if status != 101 {
		t.Fatal(status)
	}
	for i, test := range []struct{ topic, want string }{
		{"kpis", `"subscribe":`},
		{"orders/k7:576", `"subscribe":`},
		{"inbox/1", `"error":{"code":102`},
		{"labels/l1", `"error":{"code":102`},
		{"users", `"error":{"code":102`},
		{"keys", `"error":{"code":102`},
		{"sessions", `"error":{"code":102`},
	} {
		fatal(t, conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":%d,"subscribe":{"channel":%q}}`, i+2, test.topic)))
		if answer := await(t, conn, fmt.Sprintf(`{"id":%d,`, i+2)); !strings.Contains(answer, test.want) {
			t.Errorf("a viewer watches %s: %s, want %s", test.topic, answer, test.want)
		}
	}
	if _, status := s.dial(t, "Authorization", "Bearer "+s.key(t, accounts.Owner, "operate")); status != 403 {
		t.Errorf("a key that may not read opens a socket: %d, want 403", status)
	}
}
