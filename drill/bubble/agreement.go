package bubble

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/creatorflow/creatorflow/auditor"
	"github.com/creatorflow/creatorflow/auditor/readings"
	"github.com/creatorflow/creatorflow/domain/consistency"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/drill"
	"github.com/creatorflow/creatorflow/hub"
)

// What the auditor must find at the end, in percent.
const (
	inside       = 100
	withChannels = 99.5
)

// everything is more rows, and more records, than a drill makes.
const everything = math.MaxInt32

// agreement is a figure of the auditor's; the zero value when it has none.
func agreement(f consistency.Figure) (a drill.Agreement) {
	var ok bool
	if a.Inside, ok = f.Views.Percent(); ok {
		a.Shops, _ = f.Views.And(f.Channels).Percent()
	}
	return a
}

// note keeps the lowest figure that the hub's own auditor comes to, until ctx ends.
func (w *World) note(ctx context.Context, h *hub.Hub) {
	for Sleep(ctx, time.Minute) == nil {
		f, _, _ := h.Auditor.Figure()
		w.mu.Lock()
		w.lowest = w.lowest.And(agreement(f))
		w.mu.Unlock()
	}
}

// judgeAgreement has an auditor compare all that the stopped hub left in one look, and holds that against what is required.
func (w *World) judgeAgreement(ctx context.Context, r *drill.Report) (err error) {
	h := w.Hub()
	shops := readings.Readings{Views: h.Views, Shops: h.Shops, Listings: h.Listing.Known}
	a, err := auditor.New(auditor.Options{
		Log: h.Log, Views: h.Views, Projections: hub.Projections(), Workspace: workspace.Main, Clock: w.clock, Logger: slog.New(slog.DiscardHandler),
		Channels: shops.Compare, Notify: func(string) {}, Records: everything, Rows: everything,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	failed := a.Look(ctx) // what it finds to differ cannot be told in a log that has stopped
	f, _, _ := a.Figure()
	found := agreement(f)
	w.mu.Lock()
	r.End, r.Lowest = r.End.And(found), r.Lowest.And(w.lowest)
	w.mu.Unlock()
	if failed != nil || found.Inside < inside || found.Shops < withChannels || len(f.Resting) > 0 {
		r.Broke("at the end the auditor finds %s, where %d and %.1f %% are required: %d of %d rows, %d of %d listings and orders differ. %s (%v)", found, inside,
			withChannels, f.Views.Differing, f.Views.Compared, f.Channels.Differing, f.Channels.Compared, f.Sentence(), failed)
	}
	return nil
}
