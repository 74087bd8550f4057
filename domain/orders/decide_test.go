package orders

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders/demand"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/money"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// news is order 7 of shop k7 in a state, so many seconds after it was made.
func news(status string, second int, packages ...string) News {
	price := money.Money{Minor: 250, Currency: "GBP"}
	n := News{
		Connection: "k7", Channel: "tiktok", ChannelID: "7", Status: status, Vendor: strings.ToUpper(status), Packages: packages,
		Lines:   []events.Line{{Listing: "1", Code: "a", Quantity: 2, Price: price}, {Listing: "2", Code: "b", Quantity: 1, Price: price}},
		Total:   money.Money{Minor: 750, Currency: "GBP"},
		Buyer:   "p1",
		Created: start, Updated: start.Add(time.Duration(second) * time.Second),
	}
	if rank(status) > rank(Authorised) && status != Cancelled {
		n.Paid = start
	}
	return n
}

// take decides news one after the other and returns the names of all events, without "order.".
func take(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, s State, all ...News,
) (State, []string) {
	t.Helper()
	var names []string
	for _, n := range all {
		decided, err := observe(s, n)
		if err != nil {
			t.Fatalf("observe %s: %v", n.Status, err)
		}
		for _, e := range decided {
			s = evolve(s, e)
			names = append(names, strings.TrimPrefix(e.EventName(), "order."))
		}
	}
	return s, names
}

func TestObserve(t *testing.T) {
	tests := []struct {
		name   string
		news   []News
		events string
		status string
		paid   bool
	}{
		{"once", []News{news(Ready, 0)}, "placed", Ready, true},
		{"the same webhook twice", []News{news(Ready, 0), news(Ready, 0)}, "placed", Ready, true},
		{"unpaid", []News{news(Unpaid, 0)}, "placed", Unpaid, false},
		{"reserved", []News{news(Authorised, 0)}, "placed", Authorised, false},
		{"reserved, then taken", []News{news(Authorised, 0), news(Ready, 1)}, "placed status_changed payment_completed", Ready, true},
		{"reserved for too long", []News{news(Authorised, 0), news(Unpaid, 1)}, "placed status_changed", Unpaid, false},
		{"leaving unpaid", []News{news(Unpaid, 0), news(OnHold, 1)}, "placed status_changed payment_completed", OnHold, true},
		{"leaving unpaid, twice", []News{news(Unpaid, 0), news(OnHold, 1), news(OnHold, 1)}, "placed status_changed payment_completed", OnHold, true},
		{"paid once", []News{news(Unpaid, 0), news(OnHold, 1), news(Ready, 2)}, "placed status_changed payment_completed status_changed", Ready, true},
		{"the payment comes late", []News{news(Unknown, 5), news(OnHold, 1)}, "placed superseded payment_completed", Unknown, true},
		{"a word we do not know", []News{news("bazaar", 0)}, "placed", Unknown, false},
		{"late", []News{news(Transit, 5), news(Ready, 3)}, "placed superseded", Transit, true},
		{"late, again and again", []News{news(Transit, 5), news(Ready, 3), news(Ready, 3), news(OnHold, 2), news(Ready, 3)}, "placed superseded superseded", Transit, true},
		{"an older copy of the same", []News{news(Ready, 5), news(Ready, 3)}, "placed", Ready, true},
		{"unchanged but newer", []News{news(Ready, 1), news(Ready, 3)}, "placed confirmed", Ready, true},
		{"news from between", []News{news(Ready, 1), news(Ready, 3), news(OnHold, 2)}, "placed confirmed superseded", Ready, true},
		{"same second, further", []News{news(Ready, 1), news(Arranged, 1)}, "placed status_changed", Arranged, true},
		{"same second, less far", []News{news(Arranged, 1), news(Ready, 1)}, "placed superseded", Arranged, true},
		{"same second, packages", []News{news(Ready, 1), news(Ready, 1, "p")}, "placed status_changed", Ready, true},
		{"the channel goes back", []News{news(Arranged, 1), news(Ready, 2)}, "placed status_changed", Ready, true},
		{"cancelled", []News{news(Ready, 1), news(Cancelled, 2)}, "placed cancelled", Cancelled, true},
		{"cancelled twice", []News{news(Ready, 1), news(Cancelled, 2), news(Cancelled, 4)}, "placed cancelled", Cancelled, true},
		{"cancelled before we ever saw it", []News{news(Cancelled, 2)}, "placed cancelled", Cancelled, false},
		{"cancelled comes late", []News{news(Delivered, 5), news(Cancelled, 2)}, "placed cancelled", Cancelled, true},
		{"cancelled is final", []News{news(Ready, 1), news(Cancelled, 2), news(Transit, 3), news(Transit, 3)}, "placed cancelled superseded", Cancelled, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, names := take(t, State{}, test.news...)
			if got := strings.Join(names, " "); got != test.events {
				t.Errorf("got events %s, want %s", got, test.events)
			}
			if s.Status != test.status || s.Paid != test.paid {
				t.Errorf("got %s, paid %t; want %s, %t", s.Status, s.Paid, test.status, test.paid)
			}
		})
	}
}

