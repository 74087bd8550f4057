// Package api is the seller's part of the simulated Selling Partner API: orders, listings, Amazon's own stock, feeds. Each call is
// admitted already, and changes or shows the market.
package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
)

// obj is a JSON object on its way out.
type obj = map[string]any

// Refusal is an answer with an error list.
type Refusal struct {
	Status                 int
	Code, Message, Details string
}

func (e Refusal) Error() string {
	return fmt.Sprintf("%d %s: %s %s", e.Status, e.Code, e.Message, e.Details)
}

// Denied is a call that the token does not allow.
func Denied(details string) error {
	return Refusal{http.StatusForbidden, "Unauthorized", "Access to requested resource is denied.", details}
}

// Wrong is a call that is not as the API wants it.
func Wrong(format string, args ...any) error {
	return Refusal{http.StatusBadRequest, "InvalidInput", "The request has an invalid parameter.", fmt.Sprintf(format, args...)}
}

// Missing is a call for what there is not.
func Missing(format string, args ...any) error {
	return Refusal{http.StatusNotFound, "NotFound", "The requested resource doesn't exist.", fmt.Sprintf(format, args...)}
}

// Call is one admitted request, of a seller unless it belongs to none.
type Call struct {
	*market.Seller
	Market  *market.Market
	Request *http.Request
	Query   url.Values
	Body    []byte
	Now     time.Time
	Persons bool         // the seller granted the role for personal data
	Lost    func() bool  // whether a quantity is accepted and never applied
	Serial  func() int64 // another number each time
}

// Read reads the body; fields that are not known are refused, as the vendor does not say what it makes of them.
func (c *Call) Read(v any) error {
	d := json.NewDecoder(strings.NewReader(string(c.Body)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return Wrong("The body cannot be read: %v", err)
	}
	return nil
}

// list reads a comma list of the query.
func (c *Call) list(name string) []string {
	if c.Query.Get(name) == "" {
		return nil
	}
	return strings.Split(c.Query.Get(name), ",")
}

// marketplace refuses a call whose marketplaceIds does not name the seller's.
func (c *Call) marketplace(name string, required bool) error {
	ids := c.list(name)
	if !required && ids == nil {
		return nil
	}
	if !slices.Contains(ids, c.Marketplace) {
		return Wrong("%s must name a marketplace of the seller, got %q.", name, ids)
	}
	return nil
}

// Answer is what an endpoint says: a body with a status, 0 = 200.
type Answer struct {
	Status int
	Body   any
}
