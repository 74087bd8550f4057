package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/vault/accounts"
)

// TestCountVisits: visits of a shop's hour make the board's rate, the last count of an hour holds, and what cannot be is refused.
func TestCountVisits(t *testing.T) {
	s := newSite(t)
	s.sell(t)
	bearer := "Bearer " + s.key(t, accounts.Operator)
	hour := s.clock.Now().UTC().Truncate(time.Hour)
	for _, ask := range []struct {
		name, connection string
		hour             time.Time
		visits           string
		status           int
		detail           string
	}{
		{"an hour", "k7", hour, "500", 200, ""},
		{"the same hour again", "k7", hour, "200", 200, ""},
		{"no such shop", "k9", hour, "5", 409, "no such connection"},
		{"within an hour", "k7", hour.Add(time.Minute), "5", 409, "counted by the hour"},
		{"an hour to come", "k7", hour.Add(2 * time.Hour), "5", 409, "has not begun"},
		{"fewer than none", "k7", hour, "-1", 422, "visits"},
		{"no number", "k7", hour, `"many"`, 422, "visits"},
	} {
		body := fmt.Sprintf(`{"connection":%q,"hour":%q,"visits":%s}`, ask.connection, ask.hour.Format(time.RFC3339), ask.visits)
		a := s.command(t, nil, "count-visits", body, v7(), "Authorization", bearer)
		if a.StatusCode != ask.status || !strings.Contains(string(a.text), ask.detail) {
			t.Errorf("%s: %d %s, want %d with %q", ask.name, a.StatusCode, a.text, ask.status, ask.detail)
		}
	}
	s.caught(t)
	board := compact(t, s.ask(t, nil, "GET", "/api/v1/kpis", "", "Authorization", bearer).text)
	_, rate, _ := strings.Cut(board, `"conversion":`)
	if !strings.HasPrefix(rate, `{"value":0.5,`) {
		t.Errorf("the rate is %.80s", rate)
	}
}
