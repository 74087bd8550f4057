// Package exposuresim sells a SKU out, many times, in virtual time, and counts what was sold that was not there.
//
// The hub of the simulation is exposure.Decide and exposure.Evolve themselves. Around them stands a world of channels:
// buyers come at random (Poisson) and buy where something is listed; news of a sale reaches the hub late, a write takes
// effect late, and faults refuse writes, lose answers, accept without applying and delay. A broken twin is the same hub told
// one lie (see Twin); it must oversell where the honest one does not, or the simulation would prove nothing.
//
//	Cell ── Run ──►  Row (oversold, refused while stock was left, …) ── Write ──►  table
package exposuresim

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/creatorflow/creatorflow/domain/exposure"
)

// Cell is one setting to judge.
type Cell struct {
	Name     string
	Policy   exposure.Policy
	Method   exposure.Method // of all channels
	Restocks bool            // channels put cancelled units back by themselves
	Weights  []int           // shares of the demand and of the units, one a channel
	Stock    int             // units at the start
	Delivery int             // units that come when half of Stock is sold
	PerHour  float64         // demand on all channels together
	NewsLag  time.Duration   // from a sale to our knowing, ±50 %
	PushLag  time.Duration   // from a write to its effect, ±50 %
	Outage   time.Duration   // that a hybrid must survive; 0 = its default
	Down     time.Duration   // how long the hub is off, once
	Gone     float64         // share of the expected sale after which it goes off; 0 = in the middle
	Cancels  float64         // chance that a buyer cancels, a minute later on average
	Hands    int             // quantities that somebody edits on the channels during the sale, every other one upwards
	Faults   Faults
	Twin     Twin
	SellOuts int
	Seed     uint64
}

// Faults are the chances that a write goes wrong in each way.
type Faults struct {
	Refused float64 // the channel says no
	Lost    float64 // it is done, the answer is lost
	Dropped float64 // accepted, never applied (absolute writes)
	Late    float64 // takes effect three times as late
	Lied    float64 // a swap is answered with yes and not made, which no channel that truly swaps does
}

// Twin is a safeguard that is taken away.
type Twin string

// The twins.
const (
	Honest           Twin = ""
	RaiseBeforeLower Twin = "raise before lower"      // a lowering counts as done when it is sent
	WithoutZeroFirst Twin = "absolute without zero"   // an absolute channel is written as if it compared
	WithoutListing   Twin = "raise before the orders" // a 0 that was read counts without the orders before it
)

// Row is what came of a Cell; the figures are per sell-out.
type Row struct {
	Cell     Cell
	Oversold float64 // units sold beyond what there was, mean
	Worst    int     // of one sell-out
	Hit      int     // sell-outs with any oversold unit
	Refused  float64 // buyers who found nothing listed while units were left, mean
	Left     float64 // units that nobody could buy in the end, mean
	Writes   float64 // writes to channels, mean

	Hands       []Hand // raised by hand, in sell-outs that oversold
	Unseen      int    // sell-outs that oversold more than hands had raised and buyers bought before it was seen
	Unexplained int    // and more than before the listings were put right

	Promised int     // sell-outs in which the listing said that it survives what the hub was then off for
	Broken   int     // of them, those that oversold
	Risk     float64 // of overselling while it is off, as the listing said when it went off, mean
	Away     int     // sell-outs that had oversold when it came back
}

// Hand is a quantity that somebody raised on a channel.
type Hand struct {
	SellOut  int           `json:"sell_out"`
	Channel  string        `json:"channel"`
	After    time.Duration `json:"after"` // of the sale
	From     int           `json:"from"`
	To       int           `json:"to"`
	Unseen   int           `json:"unseen"`   // units of the rise that were sold before the hub read it
	Unmended int           `json:"unmended"` // and after, before the rule held again
}

// Run sells the cell's stock out SellOuts times. The same cell gives the same row.
func Run(c Cell) Row {
	row := Row{Cell: c}
	for i := range c.SellOuts {
		r := newRun(c, uint64(i))
		r.play()
		row.Oversold += float64(r.oversold)
		row.Worst = max(row.Worst, r.oversold)
		row.Refused += float64(r.refused)
		row.Left += float64(max(0, r.there-r.sold))
		row.Writes += float64(r.writes)
		row.Risk += r.risk
		r.count(&row, i)
	}
	n := float64(max(1, c.SellOuts))
	row.Oversold, row.Refused, row.Left, row.Writes, row.Risk = row.Oversold/n, row.Refused/n, row.Left/n, row.Writes/n, row.Risk/n
	return row
}

