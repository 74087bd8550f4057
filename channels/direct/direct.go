// Package direct connects the hub to whoever takes card payments for what a seller sells outside the channels.
//
//	Charge, GiveBack ─► Stripe      webhooks, Changed ─► Orders: what Stripe shows of an order's payment
//
// There is no shop to ask: the hub knows the orders itself, and of an order nothing but its payment is read here. Without a
// secret key no card is charged, and there is nobody to ask at all.
package direct

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/partners"
	"github.com/creatorflow/creatorflow/partners/stripe"
)

// What a seller gives.
const grantKey = "secret-key"

// account is how the ids of Stripe's accounts begin.
const account = "acct_"

// Vendor is how direct sales are connected.
var Vendor = channels.Vendor{
	Name: "direct", Title: "Direct sales",
	Key: channels.Field{
		Name: "account", Label: "Stripe account or a name",
		Help: "To charge cards: your account's id at Stripe, acct_…, from Settings, Account details. To sell without cards: any short name, such as market.",
	},
	Secret: channels.Field{
		Name: "webhook-secret", Label: "Webhook signing secret", Secret: true, Optional: true,
		Help: "Of the endpoint that you add at Stripe under Developers, Webhooks; it begins with whsec_. Connect first to learn the address, then connect once more with the secret.",
	},
	Grant: []channels.Field{{
		Name: grantKey, Label: "Stripe secret key", Secret: true, Optional: true,
		Help: "From Stripe under Developers, API keys: sk_…, or a restricted key rk_… that may write payment intents, checkout sessions and refunds and read events, disputes, the account and webhook endpoints. Leave it empty to sell without cards.",
	}},
	Hosts: []string{stripe.BaseURL}, Webhooks: Webhooks{}, Shopless: true,
	Keeper: func(o channels.Opening, store channels.Tokens) *channels.Keeper {
		return channels.NewKeeper(store, o.Clock, o.Logger(), func(context.Context, channels.Token) (channels.Token, error) {
			return channels.Token{}, &channels.Failure{Class: channels.Auth, Call: "use the secret key", Message: "Stripe does not accept it any more"}
		})
	},
	Open:      func(o channels.Opening) channels.Connector { return New(o) },
	Authorize: Authorize,
}

// Connector speaks to one account at Stripe, or to nobody. Its methods may be called from many goroutines.
type Connector struct {
	o channels.Opening

	mu     sync.Mutex // guards all below
	key    string
	client *stripe.Client // for the key
}

var (
	_ channels.Connector      = (*Connector)(nil)
	_ channels.Charger        = (*Connector)(nil)
	_ channels.Linker         = (*Connector)(nil)
	_ channels.Statement      = (*Connector)(nil)
	_ channels.SellerShipping = (*Connector)(nil)
	_ channels.Examiner       = (*Connector)(nil)
)

// New makes a connector; it calls nobody.
func New(o channels.Opening) *Connector { return &Connector{o: o} }

// cards says that the connection has an account to charge cards by.
func (c *Connector) cards() bool { return strings.HasPrefix(c.o.Connection.ShopID, account) }

