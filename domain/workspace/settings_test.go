package workspace_test

import (
	"errors"
	"slices"
	"testing"

	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	events "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestFieldByField(t *testing.T) {
	type set = workspace.Configure
	seen := func(name, zone, currency int64) *workspace.Versions {
		return &workspace.Versions{Name: name, Zone: zone, Currency: currency}
	}
	all := set{Name: new("One"), Zone: new("UTC"), Currency: new("GBP")}
	tests := []struct {
		name  string
		sent  []set
		now   events.Configured
		moved workspace.Moved // what the last was told
	}{
		{"one field of a new workspace", []set{{Zone: new("UTC")}}, events.Configured{Zone: "UTC"}, nil},
		{"the others stay", []set{all, {Name: new("Two")}}, events.Configured{Name: "Two", Zone: "UTC", Currency: "GBP"}, nil},
		{"without versions the last wins", []set{all, {Name: new("Two")}, {Name: new("Three")}}, events.Configured{Name: "Three", Zone: "UTC", Currency: "GBP"}, nil},
		{"on what was read", []set{all, {Name: new("Two"), Seen: seen(1, 1, 1)}}, events.Configured{Name: "Two", Zone: "UTC", Currency: "GBP"}, nil},
		{"on what nobody had set", []set{{Zone: new("UTC")}, {Name: new("Two"), Seen: seen(0, 1, 0)}}, events.Configured{Name: "Two", Zone: "UTC"}, nil},
		{"another field moved", []set{all, {Zone: new("Asia/Tokyo")}, {Name: new("Two"), Seen: seen(1, 1, 1)}}, events.Configured{Name: "Two", Zone: "Asia/Tokyo", Currency: "GBP"}, nil},
		{"the field moved", []set{all, {Name: new("Two")}, {Name: new("Three"), Seen: seen(1, 1, 1)}}, events.Configured{Name: "Two", Zone: "UTC", Currency: "GBP"}, workspace.Moved{{Field: "name", Now: "Two"}}},
		{"it moved there and back", []set{all, {Currency: new("EUR")}, {Currency: new("GBP")}, {Currency: new("JPY"), Seen: seen(1, 1, 1)}}, events.Configured{Name: "One", Zone: "UTC", Currency: "GBP"}, workspace.Moved{{Field: "currency", Now: "GBP"}}},
		{"it moved to the same", []set{all, {Name: new("Two")}, {Name: new(" Two "), Seen: seen(1, 1, 1)}}, events.Configured{Name: "Two", Zone: "UTC", Currency: "GBP"}, nil},
		{"two moved", []set{all, {Name: new("Two"), Zone: new("Asia/Tokyo")}, {Name: new("Three"), Zone: new("Asia/Seoul"), Currency: new("EUR"), Seen: seen(1, 1, 1)}}, events.Configured{Name: "Two", Zone: "Asia/Tokyo", Currency: "GBP"}, workspace.Moved{{Field: "name", Now: "Two"}, {Field: "zone", Now: "Asia/Tokyo"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			configuring, s := workspace.Configuring(), workspace.State{}
			var last error
			for _, c := range test.sent {
				var decided []eventlog.Event
				decided, last = configuring.Decide(s, c)
				for _, e := range decided {
					s = configuring.Evolve(s, e)
				}
			}
			var moved workspace.Moved
			if errors.As(last, &moved) != (test.moved != nil) || test.moved == nil && last != nil || !slices.Equal(moved, test.moved) || s.Now != test.now {
				t.Errorf("got %+v, %v; want %+v, %v", s.Now, last, test.now, test.moved)
			}
		})
	}
	if _, err := workspace.Configuring().Decide(workspace.State{}, set{Seen: seen(0, 0, 0)}); !errors.Is(err, workspace.ErrNothing) {
		t.Errorf("nothing named: %v, want %v", err, workspace.ErrNothing)
	}
}

// The first order taken in says in what a workspace counts while nobody has; the view's versions
// are those that the rules compare.
func TestViewOfWhatNobodySet(t *testing.T) {
	store := storagetest.New(t).Views()
	if err := store.Create(t.Context(), workspace.View{}); err != nil {
		t.Fatal(err)
	}
	placed := func(workspace, id, currency string) eventlog.Record {
		return eventlog.Record{Stream: orderevents.Stream(workspace, id), Version: 1, Event: orderevents.Placed{
			Order: id, Total: money.Money{Minor: 1, Currency: currency},
		}}
	}
	configured := func(version eventlog.Version, c events.Configured) eventlog.Record {
		return eventlog.Record{Stream: events.Stream("main"), Version: version, Event: c}
	}
	moved := []string{"kpis", "series/revenue"}
	for _, step := range []struct {
		name   string
		batch  []eventlog.Record
		topics []string
		want   workspace.Row
	}{
		{
			"nothing happened", nil, nil,
			workspace.Row{Name: "My shop", Zone: "UTC", Currency: "USD"},
		},
		{
			"another workspace sells",
			[]eventlog.Record{placed("second", "1", "JPY")},
			moved,
			workspace.Row{Name: "My shop", Zone: "UTC", Currency: "USD"},
		},
		{
			"the first order",
			[]eventlog.Record{placed("main", "2", "GBP"), placed("main", "3", "EUR")},
			moved,
			workspace.Row{Name: "My shop", Zone: "UTC", Currency: "GBP", Sold: "GBP"},
		},
		{
			"a later order",
			[]eventlog.Record{placed("main", "4", "EUR")},
			nil,
			workspace.Row{Name: "My shop", Zone: "UTC", Currency: "GBP", Sold: "GBP"},
		},
		{
			"the zone alone is set",
			[]eventlog.Record{configured(1, events.Configured{Zone: "Europe/London"})},
			moved,
			workspace.Row{Name: "My shop", Zone: "Europe/London", Currency: "GBP", Sold: "GBP", Changed: workspace.Versions{Zone: 1}},
		},
		{
			"the rest is set",
			[]eventlog.Record{
				configured(2, events.Configured{Name: "Shop", Zone: "Europe/London", Currency: "EUR"}),
				configured(3, events.Configured{Name: "Shop", Zone: "Europe/London", Currency: "CHF"}),
			},
			moved,
			workspace.Row{Name: "Shop", Zone: "Europe/London", Currency: "CHF", Sold: "GBP", Changed: workspace.Versions{Name: 2, Zone: 1, Currency: 3}},
		},
	} {
		err := store.Write(t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
			topics, err := workspace.View{}.Apply(t.Context(), tx, step.batch)
			if !slices.Equal(topics, step.topics) {
				t.Errorf("%s: topics %v, want %v", step.name, topics, step.topics)
			}
			return now, err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = store.Read(t.Context(), func(r projection.Reader) error {
			got, err := workspace.Find(t.Context(), r, "main")
			if step.want.ID = "main"; got != step.want {
				t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
