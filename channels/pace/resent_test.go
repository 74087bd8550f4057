package pace_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels/pace"
)

// TestResentRequestIsOwed: a vendor that breaks off without an answer gets the request twice, and the limiter knows it.
func TestResentRequestIsOwed(t *testing.T) {
	calls := 0
	vendor := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if calls++; calls == 2 { // on a connection that has answered before
			panic(http.ErrAbortHandler)
		}
	}))
	defer vendor.Close()
	now := time.Unix(0, 0)
	l := pace.NewLimiter(func() time.Time { return now }, pace.Limits{Start: 1, Floor: 1, Ceiling: 1, Burst: 4})
	for range 2 {
		if err := l.Wait(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(l.Counting(t.Context()), http.MethodGet, vendor.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := vendor.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	}
	if left := 4 * l.Rate().Left; calls != 3 || left != 1 {
		t.Errorf("the vendor got %d calls and %v of 4 are left, want 3 calls, one of them resent, and 1 left", calls, left)
	}
}
