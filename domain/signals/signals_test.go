package signals_test

import (
	"os"
	"reflect"
	"testing"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/signals"
	"github.com/creatorflow/creatorflow/domain/signals"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

func TestNoticing(t *testing.T) {
	d := signals.Noticing()
	e := events.Noticed{Connection: "k1", Field: "comments", Signal: "5"}
	if got, err := d.Decide(false, e); err != nil || len(got) != 1 {
		t.Errorf("the first time: %v, %v", got, err)
	}
	if got, err := d.Decide(d.Evolve(false, e), e); err != nil || len(got) != 0 {
		t.Errorf("told again: %v, %v", got, err)
	}
}

// TestMinutes: signals of one post and minute add up, whatever their order; others stand apart.
func TestMinutes(t *testing.T) {
	ctx := t.Context()
	store := storagetest.New(t).Views()
	if err := store.Create(ctx, signals.View{}); err != nil {
		t.Fatal(err)
	}
	base := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	say := func(connection, media, field string, after time.Duration) eventlog.Record {
		return eventlog.Record{Event: events.Noticed{Connection: connection, Media: media, Field: field, Signal: "x", At: base.Add(after)}}
	}
	apply(t, store,
		say("k1", "m1", "comments", 0), say("k1", "m1", "comments", 59*time.Second), say("k1", "m1", "mentions", time.Second),
		say("k1", "m2", "comments", time.Minute), say("k2", "m1", "comments", time.Minute), say("k1", "m1", "comments", 2*time.Hour))
	apply(t, store, say("k1", "m1", "comments", 30*time.Second))
	minute := func(connection, media, field string, after time.Duration, n int64) signals.Minute {
		return signals.Minute{Connection: connection, Media: media, Field: field, At: base.Add(after), N: n}
	}
	for _, tt := range []struct {
		name, connection, media string
		want                    []signals.Minute
	}{
		{"all", "", "", []signals.Minute{
			minute("k1", "m2", "comments", time.Minute, 1), minute("k2", "m1", "comments", time.Minute, 1),
			minute("k1", "m1", "comments", 0, 3), minute("k1", "m1", "mentions", 0, 1),
		}},
		{"one shop", "k2", "", []signals.Minute{minute("k2", "m1", "comments", time.Minute, 1)}},
		{"one post", "", "m2", []signals.Minute{minute("k1", "m2", "comments", time.Minute, 1)}},
		{"a post of a shop", "k1", "m1", []signals.Minute{minute("k1", "m1", "comments", 0, 3), minute("k1", "m1", "mentions", 0, 1)}},
	} {
		err := store.Read(ctx, func(r projection.Reader) error {
			got, more, err := signals.Minutes(ctx, r, tt.connection, tt.media, base, base.Add(time.Hour))
			if more || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// apply folds events as one batch.
func apply(t *testing.T, store projection.Store, batch ...eventlog.Record) {
	t.Helper()
	err := store.Write(t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
		topics, err := signals.View{}.Apply(t.Context(), tx, batch)
		if err == nil && (len(topics) != 1 || topics[0] != "signals") {
			t.Errorf("moved %v", topics)
		}
		return now, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDays: signals add up by the day of a zone and the SKUs that they name; one that names two counts for both, one that names none
// stands by itself.
func TestDays(t *testing.T) {
	ctx := t.Context()
	store := storagetest.New(t).Views()
	if err := store.Create(ctx, signals.View{}); err != nil {
		t.Fatal(err)
	}
	kathmandu, err := time.LoadLocation("Asia/Kathmandu") // 5:45 ahead
	if err != nil {
		t.Fatal(err)
	}
	midnight := time.Date(2026, 3, 2, 0, 0, 0, 0, kathmandu)
	position := eventlog.Position(0)
	say := func(after time.Duration, skus ...string) eventlog.Record {
		position++
		return eventlog.Record{Position: position, Event: events.Noticed{Connection: "f1", Field: events.Mentions, Signal: "x", At: midnight.Add(after).UTC(), SKUs: skus}}
	}
	apply(t, store, say(-time.Second, "A"), say(0, "A"), say(14*time.Minute, "A", "B"), say(20*time.Hour), say(-30*time.Hour, "A"))
	day := func(begins time.Time, sku string, n, newest int64, last time.Duration) signals.Day {
		return signals.Day{Day: begins, SKU: sku, Connection: "f1", Field: events.Mentions, N: n, Newest: newest, Last: midnight.Add(last).UTC()}
	}
	before := midnight.AddDate(0, 0, -1)
	for _, tt := range []struct {
		name, sku string
		want      []signals.Day
	}{
		{"all", "", []signals.Day{day(midnight, "A", 2, 3, 14*time.Minute), day(midnight, "", 1, 4, 20*time.Hour), day(midnight, "B", 1, 3, 14*time.Minute), day(before, "A", 1, 1, -time.Second)}},
		{"one SKU", "B", []signals.Day{day(midnight, "B", 1, 3, 14*time.Minute)}},
	} {
		err := store.Read(ctx, func(r projection.Reader) error {
			got, more, err := signals.Days(ctx, r, tt.sku, midnight.Add(-time.Hour))
			if more || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
