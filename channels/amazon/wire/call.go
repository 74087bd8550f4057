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
	maxTries = 4           // of one call that surely did nothing
	scarce   = 0.1         // calls a second; of a call with fewer none is spent on asking again at once
	prompt   = time.Second // how soon an answer comes whose date tells the vendor's time
)

// Request is one API call.
type Request struct {
	Name, Method, Path string // Path is escaped
	Query              url.Values
	Body               any // nil = none
	Quota              Quota
	Write              bool
	Urgent             bool // before other calls of its name
}

// wire is what a request needs besides a token.
type wire struct {
	app     channels.App
	client  *http.Client
	clock   func() time.Time
	timeout time.Duration
}

func newWire(o channels.Opening) wire {
	o.App.BaseURL = strings.TrimSuffix(cmp.Or(o.App.BaseURL, PlaceOf(o.Connection.Extra[ExtraMarketplace]).Host), "/")
	o.App.AuthURL = strings.TrimSuffix(cmp.Or(o.App.AuthURL, AuthURL), "/")
	return wire{app: o.App, client: o.Client, clock: o.Clock, timeout: cmp.Or(o.Timeout, 10*time.Second)}
}

// answered is a body with what of the header is of use.
type answered struct {
	body  json.RawMessage
	limit float64 // calls a second that the vendor says it takes; 0 = not said
	ahead time.Duration
	dated bool
}

// Call sends a request for the seller and returns the answer's body.
func (c *Line) Call(ctx context.Context, q Request) (json.RawMessage, error) {
	limiter := c.limiter(q)
	refreshed, again := false, q.Write || q.Quota.PerSecond < scarce
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
		if state, _ := c.breaker.State(); f.Class == channels.Throttled || sick(f) && state != "closed" {
			f.Away = true
		}
		switch {
		case !again && f.Class == channels.Retry && f.RetryAfter == 0 && sick(f) && !f.Away && ctx.Err() == nil:
			again = true
		case f.Class == channels.Throttled && try < maxTries && !errors.Is(f.Err, pace.ErrBusy):
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
		return nil, "", &channels.Failure{Class: channels.Retry, Call: q.Name, Message: "not sent, because Amazon has not answered for a while", RetryAfter: wait, Away: true}
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
	a, err := c.send(limiter.Counting(ctx), q, token.Access)
	if a.dated {
		c.ahead.Store(int64(a.ahead))
	}
	limiter.Learn(margin * a.limit)
	var f *channels.Failure
	switch {
	case err == nil:
		outcome = pace.Healthy
	case !errors.As(err, &f) || ctx.Err() != nil:
	case f.Class == channels.Throttled:
		outcome = pace.Healthy
		limiter.Refused(f.RetryAfter)
		c.log.InfoContext(ctx, "slowed down by the channel", "call", q.Name, "per_second", limiter.Rate().PerSecond)
	case sick(f):
		outcome = pace.Unhealthy
	default:
		outcome = pace.Healthy
	}
	return a.body, token.Access, err
}

// noToken is a call that was not sent for want of a token: only a final "no" of the vendor's is about the call's seller.
func noToken(call string, err error) error {
	if channels.ClassOf(err) == channels.Auth {
		return err
	}
	return &channels.Failure{Class: channels.Retry, Call: call, Message: "not sent, because there is no valid token just now", Away: true, Err: err}
}

// sick reports whether a failure says that the vendor is down rather than that it refuses.
func sick(f *channels.Failure) bool {
	return (f.Class == channels.Retry || f.Class == channels.Unsure) && (f.Code == "" || strings.HasPrefix(f.Code, "Internal") || strings.HasPrefix(f.Code, "Service"))
}

// send sends one request. Every error is a *channels.Failure.
func (w wire) send(ctx context.Context, q Request, token string) (answered, error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	bug := func(err error) (answered, error) {
		return answered{}, &channels.Failure{Class: channels.Bug, Call: q.Name, Message: "the request could not be built", Err: err}
	}
	var body io.Reader
	if q.Body != nil {
		raw, err := json.Marshal(q.Body)
		if err != nil {
			return bug(err)
		}
		body = bytes.NewReader(raw)
	}
	address := w.app.BaseURL + q.Path
	if len(q.Query) > 0 {
		address += "?" + q.Query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, address, body)
	if err != nil {
		return bug(channels.WithoutURL(err))
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "CreatorFlow (Language=Go)")
	r.Header.Set("x-amz-access-token", token)
	r.Header.Set("x-amz-date", w.clock().UTC().Format("20060102T150405Z"))
	return w.do(r, q.Name, q.Write)
}

// do sends a request and judges the answer. A write of which it is not known whether it was done is Unsure.
func (w wire) do(r *http.Request, name string, write bool) (a answered, err error) {
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
		return a, &channels.Failure{Class: class, Call: name, Message: "no answer", Err: channels.WithoutURL(err)}
	}
	defer func() { _ = response.Body.Close() }()
	a.limit, _ = strconv.ParseFloat(response.Header.Get("x-amzn-RateLimit-Limit"), 64) // 0 when it is not said
	now := w.clock()
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil && now.Sub(sent) >= 0 && now.Sub(sent) <= prompt {
		a.ahead, a.dated = now.Sub(date.Add(time.Second/2)), true // the date is cut to seconds
	}
	body, err := io.ReadAll(response.Body)
	f := &channels.Failure{
		Class: lost, Call: name, RetryAfter: channels.RetryAfter(response.Header, now), RequestID: channels.Short(response.Header.Get("x-amzn-RequestId"), 64),
	}
	if err != nil {
		f.Message, f.Err = "the answer broke off", channels.WithoutURL(err)
		return a, f
	}
	status := response.StatusCode
	if status >= 200 && status < 300 {
		if len(body) > 0 && !json.Valid(body) {
			f.Message = "an answer that is not the API's, with HTTP status " + strconv.Itoa(status)
			return a, f
		}
		a.body = body
		return a, nil
	}
	judge(f, status, body)
	return a, f
}