// What the channel changes in an order that is known is kept and said.
func TestAmended(t *testing.T) {
	of := func(second int, a, b, total int64) News {
		n := news(Ready, second)
		n.Lines[0].Quantity, n.Lines[1].Quantity, n.Total.Minor = a, b, total
		n.Lines = slices.DeleteFunc(n.Lines, func(l events.Line) bool { return l.Quantity == 0 })
		return n
	}
	turned := of(3, 2, 1, 750)
	slices.Reverse(turned.Lines)
	turned.Lines[0].Name = "renamed"
	moved := of(3, 1, 1, 500)
	moved.Status = Arranged
	silent := news(Arranged, 3)
	silent.Lines, silent.Total = nil, money.Money{}
	other := of(3, 2, 1, 750)
	other.Lines = append(other.Lines, events.Line{Listing: "3", Code: "c", Quantity: 4, Price: other.Lines[0].Price})
	priced := of(3, 2, 1, 750)
	priced.Lines[0].Price.Minor = 240
	much := of(3, 1, 1, 700)
	for _, code := range []string{"x", "y", "z"} {
		much.Lines = append(much.Lines, events.Line{Listing: code, Code: code, Quantity: 2, Price: much.Lines[0].Price})
	}
	const ends = " The sales figures count the total that it shows. Send what the channel lists."
	const kept = " Stock stays reserved as ordered." + ends
	const letter = " Of an order that has left already a letter says what to do." + ends
	const less, more = " What it does not list any more is free for others.", " What it lists beyond what was ordered is reserved, too; if there is too little stock for that, the order says so and waits."
	const freed, taken, both = less + letter, more + letter, less + more + letter
	const back = " Units that were freed meanwhile are reserved again, and if there is too little stock for them, the order says so; units that were added meanwhile are free."
	tests := []struct {
		name     string
		news     []News
		events   string
		sentence string // of the last amendment
	}{
		{"a unit cancelled", []News{of(3, 1, 1, 500)}, "amended", "The channel now lists 1 of 2 × SKU a, a total of 5.00 GBP instead of 7.50 GBP." + freed},
		{"twice told", []News{of(3, 1, 1, 500), of(3, 1, 1, 500), of(4, 1, 1, 500)}, "amended confirmed", "The channel now lists 1 of 2 × SKU a, a total of 5.00 GBP instead of 7.50 GBP." + freed},
		{"a line cancelled, another raised", []News{of(3, 3, 0, 750)}, "amended", "The channel now lists 3 instead of 2 × SKU a, 0 of 1 × SKU b." + both},
		{"a line more", []News{other}, "amended", "The channel now lists 4 instead of 0 × SKU c." + taken},
		{"another total alone", []News{of(3, 2, 1, 700)}, "amended", "The channel now lists a total of 7.00 GBP instead of 7.50 GBP." + kept},
		{"another price alone", []News{priced}, "amended", "The channel now lists the same units under other listings or at other prices." + kept},
		{"much at once", []News{much}, "amended", "The channel now lists 1 of 2 × SKU a, 2 instead of 0 × SKU x, 2 instead of 0 × SKU y, 2 more changes." + both},
		{"and back", []News{of(3, 1, 1, 500), of(4, 2, 1, 750)}, "amended amended", "The channel lists the units and the total of this order as it was placed." + back},
		{"in another order, renamed", []News{turned}, "confirmed", ""},
		{"moved on as well", []News{moved}, "status_changed amended", "The channel now lists 1 of 2 × SKU a, a total of 5.00 GBP instead of 7.50 GBP." + freed},
		{"without a word of lines", []News{silent}, "status_changed", ""},
		{"late", []News{of(1, 3, 1, 1000)}, "superseded", ""},
		{"in the same second", []News{of(2, 1, 1, 500), of(2, 2, 1, 750)}, "amended", "The channel now lists 1 of 2 × SKU a, a total of 5.00 GBP instead of 7.50 GBP." + freed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, _ := take(t, State{}, news(Ready, 2))
			var names []string
			sentence := ""
			for _, n := range test.news {
				decided, err := observe(s, n)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range decided {
					s = evolve(s, e)
					names = append(names, strings.TrimPrefix(e.EventName(), "order."))
					if e, ok := e.(events.Amended); ok {
						sentence = e.Sentence
					}
				}
			}
			if got := strings.Join(names, " "); got != test.events || sentence != test.sentence {
				t.Errorf("got %s\n%q, want %s\n%q", got, sentence, test.events, test.sentence)
			}
			s = evolve(s, events.Matched{Order: "k7:7", SKUs: []string{"a", "b"}})
			most := int64(2)
			for _, line := range s.Lines {
				if line.Code == "a" {
					most = max(most, line.Quantity)
				}
			}
			if got, want := s.Demand(), []demand.Need{{SKU: "a", Quantity: most}, {SKU: "b", Quantity: 1}}; !slices.Equal(got, want) {
				t.Errorf("it demands %v, want the most that it was listed with: %v", got, want)
			}
		})
	}
	s, _ := take(t, State{}, news(Ready, 2))
	if _, err := observe(s, of(3, -1, 1, 500)); !errors.Is(err, ErrQuantity) {
		t.Errorf("lines that make no sense: %v, want the refusal", err)
	}
	if _, names := take(t, s, News{Connection: "k7", ChannelID: "7", Status: Cancelled, Updated: start.Add(time.Minute)}); len(names) != 1 {
		t.Errorf("a cancellation is a cancellation whatever it lists: %v", names)
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name   string
		change func(*News)
		want   error
	}{
		{"no connection", func(n *News) { n.Connection = "" }, ErrNoID},
		{"no id", func(n *News) { n.ChannelID = "" }, ErrNoID},
		{"an id that no stream can have", func(n *News) { n.ChannelID = "7\x00" }, ErrNoID},
		{"no lines", func(n *News) { n.Lines = nil }, ErrNoLines},
		{"quantity 0", func(n *News) { n.Lines[1].Quantity = 0 }, ErrQuantity},
		{"quantity −1", func(n *News) { n.Lines[1].Quantity = -1 }, ErrQuantity},
		{"quantity beyond sums", func(n *News) { n.Lines[1].Quantity = 1 << 31 }, ErrQuantity},
		{"no code", func(n *News) { n.Lines[0].Code = "" }, ErrCode},
		{"a code that no stream can have", func(n *News) { n.Lines[0].Code = "a\x00b" }, ErrCode},
		{"a code that is no text", func(n *News) { n.Lines[0].Code = "\xff" }, ErrCode},
		{"a long code", func(n *News) { n.Lines[0].Code = strings.Repeat("c", 201) }, ErrCode},
		{"two currencies", func(n *News) { n.Lines[0].Price.Currency = "EUR" }, ErrTotal},
		{"no currency", func(n *News) {
			n.Total, n.Lines[0].Price, n.Lines[1].Price = money.Money{}, money.Money{}, money.Money{}
		}, ErrTotal},
		{"total below nothing", func(n *News) { n.Total.Minor = -1 }, ErrTotal},
		{"price below nothing", func(n *News) { n.Lines[0].Price.Minor = -1 }, ErrTotal},
		{"a total no sum could hold", func(n *News) { n.Total.Minor = MaxTotal + 1 }, ErrTotal},
		{"a price no sum could hold", func(n *News) { n.Lines[0].Price.Minor = MaxTotal + 1 }, ErrTotal},
		{"no state version", func(n *News) { n.Updated = time.Time{} }, ErrTime},
		{"a year that JSON cannot write", func(n *News) { n.Updated = start.AddDate(9000, 0, 0) }, ErrTime},
		{"made in such a year", func(n *News) { n.Created = start.AddDate(9000, 0, 0) }, ErrTime},
		{"paid in such a year", func(n *News) { n.Paid = start.AddDate(9000, 0, 0) }, ErrTime},
		{"to be shipped in such a year", func(n *News) { n.ShipBy = start.AddDate(9000, 0, 0) }, ErrTime},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := news(Ready, 0)
			test.change(&n)
			decided, err := observe(State{}, n)
			if !errors.Is(err, test.want) || decided != nil {
				t.Errorf("got %v, %v; want %v", decided, err, test.want)
			}
		})
	}
}

