package direct_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/gateway/direct"
	"github.com/creatorflow/creatorflow/gateway/edge"
)

// What is said of a way of paying that is not the order's is refused by its field, before anything of the buyer is kept.
func TestPlaceOrderSaysHowItIsPaid(t *testing.T) {
	for name, c := range map[string]struct {
		pay, method string
		terms       direct.LinkTerms
		field       string
	}{
		"a card for a link":           {pay: "link", method: "pm_1", field: "method"},
		"a card for a sale elsewhere": {pay: "elsewhere", method: "pm_1", field: "method"},
		"hours for a card":            {pay: "card", method: "pm_1", terms: direct.LinkTerms{LinkHours: 3}, field: "link_hours"},
		"a page for a sale elsewhere": {pay: "elsewhere", terms: direct.LinkTerms{LinkReturn: "https://shop.example"}, field: "link_return"},
	} {
		body := direct.PlaceOrder{
			Connection: "k7", Number: "M-1", Currency: "GBP", Lines: []direct.EnteredLine{{SKU: "HAT", Quantity: 1, Price: 100}}, Pay: c.pay, Method: c.method, LinkTerms: c.terms,
			Buyer: &direct.EnteredBuyer{Name: "Ana"},
		}
		keep := func(context.Context, string, channels.Order) (string, orderevents.Destination, error) {
			t.Errorf("%s: the buyer is kept", name)
			return "", orderevents.Destination{}, errors.New("no vault here")
		}
		_, err := body.Plan(t.Context(), nil, "main", time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC), keep, nil)
		var p *edge.Problem
		if !errors.As(err, &p) || len(p.Errors) != 1 || p.Errors[0].Field != c.field {
			t.Errorf("%s: %v, want what is wrong with %s", name, err, c.field)
		}
	}
}
