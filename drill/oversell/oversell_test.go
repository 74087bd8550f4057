package oversell

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/exposure/exposuresim"
	"github.com/creatorflow/creatorflow/drill/drilltest"
)

// TestOversell sells every cell out: each policy keeps its promise, in every trouble.
func TestOversell(t *testing.T) {
	sellOuts := 100
	if testing.Short() {
		sellOuts = 20
	}
	r, err := Run(t.Context(), Options{SellOuts: sellOuts, Seed: 1, Out: os.Stdout})
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	if err := r.Write(&table); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &table)
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	if r.Cycles < 390*sellOuts {
		t.Errorf("%d sell-outs in %d cells", r.Cycles, len(r.Cells))
	}
	if n := strings.Count(table.String(), "| twin: "); n != 3 {
		t.Errorf("the table has %d twins, want 3", n)
	}
}

// TestTwins: a hub that lacks one of the two safeguards oversells under escrow, and is caught.
func TestTwins(t *testing.T) {
	drilltest.Breaks(t, "raise_first", "escrow, compare-and-swap, ", "oversell", "--sell-outs", "4", "--trouble", none)
	drilltest.Breaks(t, "no_zero", "escrow, absolute, ", "oversell", "--sell-outs", "4", "--trouble", none)
}

// TestJudge: each promise can be broken, and what nobody promised cannot.
func TestJudge(t *testing.T) {
	cell := func(policy exposure.Policy, change func(*Cell)) Cell {
		c := Cell{Trouble: none, Policy: policy, Method: exposure.Absolute, SellOuts: 100}
		change(&c)
		return c
	}
	oversold := cell(exposure.Mirror, func(c *Cell) { c.Hit = 1 })
	for _, tt := range []struct {
		name string
		cell Cell
		want string
	}{
		{"escrow", cell(exposure.Escrow, func(c *Cell) { c.Hit, c.Worst = 1, 4 }), "oversold in 1 of 100 sell-outs, up to 4 units in one"},
		{"hybrid", cell(exposure.Hybrid, func(c *Cell) { c.Hit = 2 }), "oversold in 2 of 100"},
		{"what hands raised", cell(exposure.Escrow, func(c *Cell) { c.setting.Hands, c.Hit = 4, 9 }), ""},
		{"what was bought while it was put right", cell(exposure.Escrow, func(c *Cell) { c.setting.Hands, c.Hit, c.Late = 4, 9, 1 }), ""},
		{"more than hands raised", cell(exposure.Escrow, func(c *Cell) { c.setting.Hands, c.Hit, c.Beyond = 4, 9, 1 }), "sold before the listings were put right"},
		{"more than hands raised, on mirrored units", cell(exposure.Hybrid, func(c *Cell) { c.setting.Hands, c.Hit, c.Beyond = 4, 9, 1 }), "sold before the listings were put right"},
		{"an outage that was promised", cell(exposure.Hybrid, func(c *Cell) { c.setting.Down, c.Promised, c.Broken, c.Hit = 1, 100, 1, 1 }), "that the listing promised to survive"},
		{"an outage that was not", cell(exposure.Hybrid, func(c *Cell) { c.setting.Down, c.Hit = 1, 100 }), ""},
		{"no promise where one is due", cell(exposure.Hybrid, func(c *Cell) { c.setting.Down, c.setting.Outage, c.Promised = 1, 1, 99 }), "99 of 100 sell-outs only"},
		{"a risk as printed", cell(exposure.Mirror, func(c *Cell) { c.setting.Down, c.Risk, c.Away, c.Hit = 1, 0.5, 60, 60 }), ""},
		{"a risk above what is printed", cell(exposure.Mirror, func(c *Cell) { c.setting.Down, c.Risk, c.Away, c.Hit = 1, 0.1, 60, 60 }), "at 10 %, and 60 % of sell-outs did"},
		{"a hub that lists nothing", cell(exposure.Escrow, func(c *Cell) { c.Left = 6 }), "6.0 units could not be sold"},
		{"a twin that is caught", cell(exposure.Escrow, func(c *Cell) { c.Twin, c.Hit = exposuresim.RaiseBeforeLower, 1 }), ""},
		{"a twin that is not", cell(exposure.Escrow, func(c *Cell) { c.Twin = exposuresim.RaiseBeforeLower }), "cannot tell it from a whole one"},
		{"a swap that lies", cell(exposure.Escrow, func(c *Cell) { c.Trouble, c.Hit = liedTo, 1 }), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			broken := strings.Join(judge([]Cell{tt.cell, oversold}), "\n")
			if tt.want == "" && broken != "" || !strings.Contains(broken, tt.want) {
				t.Errorf("the judge said %q, want %q", broken, tt.want)
			}
		})
	}
	if broken := judge(nil); len(broken) != 1 {
		t.Errorf("where mirror never oversells the judge said %q", broken)
	}
}
