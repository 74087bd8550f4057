// Package edge is what holds for every request whatever its route: its name, the headers, size and
// origin rules, who is at the other end, the shape of errors, and the listener's start and end.
//
//	listener ─► Serve ─► Wrap (id, headers, own machine or proxy, own origin, size) ─► the routes ─► Observe
package edge

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Problem is an error as clients get it (RFC 9457). It says nothing about the inside.
type Problem struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail" doc:"a sentence that may be shown, with the mend"`
	RequestID string  `json:"request_id"`
	Errors    []Fault `json:"errors,omitempty" doc:"what is wrong with the request"`

	RetryAfter int  `json:"-"` // seconds, 0 = not said
	Replayed   bool `json:"-"` // the stored answer to a command
}

// OurFault is all that a client learns of an error of the inside.
const OurFault = "Something went wrong on our side. Try again; if it lasts, report the request id."

// Fault is one broken part of a request.
type Fault struct {
	Field string `json:"field"`
	Rule  string `json:"rule"`
	Value any    `json:"value,omitempty"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Replayed {
		h.Set("Idempotency-Replayed", "true")
	}
	return h
}

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// NewProblem is an answer with a status and a sentence.
func NewProblem(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// Busy is trouble that passes: the client may come back after some seconds.
func Busy(detail string, seconds int) *Problem {
	p := NewProblem(http.StatusServiceUnavailable, detail)
	p.RetryAfter = seconds
	return p
}

// huma makes its own answers through these two variables.
func init() {
	huma.DefaultArrayNullable = false // lists are never null
	huma.ValidateStrictCasing = true  // "SKU" is not "sku"
	huma.NewError = func(status int, detail string, errs ...error) huma.StatusError { return fromHuma(status, detail, errs) }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, detail string, errs ...error) huma.StatusError {
		p := fromHuma(status, detail, errs)
		if ctx != nil {
			p.RequestID = RequestID(ctx.Context())
		}
		return p
	}
}

func fromHuma(status int, detail string, errs []error) *Problem {
	p := NewProblem(status, detail)
	if status >= http.StatusInternalServerError {
		p.Detail = OurFault
		return p
	}
	if status == http.StatusBadRequest || status == http.StatusUnprocessableEntity {
		p.Status, p.Title = http.StatusUnprocessableEntity, http.StatusText(http.StatusUnprocessableEntity)
		p.Detail = "The request is not as it must be; errors says which fields."
	}
	for _, err := range errs {
		var d huma.ErrorDetailer
		if !errors.As(err, &d) {
			continue
		}
		detail := d.ErrorDetail()
		f := Fault{Field: strings.TrimPrefix(detail.Location, "body."), Rule: detail.Message}
		if Short(detail.Value) && !strings.Contains(f.Field, "password") && !strings.Contains(f.Field, "token") {
			f.Value = detail.Value
		}
		p.Errors = append(p.Errors, f)
	}
	return p
}

// Short says whether a value is worth repeating to the client: plain and not long.
func Short(v any) bool {
	switch v := v.(type) {
	case string:
		return len(v) <= 100
	case float64, bool, int, int64:
		return true
	}
	return false
}

// Write answers outside of huma.
func Write(w http.ResponseWriter, r *http.Request, p *Problem) {
	p.RequestID = RequestID(r.Context())
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may be gone
}
