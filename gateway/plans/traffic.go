package plans

import (
	"time"

	shopevents "github.com/creatorflow/creatorflow/domain/events/shops"
	events "github.com/creatorflow/creatorflow/domain/events/traffic"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/domain/traffic"
	"github.com/creatorflow/creatorflow/eventlog"
)

// CountVisits is the body of the command that says how many visits a shop had.
type CountVisits struct {
	Connection string    `json:"connection" minLength:"1" maxLength:"40"`
	Hour       time.Time `json:"hour" doc:"when it begins, such as 2026-12-01T09:00:00Z"`
	Visits     int64     `json:"visits" minimum:"0" maximum:"1000000000" doc:"in that hour, all of them so far; the last count of an hour holds"`
}

// Plan plans the command.
func (b CountVisits) Plan(workspace string, now time.Time) eventlog.Request {
	c := traffic.Count{Counted: events.Counted{Connection: b.Connection, Hour: b.Hour, Visits: b.Visits}, Now: now}
	return Provided(One(events.Stream(workspace, b.Connection, b.Hour), traffic.Counting(), c), shops.Connecting().Fold(shopevents.Connection(workspace, b.Connection)), shops.ErrShop)
}
