package headroom

import (
	"strings"
	"testing"
	"time"
)

// TestMoreIsExactlyWhatMayHappen: after so many more bad orders the limit holds, after one more it does not.
func TestMoreIsExactlyWhatMayHappen(t *testing.T) {
	holds := func(l Limit, of, bad int64) bool {
		share, limit := 10_000*bad, l.BasisPoints*of
		return share < limit || share == limit && !l.Below
	}
	for i, l := range []Limit{{BasisPoints: 400}, {BasisPoints: 400, Below: true}, {BasisPoints: 250}, {BasisPoints: 250, Below: true}} {
		counted := i >= 2 // what is cancelled is one of those already
		after := func(of, more int64) int64 {
			if counted {
				return of
			}
			return of + more
		}
		for of := int64(1); of <= 450; of++ {
			for bad := int64(0); bad <= min(of, 30); bad++ {
				f := judge(l, of, bad, 0, counted)
				switch {
				case (f.Mood == Beyond) == holds(l, of, bad):
					t.Fatalf("%+v: %d of %d is %s", l, bad, of, f.Mood)
				case f.Mood == Beyond && f.More != 0:
					t.Fatalf("%+v: %d of %d is beyond, and %d more may happen", l, bad, of, f.More)
				case f.Mood != Beyond && (!holds(l, after(of, f.More), bad+f.More) || holds(l, after(of, f.More+1), bad+f.More+1)):
					t.Fatalf("%+v: %d of %d: %d more may happen", l, bad, of, f.More)
				}
			}
		}
	}
}

func TestMoods(t *testing.T) {
	late := Rules["tiktok"].Late
	for _, test := range []struct {
		of, bad int64
		mood    string
		says    string
	}{
		{0, 0, Unknown, "Nothing is known yet: no orders were due in the last 30 days."},
		{1000, 0, Calm, "In 30 days 1000 orders were due and 0 left late: 0.0 %. TikTok Shop wants at most 4 %. 41 more orders may leave late."},
		{1000, 30, Calm, "10 more orders may leave late."},
		{1000, 31, Near, "3.1 %. TikTok Shop wants at most 4 %. 9 more orders may leave late. Send what is due first."},
		{1000, 39, Near, "1 more order may leave late. Send"},
		{1000, 40, Near, "Not one more may leave late. Send"},
		{1000, 41, Beyond, "4.1 %. TikTok Shop wants at most 4 %. Send what is due today before anything else"},
		{10, 0, Calm, "Not one more may leave late."},
	} {
		f := judge(late, test.of, test.bad, 0, false)
		if said := f.Late("TikTok Shop"); f.Mood != test.mood || !strings.Contains(said, test.says) {
			t.Errorf("%d of %d: %s, %q, want %s, %q", test.bad, test.of, f.Mood, said, test.mood, test.says)
		}
	}
	said := judge(Rules["amazon"].Cancelled, 100, 1, 2, true).Cancelled("Amazon")
	if want := "In 7 days 100 orders were placed and 1 was cancelled by you: 1.0 %. Amazon wants less than 2.5 %. 1 more order may be cancelled by you. Of 2 more the channel did not say who cancelled them; they are not counted."; said != want {
		t.Errorf("said %q, want %q", said, want)
	}
}

func TestBlame(t *testing.T) {
	for _, test := range []struct {
		name string
		c    cancel
		want string
	}{
		{"the seller", cancel{By: "seller"}, fault},
		{"the seller, by the code alone", cancel{Reason: "seller_cancel_reason_out_of_stock"}, fault},
		{"the seller, from here", cancel{Asked: "seller"}, fault},
		{"the seller, because the buyer asked", cancel{Asked: "buyer", By: "seller"}, innocent},
		{"the buyer", cancel{By: "buyer", Late: true}, innocent},
		{"the buyer, though the seller had asked too", cancel{By: "buyer", Asked: "seller"}, innocent},
		{"the channel, because it was late", cancel{By: "channel", Late: true}, fault},
		{"the channel", cancel{By: "channel"}, innocent},
		{"before anybody paid", cancel{By: "seller", Unpaid: true}, innocent},
		{"nobody said", cancel{Reason: "OTHER"}, unsure},
	} {
		if got := blame(test.c); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestDue: what the channel says counts; else three business days on TikTok Shop, and elsewhere nobody knows.
func TestDue(t *testing.T) {
	thursday := time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC)
	told := thursday.Add(time.Hour)
	for _, test := range []struct {
		channel string
		told    time.Time
		want    time.Time
	}{
		{"tiktok", told, told}, {"tiktok", time.Time{}, thursday.AddDate(0, 0, 5)}, {"amazon", told, told}, {"amazon", time.Time{}, time.Time{}}, {"shopify", time.Time{}, time.Time{}},
	} {
		if got := due(test.channel, thursday, test.told); !got.Equal(test.want) {
			t.Errorf("%s, told %v: %v, want %v", test.channel, test.told, got, test.want)
		}
	}
}
