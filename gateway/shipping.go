package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shipping"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/flow"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/parcels"
)

type parcelItem struct {
	Listing  string `json:"listing" minLength:"1" maxLength:"100" doc:"as the order's lines name it"`
	Quantity int64  `json:"quantity" minimum:"1"`
}

type parcelGroup struct {
	Items []parcelItem `json:"items" minItems:"1" maxItems:"200"`
}

func parcelItems(list []parcelItem) (out []orderevents.ParcelItem) {
	for _, i := range list {
		out = append(out, orderevents.ParcelItem(i))
	}
	return out
}

// registerShipping registers what a seller says about parcels. It is accepted here and carried to the channel by a flow; what
// became of it stands on the order.
func (g *Gateway) registerShipping() {
	over := func(request func(d *flow.Definition) eventlog.Request) (eventlog.Request, error) {
		if g.o.Fulfilment == nil {
			return eventlog.Request{}, edge.Busy("Flows are not running at the moment.", 5)
		}
		return request(g.o.Fulfilment), nil
	}
	command(g, "ship-order", "Your own carrier has units of an order: the channel is told carrier and number in the background", func(_ context.Context, b struct {
		Order       string       `json:"order" minLength:"1" maxLength:"200"`
		Carrier     string       `json:"carrier" minLength:"1" maxLength:"100" doc:"one of the channel's, by its id"`
		CarrierName string       `json:"carrier_name" maxLength:"100" required:"false" doc:"as people know it"`
		Tracking    string       `json:"tracking" minLength:"1" maxLength:"100"`
		Items       []parcelItem `json:"items" maxItems:"200" required:"false" doc:"everything that is in no parcel when absent"`
	},
	) (eventlog.Request, error) {
		return over(func(d *flow.Definition) eventlog.Request {
			return shipping.Shipping(d, b.Order, shipping.Ship{
				Carrier: b.Carrier, CarrierName: b.CarrierName, Tracking: b.Tracking, Items: parcelItems(b.Items), Now: g.o.Clock().UTC().Truncate(time.Microsecond),
			})
		})
	})
	command(g, "correct-tracking", "A parcel's carrier or number was wrong: the channel is told the right one", func(_ context.Context, b struct {
		Order       string `json:"order" minLength:"1" maxLength:"200"`
		Parcel      int    `json:"parcel" minimum:"1" doc:"the number of the request that entered it"`
		Carrier     string `json:"carrier" minLength:"1" maxLength:"100" doc:"one of the channel's, by its id"`
		CarrierName string `json:"carrier_name" maxLength:"100" required:"false" doc:"as people know it"`
		Tracking    string `json:"tracking" minLength:"1" maxLength:"100"`
	},
	) (eventlog.Request, error) {
		return over(func(d *flow.Definition) eventlog.Request {
			return shipping.Correcting(d, b.Order, shipping.Correct{Parcel: b.Parcel, Carrier: b.Carrier, CarrierName: b.CarrierName, Tracking: b.Tracking})
		})
	})
	command(g, "split-order", "Send an order in several packages; the channel is asked once it lets the order be sent", func(_ context.Context, b struct {
		Order  string        `json:"order" minLength:"1" maxLength:"200"`
		Groups []parcelGroup `json:"groups" minItems:"2" maxItems:"50" doc:"what is in each package; every unit of the order in one of them"`
	},
	) (eventlog.Request, error) {
		var groups []orderevents.ParcelGroup
		for _, group := range b.Groups {
			groups = append(groups, orderevents.ParcelGroup{Items: parcelItems(group.Items)})
		}
		return over(func(d *flow.Definition) eventlog.Request { return shipping.Splitting(d, b.Order, groups) })
	})
	command(g, "combine-orders", "Send several orders of one buyer in one package; the channel is asked once it lets them be sent", func(_ context.Context, b struct {
		Orders []string `json:"orders" minItems:"2" maxItems:"10"`
	},
	) (eventlog.Request, error) {
		return over(func(d *flow.Definition) eventlog.Request { return shipping.Combining(d, b.Orders) })
	})

	type input struct {
		ID   string `path:"id" maxLength:"200"`
		Site string `header:"Sec-Fetch-Site" doc:"set by browsers"`
	}
	type output struct{ Body parcels.ShippingWays }
	huma.Register(g.api, edge.Get("/api/v1/orders/{id}/shipping", "get-shipping", "How an order may travel, as its channel says now: carriers, and orders that may share its package"),
		func(ctx context.Context, in *input) (*output, error) {
			if in.Site == "cross-site" || in.Site == "same-site" { // it asks the channel: no other page may have a browser do that
				return nil, g.answer(ctx, edge.NewProblem(http.StatusForbidden, "The channel is asked by the hub's own pages only."))
			}
			folded, err := g.o.Log.Fold(ctx, orders.Fold(g.o.Workspace, in.ID))
			if err != nil {
				return nil, g.answer(ctx, err)
			}
			o := folded.Value.(orders.State)
			switch {
			case !o.Known():
				return nil, g.answer(ctx, reads.ErrNotFound)
			case g.o.Ways == nil:
				return nil, g.answer(ctx, edge.Busy("Channels are not asked at the moment.", 5))
			}
			ways, err := g.o.Ways(ctx, o.Placed.Connection, o.Placed.ChannelID, o.Placed.SellerShips)
			if t := new(outside.Trouble); errors.As(err, &t) {
				err = edge.NewProblem(http.StatusBadGateway, t.Sentence)
			}
			if err != nil {
				return nil, g.answer(ctx, err)
			}
			return &output{Body: parcels.WaysOf(o.Placed.Connection, ways)}, nil
		})
}