func TestCreatedFallsBackToUpdated(t *testing.T) {
	n := news(Ready, 9)
	n.Created = time.Time{}
	s, _ := take(t, State{}, n)
	if !s.Placed.Created.Equal(n.Updated) {
		t.Errorf("got %s, want %s", s.Placed.Created, n.Updated)
	}
}

func TestDemand(t *testing.T) {
	n := news(Ready, 0)
	n.Lines = append(n.Lines, events.Line{Listing: "3", Code: "c", Quantity: 4, Price: n.Lines[0].Price})
	s, _ := take(t, State{}, n)
	if got := s.Demand(); got != nil {
		t.Errorf("before it is matched: %v, want nothing", got)
	}
	s = evolve(s, events.Matched{Order: "k7:7", SKUs: []string{"z", "a", "z"}})
	if got, want := s.Demand(), []demand.Need{{SKU: "a", Quantity: 1}, {SKU: "z", Quantity: 6}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	s = evolve(s, events.Exploded{Order: "k7:7", Bundles: []events.Bundle{{SKU: "z", Components: []events.Component{{SKU: "a", Quantity: 2}, {SKU: "b", Quantity: 1}}}}})
	s = evolve(s, events.Exploded{Order: "k7:7", Bundles: []events.Bundle{{SKU: "b", Components: []events.Component{{SKU: "c", Quantity: 3}}}, {SKU: "no line", Components: []events.Component{{SKU: "a", Quantity: 1}}}}})
	if got, want := s.Demand(), []demand.Need{{SKU: "a", Quantity: 13}, {SKU: "c", Quantity: 18}}; !slices.Equal(got, want) {
		t.Errorf("exploded: got %v, want %v", got, want)
	}
	s = evolve(s, events.ShippingAsked{Order: "k7:7", Request: 1, Action: ActionShip, Items: []events.ParcelItem{{Listing: "3", Quantity: 1}}})
	if got := s.Sent(); len(got) != 2 || got["a"] != 2 || got["c"] != 3 {
		t.Errorf("a parcel with one of the bundle has %v", got)
	}
}

// shown is what of an order must not depend on how its news came.
func shown(s State) any {
	if s.Status == Cancelled { // final: whether it was paid before does not matter any more
		s.Paid, s.Updated, s.Lines, s.Total = false, time.Time{}, nil, money.Money{}
	}
	return []any{s.Status, s.Vendor, s.Packages, s.Updated, s.Paid, listed.Sorted(s.Lines), s.Total}
}

func drawNews(t *rapid.T) News {
	status := rapid.SampledFrom(progress).Draw(t, "status")
	var packages []string
	if status != Cancelled {
		packages = rapid.SampledFrom([][]string{nil, {"p"}, {"q"}, {"p", "q"}}).Draw(t, "packages")
	}
	n := news(status, rapid.IntRange(0, 4).Draw(t, "second"), packages...)
	if status != Cancelled && rapid.Bool().Draw(t, "another word") {
		n.Vendor = "OTHER"
	}
	n.Lines[0].Quantity = rapid.Int64Range(1, 3).Draw(t, "units")
	n.Total.Minor = rapid.SampledFrom([]int64{500, 750}).Draw(t, "total")
	if status == Unpaid && rapid.Bool().Draw(t, "hidden") {
		n = hidden(n)
	}
	if rapid.Bool().Draw(t, "turned") {
		slices.Reverse(n.Lines)
	}
	return n
}

// The state of an order depends on the set of news alone: not on repeats, order or delay.
func TestStateIndependentOfRepetitionAndOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.SliceOfN(rapid.Custom(drawNews), 1, 6).Draw(t, "news")
		straight := slices.Clone(set)
		slices.SortStableFunc(straight, func(a, b News) int { return a.Updated.Compare(b.Updated) })
		want, _ := take(t, State{}, straight...)

		again := append(slices.Clone(set), rapid.SliceOfN(rapid.SampledFrom(set), 0, 6).Draw(t, "repeats")...)
		got, _ := take(t, State{}, rapid.Permutation(again).Draw(t, "delivered")...)
		if !reflect.DeepEqual(shown(got), shown(want)) {
			t.Fatalf("got %+v, in order %+v", shown(got), shown(want))
		}
		got, _ = take(t, got, again...) // what was an older copy may be late news now
		if _, names := take(t, got, again...); len(names) != 0 || !reflect.DeepEqual(shown(got), shown(want)) {
			t.Fatalf("all of it once more yields %v, want nothing", names)
		}
	})
}

