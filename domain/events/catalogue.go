// Package events is the catalogue of every event there is: it decodes stored events and refuses
// names it does not know, which a newer version must have written.
package events

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/creatorflow/creatorflow/domain/events/flows"
	"github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/eventlog"
)

var types = index(orders.Types(), stock.Types(), flows.Types(), shops.Types(), letters.Types(), workspaces.Types())

func index(modules ...[]eventlog.Event) map[string]reflect.Type {
	names := map[string]reflect.Type{}
	for _, e := range slices.Concat(modules...) {
		names[e.EventName()] = reflect.TypeOf(e)
	}
	return names
}

// Names lists every event name, sorted.
func Names() []string {
	names := make([]string, 0, len(types))
	for name := range types {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Decode implements eventlog.Decoder. Every event is at schema 1 so far; the first incompatible
// change gets a new name and is upcast here.
func Decode(name string, schema int, data []byte) (eventlog.Event, error) {
	t, ok := types[name]
	if !ok || schema != 1 {
		return nil, fmt.Errorf("decode %q schema %d: %w", name, schema, eventlog.ErrNewerSchema)
	}
	p := reflect.New(t)
	if err := json.Unmarshal(data, p.Interface()); err != nil {
		return nil, fmt.Errorf("decode %s: %w", name, err)
	}
	return p.Elem().Interface().(eventlog.Event), nil
}
