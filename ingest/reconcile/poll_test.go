package reconcile

import (
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon"
	"github.com/creatorflow/creatorflow/channels/tiktok"
)

// TestSharedQuota: where polls take all of a quota, two calls in five are left to whoever shares it, and where they do not, none.
func TestSharedQuota(t *testing.T) {
	shared := false
	every := func(open func(channels.Opening) channels.Connector, poll time.Duration) time.Duration {
		c := open(channels.Opening{Clock: time.Now})
		return New(Options{Connector: func() (channels.Connector, bool) { return c, true }, Poll: poll, Shared: func() bool { return shared }}).every()
	}
	for _, test := range []struct {
		shared         bool
		amazon, tiktok time.Duration
	}{{false, 3 * time.Minute, time.Minute}, {true, 5 * time.Minute, time.Minute}} {
		shared = test.shared
		if got := every(amazon.Vendor.Open, time.Minute); got != test.amazon {
			t.Errorf("shared %v: Amazon is polled every %v, want %v", shared, got, test.amazon)
		}
		if got := every(tiktok.Vendor.Open, time.Minute); got != test.tiktok {
			t.Errorf("shared %v: TikTok Shop is polled every %v, want %v", shared, got, test.tiktok)
		}
	}
}

// TestPace: a shop is polled three times as often for five minutes after an order, never beyond its quota, and an order that is dated
// in the future, or a clock that is set back, does not keep it so.
func TestPace(t *testing.T) {
	noon := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name           string
		open           func(channels.Opening) channels.Connector
		created, later time.Duration // of the order, and of the question, after it was listed at noon
		want           time.Duration
	}{
		{"just now", tiktok.Vendor.Open, -time.Second, 0, 20 * time.Second},
		{"a while ago", tiktok.Vendor.Open, -4 * time.Minute, 0, 20 * time.Second},
		{"long ago", tiktok.Vendor.Open, -5 * time.Minute, 0, time.Minute},
		{"the shop's clock is ahead", tiktok.Vendor.Open, 3 * time.Second, 0, 20 * time.Second},
		{"in years", tiktok.Vendor.Open, 100_000 * time.Hour, 5 * time.Minute, time.Minute},
		{"our clock was set back", tiktok.Vendor.Open, -time.Second, -time.Hour, time.Minute},
		{"just now, with a quota", amazon.Vendor.Open, -time.Second, 0, amazon.PollEvery},
	} {
		now, c := noon, test.open(channels.Opening{Clock: time.Now})
		p := New(Options{
			Connector: func() (channels.Connector, bool) { return c, true }, Poll: time.Minute, Shared: func() bool { return false },
			Clock: func() time.Time { return now },
		})
		p.sale(noon.Add(test.created))
		now = noon.Add(test.later)
		if got := p.pace(); got != test.want {
			t.Errorf("%s: the next pass is %v after this one, want %v", test.name, got, test.want)
		}
	}
}
