package workspace

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	events "github.com/creatorflow/creatorflow/domain/events/workspaces"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

// Rules' answers.
const (
	ErrNothing  = eventlog.Refusal("Nothing was named to set: send name, zone or currency, or orders_title.")
	ErrName     = eventlog.Refusal("The name of the business has 1 to 80 characters, and no control characters.")
	ErrZone     = eventlog.Refusal("The zone must be an IANA name such as Europe/London.")
	ErrCurrency = eventlog.Refusal("The currency must be an ISO 4217 code such as GBP.")
	ErrTitle    = eventlog.Refusal("The title of the orders has at most 40 characters, and no control characters.")
)

// Versions say for each field which version of the workspace's stream set it last, 0 = none did.
type Versions struct {
	Name     int64 `json:"name"`
	Zone     int64 `json:"zone"`
	Currency int64 `json:"currency"`

	OrdersTitle int64 `json:"orders_title" required:"false"`
}

// after are the versions when the settings became others.
func (v Versions) after(was, is events.Configured, version int64) Versions {
	for _, f := range []struct {
		changed bool
		at      *int64
	}{{was.Name != is.Name, &v.Name}, {was.Zone != is.Zone, &v.Zone}, {was.Currency != is.Currency, &v.Currency}, {was.OrdersTitle != is.OrdersTitle, &v.OrdersTitle}} {
		if f.changed {
			*f.at = version
		}
	}
	return v
}

// Configure sets the fields it names; the last writer wins, field by field.
type Configure struct {
	Name, Zone, Currency, OrdersTitle *string   // nil stays as it is; spaces around a name or a title are dropped
	Seen                              *Versions // what the caller decided on; nil compares nothing
}

// Moved says which named fields somebody else has set since the caller read them.
type Moved []MovedField

// MovedField is such a field and what it says now.
type MovedField struct{ Field, Now string }

// Error implements error.
func (m Moved) Error() string {
	fields := make([]string, len(m))
	for i, f := range m {
		fields[i] = f.Field
	}
	return "Somebody else has just set " + strings.Join(fields, " and ") + "."
}

// State is what was set so far; what nobody set is empty.
type State struct {
	Now     events.Configured
	Changed Versions
	version int64
}

// Configuring sets name, zone, currency and the title of the orders; the same again yields no event.
func Configuring() eventlog.Decider[State, Configure] {
	return eventlog.Decider[State, Configure]{Name: "workspace", Evolve: evolve, Decide: configure}
}

func evolve(s State, e eventlog.Event) State {
	s.version++
	if e, ok := e.(events.Configured); ok {
		s.Changed = s.Changed.after(s.Now, e, s.version)
		s.Now = e
	}
	return s
}

func configure(s State, c Configure) ([]eventlog.Event, error) {
	if c.Name == nil && c.Zone == nil && c.Currency == nil && c.OrdersTitle == nil {
		return nil, ErrNothing
	}
	next, seen := s.Now, s.Changed
	if c.Seen != nil {
		seen = *c.Seen
	}
	for _, text := range []**string{&c.Name, &c.OrdersTitle} {
		if *text != nil {
			*text = new(strings.TrimSpace(**text))
		}
	}
	var moved Moved
	for _, f := range []struct {
		field    string
		set, now *string
		fits     func(string) bool
		refusal  eventlog.Refusal
		fresh    bool
	}{
		{"name", c.Name, &next.Name, isName, ErrName, seen.Name == s.Changed.Name},
		{"zone", c.Zone, &next.Zone, isZone, ErrZone, seen.Zone == s.Changed.Zone},
		{"currency", c.Currency, &next.Currency, isCurrency, ErrCurrency, seen.Currency == s.Changed.Currency},
		{"orders_title", c.OrdersTitle, &next.OrdersTitle, isTitle, ErrTitle, seen.OrdersTitle == s.Changed.OrdersTitle},
	} {
		switch {
		case f.set == nil || *f.set == *f.now && *f.set != "":
		case !f.fits(*f.set):
			return nil, f.refusal
		case !f.fresh:
			moved = append(moved, MovedField{f.field, *f.now})
		default:
			*f.now = *f.set
		}
	}
	if moved != nil {
		return nil, moved
	}
	if next == s.Now {
		return nil, nil
	}
	return []eventlog.Event{next}, nil
}

func isName(s string) bool {
	n := utf8.RuneCountInString(s)
	return n >= 1 && n <= 80 && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func isTitle(s string) bool { return s == "" || isName(s) && utf8.RuneCountInString(s) <= 40 }

func isZone(s string) bool {
	_, err := time.LoadLocation(s)
	return err == nil && s != "" && s != "Local"
}

func isCurrency(s string) bool {
	_, ok := money.Exponent(s)
	return ok
}