// hidden is news of a channel that tells neither money nor buyer before it has the money.
func hidden(n News) News {
	n.Lines, n.Buyer, n.Total.Minor = slices.Clone(n.Lines), "", 0
	for i := range n.Lines {
		n.Lines[i].Price.Minor = 0
	}
	return n
}

// Of news that still hide the money nothing is disclosed.
func TestNothingDisclosed(t *testing.T) {
	later := hidden(news(Ready, 3))
	if _, names := take(t, State{}, hidden(news(Unpaid, 1)), later, later); strings.Join(names, " ") != "placed status_changed payment_completed" {
		t.Errorf("got %v", names)
	}
}

// An order that was sent before its money was taken is paid once it is.
func TestOwed(t *testing.T) {
	owed := news(Transit, 1)
	owed.Owed, owed.Paid, owed.Vendor = true, time.Time{}, "AUTHORIZED"
	s, names := take(t, State{}, news(Authorised, 0), owed)
	if strings.Join(names, " ") != "placed status_changed" || s.Paid || !s.Owed {
		t.Errorf("got %v, paid %v, owed %v", names, s.Paid, s.Owed)
	}
	s, names = take(t, s, news(Transit, 2))
	if strings.Join(names, " ") != "status_changed payment_completed" || !s.Paid || s.Owed {
		t.Errorf("got %v, paid %v, owed %v", names, s.Paid, s.Owed)
	}
}

