// Package signals makes the bodies of what people do around a seller's goods beside buying them.
//
//	views ─► counts by post and minute, and by day and SKU ─► GET
package signals

import (
	"context"
	"errors"
	"time"

	"github.com/creatorflow/creatorflow/domain/signals"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/projection"
)

// maxSignalsTime is the longest time of one answer.
const maxSignalsTime = 7 * 24 * time.Hour

// layout is how a time is written.
const layout = "2006-01-02T15:04:05.000Z"

// ErrTime says that signals were asked for of a stretch that is not offered.
var ErrTime = errors.New("signals are counted from at most 7 days before to, and not from after it")

// Query says which signals are counted; a zero To is now, a zero From an hour before To.
type Query struct {
	Connection, Media string
	From, To          time.Time
}

// SignalMinute is how many signals of one kind one post had in one minute.
type SignalMinute struct {
	At         string `json:"at" doc:"when the minute begins, by the channel's clock"`
	Connection string `json:"connection"`
	Media      string `json:"media" doc:"the channel's id of the post; empty when it did not say"`
	Kind       string `json:"kind" doc:"the channel's word: comments, live_comments, mentions"`
	Count      int64  `json:"count"`
}

// Signals are counts, newest minute first.
type Signals struct {
	Position int64          `json:"position"`
	Items    []SignalMinute `json:"items"`
	More     bool           `json:"more" doc:"there were more than 2,000: ask for a shorter time"`
}

// Read counts comments and mentions by post and minute.
func Read(ctx context.Context, r projection.Reader, now time.Time, q Query) (Signals, error) {
	if q.To.IsZero() {
		q.To = now
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-time.Hour)
	}
	if took := q.To.Sub(q.From); took < 0 || took > maxSignalsTime {
		return Signals{}, ErrTime
	}
	rows, more, err := signals.Minutes(ctx, r, q.Connection, q.Media, q.From, q.To)
	out := Signals{Position: int64(r.Position()), Items: []SignalMinute{}, More: more}
	for _, m := range rows {
		out.Items = append(out.Items, SignalMinute{At: m.At.UTC().Format(layout), Connection: m.Connection, Media: m.Media, Kind: m.Field, Count: m.N})
	}
	return out, err
}

// DaysQuery says of how many days signals are counted, today included, and of which SKU.
type DaysQuery struct {
	Days int    `query:"days" minimum:"1" maximum:"92" default:"14"`
	SKU  string `query:"sku" maxLength:"400" doc:"only those that name this SKU"`
}

// SignalDay is how many signals of one source and kind named a SKU on a day.
type SignalDay struct {
	Day        string `json:"day" doc:"2026-11-30, in the workspace's zone"`
	SKU        string `json:"sku" doc:"empty = they named none"`
	Connection string `json:"connection" doc:"a connected shop's id, or a source's of mentions"`
	Kind       string `json:"kind" doc:"comments, live_comments, mentions"`
	Count      int64  `json:"count"`
	Last       string `json:"last_at" doc:"when the latest was said"`
	Event      int64  `json:"event_position" doc:"of the one that was taken in last"`
}

// Days are counts, newest day first, then the most.
type Days struct {
	Position int64       `json:"position"`
	Zone     string      `json:"zone"`
	Items    []SignalDay `json:"items"`
	More     bool        `json:"more" doc:"there were too many: ask for fewer days"`
}

// ReadDays counts comments and mentions by day and SKU. Days begin where the workspace is.
func ReadDays(ctx context.Context, r projection.Reader, now time.Time, in string, q DaysQuery) (Days, error) {
	w, err := workspace.Find(ctx, r, in)
	if err != nil {
		return Days{}, err
	}
	rows, more, err := signals.Days(ctx, r, q.SKU, now.In(w.Location()).AddDate(0, 0, 1-max(q.Days, 1)))
	out := Days{Position: int64(r.Position()), Zone: w.Location().String(), Items: []SignalDay{}, More: more}
	for _, d := range rows {
		out.Items = append(out.Items, SignalDay{
			Day: d.Day.Format(time.DateOnly), SKU: d.SKU, Connection: d.Connection, Kind: d.Field, Count: d.N, Last: d.Last.UTC().Format(layout), Event: d.Newest,
		})
	}
	return out, err
}
