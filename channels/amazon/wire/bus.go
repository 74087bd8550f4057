package wire

import (
	"cmp"
	"context"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
)

// QuantityChange is the notification of a quantity that changed. Amazon gives it to an event bus alone, never to a queue: a rule of
// the seller's leads it from there to the connection's queue.
const QuantityChange = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"

// bus is an Amazon EventBridge event bus of an AWS account.
type bus struct {
	Name    channels.Text `json:"name"` // of the event source that the account sees
	Region  channels.Text `json:"region"`
	Account channels.Text `json:"accountId"`
}

// Quantities tells whether a seller's news of quantities go to any event bus.
func Quantities(ctx context.Context, o channels.Opening, token string) (some bool, err error) {
	to, err := goesTo(ctx, o, token, QuantityChange)
	return to != "", err
}

// ListenQuantities sends a seller's news of quantities to the event bus of the AWS account that has the connection's queue, where they
// go nowhere yet; added names the event source there.
func ListenQuantities(ctx context.Context, o channels.Opening, token string) (added string, err error) {
	if some, err := Quantities(ctx, o, token); err != nil || some {
		return "", err
	}
	all, grantless, arn, err := destinations(ctx, o)
	if err != nil {
		return "", err
	}
	part := strings.Split(arn, ":") // arn:aws:sqs:REGION:ACCOUNT:NAME
	region, account := part[3], part[4]
	var to destination
	for _, d := range all {
		if string(d.Resource.Bus.Account) == account && string(d.Resource.Bus.Region) == region {
			to = d
		}
	}
	if to.ID == "" {
		to, err = makeDestination(ctx, o, grantless, "CreatorFlow quantities", map[string]any{"eventBridge": map[string]string{"region": region, "accountId": account}})
		if err != nil {
			return "", err
		}
	}
	did, err := subscribe(ctx, o, token, QuantityChange, string(to.ID))
	if err != nil || !did {
		return "", err
	}
	return cmp.Or(string(to.Resource.Bus.Name), region+", "+account), nil
}
