package stripe

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v82"

	"github.com/creatorflow/creatorflow/partners"
)

// states are the vendor's codes for a payment that is not where it was thought to be.
var states = map[stripe.ErrorCode]bool{
	stripe.ErrorCodePaymentIntentUnexpectedState: true, stripe.ErrorCodeChargeAlreadyRefunded: true, stripe.ErrorCodeChargeAlreadyCaptured: true,
}

// moved says that somebody else has changed a payment: look at it again.
func moved(err error) bool {
	var said *stripe.Error
	return errors.As(err, &said) && states[said.Code]
}

// keptFault says that the vendor repeats a fault of its own which it keeps under the request's key.
func keptFault(err error) bool {
	var said *stripe.Error
	return errors.As(err, &said) && said.HTTPStatusCode >= http.StatusInternalServerError && said.LastResponse != nil &&
		said.LastResponse.Header.Get("Idempotent-Replayed") == "true"
}

// failure says what an error means; after a request that has an effect and no sensible answer that is not known.
func failure(call string, effect bool, err error) error {
	if err == nil {
		return nil
	}
	f := &partners.Failure{Kind: partners.Away, Call: call, Message: "Stripe gave no answer that can be read"}
	var said *stripe.Error
	if !errors.As(err, &said) {
		f.Err = withoutURL(err)
		if effect && !unsent(err) {
			f.Kind = partners.Unsure
		}
		return f
	}
	f.Err, f.Code, f.Message = said, string(said.Code), strings.TrimSuffix(said.Msg, ".")
	switch {
	case said.Type == stripe.ErrorTypeCard:
		return partners.Declined(declined(said))
	case said.HTTPStatusCode == http.StatusTooManyRequests, said.HTTPStatusCode == http.StatusConflict:
		f.Kind, f.RetryAfter = partners.Busy, after(said)
	case said.HTTPStatusCode >= http.StatusInternalServerError:
		if f.Message = "Stripe has trouble of its own"; effect {
			f.Kind = partners.Unsure
		}
	case said.HTTPStatusCode == http.StatusUnauthorized, said.HTTPStatusCode == http.StatusForbidden:
		f.Kind, f.Message = partners.Locked, "Stripe does not accept the secret key, or does not let it do this"
	case said.Code == stripe.ErrorCodeAmountTooSmall, said.Code == stripe.ErrorCodeAmountTooLarge:
		return partners.Declined(f.Message)
	case said.Code == stripe.ErrorCodeResourceMissing:
		return partners.Declined("Stripe does not know this payment: " + f.Message)
	default:
		f.Kind = partners.Wrong
	}
	return f
}

// declined says no in the bank's words, with its code.
func declined(said *stripe.Error) string {
	text, code := strings.TrimSuffix(said.Msg, "."), string(said.DeclineCode)
	if code == "" {
		code = string(said.Code)
	}
	return text + " (" + code + ")"
}

func after(said *stripe.Error) time.Duration {
	if said.LastResponse == nil {
		return 0
	}
	seconds, err := strconv.Atoi(said.LastResponse.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// unsent says that a request failed before a byte of it was written.
func unsent(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
