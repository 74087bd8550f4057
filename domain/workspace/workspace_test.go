package workspace_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

func TestConfiguring(t *testing.T) {
	shop := events.Configured{Name: "Demo shop", Zone: "Europe/London", Currency: "GBP"}
	but := func(change func(*events.Configured)) events.Configured {
		c := shop
		change(&c)
		return c
	}
	named := func(name string) events.Configured { return but(func(c *events.Configured) { c.Name = name }) }
	in := func(zone string) events.Configured { return but(func(c *events.Configured) { c.Zone = zone }) }
	counting := func(currency string) events.Configured {
		return but(func(c *events.Configured) { c.Currency = currency })
	}
	tests := []struct {
		name string
		sent []events.Configured
		want []events.Configured
		err  error // of the last
	}{
		{"once", []events.Configured{shop}, []events.Configured{shop}, nil},
		{"the same again", []events.Configured{shop, shop}, []events.Configured{shop}, nil},
		{"the same with spaces around it", []events.Configured{named(" Demo shop\n"), shop}, []events.Configured{shop}, nil},
		{"another currency", []events.Configured{shop, counting("JPY")}, []events.Configured{shop, counting("JPY")}, nil},
		{"another zone, and back", []events.Configured{shop, in("Asia/Kathmandu"), shop}, []events.Configured{shop, in("Asia/Kathmandu"), shop}, nil},
		{"80 characters of two bytes", []events.Configured{named(strings.Repeat("é", 80))}, []events.Configured{named(strings.Repeat("é", 80))}, nil},
		{"81 characters", []events.Configured{named(strings.Repeat("a", 81))}, nil, workspace.ErrName},
		{"no name", []events.Configured{named("")}, nil, workspace.ErrName},
		{"a name of spaces", []events.Configured{named(" \u00a0 ")}, nil, workspace.ErrName},
		{"a name of two lines", []events.Configured{named("Demo\nshop")}, nil, workspace.ErrName},
		{"a name that is no text", []events.Configured{named("Demo \xff")}, nil, workspace.ErrName},
		{"no zone", []events.Configured{in("")}, nil, workspace.ErrZone},
		{"the machine's zone", []events.Configured{in("Local")}, nil, workspace.ErrZone},
		{"a zone that is not there", []events.Configured{in("Europe/Londres")}, nil, workspace.ErrZone},
		{"a file that is no zone", []events.Configured{in("../../etc/passwd")}, nil, workspace.ErrZone},
		{"no currency", []events.Configured{counting("")}, nil, workspace.ErrCurrency},
		{"a currency's sign", []events.Configured{counting("£")}, nil, workspace.ErrCurrency},
		{"a currency in small letters", []events.Configured{counting("gbp")}, nil, workspace.ErrCurrency},
		{"a refusal changes nothing", []events.Configured{shop, in("Local"), shop}, []events.Configured{shop}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			configuring, s := workspace.Configuring(), workspace.State{}
			var got []events.Configured
			var last error
			for _, c := range test.sent {
				decided, err := configuring.Decide(s, workspace.Configure{Name: &c.Name, Zone: &c.Zone, Currency: &c.Currency})
				last = err
				for _, e := range decided {
					s = configuring.Evolve(s, e)
					got = append(got, s.Now)
				}
			}
			if !slices.Equal(got, test.want) || !errors.Is(last, test.err) {
				t.Errorf("got %+v, %v; want %+v, %v", got, last, test.want, test.err)
			}
		})
	}
}

func TestView(t *testing.T) {
	store := storagetest.New(t).Views()
	if err := store.Create(t.Context(), workspace.View{}); err != nil {
		t.Fatal(err)
	}
	find := func(id string, want workspace.Row) {
		t.Helper()
		err := store.Read(t.Context(), func(r projection.Reader) error {
			got, err := workspace.Find(t.Context(), r, id)
			if got != want {
				t.Errorf("%s is %+v, want %+v", id, got, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	apply := func(topics []string, batch ...eventlog.Record) {
		t.Helper()
		err := store.Write(t.Context(), func(tx projection.Tx, now []projection.Checkpoint) ([]projection.Checkpoint, error) {
			got, err := workspace.View{}.Apply(context.Background(), tx, batch)
			if !slices.Equal(got, topics) {
				t.Errorf("got topics %q, want %q", got, topics)
			}
			return now, err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	configured := func(id, name, zone, currency string) eventlog.Record {
		return eventlog.Record{Stream: events.Stream(id), Event: events.Configured{Name: name, Zone: zone, Currency: currency}}
	}
	nobody := workspace.Row{Name: "My shop", Zone: "UTC", Currency: "USD"}
	main, second := nobody, nobody
	main.ID, second.ID = "main", "second"
	moved := []string{"kpis", "series/revenue"}

	find("main", main)
	find("second", second)
	apply(nil, eventlog.Record{Stream: eventlog.Stream{Workspace: "main", Kind: "order", ID: "main"}})
	find("main", main)
	apply(moved, configured("main", "One", "Europe/London", "GBP"), configured("main", "Two", "Asia/Kathmandu", "JPY"))
	find("main", workspace.Row{ID: "main", Name: "Two", Zone: "Asia/Kathmandu", Currency: "JPY"})
	find("second", second)
	apply(moved, configured("main", "Three", "UTC", "EUR"), configured("second", "Other", "UTC", "USD"))
	find("main", workspace.Row{ID: "main", Name: "Three", Zone: "UTC", Currency: "EUR"})
	find("second", workspace.Row{ID: "second", Name: "Other", Zone: "UTC", Currency: "USD"})
}

func TestLocation(t *testing.T) {
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for zone, want := range map[string]string{"Asia/Kathmandu": "17:45", "Europe/London": "13:00", "UTC": "12:00", "Europe/Londres": "12:00"} {
		if got := noon.In(workspace.Row{Zone: zone}.Location()).Format("15:04"); got != want {
			t.Errorf("noon UTC is %s in %s, want %s", got, zone, want)
		}
	}
}
