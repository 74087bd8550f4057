// Package history has the routes that read the log itself, what each event changed, and the webhooks behind it.
package history

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/changes"
)

// Options are what the routes need.
type Options struct {
	Log       *eventlog.Log
	Workspace string
	Reads     *reads.Reads
	Answer    func(ctx context.Context, err error) *edge.Problem
}

// Register adds the routes.
func Register(api huma.API, o Options) {
	type eventsInput struct {
		After  int64  `query:"after" minimum:"0" doc:"a position, of a stream a version"`
		Stream string `query:"stream" maxLength:"400" doc:"workspace/kind/id"`
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	huma.Register(api, edge.Get("/api/v1/events", "list-events", "The log, oldest first"),
		func(ctx context.Context, in *eventsInput) (*edge.Positioned[reads.EventList], error) {
			body, err := o.Reads.Events(ctx, in.Stream, in.After, in.Limit)
			if err != nil {
				return nil, o.Answer(ctx, err)
			}
			return &edge.Positioned[reads.EventList]{Position: body.Position, Body: body}, nil
		})
	type changesInput struct {
		Position int64 `path:"position" minimum:"1"`
	}
	events := changes.New(o.Log, o.Workspace)
	huma.Register(api, edge.Get("/api/v1/events/{position}/changes", "get-changes", "What one event changed of its stream's state"),
		func(ctx context.Context, in *changesInput) (*edge.Positioned[changes.Changes], error) {
			body, err := events.Of(ctx, in.Position)
			if err != nil {
				return nil, o.Answer(ctx, err)
			}
			return &edge.Positioned[changes.Changes]{Position: body.Position, Body: body}, nil
		})
	type inboxInput struct {
		Number int64 `path:"number" minimum:"1"`
	}
	huma.Register(api, edge.Get("/api/v1/inbox/{number}", "get-inbox", "A raw webhook and what became of it"),
		func(ctx context.Context, in *inboxInput) (*edge.Positioned[reads.InboxEntry], error) {
			body, err := o.Reads.Inbox(ctx, in.Number)
			if err != nil {
				return nil, o.Answer(ctx, err)
			}
			return &edge.Positioned[reads.InboxEntry]{Position: body.Position, Body: body}, nil
		})
}
