package instagram_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/channelstest"
	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim"
)

// At full speed Meta refuses nothing: neither a second of any call nor the hour of the catalogue. What is nearly used up is spread over
// the rest of the hour, of which whoever calls is told.
func TestFullSpeedWithoutARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, instagramsim.Config{RequestsPerSecond: 10, CallsPerHour: 2000, Look: time.Hour})
		r.connect("EAA", catalog)
		r.list("MUG", 9)
		told := make(chan struct{}, 10_000)
		patient := func(call func(context.Context) error) func(context.Context) error {
			return func(ctx context.Context) error {
				for {
					err := call(ctx)
					if channels.ClassOf(err) != channels.Throttled {
						return err
					}
					told <- struct{}{}
					pass(time.Minute)
				}
			}
		}
		took := channelstest.Hurry(t, 20, 110, patient(func(ctx context.Context) error {
			_, err := r.connector.Quantities(ctx, []string{"MUG"})
			return err
		}))
		n := r.Counts()
		if n.RateLimited != 0 || n.Requests["products"] < 2200 || took < time.Hour || took > 4*time.Hour || len(told) == 0 {
			t.Errorf("%d refusals of %d calls in %v, %d times told to wait", n.RateLimited, n.Requests["products"], took, len(told))
		}
	})
}

// A 429 that names a time is not asked again before that time.
func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, instagramsim.Config{Look: time.Hour})
		r.connect("EAA", catalog)
		r.list("MUG", 9)
		road := &channelstest.Road{To: r.Handler()}
		r.opening.Client = &http.Client{Transport: road}
		r.open(channels.Connection{ShopID: account, Extra: map[string]string{"catalog": catalog}})
		channelstest.RetryAfter(t, road, func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"error":{"message":"(#4) Application request limit reached","type":"OAuthException","code":4,"fbtrace_id":"A4"}}`))
		}, func(ctx context.Context) error {
			_, err := r.connector.Quantities(ctx, []string{"MUG"})
			return err
		})
		if n := r.Counts().RateLimited; n != 0 {
			t.Errorf("%d more refusals", n)
		}
	})
}
