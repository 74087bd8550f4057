package connecting

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/eventlog"
)

// Demonstrating shows demo data in place of the hub's own, and takes it away again; *hub.Hub does.
type Demonstrating interface {
	OpenDemo(ctx context.Context) error
	RemoveDemo(ctx context.Context) error
}

// noDemo is a hub without one.
type noDemo struct{}

const errNoDemo = eventlog.Refusal("There is no demo data here.")

// OpenDemo implements Demonstrating.
func (noDemo) OpenDemo(context.Context) error { return errNoDemo }

// RemoveDemo implements Demonstrating.
func (noDemo) RemoveDemo(context.Context) error { return errNoDemo }

// demonstrate adds the two ends of a look at the hub with made-up data.
func demonstrate(api huma.API, o Options) {
	if o.Demo == nil {
		o.Demo = noDemo{}
	}
	for _, op := range []struct {
		method, id, summary string
		do                  func(context.Context) error
	}{
		{http.MethodPost, "open-demo", "Show demo data in place of the hub's own, which must have no shop yet", o.Demo.OpenDemo},
		{http.MethodDelete, "remove-demo", "Show the hub's own data again and delete the demo's", o.Demo.RemoveDemo},
	} {
		huma.Register(api, huma.Operation{
			Method: op.method, Path: "/api/v1/demo", OperationID: op.id, Summary: op.summary, Tags: []string{"demo"},
			Security: []map[string][]string{{"session": {}}, {"key": {}}}, Errors: []int{http.StatusConflict},
		}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
			if err := op.do(ctx); err != nil {
				return nil, o.Answer(ctx, err)
			}
			return nil, nil
		})
	}
}
