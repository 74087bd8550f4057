package channels_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// drawer keeps one token; broken makes SetToken fail.
type drawer struct {
	mu     sync.Mutex
	token  channels.Token
	broken error
}

func (d *drawer) Token(context.Context) (channels.Token, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.token, nil
}

func (d *drawer) SetToken(_ context.Context, t channels.Token) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken == nil {
		d.token = t
	}
	return d.broken
}

func (d *drawer) breakWith(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = err
}

// office gives out pairs "a1", "r1"; "a2", "r2" … that live for an hour and takes a second for it.
type office struct {
	mu     sync.Mutex
	made   int
	asked  []string
	refuse error
}

func (o *office) renew(_ context.Context, old channels.Token) (channels.Token, error) {
	pass(time.Second)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, old.Refresh)
	if o.refuse != nil {
		return channels.Token{}, o.refuse
	}
	o.made++
	n := strconv.Itoa(o.made)
	return channels.Token{Access: "a" + n, Refresh: "r" + n, AccessExpires: time.Now().Add(time.Hour)}, nil
}

func (o *office) requests() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.asked)
}

func keeping(t *testing.T, left time.Duration) (*channels.Keeper, *drawer, *office) {
	t.Helper()
	d := &drawer{token: channels.Token{Access: "a0", Refresh: "r0", AccessExpires: time.Now().Add(left)}}
	o := &office{}
	return channels.NewKeeper(d, time.Now, slog.New(slog.DiscardHandler), o.renew), d, o
}

func TestKeeperRefreshesOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, d, o := keeping(t, time.Hour)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if err := k.Replace(t.Context(), "a0"); err != nil {
					t.Error(err)
				}
				if got, err := k.Current(t.Context()); err != nil || got.Access != "a1" {
					t.Errorf("got %v, %v, want a1", got.Access, err)
				}
			})
		}
		wg.Wait()
		if o.requests() != 1 || d.token.Refresh != "r1" {
			t.Errorf("%d refreshes, stored %s, want one, r1", o.requests(), d.token.Refresh)
		}
	})
}

func TestKeeperRefreshesAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _, o := keeping(t, 6*time.Minute)
		want := func(access string, requests int) {
			t.Helper()
			if got, err := k.Current(t.Context()); err != nil || got.Access != access || o.requests() != requests {
				t.Errorf("got %s, %v after %d requests, want %s after %d", got.Access, err, o.requests(), access, requests)
			}
		}
		want("a0", 0)
		pass(2 * time.Minute)
		o.refuse = errors.New("no route")
		want("a0", 1) // it still works
		want("a0", 1) // and is not asked for again at once
		pass(time.Minute)
		o.refuse = nil
		want("a1", 2)
	})
}

func TestKeeperSharesAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _, o := keeping(t, time.Hour)
		o.refuse = errors.New("no route")
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if err := k.Replace(t.Context(), "a0"); !errors.Is(err, o.refuse) {
					t.Errorf("got %v, want %v", err, o.refuse)
				}
			})
		}
		wg.Wait()
		if o.requests() != 1 {
			t.Errorf("%d requests, want one for all who waited", o.requests())
		}
	})
}

func TestKeeperDoesNotRepeatADeadToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, d, o := keeping(t, time.Hour)
		o.refuse = &channels.Failure{Class: channels.Auth, Call: "refresh token"}
		for range 5 {
			if err := k.Replace(t.Context(), "a0"); channels.ClassOf(err) != channels.Auth {
				t.Errorf("got %v, want class auth", err)
			}
		}
		if o.requests() != 1 {
			t.Errorf("asked %d times, want once", o.requests())
		}
		if err := d.SetToken(t.Context(), channels.Token{Access: "b", Refresh: "rb"}); err != nil { // a person authorised again
			t.Fatal(err)
		}
		if err := k.Replace(t.Context(), "a0"); err != nil {
			t.Error(err)
		}
		if got, err := k.Current(t.Context()); err != nil || got.Access != "b" {
			t.Errorf("got %v, %v, want b", got.Access, err)
		}
	})
}

func TestKeeperStoresBeforeUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, d, o := keeping(t, time.Hour)
		full := errors.New("disk full")
		d.breakWith(full)
		if err := k.Replace(t.Context(), "a0"); !errors.Is(err, full) {
			t.Errorf("got %v, want %v", err, full)
		}
		if got, err := k.Current(t.Context()); !errors.Is(err, full) {
			t.Errorf("an unstored token was handed out: %v, %v", got.Access, err)
		}
		d.breakWith(nil)
		got, err := k.Current(t.Context())
		if err != nil || got.Access != "a1" || d.token.Access != "a1" || o.requests() != 1 {
			t.Errorf("got %v, %v, stored %v after %d requests, want a1 of the one request", got.Access, err, d.token.Access, o.requests())
		}
	})
}

func TestKeeperOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, d, _ := keeping(t, time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := k.Replace(ctx, "a0"); err != nil || d.token.Access != "a1" {
			t.Errorf("got %v, stored %v, want the new pair kept", err, d.token.Access)
		}
		if err := k.Replace(t.Context(), "a0"); err != nil { // somebody is late with the same complaint
			t.Error(err)
		}
		if d.token.Access != "a1" {
			t.Errorf("refreshed again for an old complaint: %v", d.token.Access)
		}
	})
}

// pass lets virtual time go by: all its callers run in a bubble.
func pass(d time.Duration) { <-time.After(d) }
