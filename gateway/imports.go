package gateway

import (
	"context"

	"github.com/creatorflow/creatorflow/domain/catalogue"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/plans"
	"github.com/creatorflow/creatorflow/gateway/reads/listings"
	"github.com/creatorflow/creatorflow/projection"
)

// Importing previews imports and tells how they fare.
type Importing interface {
	Preview(connection string, create bool) error
	Progress(connection string) (p catalogue.Progress, ok bool)
}

// registerImports registers what a shop lists, and its import.
func (g *Gateway) registerImports() {
	w, b := g.o.Workspace, listings.Bodies{Log: g.o.Log, Workspace: g.o.Workspace}
	if g.o.Imports != nil {
		b.Imports = g.o.Imports.Progress
	}
	type ShopInput struct {
		ID string `path:"id" maxLength:"40"`
		Paged
	}
	type listingsInput struct {
		ShopInput
		Text  string `query:"q" maxLength:"100" doc:"a part of the code, the title, the variant or a channel's id"`
		State string `query:"state" enum:"mapped,unmatched,conflict,no_code"`
	}
	view(g, "/api/v1/connections/{id}/listings", "list-listings", "What a shop lists, and the SKUs that it means, by code",
		func(ctx context.Context, r projection.Reader, in *listingsInput) (listings.ListingList, error) {
			return b.Listings(ctx, r, catalogue.Filter{Connection: in.ID, State: in.State, Text: in.Text, After: in.After, Limit: in.Limit})
		})
	type importInput struct {
		ShopInput
		Do string `query:"do" enum:"map,create,keep,leave"`
	}
	view(g, "/api/v1/connections/{id}/import", "get-import", "How a shop's import or preview fares, and what it does with each listing",
		func(ctx context.Context, r projection.Reader, in *importInput) (listings.ImportReport, error) {
			return b.Import(ctx, r, in.ID, in.Do, in.After, in.Limit)
		})
	command(g, "import-listings", "Read what a shop lists and map it to SKUs by code; it is worked off in the background", func(ctx context.Context, c struct {
		Connection string `json:"connection" minLength:"1" maxLength:"40"`
		DryRun     bool   `json:"dry_run" required:"false" doc:"only say what would be done"`
		Create     bool   `json:"create_missing" required:"false" doc:"also make the SKUs that are missing, with the quantity listed as first stock"`
	},
	) (eventlog.Request, error) {
		shop := shops.Connecting().Fold(shopevents.Connection(w, c.Connection))
		request := plans.One(shopevents.Imports(w, c.Connection), catalogue.Importing(), shopevents.ImportBegun{Connection: c.Connection, Create: c.Create})
		if !c.DryRun {
			return plans.Provided(request, shop, shops.ErrShop), nil
		}
		request.Decide = func([]eventlog.State) (eventlog.Decision, error) { return eventlog.Decision{}, nil }
		return plans.Provided(request, shop, shops.ErrShop), g.preview(ctx, shop, c.Connection, c.Create)
	})
	command(g, "undo-import", "Take back what a shop's last import mapped, but for what a person mapped since; SKUs that it made stay", func(_ context.Context, c struct {
		Connection string `json:"connection" minLength:"1" maxLength:"40"`
	},
	) (eventlog.Request, error) {
		return plans.One(shopevents.Imports(w, c.Connection), catalogue.Undoing(), shopevents.UndoBegun{Connection: c.Connection}), nil
	})
}

// preview begins to find out what an import would do; nothing of it enters the log.
func (g *Gateway) preview(ctx context.Context, shop eventlog.Fold, connection string, create bool) error {
	if g.o.Imports == nil {
		return edge.Busy("Imports are not running at the moment.", 5)
	}
	there, err := g.o.Log.Fold(ctx, shop)
	if err != nil || there.Version == 0 { // the decision says so
		return err
	}
	under, err := catalogue.FindImport(ctx, g.o.Log, g.o.Workspace, connection)
	switch {
	case err != nil:
		return err
	case under.Running || under.Undoing:
		return catalogue.ErrImporting
	}
	return g.o.Imports.Preview(connection, create)
}
