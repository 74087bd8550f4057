package tiktok

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// noDrawer is a store of tokens that cannot be read.
type noDrawer struct{}

func (noDrawer) Token(context.Context) (channels.Token, error) {
	return channels.Token{}, errors.New("disk")
}
func (noDrawer) SetToken(context.Context, channels.Token) error { return errors.New("disk") }

// What was not sent, or met a vendor that nobody gets through to, says nothing of the request; what
// fails alone may be the request's own fault.
func TestAway(t *testing.T) {
	away := func(err error) bool {
		var f *channels.Failure
		return errors.As(err, &f) && f.Away
	}
	synctest.Test(t, func(t *testing.T) {
		calls, down := 0, false
		c := shop(func(r *http.Request) (*http.Response, error) {
			calls++
			if down || strings.Contains(r.URL.RawQuery, "666") {
				return answers(503, nil, "")(r)
			}
			return answers(200, nil, `{"code":0,"data":{"orders":[]}}`)(r)
		})
		read := func(id string) error {
			_, err := c.Orders(t.Context(), []string{id})
			return err
		}
		for range 2 * 8 {
			if err := read("666"); err == nil || away(err) {
				t.Fatalf("one that fails alone: %v, away %v", err, away(err))
			}
			if err := read("576"); err != nil {
				t.Fatal(err)
			}
		}
		down = true
		ship := func() error { // a write goes out once
			_, err := c.Arrange(t.Context(), "115")
			return err
		}
		for n := range 8 {
			if err := ship(); away(err) != (n == 7) {
				t.Errorf("failure %d of a vendor that is down: %v, away %v", n+1, err, away(err))
			}
		}
		calls = 0
		if err := ship(); !away(err) || calls != 0 {
			t.Errorf("the breaker is open: %v, away %v, %d calls", err, away(err), calls)
		}
		<-time.After(time.Minute)
		if err := ship(); !away(err) || calls != 1 {
			t.Errorf("a trial: %v, away %v, %d calls", err, away(err), calls)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := shop(func(r *http.Request) (*http.Response, error) {
			calls++
			return answers(429, http.Header{"Retry-After": {"60"}}, "")(r)
		})
		for range 2 {
			if _, err := c.Arrange(t.Context(), "115"); !away(err) || calls != 1 {
				t.Errorf("too busy: %v, away %v, %d calls", err, away(err), calls)
			}
		}
	})
	for name, tokens := range map[string]channels.Tokens{"unreadable": noDrawer{}, "never given": &drawer{}} {
		synctest.Test(t, func(t *testing.T) {
			c := shopWith(func(*http.Request) (*http.Response, error) { return nil, errors.New("it was sent") }, tokens)
			_, err := c.Arrange(t.Context(), "115")
			want := channels.Retry
			if name == "never given" {
				want = channels.Auth
			}
			if err == nil || strings.Contains(err.Error(), "it was sent") || channels.ClassOf(err) != want || away(err) != (want == channels.Retry) {
				t.Errorf("token %s: %v (%s), away %v", name, err, channels.ClassOf(err), away(err))
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		c := shop(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "auth.test" {
				return answers(503, nil, "")(r)
			}
			return answers(200, nil, `{"code":105002,"message":"expired"}`)(r)
		})
		if _, err := c.Arrange(t.Context(), "115"); channels.ClassOf(err) != channels.Retry || !away(err) {
			t.Errorf("no refresh: %v (%s), away %v", err, channels.ClassOf(err), away(err))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := shop(answers(401, nil, `{"code":36009004,"message":"Invalid timestamp: more than 5 minutes behind"}`))
		if _, err := c.Arrange(t.Context(), "115"); channels.ClassOf(err) != channels.Retry || !away(err) {
			t.Errorf("a clock that is off: %v (%s), away %v", err, channels.ClassOf(err), away(err))
		}
	})
}
