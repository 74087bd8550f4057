package reads

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/creatorflow/creatorflow/doctor"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/orders"
	"github.com/creatorflow/creatorflow/domain/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/reads/standing"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/vault"
)

// Connections is the state of every connected shop.
type Connections struct {
	Position  int64        `json:"position"`
	At        string       `json:"at"`
	AllSynced bool         `json:"all_synced" doc:"every shop's last success is within its limit"`
	Items     []Connection `json:"items"`

	Consistency *standing.Consistency `json:"consistency" doc:"how much of what the hub keeps twice is the same; compared each minute. Null where nobody compares"`
}

// Connection is one connected shop.
type Connection struct {
	ID                string        `json:"id"`
	Channel           string        `json:"channel"`
	Name              string        `json:"name"`
	ShopID            string        `json:"shop_id"`
	State             string        `json:"state" enum:"ok,late,failing,paused"`
	LastSuccess       *string       `json:"last_success_at" doc:"all that happened at the shop up to then is known: the older of the last full poll and the oldest webhook not yet taken in"`
	LastWebhook       *string       `json:"last_webhook_at"`
	LastPoll          *string       `json:"last_poll_at"`
	Limit             float64       `json:"limit_seconds"`
	Backlog           int64         `json:"backlog"`
	Lag               float64       `json:"lag_seconds"`
	WebhooksPerMinute float64       `json:"webhooks_per_minute"`
	Webhooks          int64         `json:"webhooks_total"`
	Duplicates        int64         `json:"duplicates"`
	Quarantined       int64         `json:"quarantined"`
	Drift             int64         `json:"drift_found" doc:"news that only a poll brought"`
	Pushing           bool          `json:"pushing" doc:"the hub writes the shop's quantities"`
	Differing         int           `json:"drift" doc:"listings that the hub writes and that list something else than they should now"`
	DifferingSince    *string       `json:"drift_since" doc:"when the oldest of them was found"`
	PushTrouble       string        `json:"push_trouble" doc:"why quantities are not written just now; empty when they are"`
	Error             string        `json:"error"`
	Mend              string        `json:"mend"`
	FailingSince      *string       `json:"failing_since"`
	ExpiresAt         *string       `json:"expires_at" doc:"when a person must have connected the shop again, as far as is known: the end of the authorisation that the channel announced, or of the refresh token"`
	Warning           string        `json:"warning" doc:"what will stop the shop before long; empty when nothing will"`
	Rate              standing.Rate `json:"rate"`

	Calls    standing.CallFigures `json:"calls"`
	History  standing.OlderOrders `json:"history" doc:"the reading of orders that were placed within a time, see back-fill"`
	Headroom *standing.Headroom   `json:"headroom" doc:"null where the channel has no such rules"`
}

// Connections makes the body of GET /api/v1/connections.
func (b *Reads) Connections(ctx context.Context, r projection.Reader) (Connections, error) {
	rows, err := shops.List(ctx, r)
	if err != nil {
		return Connections{}, err
	}
	now, live := b.now(), b.o.Shops()
	body := Connections{Position: int64(r.Position()), At: stamp(now), AllSynced: len(rows) > 0, Items: []Connection{}, Consistency: b.o.Standing.Agree()}
	for _, row := range rows {
		c := connection(row, live[row.ID], now)
		d := b.o.Drift(row.ID)
		c.Pushing, c.Differing, c.DifferingSince, c.PushTrouble = d.Pushing, d.Listings, maybe(d.Since), d.Trouble
		if c.History, c.Headroom, err = b.o.Standing.Of(ctx, r, row, now); err != nil {
			return Connections{}, err
		}
		body.AllSynced = body.AllSynced && c.State == "ok"
		body.Items = append(body.Items, c)
	}
	return body, nil
}

// OneConnection is one connected shop with where its values come from.
type OneConnection struct {
	Position int64  `json:"position"`
	At       string `json:"at"`
	Connection
}

