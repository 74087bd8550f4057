package vault

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/twin"
)

// The states of an inbox item.
const (
	Pending     = "pending"     // to be worked on when Due has come
	Done        = "done"        // led to events, or to nothing new
	Quarantined = "quarantined" // signed but not readable
	Dead        = "dead"        // tried often enough; a person must look
	Discarded   = "discarded"   // a person said so
	Superseded  = "superseded"  // late news of an older state
	Unknown     = "unknown"     // a type or shop we do not know
	Proposed    = "proposed"    // a person's corrected copy of another, until the log says that it is to be taken in
)

const (
	retention = 30 * 24 * time.Hour // of bodies and delivery keys
	maxBody   = 64 << 20            // of an unpacked body, bytes
	maxNote   = 500                 // of a stored reason or sample, bytes
)

// Delivery is one webhook as it came in, signature checked.
type Delivery struct {
	Channel  string
	App      string
	Delivery string // the vendor's delivery id; empty means that every delivery is a new one
	Body     []byte
	Received time.Time // zero = now
	State    string    // it begins in; empty = Pending
}

// Item is a delivery in the inbox and what became of it.
type Item struct {
	Number     int64 // 1, 2, 3 … without holes
	Channel    string
	App        string
	Delivery   string
	Received   time.Time
	State      string
	Attempts   int
	Reason     string // why it is in this state, a plain sentence
	Field      string // the broken field of a quarantined item
	Rule       string
	Sample     string
	Connection string
	Subject    string // the order it is about
	Person     string // whose data the body holds; Erase deletes the body
	Due        time.Time
	Hash       [32]byte // SHA-256 of the body, kept for ever
	Body       []byte   // nil when BodyGone, and in lists
	BodyGone   bool     // deleted by retention or erasure
}

// Mark says what became of an item. Empty Connection, Subject and Person keep what stands.
type Mark struct {
	Number                      int64
	State                       string
	Attempts                    int
	Reason, Field, Rule, Sample string
	Connection, Subject, Person string
	Due                         time.Time
}

// twinDelay is how long the broken twin's commit comes after its answer.
const twinDelay = 2 * time.Second

// Put stores a delivery durably and gives its number. A delivery key (channel, app, delivery)
// seen within 30 days gives the first one's number and fresh = false. Deliveries that come
// together share one commit.
func (v *Vault) Put(ctx context.Context, d Delivery) (number int64, fresh bool, err error) {
	if d.Received.IsZero() {
		d.Received = v.Now()
	}
	d.Channel, d.App, d.Delivery = keepable(d.Channel), keepable(d.App), keepable(d.Delivery)
	state := cmp.Or(d.State, Pending)
	received := d.Received.UTC().Truncate(time.Microsecond)
	hash := sha256.Sum256(d.Body)
	day := received.Format(time.DateOnly)
	key, err := v.dayKey(ctx, day)
	if err != nil {
		return 0, false, fmt.Errorf("store delivery: %w", err)
	}
	body, err := key.seal(v.rand, v.pack.EncodeAll(d.Body, nil), "inbox", d.Channel, d.App, d.Delivery, day, string(hash[:]))
	if err != nil {
		return 0, false, fmt.Errorf("store delivery: %w", err)
	}
	write := func(ctx context.Context, tx Tx) (err error) {
		number, fresh = 0, true
		if d.Delivery != "" && !twin.NoDedupe {
			known, err := One(ctx, tx, `select number from deliveries where channel = $1 and app = $2 and delivery = $3 and at > $4`,
				[]any{d.Channel, d.App, d.Delivery, Micros(received.Add(-retention))}, &number)
			if known || err != nil {
				fresh = false
				return err
			}
		}
		if _, err := One(ctx, tx, `update inbox_head set last = last + 1 returning last`, nil, &number); err != nil {
			return err
		}
		if d.Delivery != "" {
			if _, err := tx.Exec(ctx, `insert into deliveries (channel, app, delivery, number, at) values ($1, $2, $3, $4, $5)
				on conflict (channel, app, delivery) do update set number = excluded.number, at = excluded.at`,
				d.Channel, d.App, d.Delivery, number, Micros(received)); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `insert into inbox (number, channel, app, delivery, received, day, state, due, hash, body)
			values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)`,
			number, d.Channel, d.App, d.Delivery, Micros(received), day, state, hash[:], body); err != nil {
			return err
		}
		return count(ctx, tx, state, 1)
	}
	if twin.EarlyAck { // the answer does not wait for the commit
		later := context.WithoutCancel(ctx)
		time.AfterFunc(twinDelay, func() { _ = v.Write(later, write) })
		return 0, true, nil
	}
	if err = v.Write(ctx, write); err != nil {
		return 0, false, fmt.Errorf("store delivery: %w", err)
	}
	return number, fresh, nil
}

