package spread

import (
	"slices"
	"time"
)

// required is how soon all but one of a hundred sales are to lower the others, on each and on all together.
const required = 30 * time.Second

// Lag is how long after a sale on another shop this one listed no more than what was left.
type Lag struct {
	Sales  int           `json:"sales"` // on others
	P50    time.Duration `json:"p50"`
	P99    time.Duration `json:"p99"`
	Judged time.Duration `json:"judged"` // the p99; of less than a hundred sales, whose p99 is the worst, all but that one
}

func lag(all []time.Duration) (l Lag) {
	if l.Sales = len(all); l.Sales == 0 {
		return l
	}
	slices.Sort(all)
	but := func(n int) time.Duration { return all[max(0, l.Sales-1-n)] }
	l.P50, l.P99, l.Judged = but(l.Sales/2), but(l.Sales/100), but(max(1, l.Sales/100))
	return l
}

func (l Lag) late() bool { return l.Judged > required }

// judge holds a lag against what is required.
func (r *Report) judge(who string, l Lag) {
	if l.late() {
		r.Broke("%s lists less %s after a sale elsewhere, leaving the worst of each hundred of %d sales out; %s are required", who, l.Judged, l.Sales, required)
	}
}
