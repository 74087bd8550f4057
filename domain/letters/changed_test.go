package letters_test

import (
	"errors"
	"slices"
	"testing"

	events "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
)

func TestChanged(t *testing.T) {
	for _, test := range []struct {
		name, was, is string
		want          []string
	}{
		{"nothing", `{"a":1}`, `{ "a": 1 }`, nil},
		{"a field", `{"data":{"order_id":"1 "},"b":2}`, `{"data":{"order_id":"1"},"b":2}`, []string{"data.order_id"}},
		{"one added and one gone", `{"a":1}`, `{"b":1}`, []string{"a", "b"}},
		{"in a list", `{"l":[{"q":1},{"q":0}]}`, `{"l":[{"q":1},{"q":1}]}`, []string{"l[1].q"}},
		{"a longer list", `{"l":[1]}`, `{"l":[1,2]}`, []string{"l"}},
		{"of another kind", `{"a":{"b":1}}`, `{"a":[1]}`, []string{"a"}},
		{"a text for an object", `{"a":"x"}`, `{"a":{}}`, []string{"a"}},
		{"ids beyond 2^53", `{"id":9007199254740993}`, `{"id":9007199254740992}`, []string{"id"}},
		{"what was no JSON", `{"a":`, `{"a":1}`, []string{""}},
		{"no JSON, and the same", `{"a":`, `{"a":`, nil},
		{"two after another", `{"a":1}`, `{"a":1}{}`, []string{""}},
	} {
		if got := letters.Changed([]byte(test.was), []byte(test.is)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestCorrecting: a correction closes the letter once, and needs a change.
func TestCorrecting(t *testing.T) {
	correct := events.Corrected{Letter: "inbox-7", Inbox: 7, Copy: 9, Fields: []string{"data.order_id"}}
	d := letters.Correcting()
	if _, err := d.Decide(letters.State{}, correct); !errors.Is(err, letters.ErrNone) {
		t.Errorf("of no letter: %v", err)
	}
	s := d.Evolve(letters.State{}, opened)
	if _, err := d.Decide(s, events.Corrected{Letter: "inbox-7"}); !errors.Is(err, letters.ErrSame) {
		t.Errorf("without a change: %v", err)
	}
	decided, err := d.Decide(s, correct)
	if err != nil || len(decided) != 1 {
		t.Fatalf("decided %+v, %v", decided, err)
	}
	if _, err := d.Decide(d.Evolve(s, decided[0]), correct); !errors.Is(err, letters.ErrClosed) {
		t.Errorf("once more: %v", err)
	}
}
