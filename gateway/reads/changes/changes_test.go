package changes_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/gateway/reads"
	"github.com/creatorflow/creatorflow/gateway/reads/changes"
	"github.com/creatorflow/creatorflow/storage/memory"
)

func open(t *testing.T) *eventlog.Log {
	t.Helper()
	log, stop := eventlogtest.Start(t, memory.NewLog(uuid.New()), eventlog.Options{Decode: events.Decode})
	t.Cleanup(stop)
	return log
}

func TestStock(t *testing.T) {
	log := open(t)
	reader := changes.New(log, "main")
	stream := stock.Stream("main", "MUG")
	events := []eventlog.Event{
		stock.Received{SKU: "MUG", Quantity: 7, Reason: "delivered"},
		stock.Reserved{SKU: "MUG", Order: "k7:1", Attempt: 1, Quantity: 3},
		stock.Shipped{SKU: "MUG", Order: "k7:1", Attempt: 1, Quantity: 3},
	}
	if _, err := log.Append(t.Context(), eventlog.Write{Stream: stream, Events: events}); err != nil {
		t.Fatal(err)
	}
	for position, want := range map[int64]string{
		1: "available – 7, known – true, on_hand – 7, received – 7",
		2: "available 7 4, open.k7:1/1 – 3, reserved – 3",
		3: "on_hand 7 4, open.k7:1/1 3 –, reserved 3 –, shipped – 3",
	} {
		body, err := reader.Of(t.Context(), position)
		if err != nil || !body.Folded || body.Event != position || body.Position != 3 || body.Stream != "main/stock/MUG" {
			t.Errorf("event %d: %+v, %v", position, body, err)
		}
		var told []string
		for _, c := range body.Items {
			told = append(told, c.Field+" "+word(c.Before)+" "+word(c.After))
		}
		if got := strings.Join(told, ", "); got != want {
			t.Errorf("event %d changed %s, want %s", position, got, want)
		}
	}
	for _, position := range []int64{4, 1 << 40} {
		if _, err := reader.Of(t.Context(), position); !errors.Is(err, reads.ErrNotFound) {
			t.Errorf("event %d: %v, want that there is none", position, err)
		}
	}
}

func word(value json.RawMessage) string {
	if value == nil {
		return "–"
	}
	return string(value)
}

// A list's fields stand by their places, as a person counts.
func TestPlacesInOrder(t *testing.T) {
	log := open(t)
	lines := make([]orders.Line, 12)
	for i := range lines {
		lines[i].Quantity = int64(i + 1)
	}
	placed := orders.Placed{Order: "k7:1", Lines: lines}
	if _, err := log.Append(t.Context(), eventlog.Write{Stream: orders.Stream("main", "k7:1"), Events: []eventlog.Event{placed}}); err != nil {
		t.Fatal(err)
	}
	body, err := changes.New(log, "main").Of(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range body.Items {
		if strings.HasPrefix(c.Field, "lines.") {
			got = append(got, string(c.After))
		}
	}
	if want := "1 2 3 4 5 6 7 8 9 10 11 12"; strings.Join(got, " ") != want {
		t.Errorf("the lines' quantities stand as %v, want %s", got, want)
	}
}

// Over every stored example of an event, in a stream of each kind: what an event found is what those before it left.
func TestEveryKindOfStream(t *testing.T) {
	files, err := filepath.Glob("../../../domain/events/*/testdata/*.json")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	var all []eventlog.Event
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), "+")
		e, err := events.Decode(name, 1, data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	log := open(t)
	reader := changes.New(log, "main")
	position := int64(0)
	for _, kind := range []string{
		"address", "answer", "audit", "backfill", "connection", "deadletter", "fulfilment", "import", "journey", "labels", "listing", "listing_policy",
		"listings", "mentions", "order", "origin", "paylink", "places", "refused", "replay", "risk", "shipping", "shortage", "shown", "signal", "stock",
		"traffic", "workspace",
	} {
		stream := eventlog.Stream{Workspace: "main", Kind: kind, ID: "k7:1"}
		if _, err := log.Append(t.Context(), eventlog.Write{Stream: stream, Events: all}); err != nil {
			t.Fatal(err)
		}
		state, changed, folded := map[string]string{}, 0, true
		for range all {
			position++
			body, err := reader.Of(t.Context(), position)
			if err != nil {
				t.Fatalf("%s: event %d: %v", kind, position, err)
			}
			folded = folded && body.Folded
			for _, c := range body.Items {
				changed++
				if before := string(c.Before); before != state[c.Field] {
					t.Errorf("%s: event %d found %s as %s, those before it left %s", kind, position, c.Field, before, state[c.Field])
				}
				state[c.Field] = string(c.After)
			}
		}
		if want := !slices.Contains([]string{"address", "refused", "signal"}, kind); folded != want || (changed > 0) != want {
			t.Errorf("%s: folded is %v and %d fields were changed", kind, folded, changed)
		}
		if t.Failed() {
			t.Fatalf("%s at its end: %v", kind, slices.Sorted(maps.Keys(state)))
		}
	}
}