// count adds the sell-out of that number to those it belongs to.
func (r *run) count(row *Row, number int) {
	if r.promised {
		row.Promised++
	}
	if r.away {
		row.Away++
	}
	if r.oversold == 0 {
		return
	}
	row.Hit++
	if r.promised {
		row.Broken++
	}
	unseen, unmended := 0, 0
	for _, h := range r.hands {
		h.SellOut = number
		unseen, unmended = unseen+h.Unseen, unmended+h.Unmended
		row.Hands = append(row.Hands, h.Hand)
	}
	if r.oversold > unseen {
		row.Unseen++
	}
	if r.oversold > unseen+unmended {
		row.Unexplained++
	}
}

// Table runs all cells.
func Table(cells []Cell) []Row {
	rows := make([]Row, 0, len(cells))
	for _, c := range cells {
		rows = append(rows, Run(c))
	}
	return rows
}

// Write prints rows as a Markdown table.
func Write(w io.Writer, rows []Row) error {
	if _, err := fmt.Fprintf(w, "| what | policy | writes | demand/h | lags | sell-outs | oversold | hit | worst | refused | left | writes |\n"+
		"|---|---|---|---|---|---|---|---|---|---|---|---|\n"); err != nil {
		return err
	}
	for _, r := range rows {
		c := r.Cell
		what := cmp.Or(string(c.Twin), c.Name)
		if _, err := fmt.Fprintf(w, "| %s | %s | %s | %g | %v + %v | %d | %.2f | %.0f %% | %d | %.1f | %.1f | %.0f |\n", what, c.Policy, c.Method,
			c.PerHour, c.NewsLag, c.PushLag, c.SellOuts, r.Oversold, 100*float64(r.Hit)/float64(max(1, c.SellOuts)), r.Worst, r.Refused, r.Left,
			r.Writes); err != nil {
			return err
		}
	}
	return nil
}

// Grid is the set of cells that says what the package promises: both ways of writing, two demands, two lags, clean and with
// faults, deliveries and cancellations; then the policies that do not promise, for comparison; then the broken twins.
func Grid(sellOuts int, seed uint64) []Cell {
	var cells []Cell
	plain := Cell{Policy: exposure.Escrow, Weights: []int{55, 25, 15, 5}, Stock: 200, SellOuts: sellOuts, Seed: seed}
	faults := Faults{Refused: 0.05, Lost: 0.05, Dropped: 0.05, Late: 0.1}
	for _, method := range []exposure.Method{exposure.CompareAndSwap, exposure.Absolute} {
		for _, perHour := range []float64{47, 470} {
			for _, lag := range []time.Duration{5 * time.Second, 30 * time.Second} {
				c := plain
				c.Method, c.PerHour, c.NewsLag, c.PushLag = method, perHour, lag, lag
				c.Name = "clean"
				cells = append(cells, c)
				c.Name, c.Faults, c.Delivery = "faults, a delivery", faults, 100
				cells = append(cells, c)
				c.Name, c.Cancels, c.Restocks = "and cancellations put back", 0.1, true
				cells = append(cells, c)
				c.Name, c.Down = "and the hub 10 min off", 10*time.Minute
				cells = append(cells, c)
				c.Restocks, c.Cancels, c.Down, c.Name = false, 0, 0, "unlike lags"
				c.NewsLag, c.PushLag = 4*lag, lag/4
				cells = append(cells, c)
			}
		}
	}
	for _, policy := range []exposure.Policy{exposure.Mirror, exposure.Hybrid} {
		for _, method := range []exposure.Method{exposure.CompareAndSwap, exposure.Absolute} {
			for _, perHour := range []float64{47, 470} {
				c := plain
				c.Policy, c.Method, c.PerHour, c.NewsLag, c.PushLag = policy, method, perHour, 30*time.Second, 30*time.Second
				c.Name = "for comparison"
				c.Outage = 2 * time.Minute
				cells = append(cells, c)
			}
		}
	}
	return append(cells, Twins(sellOuts, seed)...)
}

// Twins are the cells that must oversell.
func Twins(sellOuts int, seed uint64) []Cell {
	c := Cell{
		Policy: exposure.Escrow, Weights: []int{55, 25, 15, 5}, Stock: 200, PerHour: 470,
		NewsLag: 30 * time.Second, PushLag: 30 * time.Second, SellOuts: sellOuts, Seed: seed,
	}
	raise, zero, orders := c, c, c
	raise.Twin, raise.Method = RaiseBeforeLower, exposure.CompareAndSwap
	zero.Twin, zero.Method = WithoutZeroFirst, exposure.Absolute
	orders.Twin, orders.Method, orders.NewsLag = WithoutListing, exposure.Absolute, 2*time.Minute
	return []Cell{raise, zero, orders}
}
