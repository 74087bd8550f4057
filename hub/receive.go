package hub

import (
	"context"
	"net/http"

	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	"github.com/creatorflow/creatorflow/hub/counters"
	"github.com/creatorflow/creatorflow/ingest/mentions"
)

// receive takes in a webhook: a channel's, that of who sells labels, or mentions.
func (h *Hub) receive(ctx context.Context, channel, app string, header http.Header, body []byte) (status int) {
	switch channel {
	case labelevents.EasyPost:
		return h.postage.Receive(ctx, app, header, body)
	case mentions.Hook:
		return h.said.Receive(ctx, app, header, body)
	}
	return h.Ingest.Receive(ctx, channel, app, header, body)
}

// labels is where an owner says from whom labels are bought. While what is shown is a demo it sells none.
func (h *Hub) labels() counters.Labels {
	return counters.Labels{Office: h.postage, Closed: door{h}.reason}
}
