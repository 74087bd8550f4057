// Package standing makes the parts of a connection's body that say how it fares beside the news: the reading of older orders, how
// close the shop is to its channel's limits, and how its calls end.
//
//	log, vault's progress, views, what ingest knows now ─► parts of a connection ─► GET, or the topic's frame
package standing

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/creatorflow/creatorflow/domain/backfill"
	"github.com/creatorflow/creatorflow/domain/consistency"
	"github.com/creatorflow/creatorflow/domain/headroom"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

// Sources are what the parts are made of; the zero value knows of no older orders.
type Sources struct {
	Log       *eventlog.Log
	Workspace string
	// Progress tells how far the reading of a shop's older orders is; ok is false while none are read.
	Progress func(connection string) (p backfill.Progress, ok bool)
	// NoHistory is why a shop's older orders cannot be read, a sentence; empty when they can.
	NoHistory func(connection string) string
	// Consistency is how much of what is kept twice is the same, when that was seen and where the views stood; nil = nobody compares.
	Consistency func() (f consistency.Figure, at time.Time, position eventlog.Position)
}

// Layout is how a time is written, in UTC.
const Layout = "2006-01-02T15:04:05.000Z"

func maybe(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(Layout)
	return &s
}

// Shop is what ingest knows of one connection right now. It is not from the log.
type Shop struct {
	LastSuccess, LastWebhook, LastPoll time.Time
	Limit                              time.Duration // a last success longer ago is late
	Paused                             bool
	Note                               string    // what a person should do before long, a sentence; may be empty
	Ends                               time.Time // of the authorisation, as far as is known; zero = not
	Backlog                            int64     // inbox items and orders not yet taken in
	Lag                                time.Duration
	WebhooksPerMinute                  float64
	Webhooks, Duplicates, Quarantined  int64
	ReadsPerSecond, WritesPerSecond    float64 // what the limiter allows
	Calls                              CallFigures
}

// Rate is what the limiter allows.
type Rate struct {
	Read  float64 `json:"read_per_second"`
	Write float64 `json:"write_per_second"`
}

// Of makes the parts of a connection that are read: its older orders, and how close it is to its channel's limits.
func (s Sources) Of(ctx context.Context, r projection.Reader, row shops.Row, now time.Time) (o OlderOrders, h *Headroom, err error) {
	w, err := workspace.Find(ctx, r, cmp.Or(s.Workspace, workspace.Main))
	if err != nil {
		return o, nil, err
	}
	if o, err = s.History(ctx, row.ID, w.Location()); err != nil {
		return o, nil, err
	}
	h, err = readHeadroom(ctx, r, row.ID, row.Channel, now)
	return o, h, err
}

// OlderOrders is the reading of a shop's older orders: the one under way, or the last one.
type OlderOrders struct {
	Can         bool     `json:"can" doc:"older orders of this channel can be read"`
	Why         string   `json:"why" doc:"why not, a sentence"`
	Running     bool     `json:"running"`
	Stopping    bool     `json:"stopping"`
	From        string   `json:"from" doc:"first day, in the workspace's zone; empty when none were ever asked for"`
	To          string   `json:"to" doc:"last day, likewise"`
	Read        int64    `json:"read" doc:"orders so far"`
	Through     *string  `json:"through" doc:"orders that were placed before are read"`
	SecondsLeft *float64 `json:"seconds_left" doc:"about; null when nobody knows"`
	EndedAt     *string  `json:"ended_at" doc:"of the last one, when none is under way"`
	Sentence    string   `json:"sentence" doc:"how far it is, or what it came to"`
}

// History makes that part of a connection.
func (s Sources) History(ctx context.Context, connection string, zone *time.Location) (h OlderOrders, err error) {
	if s.Log == nil {
		return h, nil
	}
	h.Why = s.NoHistory(connection)
	h.Can = h.Why == ""
	is, err := backfill.Find(ctx, s.Log, s.Workspace, connection)
	if err != nil || is.Begun.Number == 0 {
		return h, err
	}
	begun := is.Begun
	h.From, h.To = begun.From.In(zone).Format(time.DateOnly), begun.Until.Add(-time.Second).In(zone).Format(time.DateOnly)
	if !is.Running {
		h.Read, h.Through, h.EndedAt, h.Sentence = is.Ended.Read, maybe(is.Ended.Through), maybe(is.Ended.At), is.Ended.Sentence
		return h, nil
	}
	p, under := s.Progress(connection)
	if !under {
		p = backfill.Start(begun)
	}
	h.Running, h.Stopping, h.Read, h.Through, h.Sentence = true, is.Stopped, p.Read+p.Ahead, maybe(p.Through), p.Sentence(begun, zone)
	if left := p.Left(begun).Seconds(); left > 0 {
		left = math.Round(left)
		h.SecondsLeft = &left
	}
	return h, nil
}

