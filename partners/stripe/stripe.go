// Package stripe has Stripe collect the money of orders that were sold outside the marketplaces.
//
//	Capture: look ─► create ─► confirm (the bank reserves) ─► capture        Refund: look ─► cancel what is reserved, refund what was taken
//
// All that is done for one order hangs on one payment intent, which bears our key in its metadata: the vendor's own states
// see to it that it is charged once, whatever is asked twice, late or by two processes. So everything begins with a look,
// and a request whose outcome is not known is settled by the next one. The Idempotency-Keys, made of ours, keep a request
// that arrives twice from being refused.
package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v82"

	"github.com/creatorflow/creatorflow/partners"
)

// BaseURL is the vendor's own.
const BaseURL = "https://api.stripe.com"

// What an intent's metadata say.
const (
	metaKey   = "creatorflow_key"   // under which it was asked for
	metaOrder = "creatorflow_order" // for people to read
	metaLink  = "creatorflow_link"  // the number of the link by which it is paid
)

// expandCharge has an intent come with its newest charge.
const expandCharge = "latest_charge"

// Options are what a Client needs.
type Options struct {
	Key     string           // the secret key, or a restricted one
	BaseURL string           // empty = the vendor's
	Client  *http.Client     // the way out
	Timeout time.Duration    // of one request; 0 = 20 s
	Clock   func() time.Time // required
}

// Client speaks for one account at the vendor. Its methods may be called from many goroutines.
type Client struct {
	api     api
	timeout time.Duration
	clock   func() time.Time
}

var _ partners.Payments = (*Client)(nil)

// New makes a client; it calls nobody.
func New(o Options) *Client {
	if o.BaseURL == "" {
		o.BaseURL = BaseURL
	}
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(o.BaseURL), HTTPClient: o.Client, MaxNetworkRetries: stripe.Int64(0), EnableTelemetry: stripe.Bool(false),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return &Client{api: api{backend, o.Key}, timeout: o.Timeout, clock: o.Clock}
}

// moves bounds the requests of one Capture or Refund: create, confirm, capture, and looks at what others did meanwhile.
const moves = 6

// Capture implements partners.Payments. A payment that the seller's own checkout has begun is taken as it stands.
func (c *Client) Capture(ctx context.Context, charge partners.Charge) error {
	intent, err := c.find(ctx, charge)
	for range moves {
		switch {
		case err != nil:
			return err
		case intent.Status == stripe.PaymentIntentStatusSucceeded:
			return took(intent, charge)
		}
		if err := fits(intent, intent.Amount, charge); err != nil {
			return err
		}
		switch intent.Status {
		case stripe.PaymentIntentStatusRequiresCapture:
			intent, err = c.capture(ctx, charge, intent)
		case stripe.PaymentIntentStatusProcessing:
			return &partners.Failure{Kind: partners.Pending, Call: "take the payment", Message: "the buyer's bank has not decided yet"}
		case stripe.PaymentIntentStatusCanceled:
			return partners.Declined("The payment was cancelled at Stripe, so nothing can be taken by it any more")
		case stripe.PaymentIntentStatusRequiresAction:
			return partners.Declined("The buyer's bank wants to ask the buyer first. Have them finish the payment in your shop")
		default:
			if byLink(charge) {
				return unpaid()
			}
			if own(charge) {
				return partners.Declined(fmt.Sprintf("The buyer has not finished the payment %s in your shop", intent.ID))
			}
			intent, err = c.confirm(ctx, charge, intent)
		}
		if moved(err) {
			intent, err = c.look(ctx, intent.ID)
		}
	}
	return restless("take the payment")
}

// restless is what somebody else's changes leave to say.
func restless(call string) error {
	return &partners.Failure{Kind: partners.Unsure, Call: call, Message: "the payment changed while it was looked at"}
}

// own says that a charge names a payment that the seller's checkout has begun.
func own(charge partners.Charge) bool { return strings.HasPrefix(charge.Method, "pi_") }

// took looks at a payment that was taken. Of one that we began the amount is the order's: an answer that says otherwise does not
// say that nothing was taken.
func took(intent *stripe.PaymentIntent, charge partners.Charge) error {
	if intent.AmountReceived <= 0 {
		return broken("take the payment", "a payment that was taken, and not how much")
	}
	err := fits(intent, intent.AmountReceived, charge)
	if err == nil || own(charge) || byLink(charge) {
		return err
	}
	return &partners.Failure{Kind: partners.Unsure, Call: "take the payment", Message: err.Error()}
}

