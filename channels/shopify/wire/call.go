package wire

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/channels/pace"
)

const (
	maxThrottle = 2 * time.Second         // a longer pause is the caller's to plan
	maxTries    = 4                       // of one call that surely did nothing
	quickRead   = 2500 * time.Millisecond // the first time-out of a read: it may be asked again, then with all the time there is
)

// Request is one call: a document and its variables.
type Request struct {
	Name      string // for people, and for what is learned of its cost; of a write it begins with "write" or "ship"
	Document  string
	Variables map[string]any
	Write     bool
	Urgent    bool          // before other calls
	Things    int           // how many things of a kind are asked for, for Share; 0 = it does not count
	Timeout   time.Duration // 0 = the line's
}

// answer is the vendor's envelope. Errors is a list, or a text where the gate refuses.
type answer struct {
	Data       json.RawMessage `json:"data"`
	Errors     json.RawMessage `json:"errors"`
	Extensions struct {
		Cost *cost `json:"cost"`
	} `json:"extensions"`
}

// Call sends a document for the shop and returns the answer's data. Tried again is only what surely did nothing, and once,
// at once, a read that got no good answer: a lost one goes out on another connection.
func (c *Line) Call(ctx context.Context, q Request) (json.RawMessage, error) {
	refreshed, again := false, q.Write
	if !q.Write {
		q.Timeout = min(c.timeout, quickRead)
	}
	for try := 1; ; try++ {
		data, used, err := c.once(ctx, q)
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
			again, q.Timeout = true, 0
		case f.Class == channels.Throttled && try < maxTries && c.budget.pauseNow() <= maxThrottle && !errors.Is(f.Err, pace.ErrBusy):
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

// once passes breaker, budget and token and sends the request. It returns the access token that was used.
func (c *Line) once(ctx context.Context, q Request) (data json.RawMessage, used string, err error) {
	if wait, ok := c.breaker.Allow(ctx); !ok {
		return nil, "", &channels.Failure{Class: channels.Retry, Call: q.Name, Message: "not sent, because Shopify has not answered for a while", RetryAfter: wait, Away: true}
	}
	outcome := pace.Nothing
	defer func() { c.breaker.Report(outcome) }()
	taken, err := c.budget.wait(ctx, q.Name, q.Things, q.Urgent)
	if err != nil {
		class := channels.Retry
		if errors.Is(err, pace.ErrBusy) {
			class = channels.Throttled
		}
		return nil, "", &channels.Failure{Class: class, Call: q.Name, Message: "not sent", RetryAfter: c.budget.pauseNow(), Away: true, Err: err}
	}
	token, err := c.tokens.Current(ctx)
	if err != nil {
		c.budget.done(q.Name, q.Things, taken, nil)
		return nil, "", noToken(q.Name, err)
	}
	data, said, err := c.send(ctx, q, token.Access)
	var f *channels.Failure
	switch {
	case err != nil && errors.As(err, &f) && f.Class == channels.Throttled:
		outcome = pace.Healthy
		c.budget.turned(q.Name, q.Things, taken, said, f.RetryAfter)
		c.log.InfoContext(ctx, "slowed down by the channel", "call", q.Name)
		return nil, token.Access, err
	case err == nil:
		outcome = pace.Healthy
	case f == nil || ctx.Err() != nil:
	case sick(f):
		outcome = pace.Unhealthy
	default:
		outcome = pace.Healthy
	}
	c.budget.done(q.Name, q.Things, taken, said)
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
	return lost && (f.Code == "" || f.Code == "INTERNAL_SERVER_ERROR" || f.Code == "SERVICE_UNAVAILABLE" || f.Code == "TIMEOUT")
}

// send posts one document. Every error is a *channels.Failure.
func (w wire) send(ctx context.Context, q Request, token string) (json.RawMessage, *cost, error) {
	if !IsDomain(w.shop) {
		return nil, nil, Bug(q.Name, "the shop's address is not one of Shopify's")
	}
	body, err := json.Marshal(map[string]any{"query": q.Document, "variables": q.Variables})
	if err != nil {
		return nil, nil, &channels.Failure{Class: channels.Bug, Call: q.Name, Message: "the request could not be built", Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(q.Timeout, w.timeout))
	defer cancel()
	r, err := w.request(ctx, "/admin/api/"+Version+"/graphql.json", body)
	if err != nil {
		return nil, nil, &channels.Failure{Class: channels.Bug, Call: q.Name, Message: "the request could not be built", Err: channels.WithoutURL(err)}
	}
	r.Header.Set("X-Shopify-Access-Token", token)
	got, f := w.do(r, q.Name, q.Write)
	if f != nil {
		return nil, nil, f
	}
	return w.judge(got, q)
}

// request is a POST of JSON to the shop.
func (w wire) request(ctx context.Context, path string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Host = w.shop
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	return r, nil
}

// reply is what came, whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request and reads what comes.
func (w wire) do(r *http.Request, name string, write bool) (reply, *channels.Failure) {
	lost := channels.Retry
	if write {
		lost = channels.Unsure
	}
	sent := w.clock()
	response, err := w.client.Do(r) //nolint:gosec // a shop's own host by its pattern or one that the operator names; the guarded client judges its address
	if err != nil {
		class := lost
		switch {
		case errors.Is(err, outbound.ErrBlocked):
			class = channels.Rejected
		case channels.Unsent(err):
			class = channels.Retry
		}
		return reply{}, &channels.Failure{Class: class, Call: name, Message: "no answer", Err: channels.WithoutURL(err)}
	}
	defer func() { _ = response.Body.Close() }()
	if w.heard != nil {
		w.heard(response, sent)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, &channels.Failure{Class: lost, Call: name, Message: "the answer broke off", Err: channels.WithoutURL(err)}
	}
	return reply{response.StatusCode, response.Header, text}, nil
}

// judge reads an answer. A write of which it is not known whether it was done is Unsure.
func (w wire) judge(got reply, q Request) (json.RawMessage, *cost, error) {
	lost := channels.Retry
	if q.Write {
		lost = channels.Unsure
	}
	f := &channels.Failure{
		Class: lost, Call: q.Name, RetryAfter: channels.RetryAfter(got.header, w.clock()), RequestID: channels.Short(got.header.Get("X-Request-Id"), 64),
	}
	var a answer
	readable := json.Unmarshal(got.body, &a) == nil && (len(a.Data) > 0 || len(a.Errors) > 0)
	errs := readErrors(a.Errors)
	said := a.Extensions.Cost
	switch status := got.status; {
	case status == http.StatusTooManyRequests || readable && errs.code == "THROTTLED":
		f.Class, f.Code, f.Message = channels.Throttled, "THROTTLED", cmp.Or(errs.message, "too many requests")
	case readable && status == http.StatusOK && string(a.Data) != "null" && hidden(a.Errors):
		return a.Data, said, nil
	case readable && status == http.StatusOK && len(a.Errors) > 0 && string(a.Errors) != "null":
		f.Code, f.Message = errs.code, errs.message
		if f.Class = Classify(errs.code); f.Class == channels.Retry || f.Class == channels.Unsure {
			f.Class = lost
		}
	case readable && status == http.StatusOK && string(a.Data) != "null":
		return a.Data, said, nil
	case status == http.StatusUnauthorized:
		f.Class, f.Code, f.Message = channels.Expired, "401", cmp.Or(errs.message, "the token is not taken")
	case status == http.StatusPaymentRequired:
		f.Class, f.Code, f.Away, f.Message = channels.Retry, "402", true, "the shop is frozen: its owner has to settle the bill with Shopify"
	case status == http.StatusLocked:
		f.Class, f.Code, f.Away, f.Message = channels.Retry, "423", true, "Shopify has locked the shop: its owner has to ask Shopify why"
	case status >= 500, status == http.StatusOK:
		f.Message = "an answer that is not the API's, with HTTP status " + strconv.Itoa(status)
	case status == http.StatusForbidden:
		f.Class, f.Code, f.Message = channels.Auth, "403", cmp.Or(errs.message, "the app may not do this")
	case status == http.StatusNotFound:
		f.Class, f.Code = channels.Rejected, "404"
		f.Message = "Shopify knows no such shop, or has retired version " + Version + " of its API"
	default: // redirects are not followed
		f.Class = channels.Rejected
		f.Message = "HTTP status " + strconv.Itoa(status) + ", which is not the API's: is the shop's address right?"
	}
	return nil, said, f
}

// private are the fields that an app without access to protected customer data gets none of. An order is whole without them.
var private = []string{"email", "phone", "customer", "shippingAddress", "billingAddress"}

// hidden says that an answer lacks such fields and nothing else.
func hidden(raw json.RawMessage) bool {
	var list []struct {
		Path       []any `json:"path"`
		Extensions struct {
			Code channels.Text `json:"code"`
		} `json:"extensions"`
	}
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return false
	}
	for _, e := range list {
		if len(e.Path) == 0 || e.Extensions.Code != "ACCESS_DENIED" {
			return false
		}
		if field, _ := e.Path[len(e.Path)-1].(string); !slices.Contains(private, field) {
			return false
		}
	}
	return true
}

type firstError struct{ code, message string }

// readErrors takes the first error of a list, or the text of a gate that refused.
func readErrors(raw json.RawMessage) (e firstError) {
	var list []struct {
		Message    channels.Text `json:"message"`
		Extensions struct {
			Code channels.Text `json:"code"`
		} `json:"extensions"`
	}
	var text string
	switch {
	case json.Unmarshal(raw, &text) == nil:
		e.message = text
	case json.Unmarshal(raw, &list) == nil && len(list) > 0:
		e = firstError{string(list[0].Extensions.Code), string(list[0].Message)}
	}
	e.code, e.message = channels.Short(e.code, 64), channels.Short(e.message, 300)
	return e
}
