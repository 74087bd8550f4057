package exposure

import (
	"testing"
	"time"
)

// TestBooks: a quantity that neither buyers, cancellations nor writes of ours explain is told once, when the orders up to its
// reading are listed; what they explain is not.
func TestBooks(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(st *story)
		want *Wrong // At left out
	}{
		{name: "nothing happened", do: func(st *story) { st.read("tt", 40); st.list("tt") }},
		{name: "sold", do: func(st *story) {
			st.tell(Sale{Connection: "tt", Units: 3, Created: at(st.sec)})
			st.sec++
			st.read("tt", 37)
			st.list("tt")
		}},
		{name: "sold, and heard of after the reading", do: func(st *story) {
			sold := at(st.sec)
			st.sec++
			st.read("tt", 37)
			st.tell(Sale{Connection: "tt", Units: 3, Created: sold})
			st.list("tt")
		}},
		{name: "sold while it was read", do: func(st *story) {
			began := st.sec
			st.tell(Sent{Action: Action{Connection: "tt", Kind: Read}, At: at(began)})
			st.tell(Sale{Connection: "tt", Units: 3, Created: at(began + 1)})
			st.tell(Reading{Connection: "tt", Quantity: 40, Began: at(began), At: at(began + 2)})
			st.sec += 3
			st.list("tt")
			st.read("tt", 37) // the one before had them still
			st.list("tt")
		}},
		{name: "cancelled and put back, which is heard of late", do: func(st *story) {
			back := at(st.sec)
			st.sec++
			st.read("tt", 42)
			st.tell(Cancelled{Connection: "tt", Units: 2, At: back})
			st.list("tt")
		}},
		{name: "cancelled and not put back", do: func(st *story) {
			st.tell(Cancelled{Connection: "tt", Units: 2, At: at(st.sec)})
			st.sec++
			st.read("tt", 40)
			st.list("tt")
		}},
		{name: "raised by hand", do: func(st *story) { st.read("tt", 55); st.list("tt") }, want: &Wrong{Found: 55, Due: 40}},
		{name: "raised by hand, the orders not listed", do: func(st *story) { st.read("tt", 55) }},
		{name: "lowered by hand", do: func(st *story) { st.read("tt", 25); st.list("tt") }, want: &Wrong{Found: 25, Due: 40}},
		{name: "lowered by hand while two were sold", do: func(st *story) {
			st.tell(Sale{Connection: "tt", Units: 2, Created: at(st.sec)})
			st.sec++
			st.read("tt", 25)
			st.list("tt")
		}, want: &Wrong{Found: 25, Due: 38}},
		{name: "a write of ours", do: func(st *story) { written(st); st.read("tt", 50); st.list("tt") }},
		{name: "a write of ours, and a sale", do: func(st *story) {
			written(st)
			st.tell(Sale{Connection: "tt", Units: 1, Created: at(st.sec)})
			st.sec++
			st.read("tt", 49)
			st.list("tt")
		}},
		{name: "a 0 of ours, written while a reading waited for its orders", do: func(st *story) {
			st.read("tt", 40)
			st.tell(Sent{Action: Action{Connection: "tt", Kind: Zero, Number: 1}, At: at(st.sec)})
			st.sec++
			st.list("tt") // up to the reading from before the 0, too
			st.read("tt", 0)
			st.list("tt")
		}},
		{name: "a 0 of ours, and sales from before it that are heard of late", do: func(st *story) {
			sold := at(st.sec)
			st.tell(Sent{Action: Action{Connection: "tt", Kind: Zero, Number: 1}, At: at(st.sec)})
			st.sec++
			st.read("tt", 0)
			st.tell(Sale{Connection: "tt", Units: 3, Created: sold})
			st.read("tt", 0)
			st.list("tt")
			st.read("tt", 0)
			st.list("tt")
		}},
		{
			name: "a write of ours that came to nothing", do: func(st *story) { written(st); st.read("tt", 0); st.list("tt") },
			want: &Wrong{Found: 0, Due: 50, Wrote: true},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			shop := absolute("tt")
			shop.Settings.Restocks, shop.Settings.Settle = true, 10*time.Second
			st := begin(t, 40, shop)
			st.read("tt", 40)
			st.list("tt")
			c.do(st)
			got, _ := st.s.Find("tt")
			switch {
			case got.Wrong == nil && c.want == nil:
			case got.Wrong == nil || c.want == nil:
				t.Errorf("found wrong %+v, want %+v", got.Wrong, c.want)
			case got.Wrong.Found != c.want.Found || got.Wrong.Due != c.want.Due || got.Wrong.Wrote != c.want.Wrote:
				t.Errorf("found wrong %+v, want %+v", *got.Wrong, *c.want)
			}
		})
	}
}

// written has ten units come and the share of 50 be written, zero first, up to where a reading can show it.
func written(st *story) {
	st.tell(Stocked{Available: 50})
	st.does(Action{Connection: "tt", Kind: Zero})
	st.read("tt", 0)
	st.list("tt")
	st.does(Action{Connection: "tt", Kind: Set, To: 50})
	st.sec += 12
}

// TestLoweredByHandIsRaised: a few units less by hand are written back, though it takes a pause; a few units less by sales
// on a shop that was raised just now are not worth one.
func TestLoweredByHandIsRaised(t *testing.T) {
	shop := absolute("tt")
	shop.Settings.Settle = 10 * time.Second
	st := begin(t, 40, shop)
	st.read("tt", 40)
	st.list("tt")
	written(st)
	st.read("tt", 50)
	st.list("tt")
	st.tell(Stocked{Available: 52})
	st.does() // raised a minute ago
	st.tell(Stocked{Available: 50})
	st.read("tt", 45)
	st.list("tt")
	st.does(Action{Connection: "tt", Kind: Zero})
	st.read("tt", 0)
	st.list("tt")
	st.does(Action{Connection: "tt", Kind: Set, To: 50})
	st.sec += 12
	st.read("tt", 50)
	st.list("tt")
	st.tell(Stocked{Available: 52})
	st.does()
	st.sec += int(rest / time.Second)
	st.does(Action{Connection: "tt", Kind: Zero}) // two units that nobody else has, after a while
}