// paidSo are later news of the same money that show it as paid.
func paidSo(n News) News {
	n.Status, n.Vendor, n.Updated = Ready, "READY", n.Updated.Add(time.Second)
	return n
}

// An order that was placed before its channel told any money counts with what it costs, and belongs to its buyer.
func TestDisclosed(t *testing.T) {
	fewer := news(Ready, 3)
	fewer.Lines, fewer.Total.Minor = []events.Line{fewer.Lines[1]}, 250
	turned := news(Ready, 3)
	slices.Reverse(turned.Lines)
	late := news(Ready, 0)
	part := news(Unpaid, 1)
	part.Lines, part.Total.Minor = slices.Clone(part.Lines), 250
	part.Lines[1].Price.Minor = 0
	earlier := part
	earlier.Updated = late.Updated
	free := news(Ready, 0)
	for i := range free.Lines {
		free.Lines[i].Price.Minor = 0
	}
	free.Total.Minor = 0
	tests := []struct {
		name   string
		news   []News
		events string
		total  int64
		prices []int64
		listed int64 // the total that the channel lists now
	}{
		{"as it is paid", []News{hidden(news(Unpaid, 1)), news(Ready, 3)}, "placed disclosed status_changed payment_completed", 750, []int64{250, 250}, 750},
		{"twice", []News{hidden(news(Unpaid, 1)), news(Ready, 3), news(Ready, 3)}, "placed disclosed status_changed payment_completed", 750, []int64{250, 250}, 750},
		{"in the same second", []News{hidden(news(Unpaid, 1)), news(Ready, 1)}, "placed disclosed status_changed payment_completed", 750, []int64{250, 250}, 750},
		{"still unpaid", []News{hidden(news(Unpaid, 1)), news(Unpaid, 3), news(Unpaid, 3)}, "placed disclosed", 750, []int64{250, 250}, 750},
		{"listed in another order", []News{hidden(news(Unpaid, 1)), turned}, "placed disclosed status_changed payment_completed", 750, []int64{250, 250}, 750},
		{"of fewer units", []News{hidden(news(Unpaid, 1)), fewer}, "placed disclosed status_changed amended payment_completed", 250, []int64{0, 250}, 250},
		{"late", []News{hidden(news(Unpaid, 1)), late, late}, "placed disclosed superseded payment_completed", 750, []int64{250, 250}, 0},
		{"late, and then in time", []News{hidden(news(Unpaid, 1)), late, news(Ready, 3)}, "placed disclosed superseded payment_completed disclosed status_changed", 750, []int64{250, 250}, 750},
		{"in part first", []News{part, news(Ready, 3)}, "placed disclosed status_changed payment_completed", 750, []int64{250, 250}, 750},
		{"in part, in whole and in part again", []News{part, news(Unpaid, 3), earlier}, "placed disclosed superseded", 750, []int64{250, 250}, 750},
		{"in part, paid so", []News{part, paidSo(part), news(Ready, 3)}, "placed status_changed payment_completed amended", 250, []int64{250, 0}, 750},
		{"told at once", []News{news(Unpaid, 1), news(Ready, 3)}, "placed status_changed payment_completed", 750, []int64{250, 250}, 750},
		{"a gift that costs something later", []News{free, news(Ready, 3)}, "placed amended", 0, []int64{0, 0}, 750},
		{"never", []News{hidden(news(Unpaid, 1)), news(Cancelled, 3)}, "placed cancelled", 0, []int64{0, 0}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, names := take(t, State{}, test.news...)
			if got := strings.Join(names, " "); got != test.events {
				t.Errorf("got events %s, want %s", got, test.events)
			}
			if s.Placed.Total.Minor != test.total || s.Total.Minor != test.listed {
				t.Errorf("counts %s, lists %s; want %d and %d", s.Placed.Total, s.Total, test.total, test.listed)
			}
			var prices []int64
			for _, l := range s.Placed.Lines {
				prices = append(prices, l.Price.Minor)
			}
			if !slices.Equal(prices, test.prices) {
				t.Errorf("prices %d, want %d", prices, test.prices)
			}
			if want := s.Status != Cancelled; (s.Placed.Buyer == "p1") != want {
				t.Errorf("bought by %q", s.Placed.Buyer)
			}
		})
	}
}

