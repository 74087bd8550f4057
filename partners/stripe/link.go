package stripe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v82"

	"github.com/creatorflow/creatorflow/partners"
)

// sessionPrefix is how the ids of the vendor's checkout sessions begin.
const sessionPrefix = "cs_"

// LinkEnded is the status of a link that ended unpaid, among those of payments.
const LinkEnded = "link_expired"

// soonest is how long a session must be open at the vendor, and a little for the request to get there.
const soonest = 31 * time.Minute

// MakeLink implements partners.Linker by a checkout session: it is for one payment of one amount and ends by itself. The vendor's payment
// links do neither. What the buyer pays is only reserved, as with a card, until Capture takes it.
func (c *Client) MakeLink(ctx context.Context, charge partners.Charge, w partners.LinkWish) (partners.Link, error) {
	amount, err := units(charge.Amount)
	if err != nil {
		return partners.Link{}, err
	}
	if charge.Link != "" {
		before, err := c.EndLink(ctx, charge, charge.Link)
		switch {
		case err != nil:
			return partners.Link{}, err
		case before.State == partners.LinkPaid:
			return partners.Link{}, partners.Declined("The buyer has paid by the link before this one")
		}
	}
	if w.Until.Sub(c.clock()) < soonest {
		return partners.Link{}, partners.Declined("Stripe keeps a payment link open for half an hour at the least, and less is left of the time that was asked for")
	}
	if w.Return == "" {
		if w.Return, err = c.shopPage(ctx); err != nil {
			return partners.Link{}, err
		}
	}
	p := &stripe.CheckoutSessionCreateParams{
		Mode: stripe.String(string(stripe.CheckoutSessionModePayment)), PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: stripe.String(strings.ToLower(charge.Amount.Currency)), UnitAmount: stripe.Int64(amount),
				ProductData: &stripe.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripe.String("Order " + charge.Order)},
			},
		}},
		PaymentIntentData: &stripe.CheckoutSessionCreatePaymentIntentDataParams{
			CaptureMethod: stripe.String(string(stripe.PaymentIntentCaptureMethodManual)), Description: stripe.String("Order " + charge.Order),
			Metadata: map[string]string{metaKey: charge.Key, metaOrder: charge.Order, metaLink: strconv.Itoa(w.Number)},
		},
		Metadata: marks(charge), SuccessURL: stripe.String(w.Return), ExpiresAt: stripe.Int64(w.Until.Unix()),
	}
	ask := func() (*stripe.CheckoutSession, error) {
		return write(ctx, c, "make the payment link", func(ctx context.Context) (*stripe.CheckoutSession, error) {
			p.Context = ctx
			return call[stripe.CheckoutSession](c.api, http.MethodPost, "/v1/checkout/sessions", p)
		})
	}
	key := []string{"link", strconv.Itoa(w.Number)}
	p.SetIdempotencyKey(charge.Key + "/" + strings.Join(key, "/"))
	s, err := ask()
	if keptFault(err) {
		p.SetIdempotencyKey(c.key(charge, key...))
		s, err = ask()
	}
	if err != nil {
		return partners.Link{}, err
	}
	return link(s), nil
}

// shopPage is where a buyer comes after paying when nothing was said: the seller's own page, as the vendor knows it.
func (c *Client) shopPage(ctx context.Context) (string, error) {
	within, done := context.WithTimeout(ctx, c.timeout)
	defer done()
	a, err := call[stripe.Account](c.api, http.MethodGet, "/v1/account", &stripe.AccountRetrieveParams{Params: stripe.Params{Context: within}})
	switch {
	case err != nil:
		return "", failure("look at the account", false, err)
	case a.BusinessProfile == nil || a.BusinessProfile.URL == "":
		return "", partners.Declined("Stripe wants a page that the buyer sees after paying. Enter one with the link, or your website at Stripe under Settings, Business")
	}
	return a.BusinessProfile.URL, nil
}

func link(s *stripe.CheckoutSession) partners.Link {
	l := partners.Link{ID: s.ID, URL: s.URL, Until: time.Unix(s.ExpiresAt, 0).UTC(), State: partners.LinkOpen}
	switch s.Status {
	case stripe.CheckoutSessionStatusComplete:
		l.State = partners.LinkPaid
	case stripe.CheckoutSessionStatusExpired:
		l.State = partners.LinkEnded
	}
	return l
}

// LookAtLink implements partners.Linker.
func (c *Client) LookAtLink(ctx context.Context, id string) (partners.Link, error) {
	s, err := c.session(ctx, id)
	if err != nil {
		return partners.Link{}, err
	}
	return link(s), nil
}

// EndLink implements partners.Linker.
func (c *Client) EndLink(ctx context.Context, charge partners.Charge, id string) (partners.Link, error) {
	s, err := c.end(ctx, charge, id)
	if err != nil {
		return partners.Link{}, err
	}
	return link(s), nil
}

