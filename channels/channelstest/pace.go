package channelstest

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// Road carries requests to a simulator without a network, so that a test may run in virtual time (testing/synctest). Told to, it
// answers one of them itself as a vendor that has had too many, and counts what comes before that vendor's Retry-After is over.
type Road struct {
	To http.Handler

	mu      sync.Mutex // guards all below
	busy    func(http.ResponseWriter)
	after   time.Duration
	path    string    // of what was refused
	until   time.Time // nothing of it may come before
	refused int
	early   int
}

// Refuse has the next request answered with a Retry-After and what the vendor says beside it.
func (r *Road) Refuse(after time.Duration, busy func(http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.after, r.busy = after, busy
}

// Refused tells how many requests were, and how many of the same came before the vendor wanted them.
func (r *Road) Refused() (refused, early int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused, r.early
}

// RoundTrip implements http.RoundTripper; a request that the simulator breaks off is an error, as on a network.
func (r *Road) RoundTrip(q *http.Request) (answer *http.Response, err error) {
	if q.Context().Err() != nil {
		return nil, q.Context().Err()
	}
	defer func() {
		if recover() != nil {
			answer, err = nil, errors.New("connection reset by peer")
		}
	}()
	w := httptest.NewRecorder()
	if !r.turnsAway(w, q) {
		q = q.Clone(q.Context())
		if q.Body == nil {
			q.Body = http.NoBody
		}
		r.To.ServeHTTP(w, q)
	}
	return w.Result(), nil
}

func (r *Road) turnsAway(w *httptest.ResponseRecorder, q *http.Request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy == nil {
		if q.URL.Path == r.path && time.Now().Before(r.until) {
			r.early++
		}
		return false
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(r.after.Seconds())))
	r.busy(w)
	r.busy, r.path, r.until = nil, q.URL.Path, time.Now().Add(r.after)
	r.refused++
	return true
}

// Hurry makes a call again and again from many callers at once, each of which must succeed, and tells how long that took.
func Hurry(t *testing.T, callers, each int, call func(context.Context) error) time.Duration {
	t.Helper()
	began := time.Now()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range each {
				if err := call(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// RetryAfter holds a connector to a vendor's Retry-After, in virtual time: for as long as it names nothing of the refused call is sent,
// by whomever, and then it works. A short one may be waited for, of a long one the caller is told.
func RetryAfter(t *testing.T, road *Road, busy func(http.ResponseWriter), call func(context.Context) error) {
	t.Helper()
	for i, after := range []time.Duration{2 * time.Second, 7 * time.Second, 45 * time.Second} {
		road.Refuse(after, busy)
		began := time.Now()
		for tries := 0; ; tries++ {
			err := call(t.Context())
			if err == nil {
				break
			}
			var f *channels.Failure
			if !errors.As(err, &f) || f.Class != channels.Throttled || !f.Away || f.RetryAfter <= 0 || f.RetryAfter > after || tries > 100 {
				t.Fatalf("after %v with Retry-After %v: %v", time.Since(began), after, err)
			}
			<-time.After(time.Second)
		}
		refused, early := road.Refused()
		if took := time.Since(began); took < after || took > after+5*time.Second || refused != i+1 || early != 0 {
			t.Errorf("Retry-After %v: through after %v, %d refused, %d sent too early", after, took, refused, early)
		}
	}
}
