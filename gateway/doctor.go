package gateway

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/doctor"
)

func (g *Gateway) registerDoctor() {
	type input struct {
		ID string `path:"id" maxLength:"40"`
	}
	type output struct{ Body doctor.Report }
	huma.Register(g.api, get("/api/v1/connections/{id}/doctor", "examine-connection", "What is well with a connection, what is not, and what mends it"),
		func(ctx context.Context, in *input) (*output, error) {
			body, err := g.o.Reads.Doctor(ctx, in.ID)
			if err != nil {
				return nil, g.answer(ctx, err)
			}
			return &output{Body: body}, nil
		})
}
