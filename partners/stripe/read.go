package stripe

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v82"

	"github.com/creatorflow/creatorflow/money"
)

// Payment is what stands at the vendor under one key.
type Payment struct {
	Key      string // ours; empty when the payment is none of ours
	ID       string // the vendor's
	Status   string // the vendor's word
	Amount   money.Money
	Taken    int64 // minor units
	Refunded int64 // minor units given back, whoever did it
	Disputes []Dispute
}

// Dispute is a buyer who asks their bank for the money.
type Dispute struct {
	ID, Reason, Status string // the vendor's words
	Amount             money.Money
}

// Account is whose key it is.
type Account struct {
	ID, Name string
	Charges  bool // the vendor lets it take money
}

// Account reads whose key it is.
func (c *Client) Account(ctx context.Context) (Account, error) {
	within, done := context.WithTimeout(ctx, c.timeout)
	defer done()
	a, err := call[stripe.Account](c.api, http.MethodGet, "/v1/account", &stripe.AccountRetrieveParams{Params: stripe.Params{Context: within}})
	if err != nil {
		return Account{}, failure("look at the account", false, err)
	}
	out := Account{ID: a.ID, Charges: a.ChargesEnabled}
	if a.Settings != nil && a.Settings.Dashboard != nil {
		out.Name = a.Settings.Dashboard.DisplayName
	}
	if a.BusinessProfile != nil {
		out.Name = cmp.Or(out.Name, a.BusinessProfile.Name)
	}
	return out, nil
}

// Under reads what stands under a key, the furthest payment of several; the zero Payment when there is none.
func (c *Client) Under(ctx context.Context, key string) (Payment, error) {
	list, err := c.under(ctx, key)
	if err != nil || len(list) == 0 {
		return Payment{}, err
	}
	return c.read(ctx, list[0])
}

// Read reads a payment by the vendor's id.
func (c *Client) Read(ctx context.Context, id string) (Payment, error) {
	intent, err := c.look(ctx, id)
	if err != nil {
		return Payment{}, err
	}
	return c.read(ctx, intent)
}

// All reads all payments that stand under a key, the furthest first.
func (c *Client) All(ctx context.Context, key string) (all []Payment, err error) {
	list, err := c.under(ctx, key)
	for _, intent := range list {
		p, err := c.read(ctx, intent)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, err
}

// Between goes through the payments that bear a key of ours and were begun at or after from and not after until, the newest first.
func (c *Client) Between(ctx context.Context, from, until time.Time) iter.Seq2[Payment, error] {
	return func(yield func(Payment, error) bool) {
		p := &stripe.PaymentIntentListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThanOrEqual: until.Unix()}}
		p.Limit, p.Context = stripe.Int64(100), ctx
		p.AddExpand("data." + expandCharge)
		for intent, err := range listed[stripe.PaymentIntent](c.api, "/v1/payment_intents", p) {
			if err != nil {
				yield(Payment{}, failure("list the payments", false, err))
				return
			}
			if intent.Metadata[metaKey] == "" {
				continue
			}
			if one, err := c.read(ctx, intent); !yield(one, err) || err != nil {
				return
			}
		}
	}
}

func (c *Client) read(ctx context.Context, intent *stripe.PaymentIntent) (Payment, error) {
	p := Payment{
		Key: intent.Metadata[metaKey], ID: intent.ID, Status: string(intent.Status),
		Amount: counted(intent.Amount, intent.Currency), Taken: counted(intent.AmountReceived, intent.Currency).Minor, Refunded: counted(min(refunded(intent), intent.AmountReceived), intent.Currency).Minor, // the vendor counts what was only reserved and let go
	}
	if intent.LatestCharge == nil || !intent.LatestCharge.Disputed || p.Key == "" {
		return p, nil
	}
	within, done := context.WithTimeout(ctx, c.timeout)
	defer done()
	disputes := &stripe.DisputeListParams{ListParams: stripe.ListParams{Context: within}, PaymentIntent: stripe.String(intent.ID)}
	for d, err := range listed[stripe.Dispute](c.api, "/v1/disputes", disputes) {
		if err != nil {
			return Payment{}, failure("look at the disputes", false, err)
		}
		p.Disputes = append(p.Disputes, Dispute{
			ID: d.ID, Reason: string(d.Reason), Status: string(d.Status), Amount: counted(d.Amount, d.Currency),
		})
	}
	return p, nil
}

// Types are the events by which the vendor tells of payments.
var Types = []string{
	"payment_intent.amount_capturable_updated", "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled",
	"charge.refunded", "charge.dispute.created", "charge.dispute.closed", "checkout.session.completed", "checkout.session.expired",
}

// Changed lists the ids of payments, and of links that ended unpaid, of which something was told at or after since and not after until, each once. The vendor
// keeps what it told for 30 days.
func (c *Client) Changed(ctx context.Context, since, until time.Time) (ids []string, err error) {
	p := &stripe.EventListParams{
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix(), LesserThanOrEqual: until.Unix()},
		Types:        stripe.StringSlice(Types),
	}
	p.Limit = stripe.Int64(100)
	within, done := context.WithTimeout(ctx, 3*c.timeout)
	defer done()
	p.Context = within
	seen := map[string]bool{}
	for e, err := range listed[stripe.Event](c.api, "/v1/events", p) {
		if err != nil {
			return nil, failure("list what was told of payments", false, err)
		}
		if id := intentOf(e.Data.Raw); id != "" && !seen[id] {
			seen[id], ids = true, append(ids, id)
		}
	}
	return ids, nil
}

// intentOf is the payment that an event's object is, or is about; a link itself where it has none.
func intentOf(raw json.RawMessage) string {
	var o struct {
		ID     string `json:"id"`
		Object string `json:"object"`
		Intent any    `json:"payment_intent"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return ""
	}
	if o.Object == "payment_intent" || o.Object == "checkout.session" && o.Intent == nil {
		return o.ID
	}
	switch of := o.Intent.(type) {
	case string:
		return of
	case map[string]any: // expanded
		id, _ := of["id"].(string)
		return id
	}
	return ""
}

// Endpoints lists where the account's webhooks go, those that are switched off not included.
func (c *Client) Endpoints(ctx context.Context) (urls []string, err error) {
	within, done := context.WithTimeout(ctx, c.timeout)
	defer done()
	all := &stripe.WebhookEndpointListParams{ListParams: stripe.ListParams{Context: within}}
	for e, err := range listed[stripe.WebhookEndpoint](c.api, "/v1/webhook_endpoints", all) {
		if err != nil {
			return nil, failure("list the webhook endpoints", false, err)
		}
		if e.Status == "enabled" {
			urls = append(urls, e.URL)
		}
	}
	return urls, nil
}
