package reads_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	orderevents "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/gateway/reads"
)

// TestRelisted: an order shows what it was placed with beside what its channel lists now, those lines too that are only in one of the
// two, with the open letters about it; once both are the same it shows one list.
func TestRelisted(t *testing.T) {
	d := newDesk(t)
	d.shop(t, "k7", "One")
	id := d.place(t, "k7", "576", "CODE", 2, morning)
	d.write(t, order(id), "", orderevents.Matched{Order: id, SKUs: []string{"A"}})
	page := func() reads.Order { return read[reads.Order](t, d, "/api/v1/orders/"+id) }
	if p := page(); p.Relisted != nil {
		t.Errorf("as it was placed it differs: %+v", p.Relisted)
	}
	line := func(code string, units, price int64) orderevents.Line {
		return orderevents.Line{Listing: "listing-" + code, Code: code, Name: "Thing " + code, Quantity: units, Price: pounds(price)}
	}
	lists := func(sentence string, total int64, lines ...orderevents.Line) reads.Order {
		d.write(t, order(id), "", orderevents.Amended{Order: id, Lines: lines, Total: pounds(total), Sentence: sentence})
		return page()
	}
	says := func(p reads.Order, units, total int64, want ...string) {
		t.Helper()
		var got []string
		for _, l := range p.Relisted.Lines {
			got = append(got, fmt.Sprintf("%s %q: %d for %d, now %d for %d", l.Name, l.SKU, l.Ordered.Units, l.Ordered.Total.Minor, l.Listed.Units, l.Listed.Total.Minor))
		}
		if !slices.Equal(got, want) || p.Relisted.Ordered.Units != 2 || p.Relisted.Ordered.Total != pounds(500) || p.Relisted.Listed.Units != units || p.Relisted.Listed.Total != pounds(total) {
			t.Errorf("it shows %q of %+v, %+v; want %q", got, p.Relisted.Ordered, p.Relisted.Listed, want)
		}
		if p.Units != units || p.Total != pounds(total) {
			t.Errorf("it is of %d units for %s", p.Units, p.Total)
		}
	}
	p := lists("One more.", 1050, line("CODE", 3, 250), line("NEW", 1, 300))
	says(p, 4, 1050, `Thing CODE "A": 2 for 500, now 3 for 750`, `Thing NEW "": 0 for 0, now 1 for 300`)
	if p.Relisted.Sentence != "One more." || len(p.Lines) != 2 {
		t.Errorf("it says %q of %d lines", p.Relisted.Sentence, len(p.Lines))
	}
	p = lists("Another.", 300, line("NEW", 1, 300))
	says(p, 1, 300, `Thing CODE "A": 2 for 500, now 0 for 0`, `Thing NEW "": 0 for 0, now 1 for 300`)
	if len(p.Lines) != 1 || p.Lines[0].Code != "NEW" || len(p.Relisted.Letters) != 0 {
		t.Errorf("its lines are %+v", p.Lines)
	}
	says(lists("Hidden.", 0, line("NEW", 1, 0)), 1, 300, `Thing CODE "A": 2 for 500, now 0 for 0`, `Thing NEW "": 0 for 0, now 1 for 300`)

	for _, about := range []string{letterevents.Return, letterevents.Added} {
		d.open(t, letterevents.Opened{Letter: about + id, Subject: id, Reason: "About " + about})
	}
	var letters []string
	for _, l := range page().Relisted.Letters {
		letters = append(letters, l.Sentence+" "+strings.Join(l.Can, " "))
	}
	if want := []string{"About return- put-back discard-deadletter", "About added- discard-deadletter"}; !slices.Equal(letters, want) {
		t.Errorf("it asks %q, want %q", letters, want)
	}
	if p := lists("As it was.", 500, line("CODE", 2, 250)); p.Relisted != nil || len(p.Lines) != 1 || p.Total != pounds(500) {
		t.Errorf("as it was placed again it shows %+v", p.Relisted)
	}
}
