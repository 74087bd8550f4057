package hub

import (
	"context"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	backfills "github.com/creatorflow/creatorflow/gateway/backfill"
	"github.com/creatorflow/creatorflow/gateway/connecting"
	"github.com/creatorflow/creatorflow/gateway/reads/standing"
)

// ReadOlder asks to read the orders that were placed from one day to another, to stop that, or with neither how it fares.
type ReadOlder struct {
	Connection string `json:"connection"`
	From       string `json:"from"`
	To         string `json:"to"`
	Stop       bool   `json:"stop"`
}

// Older has older orders of a shop read, and says how that fares.
func (a *Admin) Older(ctx context.Context, o ReadOlder) (standing.OlderOrders, error) {
	return ask[standing.OlderOrders](ctx, a, "older", o)
}

// SetLabels says from whom labels are bought.
func (a *Admin) SetLabels(ctx context.Context, s connecting.SetLabelPartner) (connecting.LabelPartner, error) {
	return ask[connecting.LabelPartner](ctx, a, "labels/set", s)
}

// byHand is who gives the owner's commands on this machine.
const byHand = "system:command"

func (h *Hub) setLabels(ctx context.Context, s connecting.SetLabelPartner) (connecting.LabelPartner, error) {
	if err := h.labels().SetLabels(ctx, s, byHand); err != nil {
		return connecting.LabelPartner{}, err
	}
	return h.labels().Labels(ctx)
}

func (h *Hub) readOlder(ctx context.Context, o ReadOlder) (standing.OlderOrders, error) {
	if _, ok := h.Shops.Connector(o.Connection); !ok {
		return standing.OlderOrders{}, shops.ErrShop
	}
	var request eventlog.Request
	var err error
	switch desk := h.older(); {
	case o.Stop:
		request, err = desk.Stop(ctx, backfills.StopBackFill{Connection: o.Connection})
	case o.From != "":
		request, err = desk.Plan(ctx, backfills.BackFill{Connection: o.Connection, From: o.From, To: o.To})
	}
	if err == nil && request.Decide != nil {
		request.Meta = eventlog.Meta{Actor: byHand, Cause: "command", Correlation: o.Connection}
		_, err = h.Log.Execute(ctx, request)
	}
	if err != nil {
		return standing.OlderOrders{}, err
	}
	zone, err := workspace.Zone(ctx, h.Log, workspace.Main)
	if err != nil {
		return standing.OlderOrders{}, err
	}
	return h.standing().History(ctx, o.Connection, zone)
}

// standing is what bodies of connections are made of.
func (h *Hub) standing() standing.Sources {
	return standing.Sources{Log: h.Log, Workspace: workspace.Main, Progress: h.history.Progress, NoHistory: h.noHistory, Consistency: h.Auditor.Figure}
}

// older plans the reading of older orders.
func (h *Hub) older() backfills.Desk {
	return backfills.Desk{Log: h.Log, Workspace: workspace.Main, Clock: h.o.Clock, Connector: h.Shops.Connector}
}

// noHistory is why a shop's older orders cannot be read, as the bodies want it.
func (h *Hub) noHistory(connection string) string {
	c, ok := h.Shops.Connector(connection)
	if !ok {
		return "The shop is not connected any more."
	}
	return channels.NoHistory(c)
}
