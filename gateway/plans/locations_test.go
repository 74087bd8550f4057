package plans_test

import (
	"strings"
	"testing"

	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/gateway/plans"
)

// A location that is made without an id has one of its own, whatever it is called: none that there is becomes another one by it.
func TestMakesALocation(t *testing.T) {
	there := places.Of([]places.Location{
		{ID: places.Main, Name: "Home", Ships: true},
		{ID: "warehouse", Name: "Big shed", Ships: true},
		{ID: "stall", Name: "Stall", Closed: true},
		{ID: "attic-2", Name: "Loft", Ships: true},
		{ID: "attic", Name: "Roof", Ships: true},
	})
	long := strings.Repeat("a", 28)
	there = there.Evolve(placeevents.Set{Location: strings.Repeat("a", 30), Name: "Long", Ships: true})
	for name, want := range map[string]string{
		"Main": "main-2", "Warehouse": "warehouse-2", "Stall": "stall", "Attic": "attic-3", "Loft": "loft", "Garage": "garage",
		"Кладовая": "location", strings.Repeat("a", 31): long + "-2",
	} {
		decided, err := plans.SetLocation{Name: name, Ships: true}.Plan("main").Decide([]eventlog.State{{Value: there}})
		if name == "Loft" {
			if err == nil || !strings.Contains(err.Error(), "Another location has this name") {
				t.Errorf("%s: %v, %v", name, decided, err)
			}
			continue
		}
		if err != nil || len(decided.Writes) != 1 {
			t.Errorf("%s: %+v, %v", name, decided, err)
			continue
		}
		if e := decided.Writes[0].Events[0].(placeevents.Set); e.Location != want || e.Name != name {
			t.Errorf("%s is made as %+v, want %s", name, e, want)
		}
	}
	for _, b := range []plans.SetLocation{{Name: "Big shed", Ships: true, Location: "warehouse"}, {Name: "Roof", Ships: true}, {Name: "Home", Ships: true}} {
		decided, err := b.Plan("main").Decide([]eventlog.State{{Value: there}})
		if b.Location != "" && (err != nil || len(decided.Writes) > 0) || b.Location == "" && err == nil {
			t.Errorf("%+v: %+v, %v", b, decided, err)
		}
	}
	again := there.Evolve(placeevents.Set{Location: "garage", Name: "Garage", Ships: true})
	if decided, err := (plans.SetLocation{Name: "Garage", Ships: true}).Plan("main").Decide([]eventlog.State{{Value: again}}); err != nil || len(decided.Writes) > 0 {
		t.Errorf("the same once more: %+v, %v", decided, err)
	}
}
