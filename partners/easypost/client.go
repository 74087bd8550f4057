// Package easypost buys labels at EasyPost.
//
//	Buy ─► memory: which shipment is this key's? ─► none: create one (costs nothing) ─► remember it ─► choose a rate
//	                                             └► look at it: bought already? ─────────────────────┴► buy it, fetch the file
//
// The vendor takes no key of ours that would make a repeat harmless, so a key has one shipment, which is
// remembered before anything is bought for it, and is looked at before it is bought again. It carries a
// reference of ours too, by which it is found when the memory was lost.
package easypost

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/outbound"
	"github.com/creatorflow/creatorflow/channels/pace"
	"github.com/creatorflow/creatorflow/partners"
)

// BaseURL is where the vendor's API is.
const BaseURL = "https://api.easypost.com"

const (
	maxAnswer = 4 << 20  // bytes of one answer; a shipment with a hundred rates has 100 KB
	maxLabel  = 20 << 20 // bytes of a label's file
	maxSaid   = 300      // bytes of what the vendor says, shown to people
)

// Memory keeps what a key has done beyond the life of the process.
type Memory interface {
	// Move puts in place of the text under a name what next makes of it, in one step, and returns that. What was never set is empty.
	Move(ctx context.Context, name string, next func(was string) string) (is string, err error)
}

// Options are what a Client needs; all but BaseURL and Timeout are required.
type Options struct {
	Key     string
	BaseURL string // empty = the vendor's own
	HTTP    *http.Client
	Clock   func() time.Time
	Memory  Memory
	Timeout time.Duration // of one call; 0 = 10 seconds
}

// Client implements partners.Labels.
type Client struct {
	o       Options
	limiter *pace.Limiter
	breaker *pace.Breaker
	private []string // what the vendor may quote and nobody is shown
}

var _ partners.Labels = (*Client)(nil)

// New makes a Client.
func New(o Options) *Client {
	o.BaseURL, o.Timeout = strings.TrimSuffix(cmp.Or(o.BaseURL, BaseURL), "/"), cmp.Or(o.Timeout, 10*time.Second)
	return &Client{
		o: o, breaker: pace.NewBreaker(o.Clock, nil),
		limiter: pace.NewLimiter(o.Clock, pace.Limits{Start: 10, Floor: 0.2, Ceiling: 40}), // the vendor names no figure for most calls
	}
}

// Test says whether a key is one of the vendor's test keys, with which nothing is charged and no label is valid.
func Test(key string) bool { return strings.HasPrefix(key, "EZTK") }

// Check asks whether the key is good; nil says so.
func (c *Client) Check(ctx context.Context) error {
	err := c.read(ctx, "/v2/shipments?page_size=1", nil)
	var no *refusal
	if errors.As(err, &no) {
		return partners.Declined("EasyPost does not answer as it should: " + no.said() + ".")
	}
	return err
}

// refusal is the vendor's no to what was asked.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.said() }

// said is the vendor's sentence without its full stop, with the code that support asks for.
func (r *refusal) said() string {
	text := strings.TrimSuffix(channels.Short(r.message, maxSaid), ".")
	if text == "" {
		text = fmt.Sprintf("HTTP status %d", r.status)
	}
	if r.code != "" {
		text += " (code " + channels.Short(r.code, 60) + ")"
	}
	return text
}

// unsure is a request that may have taken effect, or may still.
type unsure struct{ why string }

func (u unsure) Error() string { return u.why }

func (c *Client) read(ctx context.Context, path string, into any) error {
	return c.call(ctx, http.MethodGet, path, nil, into)
}

// call makes one call. Its error is a *partners.Failure or a *refusal when nothing was done, and unsure when that is not known.
func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	if wait, ok := c.breaker.Allow(ctx); !ok {
		return &partners.Failure{Kind: partners.Busy, Message: "EasyPost has not answered for a while, so it is left alone for a moment.", RetryAfter: wait}
	}
	outcome := pace.Nothing
	defer func() { c.breaker.Report(outcome) }()
	if err := c.limiter.Wait(ctx, false); err != nil {
		if !errors.Is(err, pace.ErrBusy) {
			return err
		}
		return &partners.Failure{Kind: partners.Busy, Message: "EasyPost asks to slow down.", RetryAfter: c.limiter.Rate().Pause}
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	status, text, after, err := c.send(ctx, method, path, body)
	lost := err != nil || status >= http.StatusInternalServerError
	switch {
	case errors.Is(err, outbound.ErrBlocked), err != nil && channels.Unsent(err):
		outcome = pace.Unhealthy
		return &partners.Failure{Kind: partners.Busy, Message: "EasyPost cannot be reached: " + channels.WithoutURL(err).Error() + "."}
	case lost:
		outcome = pace.Unhealthy
		return unanswered(method, status, err)
	}
	outcome = pace.Healthy
	if status == http.StatusTooManyRequests {
		c.limiter.Refused(after)
		return &partners.Failure{Kind: partners.Busy, Message: "EasyPost asks to slow down.", RetryAfter: after}
	}
	c.limiter.Good()
	if status < 300 {
		return understood(method, text, into)
	}
	return c.refused(status, text)
}

