// Package direct has the bodies of the commands by which a seller enters orders of their own.
//
//	PlaceOrder ─► the buyer to the vault ─► one decision: the order and its stock, or a refusal
package direct

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/direct"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/plans"
	"github.com/creatorflow/creatorflow/money"
)

// KeepBuyer keeps personal data in the vault and tells the references to it; *ingest.Ingest has one.
type KeepBuyer func(ctx context.Context, connection string, o channels.Order) (person string, goes orderevents.Destination, err error)

// PlaceOrder is the body of the command that enters an order.
type PlaceOrder struct {
	Connection string        `json:"connection" minLength:"1" maxLength:"40" doc:"of the channel direct"`
	Number     string        `json:"number" minLength:"1" maxLength:"64" pattern:"^[0-9A-Za-z_-]+$" doc:"the seller's own, once for a connection"`
	Currency   string        `json:"currency" minLength:"3" maxLength:"3" doc:"of all prices, an ISO 4217 code such as GBP"`
	Lines      []EnteredLine `json:"lines" minItems:"1" maxItems:"100"`
	Delivery   int64         `json:"delivery" minimum:"0" maximum:"10000000000" required:"false" doc:"what the buyer pays for delivery, in minor units"`
	Pay        string        `json:"pay" enum:"card,link,elsewhere" doc:"card: the hub charges the method; link: the buyer pays by a page of Stripe's, see send-payment-link; elsewhere: the buyer has paid by other means"`
	Method     string        `json:"method" maxLength:"100" required:"false" doc:"of a card payment: Stripe's id of a payment method, pm_…, or of a payment that your own checkout has begun, pi_…"`
	LinkTerms
	Buyer *EnteredBuyer `json:"buyer,omitempty" doc:"sealed in the vault; none for a sale over the counter"`
}

// LinkTerms are how long a payment link is open, and where the buyer comes after paying.
type LinkTerms struct {
	LinkHours  int    `json:"link_hours" minimum:"0" maximum:"23" required:"false" doc:"how long a payment link is open; 23 when absent"`
	LinkReturn string `json:"link_return" maxLength:"500" required:"false" doc:"the page that the buyer sees after paying by a link, https://…; the website that your Stripe account names when absent"`
}

func (t LinkTerms) link(order string) direct.Link {
	return direct.Link{Order: order, For: time.Duration(t.LinkHours) * time.Hour, Return: strings.TrimSpace(t.LinkReturn)}
}

// EnteredLine is units of a SKU at a price.
type EnteredLine struct {
	SKU      string `json:"sku" minLength:"1" maxLength:"400"`
	Name     string `json:"name" maxLength:"200" required:"false"`
	Quantity int64  `json:"quantity" minimum:"1" maximum:"100000"`
	Price    int64  `json:"price" minimum:"0" maximum:"10000000000" doc:"of one unit, in minor units"`
}

// EnteredBuyer is who buys, and where it goes.
type EnteredBuyer struct {
	Name       string `json:"name" minLength:"1" maxLength:"200"`
	Address    string `json:"address" maxLength:"1000" required:"false" doc:"street and number, then what else a parcel's label says, with line breaks"`
	City       string `json:"city" maxLength:"100" required:"false" doc:"without it no label is bought"`
	State      string `json:"state" maxLength:"100" required:"false" doc:"as the post of the country writes it, such as NY"`
	PostalCode string `json:"postal_code" maxLength:"40" required:"false"`
	Region     string `json:"region" maxLength:"100" required:"false" doc:"the country; labels are bought for two letters of ISO 3166, such as GB"`
	Email      string `json:"email" maxLength:"254" required:"false"`
	Phone      string `json:"phone" maxLength:"40" required:"false"`
}

// Shops are the connections, for their names.
type Shops interface {
	Connections() []channels.Connection
}

// Plan keeps the buyer and plans the command; the shops, which may be nil, are for names in its answers.
func (b PlaceOrder) Plan(ctx context.Context, log plans.Log, workspace string, now time.Time, keep KeepBuyer, named Shops) (eventlog.Request, error) {
	if keep == nil {
		return eventlog.Request{}, edge.Busy("Orders are not taken in at the moment.", 5)
	}
	now = now.UTC().Truncate(time.Microsecond)
	order, err := b.order(now)
	if err != nil {
		return eventlog.Request{}, err
	}
	if order.Made, err = made(ctx, log, workspace, order.Items); err != nil {
		return eventlog.Request{}, err
	}
	order.Shops = map[string]string{}
	if named != nil {
		for _, c := range named.Connections() {
			order.Shops[c.ID] = c.Name
		}
	}
	if b.Buyer != nil {
		o := channels.Order{ID: b.Number, Updated: now, Recipient: b.Buyer.recipient()}
		if order.Buyer, order.Destination, err = keep(ctx, b.Connection, o); err != nil {
			return eventlog.Request{}, err
		}
	}
	folds := direct.Placing(workspace, order)
	return eventlog.Request{
		Folds: append(folds, shops.Connecting().Fold(shopevents.Connection(workspace, b.Connection))),
		Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
			if err := direct.Shop(states[len(folds)].Value.(shops.State).Connected); err != nil {
				return d, err
			}
			if d.Writes, err = direct.Place(workspace, order, states[:len(folds)]); err != nil {
				return d, err
			}
			d.Result, err = json.Marshal(map[string]string{"order": orders.ID(b.Connection, b.Number)})
			return d, err
		},
	}, nil
}

