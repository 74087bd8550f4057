package hints

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/exposure"
)

// shop tells of items that are listings by the same name.
type shop struct{ channels.Connector }

// Concerns implements channels.Newsy.
func (shop) Concerns(n channels.News) (listing string, ok bool) { return n.Item, n.Place == "" }

// desk is a Book of one shop k1, and what is known of its listings.
type desk struct {
	*Queue
	*Book
	now   time.Time
	known map[string]exposure.Connection // by key; of another one, that it lists 100
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func newDesk() *desk {
	q := New(func() {})
	return &desk{q, NewBook(q, 3*time.Second), noon, map[string]exposure.Connection{}}
}

// lists is a listing with so many, by a look that is long ago.
func lists(m exposure.Method, quantity int) exposure.Connection {
	return exposure.Connection{Settings: exposure.Settings{Ability: exposure.Ability{Method: m}}, Known: true, Fresh: true, Exposure: quantity, Quantity: quantity}
}

func (d *desk) stands(key string) (exposure.Connection, bool) {
	if c, set := d.known[key]; set {
		return c, true
	}
	return lists(exposure.CompareAndSwap, 100), key != "k1/gone"
}

// tell has the shop say that a listing lists so many.
func (d *desk) tell(item string, quantity int64) {
	d.Add("k1", channels.News{Item: item, Quantity: quantity}, d.now)
}

// after is what is due so much later.
func (d *desk) after(pass time.Duration) []string {
	d.now = d.now.Add(pass)
	d.Take(d.now, func(c string) bool { return c == "k1" }, func(string) (channels.Connector, bool) { return shop{}, true })
	return d.Due(d.now, d.stands)
}

func (d *desk) came(t *testing.T, want map[string]int) {
	t.Helper()
	got := d.Counts()
	maps.DeleteFunc(got, func(_ string, n int) bool { return n == 0 })
	if !maps.Equal(got, want) {
		t.Errorf("came to %v, want %v", got, want)
	}
}

// TestOneLook: many hints about a listing are one look, half a second after the first of them. The newest counts, in whichever order
// they come, and one that says what is known is none.
func TestOneLook(t *testing.T) {
	d := newDesk()
	d.tell("a", 60)
	if due := d.after(0); len(due) != 0 {
		t.Errorf("%v are read before what may explain it", due)
	}
	d.Add("k1", channels.News{Item: "a", Quantity: 100}, d.now.Add(-time.Minute)) // overtaken
	d.tell("b", 100)
	d.tell("gone", 5)
	d.Add("k1", channels.News{Item: "a", Place: "elsewhere", Quantity: 5}, d.now)
	d.Add("k2", channels.News{Item: "a", Quantity: 5}, d.now) // of a shop that has told no listings yet
	d.tell("c", 107)
	d.tell("c", 108)
	d.Add("k1", channels.News{Item: "b", Quantity: 93}, d.now) // of one second nobody knows which came last
	if due := d.after(pause - 1); len(due) != 0 {
		t.Errorf("%v are read before what may explain it", due)
	}
	if due := d.after(1); fmt.Sprint(due) != "[k1/a]" {
		t.Errorf("%v are read, want the first", due)
	}
	if due := d.after(pause); fmt.Sprint(due) != "[k1/c]" {
		t.Errorf("%v are read, want the other", due)
	}
	if due := d.after(time.Hour); len(due) != 0 {
		t.Errorf("%v are read again", due)
	}
	d.Add("k1", channels.News{Item: "c", Quantity: 109}, d.now.Add(-2*time.Hour)) // overtaken, though the newer one is done with
	d.after(0)
	if due := d.after(pause); len(due) != 0 {
		t.Errorf("%v are read for late news", due)
	}
	d.came(t, map[string]int{Known: 1, Looked: 2, Merged: 4, Unknown: 2, Left: 1})
}

// TestEcho: what a write of ours makes of a listing is no reason to read it, whether its answer or the news come first; nor is a sale
// whose order came within the pause, or is heard of. A hand's edit beside any of them is.
func TestEcho(t *testing.T) {
	put := &exposure.Put{Number: 3, From: 40, To: 70}
	with := func(c exposure.Connection, change func(*exposure.Connection)) exposure.Connection {
		change(&c)
		return c
	}
	swap, set := lists(exposure.CompareAndSwap, 40), lists(exposure.Absolute, 40)
	for name, c := range map[string]struct {
		first, then exposure.Connection // how it stands when the news come, and how a second after
		told        int64
		looks       bool
	}{
		"a swap whose answer came":               {lists(exposure.CompareAndSwap, 70), lists(exposure.CompareAndSwap, 70), 70, false},
		"a swap whose answer is on its way":      {with(swap, func(c *exposure.Connection) { c.Raise = put }), lists(exposure.CompareAndSwap, 70), 70, false},
		"an edit over a swap":                    {with(swap, func(c *exposure.Connection) { c.Raise = put }), lists(exposure.CompareAndSwap, 70), 65, true},
		"an edit back to before a swap":          {with(swap, func(c *exposure.Connection) { c.Raise = put }), lists(exposure.CompareAndSwap, 70), 40, true},
		"a swap over what nobody explained yet":  {with(lists(exposure.CompareAndSwap, 70), func(c *exposure.Connection) { c.Exposure = 80 }), with(lists(exposure.CompareAndSwap, 70), func(c *exposure.Connection) { c.Exposure = 80 }), 70, true},
		"a quantity that is set":                 {with(set, func(c *exposure.Connection) { c.Raise, c.Quantity, c.Exposure = put, 70, 80 }), lists(exposure.Absolute, 70), 70, false},
		"a 0 before it":                          {with(set, func(c *exposure.Connection) { c.Lower = put }), with(set, func(c *exposure.Connection) { c.Lower = put }), 0, false},
		"an edit over a quantity that is set":    {with(set, func(c *exposure.Connection) { c.Raise, c.Quantity, c.Exposure = put, 70, 80 }), with(set, func(c *exposure.Connection) { c.Raise, c.Quantity, c.Exposure = put, 70, 80 }), 90, true},
		"news from before the last look":         {with(swap, func(c *exposure.Connection) { c.Since = noon.Add(7 * time.Second) }), with(swap, func(c *exposure.Connection) { c.Since = noon.Add(7 * time.Second) }), 90, false},
		"what is read anyway":                    {with(swap, func(c *exposure.Connection) { c.Check = true }), with(swap, func(c *exposure.Connection) { c.Check = true }), 90, false},
		"a sale whose order comes":               {swap, lists(exposure.CompareAndSwap, 38), 38, false},
		"a sale just after a reading":            {with(swap, func(c *exposure.Connection) { c.Exposure = 38 }), with(swap, func(c *exposure.Connection) { c.Exposure = 38 }), 38, false},
		"a sale that is heard of":                {with(set, func(c *exposure.Connection) { c.Unread = 2 }), with(set, func(c *exposure.Connection) { c.Unread = 2 }), 38, false},
		"a sale whose order does not come":       {swap, swap, 38, true},
		"units that somebody added":              {swap, swap, 90, true},
		"more, while what was read waits":        {with(swap, func(c *exposure.Connection) { c.Waiting = &exposure.Seen{Quantity: 40} }), with(swap, func(c *exposure.Connection) { c.Waiting = &exposure.Seen{Quantity: 40} }), 41, true},
		"less, while what was read waits":        {with(swap, func(c *exposure.Connection) { c.Waiting = &exposure.Seen{Quantity: 40} }), with(swap, func(c *exposure.Connection) { c.Waiting = &exposure.Seen{Quantity: 40} }), 39, false},
		"an edit while a reading is under way":   {with(swap, func(c *exposure.Connection) { c.Asked = &exposure.Seen{} }), with(swap, func(c *exposure.Connection) { c.Asked = &exposure.Seen{} }), 39, false},
		"an edit that the reading under way has": {with(swap, func(c *exposure.Connection) { c.Asked = &exposure.Seen{} }), lists(exposure.CompareAndSwap, 39), 39, false},
	} {
		d := newDesk()
		d.known["k1/a"] = c.first
		d.tell("a", c.told)
		if due := d.after(0); len(due) != 0 {
			t.Errorf("%s: %v are read at once", name, due)
		}
		d.known["k1/a"] = c.then
		if due := d.after(time.Second); (len(due) == 1) != c.looks {
			t.Errorf("%s: %v are read", name, due)
		}
	}
}

// TestHeldBack: news that come so soon after the answer to a write that a reading would not count wait until one does, and those of
// what is never done with are left to the look at all.
func TestHeldBack(t *testing.T) {
	d := newDesk()
	c := lists(exposure.CompareAndSwap, 70)
	c.After = d.now
	d.known["k1/a"] = c
	d.tell("a", 65)
	if due := d.after(3 * time.Second); len(due) != 0 {
		t.Errorf("%v are read, which would not count", due)
	}
	if due := d.after(time.Second); len(due) != 1 {
		t.Errorf("%v are read, want one", due)
	}
	c.Asked = &exposure.Seen{}
	d.known["k1/a"] = c
	d.tell("a", 64)
	d.after(0)
	d.after(patience + 1)
	d.came(t, map[string]int{Looked: 1, Left: 1})
}

// TestFlood: a thousand listings that are told of at once are read a few a second, the oldest first; those that are said to have less,
// or are of a shop that is not written, a few in a while, because the orders are listed after. No more news are kept than there is room for.
func TestFlood(t *testing.T) {
	for _, c := range []struct {
		method    exposure.Method
		told      int64
		a, aWhile int // most in a second, all in the minute after the first
	}{{exposure.CompareAndSwap, 107, rate, 60 * rate}, {exposure.CompareAndSwap, 93, burst, burst}, {exposure.ReadOnly, 107, burst, burst}} {
		d := newDesk()
		for i := range 1000 {
			item := fmt.Sprintf("i%04d", i)
			d.known["k1/"+item] = lists(c.method, 100)
			d.tell(item, c.told)
		}
		d.after(0)
		due := d.after(pause)
		if len(due) != burst || !slices.IsSorted(due) || due[0] != "k1/i0000" {
			t.Errorf("told %d, %v are read at once", c.told, due)
		}
		read := 0
		for range 60 {
			due := d.after(time.Second)
			if read += len(due); len(due) > c.a {
				t.Fatalf("told %d, %d are read in a second", c.told, len(due))
			}
		}
		if read != c.aWhile {
			t.Errorf("told %d, %d are read in a minute, want %d", c.told, read, c.aWhile)
		}
	}
	d := newDesk()
	for i := range most + 100 { // nobody takes them
		d.Add("k2", channels.News{Item: fmt.Sprint(i), Quantity: 7}, d.now)
	}
	if got := d.Counts()[Left]; got != 100 {
		t.Errorf("%d are left, want those beyond %d", got, most)
	}
	NewBook(d.Queue, 0) // whoever begins anew reads all
	if got := d.Counts()[Left]; got != 100+most {
		t.Errorf("%d are left at a new beginning", got)
	}
}

// TestCrowd: of very many hints that wait, not all are gone through at each word of a shop, and whoever waits is woken when they
// are. None is held back for long, and few not at all.
func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.now = time.Now()
		for i := range 2000 {
			d.tell(fmt.Sprintf("i%04d", i), 93)
		}
		d.after(0)
		d.after(pause)
		asked := 0
		stands := func(key string) (exposure.Connection, bool) { asked++; return d.stands(key) }
		for range 100 { // words of the shop in a tenth of a second
			d.now = d.now.Add(time.Millisecond)
			d.Due(d.now, stands)
		}
		if asked != 0 {
			t.Errorf("%d hints were gone through a hundred times in a tenth of a second", asked)
		}
		began := time.Now()
		if at := <-d.Wake(); at.Sub(began) > 200*time.Millisecond {
			t.Errorf("woken after %s", at.Sub(began))
		}
		d.now = d.now.Add(2 * time.Minute)
		if due := d.Due(d.now, stands); len(due) != burst || asked == 0 {
			t.Errorf("%v are read then, of %d", due, asked)
		}
	})
}