// fits refuses a payment of another amount than the order's.
func fits(intent *stripe.PaymentIntent, amount int64, charge partners.Charge) error {
	want, err := units(charge.Amount)
	if err != nil {
		return err
	}
	if amount == want && strings.EqualFold(string(intent.Currency), charge.Amount.Currency) {
		return nil
	}
	return partners.Declined(fmt.Sprintf("The payment %s is one of %s and the order comes to %s", intent.ID, counted(amount, intent.Currency), charge.Amount))
}

// find is the payment that stands under a charge's key, made where there is none.
func (c *Client) find(ctx context.Context, charge partners.Charge) (*stripe.PaymentIntent, error) {
	if byLink(charge) {
		return c.linked(ctx, charge)
	}
	switch before, err := c.paidBefore(ctx, charge); {
	case err != nil:
		return nil, err
	case before != nil && before.Status != stripe.PaymentIntentStatusCanceled:
		return c.only(ctx, charge, before)
	}
	if own(charge) {
		intent, err := c.claim(ctx, charge)
		if err != nil || intent.Status != stripe.PaymentIntentStatusRequiresCapture && intent.Status != stripe.PaymentIntentStatusSucceeded {
			return intent, err
		}
		return intent, c.letGo(ctx, charge, charge.Method)
	}
	list, err := c.under(ctx, charge.Key)
	if err != nil {
		return nil, err
	}
	for _, intent := range list {
		if !tried(intent) {
			return intent, nil
		}
	}
	return c.create(ctx, charge)
}

// ranks order the intents of one key: what has gone furthest is the order's payment.
var ranks = []stripe.PaymentIntentStatus{
	stripe.PaymentIntentStatusSucceeded, stripe.PaymentIntentStatusRequiresCapture, stripe.PaymentIntentStatusProcessing,
	stripe.PaymentIntentStatusRequiresAction, stripe.PaymentIntentStatusRequiresConfirmation, stripe.PaymentIntentStatusRequiresPaymentMethod,
	stripe.PaymentIntentStatusCanceled,
}

// under lists the intents of a key as they are now, the furthest first. The vendor's search may lack one for about a minute;
// within that time, and for a day, creating it again finds it.
func (c *Client) under(ctx context.Context, key string) ([]*stripe.PaymentIntent, error) {
	search := &stripe.PaymentIntentSearchParams{SearchParams: stripe.SearchParams{Query: fmt.Sprintf("metadata['%s']:'%s'", metaKey, key)}}
	var list []*stripe.PaymentIntent
	within, done := context.WithTimeout(ctx, c.timeout)
	defer done()
	search.Context = within
	for one, err := range found[stripe.PaymentIntent](c.api, "/v1/payment_intents/search", search) {
		if err != nil {
			return nil, failure("look for the payment", false, err)
		}
		intent, err := c.named(ctx, one.ID) // a search may show an older state
		if err != nil {
			return nil, err
		}
		list = append(list, intent)
	}
	slices.SortStableFunc(list, func(a, b *stripe.PaymentIntent) int {
		return slices.Index(ranks, a.Status) - slices.Index(ranks, b.Status)
	})
	return list, nil
}

// letGo lets go what else stands under a key than the payment that is taken: a charge of which no answer came may have been made after
// all, and the buyer pays once.
func (c *Client) letGo(ctx context.Context, charge partners.Charge, but string) error {
	list, err := c.under(ctx, charge.Key)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.ID == but {
			continue
		}
		if err := c.giveBack(ctx, charge, other); err != nil {
			return err
		}
	}
	return nil
}

// claim is the payment of the seller's own checkout, from now on of this key. One of another amount is somebody else's: marked, it
// would be given back with this order.
func (c *Client) claim(ctx context.Context, charge partners.Charge) (*stripe.PaymentIntent, error) {
	intent, err := c.look(ctx, charge.Method)
	if err != nil {
		return nil, err
	}
	switch intent.Metadata[metaKey] {
	case charge.Key:
		return intent, nil
	case "":
	default:
		return nil, partners.Declined(fmt.Sprintf("The payment %s belongs to another order, %s", intent.ID, intent.Metadata[metaOrder]))
	}
	if err := fits(intent, intent.Amount, charge); err != nil {
		return nil, err
	}
	p := &stripe.PaymentIntentUpdateParams{Metadata: marks(charge)}
	p.AddExpand(expandCharge)
	p.SetIdempotencyKey(c.key(charge, "claim", intent.ID))
	return write(ctx, c, "mark the payment", func(ctx context.Context) (*stripe.PaymentIntent, error) {
		p.Context = ctx
		return call[stripe.PaymentIntent](c.api, http.MethodPost, stripe.FormatURLPath("/v1/payment_intents/%s", intent.ID), p)
	})
}

