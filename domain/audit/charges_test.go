package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/audit"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

func gbp(minor int64) money.Money { return money.Money{Minor: minor, Currency: "GBP"} }

// bookOf is what the log says of an order after these events, which follow each other by an hour.
func bookOf(events ...eventlog.Event) audit.Charge {
	var records []eventlog.Record
	for i, e := range events {
		records = append(records, eventlog.Record{Event: e, At: time.Date(2026, 11, 1, i, 0, 0, 0, time.UTC)})
	}
	return audit.ChargeOf(records)
}

// TestDiffer: R 89, whatever stands otherwise at the payment partner is told with what to do, and nothing else is.
func TestDiffer(t *testing.T) {
	placed := orderevents.Placed{Order: "k1:M-1", Total: gbp(2499), Direct: orderevents.Direct{Pay: orderevents.PayCard, Method: "pm_1"}}
	paid := orderevents.PaymentCompleted{Order: "k1:M-1", Total: gbp(2499)}
	back := orderevents.Refunded{Order: "k1:M-1", Total: gbp(2499)}
	cancelled := orderevents.Cancelled{Order: "k1:M-1"}
	elsewhere := orderevents.PaymentNamed{Order: "k1:M-1", Direct: orderevents.Direct{Pay: orderevents.PayElsewhere}}
	disputed := orderevents.Disputed{Order: "k1:M-1", Dispute: "du_1", Status: "needs_response"}
	took := func(id string, taken, refunded int64) audit.Shown {
		return audit.Shown{ID: id, Amount: gbp(2499), Taken: taken, Refunded: refunded}
	}
	held := audit.Shown{ID: "pi_1", Amount: gbp(2499), Reserved: true}
	asks := took("pi_1", 2499, 0)
	asks.Disputes = map[string]string{"du_1": "needs_response"}
	euros := took("pi_1", 2499, 0)
	euros.Amount.Currency = "EUR"
	for name, test := range map[string]struct {
		book  audit.Charge
		shown []audit.Shown
		want  string // empty = nothing
	}{
		"paid":                            {bookOf(placed, paid), []audit.Shown{took("pi_1", 2499, 0)}, ""},
		"paid after a cancelled try":      {bookOf(placed, paid), []audit.Shown{took("pi_1", 0, 0), took("pi_2", 2499, 0)}, ""},
		"not paid yet":                    {bookOf(placed), []audit.Shown{took("pi_1", 0, 0)}, ""},
		"reserved, and being taken":       {bookOf(placed), []audit.Shown{held}, ""},
		"cancelled and given back":        {bookOf(placed, paid, back, cancelled), []audit.Shown{took("pi_1", 2499, 2499)}, ""},
		"cancelled before the hub knew":   {bookOf(placed, cancelled), []audit.Shown{took("pi_1", 2499, 2499)}, ""},
		"cancelled, never charged":        {bookOf(placed, cancelled), nil, ""},
		"elsewhere, and the card let go":  {bookOf(placed, elsewhere, paid), []audit.Shown{took("pi_1", 0, 0)}, ""},
		"a part given back":               {bookOf(placed, paid, orderevents.Refunded{Total: gbp(500)}), []audit.Shown{took("pi_1", 2499, 500)}, ""},
		"twice, and one given back":       {bookOf(placed, paid), []audit.Shown{took("pi_1", 2499, 0), took("pi_2", 2499, 2499)}, ""},
		"a dispute that is known":         {bookOf(placed, paid, disputed), []audit.Shown{asks}, ""},
		"no payment":                      {bookOf(placed, paid), nil, "shows no payment of it"},
		"taken, and not known":            {bookOf(placed), []audit.Shown{took("pi_1", 2499, 0)}, "24.99 GBP was taken, and the order still waits for its money. Retry"},
		"twice":                           {bookOf(placed, paid), []audit.Shown{took("pi_1", 2499, 0), took("pi_2", 2499, 0)}, "49.98 GBP was taken in 2 payments, and the order comes to 24.99 GBP. Give 24.99 GBP back"},
		"less than the order":             {bookOf(placed, paid), []audit.Shown{took("pi_1", 2000, 0)}, "20.00 GBP was taken, and the order comes to 24.99 GBP"},
		"another currency":                {bookOf(placed, paid), []audit.Shown{euros}, "the order is in GBP"},
		"cancelled, and not given back":   {bookOf(placed, paid, back, cancelled), []audit.Shown{took("pi_1", 2499, 0)}, "24.99 GBP of it was not given back"},
		"cancelled, and still reserved":   {bookOf(placed, cancelled), []audit.Shown{held}, "Cancel that payment"},
		"elsewhere and by card":           {bookOf(placed, elsewhere, paid), []audit.Shown{took("pi_1", 2499, 0)}, "stands taken by card as well"},
		"a refund that nobody heard of":   {bookOf(placed, paid), []audit.Shown{took("pi_1", 2499, 500)}, "5.00 GBP went back to the buyer, and 0.00 GBP is known here"},
		"a refund that did not happen":    {bookOf(placed, paid, back), []audit.Shown{took("pi_1", 2499, 0)}, "it may have failed"},
		"a dispute that nobody heard of":  {bookOf(placed, paid), []audit.Shown{asks}, `du_1 is "needs_response", and it is not known here`},
		"a dispute that stands otherwise": {bookOf(placed, paid, disputed, orderevents.Disputed{Dispute: "du_1", Status: "won"}), []audit.Shown{asks}, `"won" here`},
		"an order that nobody knows":      {audit.Charge{}, []audit.Shown{took("pi_1", 2499, 0)}, "24.99 GBP stands taken by pi_1, and no such order is known here"},
		"given back, of nobody's order":   {audit.Charge{}, []audit.Shown{took("pi_1", 2499, 2499)}, ""},
		"of a channel":                    {bookOf(orderevents.Placed{Order: "k1:1", Total: gbp(2499)}), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			switch got := audit.Differ(test.book, test.shown); {
			case test.want == "" && len(got) > 0:
				t.Errorf("got %q, want nothing", got)
			case test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)):
				t.Errorf("got %q, want one that says %q", got, test.want)
			}
		})
	}
}
