package gateway_test

import (
	"encoding/json"
	"math"
	"testing"

	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/stockout"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// A SKU that sells shows between which times it runs out; no end is named that is out of sight.
func TestStockoutRange(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	bearer := "Bearer " + s.key(t, accounts.Viewer)
	read := func() (available int64, soonest, latest *float64) {
		t.Helper()
		s.caught(t)
		var sku struct {
			Available int64    `json:"available"`
			Soonest   *float64 `json:"stockout_soonest_seconds"`
			Latest    *float64 `json:"stockout_latest_seconds"`
		}
		fatal(t, json.Unmarshal(s.ask(t, nil, "GET", "/api/v1/stock/85123A", "", "Authorization", bearer).text, &sku))
		return sku.Available, sku.Soonest, sku.Latest
	}
	if _, soonest, latest := read(); soonest != nil || latest != nil {
		t.Errorf("nothing sells: %v to %v", soonest, latest)
	}
	_, err := s.log.Append(t.Context(), eventlog.Write{Stream: stockevents.Stream(workspace.Main, "85123A"), Expected: 1, Events: []eventlog.Event{
		stockevents.Reserved{SKU: "85123A", Order: "k7:576", Attempt: 1, Quantity: 6},
	}})
	fatal(t, err)
	available, soonest, latest := read()
	from, to := stockout.Between(available, stockout.Rated(6, 6))
	if soonest == nil || latest == nil || *soonest != math.Round(from.Seconds()) || *latest != math.Round(to.Seconds()) || *soonest >= *latest {
		t.Errorf("of %d units: %v to %v, want %s to %s", available, soonest, latest, from, to)
	}
}
