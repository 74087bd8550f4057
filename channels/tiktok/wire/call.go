package wire

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/channels/pace"
)

const (
	contentType = "application/json"
	maxThrottle = 2 * time.Second         // a longer pause is the caller's to plan
	maxTries    = 4                       // of one call that surely did nothing
	quickRead   = 2500 * time.Millisecond // the first time-out of a read: it may be asked again, then with all the time there is
)

// Request is one API call, before it is signed.
type Request struct {
	Name, Method, Path string
	Query              url.Values
	Body               any // nil = none; "{}" is never sent, because clients disagree on how it is signed
	Write              bool
	Urgent             bool          // before other calls of its kind
	Unscoped           bool          // refuses shop_cipher
	Timeout            time.Duration // 0 = the line's
}

// wire is what a request needs besides a token.
type wire struct {
	app     channels.App
	cipher  string
	client  *http.Client
	clock   func() time.Time
	timeout time.Duration
	heard   func(r *http.Response, sent time.Time) // told of every answer and when it was asked for; nil = nobody
}

func newWire(o channels.Opening) wire {
	o.App.BaseURL = strings.TrimSuffix(cmp.Or(o.App.BaseURL, BaseURL), "/")
	o.App.AuthURL = strings.TrimSuffix(cmp.Or(o.App.AuthURL, AuthURL), "/")
	return wire{app: o.App, client: o.Client, clock: o.Clock, timeout: cmp.Or(o.Timeout, 10*time.Second)}
}

// answer is the vendor's envelope.
type answer struct {
	Code      channels.Text   `json:"code"`
	Message   channels.Text   `json:"message"`
	RequestID channels.Text   `json:"request_id"`
	Data      json.RawMessage `json:"data"`
}

// Call sends a request for the shop and returns the answer's data. Tried again is only what surely did nothing, and once,
// at once, a read that got no good answer: a lost one goes out on another connection.
func (c *Line) Call(ctx context.Context, q Request) (json.RawMessage, error) {
	limiter := c.limiter(q)
	refreshed, again := false, q.Write
	if !q.Write {
		q.Timeout = min(c.timeout, quickRead)
	}
	for try := 1; ; try++ {
		data, used, err := c.once(ctx, q, limiter)
		if err == nil {
			return data, nil
		}
		var f *channels.Failure
		if !errors.As(err, &f) {
			return nil, err
		}
		// One that fails alone may be to blame itself; while the breaker is open nobody gets through.
		if state, _ := c.breaker.State(); f.Class == channels.Throttled || sick(f) && state != "closed" || untimely(f) {
			f.Away = true
		}
		switch {
		case !again && f.Class == channels.Retry && f.RetryAfter == 0 && sick(f) && !f.Away && ctx.Err() == nil:
			again, q.Timeout = true, 0
		case f.Class == channels.Throttled && try < maxTries && limiter.Rate().Pause <= maxThrottle && !errors.Is(f.Err, pace.ErrBusy):
		case f.Class == channels.Expired && refreshed:
			f.Class = channels.Auth // a fresh token is refused as well
			return nil, f
		case f.Class == channels.Expired:
			refreshed = true
			if err := c.tokens.Replace(ctx, used); err != nil {
				return nil, noToken(q.Name, err)
			}
		default:
			return nil, err
		}
	}
}

// once passes breaker, limiter and token and sends the request. It returns the access token that was used.
func (c *Line) once(ctx context.Context, q Request, limiter *pace.Limiter) (data json.RawMessage, used string, err error) {
	if wait, ok := c.breaker.Allow(ctx); !ok {
		return nil, "", &channels.Failure{Class: channels.Retry, Call: q.Name, Message: "not sent, because TikTok has not answered for a while", RetryAfter: wait, Away: true}
	}
	outcome := pace.Nothing
	defer func() { c.breaker.Report(outcome) }()
	if err := limiter.Wait(ctx, q.Urgent); err != nil {
		class := channels.Retry
		if errors.Is(err, pace.ErrBusy) {
			class = channels.Throttled
		}
		return nil, "", &channels.Failure{Class: class, Call: q.Name, Message: "not sent", RetryAfter: limiter.Rate().Pause, Away: true, Err: err}
	}
	token, err := c.tokens.Current(ctx)
	if err != nil {
		return nil, "", noToken(q.Name, err)
	}
	data, err = c.send(limiter.Counting(ctx), q, token.Access)
	var f *channels.Failure
	switch {
	case err == nil:
		outcome = pace.Healthy
		limiter.Good()
	case !errors.As(err, &f) || ctx.Err() != nil:
	case f.Class == channels.Throttled:
		outcome = pace.Healthy
		limiter.Refused(f.RetryAfter)
		c.log.InfoContext(ctx, "slowed down by the channel", "call", q.Name, "per_second", limiter.Rate().PerSecond)
	case sick(f):
		outcome = pace.Unhealthy
	default:
		outcome = pace.Healthy
		limiter.Good()
	}
	return data, token.Access, err
}