func marks(charge partners.Charge) map[string]string {
	return map[string]string{metaKey: charge.Key, metaOrder: charge.Order}
}

// key is an Idempotency-Key. The vendor keeps an answer for a day or longer, its own faults too: of what its states let happen
// once in any case, another hour asks anew.
func (c *Client) key(charge partners.Charge, parts ...string) string {
	return strings.Join(append([]string{charge.Key}, parts...), "/") + "/" + c.clock().UTC().Format("2006010215")
}

func (c *Client) create(ctx context.Context, charge partners.Charge) (*stripe.PaymentIntent, error) {
	amount, err := units(charge.Amount)
	if err != nil {
		return nil, err
	}
	p := &stripe.PaymentIntentCreateParams{
		Amount: stripe.Int64(amount), Currency: stripe.String(strings.ToLower(charge.Amount.Currency)),
		CaptureMethod: stripe.String(string(stripe.PaymentIntentCaptureMethodManual)), PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
		Description: stripe.String("Order " + charge.Order), Metadata: marks(charge),
	}
	ask := func() (*stripe.PaymentIntent, error) {
		return write(ctx, c, "begin the payment", func(ctx context.Context) (*stripe.PaymentIntent, error) {
			p.Context = ctx
			return call[stripe.PaymentIntent](c.api, http.MethodPost, "/v1/payment_intents", p)
		})
	}
	p.SetIdempotencyKey(charge.Key + "/create") // of any hour: two intents could both be paid
	made, err := ask()
	if keptFault(err) { // of a request that by now a search would show, had it had an effect
		p.SetIdempotencyKey(c.key(charge, "create"))
		made, err = ask()
	}
	if err != nil {
		return nil, err
	}
	return c.look(ctx, made.ID) // the answer may be the one of long ago
}

// confirm has the bank reserve the money. A declined one leaves a charge behind, whose id makes the next one another request.
func (c *Client) confirm(ctx context.Context, charge partners.Charge, intent *stripe.PaymentIntent) (*stripe.PaymentIntent, error) {
	if !strings.HasPrefix(charge.Method, "pm_") {
		return nil, partners.Declined("No payment method is known for this order")
	}
	last := "first"
	if intent.LatestCharge != nil {
		last = intent.LatestCharge.ID
	}
	p := &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String(charge.Method), OffSession: stripe.Bool(true)}
	p.AddExpand(expandCharge)
	p.SetIdempotencyKey(c.key(charge, "confirm", charge.Method, last))
	return write(ctx, c, "charge the card", func(ctx context.Context) (*stripe.PaymentIntent, error) {
		p.Context = ctx
		return call[stripe.PaymentIntent](c.api, http.MethodPost, stripe.FormatURLPath("/v1/payment_intents/%s/confirm", intent.ID), p)
	})
}

func (c *Client) capture(ctx context.Context, charge partners.Charge, intent *stripe.PaymentIntent) (*stripe.PaymentIntent, error) {
	p := &stripe.PaymentIntentCaptureParams{}
	p.AddExpand(expandCharge)
	p.SetIdempotencyKey(c.key(charge, "capture", intent.ID))
	return write(ctx, c, "take the payment", func(ctx context.Context) (*stripe.PaymentIntent, error) {
		p.Context = ctx
		return call[stripe.PaymentIntent](c.api, http.MethodPost, stripe.FormatURLPath("/v1/payment_intents/%s/capture", intent.ID), p)
	})
}

