package gateway

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	riskevents "github.com/creatorflow/creatorflow/domain/events/risks"
	"github.com/creatorflow/creatorflow/domain/risk"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/plans"
)

// RiskRules are the rules by which orders are held for review.
type RiskRules struct {
	riskevents.Configured
	Versions risk.RuleVersions `json:"versions" doc:"by which version each was set last; 0 = nobody has set it"`
}

// registerReview registers the rules of risk and the review of what they flag.
func (g *Gateway) registerReview() {
	w := g.o.Workspace
	huma.Register(g.api, edge.Get("/api/v1/risk", "get-risk", "The rules by which orders are held for review"), func(ctx context.Context, _ *struct{}) (*edge.Positioned[RiskRules], error) {
		folded, err := g.o.Log.Fold(ctx, risk.Fold(w))
		if err != nil {
			return nil, g.answer(ctx, err)
		}
		s := folded.Value.(risk.State)
		return &edge.Positioned[RiskRules]{Position: int64(g.o.Log.Head().Position), Body: RiskRules{s.Rules(), s.Changed}}, nil
	})
	command(g, "configure-risk", "Say by which rules orders are held for review, and what happens to their stock meanwhile",
		func(_ context.Context, b plans.ConfigureRisk) (eventlog.Request, error) { return b.Plan(w), nil })
	command(g, "approve-orders", "Let orders that are held for review go on; each is answered by itself",
		func(_ context.Context, b plans.ApproveOrders) (eventlog.Request, error) { return b.Plan(w) })
	command(g, "reject-orders", "Have orders that are held for review cancelled at their channels; each is answered by itself",
		func(_ context.Context, b plans.RejectOrders) (eventlog.Request, error) { return b.Plan(w) })
}
