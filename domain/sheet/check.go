package sheet

import (
	"errors"
	"fmt"

	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/inventory/counting"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/eventlog"
)

// Change is what one row does.
type Change struct {
	Line      int
	SKU       string
	Was, Will int64 // units on hand, at the location that the row names
	New       bool  // the SKU comes to be
	Events    []eventlog.Event
}

// Check holds rows against the stock of their SKUs, which stands in the same order. A row that changes nothing is no change.
func Check(rows []Row, states []inventory.State, where places.State) (changes []Change, faults []Fault) {
	for i, row := range rows {
		s := states[i].In(where, "")
		row.Location = where.Named(row.Location)
		events, err := decide(row, s)
		var refused eventlog.Refusal
		switch {
		case errors.As(err, &refused):
			faults = append(faults, Fault{Line: row.Line, Value: row.SKU, Rule: refused.Error()})
		case err != nil:
			faults = append(faults, Fault{Line: row.Line, Value: row.SKU, Rule: err.Error()})
		case len(events) > 0:
			was := s.Units(row.Location)
			will := was
			if row.Received != nil {
				will += *row.Received
			} else {
				will += *row.Counted - base(row, s)
			}
			changes = append(changes, Change{Line: row.Line, SKU: row.SKU, Was: was, Will: will, New: !s.Known, Events: events})
		}
	}
	return changes, faults
}

// base is what a count is held against.
func base(row Row, s inventory.State) int64 {
	if row.OnHand != nil {
		return *row.OnHand
	}
	return s.Units(row.Location)
}

func decide(row Row, s inventory.State) ([]eventlog.Event, error) {
	if row.Received != nil {
		name := row.Name
		if s.Known {
			name = "" // a sheet that is older than the name takes nothing back
		}
		return inventory.Receiving().Decide(s, inventory.Receive{SKU: row.SKU, Name: name, Reason: row.Reason, Quantity: *row.Received, Location: row.Location})
	}
	if !s.Known {
		return nil, eventlog.Refusal("There is no such SKU. Check the spelling, SKUs are case-sensitive; or put its units into the column received.")
	}
	c := counting.Count{SKU: row.SKU, Reason: row.Reason, Counted: *row.Counted, OnHand: base(row, s), Adjusted: s.Corrected(row.Location), Location: row.Location}
	if row.Corrections != nil {
		c.Adjusted = *row.Corrections
	}
	return counting.Decider().Decide(s, c)
}

// Said is a fault as one sentence.
func (f Fault) Said() string {
	switch {
	case f.Line == 0:
		return f.Rule
	case f.Column == "":
		return fmt.Sprintf("Line %d: %s", f.Line, f.Rule)
	}
	return fmt.Sprintf("Line %d: %s %s.", f.Line, f.Column, f.Rule)
}
