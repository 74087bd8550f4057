// Package demand remembers what sold of a SKU and where: how fast it sells, and how much of it at each connection, so that what
// each may list follows what sold.
//
//	stock.reserved of a SKU ─► units by connection, older ones for less ─► Weight of a shop, when units come in
//	the sales of the last hour ─► Rate, and the Weight of a counter at once
package demand

import (
	"context"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Sales are units of one SKU by the connection that sold them. Whatever was sold since makes a unit count less, not time: what
// sells once a week has shares like what sells every minute.
type Sales map[string]float64

// faded is what a unit counts for after one more, so for a third (1/e) after a hundred.
const faded = 0.9900498337491681

// after is faded for so many more units. It is multiplied here, since the exponential function of math differs from machine to machine in
// the last bit: a snapshot must be the same on all.
func after(units int64) float64 {
	left := 1.0
	for by := faded; units > 0; units /= 2 {
		if units%2 == 1 {
			left *= by
		}
		by *= by
	}
	return left
}

// Add is the sales with so many more units of a connection.
func (s Sales) Add(connection string, units int64) Sales {
	more, fades := make(Sales, len(s)+1), after(units)
	for other, sold := range s {
		if left := float64(sold * fades); left > 0.01 { // rounded before anything is added to it
			more[other] = left
		}
	}
	more[connection] += float64(units)
	return more
}

// Fold folds the stock of a SKU; its state is Sales.
func Fold(s eventlog.Stream) eventlog.Fold { return decider.Fold(s) }

var decider = eventlog.Decider[Sales, struct{}]{Name: "demand", Evolve: evolve, Keep: eventlog.KeepJSON[Sales](2)}

func evolve(s Sales, e eventlog.Event) Sales {
	reserved, is := e.(events.Reserved)
	connection, _, ordered := strings.Cut(reserved.Order, ":")
	if !is || !ordered {
		return s
	}
	return s.Add(connection, reserved.Quantity)
}

// usual is the weight of one who sells as much as each of the others. A quarter of it every shop has, so that who sold nothing is not
// kept from ever selling, and the rest follows the sales.
const (
	usual = 40
	floor = usual / 4
	most  = 100 * usual
	// before are units that count as sold before any was, the same for each: a few sales tell little.
	before = 4
)

// Weight is a shop's weight among the shops that sell the SKU, itself one of them.
func (s Sales) Weight(connection string, shops map[string]bool) int {
	var sold float64
	for shop := range shops {
		sold += s[shop] + before
	}
	if sold == 0 {
		return usual
	}
	return floor + int(math.Round((usual-floor)*float64(len(shops))*(s[connection]+before)/sold))
}

// SKU is what is remembered of one.
type SKU struct {
	shares Sales // by which the shops' shares are made
	sold   Sales
	lately []exposure.Sale // of the last hour
	usual  float64         // units an hour that were sold before it was begun
	begun  time.Time
}

// Read begins with all that was sold of a SKU, at a rate of so many units an hour.
func Read(ctx context.Context, log *eventlog.Log, workspace, sku string, rate float64, now time.Time) (SKU, error) {
	folded, err := log.Fold(ctx, Fold(events.Stream(workspace, sku)))
	if err != nil {
		return SKU{}, fmt.Errorf("read what was sold of %s: %w", sku, err)
	}
	sold := folded.Value.(Sales)
	return SKU{shares: sold, sold: sold, usual: rate, begun: now}, nil
}

// Sold takes in a listing's sale.
func (s *SKU) Sold(e exposure.Sale) {
	connection, _, _ := strings.Cut(e.Connection, "/")
	s.sold = s.sold.Add(connection, int64(e.Units))
	s.lately = append(s.lately, e)
}

// Last is when it sold last; zero = not of late.
func (s *SKU) Last() time.Time {
	if n := len(s.lately); n > 0 {
		return s.lately[n-1].Created
	}
	return time.Time{}
}

// Rate is an upper bound of the units that sell an hour.
func (s *SKU) Rate(now time.Time) float64 {
	kept, units := s.lately[:0], 0.0
	for _, sale := range s.lately {
		if now.Sub(sale.Created) < time.Hour {
			kept = append(kept, sale)
			units += float64(sale.Units)
		}
	}
	if s.lately = kept; now.Sub(s.begun) < time.Hour {
		units = max(units, s.usual)
	}
	return units + 2*math.Sqrt(units) + 1
}

// Follow has the shops' shares follow what was sold until now; moved says that it was not so. It is for when units come in: while a
// stock sells out, moving units from shop to shop takes pauses in which nobody can buy them.
func (s *SKU) Follow() (moved bool) {
	moved = !maps.Equal(s.shares, s.sold)
	s.shares = s.sold
	return moved
}

// Shop is the weight of a shop among those that sell the SKU, itself one of them.
func (s *SKU) Shop(connection string, shops map[string]bool) int {
	return s.shares.Weight(connection, shops)
}

// Counter is the weight of a listing where orders are entered here, beside so many shops. Its units move without a pause, so it follows
// what sold there and elsewhere in the last hour: its share of that, as if four units had been sold before, one of them there.
func (s *SKU) Counter(key string, shops int) int {
	here, there := 1, 3
	for _, sale := range s.lately {
		if sale.Connection == key {
			here += sale.Units
		} else {
			there += sale.Units
		}
	}
	return min(most, max(1, here*usual*max(1, shops)/there))
}
