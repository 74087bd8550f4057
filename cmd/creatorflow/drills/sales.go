package drills

import (
	"context"
	"errors"

	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/drill/month"
	"github.com/creatorflow/creatorflow/drill/oversell"
	"github.com/creatorflow/creatorflow/drill/spread"
)

type oversellDrill struct {
	Short    bool   `help:"Few, for a first look."`
	SellOuts int    `help:"How often each cell of the table is sold out." default:"1000"`
	Trouble  string `help:"Only the rows of the table with this trouble, such as \"hub off 1 h\"."`
	Shops    bool   `help:"Instead of the table: the demo's order log on three simulated shops and by direct sales at 1,000 orders a minute, through the whole hub."`
	Orders   int    `help:"With --shops, how many." default:"3000"`
	Seed     uint64 `help:"Fixes buyers, lags and faults." default:"1"`
	Dir      string `help:"With --shops, the folder for what the drill leaves; a temporary one when not given." type:"path"`
	JSON     bool   `help:"One JSON line instead of a table; it names each edit by hand behind what was oversold."`
}

// Validate refuses a drill that would prove nothing.
func (d oversellDrill) Validate() error {
	if d.SellOuts < 1 || d.Orders < 1 {
		return errors.New("--sell-outs and --orders are at least 1")
	}
	return nil
}

// Run sells out.
func (d oversellDrill) Run(ctx context.Context, c Console) error {
	if d.Short {
		d.SellOuts, d.Orders = 20, 300
	}
	if d.Shops {
		r, err := spread.Run(ctx, spread.Options{Dir: d.Dir, Orders: d.Orders, Products: 40, Seed: d.Seed, Version: c.Version})
		if err != nil {
			return err
		}
		return drill.Tell(c.Out, d.JSON, r)
	}
	r, err := oversell.Run(ctx, oversell.Options{SellOuts: d.SellOuts, Seed: d.Seed, Trouble: d.Trouble, Version: c.Version, Out: c.Err})
	if err != nil {
		return err
	}
	return drill.Tell(c.Out, d.JSON, r)
}

type monthDrill struct {
	Short  bool   `help:"Few, for a first look."`
	Days   int    `help:"Of virtual time, after which nobody buys any more." default:"30"`
	Orders int    `help:"In all." default:"30000"`
	Seed   uint64 `help:"Fixes buyers and faults." default:"1"`
	Dir    string `help:"Folder for what the drill leaves; a temporary one when not given, in memory where there is such a place." type:"path"`
	JSON   bool   `help:"One JSON line instead of a table."`
}

// Validate refuses a drill that would prove nothing.
func (d monthDrill) Validate() error {
	if d.Days < 3 || d.Orders < d.Days {
		return errors.New("--days is at least 3, so that returns come back, and --orders is at least one a day")
	}
	return nil
}

// Run lets the month pass.
func (d monthDrill) Run(ctx context.Context, c Console) error {
	if d.Short {
		d.Days, d.Orders = 3, 500
	}
	r, err := month.Run(ctx, month.Options{Dir: d.Dir, Days: d.Days, Orders: d.Orders, Products: 40, Seed: d.Seed, Version: c.Version, Out: c.Err})
	if err != nil {
		return err
	}
	return drill.Tell(c.Out, d.JSON, r)
}
