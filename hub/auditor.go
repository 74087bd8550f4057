package hub

import (
	"github.com/creatorflow/creatorflow/auditor"
	"github.com/creatorflow/creatorflow/auditor/readings"
	"github.com/creatorflow/creatorflow/domain/workspace"
)

func (h *Hub) openAuditor() (err error) {
	shops := readings.Readings{Views: h.Views, Shops: h.Shops, Listings: h.Listing.Known}
	h.Auditor, err = auditor.New(auditor.Options{
		Log: h.Log, Views: h.Views, Projections: Projections(), Workspace: workspace.Main, Clock: h.o.Clock, Logger: h.o.Log, Every: h.o.Audit,
		Channels: shops.Compare, Notify: func(topic string) { h.surface.live.Dirty(topic) },
	})
	return err
}
