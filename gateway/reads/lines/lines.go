// Package lines makes the part of an order's body that is about its lines: as its channel lists them now, and where that differs beside
// it as it was placed.
//
//	row of the order ─► Read ─► OrderLine      records of the order, its letters ─► Beside ─► Relisted
package lines

import (
	"context"
	"slices"
	"time"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
)

// OrderLine is one line of an order.
type OrderLine struct {
	Listing  string      `json:"listing"`
	Code     string      `json:"code"`
	SKU      string      `json:"sku" doc:"empty while the code is unknown"`
	Name     string      `json:"name"`
	Quantity int64       `json:"quantity"`
	Price    money.Money `json:"price"`
	Total    money.Money `json:"total"`
}

// Relisted sets an order as it was placed beside what its channel lists now.
type Relisted struct {
	Sentence string           `json:"sentence" doc:"what differs, and what the hub does about it"`
	Since    string           `json:"since" doc:"when the channel listed it so, by its clock"`
	Ordered  OrderSide        `json:"ordered"`
	Listed   OrderSide        `json:"listed"`
	Lines    []RelistedLine   `json:"lines" doc:"of both, those that were ordered first"`
	Letters  []RelistedLetter `json:"letters" doc:"open questions about it, once the order has left"`
}

// OrderSide is an order, or a line of it, at one of two times.
type OrderSide struct {
	Units int64       `json:"units" doc:"0: it is not in it"`
	Total money.Money `json:"total"`
}

// RelistedLine is one line at both times.
type RelistedLine struct {
	Listing string    `json:"listing"`
	Code    string    `json:"code"`
	SKU     string    `json:"sku" doc:"empty while the code is unknown"`
	Name    string    `json:"name"`
	Ordered OrderSide `json:"ordered"`
	Listed  OrderSide `json:"listed"`
}

// RelistedLetter is a dead letter about the difference.
type RelistedLetter struct {
	ID       string   `json:"id"`
	Sentence string   `json:"sentence"`
	Can      []string `json:"can" enum:"put-back,discard-deadletter" doc:"commands that answer it"`
}

// Read makes the lines of an order, those too that its channel does not list any more: they have no units.
func Read(ctx context.Context, r projection.Reader, row orders.Row, now time.Time) ([]OrderLine, error) {
	out := []OrderLine{}
	for i, line := range row.Lines {
		total, err := line.Price.Mul(line.Quantity)
		if err != nil {
			return nil, err
		}
		l := OrderLine{Listing: line.Listing, Code: line.Code, Name: line.Name, Quantity: line.Quantity, Price: line.Price, Total: total}
		if i < len(row.SKUs) {
			l.SKU = row.SKUs[i]
		}
		if l.Name == "" && l.SKU != "" {
			item, _, err := inventory.Find(ctx, r, l.SKU, now)
			if err != nil {
				return nil, err
			}
			l.Name = item.Name
		}
		out = append(out, l)
	}
	return out, nil
}

// Listed leaves those out that have no units.
func Listed(all []OrderLine) []OrderLine {
	return slices.DeleteFunc(slices.Clone(all), func(l OrderLine) bool { return l.Quantity == 0 })
}

// Beside folds an order's records, up to the reader's position; nil while its channel lists it as it was placed. All are its lines as
// Read makes them, with what they come to.
func Beside(ctx context.Context, r projection.Reader, workspace, id string, history []eventlog.Record, all []OrderLine, total money.Money) (*Relisted, error) {
	fold := orders.Fold(workspace, id)
	state, sentence := fold.Zero(), ""
	for _, record := range history {
		state = fold.Evolve(state, record.Event)
		if e, ok := record.Event.(orderevents.Amended); ok {
			sentence = e.Sentence
		}
	}
	o := state.(orders.State)
	if sentence == "" || len(o.Ever) != len(all) {
		return nil, nil
	}
	out := &Relisted{
		Sentence: sentence, Since: o.Updated.UTC().Format(time.RFC3339), Ordered: OrderSide{Total: o.Placed.Total}, Listed: OrderSide{Total: total},
		Lines: []RelistedLine{}, Letters: []RelistedLetter{},
	}
	differs := out.Ordered.Total != out.Listed.Total
	was, _, _ := listed.Now(o.Ever, o.Placed.Lines)
	for i, l := range all {
		ordered, err := was[i].Price.Mul(was[i].Quantity)
		if err != nil {
			return nil, err
		}
		line := RelistedLine{
			Listing: l.Listing, Code: l.Code, SKU: l.SKU, Name: l.Name,
			Ordered: OrderSide{Units: was[i].Quantity, Total: ordered}, Listed: OrderSide{Units: l.Quantity, Total: l.Total},
		}
		out.Ordered.Units += line.Ordered.Units
		out.Listed.Units += line.Listed.Units
		if differs = differs || line.Ordered != line.Listed; line.Ordered.Units+line.Listed.Units > 0 {
			out.Lines = append(out.Lines, line)
		}
	}
	if !differs {
		return nil, nil
	}
	for _, about := range []string{letterevents.Return, letterevents.Added, letterevents.Short} {
		row, open, err := letters.Find(ctx, r, about+id)
		if err != nil {
			return nil, err
		}
		if !open {
			continue
		}
		letter := RelistedLetter{ID: row.ID, Sentence: row.Reason, Can: []string{"discard-deadletter"}}
		if about == letterevents.Return {
			letter.Can = []string{"put-back", "discard-deadletter"}
		}
		out.Letters = append(out.Letters, letter)
	}
	return out, nil
}
