package reads

import (
	"context"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
)

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
	Refund    *money.Money   `json:"refund" doc:"null when the channel does not tell it"`
	Tracking  string         `json:"tracking" doc:"of the parcel that comes back"`
	CreatedAt string         `json:"created_at"`
	UpdatedAt string         `json:"updated_at"`
	DecideBy  *string        `json:"decide_by" doc:"then the channel decides by itself"`
	Received  []ClaimArrival `json:"received"`
	Can       []string       `json:"can" doc:"commands about it that would be accepted now"`
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

// aftersales adds an order's claims and answers to its body; records are the order's.
func (b *Reads) aftersales(ctx context.Context, r projection.Reader, body *Order, records []eventlog.Record) error {
	page := aftersales.Read(records)
	body.Claims, body.Answers, body.Can = []OrderClaim{}, []OrderAnswer{}, list(page.Can)
	for _, c := range page.Claims {
		body.Claims = append(body.Claims, claim(c))
	}
	for _, a := range page.Answers {
		shown := OrderAnswer{
			Number: a.Answer, Action: a.Action, Kind: a.Kind, Claim: a.Claim, Reason: a.Reason, Actor: a.By, At: stamp(a.At), State: a.State,
			EndedAt: maybe(a.Ended), Sentence: a.Sentence, Flow: aftersales.FlowID(body.ID, int64(a.Answer)),
		}
		if a.State == aftersales.Asking {
			steps, err := b.stream(ctx, eventlog.Stream{Workspace: b.o.Workspace, Kind: aftersales.Kind, ID: shown.Flow}, r.Position())
			if err != nil {
				return err
			}
			shown.Sentence = aftersales.Sentence(steps)
		}
		body.Answers = append(body.Answers, shown)
	}
	return nil
}

func claim(c aftersales.ClaimView) OrderClaim {
	out := OrderClaim{
		ID: c.ClaimOpened.Claim, Kind: c.Kind, State: c.State, Vendor: c.Vendor, Wants: c.Wants, By: c.By, Reason: c.Reason, Sentence: c.Sentence,
		Lines: []ClaimLine{}, Tracking: c.Tracking, CreatedAt: stamp(c.Created), UpdatedAt: stamp(c.Updated), DecideBy: maybe(c.DecideBy),
		Received: []ClaimArrival{}, Can: list(c.Can),
	}
	if c.Refund.Currency != "" {
		out.Refund = &c.Refund
	}
	for _, l := range c.Lines {
		out.Lines = append(out.Lines, ClaimLine{Listing: l.Listing, Code: l.Code, SKU: c.SKUs[l.Listing], Quantity: l.Quantity})
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
