package health

import "time"

// Counts are a connection's figures. Those with a name in JSON survive a restart.
type Counts struct {
	FirstWebhook time.Time `json:"first_webhook,omitzero"`
	LastWebhook  time.Time `json:"last_webhook,omitzero"`
	LastSuccess  time.Time `json:"last_success,omitzero"`
	LastPoll     time.Time `json:"last_poll,omitzero"`
	Webhooks     int64     `json:"webhooks,omitzero"`
	Duplicates   int64     `json:"duplicates,omitzero"`
	Note         string    `json:"note,omitzero"`
	Ends         time.Time `json:"ends,omitzero"`       // when the authorisation ends, as the channel said
	Authorised   time.Time `json:"authorised,omitzero"` // when the shop was connected again last

	Paused bool       `json:"-"` // its lane waits for the channel
	minute [60]second // of the last minute, by second
}

type second struct{ at, n int64 }

// Webhook counts one; fresh says that it is no repeat.
func (c *Counts) Webhook(at time.Time, fresh bool) {
	if c.FirstWebhook.IsZero() {
		c.FirstWebhook = at.UTC()
	}
	c.LastWebhook = at.UTC()
	c.Webhooks++
	if !fresh {
		c.Duplicates++
	}
	s := &c.minute[uint64(at.Unix())%60] //nolint:gosec // any place will do
	if s.at != at.Unix() {
		*s = second{at: at.Unix()}
	}
	s.n++
}

// PerMinute is how many came within the last minute.
func (c *Counts) PerMinute(now time.Time) (n int64) {
	for _, s := range c.minute {
		if age := now.Unix() - s.at; age >= 0 && age < 60 {
			n += s.n
		}
	}
	return n
}
