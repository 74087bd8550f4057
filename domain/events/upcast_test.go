package events_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/storage/memory"
)

// Three generations of one event: a price in pounds became pence, then got a currency.
type (
	priced1 struct {
		Pounds int64 `json:"pounds"`
	}
	priced2 struct {
		Pence int64 `json:"pence"`
	}
	priced3 struct {
		Minor    int64  `json:"minor"`
		Currency string `json:"currency"`
		Reason   string `json:"reason,omitzero"` // added later
	}
)

func (priced1) EventName() string        { return "test.priced" }
func (priced2) EventName() string        { return "test.priced.2" }
func (priced3) EventName() string        { return "test.priced.3" }
func (e priced1) Upcast() eventlog.Event { return priced2{Pence: 100 * e.Pounds} }
func (e priced2) Upcast() eventlog.Event { return priced3{Minor: e.Pence, Currency: "GBP"} }

func TestUpcast(t *testing.T) {
	decode := events.DecoderOf(priced1{}, priced2{}, priced3{})
	tests := []struct {
		name, data string
		want       eventlog.Event
	}{
		{"test.priced", `{"pounds":3}`, priced3{Minor: 300, Currency: "GBP"}},
		{"test.priced.2", `{"pence":255}`, priced3{Minor: 255, Currency: "GBP"}},
		{"test.priced.3", `{"minor":7,"currency":"EUR"}`, priced3{Minor: 7, Currency: "EUR"}},
		{"test.priced.3", `{"minor":7,"currency":"EUR","reason":"sale"}`, priced3{Minor: 7, Currency: "EUR", Reason: "sale"}},
	}
	for _, test := range tests {
		if got, err := decode(test.name, 1, []byte(test.data)); got != test.want || err != nil {
			t.Errorf("%s %s decodes to %#v, %v; want %#v", test.name, test.data, got, err, test.want)
		}
	}
	if got, err := decode("test.priced.4", 1, []byte(`{}`)); !errors.Is(err, eventlog.ErrNewerSchema) {
		t.Errorf("a name of the future decodes to %v, %v", got, err)
	}
}

// A log that was begun by the first version and continued by the second is folded, decided over and
// read by the third, which knows the newest type alone; what is stored stays as it was.
func TestOldLogIsReadByNewRules(t *testing.T) {
	store := memory.NewLog(uuid.UUID{15: 1})
	prices := eventlog.Stream{Workspace: "main", Kind: "price", ID: "85123A"}
	for i, e := range []eventlog.Event{priced1{Pounds: 3}, priced2{Pence: 255}} {
		then := []eventlog.Event{priced1{}, priced2{}}[:i+1]
		log, stop := eventlogtest.Start(t, store, eventlog.Options{Decode: events.DecoderOf(then...)})
		if _, err := log.Append(t.Context(), eventlog.Write{Stream: prices, Expected: eventlog.Version(i), Events: []eventlog.Event{e}}); err != nil {
			t.Fatal(err)
		}
		stop()
	}
	log, _ := eventlogtest.Start(t, store, eventlog.Options{Decode: events.DecoderOf(priced1{}, priced2{}, priced3{})})
	raising := eventlog.Decider[priced3, int64]{
		Name: "test.price", Evolve: func(_ priced3, e eventlog.Event) priced3 { return e.(priced3) },
		Decide: func(s priced3, by int64) ([]eventlog.Event, error) {
			return []eventlog.Event{priced3{Minor: s.Minor + by, Currency: s.Currency}}, nil
		},
	}
	if _, err := eventlog.Execute(t.Context(), log, prices, raising, 5, eventlog.Meta{}); err != nil {
		t.Fatal(err)
	}
	records, err := log.ReadAll(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var folded []eventlog.Event
	for _, r := range records {
		got = append(got, r.Name+" "+string(r.Data))
		folded = append(folded, r.Event)
	}
	if want := []string{`test.priced {"pounds":3}`, `test.priced.2 {"pence":255}`, `test.priced.3 {"minor":260,"currency":"GBP"}`}; !slices.Equal(got, want) {
		t.Errorf("the log holds %q, want %q", got, want)
	}
	if want := []eventlog.Event{priced3{300, "GBP", ""}, priced3{255, "GBP", ""}, priced3{260, "GBP", ""}}; !slices.Equal(folded, want) {
		t.Errorf("the records are %+v, want %+v", folded, want)
	}
}
