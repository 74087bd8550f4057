package drill

import "fmt"

// Agreement is how much of what a hub keeps twice is the same, in percent, as its own auditor has it. The zero value is that of a
// drill in which nothing was compared.
type Agreement struct {
	Inside float64 `json:"inside"`        // the views and the log
	Shops  float64 `json:"with_channels"` // the same together with what the shops said last
}

// And is the lower one of each figure, of those that were compared.
func (a Agreement) And(b Agreement) Agreement {
	switch (Agreement{}) {
	case a:
		return b
	case b:
		return a
	}
	return Agreement{min(a.Inside, b.Inside), min(a.Shops, b.Shops)}
}

// String implements fmt.Stringer.
func (a Agreement) String() string {
	if a == (Agreement{}) {
		return "not compared"
	}
	return fmt.Sprintf("%.3f %% inside, %.3f %% with the channels", a.Inside, a.Shops)
}
