// Package backfill has the bodies of the commands by which older orders of a shop are read.
//
//	BackFill ─► days in the workspace's zone, how far back the channel shows orders ─► backfill.Begin, or a refusal
package backfill

import (
	"context"
	"errors"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/backfill"
	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/gateway/plans"
)

// Desk plans these commands.
type Desk struct {
	Log       *eventlog.Log
	Workspace string
	Clock     func() time.Time
	Connector func(connection string) (channels.Connector, bool)
}

// BackFill is the body of the command that has older orders read.
type BackFill struct {
	Connection string `json:"connection" minLength:"1" maxLength:"40"`
	From       string `json:"from" format:"date" doc:"first day on which orders were placed, such as 2026-01-01, in the workspace's zone"`
	To         string `json:"to" format:"date" doc:"last day, likewise; today at the latest"`
}

// StopBackFill is the body of the command that reads no further.
type StopBackFill struct {
	Connection string `json:"connection" minLength:"1" maxLength:"40"`
}

// Plan plans to read older orders.
func (d Desk) Plan(ctx context.Context, b BackFill) (eventlog.Request, error) {
	if d.Connector == nil {
		return eventlog.Request{}, edge.Busy("Orders are not read at the moment.", 5)
	}
	zone, err := workspace.Zone(ctx, d.Log, d.Workspace)
	if err != nil {
		return eventlog.Request{}, err
	}
	from, err := day("from", b.From, zone)
	if err != nil {
		return eventlog.Request{}, err
	}
	last, err := day("to", b.To, zone)
	if err != nil {
		return eventlog.Request{}, err
	}
	now := d.Clock().UTC().Truncate(time.Second)
	a := backfill.Ask{Connection: b.Connection, From: from, Until: last.AddDate(0, 0, 1), Last: last, Now: now}
	if a.Until.After(now) {
		a.Until = now // what is placed from now on comes by itself
	}
	if c, ok := d.Connector(b.Connection); ok { // else the decision says that there is no such shop
		if a.Oldest, a.NoHistory, err = channels.History(ctx, c); err != nil {
			return eventlog.Request{}, refusal(err)
		}
	}
	return backfill.Begin(d.Workspace, a), nil
}

// refusal says that the channel cannot be asked just now.
func refusal(err error) error {
	var f *channels.Failure
	if errors.As(err, &f) {
		return eventlog.Refusal("The channel did not say how far back its orders go (" + channels.Short(f.Error(), 200) + "). Ask the doctor what the connection lacks, or try again.")
	}
	return err
}

// day reads a date as the begin of that day.
func day(field, text string, zone *time.Location) (time.Time, error) {
	at, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil || at.Year() < 1990 || at.Year() > 9999 {
		return time.Time{}, edge.Invalid(edge.Fault{Field: "body." + field, Rule: "must be a day such as 2026-01-31", Value: channels.Short(text, 40)})
	}
	return at, nil
}

// Stop plans to read no further.
func (d Desk) Stop(_ context.Context, b StopBackFill) (eventlog.Request, error) {
	return plans.One(shopevents.Backfills(d.Workspace, b.Connection), backfill.Stopping(), shopevents.BackfillStopped{Connection: b.Connection}), nil
}