// Connection makes the body of GET /api/v1/connections/{id}.
func (b *Reads) Connection(ctx context.Context, r projection.Reader, id string) (one OneConnection, err error) {
	all, err := b.Connections(ctx, r)
	if i := slices.IndexFunc(all.Items, func(c Connection) bool { return c.ID == id }); i >= 0 {
		return OneConnection{Position: all.Position, At: all.At, Connection: all.Items[i]}, nil
	}
	return one, cmp.Or(err, error(ErrNotFound))
}

// warnBefore is how long before an end that no channel announced it is warned of: a token that is renewed each week must
// not cause it.
const warnBefore = 14 * 24 * time.Hour

func connection(row shops.Row, s Shop, now time.Time) Connection {
	warning := s.Note
	if warning == "" && !s.Ends.IsZero() && s.Ends.Sub(now) < warnBefore {
		warning = "The authorisation ends on " + s.Ends.UTC().Format("2 January 2006, 15:04 UTC") + ". Connect the shop again before it does."
	}
	c := Connection{
		ExpiresAt: maybe(s.Ends), Warning: warning,
		ID: row.ID, Channel: row.Channel, Name: row.Name, ShopID: row.ShopID, State: "ok",
		LastSuccess: maybe(s.LastSuccess), LastWebhook: maybe(s.LastWebhook), LastPoll: maybe(s.LastPoll), Limit: seconds(s.Limit),
		Backlog: s.Backlog, Lag: seconds(s.Lag), WebhooksPerMinute: round(s.WebhooksPerMinute, 1), Webhooks: s.Webhooks,
		Duplicates: s.Duplicates, Quarantined: s.Quarantined, Drift: row.Drift, Error: row.Reason, Mend: row.Mend,
		Rate: standing.Rate{Read: round(s.ReadsPerSecond, 1), Write: round(s.WritesPerSecond, 1)}, Calls: s.Calls,
	}
	switch {
	case s.Paused:
		c.State = "paused"
		if c.Error == "" {
			c.Error, c.Mend = "The channel does not answer or is too busy, so the shop is left alone for a while.", "It is asked again by itself; nothing is lost."
		}
	case row.Failing != 0:
		c.State, c.FailingSince = "failing", maybe(row.FailedAt)
	case now.Sub(s.LastPoll) > s.Limit:
		c.State, c.Error = "late", "The shop was not looked through to the end within its limit."
		c.Mend = "It is asked again by itself; if this lasts, check the network and the shop's authorisation."
	case now.Sub(s.LastSuccess) > s.Limit:
		c.State, c.Error = "late", "Webhooks of the shop wait longer than its limit."
		c.Mend = "They are taken in by themselves, the oldest first; nothing is lost."
	}
	switch {
	case c.State != "ok":
		c.Mend = strings.TrimSpace(c.Mend + " " + warning)
	case warning != "":
		c.Error, c.Mend = "The shop will stop before long.", warning
	default:
		c.Error, c.Mend = "", ""
	}
	return c
}

// Doctor makes the body of GET /api/v1/connections/{id}/doctor.
func (b *Reads) Doctor(ctx context.Context, id string) (doctor.Report, error) {
	r, ok, err := b.o.Doctor(ctx, id)
	if err == nil && !ok {
		err = ErrNotFound
	}
	return r, err
}

// FlowItem is one flow in a list.
type FlowItem struct {
	ID        string  `json:"id"`
	Kind      string  `json:"kind"`
	Subject   string  `json:"subject" doc:"the order"`
	State     string  `json:"state" enum:"new,running,waiting,undoing,stuck,finished,undone"`
	Step      string  `json:"step"`
	Attempts  int64   `json:"attempts"`
	Sentence  string  `json:"sentence"`
	WakeAt    *string `json:"wake_at"`
	StartedAt string  `json:"started_at"`
	UpdatedAt string  `json:"updated_at"`
}

// FlowList is a page of flows.
type FlowList struct {
	Page
	Items []FlowItem `json:"items"`
}

