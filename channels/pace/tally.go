package pace

import "time"

// Tally is how the calls of the last hour ended.
type Tally struct {
	Answered int64 // with what was asked for, or with a "no"
	Failed   int64 // no answer, nonsense, or a fault of the vendor's own
}

// minute is what ended within one minute; at counts them since 1970.
type minute struct {
	at int64
	Tally
}

// hour keeps the last sixty minutes. It is bounded by being an array.
type hour [60]minute

func (h *hour) add(now time.Time, o Outcome) {
	at := now.Unix() / 60
	m := &h[uint64(at)%60] //nolint:gosec // any place will do
	if m.at != at {
		*m = minute{at: at}
	}
	if o == Healthy {
		m.Answered++
	} else {
		m.Failed++
	}
}

func (h *hour) sum(now time.Time) (t Tally) {
	for _, m := range h {
		if age := now.Unix()/60 - m.at; age >= 0 && age < 60 {
			t.Answered, t.Failed = t.Answered+m.Answered, t.Failed+m.Failed
		}
	}
	return t
}
