package aftersales

import (
	"fmt"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	stockevents "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/orders/demand"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// came is what of a return has come back so far, by the channel's listings; nil while nothing has. Of a bundle as many as all parts
// have come of.
func came(s orders.State, claim string) (lines []events.ClaimLine) {
	c, _ := s.Claim(orders.Return, claim)
	if len(c.Received) == 0 {
		return nil
	}
	skus, left := s.ByListing(), map[string]int64{}
	for _, item := range c.Received {
		left[item.SKU] += item.Quantity
	}
	lines = []events.ClaimLine{}
	for _, l := range c.Lines {
		parts := demand.Units(map[string]int64{skus[l.Listing]: 1}, s.Bundles)
		for sku, each := range parts {
			l.Quantity = min(l.Quantity, left[sku]/each)
		}
		for sku, each := range parts {
			left[sku] -= l.Quantity * each
		}
		if l.Quantity > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// Observe takes in what a channel shows of a claim, with the units of a return that somebody put back on sale there, by listing. Those
// are on hand here too. Units that were received here with the same return, in whatever condition, are the same units, so each counts
// once whoever says so first. Stocks hold every SKU of the order where there are such units.
func Observe(workspace string, s orders.State, news events.ClaimOpened, restocked map[string]int64, stocks map[string]inventory.State) ([]eventlog.Decided, error) {
	rule := orders.ObservingClaim()
	decided, err := rule.Decide(s, news)
	if err != nil {
		return nil, err
	}
	for _, e := range decided {
		s = rule.Evolve(s, e)
	}
	var writes []eventlog.Decided
	if len(decided) > 0 {
		writes = append(writes, eventlog.Decided{Stream: events.Stream(workspace, s.Placed.Order), Events: decided})
	}
	return merged(append(writes, putBack(workspace, s, news.Claim, restocked, stocks)...)), nil
}

// putBack counts units that are on sale at the channel again. What has not left by the stock's books is left out: it was never taken off
// them. Whether a cancelled order's units were is its flow's to know, which frees them, or asks a person with a letter.
func putBack(workspace string, s orders.State, claim string, units map[string]int64, stocks map[string]inventory.State) []eventlog.Decided {
	if len(units) == 0 || fulfilment.Untouched(s.Placed) || s.Status == orders.Cancelled {
		return nil
	}
	c, found := s.Claim(orders.Return, claim)
	if !found {
		return nil
	}
	skus, back := s.ByListing(), map[string]int64{}
	for listing, n := range units {
		if sku := skus[listing]; sku != "" {
			back[sku] += n
		}
	}
	back = demand.Units(back, s.Bundles)
	for _, item := range c.Received {
		back[item.SKU] -= item.Quantity
	}
	left := due(s, c)
	received := events.ReturnReceived{Order: s.Placed.Order, Claim: claim}
	var writes []eventlog.Decided
	for _, need := range s.Demand() {
		n := min(back[need.SKU], left[need.SKU])
		if n < 1 {
			continue
		}
		decided, err := inventory.Returning().Decide(stocks[need.SKU], inventory.Return{
			SKU: need.SKU, Order: s.Placed.Order, Quantity: n, Sellable: true, Reason: "Put back on sale at the channel.",
		})
		if err != nil {
			continue
		}
		received.Items = append(received.Items, Item{SKU: need.SKU, Quantity: n, Sellable: true})
		writes = append(writes, eventlog.Decided{Stream: stockevents.Stream(workspace, need.SKU), Events: decided})
	}
	if len(received.Items) == 0 {
		return nil
	}
	return append(writes, eventlog.Decided{Stream: events.Stream(workspace, s.Placed.Order), Events: []eventlog.Event{received}})
}

// GivenBack says how much of an order's money has gone back to the buyer at the channel, where that is news. It never becomes less.
func GivenBack(s orders.State, total money.Money) []eventlog.Event {
	if !s.Known() || total.Minor <= s.Direct.Refunded.Minor {
		return nil
	}
	return []eventlog.Event{events.Refunded{Order: s.Placed.Order, Total: total, Sentence: fmt.Sprintf(
		"%s of %s went back to the buyer at the channel. The sales figures do not take that off.", total, s.Placed.Total)}}
}