// Flows makes the body of GET /api/v1/flows.
func (b *Reads) Flows(ctx context.Context, r projection.Reader, state, after string, limit int) (FlowList, error) {
	rows, next, err := fulfilment.List(ctx, r, state, after, limit)
	if err != nil {
		return FlowList{}, err
	}
	total := int64(-1)
	if state != "" {
		if total, err = orders.Count(ctx, r, "phase:"+state); err != nil {
			return FlowList{}, err
		}
	}
	body := FlowList{Page: Page{Position: int64(r.Position()), Total: total, Next: next}, Items: []FlowItem{}}
	for _, f := range rows {
		body.Items = append(body.Items, FlowItem{
			ID: f.ID, Kind: fulfilment.Kind, Subject: f.ID, State: f.Phase, Step: f.Step, Attempts: f.Attempts, Sentence: f.Sentence,
			WakeAt: maybe(f.Wake), StartedAt: stamp(f.Begun), UpdatedAt: stamp(f.UpdatedAt),
		})
	}
	return body, nil
}

// DeadLetter is something that could not be taken in or carried out.
type DeadLetter struct {
	ID         string   `json:"id"`
	Kind       string   `json:"kind" enum:"webhook,record,step,stock"`
	At         string   `json:"at"`
	Connection string   `json:"connection"`
	Subject    string   `json:"subject"`
	Field      string   `json:"field"`
	Rule       string   `json:"rule"`
	Sample     string   `json:"sample"`
	Reason     string   `json:"reason"`
	Attempts   int64    `json:"attempts"`
	Inbox      int64    `json:"inbox"`
	Actions    []string `json:"actions"`
}

// DeadLetterList is a page of dead letters, newest first.
type DeadLetterList struct {
	Page
	Items  []DeadLetter `json:"items"`
	Replay *Replay      `json:"replay" doc:"of all letters of a time: the one under way, or the last one; null when there was none"`
}

// Replay says how trying all letters of a time again fares.
type Replay struct {
	Running  bool   `json:"running"`
	From     string `json:"from"`
	To       string `json:"to"`
	Replayed int    `json:"replayed"`
	Skipped  int    `json:"skipped" doc:"closed meanwhile, or impossible to try"`
}

// DeadLetters makes the body of GET /api/v1/deadletters.
func (b *Reads) DeadLetters(ctx context.Context, r projection.Reader, after string, limit int) (DeadLetterList, error) {
	at, _, cursor := strings.Cut(after, ",")
	if _, err := strconv.ParseInt(at, 10, 64); after != "" && (!cursor || err != nil) {
		return DeadLetterList{}, ErrAfter // letters would begin anew, and a reader of pages never end
	}
	rows, total, next, err := letters.List(ctx, r, after, limit)
	if err != nil {
		return DeadLetterList{}, err
	}
	body := DeadLetterList{Page: Page{Position: int64(r.Position()), Total: total, Next: next}, Items: []DeadLetter{}}
	for _, l := range rows {
		actions := []string{"replay", "discard"}
		_, stock := letterevents.AboutStock(l.ID)
		switch {
		case l.Kind == "step": // an order cannot be let go; it is mended or cancelled at the channel
			actions = []string{"replay"}
		case strings.HasPrefix(l.ID, fulfilment.ReturnID("")):
			l.Kind, actions = "stock", []string{"put-back", "discard"}
		case stock:
			l.Kind, actions = "stock", []string{"discard"}
		case l.Inbox > 0:
			actions = append(actions, "correct")
		}
		body.Items = append(body.Items, DeadLetter{
			ID: l.ID, Kind: l.Kind, At: stamp(l.At), Connection: l.Connection, Subject: l.Subject, Field: l.Field, Rule: l.Rule,
			Sample: l.Sample, Reason: l.Reason, Attempts: l.Attempts, Inbox: l.Inbox, Actions: actions,
		})
	}
	replay, err := letters.FindReplay(ctx, b.o.Log, b.o.Workspace)
	if err == nil && replay.Known {
		body.Replay = &Replay{
			Running: replay.Running, From: stamp(replay.From), To: stamp(replay.To), Replayed: replay.Replayed, Skipped: replay.Skipped,
		}
	}
	return body, err
}

