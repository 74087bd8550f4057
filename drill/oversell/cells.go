package oversell

import (
	"fmt"
	"time"

	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/exposure/exposuresim"
)

// Cell is one setting, and what came of it; the figures without a word are means of a sell-out.
type Cell struct {
	Trouble  string             `json:"trouble"`
	Policy   exposure.Policy    `json:"policy"`
	Method   exposure.Method    `json:"method"`
	Twin     exposuresim.Twin   `json:"twin,omitempty"`
	PerHour  float64            `json:"per_hour"`
	NewsLag  float64            `json:"news_lag_s"`
	PushLag  float64            `json:"push_lag_s"`
	Stock    int                `json:"stock"`
	SellOuts int                `json:"sell_outs"`
	Oversold float64            `json:"oversold"`
	Hit      int                `json:"hit"`   // sell-outs that oversold
	Worst    int                `json:"worst"` // of them, units
	Refused  float64            `json:"refused"`
	Left     float64            `json:"left"`
	Promised int                `json:"promised,omitempty"` // sell-outs whose listing promised to survive the outage
	Broken   int                `json:"broken,omitempty"`   // of them, those that oversold
	Risk     float64            `json:"risk,omitempty"`     // of overselling in the outage, as the listing said, mean
	Away     int                `json:"away,omitempty"`     // sell-outs that had oversold by its end
	Late     int                `json:"late,omitempty"`     // sell-outs that oversold more than was raised by hand and sold unseen; not judged
	Beyond   int                `json:"beyond,omitempty"`   // and more than was sold before the listings were put right
	Hands    []exposuresim.Hand `json:"hands,omitempty"`    // edits behind what escrow or hybrid oversold

	setting exposuresim.Cell
}

// take notes what came of the cell.
func (c *Cell) take(r exposuresim.Row) {
	c.SellOuts, c.Oversold, c.Hit, c.Worst, c.Refused, c.Left = r.Cell.SellOuts, r.Oversold, r.Hit, r.Worst, r.Refused, r.Left
	c.Promised, c.Broken, c.Risk, c.Away = r.Promised, r.Broken, r.Risk, r.Away
	if c.setting.Hands > 0 && c.Policy != exposure.Mirror {
		c.Late, c.Beyond, c.Hands = r.Unseen, r.Unexplained, r.Hands
	}
}

// trouble is what goes wrong in a row of the table.
type trouble struct {
	name string
	set  func(*exposuresim.Cell)
	only func(exposuresim.Cell) bool // the cells that it is tried in; nil = all
}

const none = "none"

// troubles are the rows of the table, at each rate and each pair of lags.
var troubles = []trouble{
	{name: none, set: func(*exposuresim.Cell) {}},
	{name: "writes take effect late", set: func(c *exposuresim.Cell) { c.Faults.Late = 0.3 }},
	{name: "some writes fail", set: func(c *exposuresim.Cell) { c.Faults.Refused, c.Faults.Lost = 0.1, 0.1 }},
	{name: "accepted, not applied", set: func(c *exposuresim.Cell) { c.Faults.Dropped = 0.2 }, only: overwrites},
	{name: "edits by hand", set: func(c *exposuresim.Cell) { c.Hands = 4 }},
	{name: "hub off 1 h", set: func(c *exposuresim.Cell) { away(c, time.Hour) }},
	{name: "hub off 8 h", set: func(c *exposuresim.Cell) { away(c, 8*time.Hour) }},
	{name: "hub off 8 h, which hybrid is to survive", set: func(c *exposuresim.Cell) {
		c.Outage = 8 * time.Hour
		away(c, 8*time.Hour)
	}, only: slowHybrid},
	{name: liedTo, set: func(c *exposuresim.Cell) { c.Faults.Lied = 0.1 }, only: swapsEscrowed},
}

// liedTo is the row that nobody promises anything for: for a swap, the answer is the effect.
const liedTo = "a swap's yes is a lie"

func overwrites(c exposuresim.Cell) bool { return c.Method == exposure.Absolute }

func swapsEscrowed(c exposuresim.Cell) bool {
	return c.Method == exposure.CompareAndSwap && c.Policy == exposure.Escrow && c.NewsLag == c.PushLag
}

// slowHybrid are two cells: what survives eight hours at ten times the rate is ten times the work.
func slowHybrid(c exposuresim.Cell) bool {
	return c.Policy == exposure.Hybrid && c.PerHour < 100 && c.NewsLag == 30*time.Second && c.PushLag == c.NewsLag
}

// away turns the hub off in the middle of the sale; under hybrid where its promise is put to the hardest test, as soon as
// hardly more is left than it mirrors with, of an outage that the owner wants to survive.
func away(c *exposuresim.Cell, d time.Duration) {
	c.Down = d
	if c.Policy != exposure.Hybrid {
		return
	}
	if c.Outage == short {
		c.Outage = time.Hour
	}
	if mirrors := 1.15 * c.Threshold(); mirrors < most {
		c.Stock, c.Gone = int(mirrors), 0.02
	}
}

// most is with how many units a cell is still sold out. Hybrid listings that mirror with more only are left with their 200,
// which they escrow.
const most = 10_000

// short is the outage that hybrid listings are to survive where no outage comes, so that they mirror at all with 200 units.
const short = 2 * time.Minute

type lags struct{ news, push time.Duration }

var (
	rates   = []float64{47, 470}
	allLags = []lags{
		{5 * time.Second, 5 * time.Second},
		{30 * time.Second, 5 * time.Second},
		{5 * time.Second, 30 * time.Second},
		{30 * time.Second, 30 * time.Second},
		{15 * time.Minute, 30 * time.Second},
	}
	policies = []exposure.Policy{exposure.Escrow, exposure.Hybrid, exposure.Mirror}
	methods  = []exposure.Method{exposure.CompareAndSwap, exposure.Absolute}
)

// cells are all of them, those of a row of the table one after another, and the twins last.
func cells(sellOuts int, seed uint64) (all []Cell) {
	for i := range troubles {
		for _, rate := range rates {
			for _, lag := range allLags {
				for _, policy := range policies {
					for _, method := range methods {
						c := exposuresim.Cell{
							Policy: policy, Method: method, Weights: []int{55, 25, 15, 5}, Stock: 200, PerHour: rate,
							NewsLag: lag.news, PushLag: lag.push, Outage: short, SellOuts: sellOuts, Seed: seed,
						}
						t := &troubles[i]
						if t.only != nil && !t.only(c) {
							continue
						}
						t.set(&c)
						all = append(all, newCell(t.name, c))
					}
				}
			}
		}
	}
	for _, c := range exposuresim.Twins(sellOuts, seed) {
		all = append(all, newCell(fmt.Sprintf("twin: %s", c.Twin), c))
	}
	return all
}

func newCell(trouble string, c exposuresim.Cell) Cell {
	return Cell{
		Trouble: trouble, Policy: c.Policy, Method: c.Method, Twin: c.Twin, PerHour: c.PerHour, NewsLag: c.NewsLag.Seconds(),
		PushLag: c.PushLag.Seconds(), Stock: c.Stock, setting: c,
	}
}
