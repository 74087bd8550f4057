package notices

import (
	"errors"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// quantity is the vendor's own example of its schema.
const quantity = `{"NotificationVersion":"1.0","NotificationType":"LISTINGS_ITEM_MFN_QUANTITY_CHANGE","PayloadVersion":"1.0","EventTime":"2021-02-03T18:59:30.194Z",
"Payload":{"SellerId":"AXXXXXXXXXXXXX","FulfillmentChannelCode":"DEFAULT","Sku":"NLS-SHOES-03","Quantity":99},
"NotificationMetadata":{"ApplicationId":"a","SubscriptionId":"s","PublishTime":"2021-02-03T18:59:30.194Z","NotificationId":"8e009934-da2c-4f9c-9bc7-93f23b7e1f60"}}`

// TestQuantity: news of a quantity are read as they are, and from the event that a bus hands on; what cannot be read is named.
func TestQuantity(t *testing.T) {
	want := channels.Hint{
		Delivery: "8e009934-da2c-4f9c-9bc7-93f23b7e1f60", Kind: channels.KindQuantity, Type: "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
		Updated: time.Date(2021, 2, 3, 18, 59, 30, 194e6, time.UTC), News: channels.News{Seller: "AXXXXXXXXXXXXX", Item: "NLS-SHOES-03", Place: "DEFAULT", Quantity: 99},
	}
	for _, body := range []string{quantity, `{"version":"0","id":"e1","detail-type":"LISTINGS_ITEM_MFN_QUANTITY_CHANGE","detail":` + quantity + `}`} {
		got, err := Notices{}.Hints([]byte(body))
		if err != nil || len(got) != 1 || got[0].News != want.News || got[0].Delivery != want.Delivery || got[0].Kind != want.Kind || got[0].Type != want.Type ||
			!got[0].Updated.Equal(want.Updated) || got[0].Shop != "" || got[0].Unknown {
			t.Errorf("%s reads %+v, %v", body, got, err)
		}
	}
	for field, body := range map[string]string{
		"detail":           `{"detail":7}`,
		"Payload":          `{"NotificationType":"LISTINGS_ITEM_MFN_QUANTITY_CHANGE","Payload":[]}`,
		"Payload.SellerId": `{"NotificationType":"LISTINGS_ITEM_MFN_QUANTITY_CHANGE","Payload":{"Sku":"A","Quantity":1}}`,
		"Payload.Sku":      `{"NotificationType":"LISTINGS_ITEM_MFN_QUANTITY_CHANGE","Payload":{"SellerId":"A1","Quantity":1}}`,
		"Payload.Quantity": `{"NotificationType":"LISTINGS_ITEM_MFN_QUANTITY_CHANGE","Payload":{"SellerId":"A1","Sku":"A","Quantity":"many"}}`,
	} {
		_, err := Notices{}.Hints([]byte(body))
		var invalid channels.Invalid
		if !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v, want %s named", body, err, field)
		}
	}
}