// EventList is a page of the log.
type EventList struct {
	Position int64   `json:"position"`
	Next     string  `json:"next"`
	Items    []Event `json:"items"`
}

// ErrStream says that a stream was not named in full.
var ErrStream = errors.New("a stream is workspace/kind/id, e.g. main/stock/85123A")

// Events makes the body of GET /api/v1/events: the log after a position, or one stream after a
// version.
func (b *Reads) Events(ctx context.Context, stream string, after int64, limit int) (EventList, error) {
	body := EventList{}
	var records []eventlog.Record
	var err error
	if stream == "" {
		records, err = b.o.Log.ReadAll(ctx, eventlog.Position(after), limit+1)
	} else {
		parts := strings.SplitN(stream, "/", 3)
		if len(parts) != 3 || slices.Contains(parts, "") {
			return body, ErrStream
		}
		if parts[0] != b.o.Workspace {
			return body, ErrNotFound
		}
		records, err = b.o.Log.ReadStream(ctx, eventlog.Stream{Workspace: parts[0], Kind: parts[1], ID: parts[2]}, eventlog.Version(after), limit+1)
	}
	if err != nil {
		return body, fmt.Errorf("read events: %w", err)
	}
	body.Position = int64(b.o.Log.Head().Position)
	body.Items = events(records[:min(len(records), limit)])
	if len(records) > limit { // one more was read to see whether there is a next page
		last := body.Items[limit-1]
		body.Next = strconv.FormatInt(last.Position, 10)
		if stream != "" {
			body.Next = strconv.FormatInt(last.Version, 10)
		}
	}
	return body, nil
}

// InboxEntry is a raw webhook and what became of it.
type InboxEntry struct {
	Position   int64  `json:"position"`
	Number     int64  `json:"number"`
	ReceivedAt string `json:"received_at"`
	Channel    string `json:"channel"`
	App        string `json:"app"`
	Connection string `json:"connection"`
	Subject    string `json:"subject"`
	Delivery   string `json:"delivery"`
	State      string `json:"state" enum:"pending,done,quarantined,dead,discarded,superseded,unknown,proposed"`
	Attempts   int    `json:"attempts"`
	Reason     string `json:"reason"`
	Field      string `json:"field"`
	Rule       string `json:"rule"`
	Hash       string `json:"hash" doc:"SHA-256 of the body, kept for ever"`
	Body       string `json:"body"`
	BodyNote   string `json:"body_note" doc:"why there is no body"`
}

// Inbox makes the body of GET /api/v1/inbox/{number}.
func (b *Reads) Inbox(ctx context.Context, number int64) (InboxEntry, error) {
	i, err := b.o.Vault.Item(ctx, number)
	if errors.Is(err, vault.ErrNotFound) {
		return InboxEntry{}, ErrNotFound
	}
	if err != nil {
		return InboxEntry{}, err
	}
	entry := InboxEntry{
		Position: int64(b.o.Log.Head().Position), Number: i.Number, ReceivedAt: stamp(i.Received), Channel: i.Channel, App: i.App,
		Connection: i.Connection, Subject: i.Subject, Delivery: i.Delivery, State: i.State, Attempts: i.Attempts, Reason: i.Reason,
		Field: i.Field, Rule: i.Rule, Hash: hex.EncodeToString(i.Hash[:]), Body: string(i.Body),
	}
	switch {
	case i.BodyGone:
		entry.BodyNote = "deleted by retention"
	case !utf8.Valid(i.Body):
		entry.Body, entry.BodyNote = hex.Dump(i.Body[:min(len(i.Body), 4096)]), "not text: shown as bytes"
	}
	return entry, nil
}

// Label reads a label's file.
func (b *Reads) Label(ctx context.Context, id string) (vault.Label, error) {
	l, err := b.o.Vault.Label(ctx, id)
	if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrGone) {
		return vault.Label{}, ErrNotFound
	}
	return l, err
}
