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

// Invalid is a request that is not as it must be: 422, with what is wrong.
func Invalid(faults ...Fault) *Problem {
	p := NewProblem(http.StatusUnprocessableEntity, "The request is not as it must be; errors says which fields.")
	p.Errors = faults
	return p
}

func fromHuma(status int, detail string, errs []error) *Problem {
	switch {
	case status >= http.StatusInternalServerError:
		return NewProblem(status, OurFault)
	case status == http.StatusUnsupportedMediaType:
		p := NewProblem(status, "Send JSON, with the header Content-Type: application/json.")
		p.Errors = []Fault{{Field: "header.Content-Type", Rule: "must be application/json"}}
		return p
	case status == http.StatusRequestEntityTooLarge:
		p := NewProblem(status, "The body is longer than this address takes; errors says how long it may be.")
		p.Errors = []Fault{{Field: "body", Rule: detail}}
		return p
	case status != http.StatusBadRequest && status != http.StatusUnprocessableEntity:
		return NewProblem(status, detail)
	case len(errs) == 0:
		return Invalid(Fault{Field: "body", Rule: detail})
	}
	p := Invalid()
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			p.Errors = append(p.Errors, fault(d.ErrorDetail()))
		}
	}
	return p
}

// fault says which field is wrong. Of a missing field, and of a value that its field cannot hold,
// huma says the name within the message alone.
func fault(d *huma.ErrorDetail) Fault {
	f := Fault{Field: strings.TrimPrefix(d.Location, "body."), Rule: d.Message}
	if missing, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
		return Fault{Field: strings.TrimSuffix(missing, " to be present"), Rule: "is missing"}
	}
	if field, rule, ok := strings.Cut(d.Message, unfit); ok {
		return Fault{Field: field, Rule: "must be " + rule}
	}
	if f.Field != "body" && Short(d.Value) && !strings.Contains(f.Field, "password") && !strings.Contains(f.Field, "token") {
		f.Value = d.Value
	}
	return f
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
