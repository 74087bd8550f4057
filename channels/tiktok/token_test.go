package tiktok

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// drawer keeps one token.
type drawer struct {
	mu    sync.Mutex
	token channels.Token
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
	return nil
}

// Fifty calls with a token that has just expired lead to one refresh and fifty answers.
func TestOneRefreshForAllCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		refreshes, refused := 0, 0
		tokens := &drawer{token: channels.Token{Access: "canary-access", Refresh: "canary-refresh"}}
		c := shopWith(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case r.URL.Path == "/api/v2/token/refresh":
				refreshes++
				q := r.URL.Query()
				if q.Get("refresh_token") != "canary-refresh" || q.Get("grant_type") != "refresh_token" || q.Get("app_key") != "key" || q.Get("app_secret") != "canary-secret" {
					t.Errorf("asked with %v", q)
				}
				return answers(200, nil, `{"code":0,"data":{"access_token":"new","access_token_expire_in":4102444800,"refresh_token":"newer","refresh_token_expire_in":"4102444801"}}`)(r)
			case r.Header.Get("x-tts-access-token") != "new":
				refused++
				return answers(200, nil, `{"code":105002,"message":"expired"}`)(r)
			}
			if stored, _ := tokens.Token(r.Context()); stored.Access != "new" {
				t.Error("the new token was used before it was stored")
			}
			return answers(200, nil, `{"code":0,"data":{"orders":[]}}`)(r)
		}, tokens)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := c.Orders(t.Context(), []string{"576"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if refreshes != 1 || refused == 0 {
			t.Errorf("%d refreshes after %d refusals, want one", refreshes, refused)
		}
		want := channels.Token{
			Access: "new", AccessExpires: time.Unix(4102444800, 0).UTC(), Refresh: "newer", RefreshExpires: time.Unix(4102444801, 0).UTC(),
		}
		if tokens.token != want { // *_expire_in are moments, not durations
			t.Errorf("stored %+v, want %+v", tokens.token, want)
		}
	})
}

func TestRefreshFailuresTellNoSecret(t *testing.T) {
	for name, v := range map[string]vendor{
		"refused":  answers(200, nil, `{"code":36004004,"message":"refresh_token is invalid"}`),
		"no pair":  answers(200, nil, `{"code":0,"data":{"access_token":"canary-half"}}`),
		"not JSON": answers(200, nil, `{"code":0,"data":["canary-list"]}`),
		"down":     answers(502, nil, ""),
		"no net":   func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") },
	} {
		c := shop(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "auth.test" {
				return v(r)
			}
			return answers(200, nil, `{"code":105002,"message":"expired"}`)(r)
		})
		_, err := c.Orders(t.Context(), []string{"576"})
		want := channels.Retry
		if name == "refused" {
			want = channels.Auth
		}
		if err == nil || channels.ClassOf(err) != want || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v (%s), want class %s without secrets", name, err, channels.ClassOf(err), want)
		}
	}
}
