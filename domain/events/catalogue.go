// Package events is the catalogue of every event there is: it decodes stored events and refuses
// names it does not know, which a newer version must have written.
package events

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/creatorflow/creatorflow/domain/events/audits"
	"github.com/creatorflow/creatorflow/domain/events/commands"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/domain/events/labels"
	"github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/events/places"
	"github.com/creatorflow/creatorflow/domain/events/risks"
	"github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/events/shortages"
	"github.com/creatorflow/creatorflow/domain/events/signals"
	"github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/events/traffic"
	"github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/eventlog"
)

// catalogue gives each stored name its type.
type catalogue map[string]reflect.Type

var all = index(orders.Types(), stock.Types(), flows.Types(), shops.Types(), letters.Types(), listings.Types(), workspaces.Types(), signals.Types(), risks.Types(), commands.Types(), labels.Types(), shortages.Types(), places.Types(), audits.Types(), traffic.Types())

func index(modules ...[]eventlog.Event) catalogue {
	c := catalogue{}
	for _, e := range slices.Concat(modules...) {
		c[e.EventName()] = reflect.TypeOf(e)
	}
	return c
}

// Names lists every event name, sorted.
func Names() []string { return slices.Sorted(maps.Keys(all)) }

// superseded is an event whose name is written no more: an incompatible change is a new event with
// a new name ("order.placed.2"), and the old one stays in the catalogue and says what it means now.
type superseded interface {
	Upcast() eventlog.Event
}

// Decode implements eventlog.Decoder. Rules and views see the newest type alone. Every event is at
// schema 1: a field that is added is omitzero and means the old behaviour when it is absent.
func Decode(name string, schema int, data []byte) (eventlog.Event, error) {
	return all.decode(name, schema, data)
}

func (c catalogue) decode(name string, schema int, data []byte) (eventlog.Event, error) {
	t, ok := c[name]
	if !ok || schema != 1 {
		return nil, fmt.Errorf("decode %q schema %d: %w", name, schema, eventlog.ErrNewerSchema)
	}
	p := reflect.New(t)
	if err := json.Unmarshal(data, p.Interface()); err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	e := p.Elem().Interface().(eventlog.Event)
	for {
		old, ok := e.(superseded)
		if !ok {
			return e, nil
		}
		e = old.Upcast()
	}
}