// Refund implements partners.Payments. Where nothing stands under the key but what links left, a cancelled payment will: so a request that
// is late finds it.
func (c *Client) Refund(ctx context.Context, charge partners.Charge) error {
	list, err := c.under(ctx, charge.Key)
	if err != nil {
		return err
	}
	before, err := c.paidBefore(ctx, charge)
	if err != nil {
		return err
	}
	has := func(id string) bool {
		return slices.ContainsFunc(list, func(i *stripe.PaymentIntent) bool { return i.ID == id })
	}
	if before != nil && !has(before.ID) {
		list = append(list, before)
	}
	var more *stripe.PaymentIntent
	switch {
	case own(charge) && !has(charge.Method):
		more, err = c.claim(ctx, charge)
	case !slices.ContainsFunc(list, func(i *stripe.PaymentIntent) bool { return i.Metadata[metaLink] == "" }):
		more, err = c.create(ctx, charge)
	}
	var no partners.Declined
	switch {
	case errors.As(err, &no): // it is another order's, or can never be charged: there is nothing of this one to give back
	case err != nil:
		return err
	case more != nil:
		list = append(list, more)
	}
	for _, intent := range list {
		if err := c.giveBack(ctx, charge, intent); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) giveBack(ctx context.Context, charge partners.Charge, intent *stripe.PaymentIntent) (err error) {
	for range moves {
		switch {
		case intent.Status == stripe.PaymentIntentStatusSucceeded && intent.AmountReceived <= 0:
			return broken("give the money back", "a payment that was taken, and not how much")
		case intent.Status == stripe.PaymentIntentStatusCanceled, intent.Status == stripe.PaymentIntentStatusSucceeded && refunded(intent) >= intent.AmountReceived:
			return nil
		case intent.Status == stripe.PaymentIntentStatusSucceeded:
			err = c.refund(ctx, charge, intent)
		default:
			err = c.cancel(ctx, charge, intent)
		}
		if err != nil && !moved(err) {
			return err
		}
		if intent, err = c.look(ctx, intent.ID); err != nil {
			return err
		}
	}
	return restless("give the money back")
}

func refunded(intent *stripe.PaymentIntent) int64 {
	if intent.LatestCharge == nil {
		return 0
	}
	return intent.LatestCharge.AmountRefunded
}

func (c *Client) cancel(ctx context.Context, charge partners.Charge, intent *stripe.PaymentIntent) error {
	p := &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String(string(stripe.PaymentIntentCancellationReasonAbandoned))}
	p.SetIdempotencyKey(c.key(charge, "cancel", intent.ID))
	_, err := write(ctx, c, "let the payment go", func(ctx context.Context) (*stripe.PaymentIntent, error) {
		p.Context = ctx
		return call[stripe.PaymentIntent](c.api, http.MethodPost, stripe.FormatURLPath("/v1/payment_intents/%s/cancel", intent.ID), p)
	})
	return err
}

// refund gives back all that is left of a payment; the vendor gives back no more than was taken.
func (c *Client) refund(ctx context.Context, charge partners.Charge, intent *stripe.PaymentIntent) error {
	p := &stripe.RefundCreateParams{PaymentIntent: stripe.String(intent.ID), Metadata: marks(charge)}
	p.SetIdempotencyKey(c.key(charge, "refund", intent.ID, fmt.Sprint(refunded(intent))))
	_, err := write(ctx, c, "give the money back", func(ctx context.Context) (*stripe.Refund, error) {
		p.Context = ctx
		return call[stripe.Refund](c.api, http.MethodPost, "/v1/refunds", p)
	})
	return err
}

func (c *Client) look(ctx context.Context, id string) (*stripe.PaymentIntent, error) {
	p := &stripe.PaymentIntentRetrieveParams{}
	p.AddExpand(expandCharge)
	within, done := context.WithTimeout(ctx, c.timeout)
	defer done()
	p.Context = within
	intent, err := call[stripe.PaymentIntent](c.api, http.MethodGet, stripe.FormatURLPath("/v1/payment_intents/%s", id), p)
	switch {
	case err != nil:
		return nil, failure("look at the payment", false, err)
	case id == "" || intent.ID != id:
		return nil, broken("look at the payment", "another payment than the one that was asked for")
	case intent.Amount <= 0 || len(intent.Currency) != 3:
		return nil, broken("look at the payment", "a payment, and not of what amount")
	}
	return intent, nil
}

// named looks at a payment that the vendor has named itself.
func (c *Client) named(ctx context.Context, id string) (*stripe.PaymentIntent, error) {
	intent, err := c.look(ctx, id)
	var unknown partners.Declined
	if errors.As(err, &unknown) {
		return nil, broken("look at the payment", "a payment that it does not know")
	}
	return intent, err
}

// broken is an answer that lacks what it must say: nothing is concluded from it, and it is asked for again.
func broken(call, shown string) error {
	return &partners.Failure{Kind: partners.Unsure, Call: call, Message: "Stripe shows " + shown}
}

// write is one request that has an effect.
func write[T any](ctx context.Context, c *Client, call string, ask func(context.Context) (*T, error)) (*T, error) {
	within, done := context.WithTimeout(ctx, c.timeout)
	defer done()
	answer, err := ask(within)
	return answer, failure(call, true, err)
}
