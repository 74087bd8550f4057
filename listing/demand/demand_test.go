package demand_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	catalogue "github.com/creatorflow/creatorflow/domain/events"
	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/exposure"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/listing/demand"
	"github.com/creatorflow/creatorflow/storage/memory"
)

var three = map[string]bool{"a": true, "b": true, "c": true}

func weights(s demand.Sales) string {
	return fmt.Sprint(s.Weight("a", three), s.Weight("b", three), s.Weight("c", three))
}

func TestWeights(t *testing.T) {
	var none demand.Sales
	if got := weights(none); got != "40 40 40" {
		t.Errorf("before anything was sold: %s, want equal ones", got)
	}
	if got := weights(none.Add("a", 1)); got != "45 38 38" {
		t.Errorf("after one sale: %s, want nearly equal ones", got)
	}
	if got := weights(none.Add("a", 40).Add("b", 20)); got != "61 43 16" {
		t.Errorf("after many: %s, want those of the sales, and a floor", got)
	}
	if got := weights(none.Add("gone", 1000)); got != "40 40 40" {
		t.Errorf("sales of a shop that is not one of them any more: %s", got)
	}
	if got := none.Add("a", 5).Weight("a", map[string]bool{"a": true}); got != 40 {
		t.Errorf("alone: %d", got)
	}
}

// Every machine comes to the same to the last bit, so that a snapshot that moves with its log proves itself there, too.
func TestSameEverywhere(t *testing.T) {
	var s demand.Sales
	for i := range int64(300) {
		s = s.Add([]string{"a", "b", "c"}[i%3], 1+i%7)
	}
	want := demand.Sales{"a": 0x1.e8f3c1de3bfdbp+04, "b": 0x1.14e0c131925a7p+05, "c": 0x1.2ad1f899e1377p+05}
	for shop, sold := range s {
		if sold != want[shop] {
			t.Errorf("%s: %x, want %x", shop, sold, want[shop])
		}
	}
	if got := s.Add("d", 1_000_000_000); len(got) != 1 || got["d"] != 1_000_000_000 {
		t.Errorf("after very many others: %v", got)
	}
}

// What sells now counts for more than what sold before.
func TestShopsTakeTurns(t *testing.T) {
	var s demand.Sales
	for range 300 {
		s = s.Add("a", 1)
	}
	for range 300 {
		s = s.Add("b", 1)
	}
	if a, b := s.Weight("a", three), s.Weight("b", three); b < 3*a {
		t.Errorf("weights %d and %d after 300 sales of each, one after the other", a, b)
	}
}

func TestFold(t *testing.T) {
	fold := demand.Fold(events.Stream("main", "MUG"))
	state := fold.Zero()
	for _, e := range []eventlog.Event{
		events.Received{SKU: "MUG", Quantity: 70},
		events.Reserved{SKU: "MUG", Order: "k7:1", Attempt: 1, Quantity: 3},
		events.Reserved{SKU: "MUG", Order: "k8:1:2", Attempt: 1, Quantity: 2},
		events.Shipped{SKU: "MUG", Order: "k7:1", Attempt: 1, Quantity: 3},
	} {
		state = fold.Evolve(state, e)
	}
	got := state.(demand.Sales)
	if len(got) != 2 || math.Abs(got["k7"]-3) > 0.1 || got["k8"] != 2 {
		t.Errorf("folded to %v", got)
	}
	data, err := fold.Keep.Encode(state)
	if err != nil {
		t.Fatal(err)
	}
	again, err := fold.Keep.Decode(data)
	if err != nil || fmt.Sprint(again) != fmt.Sprint(state) {
		t.Errorf("kept as %s, which is %v, %v", data, again, err)
	}
}

// Whatever was sold, everybody has a quarter of the usual weight and together they have that of all.
func TestEverybodySells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s demand.Sales
		for range rapid.IntRange(0, 40).Draw(t, "sales") {
			s = s.Add(rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "shop"), rapid.Int64Range(1, 1_000_000).Draw(t, "units"))
		}
		sum := 0
		for seller := range three {
			w := s.Weight(seller, three)
			if w < 10 {
				t.Fatalf("%s has %d of %v", seller, w, s)
			}
			sum += w
		}
		if sum < 118 || sum > 122 {
			t.Fatalf("they have %d together, of %v", sum, s)
		}
	})
}

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// The shops' shares are those of the last delivery, whatever sold since; a counter's follows at once.
func TestFollow(t *testing.T) {
	var s demand.SKU
	for range 40 {
		s.Sold(exposure.Sale{Connection: "a/1", Units: 1, Created: noon})
	}
	if got := s.Shop("a", three); got != 40 {
		t.Errorf("before units came in: %d, want the usual weight", got)
	}
	if !s.Follow() || s.Follow() {
		t.Error("it moves once")
	}
	if a, b := s.Shop("a", three), s.Shop("b", three); a < 2*b {
		t.Errorf("then: %d and %d", a, b)
	}
	if here, idle := s.Counter("a/1", 3), s.Counter("d/1", 3); here != 41*40*3/3 || idle != 1*40*3/43 {
		t.Errorf("a counter that sold all of it weighs %d, one that sold nothing %d", here, idle)
	}
	if s.Last() != noon {
		t.Errorf("sold last at %v", s.Last())
	}
}

// The rate is that of the last hour, or in the first one what was known before; a counter forgets with it.
func TestRate(t *testing.T) {
	log, stop := eventlogtest.Start(t, memory.NewLog(uuid.New()), eventlog.Options{Decode: catalogue.Decode})
	defer stop()
	reserved := events.Reserved{SKU: "MUG", Order: "k7:1", Attempt: 1, Quantity: 30}
	if _, err := log.Append(t.Context(), eventlog.Write{Stream: events.Stream("main", "MUG"), Events: []eventlog.Event{reserved}}); err != nil {
		t.Fatal(err)
	}
	s, err := demand.Read(t.Context(), log, "main", "MUG", 9, noon)
	if err != nil {
		t.Fatal(err)
	}
	if k7, k8 := s.Shop("k7", map[string]bool{"k7": true, "k8": true}), s.Shop("k8", map[string]bool{"k7": true, "k8": true}); k7 < 2*k8 {
		t.Errorf("it begins with weights %d and %d, want those of what was sold before", k7, k8)
	}
	bound := func(units float64) float64 { return units + 2*math.Sqrt(units) + 1 }
	s.Sold(exposure.Sale{Connection: "a/1", Units: 4, Created: noon})
	if got := s.Rate(noon.Add(time.Minute)); got != bound(9) {
		t.Errorf("in its first hour %v, want %v", got, bound(9))
	}
	s.Sold(exposure.Sale{Connection: "a/1", Units: 1, Created: noon.Add(40 * time.Minute)})
	if got := s.Rate(noon.Add(59 * time.Minute)); got != bound(9) {
		t.Errorf("at its end %v, want %v", got, bound(9))
	}
	if got := s.Rate(noon.Add(time.Hour)); got != bound(1) {
		t.Errorf("an hour later %v, want %v", got, bound(1))
	}
	if got := s.Counter("a/1", 1); got != 2*40/3 {
		t.Errorf("the counter weighs %d by what sold an hour ago", got)
	}
	if got := s.Rate(noon.Add(2 * time.Hour)); got != bound(0) || !s.Last().IsZero() {
		t.Errorf("nothing of late: %v, last %v", got, s.Last())
	}
}
