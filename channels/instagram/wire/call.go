package wire

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
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
	maxThrottle = 2 * time.Second // a longer pause is the caller's to plan
	maxTries    = 4               // of one call that surely did nothing
	nearlyAll   = 90              // percent of a limit from which calls are spread over what is left of the hour
	spread      = 36 * time.Second
)

// Request is one call.
type Request struct {
	Name   string
	Method string
	Path   string // behind the version, without a slash before it
	Query  url.Values
	Body   any // sent as JSON; nil = none
	Write  bool
	AsApp  bool // in the app's own name
}

// Call sends a request and returns its answer. Tried again is only what surely did nothing, and once a read that got no
// good answer.
func (l *Line) Call(ctx context.Context, q Request) (json.RawMessage, error) {
	limiter := l.limiter(q)
	refreshed, again := false, q.Write
	for try := 1; ; try++ {
		data, used, err := l.once(ctx, q, limiter)
		if err == nil {
			return data, nil
		}
		var f *channels.Failure
		if !errors.As(err, &f) {
			return nil, err
		}
		// One that fails alone may be to blame itself; while the breaker is open nobody gets through.
		if state, _ := l.breaker.State(); f.Class == channels.Throttled || sick(f) && state != "closed" {
			f.Away = true
		}
		switch {
		case !again && f.Class == channels.Retry && f.RetryAfter == 0 && sick(f) && !f.Away && ctx.Err() == nil:
			again = true
		case f.Class == channels.Throttled && try < maxTries && limiter.Rate().Pause <= maxThrottle && !errors.Is(f.Err, pace.ErrBusy):
		case f.Class == channels.Expired && (refreshed || q.AsApp):
			f.Class = channels.Auth // a fresh token is refused as well
			return nil, f
		case f.Class == channels.Expired:
			refreshed = true
			if err := l.tokens.Replace(ctx, used); err != nil {
				return nil, noToken(q.Name, err)
			}
		default:
			return nil, err
		}
	}
}

// once passes breaker, limiter and token and sends the request. It returns the access token that was used.
func (l *Line) once(ctx context.Context, q Request, limiter *pace.Limiter) (data json.RawMessage, used string, err error) {
	if wait, ok := l.breaker.Allow(ctx); !ok {
		return nil, "", &channels.Failure{Class: channels.Retry, Call: q.Name, Message: "not sent, because Meta has not answered for a while", RetryAfter: wait, Away: true}
	}
	outcome := pace.Nothing
	defer func() { l.breaker.Report(outcome) }()
	if err := limiter.Wait(ctx, false); err != nil {
		class := channels.Retry
		if errors.Is(err, pace.ErrBusy) {
			class = channels.Throttled
		}
		return nil, "", &channels.Failure{Class: class, Call: q.Name, Message: "not sent", RetryAfter: limiter.Rate().Pause, Away: true, Err: err}
	}
	token := l.app.Key + "|" + first(l.app.Secrets)
	if !q.AsApp {
		t, err := l.tokens.Current(ctx)
		if err != nil {
			return nil, "", noToken(q.Name, err)
		}
		token = t.Access
	}
	data, usage, err := l.send(ctx, q, token)
	l.used.Store(int64(usage.percent))
	var f *channels.Failure
	switch {
	case err == nil:
		outcome = pace.Healthy
		l.answered.Store(l.clock().UnixNano())
		if usage.percent >= nearlyAll {
			limiter.Refused(spread) // before it is refused for an hour
		} else {
			limiter.Good()
		}
	case !errors.As(err, &f) || ctx.Err() != nil:
	case f.Class == channels.Throttled:
		outcome = pace.Healthy
		limiter.Refused(f.RetryAfter)
		l.log.InfoContext(ctx, "slowed down by the channel", "call", q.Name, "per_second", limiter.Rate().PerSecond, "pause", f.RetryAfter)
	case sick(f):
		outcome = pace.Unhealthy
	default:
		outcome = pace.Healthy
		limiter.Good()
	}
	return data, token, err
}

func first(secrets []string) string {
	if len(secrets) == 0 {
		return ""
	}
	return secrets[0]
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
	return lost && (f.Code == "" || f.Code == "1" || f.Code == "2")
}

// base is the address that a token is good for.
func (w wire) base(token string) string {
	if strings.HasPrefix(token, instagramToken) {
		return w.app.AuthURL
	}
	return w.app.BaseURL
}

// send sends one request. The token is in a header, so that it is in nobody's log of addresses. Every error is a
// *channels.Failure.
func (w wire) send(ctx context.Context, q Request, token string) (json.RawMessage, usage, error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	var body io.Reader
	if q.Body != nil {
		text, err := json.Marshal(q.Body)
		if err != nil {
			return nil, usage{}, Bug(q.Name, "the request could not be built")
		}
		body = bytes.NewReader(text)
	}
	query := url.Values{}
	for key, values := range q.Query {
		query[key] = values
	}
	if !q.AsApp {
		query.Set("appsecret_proof", Proof(first(w.app.Secrets), token))
	}
	address := w.base(token) + "/" + Version + "/" + q.Path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, address, body)
	if err != nil {
		return nil, usage{}, &channels.Failure{Class: channels.Bug, Call: q.Name, Message: "the request could not be built", Err: channels.WithoutURL(err)}
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return w.do(r, q.Name, q.Write)
}

