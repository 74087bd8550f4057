package counting_test

import (
	"errors"
	"strings"
	"testing"

	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/inventory/counting"
	"github.com/creatorflow/creatorflow/eventlog"
)

// TestCounting: a count books its difference beside whatever is sold meanwhile, and not beside another correction.
func TestCounting(t *testing.T) {
	nine := []eventlog.Event{events.Received{SKU: "HAT", Quantity: 9}}
	seven := counting.Count{SKU: "HAT", Counted: 7, OnHand: 9}
	tests := []struct {
		name      string
		meanwhile []eventlog.Event
		count     counting.Count
		onHand    int64
		said      string // the reason of the event, or a part of the refusal
	}{
		{"alone", nil, seven, 7, "Counted 7, the ledger said 9."},
		{"with a note", nil, counting.Count{SKU: "HAT", Counted: 7, OnHand: 9, Reason: "shelf 4"}, 7, "Counted 7, the ledger said 9. shelf 4"},
		{"nothing differs", nil, counting.Count{SKU: "HAT", Counted: 9, OnHand: 9}, 9, ""},
		{"two shipped meanwhile", []eventlog.Event{events.Reserved{SKU: "HAT", Order: "o", Quantity: 2}, events.Shipped{SKU: "HAT", Order: "o", Quantity: 2}}, seven, 5, "Counted 7, the ledger said 9."},
		{"three arrived meanwhile", []eventlog.Event{events.Received{SKU: "HAT", Quantity: 3}}, seven, 10, "Counted 7, the ledger said 9."},
		{"another count meanwhile", []eventlog.Event{events.Adjusted{SKU: "HAT", Delta: -2, Reason: "count"}}, seven, 7, "corrected this SKU by -2 since the count began; the ledger says 7 now"},
		{"more was found meanwhile", []eventlog.Event{events.Adjusted{SKU: "HAT", Delta: 4, Reason: "found"}}, seven, 13, "by +4 since"},
		{"below nothing", nil, counting.Count{SKU: "HAT", Counted: -1, OnHand: 9}, 9, string(counting.ErrCount)},
		{"a long note", nil, counting.Count{SKU: "HAT", Counted: 7, OnHand: 9, Reason: strings.Repeat("x", 101)}, 9, string(counting.ErrCount)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := counting.Decider()
			var s inventory.State
			for _, e := range append(nine, test.meanwhile...) {
				s = d.Evolve(s, e)
			}
			decided, err := d.Decide(s, test.count)
			said := ""
			var no eventlog.Refusal
			if errors.As(err, &no) {
				said = no.Error()
			}
			for _, e := range decided {
				said = e.(events.Adjusted).Reason
				s = d.Evolve(s, e)
			}
			if s.OnHand() != test.onHand || !strings.Contains(said, test.said) || (said == "") != (test.said == "") {
				t.Errorf("%d on hand, said %q; want %d, %q", s.OnHand(), said, test.onHand, test.said)
			}
		})
	}
	if _, err := counting.Decider().Decide(inventory.State{}, seven); !errors.Is(err, inventory.ErrUnknown) {
		t.Errorf("of a SKU that nobody has: %v", err)
	}
}
