package dispatch_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/dispatch"
	"github.com/creatorflow/creatorflow/domain/aftersales"
	"github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
)

// slow is a shop of one order whose channel takes on what it is asked for, and decides later.
type slow struct{ channels.Connector }

// only finds it for every connection.
type only struct{}

func (only) Connector(string) (channels.Connector, bool) { return slow{}, true }

func (slow) Orders(_ context.Context, ids []string) (channels.Page, error) {
	return channels.Page{Orders: []channels.Order{{ID: ids[0], Status: channels.StatusReady}}}, nil
}

func (slow) Capture(context.Context, string) error {
	return &channels.Failure{Class: channels.Awaited, Message: "the bank thinks"}
}

func (slow) Cancel(context.Context, channels.Order, string) error {
	return &channels.Failure{Class: channels.Awaited, Message: "it is being carried out"}
}

// What the channel has taken on and not decided is a wait with a time, and no failure that is counted.
func TestWhatIsNotDecidedIsWaitedFor(t *testing.T) {
	d := dispatch.New(only{}, nil)
	capture := d.Capture(t.Context(), outside.Parcel{ChannelID: "1"})
	_, cancel := d.Carry(t.Context(), aftersales.Told{AnswerAsked: orders.AnswerAsked{Action: "cancel"}, ChannelID: "1"}, "key")
	for what, err := range map[string]error{"take the money": capture, "cancel the order": cancel} {
		var trouble *outside.Trouble
		if !errors.As(err, &trouble) || trouble.Wait != fulfilment.WaitChannel || trouble.Unsure || trouble.Person || trouble.After <= 0 || !strings.Contains(trouble.Sentence, "asked to "+what) {
			t.Errorf("%s: %+v", what, err)
		}
	}
}