// judge reads a refusal: of the API an error list, of Login with Amazon one error.
func judge(f *channels.Failure, status int, body []byte) {
	var said struct {
		Errors []struct {
			Code    channels.Text `json:"code"`
			Message channels.Text `json:"message"`
			Details channels.Text `json:"details"`
		} `json:"errors"`
		Error       channels.Text `json:"error"`
		Description channels.Text `json:"error_description"`
	}
	readable := json.Unmarshal(body, &said) == nil && (len(said.Errors) > 0 || said.Error != "")
	f.Code, f.Message = string(said.Error), string(said.Description)
	if len(said.Errors) > 0 {
		e := said.Errors[0]
		f.Code, f.Message = string(e.Code), strings.TrimSpace(string(e.Message)+" "+string(e.Details))
	}
	f.Message = channels.Short(f.Message, 300)
	switch {
	case status == http.StatusTooManyRequests:
		f.Class = channels.Throttled
		f.Message = cmp.Or(f.Message, "too many requests")
	case status >= 500 && readable:
	case readable:
		f.Class = classify(status, f.Code, f.Message)
	case status >= 500:
		f.Code, f.Message = "", "an answer that is not the API's, with HTTP status "+strconv.Itoa(status)
	default: // redirects are not followed
		f.Class, f.Code = channels.Rejected, ""
		f.Message = "HTTP status " + strconv.Itoa(status) + ", which is not the API's: is the base URL right?"
	}
}

// classify sorts a refusal by what to do about it.
func classify(status int, code, message string) channels.Class {
	text := strings.ToLower(message)
	switch {
	case status == http.StatusForbidden && (strings.Contains(text, "expired") || strings.Contains(text, "revoked")):
		return channels.Expired // a refresh mends it, or nothing but a person does
	case status == http.StatusForbidden, code == "invalid_grant", code == "invalid_client", code == "unauthorized_client":
		return channels.Auth
	case status == http.StatusMethodNotAllowed, status == http.StatusRequestEntityTooLarge, status == http.StatusUnsupportedMediaType:
		return channels.Bug
	}
	return channels.Rejected
}

// NotFound reports whether the vendor knows no such thing.
func NotFound(err error) bool {
	var f *channels.Failure
	return errors.As(err, &f) && f.Class == channels.Rejected && (f.Code == "NotFound" || f.Code == "InvalidOrderId")
}

// Unreadable is a read whose data is not what the vendor documents.
func Unreadable(call string, err error) error {
	return &channels.Failure{Class: channels.Retry, Call: call, Message: "an answer that cannot be read", Err: err}
}

// Bug is a call that must not be made.
func Bug(call, format string, args ...any) error {
	return &channels.Failure{Class: channels.Bug, Call: call, Message: fmt.Sprintf(format, args...)}
}

// CheckID keeps what is no id out of paths.
func CheckID(call, id string) error {
	if !channels.IsID(id) {
		return &channels.Failure{Class: channels.Rejected, Call: call, Message: fmt.Sprintf("%q is no id of Amazon's", channels.Short(id, 48))}
	}
	return nil
}
