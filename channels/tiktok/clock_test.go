package tiktok

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestAhead: how far the clocks are apart is told by prompt answers alone, for a slow one may be dated long before it is here.
func TestAhead(t *testing.T) {
	for _, c := range []struct {
		name              string
		took, ahead, want time.Duration // of the second answer; the first is prompt and agrees
	}{
		{"ahead", 0, 20 * time.Second, 20 * time.Second},
		{"behind", 500 * time.Millisecond, -40 * time.Second, -40 * time.Second},
		{"a slow answer", 5 * time.Second, 20 * time.Second, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var took, ahead time.Duration
			s := shop(func(r *http.Request) (*http.Response, error) {
				header := http.Header{"Date": {time.Now().Add(-ahead).UTC().Format(http.TimeFormat)}}
				<-time.After(took)
				return answers(http.StatusOK, header, `{"code":0,"data":{}}`)(r)
			})
			for range 2 {
				if _, err := s.Changed(t.Context(), time.Time{}, time.Time{}, ""); err != nil {
					t.Fatal(err)
				}
				took, ahead = c.took, c.ahead
			}
			if got := s.Ahead(); (got - c.want).Abs() > time.Second {
				t.Errorf("%s: %s ahead, want about %s", c.name, got, c.want)
			}
		})
	}
}
