package plans

import (
	"context"
	"fmt"

	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
)

// ReceiveReturn is the body of the command that takes in what of a return came back.
type ReceiveReturn struct {
	Order string `json:"order" minLength:"1" maxLength:"200"`
	Claim string `json:"claim" minLength:"1" maxLength:"100" doc:"the channel's id of the return"`
	Items []struct {
		SKU       string `json:"sku" minLength:"1" maxLength:"400"`
		Quantity  int64  `json:"quantity" minimum:"1"`
		Condition string `json:"condition" enum:"sellable,damaged"`
	} `json:"items" minItems:"1" maxItems:"200"`
	Location string `json:"location" maxLength:"30" required:"false" doc:"the id of the location that they are put at; the one that the order was sent from when absent"`
}

// Plan plans the command.
func (b ReceiveReturn) Plan(ctx context.Context, log Log, workspace string) (eventlog.Request, error) {
	var items []aftersales.Item
	for i, item := range b.Items {
		sku, err := SKU(item.SKU)
		if err != nil {
			return eventlog.Request{}, edge.Invalid(edge.Fault{Field: fmt.Sprintf("items[%d].sku", i), Rule: "must be 1 to 100 bytes of text without control characters"})
		}
		items = append(items, aftersales.Item{SKU: sku, Quantity: item.Quantity, Sellable: item.Condition == "sellable"})
	}
	return Receive(ctx, log, workspace, b.Order, b.Claim, b.Location, items)
}
