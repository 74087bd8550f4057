package intake

import (
	"fmt"

	"github.com/creatorflow/creatorflow/channels"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/ingest/lanes"
)

// UnknownShop is the letter of all webhooks of a shop that is not connected.
func UnknownShop(app string, j *lanes.Job, shop string) letterevents.Opened {
	return letterevents.Opened{
		Letter: letters.UnknownID(app, "shop", shop), Sample: shop, Inbox: j.Number, Connection: j.Shop,
		Reason: fmt.Sprintf("Webhooks of the shop %q come, which is not connected. They are kept; connect the shop, and they are taken in.", shop),
	}
}

// UnknownType is the letter of all webhooks of a type that nobody knows here.
func UnknownType(app string, j *lanes.Job, kind string) letterevents.Opened {
	kind = channels.Short(kind, 40)
	return letterevents.Opened{
		Letter: letters.UnknownID(app, "type", kind), Sample: kind, Inbox: j.Number, Connection: j.Shop,
		Reason: fmt.Sprintf("Webhooks of the type %q come, which nobody knows here. They are kept, and nothing is done about them.", kind),
	}
}
