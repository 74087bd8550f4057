package hub_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

const password = "correct horse battery"

// running is a hub that serves, and the owner's way into it.
type running struct {
	address string
	admin   *hub.Admin
}

func serve(t *testing.T) running {
	t.Helper()
	o := hub.Options{Data: t.TempDir(), Clock: time.Now, Log: slog.New(slog.DiscardHandler)}
	h, err := hub.Open(t.Context(), o)
	fatal(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	fatal(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("the hub ended with %v", err)
		}
		fatal(t, h.Close())
	})
	fatal(t, h.Ready(t.Context()))
	admin, err := hub.Reach(t.Context(), o)
	fatal(t, err)
	t.Cleanup(func() { fatal(t, admin.Close()) })
	return running{address: listener.Addr().String(), admin: admin}
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// user makes a user and gives the cookie of a browser that the user is signed in with.
func (r running) user(t *testing.T, name string, role accounts.Role) string {
	t.Helper()
	link, err := r.admin.Link(t.Context(), hub.MakeLink{Name: name, Role: role})
	fatal(t, err)
	_, token, _ := strings.Cut(link, "token=")
	jar, err := cookiejar.New(nil)
	fatal(t, err)
	browser := http.Client{Jar: jar}
	body := strings.NewReader(fmt.Sprintf(`{"token":%q,"user":%q,"password":%q}`, token, name, password))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.address+"/api/v1/setup", body)
	fatal(t, err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := browser.Do(request)
	fatal(t, err)
	_ = answer.Body.Close()
	browser.CloseIdleConnections()
	cookies := jar.Cookies(&url.URL{Scheme: "http", Host: r.address, Path: "/"})
	if answer.StatusCode != http.StatusOK || len(cookies) != 1 {
		t.Fatalf("set up %s: %d with %d cookies", name, answer.StatusCode, len(cookies))
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

// screen is an open socket that has shown its first value.
func (r running) screen(t *testing.T, header, value string) *websocket.Conn {
	t.Helper()
	h := http.Header{"Origin": {"http://" + r.address}}
	h.Set(header, value)
	conn, answer, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+r.address+"/live", h)
	fatal(t, err)
	_ = answer.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	fatal(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	fatal(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"id":1,"connect":{}}`)))
	watch(t, conn, 2, "kpis")
	return conn
}

// watch subscribes to a topic and waits for the answer.
func watch(t *testing.T, conn *websocket.Conn, id int, topic string) {
	t.Helper()
	fatal(t, conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":%d,"subscribe":{"channel":%q}}`, id, topic)))
	for answer := fmt.Sprintf(`{"id":%d,"subscribe"`, id); ; {
		_, message, err := conn.ReadMessage()
		fatal(t, err)
		if strings.Contains(string(message), answer) {
			return
		}
	}
}

// cut says whether a socket was ended for good: the code tells the client not to come back.
func cut(conn *websocket.Conn) error {
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			var closed *websocket.CloseError
			if !errors.As(err, &closed) || closed.Code < 3500 || closed.Code >= 4000 {
				return fmt.Errorf("ended with %w, want a close that forbids to come back", err)
			}
			return nil
		}
	}
}

// TestLiveSignOut: what the owner changes on the machine acts at once on sockets that are open, on
// those it concerns and no others.
func TestLiveSignOut(t *testing.T) {
	r := serve(t)
	r.user(t, "boss", accounts.Owner)
	key := func(t *testing.T) string {
		t.Helper()
		key, err := r.admin.Key(t.Context(), hub.MakeKey{Name: "board", Role: accounts.Viewer, Days: 1})
		fatal(t, err)
		return key
	}
	prefix := func(key string) string { return key[:len("cf_")+8] }
	bearer := r.screen(t, "Authorization", "Bearer "+key(t)) // of another key
	neighbour := r.screen(t, "Cookie", r.user(t, "ben", accounts.Viewer))
	for _, test := range []struct {
		name   string
		screen func(t *testing.T) (conn *websocket.Conn, end func() error)
	}{
		{"a disabled user", func(t *testing.T) (*websocket.Conn, func() error) {
			conn := r.screen(t, "Cookie", r.user(t, "ana", accounts.Operator))
			return conn, func() error { return r.admin.Disable(t.Context(), "ana", true) }
		}},
		{"a changed role", func(t *testing.T) (*websocket.Conn, func() error) {
			conn := r.screen(t, "Cookie", r.user(t, "cem", accounts.Operator))
			return conn, func() error { return r.admin.SetRole(t.Context(), "cem", accounts.Viewer) }
		}},
		{"a revoked key", func(t *testing.T) (*websocket.Conn, func() error) {
			key := key(t)
			return r.screen(t, "Authorization", "Bearer "+key), func() error { return r.admin.Revoke(t.Context(), prefix(key)) }
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, end := test.screen(t)
			fatal(t, end())
			if err := cut(conn); err != nil {
				t.Error(err)
			}
		})
	}
	fatal(t, r.admin.SetRole(t.Context(), "ben", accounts.Viewer)) // the role ben has
	fatal(t, r.admin.Disable(t.Context(), "ana", false))
	watch(t, bearer, 3, "clock")
	watch(t, neighbour, 3, "clock")
}

func TestChangeUserRefuses(t *testing.T) {
	r := serve(t)
	screen := r.screen(t, "Cookie", r.user(t, "boss", accounts.Owner))
	for name, err := range map[string]error{
		"no such user":             r.admin.SetRole(t.Context(), "nobody", accounts.Viewer),
		"no such user to keep out": r.admin.Disable(t.Context(), "nobody", true),
		"no such role":             r.admin.SetRole(t.Context(), "boss", "king"),
		"the last owner's role":    r.admin.SetRole(t.Context(), "boss", accounts.Viewer),
		"the last owner":           r.admin.Disable(t.Context(), "boss", true),
		"no such key":              r.admin.Revoke(t.Context(), "cf_00000000"),
	} {
		if err == nil {
			t.Errorf("%s: it was done", name)
		}
	}
	users, err := r.admin.Users(t.Context())
	if err != nil || len(users) != 1 {
		t.Errorf("users %v, %v", users, err)
	}
	watch(t, screen, 3, "clock")
}