// Proof shows that who has the token has the app's secret, too.
func Proof(secret, token string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, token) // a hash never fails
	return hex.EncodeToString(mac.Sum(nil))
}

// do sends a request and judges the answer. A write of which it is not known whether it was done is Unsure.
func (w wire) do(r *http.Request, name string, write bool) (json.RawMessage, usage, error) {
	lost := channels.Retry
	if write {
		lost = channels.Unsure
	}
	response, err := w.client.Do(r) //nolint:gosec // the operator names the host, and the guarded client judges its address
	if err != nil {
		class := lost
		switch {
		case errors.Is(err, outbound.ErrBlocked):
			class = channels.Rejected
		case channels.Unsent(err):
			class = channels.Retry
		}
		return nil, usage{}, &channels.Failure{Class: class, Call: name, Message: "no answer", Err: channels.WithoutURL(err)}
	}
	defer func() { _ = response.Body.Close() }()
	if w.heard != nil {
		w.heard(response)
	}
	use := readUsage(response.Header)
	body, err := io.ReadAll(response.Body)
	f := &channels.Failure{Class: lost, Call: name, RetryAfter: max(channels.RetryAfter(response.Header, w.clock()), use.regain)}
	if err != nil {
		f.Message, f.Err = "the answer broke off", channels.WithoutURL(err)
		return nil, use, f
	}
	var a struct {
		Error *struct {
			Message channels.Text `json:"message"`
			Code    channels.Text `json:"code"`
			Subcode channels.Text `json:"error_subcode"`
			Trace   channels.Text `json:"fbtrace_id"`
		} `json:"error"`
	}
	readable := json.Unmarshal(body, &a) == nil
	switch status := response.StatusCode; {
	case readable && a.Error != nil && a.Error.Code != "":
		f.Code, f.Message, f.RequestID = string(a.Error.Code), channels.Short(string(a.Error.Message), 300), channels.Short(string(a.Error.Trace), 64)
		f.Class = Classify(f.Code, string(a.Error.Subcode))
		if f.Class == channels.Retry {
			f.Class = lost
		}
	case status == http.StatusTooManyRequests:
		f.Class, f.Message = channels.Throttled, "too many requests"
	case readable && status == http.StatusOK:
		return body, use, nil
	case status >= 500, status == http.StatusOK:
		f.Message = "an answer that is not the API's, with HTTP status " + strconv.Itoa(status)
	default: // redirects are not followed
		f.Class = channels.Rejected
		f.Message = "HTTP status " + strconv.Itoa(status) + ", which is not the API's: is the base URL right?"
	}
	return nil, use, f
}

// usage is what an answer's headers tell of the vendor's limits.
type usage struct {
	percent int           // of the tightest limit
	regain  time.Duration // until calls are taken again, when they are not now
}

// readUsage reads the headers as far as they can be read: their form is not promised.
func readUsage(h http.Header) (u usage) {
	type figures struct {
		Calls  float64 `json:"call_count"`
		CPU    float64 `json:"total_cputime"`
		Time   float64 `json:"total_time"`
		Regain float64 `json:"estimated_time_to_regain_access"` // minutes
	}
	take := func(f figures) {
		u.percent = max(u.percent, int(max(min(f.Calls, 1e6), min(f.CPU, 1e6), min(f.Time, 1e6))))
		u.regain = max(u.regain, time.Duration(min(max(f.Regain, 0), 1e5)*float64(time.Minute)))
	}
	var app figures
	if json.Unmarshal([]byte(h.Get("X-App-Usage")), &app) == nil {
		take(app)
	}
	var business map[string][]figures
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &business) == nil {
		for _, list := range business {
			for _, f := range list {
				take(f)
			}
		}
	}
	return u
}

// Unreadable is a read whose data is not what the vendor documents.
func Unreadable(call string, err error) error {
	return &channels.Failure{Class: channels.Retry, Call: call, Message: "an answer that cannot be read", Err: err}
}

// Bug is a call that must not be made.
func Bug(call, message string) error {
	return &channels.Failure{Class: channels.Bug, Call: call, Message: message}
}

// Says is what a failure tells, in short.
func Says(err error) string {
	var f *channels.Failure
	if !errors.As(err, &f) {
		return channels.Short(err.Error(), 200)
	}
	said := cmp.Or(f.Message, "no reason given")
	if f.Err != nil {
		said += ", " + channels.Short(f.Err.Error(), 200)
	}
	if f.Code != "" {
		said += ", code " + f.Code
	}
	return said
}
