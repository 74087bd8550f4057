package wire

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// vendor answers in place of the network.
type vendor func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (v vendor) RoundTrip(r *http.Request) (*http.Response, error) { return v(r) }

func answers(status int, after, body string) vendor {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {after}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{`{"code":0,"data":{}}`, `{"code":"105002","message":"x","request_id":1}`, `{"code":1e3}`, "<html>", `{"code":36009004,"message":null}`, ""} {
		f.Add(200, seed, "1")
		f.Add(429, seed, "Wed, 21 Oct 2026 07:28:00 GMT")
		f.Add(503, seed, "-5")
	}
	f.Fuzz(func(t *testing.T, status int, body, after string) {
		if status < 200 || status > 599 {
			return
		}
		w := newWire(channels.Opening{
			App: channels.App{Key: "key", Secrets: []string{"s"}}, Clock: func() time.Time { return time.Unix(1767225600, 0) },
			Client: &http.Client{Transport: answers(status, after, body), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		})
		for _, write := range []bool{false, true} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.test/x", io.Reader(strings.NewReader("")))
			if err != nil {
				t.Fatal(err)
			}
			data, err := w.do(r, "fuzz", write)
			var failure *channels.Failure
			switch {
			case err == nil && (status != 200 || len(data) > 0 && !json.Valid(data)):
				t.Errorf("status %d, %q passed as good", status, body)
			case err == nil:
			case !errors.As(err, &failure) || failure.Class == "" || failure.Message == "" && failure.Code == "" || failure.RetryAfter < 0 || data != nil:
				t.Errorf("got %v, %s", err, data)
			case failure.Class == channels.Unsure && !write || failure.Code == "" && status >= 500 && write && failure.Class != channels.Unsure:
				t.Errorf("status %d, write %v: class %s", status, write, failure.Class)
			}
		}
	})
}