// TestFuture: news that a shop dates a day ahead do not make all that follow seem overtaken.
func TestFuture(t *testing.T) {
	d := newDesk()
	d.Add("k1", channels.News{Item: "a", Quantity: 107}, d.now.Add(24*time.Hour))
	d.after(0)
	if due := d.after(pause); len(due) != 1 {
		t.Errorf("%v are read, want one", due)
	}
	d.now = d.now.Add(time.Minute)
	d.tell("a", 93)
	d.after(0)
	if due := d.after(pause); len(due) != 1 {
		t.Errorf("%v are read for what came after it, want one", due)
	}
}

// TestForgets: what is about nothing that the hub keeps leaves nothing behind, neither listings that there are not nor a shop that never
// tells what it lists.
func TestForgets(t *testing.T) {
	d := newDesk()
	d.Add("k1", channels.News{Item: "gone", Quantity: 7}, d.now)
	d.Add("k2", channels.News{Item: "a", Quantity: 7}, d.now)
	d.after(0)
	if len(d.newest)+len(d.hints)+len(d.told) != 0 {
		t.Errorf("kept: %v, %v, %v", d.newest, d.Book.hints, d.told)
	}
	d.came(t, map[string]int{Unknown: 1, Left: 1})
}

// TestWake: whoever waits is woken when the pause is over, and not while nothing waits for that.
func TestWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		d.now = time.Now()
		d.tell("a", 60)
		d.after(0)
		if at := <-d.Wake(); at.Sub(d.now) != pause {
			t.Errorf("woken after %s", at.Sub(d.now))
		}
		d.after(pause)
		select {
		case <-d.Wake():
			t.Error("woken for nothing")
		case <-time.After(time.Hour):
		}
	})
}
