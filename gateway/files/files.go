// Package files has the routes that give out files: shipping labels, and stock as a spreadsheet, which also comes back as one.
package files

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/vault"
)

// Options are what the routes need.
type Options struct {
	Log       Log
	Workspace string
	Views     projection.Store
	Label     func(ctx context.Context, id string) (vault.Label, error)
	Busy      func() *edge.Problem // why views cannot be read now; nil = they can
	SKU       func(string) string  // brings a SKU into the form in which SKUs are compared
	Answer    func(ctx context.Context, err error) *edge.Problem
}

// Log is what a preview reads; *eventlog.Log is one.
type Log interface {
	Fold(ctx context.Context, f eventlog.Fold) (eventlog.State, error)
}

var security = []map[string][]string{{"session": {}}, {"key": {}}}

// Register adds the routes.
func Register(api huma.API, o Options) {
	registerSheet(api, o)
	type labelInput struct {
		ID string `path:"id" maxLength:"200"`
	}
	type labelOutput struct {
		Type        string `header:"Content-Type"`
		Disposition string `header:"Content-Disposition"`
		Policy      string `header:"Content-Security-Policy"`
		Body        []byte
	}
	huma.Register(api, huma.Operation{
		Method: http.MethodGet, Path: "/api/v1/labels/{id}", OperationID: "get-label", Summary: "A shipping label's file", Tags: []string{"read"}, Security: security,
	}, func(ctx context.Context, in *labelInput) (*labelOutput, error) {
		l, err := o.Label(ctx, in.ID)
		if err != nil {
			return nil, o.Answer(ctx, err)
		}
		kind, ending := labelType(l.Type)
		return &labelOutput{
			Type: kind, Disposition: `inline; filename="label` + ending + `"`, Body: l.File,
			Policy: "frame-ancestors 'none'; base-uri 'none'; form-action 'none'", // browsers show no PDF in a sandbox
		}, nil
	})
}

// labelType lets through only what a browser may show: the type is what a channel said.
func labelType(given string) (kind, ending string) {
	switch given {
	case "application/pdf":
		return given, ".pdf"
	case "image/png":
		return given, ".png"
	}
	return "application/octet-stream", ".bin"
}
