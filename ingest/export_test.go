package ingest

import (
	"context"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/ingest/lanes"
)

// Scan is one look of the router, while Run does not run.
func (i *Ingest) Scan(ctx context.Context) (more bool, err error) { return i.scan(ctx) }

// Work takes so many jobs from a connection's lane and settles them without a trace.
func (i *Ingest) Work(connection string, most int) (taken int) {
	l := i.shops[connection].lane
	for taken < most {
		jobs := l.Take(50)
		if len(jobs) == 0 {
			break
		}
		taken += len(jobs)
		i.release(jobs...)
		l.Done(i.o.Clock(), jobs, nil, false)
	}
	return taken
}

// Lane tells how a connection's lane does.
func (i *Ingest) Lane(connection string) lanes.State { return i.shops[connection].lane.State() }

// Received counts a webhook.
func (i *Ingest) Received(app channels.App, hints []channels.Hint, at time.Time, fresh bool) {
	i.received(app, hints, at, fresh)
}