// end closes a session that is open; one that was paid, or has ended, stays as it is. By one that this account does not know nobody pays it.
func (c *Client) end(ctx context.Context, charge partners.Charge, id string) (*stripe.CheckoutSession, error) {
	s, err := c.session(ctx, id)
	var no partners.Declined
	if errors.As(err, &no) {
		return &stripe.CheckoutSession{ID: id, Status: stripe.CheckoutSessionStatusExpired}, nil
	}
	if err != nil || s.Status != stripe.CheckoutSessionStatusOpen {
		return s, err
	}
	p := &stripe.CheckoutSessionExpireParams{}
	p.SetIdempotencyKey(c.key(charge, "end", id))
	_, err = write(ctx, c, "end the payment link", func(ctx context.Context) (*stripe.CheckoutSession, error) {
		p.Context = ctx
		return call[stripe.CheckoutSession](c.api, http.MethodPost, stripe.FormatURLPath("/v1/checkout/sessions/%s/expire", id), p)
	})
	var wrong *partners.Failure
	if err != nil && (!errors.As(err, &wrong) || wrong.Kind != partners.Wrong) {
		return nil, err
	}
	again, looked := c.session(ctx, id) // it may have been paid or have ended meanwhile, which the vendor refuses to end
	if looked == nil && again.Status == stripe.CheckoutSessionStatusOpen {
		return nil, cmp.Or(err, restless("end the payment link"))
	}
	return again, looked
}

func (c *Client) session(ctx context.Context, id string) (*stripe.CheckoutSession, error) {
	within, done := context.WithTimeout(ctx, c.timeout)
	defer done()
	p := &stripe.CheckoutSessionRetrieveParams{}
	p.Context = within
	s, err := call[stripe.CheckoutSession](c.api, http.MethodGet, stripe.FormatURLPath("/v1/checkout/sessions/%s", id), p)
	if err != nil {
		return s, failure("look at the payment link", false, err)
	}
	switch {
	case s.ID != id:
		return nil, broken("look at the payment link", "another link than the one that was asked for")
	case s.Status == stripe.CheckoutSessionStatusComplete && s.PaymentIntent == nil:
		return nil, broken("look at the payment link", "a link that was paid by, and not the payment")
	case !slices.Contains(linkStates, s.Status):
		return nil, broken("look at the payment link", fmt.Sprintf("a link in the state %q, which nobody knows", s.Status))
	}
	return s, nil
}

var linkStates = []stripe.CheckoutSessionStatus{
	stripe.CheckoutSessionStatusOpen, stripe.CheckoutSessionStatusComplete, stripe.CheckoutSessionStatusExpired,
}

// byLink says that a charge is paid by a link.
func byLink(charge partners.Charge) bool {
	return charge.Method == partners.ByLink || strings.HasPrefix(charge.Method, sessionPrefix)
}

// unpaid is what a link that the buyer has not paid by leaves to say.
func unpaid() error {
	return &partners.Failure{Kind: partners.Unpaid, Call: "take the payment", Message: "the buyer has not paid by the link yet"}
}

// linked is the payment that a buyer has made by the link, or by the one before while another is made; all else that stands under the key
// is let go, so that the buyer pays once.
func (c *Client) linked(ctx context.Context, charge partners.Charge) (*stripe.PaymentIntent, error) {
	id := charge.Method
	if id == partners.ByLink {
		id = charge.Link
	}
	if id == "" {
		return nil, unpaid()
	}
	s, err := c.session(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case s.PaymentIntent == nil || s.Status != stripe.CheckoutSessionStatusComplete:
		return nil, unpaid()
	}
	intent, err := c.named(ctx, s.PaymentIntent.ID)
	if err != nil {
		return nil, err
	}
	return c.only(ctx, charge, intent)
}

// only has a payment of the order's amount be the one that stands under its key.
func (c *Client) only(ctx context.Context, charge partners.Charge, intent *stripe.PaymentIntent) (*stripe.PaymentIntent, error) {
	if err := fits(intent, intent.Amount, charge); err != nil {
		return nil, err
	}
	return intent, c.letGo(ctx, charge, intent.ID)
}

// tried says that a payment is what a link left behind by which nobody has paid.
func tried(intent *stripe.PaymentIntent) bool {
	switch intent.Status {
	case stripe.PaymentIntentStatusSucceeded, stripe.PaymentIntentStatusRequiresCapture, stripe.PaymentIntentStatusProcessing:
		return false
	}
	return intent.Metadata[metaLink] != ""
}

// paidBefore ends a link that may be open, so that the buyer does not pay by it as well; it gives the payment that was made by it.
func (c *Client) paidBefore(ctx context.Context, charge partners.Charge) (*stripe.PaymentIntent, error) {
	if charge.Link == "" {
		return nil, nil
	}
	s, err := c.end(ctx, charge, charge.Link)
	if err != nil || s.PaymentIntent == nil || s.Status != stripe.CheckoutSessionStatusComplete {
		return nil, err
	}
	return c.named(ctx, s.PaymentIntent.ID)
}

// ReadLink reads what a link's order is shown: its payment, or that it ended without one; the zero Payment while it is open.
func (c *Client) ReadLink(ctx context.Context, id string) (Payment, error) {
	s, err := c.session(ctx, id)
	switch {
	case err != nil:
		return Payment{}, err
	case s.PaymentIntent != nil && s.Status == stripe.CheckoutSessionStatusComplete:
		return c.Read(ctx, s.PaymentIntent.ID)
	case s.Status == stripe.CheckoutSessionStatusExpired:
		return Payment{Key: s.Metadata[metaKey], ID: s.ID, Status: LinkEnded, Amount: counted(s.AmountTotal, s.Currency)}, nil
	}
	return Payment{}, nil
}
