package oversell

import (
	"fmt"
	"math"

	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/exposure/exposuresim"
)

// against is in how many sell-outs more was sold than the listing allowed to be sold.
func (c Cell) against() int {
	switch {
	case c.Twin != exposuresim.Honest || c.Policy == exposure.Mirror || c.Trouble == liedTo:
		return 0
	case c.setting.Hands > 0:
		return c.Beyond // between reading an edit and the shop showing what was written for it, buyers have what was raised
	case c.setting.Down > 0:
		return c.Broken
	default:
		return c.Hit
	}
}

// unsold is how many units may be left in a sell-out that nobody could buy: a hub that lists nothing oversells nothing.
const unsold = 5

// judge names the promises that were broken.
func judge(cells []Cell) (broken []string) {
	say := func(c Cell, format string, args ...any) {
		broken = append(broken, fmt.Sprintf("%s, %s, %g/h, lags %g s + %g s, %s: %s", c.Policy, c.Method, c.PerHour, c.NewsLag, c.PushLag,
			c.Trouble, fmt.Sprintf(format, args...)))
	}
	mirrored := 0
	for _, c := range cells {
		if c.Twin != exposuresim.Honest {
			if c.Hit == 0 {
				say(c, "this hub lacks a safeguard and did not oversell, so the drill cannot tell it from a whole one")
			}
			continue
		}
		if n := c.against(); n > 0 {
			say(c, "%s in %d of %d sell-outs, up to %d units in one", promise(c), n, c.SellOuts, c.Worst)
		}
		if c.Left > unsold && c.Policy != exposure.Mirror {
			say(c, "%.1f units could not be sold", c.Left)
		}
		if c.Policy == exposure.Hybrid && survives(c) && c.Promised < c.SellOuts {
			say(c, "the listing promised to survive the outage in %d of %d sell-outs only, so they prove little", c.Promised, c.SellOuts)
		}
		if c.Policy == exposure.Mirror && c.setting.Down > 0 {
			if got, most := float64(c.Away)/float64(c.SellOuts), c.Risk+chance(c.Risk, c.SellOuts); got > most {
				say(c, "the listing put the risk of overselling in the outage at %.0f %%, and %.0f %% of sell-outs did", 100*c.Risk, 100*got)
			}
		}
		if c.Policy == exposure.Mirror {
			mirrored += c.Hit
		}
	}
	if mirrored == 0 {
		broken = append(broken, "mirror never oversold, so the buyers of this drill are too few for it to prove anything")
	}
	return broken
}

// promise is what a cell breaks when it oversells.
func promise(c Cell) string {
	switch {
	case c.setting.Hands > 0:
		return "oversold more than was raised by hand and sold before the listings were put right"
	case c.Policy == exposure.Hybrid && c.setting.Down > 0:
		return "oversold in an outage that the listing promised to survive"
	default:
		return "oversold"
	}
}

// survives says whether the cell's outage is no longer than its owner wants to survive.
func survives(c Cell) bool { return c.setting.Down > 0 && c.setting.Down <= c.setting.Outage }

// chance is how far a share of n trials of that probability may be off by chance: three standard deviations, and a trial.
func chance(p float64, n int) float64 {
	return 3*math.Sqrt(p*(1-p)/float64(n)) + 1/float64(n)
}