// made reads which of the items are bundles, and of what.
func made(ctx context.Context, log plans.Log, workspace string, items []direct.Item) (map[string]map[string]int64, error) {
	found := map[string]map[string]int64{}
	for _, item := range items {
		known, err := log.Fold(ctx, inventory.Fold(workspace, item.SKU))
		if err != nil {
			return nil, err
		}
		if s := known.Value.(inventory.State); s.Bundle() {
			found[item.SKU] = s.Components
		}
	}
	return found, nil
}

func (b PlaceOrder) order(now time.Time) (direct.Order, error) {
	currency := strings.ToUpper(b.Currency)
	if _, known := money.Exponent(currency); !known {
		return direct.Order{}, fault("currency", "must be an ISO 4217 code such as GBP")
	}
	switch {
	case b.Method != "" && b.Pay != orderevents.PayCard:
		return direct.Order{}, fault("method", "is of a card payment; leave it out of an order that is paid by a link or elsewhere")
	case b.LinkHours != 0 && b.Pay != orderevents.PayLink:
		return direct.Order{}, fault("link_hours", "is of an order that is paid by a link; leave it out of another")
	case b.LinkReturn != "" && b.Pay != orderevents.PayLink:
		return direct.Order{}, fault("link_return", "is of an order that is paid by a link; leave it out of another")
	}
	out := direct.Order{
		Connection: b.Connection, Number: b.Number, Delivery: money.Money{Minor: b.Delivery, Currency: currency},
		Direct: orderevents.Direct{Pay: b.Pay, Method: b.Method}, Link: b.link(""), Now: now,
	}
	for i, l := range b.Lines {
		sku, err := plans.SKU(l.SKU)
		if err != nil {
			return direct.Order{}, err
		}
		if strings.ContainsFunc(l.Name, unicode.IsControl) {
			return direct.Order{}, fault(fmt.Sprintf("lines[%d].name", i), "must be text without control characters")
		}
		out.Items = append(out.Items, direct.Item{SKU: sku, Name: l.Name, Quantity: l.Quantity, Price: money.Money{Minor: l.Price, Currency: currency}})
	}
	if b.Buyer == nil {
		return out, nil
	}
	r := b.Buyer.recipient()
	for field, text := range map[string]string{
		"name": r.Name, "city": r.City, "state": r.State, "postal_code": r.PostalCode, "region": r.Region, "email": r.Email, "phone": r.Phone,
		"address": strings.NewReplacer("\r", "", "\n", "").Replace(r.Address),
	} {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return direct.Order{}, fault("buyer."+field, "must be text without control characters")
		}
	}
	return out, nil
}

func fault(field, rule string) error { return edge.Invalid(edge.Fault{Field: field, Rule: rule}) }

func (b EnteredBuyer) recipient() *channels.Recipient {
	var lines []string
	for line := range strings.Lines(b.Address) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	r := &channels.Recipient{
		Name: b.Name, Phone: b.Phone, Email: b.Email, PostalCode: b.PostalCode, Region: strings.TrimSpace(b.Region), City: strings.TrimSpace(b.City), State: strings.TrimSpace(b.State),
	}
	if len(lines) > 0 {
		r.Line1, r.Line2 = lines[0], strings.Join(lines[1:], ", ")
	}
	for _, part := range []string{r.City, r.State} {
		if part != "" {
			lines = append(lines, part)
		}
	}
	r.Address = cmp.Or(strings.Join(lines, "\n"), b.Name)
	return r
}

// PayOrder is the body of the command that says by what else an order is paid.
type PayOrder struct {
	Order  string `json:"order" minLength:"1" maxLength:"200"`
	Pay    string `json:"pay" enum:"card,elsewhere"`
	Method string `json:"method" maxLength:"100" required:"false" doc:"as of place-order"`
}

// Plan plans the command.
func (b PayOrder) Plan(workspace string) eventlog.Request {
	n := direct.Name{Order: b.Order, Direct: orderevents.Direct{Pay: b.Pay, Method: b.Method}}
	return eventlog.Request{
		Folds: direct.Naming(workspace, n),
		Decide: func(states []eventlog.State) (d eventlog.Decision, err error) {
			d.Writes, err = direct.Named(workspace, n, states)
			return d, err
		},
	}
}

// SendLink is the body of the command that has a payment link made.
type SendLink struct {
	Order string `json:"order" minLength:"1" maxLength:"200"`
	LinkTerms
}

// Plan plans the command.
func (b SendLink) Plan(workspace string, now time.Time) eventlog.Request {
	return plans.One(orderevents.Stream(workspace, b.Order), direct.Linking(now), b.link(b.Order))
}
