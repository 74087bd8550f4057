package headroom

import (
	"fmt"
	"time"
)

// Moods of a figure: calm until it matters.
const (
	Unknown = "unknown" // there is nothing to make a figure of
	Calm    = "calm"
	Near    = "near"   // less than a quarter of what may happen is left
	Beyond  = "beyond" // the limit is met
)

// Figure is a share that a channel watches.
type Figure struct {
	Limit  Limit
	Of     int64 // orders that count
	Bad    int64 // of them, late or cancelled
	Unsure int64 // of them, cancelled by nobody knows whom; not in Bad
	More   int64 // how many more may happen before the limit
	Mood   string
}

// judge makes a figure. A further order that leaves late is itself one more of those that were due, so a few more than the limit's share
// may; one that is cancelled was counted when it was placed.
func judge(l Limit, of, bad, unsure int64, counted bool) Figure {
	f := Figure{Limit: l, Of: of, Bad: bad, Unsure: unsure, Mood: Unknown}
	if of == 0 {
		return f
	}
	const whole = 10_000
	room := l.BasisPoints*of - whole*bad
	if l.Below {
		room--
	}
	switch f.Mood = Calm; {
	case room < 0:
		f.Mood = Beyond
		return f
	case 4*bad*whole > 3*l.BasisPoints*of:
		f.Mood = Near
	}
	each := whole - l.BasisPoints
	if counted {
		each = whole
	}
	f.More = room / each
	return f
}

// Percent is the share in percent.
func (f Figure) Percent() float64 {
	if f.Of == 0 {
		return 0
	}
	return 100 * float64(f.Bad) / float64(f.Of)
}

// words are what a figure's sentence says; what is counted has a form for one and one for several.
type words struct {
	of, bad           [2]string
	may, near, beyond string
}

var late = words{
	of: [2]string{"order was due", "orders were due"}, bad: [2]string{"left late", "left late"}, may: "leave late",
	near: "Send what is due first.", beyond: "Send what is due today before anything else; the share falls as orders leave in time.",
}

var cancelled = words{
	of: [2]string{"order was placed", "orders were placed"}, bad: [2]string{"was cancelled by you", "were cancelled by you"}, may: "be cancelled by you",
	near: "Check what is listed before you cancel more.", beyond: "Cancel no more, list less of what runs out; the share falls as the days pass.",
}

// Late says in a sentence how the share of late orders is; channel is its name as people know it.
func (f Figure) Late(channel string) string { return f.sentence(late, channel) }

// Cancelled says in a sentence how the share of cancelled orders is.
func (f Figure) Cancelled(channel string) string {
	said := f.sentence(cancelled, channel)
	if f.Unsure > 0 {
		said += fmt.Sprintf(" Of %d more the channel did not say who cancelled them; they are not counted.", f.Unsure)
	}
	return said
}

func (f Figure) sentence(w words, channel string) string {
	if f.Mood == Unknown {
		return fmt.Sprintf("Nothing is known yet: no %s in the last %d days.", w.of[1], f.Limit.Days)
	}
	limit := "at most"
	if f.Limit.Below {
		limit = "less than"
	}
	said := fmt.Sprintf("In %d days %s and %s: %.1f %%. %s wants %s %s.",
		f.Limit.Days, counted(f.Of, w.of), counted(f.Bad, w.bad), f.Percent(), channel, limit, percent(f.Limit.BasisPoints))
	if f.Mood == Beyond {
		return said + " " + w.beyond
	}
	switch f.More {
	case 0:
		said += fmt.Sprintf(" Not one more may %s.", w.may)
	case 1:
		said += fmt.Sprintf(" 1 more order may %s.", w.may)
	default:
		said += fmt.Sprintf(" %d more orders may %s.", f.More, w.may)
	}
	if f.Mood == Near {
		said += " " + w.near
	}
	return said
}

// counted is a number with what it counts.
func counted(n int64, form [2]string) string {
	if n == 1 {
		return "1 " + form[0]
	}
	return fmt.Sprintf("%d %s", n, form[1])
}

func percent(basisPoints int64) string {
	if basisPoints%100 == 0 {
		return fmt.Sprintf("%d %%", basisPoints/100)
	}
	return fmt.Sprintf("%.1f %%", float64(basisPoints)/100)
}

// soon is how far ahead is looked for orders that will be late.
const soon = 24 * time.Hour
