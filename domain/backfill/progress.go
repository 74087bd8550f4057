package backfill

import (
	"fmt"
	"strconv"
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/shops"
)

// Progress is how far a back-fill is. It is kept after each slice, so that one which was cut short goes on with the next.
type Progress struct {
	Number  int64         `json:"number"`
	From    time.Time     `json:"from"`    // of the back-fill; a log that was brought back from before may have another of this number
	Through time.Time     `json:"through"` // what was placed before is read
	Read    int64         `json:"read"`    // orders
	Broken  int64         `json:"broken,omitzero"`
	Worked  time.Duration `json:"worked,omitzero"` // so long it took
	Width   time.Duration `json:"width"`           // of the next slice

	Ahead   int64  `json:"-"` // orders read of the slice that is under way
	Trouble string `json:"-"` // why it waits just now, a sentence
}

// The widths of slices, and how many pages one should have: a slice that was cut short is read anew, and an empty one costs a call.
const (
	firstWidth  = 24 * time.Hour
	leastWidth  = time.Hour
	mostWidth   = 32 * 24 * time.Hour
	fewPages    = 2
	enoughPages = 10
)

// Start is where a back-fill begins.
func Start(b events.BackfillBegun) Progress {
	return Progress{Number: b.Number, From: b.From, Through: b.From, Width: firstWidth}
}

// Of says whether it is how far this back-fill is.
func (p Progress) Of(b events.BackfillBegun) bool {
	return p.Number == b.Number && p.From.Equal(b.From) && !p.Through.After(b.Until)
}

// Slice is the part of the range that is read next.
func (p Progress) Slice(b events.BackfillBegun) (from, until time.Time) {
	until = p.Through.Add(p.Width)
	if until.After(b.Until) {
		until = b.Until
	}
	return p.Through, until
}

// Done notes that a slice was read to its end.
func (p Progress) Done(until time.Time, pages int, broken int64, took time.Duration) Progress {
	p.Through, p.Read, p.Broken, p.Worked, p.Ahead = until, p.Read+p.Ahead, p.Broken+broken, p.Worked+took, 0
	switch {
	case pages <= fewPages:
		p.Width = min(2*p.Width, mostWidth)
	case pages > enoughPages:
		p.Width = max(p.Width/2, leastWidth)
	}
	return p
}

// Left is how long the rest will take if it goes on like this; zero while nobody knows.
func (p Progress) Left(b events.BackfillBegun) time.Duration {
	done, rest := p.Through.Sub(b.From), b.Until.Sub(p.Through)
	if done <= 0 || rest <= 0 {
		return 0
	}
	return time.Duration(float64(p.Worked) * float64(rest) / float64(done))
}

// Sentence says how far a back-fill is.
func (p Progress) Sentence(b events.BackfillBegun, zone *time.Location) string {
	said := Count(p.Read+p.Ahead, "order") + " read"
	if p.Through.After(b.From) {
		said += ", up to " + day(p.Through, zone)
	}
	if left := p.Left(b); left > 0 {
		said += ", about " + rough(left) + " left"
	}
	if p.Trouble != "" {
		return said + ". " + p.Trouble
	}
	return said + "."
}

// End is what a back-fill came to; failed says why it could not go on, empty when it did.
func (p Progress) End(b events.BackfillBegun, stopped bool, failed string, zone *time.Location, now time.Time) events.BackfillEnded {
	e := events.BackfillEnded{
		Connection: b.Connection, Number: p.Number, Read: p.Read + p.Ahead, Broken: p.Broken, Through: p.Through.UTC(), Stopped: stopped, Failed: failed, At: now.UTC(),
	}
	e.Sentence = fmt.Sprintf("%s placed from %s to %s read.", Count(e.Read, "order"), day(b.From, zone), day(b.Until.Add(-time.Second), zone))
	if stopped || failed != "" {
		e.Sentence = fmt.Sprintf("Ended at %s, with %s read.", day(p.Through, zone), Count(e.Read, "order"))
	}
	if e.Broken > 0 {
		e.Sentence += fmt.Sprintf(" %s of them could not be taken in: each has a letter.", Count(e.Broken, ""))
	}
	if failed != "" {
		e.Sentence += " " + failed
	}
	return e
}

func day(t time.Time, zone *time.Location) string { return t.In(zone).Format("2 January 2006") }

// rough is a time in the largest unit that says enough.
func rough(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "a minute"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()+0.5))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()+0.5))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24+0.5))
}

// Count is a number with its noun, as people write it: 12,400 orders.
func Count(n int64, noun string) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	switch {
	case noun == "":
		return digits
	case n != 1:
		noun += "s"
	}
	return digits + " " + noun
}
