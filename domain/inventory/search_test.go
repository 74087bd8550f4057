package inventory_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/projection/projectiontest"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(storagetest.With(m)) }

// TestSearch compares every page of searches with what a look at each SKU finds, after some were renamed,
// however the log was cut into batches.
func TestSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	words := []string{"White", "heart", "LANTERN", "Écharpe", "écru", "no. 7", "100%", "a_b", `back\slash`, "ß", "x"}
	names := map[string]string{}
	var log projectiontest.Tape
	for n := range 900 {
		sku := fmt.Sprintf("%s-%03d", []string{"SKU", "sku", "Käse", "7"}[rng.IntN(4)], rng.IntN(300))
		name := ""
		for range rng.IntN(4) {
			name += words[rng.IntN(len(words))] + " "
		}
		if name != "" || names[sku] == "" {
			names[sku] = name
		}
		log = append(log, eventlog.Record{
			Position: eventlog.Position(n + 1), Stream: events.Stream("main", sku), Version: 1, At: time.Unix(int64(n), 0).UTC(),
			Event: events.Received{SKU: sku, Quantity: 1, Name: name},
		})
	}
	var sums [2][][32]byte
	for i, batch := range []int{7, 1000} {
		views := storagetest.New(t).Views()
		fold(t, log, views, batch)
		var err error
		if sums[i], _, err = views.Hashes(t.Context(), inventory.View{}.Tables()); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			continue
		}
		if err := views.Read(t.Context(), func(r projection.Reader) error {
			for _, text := range []string{
				"sku-1", "SKU-2", "käse", "KÄSE-1", "-10", "heart", "EART L", "lantern é", "ÉCHARPE", "écr", "no. 7", "0%", "00%", "a_b", "a%b", `k\s`,
				"ß x", "ß", "x", "nothing of the kind", "white heart lantern", "7-1",
			} {
				if err := find(t, r, names, text); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(sums[0], sums[1]) {
		t.Error("batches of 7 and of 1000 records leave other rows")
	}
}

func fold(t *testing.T, log projectiontest.Tape, views projection.Store, batch int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	runner := projection.NewRunner(log, views, []projection.Projection{inventory.View{}}, projection.Options{MaxBatch: batch})
	running.Go(func() { _ = runner.Run(ctx) })
	if err := runner.WaitFor(ctx, log.Head().Position); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, r projection.Reader, names map[string]string, text string) error {
	t.Helper()
	var want, got []string
	for sku, name := range names {
		if (inventory.Row{SKU: sku, Name: name}).Matches(text) {
			want = append(want, sku)
		}
	}
	slices.Sort(want)
	for after := ""; ; {
		items, next, err := inventory.List(t.Context(), r, text, after, 7, time.Now())
		if err != nil {
			return err
		}
		for _, item := range items {
			got = append(got, item.SKU)
		}
		if after = next; next == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q:\ngot  %s\nwant %s", text, strings.Join(got, " "), strings.Join(want, " "))
	}
	return nil
}
