package events_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/eventlog"
)

func TestCatalogue(t *testing.T) {
	for _, name := range events.Names() {
		e, err := events.Decode(name, 1, []byte("{}"))
		if err != nil || e.EventName() != name {
			t.Errorf("%s decodes to %T, %v", name, e, err)
			continue
		}
		text, err := json.Marshal(e)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		again, err := events.Decode(name, 1, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if twice, err := json.Marshal(again); err != nil || string(twice) != string(text) {
			t.Errorf("%s encodes to %s, then to %s (%v)", name, text, twice, err)
		}
		if _, err := events.Decode(name, 2, text); !errors.Is(err, eventlog.ErrNewerSchema) {
			t.Errorf("%s at schema 2: %v, want a refusal", name, err)
		}
	}
	if _, err := events.Decode("order.teleported", 1, []byte("{}")); !errors.Is(err, eventlog.ErrNewerSchema) {
		t.Errorf("an unknown name: %v, want a refusal", err)
	}
}
