// Package queues makes the parts of bodies that are about orders without stock: who waits for a SKU, in which turn, and how many units
// must still come for each.
package queues

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/domain/backorders"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/projection"
)

// WaitingFor is an order that waits for a SKU.
type WaitingFor struct {
	Order string `json:"order"`
	Short int64  `json:"short" doc:"units it is short of now"`
}

// rows is how many orders a SKU's body names.
const rows = 50

// Waiting are the orders that wait for a SKU; units are those of it that each SKU takes which an order may name.
func Waiting(ctx context.Context, r projection.Reader, sku string, units map[string]int64, available int64) ([]WaitingFor, error) {
	ids, err := inventory.WaitingFor(ctx, r, sku, rows)
	if err != nil {
		return nil, err
	}
	out := []WaitingFor{}
	for _, id := range ids {
		row, _, err := orders.Find(ctx, r, id)
		if err != nil {
			return nil, err
		}
		need := int64(0)
		for i, line := range row.Lines {
			named := line.Code
			if i < len(row.SKUs) {
				named = row.SKUs[i]
			}
			need += line.Quantity * units[named]
		}
		out = append(out, WaitingFor{Order: id, Short: max(0, need-max(0, available))})
	}
	return out, nil
}

// Queue is who waits in turn for a SKU.
type Queue struct {
	Orders int64   `json:"orders" doc:"that wait in turn"`
	Units  int64   `json:"units" doc:"that they wait for"`
	Places []Place `json:"places" doc:"the first 50, whose turn is next in front"`
}

// Place is where an order stands in the queue of a SKU.
type Place struct {
	Order    string `json:"order"`
	SKU      string `json:"sku"`
	Position int64  `json:"position" doc:"1 = its turn is next"`
	Units    int64  `json:"units" doc:"of the SKU that it waits for"`
	Ahead    int64  `json:"ahead" doc:"units that are wanted before it"`
	Missing  int64  `json:"missing" doc:"units that must still come until it can have its own"`
	PlacedAt string `json:"placed_at" doc:"by the channel's clock: the queue goes by it"`
	Since    string `json:"since" doc:"that it stands there"`
	Moved    string `json:"moved_by" doc:"who moved it to the front; empty when nobody did"`
	Why      string `json:"why"`
}

func place(r backorders.Row, before, ahead, available int64) Place {
	return Place{
		Order: r.Order, SKU: r.SKU, Position: before + 1, Units: r.Units, Ahead: ahead, Missing: max(0, ahead+r.Units-available),
		PlacedAt: stamp(r.Placed), Since: stamp(r.Since), Moved: r.Moved, Why: r.Why,
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Of is the queue of a SKU.
func Of(ctx context.Context, r projection.Reader, sku string, available int64) (q Queue, err error) {
	q.Places = []Place{}
	if q.Orders, q.Units, err = backorders.Total(ctx, r, sku); err != nil || q.Orders == 0 {
		return q, err
	}
	waiting, err := backorders.Queue(ctx, r, sku, rows)
	ahead := int64(0)
	for i, row := range waiting {
		q.Places = append(q.Places, place(row, int64(i), ahead, available))
		ahead += row.Units
	}
	return q, err
}

// Backorder is what an order waits for in its turn.
type Backorder struct {
	Sentence string  `json:"sentence"`
	Places   []Place `json:"places" doc:"of the SKUs that it is short of, the first 10"`
	SKUs     int     `json:"skus" doc:"in whose queues it stands, also of those that it is not short of"`
}

// named is how many queues an order's body tells of: an order of hundreds of SKUs is mostly short of few.
const named = 10

// Order reads where an order stands; nil when it waits in no queue.
func Order(ctx context.Context, r projection.Reader, id string, now time.Time) (*Backorder, error) {
	own, err := backorders.Of(ctx, r, id)
	if err != nil || len(own) == 0 {
		return nil, err
	}
	lacks, err := inventory.ShortOf(ctx, r, id)
	if err != nil {
		return nil, err
	}
	b := Backorder{Places: []Place{}, SKUs: len(own)}
	own = slices.DeleteFunc(own, func(row backorders.Row) bool { return !slices.Contains(lacks, row.SKU) })
	var said []string
	for _, row := range own[:min(len(own), named)] {
		item, _, err := inventory.Find(ctx, r, row.SKU, now)
		if err != nil {
			return nil, err
		}
		before, ahead, err := backorders.Before(ctx, r, row)
		if err != nil {
			return nil, err
		}
		p := place(row, before, ahead, item.Available)
		b.Places, said = append(b.Places, p), append(said, say(p))
	}
	b.Sentence = "Backordered, " + flow.Few(said, "; ") + "."
	if len(said) == 0 {
		b.Sentence = "Backordered. It is its turn."
	}
	if b.SKUs > 1 {
		b.Sentence += " It gets all its units at once or none."
	}
	return &b, nil
}

// say says where an order stands and what has to come.
func say(p Place) string {
	text := fmt.Sprintf("%s in the queue for %s", ordinal(p.Position), p.SKU)
	switch p.Ahead {
	case 0:
	case 1:
		text += ", 1 unit is wanted before it"
	default:
		text += fmt.Sprintf(", %d units are wanted before it", p.Ahead)
	}
	if p.Missing == 0 { // nobody has told the order yet
		return text
	}
	return text + fmt.Sprintf(", and %d more must come until it has its %d", p.Missing, p.Units)
}

// ordinal is a place in words.
func ordinal(n int64) string {
	ending := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			ending = "st"
		case 2:
			ending = "nd"
		case 3:
			ending = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, ending)
}
