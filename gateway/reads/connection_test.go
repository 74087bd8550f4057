package reads

import (
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/shops"
)

// A shop is in step when all that happened there within its limit is known, and what a person should do is said.
func TestConnectionState(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const note = "The authorisation ends soon."
	tests := []struct {
		name        string
		shop        Shop
		row         shops.Row
		state       string
		error, mend string // what they hold; empty = nothing is said
		warning     string
	}{
		{"in step", Shop{LastPoll: ago(time.Second), LastSuccess: ago(time.Second)}, shops.Row{}, "ok", "", "", ""},
		{"never polled", Shop{}, shops.Row{}, "late", "looked through", "by itself", ""},
		{"polled long ago, webhooks come", Shop{LastPoll: ago(time.Hour), LastSuccess: ago(time.Hour), LastWebhook: now}, shops.Row{}, "late", "looked through", "by itself", ""},
		{"a webhook waits", Shop{LastPoll: ago(time.Second), LastSuccess: ago(time.Hour)}, shops.Row{}, "late", "wait longer", "nothing is lost", ""},
		{"a person should act", Shop{LastPoll: now, LastSuccess: now, Note: note}, shops.Row{}, "ok", "before long", note, note},
		{"a person should act, and it fails", Shop{LastPoll: now, LastSuccess: now, Note: note}, shops.Row{Failing: 1, Reason: "No answer.", Mend: "Wait."}, "failing", "No answer.", "Wait. " + note, note},
		{"the token lives long", Shop{LastPoll: now, LastSuccess: now, Ends: now.Add(15 * 24 * time.Hour)}, shops.Row{}, "ok", "", "", ""},
		{"the token ends", Shop{LastPoll: now, LastSuccess: now, Ends: now.Add(13 * 24 * time.Hour)}, shops.Row{}, "ok", "before long", "again before it does", "ends on 28 January 2027, 08:00 UTC"},
	}
	for _, tt := range tests {
		tt.shop.Limit = time.Minute
		c := connection(tt.row, tt.shop, now)
		if c.State != tt.state || (c.Error == "") != (tt.error == "") || (c.Mend == "") != (tt.mend == "") ||
			!strings.Contains(c.Error, tt.error) || !strings.Contains(c.Mend, tt.mend) ||
			(c.Warning == "") != (tt.warning == "") || !strings.Contains(c.Warning, tt.warning) || (c.ExpiresAt == nil) != tt.shop.Ends.IsZero() {
			t.Errorf("%s: %s, %q, %q, %q, %v", tt.name, c.State, c.Error, c.Mend, c.Warning, c.ExpiresAt)
		}
	}
}