// However its news come, an order that lives has a buyer and money once one of them showed both, is paid with that money, and
// takes the units that it was placed with.
func TestDisclosedWhateverTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.SliceOfN(rapid.Custom(drawNews).Filter(func(n News) bool { return n.Status != Cancelled }), 1, 6).Draw(t, "news")
		var s State
		tells, paid := false, money.Money{}
		for _, n := range set {
			tells = tells || n.Buyer != ""
			decided, err := observe(s, n)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range decided {
				s = evolve(s, e)
				if e, ok := e.(events.PaymentCompleted); ok {
					paid = e.Total
				}
			}
		}
		if known := s.Placed.Buyer != "" && s.Placed.Total.Minor != 0; known != tells {
			t.Fatalf("told %t; placed with %q and %s", tells, s.Placed.Buyer, s.Placed.Total)
		}
		if paid.Currency != "" && paid != s.Placed.Total {
			t.Fatalf("paid with %s, placed with %s", paid, s.Placed.Total)
		}
		for _, l := range s.Placed.Lines {
			i := slices.IndexFunc(set[0].Lines, func(first events.Line) bool { return first.Code == l.Code })
			if set[0].Lines[i].Quantity != l.Quantity {
				t.Fatalf("%s was ordered %d times and counts %d times", l.Code, set[0].Lines[i].Quantity, l.Quantity)
			}
		}
	})
}

