package orders

import (
	"testing"

	events "github.com/creatorflow/creatorflow/domain/events/orders"
	"github.com/creatorflow/creatorflow/domain/orders/listed"
)

// TestLosingListIsKept: of two lists of one order the one that loses is in the history, also when nothing else tells the two
// news apart, and once however often it comes.
func TestLosingListIsKept(t *testing.T) {
	three, two, one := news(Ready, 1), news(Ready, 1), news(Ready, 2)
	for n, of := range map[*News]int64{&three: 3, &two: 2, &one: 1} {
		n.Lines = []events.Line{{Listing: "1", Code: "a", Quantity: of, Price: n.Lines[0].Price}}
	}
	for _, test := range []struct {
		name string
		news []News
		kept []News // as superseded, in this order
	}{
		{"late", []News{one, two}, []News{two}},
		{"late, in two forms of one second", []News{one, two, three, two, three}, []News{two, three}},
		{"at the same second", []News{two, three, three}, []News{three}},
		{"after it was cancelled", []News{two, news(Cancelled, 3), one}, []News{one}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var s State
			var kept []events.Superseded
			for _, n := range test.news {
				decided, err := observe(s, n)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range decided {
					s = evolve(s, e)
					if e, ok := e.(events.Superseded); ok {
						kept = append(kept, e)
					}
				}
			}
			if len(kept) != len(test.kept) {
				t.Fatalf("kept %+v, want %d", kept, len(test.kept))
			}
			for i, want := range test.kept {
				if got := (listed.List{Lines: kept[i].Lines, Total: kept[i].Total}); listed.Compare(got, want.list()) != 0 {
					t.Errorf("kept %+v, want %+v", got, want.list())
				}
			}
		})
	}
}
