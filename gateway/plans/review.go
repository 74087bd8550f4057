package plans

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	riskevents "github.com/creatorflow/creatorflow/domain/events/risks"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/risk"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
)

// ConfigureRisk is the body of the command that sets the rules of risk.
type ConfigureRisk struct {
	Mismatch *riskevents.Mismatch `json:"mismatch,omitempty" doc:"the bill goes to another address, from a total on"`
	Total    *riskevents.Total    `json:"total,omitempty" doc:"the total is over a limit"`
	Repeats  *riskevents.Repeats  `json:"repeats,omitempty" doc:"so many other orders within so many hours go to the same address"`
	Stock    *string              `json:"stock,omitempty" enum:"kept,freed" doc:"of a flagged order until it is reviewed"`
	Versions *risk.RuleVersions   `json:"versions,omitempty" doc:"those of the rules that were read; what is named and was set since answers 412"`
}

// Plan plans the command.
func (b ConfigureRisk) Plan(workspace string) eventlog.Request {
	c := risk.Configure{Mismatch: b.Mismatch, Total: b.Total, Repeats: b.Repeats, Stock: b.Stock, Seen: b.Versions}
	return One(riskevents.Stream(workspace), risk.Configuring(), c)
}

// ApproveOrders is the body of the command that lets flagged orders go on.
type ApproveOrders struct {
	Orders []string `json:"orders" minItems:"1" maxItems:"100"`
}

// Plan plans the command.
func (b ApproveOrders) Plan(workspace string) (eventlog.Request, error) {
	return reviewAll(workspace, b.Orders, aftersales.Review{Approve: true})
}

// RejectOrders is the body of the command that has flagged orders cancelled.
type RejectOrders struct {
	Orders []string `json:"orders" minItems:"1" maxItems:"100"`
	Reason string   `json:"reason" enum:"out_of_stock,wrong_price,undeliverable,buyer_asked" doc:"that the channel is told"`
}

// Plan plans the command.
func (b RejectOrders) Plan(workspace string) (eventlog.Request, error) {
	return reviewAll(workspace, b.Orders, aftersales.Review{Reason: b.Reason})
}

// reviewsOf makes one review of each order, once however often it is named.
func reviewsOf(ids []string, r aftersales.Review) (reviews []aftersales.Review, err error) {
	for i, id := range ids {
		if id == "" || len(id) > 200 || strings.ContainsFunc(id, unicode.IsControl) {
			return nil, edge.Invalid(edge.Fault{Field: fmt.Sprintf("orders[%d]", i), Rule: "must be 1 to 200 bytes of text without control characters"})
		}
		if r.Order = id; !slices.Contains(reviews, r) {
			reviews = append(reviews, r)
		}
	}
	return reviews, nil
}

// Reviewed is what became of one of many orders that a person decided about at once.
type Reviewed struct {
	Order string `json:"order"`
	Done  bool   `json:"done"`
	Why   string `json:"why,omitempty"` // it was not done
}

// reviewAll decides about many flagged orders in one commit. Each is answered by itself: one that is refused keeps none of the
// others.
func reviewAll(workspace string, ids []string, r aftersales.Review) (eventlog.Request, error) {
	reviews, err := reviewsOf(ids, r)
	if err != nil {
		return eventlog.Request{}, err
	}
	rule := aftersales.Reviewing()
	folds := make([]eventlog.Fold, len(reviews))
	for i, r := range reviews {
		folds[i] = rule.Fold(orderevents.Stream(workspace, r.Order))
	}
	return eventlog.Request{Folds: folds, Decide: func(states []eventlog.State) (eventlog.Decision, error) {
		var d eventlog.Decision
		answers := make([]Reviewed, len(reviews))
		for i, r := range reviews {
			decided, err := rule.Decide(states[i].Value.(orders.State), r)
			var no eventlog.Refusal
			switch {
			case errors.As(err, &no):
				answers[i] = Reviewed{Order: r.Order, Why: no.Error()}
				continue
			case err != nil:
				return eventlog.Decision{}, err
			case len(decided) > 0:
				d.Writes = append(d.Writes, eventlog.Decided{Stream: folds[i].Stream, Events: decided})
			}
			answers[i] = Reviewed{Order: r.Order, Done: true}
		}
		var err error
		d.Result, err = json.Marshal(map[string][]Reviewed{"orders": answers})
		return d, err
	}}, nil
}
