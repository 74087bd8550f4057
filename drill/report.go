package drill

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Report is what a drill found; it is one JSON line.
type Report struct {
	Name     string   `json:"name"`
	Engine   string   `json:"engine"`
	Seed     uint64   `json:"seed"`
	Cycles   int      `json:"cycles"`
	Acked    int      `json:"acked"`    // webhooks and commands
	Lost     int      `json:"lost"`     // of them
	Twice    int      `json:"twice"`    // effects at the shop
	Oversold int      `json:"oversold"` // SKUs
	Orders   int      `json:"orders"`
	P99      float64  `json:"p99_ms"` // from start of the process to ready
	Seconds  float64  `json:"seconds"`
	Commit   string   `json:"commit"`
	Points   int      `json:"points,omitempty"`  // failpoints that the program has
	Fired    int      `json:"fired,omitempty"`   // of them, how many killed it
	Unfired  []string `json:"unfired,omitempty"` // the others
	Flips    []Flips  `json:"flips,omitempty"`   // of bits, by file

	Worked Worked `json:"worked,omitzero"` // of a drill that says what became of each webhook

	End    Agreement `json:"agreed,omitzero"`        // at the end, of the hub in which it was lowest
	Lowest Agreement `json:"agreed_lowest,omitzero"` // at any look of a hub's own auditor on the way

	Broken []string `json:"broken,omitempty"`  // promises, in sentences
	NotRun string   `json:"not_run,omitempty"` // why nothing was proven
}

// Worked is what became of the webhooks that a hub has taken in, and how often the shop's API failed it meanwhile.
type Worked struct {
	Webhooks  int64 `json:"webhooks"`
	Processed int64 `json:"processed"`
	Letters   int64 `json:"letters"` // dead letters, on the list that a person sees
	Calls     int64 `json:"calls"`   // of the hub to the shop, while that was there
	Faults    int64 `json:"faults"`  // of them, answered with one that passes
}

// Share is how much was processed, in percent.
func (w Worked) Share() float64 { return 100 * float64(w.Processed) / float64(max(1, w.Webhooks)) }

// Flips are what became of the bits that were flipped in one file.
type Flips struct {
	File     string `json:"file"`
	Bytes    int    `json:"bytes"`
	Flips    int    `json:"flips"`
	Detected int    `json:"detected"`
	Mended   int    `json:"mended"` // told, and put back
	Unread   int    `json:"unread"` // everything reads as before
	Missed   int    `json:"missed"`
}

// Broke adds a broken promise.
func (r *Report) Broke(format string, args ...any) {
	r.Broken = append(r.Broken, fmt.Sprintf(format, args...))
}

// Err names the broken promises, or is the NotRun of a drill that proved nothing.
func (r Report) Err() error {
	if r.NotRun != "" {
		return NotRun(r.NotRun)
	}
	errs := make([]error, len(r.Broken))
	for i, b := range r.Broken {
		errs[i] = errors.New(b)
	}
	return errors.Join(errs...)
}

// Tell prints what a drill of its own kind found, as its table or as one JSON line, and fails when a promise was broken.
func Tell(w io.Writer, asJSON bool, r interface {
	Write(w io.Writer) error
	Err() error
},
) (err error) {
	if asJSON {
		err = json.NewEncoder(w).Encode(r)
	} else {
		err = r.Write(w)
	}
	if broken := r.Err(); broken != nil {
		return errors.Join(err, fmt.Errorf("a promise was broken: %w", broken))
	}
	return err
}

// NotRun says what this machine lacks for a drill. Such a drill has not passed.
type NotRun string

// Error implements error.
func (n NotRun) Error() string { return "not run: " + string(n) }

// most broken promises of one part are told; more of them say little more.
const most = 3

// Add takes in what a part of a campaign found: which part it is, and the command that replays it.
func (r *Report) Add(part Report, name, replay string) {
	r.Acked, r.Lost, r.Twice = r.Acked+part.Acked, r.Lost+part.Lost, r.Twice+part.Twice
	r.Oversold, r.Orders = r.Oversold+part.Oversold, r.Orders+part.Orders
	r.End, r.Lowest = r.End.And(part.End), r.Lowest.And(part.Lowest)
	for i, b := range part.Broken {
		if i == most {
			r.Broke("%s: and %d more", name, len(part.Broken)-most)
			break
		}
		r.Broke("%s: %s (replay: %s)", name, b, replay)
	}
}