// Headroom is how close a shop is to what its channel punishes.
type Headroom struct {
	Late      LimitShare `json:"late_dispatch"`
	Cancelled LimitShare `json:"cancelled_by_seller"`
	Overdue   int64      `json:"overdue" doc:"orders that should have left and have not; they count as late"`
	Soon      []DueOrder `json:"late_soon" doc:"orders that become late within 24 hours unless they leave, the first one first; at most 20"`
	MoreSoon  int64      `json:"late_soon_more" doc:"how many more there are of these"`
}

// LimitShare is one of these figures.
type LimitShare struct {
	Percent  *float64 `json:"percent" doc:"null when there is nothing to make it of"`
	Limit    float64  `json:"limit_percent"`
	Days     int      `json:"days" doc:"the window that rolls"`
	Of       int64    `json:"of" doc:"orders that count"`
	Bad      int64    `json:"bad" doc:"of them, late or cancelled"`
	Unsure   int64    `json:"unsure" doc:"cancelled, and nobody knows by whom; not counted"`
	More     *int64   `json:"more" doc:"how many more may happen before the limit; null when there is no figure"`
	Mood     string   `json:"mood" enum:"unknown,calm,near,beyond" doc:"near = less than a quarter of what may happen is left"`
	Sentence string   `json:"sentence" doc:"what stands, and what to do"`
}

// DueOrder is an order that becomes late soon.
type DueOrder struct {
	ID        string `json:"id"`
	ChannelID string `json:"channel_id"`
	DueAt     string `json:"due_at"`
}

// readHeadroom makes that part of a connection; nil when its channel has no such rules.
func readHeadroom(ctx context.Context, r projection.Reader, connection, channel string, now time.Time) (*Headroom, error) {
	f, ok, err := headroom.Read(ctx, r, connection, channel, now)
	if err != nil || !ok {
		return nil, err
	}
	name := headroom.Rules[channel].Name
	h := &Headroom{Late: rate(f.Late, f.Late.Late(name)), Cancelled: rate(f.Cancelled, f.Cancelled.Cancelled(name)), Overdue: f.Overdue, Soon: []DueOrder{}, MoreSoon: f.MoreSoon}
	for _, o := range f.Soon {
		h.Soon = append(h.Soon, DueOrder{ID: o.ID, ChannelID: o.ChannelID, DueAt: o.DueAt.UTC().Format(Layout)})
	}
	return h, nil
}

func rate(f headroom.Figure, sentence string) LimitShare {
	out := LimitShare{
		Limit: float64(f.Limit.BasisPoints) / 100, Days: f.Limit.Days, Of: f.Of, Bad: f.Bad, Unsure: f.Unsure, Mood: f.Mood, Sentence: sentence,
	}
	if f.Mood != headroom.Unknown {
		percent := math.Round(f.Percent()*100) / 100
		out.Percent, out.More = &percent, &f.More
	}
	return out
}

// CallFigures is how a shop's calls ended in the last hour, and what is left of its quota.
type CallFigures struct {
	Answered  int64    `json:"answered" doc:"in the last hour, with what was asked for or with a no"`
	Failed    int64    `json:"failed" doc:"in the last hour: no answer, nonsense, or a fault of the channel's own"`
	Success   *float64 `json:"success_percent" doc:"null while nothing was called"`
	QuotaLeft *float64 `json:"quota_left_percent" doc:"of what may be sent at once, where least is left; null while nothing was called"`
	Waiting   int      `json:"waiting" doc:"calls that wait for quota"`
}

// CallsOf makes that part of a connection. Left is a share from 0 to 1, below 0 when nothing was called.
func CallsOf(answered, failed int64, left float64, waiting int) CallFigures {
	c := CallFigures{Answered: answered, Failed: failed, Waiting: waiting}
	if all := answered + failed; all > 0 {
		success := math.Round(1000*float64(answered)/float64(all)) / 10
		c.Success = &success
	}
	if left >= 0 {
		percent := math.Round(100 * left)
		c.QuotaLeft = &percent
	}
	return c
}
