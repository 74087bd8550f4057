// Package claims makes the part of an order's body that is about cancellations, returns and what the seller answers to them.
//
//	records of the order ─► aftersales.Read ─► AfterSales
package claims

import (
	"maps"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// AfterSales is that part of the body.
type AfterSales struct {
	Claims   []OrderClaim  `json:"claims" doc:"cancellations and returns, oldest first"`
	Answers  []OrderAnswer `json:"answers" doc:"what the channel was or is being told about them, oldest first"`
	Can      []string      `json:"can" doc:"commands about the order as a whole that would be accepted now"`
	CancelAt string        `json:"cancel_at" doc:"of an order that could be cancelled, but not from here: a sentence that says where; else empty"`
	Refunded *money.Money  `json:"refunded" doc:"what went back to the buyer of an order that a channel sold; null while nothing has, or the channel does not tell"`
}

// OrderClaim is a cancellation or a return of an order.
type OrderClaim struct {
	ID        string         `json:"id" doc:"the channel's"`
	Kind      string         `json:"kind" enum:"cancellation,return"`
	State     string         `json:"state" enum:"pending,approved,awaited,sent_back,rejected,withdrawn,completed,unknown"`
	Vendor    string         `json:"vendor" doc:"the channel's own word for the state"`
	Wants     string         `json:"wants" doc:"of a return: refund, return, replacement or the channel's own word"`
	By        string         `json:"by" doc:"who asked: buyer, seller, channel"`
	Reason    string         `json:"reason" doc:"the channel's code"`
	Sentence  string         `json:"sentence"`
	Lines     []ClaimLine    `json:"lines"`
	Due       []ClaimDue     `json:"due" doc:"of a return: units that can still come back, by SKU; of a bundle those that it was made of"`
	Refund    *money.Money   `json:"refund" doc:"null when the channel does not tell it"`
	Tracking  string         `json:"tracking" doc:"of the parcel that comes back"`
	CreatedAt string         `json:"created_at"`
	UpdatedAt string         `json:"updated_at"`
	DecideBy  *string        `json:"decide_by" doc:"then the channel decides by itself"`
	Received  []ClaimArrival `json:"received"`
	Can       []string       `json:"can" doc:"commands about it that would be accepted now"`
}

// ClaimDue is units of a SKU that can still come back.
type ClaimDue struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// ClaimLine is units that a claim is about.
type ClaimLine struct {
	Listing  string `json:"listing"`
	Code     string `json:"code"`
	SKU      string `json:"sku" doc:"empty while the code is unknown"`
	Quantity int64  `json:"quantity"`
}

// ClaimArrival is units of a return that came back.
type ClaimArrival struct {
	SKU       string `json:"sku"`
	Quantity  int64  `json:"quantity"`
	Condition string `json:"condition" enum:"sellable,damaged"`
	At        string `json:"at"`
	Actor     string `json:"actor"`
}

// OrderAnswer is what somebody wanted the channel told, and what became of it.
type OrderAnswer struct {
	Number   int     `json:"number"`
	Action   string  `json:"action" enum:"cancel,approve,reject"`
	Kind     string  `json:"kind" doc:"cancellation, return, or empty for a cancel"`
	Claim    string  `json:"claim"`
	Reason   string  `json:"reason"`
	Actor    string  `json:"actor"`
	At       string  `json:"at"`
	State    string  `json:"state" enum:"asking,done,refused"`
	EndedAt  *string `json:"ended_at"`
	Sentence string  `json:"sentence" doc:"why it was refused, or what stands in its way"`
	Flow     string  `json:"flow" doc:"for retry-step"`
}

// Stream reads a stream's records up to the body's position.
type Stream func(s eventlog.Stream) ([]eventlog.Record, error)

// Read makes an order's part of the body from its records. Elsewhere is the sentence that says where the channel's orders are
// cancelled, empty where they are cancelled from here.
func Read(workspace, order, elsewhere string, records []eventlog.Record, read Stream) (AfterSales, error) {
	page := aftersales.Read(records, elsewhere)
	body := AfterSales{Claims: []OrderClaim{}, Answers: []OrderAnswer{}, Can: some(page.Can), CancelAt: page.CancelAt}
	if page.Refunded.Minor > 0 {
		body.Refunded = &page.Refunded
	}
	for _, c := range page.Claims {
		body.Claims = append(body.Claims, claim(c))
	}
	for _, a := range page.Answers {
		shown := OrderAnswer{
			Number: a.Answer, Action: a.Action, Kind: a.Kind, Claim: a.Claim, Reason: a.Reason, Actor: a.By, At: stamp(a.At), State: a.State,
			EndedAt: maybe(a.Ended), Sentence: a.Sentence, Flow: aftersales.FlowID(order, int64(a.Answer)),
		}
		if a.State == aftersales.Asking {
			steps, err := read(eventlog.Stream{Workspace: workspace, Kind: aftersales.Kind, ID: shown.Flow})
			if err != nil {
				return AfterSales{}, err
			}
			shown.Sentence = aftersales.Sentence(steps)
		}
		body.Answers = append(body.Answers, shown)
	}
	return body, nil
}

func claim(c aftersales.ClaimView) OrderClaim {
	out := OrderClaim{
		ID: c.ClaimOpened.Claim, Kind: c.Kind, State: c.State, Vendor: c.Vendor, Wants: c.Wants, By: c.By, Reason: c.Reason, Sentence: c.Sentence,
		Lines: []ClaimLine{}, Due: []ClaimDue{}, Tracking: c.Tracking, CreatedAt: stamp(c.Created), UpdatedAt: stamp(c.Updated), DecideBy: maybe(c.DecideBy),
		Received: []ClaimArrival{}, Can: some(c.Can),
	}
	if c.Refund.Currency != "" {
		out.Refund = &c.Refund
	}
	for _, l := range c.Lines {
		out.Lines = append(out.Lines, ClaimLine{Listing: l.Listing, Code: l.Code, SKU: c.SKUs[l.Listing], Quantity: l.Quantity})
	}
	for _, sku := range slices.Sorted(maps.Keys(c.Due)) {
		if n := c.Due[sku]; n > 0 {
			out.Due = append(out.Due, ClaimDue{SKU: sku, Quantity: n})
		}
	}
	for _, a := range c.Arrivals {
		condition := "damaged"
		if a.Sellable {
			condition = "sellable"
		}
		out.Received = append(out.Received, ClaimArrival{SKU: a.SKU, Quantity: a.Quantity, Condition: condition, At: stamp(a.At), Actor: a.By})
	}
	return out
}

func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// stamp is how times are written: RFC 3339, UTC, milliseconds. The zero time is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// maybe is stamp for times that may be null.
func maybe(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}
