package standing

import (
	"math"

	"github.com/creatorflow/creatorflow/domain/consistency"
)

// Consistency is how much of what the hub keeps twice is the same.
type Consistency struct {
	Inside     Agreement `json:"inside" doc:"rows of the views, against the log: the last whole round"`
	All        Agreement `json:"with_channels" doc:"the same together with listings that the hub writes and orders, against what the shops said last"`
	ComparedAt *string   `json:"compared_at" doc:"null before the first comparison"`
	Position   int64     `json:"position" doc:"that the views stood at; 0 while nothing could be compared"`
	Sentence   string    `json:"sentence" doc:"what stands, and what to do where something differs"`
}

// Agreement is one of its figures.
type Agreement struct {
	Percent   *float64 `json:"percent" doc:"null when nothing has been compared"`
	Compared  int64    `json:"compared"`
	Differing int64    `json:"differing"`
}

func agreement(s consistency.Share) (a Agreement) {
	a.Compared, a.Differing = s.Compared, s.Differing
	if percent, ok := s.Percent(); ok {
		percent = math.Floor(percent*1000) / 1000 // 100 is said of nothing less
		a.Percent = &percent
	}
	return a
}

// Agree makes that part of the connections.
func (s Sources) Agree() *Consistency {
	if s.Consistency == nil {
		return nil
	}
	f, at, position := s.Consistency()
	return &Consistency{
		Inside: agreement(f.Views), All: agreement(f.Views.And(f.Channels)), ComparedAt: maybe(at), Position: int64(position), Sentence: f.Sentence(),
	}
}