// partner is the client for the key as it is now.
func (c *Connector) partner(ctx context.Context) (*stripe.Client, error) {
	if !c.cards() {
		return nil, &channels.Failure{Class: channels.Rejected, Call: "charge a card", Message: "no Stripe account is connected. Say that the order was paid elsewhere, or connect direct sales with a secret key"}
	}
	t, err := c.o.Tokens.Current(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil || c.key != t.Access {
		c.key, c.client = t.Access, client(c.o, t.Access)
	}
	return c.client, nil
}

func client(o channels.Opening, key string) *stripe.Client {
	return stripe.New(stripe.Options{Key: key, BaseURL: o.App.BaseURL, Client: o.Client, Timeout: o.Timeout, Clock: o.Clock})
}

// Capabilities implements channels.Connector.
func (c *Connector) Capabilities() channels.Capabilities {
	return channels.Capabilities{Write: channels.WriteCounter, NoHistory: "Direct sales are entered here, so there is nobody to read older ones from."}
}

// Charge implements channels.Charger.
func (c *Connector) Charge(ctx context.Context, charge channels.Charge) error {
	return c.pay(ctx, charge, partners.Payments.Capture)
}

// GiveBack implements channels.Charger.
func (c *Connector) GiveBack(ctx context.Context, charge channels.Charge) error {
	return c.pay(ctx, charge, partners.Payments.Refund)
}

func (c *Connector) pay(ctx context.Context, charge channels.Charge, ask func(partners.Payments, context.Context, partners.Charge) error) error {
	p, err := c.partner(ctx)
	if err != nil {
		return err
	}
	return failure(ask(p, ctx, partners.Charge(charge)))
}

// MakeLink implements channels.Linker.
func (c *Connector) MakeLink(ctx context.Context, charge channels.Charge, w channels.LinkWish) (channels.PayLink, error) {
	p, err := c.partner(ctx)
	if err != nil {
		return channels.PayLink{}, err
	}
	l, err := p.MakeLink(ctx, partners.Charge(charge), partners.LinkWish(w))
	return payLink(l), failure(err)
}

// LookAtLink implements channels.Linker.
func (c *Connector) LookAtLink(ctx context.Context, charge channels.Charge, id string, end bool) (l channels.PayLink, err error) {
	p, err := c.partner(ctx)
	if err != nil {
		return l, err
	}
	var at partners.Link
	if end {
		at, err = p.EndLink(ctx, partners.Charge(charge), id)
	} else {
		at, err = p.LookAtLink(ctx, id)
	}
	return payLink(at), failure(err)
}

func payLink(l partners.Link) channels.PayLink {
	return channels.PayLink{ID: l.ID, URL: l.URL, Until: l.Until, Open: l.State == partners.LinkOpen, Paid: l.State == partners.LinkPaid}
}

// classes say what a partner's failure means to the hub.
var classes = map[partners.Kind]channels.Class{
	partners.Busy: channels.Throttled, partners.Away: channels.Retry, partners.Unsure: channels.Unsure, partners.Pending: channels.Awaited, partners.Unpaid: channels.Awaited,
	partners.Locked: channels.Auth, partners.Wrong: channels.Bug,
}

func failure(err error) error {
	var no partners.Declined
	var f *partners.Failure
	switch {
	case errors.As(err, &no):
		return &channels.Failure{Class: channels.Rejected, Call: "charge a card", Message: no.Error()}
	case errors.As(err, &f) && f.Kind == partners.Unpaid:
		return &channels.Failure{Class: channels.Awaited, Call: f.Call, Code: channels.CodeUnpaid, Message: f.Message}
	case errors.As(err, &f):
		return &channels.Failure{
			Class: classes[f.Kind], Call: f.Call, Code: f.Code, Message: f.Message, RetryAfter: f.RetryAfter, Err: f.Err,
			Away: f.Kind == partners.Away || f.Kind == partners.Busy,
		}
	}
	return err
}

// Orders implements channels.Connector: ids are payments' and links' at Stripe, and of an order its payment alone is told. Payments of
// other shops on the same account are absent.
func (c *Connector) Orders(ctx context.Context, ids []string) (channels.Page, error) {
	var page channels.Page
	for _, id := range ids {
		isLink := strings.HasPrefix(id, "cs_")
		if !isLink && !strings.HasPrefix(id, "pi_") {
			continue
		}
		p, err := c.partner(ctx)
		if err != nil {
			return channels.Page{}, err
		}
		look := p.Read
		if isLink {
			look = p.ReadLink
		}
		read, err := look(ctx, id)
		var no partners.Declined
		if errors.As(err, &no) { // there is no such payment
			continue
		}
		if err != nil {
			return channels.Page{}, failure(err)
		}
		if order, mine := strings.CutPrefix(read.Key, c.o.Connection.ID+":"); mine {
			page.Orders = append(page.Orders, channels.Order{ID: id, Payment: shown(order, read)})
		}
	}
	return page, nil
}

func shown(order string, p stripe.Payment) *channels.Payment {
	out := &channels.Payment{
		ID: p.ID, Order: order, Status: p.Status, Amount: p.Amount, Reserved: p.Status == "requires_capture",
		Taken: money.Money{Minor: p.Taken, Currency: p.Amount.Currency}, Refunded: money.Money{Minor: p.Refunded, Currency: p.Amount.Currency},
		Moved: p.Status == "requires_capture" || p.Status == "succeeded" || p.Status == "canceled" || p.Status == stripe.LinkEnded,
	}
	for _, d := range p.Disputes {
		out.Disputes = append(out.Disputes, channels.Dispute{ID: d.ID, Status: d.Status, Reason: d.Reason, Amount: d.Amount})
	}
	return out
}

// Changed implements channels.Connector: the payments of which Stripe told something, whether or not its webhook came.
func (c *Connector) Changed(ctx context.Context, since, until time.Time, _ string) (channels.Page, error) {
	if !c.cards() {
		return channels.Page{}, nil
	}
	p, err := c.partner(ctx)
	if err != nil {
		return channels.Page{}, err
	}
	ids, err := p.Changed(ctx, since, until)
	if err != nil {
		return channels.Page{}, failure(err)
	}
	return c.Orders(ctx, ids)
}

// Charges implements channels.Statement.
func (c *Connector) Charges() bool { return c.cards() }

// Payments implements channels.Statement.
func (c *Connector) Payments(ctx context.Context, from, until time.Time) iter.Seq2[channels.Payment, error] {
	return func(yield func(channels.Payment, error) bool) {
		p, err := c.partner(ctx)
		if err != nil {
			yield(channels.Payment{}, err)
			return
		}
		for read, err := range p.Between(ctx, from, until) {
			if err != nil {
				yield(channels.Payment{}, failure(err))
				return
			}
			if order, mine := strings.CutPrefix(read.Key, c.o.Connection.ID+":"); mine && !yield(*shown(order, read), nil) {
				return
			}
		}
	}
}

// PaymentsOf implements channels.Statement.
func (c *Connector) PaymentsOf(ctx context.Context, key string) (all []channels.Payment, err error) {
	p, err := c.partner(ctx)
	if err != nil {
		return nil, err
	}
	list, err := p.All(ctx, key)
	for _, read := range list {
		all = append(all, *shown(strings.TrimPrefix(read.Key, c.o.Connection.ID+":"), read))
	}
	return all, failure(err)
}

// Quantities implements channels.Connector: nothing is listed.
func (c *Connector) Quantities(context.Context, []string) ([]channels.Quantity, error) {
	return nil, nil
}

// SetQuantity implements channels.Connector.
func (c *Connector) SetQuantity(context.Context, string, string, int64) error {
	return &channels.Failure{Class: channels.Bug, Call: "write a quantity", Message: "nothing is listed for direct sales"}
}

// Listings implements channels.Connector: there are none.
func (c *Connector) Listings(context.Context, string) (channels.ListingPage, error) {
	return channels.ListingPage{}, nil
}

// Carriers implements channels.SellerShipping: any name is taken.
func (c *Connector) Carriers(context.Context, string) ([]channels.Carrier, error) { return nil, nil }

// Send implements channels.SellerShipping: nobody has to be told.
func (c *Connector) Send(_ context.Context, _ string, p channels.Parcel) (channels.Shipment, error) {
	return channels.Shipment{Tracking: p.Tracking, Carrier: p.Carrier}, nil
}

// Parcels implements channels.SellerShipping: nobody knows any.
func (c *Connector) Parcels(context.Context, string) ([]channels.Parcel, error) { return nil, nil }

// Authorize looks whose secret key it is. The connection has no ID yet.
func Authorize(ctx context.Context, o channels.Opening, given channels.Grant) (channels.Token, []channels.Connection, error) {
	key, own := strings.TrimSpace(given[grantKey]), strings.TrimSpace(o.App.Key)
	no := func(message string) (channels.Token, []channels.Connection, error) {
		return channels.Token{}, nil, &channels.Failure{Class: channels.Rejected, Call: "connect", Message: message}
	}
	switch {
	case key == "" && strings.HasPrefix(own, account):
		return no("give the secret key of " + own + ", or another name than an account's to sell without cards")
	case key == "":
		return channels.Token{Access: "none"}, []channels.Connection{{ShopID: own, Name: own}}, nil
	}
	a, err := client(o, key).Account(ctx)
	switch {
	case err != nil:
		return channels.Token{}, nil, failure(err)
	case a.ID != own:
		return no("the secret key belongs to the account " + a.ID + " and not to " + channels.Short(own, 60))
	}
	name := a.Name
	if name == "" {
		name = a.ID
	}
	return channels.Token{Access: key}, []channels.Connection{{ShopID: a.ID, Name: name}}, nil
}

// Examine implements channels.Examiner.
func (c *Connector) Examine(ctx context.Context, address string) []channels.Finding {
	if !c.cards() {
		return []channels.Finding{{Check: channels.CheckCredentials, State: channels.Grey, Found: "No Stripe account is connected: orders are entered here, and no card is charged."}}
	}
	const mend = "Make a new secret key at Stripe under Developers, API keys, and connect direct sales again with it."
	p, err := c.partner(ctx)
	if err == nil {
		var a stripe.Account
		switch a, err = p.Account(ctx); {
		case err == nil && !a.Charges:
			return []channels.Finding{{
				Check: channels.CheckCredentials, State: channels.Red, Found: "Stripe accepts the secret key, and does not let the account take payments yet.",
				Mend: "Finish the account's details at Stripe under Settings, Business.",
			}}
		case err != nil:
			err = failure(err)
		}
	}
	if channels.ClassOf(err) == channels.Auth {
		return []channels.Finding{{Check: channels.CheckCredentials, State: channels.Red, Found: "Stripe does not accept the secret key.", Mend: mend}}
	}
	if err != nil {
		return []channels.Finding{{Check: channels.CheckCredentials, State: channels.Grey, Found: "Stripe could not be asked: " + channels.Short(err.Error(), 200) + "."}}
	}
	return []channels.Finding{{Check: channels.CheckCredentials, State: channels.Green, Found: "Stripe accepts the secret key."}, c.hooks(ctx, p, address)}
}

func (c *Connector) hooks(ctx context.Context, p *stripe.Client, address string) channels.Finding {
	f := channels.Finding{Check: channels.CheckWebhooks, State: channels.Grey, Found: "The hub has no public address, so Stripe sends no webhooks: it asks with every poll."}
	if address == "" {
		return f
	}
	urls, err := p.Endpoints(ctx)
	if err != nil {
		f.Found = "Stripe did not say where its webhooks go: " + channels.Short(failure(err).Error(), 200) + "."
		return f
	}
	f.State, f.Mend = channels.Red, "Add the endpoint "+address+" at Stripe under Developers, Webhooks, and connect direct sales again with its signing secret."
	switch {
	case len(c.o.App.Secrets) == 0:
		f.Found = "The webhook signing secret is missing, so webhooks are refused; the hub asks Stripe with every poll instead."
	case !has(urls, address):
		f.Found = "No endpoint at Stripe sends webhooks here; the hub asks with every poll instead."
	default:
		f.State, f.Found, f.Mend = channels.Green, "Stripe sends webhooks here.", ""
	}
	return f
}

func has(urls []string, address string) bool {
	for _, u := range urls {
		if strings.TrimSuffix(u, "/") == address {
			return true
		}
	}
	return false
}

// Webhooks reads Stripe's webhooks.
type Webhooks struct{}

// Verify implements channels.Webhooks: any of the signatures over the bytes as they came, by any of the secrets, at most 300
// seconds old.
func (Webhooks) Verify(app channels.App, header http.Header, body []byte) error {
	if stripe.Verify(header.Get(stripe.SignatureHeader), body, app.Secrets) != nil {
		return channels.ErrSignature
	}
	return nil
}

// Keep implements channels.Webhooks: the body says all.
func (Webhooks) Keep(_ http.Header, body []byte) []byte { return body }

// Hints implements channels.Webhooks. An event does not name its account: an app here has one.
func (Webhooks) Hints(body []byte) ([]channels.Hint, error) {
	told, err := stripe.ReadEvent(body)
	if err != nil {
		return nil, channels.Invalid{Record: "webhook", Field: "body", Rule: "must be an event: " + err.Error()}
	}
	h := channels.Hint{Delivery: told.ID, Kind: "other", Type: channels.Short(told.Type, 60), Updated: told.At}
	switch {
	case !told.Known: // an endpoint may send every event there is
	case told.Intent != "" && isPayment(told.Intent):
		h.Kind, h.Order = "order", told.Intent
	}
	return []channels.Hint{h}, nil
}

// isPayment says that s can be a payment's or a link's id: those of links are longer than ids of others.
func isPayment(s string) bool {
	short, isLink := strings.CutPrefix(s, "cs_")
	if !isLink {
		return channels.IsID(s)
	}
	return len(short) <= 120 && (len(short) <= 64 && channels.IsID(short) || len(short) > 64 && channels.IsID(short[:64]) && channels.IsID(short[64:]))
}