// unanswered is a call without a good answer: of one that only looks nothing can have come.
func unanswered(method string, status int, err error) error {
	why := fmt.Sprintf("HTTP status %d", status)
	if err != nil {
		why = channels.WithoutURL(err).Error()
	}
	if method == http.MethodGet {
		return &partners.Failure{Kind: partners.Busy, Message: "EasyPost did not answer: " + why + "."}
	}
	return unsure{why}
}

func understood(method string, text []byte, into any) error {
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return unanswered(method, http.StatusOK, errors.New("the answer cannot be read")) // the cause could quote an address
	}
	return nil
}

// refused reads the vendor's error. What is about the account keeps every request, so it is no refusal of this one.
func (c *Client) refused(status int, text []byte) error {
	var answer struct {
		Error struct {
			Code    channels.Text   `json:"code"`
			Message json.RawMessage `json:"message"` // text, and of some errors a list
			Errors  json.RawMessage `json:"errors"`
		} `json:"error"`
	}
	_ = json.Unmarshal(text, &answer) // one that cannot be read says as much as its status
	no := &refusal{status: status, code: string(answer.Error.Code), message: sentences(answer.Error.Message)}
	if more := sentences(answer.Error.Errors); more != "" && more != no.message {
		no.message = strings.TrimSuffix(cmp.Or(no.message, more), ".")
		if no.message != more {
			no.message += ": " + more
		}
	}
	no.message = c.discreet(no.message)
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &partners.Failure{Kind: partners.Locked, Message: "EasyPost refuses the API key: " + no.said() + "."}
	case status == http.StatusPaymentRequired, no.code == "INSUFFICIENT_FUNDS":
		return &partners.Failure{Kind: partners.Funds, Message: "EasyPost has no money to buy with: " + no.said() + "."}
	}
	return no
}

// sentences reads what the vendor says: text, a list of it, or objects of a field and its message.
func sentences(raw json.RawMessage) string {
	var one string
	var list []json.RawMessage
	var field struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	}
	switch {
	case json.Unmarshal(raw, &one) == nil:
		return one
	case json.Unmarshal(raw, &list) == nil:
		var parts []string
		for _, part := range list {
			if text := sentences(part); text != "" {
				parts = append(parts, text)
			}
		}
		return strings.Join(parts, "; ")
	case json.Unmarshal(raw, &field) == nil && field.Field != "":
		return field.Field + ": " + field.Message
	}
	return field.Message
}

func (c *Client) send(ctx context.Context, method, path string, body any) (status int, text []byte, after time.Duration, err error) {
	var reader io.Reader
	if body != nil {
		sent, err := json.Marshal(body)
		if err != nil {
			return 0, nil, 0, fmt.Errorf("encode the request: %w", err)
		}
		reader = bytes.NewReader(sent)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.o.BaseURL+path, reader)
	if err != nil {
		return 0, nil, 0, channels.WithoutURL(err)
	}
	r.SetBasicAuth(c.o.Key, "")
	r.Header.Set("Content-Type", "application/json")
	return c.do(r, maxAnswer)
}

func (c *Client) do(r *http.Request, most int64) (status int, text []byte, after time.Duration, err error) {
	response, err := c.o.HTTP.Do(r)
	if err != nil {
		return 0, nil, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	if text, err = io.ReadAll(io.LimitReader(response.Body, most+1)); err != nil {
		return 0, nil, 0, fmt.Errorf("the answer broke off: %w", channels.WithoutURL(err))
	}
	if int64(len(text)) > most {
		return 0, nil, 0, fmt.Errorf("the answer has more than %d bytes", most)
	}
	return response.StatusCode, text, channels.RetryAfter(response.Header, c.o.Clock()), nil
}
