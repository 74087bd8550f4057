package gateway

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/doctor"
	"github.com/creatorflow/creatorflow/gateway/edge"
)

func (g *Gateway) registerDoctor() {
	type input struct {
		ID   string `path:"id" maxLength:"40"`
		Site string `header:"Sec-Fetch-Site" doc:"set by browsers"`
	}
	type output struct{ Body doctor.Report }
	huma.Register(g.api, edge.Get("/api/v1/connections/{id}/doctor", "examine-connection", "What is well with a connection, what is not, and what mends it"),
		func(ctx context.Context, in *input) (*output, error) {
			if in.Site == "cross-site" || in.Site == "same-site" { // it asks the channel: no other page may have a browser do that
				return nil, g.answer(ctx, edge.NewProblem(http.StatusForbidden, "An examination is asked for by the hub's own pages only."))
			}
			body, err := g.o.Reads.Doctor(ctx, in.ID)
			if err != nil {
				return nil, g.answer(ctx, err)
			}
			return &output{Body: body}, nil
		})
}