// What is decided folds back from its stored form.
func TestStateFromStoredEvents(t *testing.T) {
	s, _ := take(t, State{}, news(Unpaid, 0), news(Ready, 2, "p"))
	var again State
	for _, e := range []eventlog.Event{
		s.Placed, events.StatusChanged{To: Ready, Vendor: "READY", Packages: []string{"p"}, Updated: s.Updated}, events.PaymentCompleted{},
	} {
		again = evolve(again, e)
	}
	if !reflect.DeepEqual(s, again) {
		t.Errorf("got %+v, want %+v", again, s)
	}
}

// FuzzObserve feeds the rule what no parser has looked at.
func FuzzObserve(f *testing.F) {
	f.Add("k7", "7", "ready", "READY", "a", "GBP", int64(1), int64(100), int64(1_700_000_000))
	f.Add("", "\x00", "cancelled", "", "\xff", "", int64(-1), int64(-1), int64(1<<62))
	f.Fuzz(func(t *testing.T, connection, id, status, vendor, code, currency string, quantity, minor, seconds int64) {
		n := News{
			Connection: connection, ChannelID: id, Status: status, Vendor: vendor, Updated: time.Unix(seconds, 0),
			Lines: []events.Line{{Code: code, Quantity: quantity, Price: money.Money{Minor: minor, Currency: currency}}},
			Total: money.Money{Minor: minor, Currency: currency},
		}
		decided, err := observe(State{}, n)
		var no eventlog.Refusal
		if (err == nil) == (len(decided) == 0) || err != nil && !errors.As(err, &no) {
			t.Fatalf("got %v, %v; want events or a refusal", decided, err)
		}
		var s State
		for _, e := range decided {
			s = evolve(s, e)
		}
		if again, err := observe(s, n); err == nil && len(again) != 0 {
			t.Fatalf("the same again yields %v", again)
		}
	})
}

// Where an order goes is taken in while its state stays the same, and what news leave out is not forgotten.
func TestWhereItGoesIsKeptFieldByField(t *testing.T) {
	type where = events.Destination
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name   string
		first  where
		later  time.Duration
		status string
		news   where
		want   where
		events int // of the later news
	}{
		{"told later", where{}, time.Minute, Ready, where{Address: "a1"}, where{Address: "a1"}, 1},
		{"told with the same version", where{}, 0, Ready, where{Address: "a1", Mismatch: true}, where{Address: "a1", Mismatch: true}, 1},
		{"the same with the same version", where{Address: "a1"}, 0, Ready, where{Address: "a1"}, where{Address: "a1"}, 0},
		{"changed", where{Address: "a1"}, time.Minute, Ready, where{Address: "a2"}, where{Address: "a2"}, 1},
		{"billed elsewhere, no address", where{Address: "a1"}, time.Minute, Partial, where{Mismatch: true}, where{Address: "a1", Mismatch: true}, 1},
		{"nothing told", where{Address: "a1", Mismatch: true}, time.Minute, Partial, where{}, where{Address: "a1", Mismatch: true}, 1},
		{"billed there after all", where{Address: "a1", Mismatch: true}, time.Minute, Ready, where{Address: "a1"}, where{Address: "a1"}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rule := Observing()
			var s State
			n := News{
				Connection: "k7", ChannelID: "1", Status: Ready, Vendor: "V", Total: money.Money{Minor: 1, Currency: "GBP"}, Created: at, Updated: at,
				Lines: []events.Line{{Listing: "1", Code: "a", Quantity: 1, Price: money.Money{Minor: 1, Currency: "GBP"}}}, Destination: test.first,
			}
			take := func() int {
				decided, err := rule.Decide(s, n)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range decided {
					s = rule.Evolve(s, e)
				}
				return len(decided)
			}
			take()
			n.Updated, n.Status, n.Destination = at.Add(test.later), test.status, test.news
			if got := take(); got != test.events || s.Destination != test.want {
				t.Errorf("%d events, it goes %+v; want %d, %+v", got, s.Destination, test.events, test.want)
			}
			if got := take(); got != 0 {
				t.Errorf("the same again: %d events", got)
			}
		})
	}
}