// noToken is a call that was not sent for want of a token: only a final "no" of the vendor's is about the call's shop.
func noToken(call string, err error) error {
	if channels.ClassOf(err) == channels.Auth {
		return err
	}
	return &channels.Failure{Class: channels.Retry, Call: call, Message: "not sent, because there is no valid token just now", Away: true, Err: err}
}

// sick reports whether a failure says that the vendor is down rather than that it refuses.
func sick(f *channels.Failure) bool {
	lost := f.Class == channels.Retry || f.Class == channels.Unsure
	return lost && (f.Code == "" || f.Code == "36009003" || f.Code == "36009007")
}

// untimely reports whether a call was refused for our clock or the vendor's load: that ends for all calls alike.
func untimely(f *channels.Failure) bool { return f.Class == channels.Retry && f.Code == "36009004" }

// send signs and sends one request. Every error is a *channels.Failure.
func (w wire) send(ctx context.Context, q Request, token string) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(q.Timeout, w.timeout))
	defer cancel()
	r, err := w.signed(ctx, q, token)
	if err != nil {
		return nil, &channels.Failure{Class: channels.Bug, Call: q.Name, Message: "the request could not be built", Err: err}
	}
	return w.do(r, q.Name, q.Write)
}

// signed builds the request; the body that is signed is the body that is sent.
func (w wire) signed(ctx context.Context, q Request, token string) (*http.Request, error) {
	var body []byte
	if q.Body != nil {
		var err error
		if body, err = json.Marshal(q.Body); err != nil {
			return nil, err
		}
	}
	query := url.Values{"app_key": {w.app.Key}, "timestamp": {strconv.FormatInt(w.clock().Unix(), 10)}}
	if !q.Unscoped {
		query.Set("shop_cipher", w.cipher)
	}
	for key, values := range q.Query {
		query[key] = values
	}
	if len(w.app.Secrets) == 0 {
		return nil, errors.New("the app has no secret")
	}
	query.Set("sign", Sign(w.app.Secrets[0], q.Path, query, contentType, body))
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, w.app.BaseURL+q.Path+"?"+query.Encode(), reader)
	if err != nil {
		return nil, channels.WithoutURL(err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("x-tts-access-token", token)
	return r, nil
}

// do sends a request and judges the answer. A write of which it is not known whether it was done is Unsure.
func (w wire) do(r *http.Request, name string, write bool) (json.RawMessage, error) {
	lost := channels.Retry
	if write {
		lost = channels.Unsure
	}
	sent := w.clock()
	response, err := w.client.Do(r) //nolint:gosec // the operator names the host, and the guarded client judges its address
	if err != nil {
		class := lost
		switch {
		case errors.Is(err, outbound.ErrBlocked):
			class = channels.Rejected
		case channels.Unsent(err):
			class = channels.Retry
		}
		return nil, &channels.Failure{Class: class, Call: name, Message: "no answer", Err: channels.WithoutURL(err)}
	}
	defer func() { _ = response.Body.Close() }()
	if w.heard != nil {
		w.heard(response, sent)
	}
	body, err := io.ReadAll(response.Body)
	f := &channels.Failure{Class: lost, Call: name, RetryAfter: channels.RetryAfter(response.Header, w.clock())}
	if err != nil {
		f.Message, f.Err = "the answer broke off", channels.WithoutURL(err)
		return nil, f
	}
	var a answer
	readable := json.Unmarshal(body, &a) == nil && a.Code != ""
	f.Code, f.Message, f.RequestID = string(a.Code), channels.Short(string(a.Message), 300), channels.Short(string(a.RequestID), 64)
	switch status := response.StatusCode; {
	case status == http.StatusTooManyRequests:
		f.Class = channels.Throttled
		f.Message = cmp.Or(f.Message, "too many requests")
	case readable && a.Code != "0":
		f.Class, f.Message = Classify(f.Code, f.Message), cmp.Or(f.Message, "refused without a word why")
		if f.Class == channels.Retry && (f.Code == "36009003" || f.Code == "36009007") {
			f.Class = lost
		}
	case readable && status == http.StatusOK:
		return a.Data, nil
	case status >= 500, status == http.StatusOK:
		f.Code, f.Message = "", "an answer that is not the API's, with HTTP status "+strconv.Itoa(status)
	default: // redirects are not followed
		f.Class, f.Code = channels.Rejected, ""
		f.Message = "HTTP status " + strconv.Itoa(status) + ", which is not the API's: is the base URL right?"
	}
	return nil, f
}

// Unreadable is a read whose data is not what the vendor documents.
func Unreadable(call string, err error) error {
	return &channels.Failure{Class: channels.Retry, Call: call, Message: "an answer that cannot be read", Err: err}
}

// Bug is a call that must not be made.
func Bug(call, message string) error {
	return &channels.Failure{Class: channels.Bug, Call: call, Message: message}
}

// CheckID keeps what is no id out of paths and comma lists.
func CheckID(call, id string) error {
	if !channels.IsID(id) {
		return &channels.Failure{Class: channels.Rejected, Call: call, Message: fmt.Sprintf("%q is no id of TikTok's", channels.Short(id, 48))}
	}
	return nil
}