// Mark notes what became of items, all in one commit. An unknown number is ErrNotFound.
func (v *Vault) Mark(ctx context.Context, marks ...Mark) error {
	for _, m := range marks {
		if !known(m.State) {
			return fmt.Errorf("mark inbox %d: there is no state %q", m.Number, m.State)
		}
	}
	err := v.Write(ctx, func(ctx context.Context, tx Tx) error {
		for _, m := range marks {
			if err := mark(ctx, tx, m); err != nil {
				return fmt.Errorf("%d: %w", m.Number, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark inbox: %w", err)
	}
	return nil
}

func mark(ctx context.Context, tx Tx, m Mark) error {
	var before string
	found, err := One(ctx, tx, `select state from inbox where number = $1`, []any{m.Number}, &before)
	if err != nil {
		return err
	}
	if !found {
		return ErrNotFound
	}
	if _, err := tx.Exec(ctx, `update inbox set state = $2, attempts = $3, reason = $4, field = $5, rule = $6, sample = $7, due = $8,
		connection = case when $9 = '' then connection else $9 end,
		subject = case when $10 = '' then subject else $10 end,
		person = case when $11 = '' then person else $11 end
		where number = $1`, m.Number, m.State, m.Attempts, cut(m.Reason), cut(m.Field), cut(m.Rule), cut(m.Sample), Micros(m.Due),
		keepable(m.Connection), keepable(m.Subject), keepable(m.Person)); err != nil {
		return err
	}
	if before == m.State {
		return nil
	}
	if err := count(ctx, tx, before, -1); err != nil {
		return err
	}
	return count(ctx, tx, m.State, 1)
}

func count(ctx context.Context, tx Tx, state string, by int) error {
	_, err := tx.Exec(ctx, `insert into inbox_counts (state, items) values ($1, $2)
		on conflict (state) do update set items = inbox_counts.items + excluded.items`, state, by)
	return err
}

// Purge forgets what is older than 30 days: day keys, bodies and delivery keys. Rows stay, with the
// hash of their body.
func (v *Vault) Purge(ctx context.Context, now time.Time) error {
	before := now.UTC().Add(-retention)
	v.forgetDay()
	steps := []func(ctx context.Context, tx Tx) (int64, error){
		func(ctx context.Context, tx Tx) (int64, error) {
			return tx.Exec(ctx, `delete from vault_keys where kind = 'day' and id < $1`, before.Format(time.DateOnly))
		},
		func(ctx context.Context, tx Tx) (int64, error) {
			return tx.Exec(ctx, `update inbox set body = null where number in
				(select number from inbox where body is not null and day < $1 order by day, number limit $2)`,
				before.Format(time.DateOnly), purgeRows)
		},
		func(ctx context.Context, tx Tx) (int64, error) {
			return tx.Exec(ctx, `delete from deliveries where (channel, app, delivery) in
				(select channel, app, delivery from deliveries where at <= $1 limit $2)`, Micros(before), purgeRows)
		},
	}
	for _, step := range steps {
		for more := true; more; {
			err := v.Write(ctx, func(ctx context.Context, tx Tx) error {
				n, err := step(ctx, tx)
				more = n >= purgeRows
				return err
			})
			if err != nil {
				return fmt.Errorf("purge vault: %w", err)
			}
		}
	}
	if err := v.store.Scrub(ctx); err != nil {
		return fmt.Errorf("purge vault: %w", err)
	}
	return nil
}

// purgeRows is how many rows one purging transaction touches, so that deliveries wait for
// milliseconds only.
const purgeRows = 1000

func known(state string) bool {
	switch state {
	case Pending, Done, Quarantined, Dead, Discarded, Superseded, Unknown, Proposed:
		return true
	}
	return false
}

// cut keeps notes about foreign input short, and leaves out what no database keeps as text.
func cut(s string) string {
	if len(s) > maxNote {
		s = s[:maxNote]
	}
	return legible(s)
}

// legible leaves out NUL and what is not UTF-8.
func legible(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "") }

// keepable is an id from outside as every database can keep it. One that is not text becomes its hash,
// so that two stay two.
func keepable(id string) string {
	if id == legible(id) {
		return id
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(id)))
}
