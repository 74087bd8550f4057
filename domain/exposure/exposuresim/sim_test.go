package exposuresim_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/domain/exposure/exposuresim"
)

// sellOuts is how often each cell is sold out; the drill runs more.
const sellOuts = 20

// TestEscrowNeverOversells is the promise, cell by cell; TestTwinsOversell shows that it can fail.
func TestEscrowNeverOversells(t *testing.T) {
	var rows []exposuresim.Row
	for _, c := range exposuresim.Grid(sellOuts, 7) {
		if c.Policy != exposure.Escrow || c.Twin != exposuresim.Honest {
			continue
		}
		row := exposuresim.Run(c)
		rows = append(rows, row)
		if row.Hit > 0 {
			t.Errorf("%s, %s, %g/h, lags %v + %v: %d of %d sell-outs oversold, up to %d units", c.Name, c.Method, c.PerHour, c.NewsLag,
				c.PushLag, row.Hit, c.SellOuts, row.Worst)
		}
		if row.Left > 5 {
			t.Errorf("%s, %s, %g/h, lags %v + %v: %.1f units could not be sold", c.Name, c.Method, c.PerHour, c.NewsLag, c.PushLag, row.Left)
		}
	}
	if len(rows) < 16 {
		t.Errorf("only %d cells", len(rows))
	}
	log(t, rows)
}

func TestTwinsOversell(t *testing.T) {
	rows := exposuresim.Table(exposuresim.Twins(sellOuts, 7))
	for _, row := range rows {
		if c := row.Cell; row.Hit == 0 {
			t.Errorf("the twin %q does not oversell at %g/h: the simulation cannot tell it from the real one", c.Twin, c.PerHour)
		}
	}
	log(t, rows)
}

// TestMirrorOversells shows what the policies that do not promise cost, and that hybrid costs less.
func TestMirrorOversells(t *testing.T) {
	var rows []exposuresim.Row
	for _, c := range exposuresim.Grid(sellOuts, 7) {
		if c.Policy == exposure.Escrow {
			continue
		}
		row := exposuresim.Run(c)
		rows = append(rows, row)
		if c.Policy == exposure.Mirror && c.PerHour > 100 && row.Hit < sellOuts/2 {
			t.Errorf("mirror, %s, %g/h: only %d of %d sell-outs oversold", c.Method, c.PerHour, row.Hit, sellOuts)
		}
		if c.Policy == exposure.Hybrid && row.Hit > 0 {
			t.Errorf("hybrid, %s, %g/h, no outage: %d of %d sell-outs oversold", c.Method, c.PerHour, row.Hit, sellOuts)
		}
	}
	log(t, rows)
}

func TestSameSeedSameRow(t *testing.T) {
	c := exposuresim.Grid(3, 1)[1]
	a, b := exposuresim.Run(c), exposuresim.Run(c)
	if a.Refused != b.Refused || a.Writes != b.Writes || a.Oversold != b.Oversold {
		t.Errorf("%+v and %+v", a, b)
	}
}

func log(t *testing.T, rows []exposuresim.Row) {
	t.Helper()
	var b bytes.Buffer
	if err := exposuresim.Write(&b, rows); err != nil {
		t.Error(err)
	}
	if got := strings.Count(b.String(), "\n"); got != len(rows)+2 {
		t.Errorf("%d lines for %d rows", got, len(rows))
	}
	t.Logf("\n%s", &b)
}
