package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v82/webhook"
)

// Tolerance is how old a signature may be, which is the vendor's own advice.
const Tolerance = 300 * time.Second

// ErrSignature refuses a webhook that is not the vendor's, or too old.
var ErrSignature = errors.New("stripe: wrong webhook signature")

// SignatureHeader names the header that holds the signatures.
const SignatureHeader = "Stripe-Signature"

// Verify checks a webhook's signatures over its raw body against each secret.
func Verify(header string, body []byte, secrets []string) error {
	for _, secret := range secrets {
		if secret != "" && webhook.ValidatePayloadWithTolerance(body, header, secret, Tolerance) == nil {
			return nil
		}
	}
	return ErrSignature
}

// Told is one event, as far as the hub needs it.
type Told struct {
	ID      string // the vendor's, unique
	Type    string
	At      time.Time
	Account string // of a connected account; empty = the endpoint's own
	Intent  string // the payment that it is about, or a link that has none; empty when it is about none
	Known   bool   // the type is one of Types
}

// ReadEvent reads a verified webhook.
func ReadEvent(body []byte) (Told, error) {
	var e struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Type    string `json:"type"`
		Account string `json:"account"`
		Created int64  `json:"created"`
		Data    struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	switch err := json.Unmarshal(body, &e); {
	case err != nil:
		return Told{}, errors.New("the body is no event that can be read") // the cause could quote it
	case e.Object != "event" || e.ID == "" || e.Type == "":
		return Told{}, fmt.Errorf("the object is %q and not an event with an id and a type", e.Object)
	}
	return Told{
		ID: e.ID, Type: e.Type, At: time.Unix(e.Created, 0).UTC(), Account: e.Account, Intent: intentOf(e.Data.Object), Known: slices.Contains(Types, e.Type),
	}, nil
}
