package catalogue

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/domain/events/shops"
)

// shown is a live listing with 5 units, from "id code"; a - before the id takes it down, a code of - is none.
func shown(text string) shops.Shown {
	id, code, _ := strings.Cut(text, " ")
	l := shops.Shown{Connection: "k7", Listing: id, Product: "p" + id, Code: code, Title: "Thing " + id, Status: live, Vendor: "ACTIVATE", Quantity: 5}
	if down, ok := strings.CutPrefix(id, "-"); ok {
		l.Listing, l.Status = down, "off"
	}
	if code == "-" {
		l.Code, l.Uncoded = l.Listing, true
	}
	return l
}

func known(skus ...string) Known {
	k := Known{Codes: map[string]State{"HAND": {SKU: "B"}, "AUTO": {SKU: "AUTO", Import: 1}, "7": {SKU: "A"}}, SKUs: map[string]bool{}, Alike: map[string][]string{}}
	for _, sku := range skus {
		k.SKUs[sku] = true
		k.Alike[Alike(sku)] = append(k.Alike[Alike(sku)], sku)
	}
	return k
}

func TestPlan(t *testing.T) {
	tests := []struct {
		name   string
		shop   []string // listings
		create bool
		want   string // of each: what is done, its state, kind of conflict, SKU
		says   string // in the first one's sentence
	}{
		{"the SKU's own spelling", []string{"1 A"}, false, "map mapped A", "Its code is the SKU A."},
		{"mapped by a person", []string{"1 HAND"}, false, "keep mapped B", "A person mapped it"},
		{"mapped by an import before", []string{"1 AUTO"}, false, "keep mapped AUTO", "An import mapped it"},
		{"no SKU", []string{"1 C"}, false, "leave unmatched", `There is no SKU "C"`},
		{"no SKU, one is to be made", []string{"1 C"}, true, "create unmatched C", "with the 5 listed"},
		{"not for sale", []string{"-1 C"}, true, "leave unmatched", "not for sale"},
		{"a code that is no SKU", []string{"1 " + strings.Repeat("c", 101)}, true, "leave unmatched", "cannot be a SKU"},
		{"no code", []string{"1 -"}, true, "leave no_code", "map its id 1"},
		{"no code, and its id is mapped", []string{"7 -"}, true, "keep mapped A", "A person mapped it"},
		{"a code given twice", []string{"1 A", "2 A"}, true, "leave conflict same_code A; leave conflict same_code A", "Listing 2 of this shop has the code"},
		{"a code given twice and no SKU", []string{"1 C", "2 C"}, true, "leave conflict same_code; leave conflict same_code", "Listing 2"},
		{"the other one is down", []string{"1 A", "-2 A"}, false, "map mapped A; keep mapped A", "Its code"},
		{"two codes that mean one SKU", []string{"1 B", "2 HAND"}, false, "leave conflict same_sku B; leave conflict same_sku B", "Listing 2 of this shop means the SKU B too"},
		{"the other code is down", []string{"1 B", "-2 HAND"}, false, "map mapped B; keep mapped B", "Its code"},
		{"another case", []string{"1 a"}, true, "leave conflict alike_sku", `like the SKU "A"`},
		{"a space within", []string{"1 RED LAMP"}, true, "leave conflict alike_sku", `like the SKU "REDLAMP"`},
		{"full-width letters", []string{"1 ＲＥＤＬＡＭＰ"}, true, "leave conflict alike_sku", `like the SKU "REDLAMP"`},
		{"an invisible character", []string{"1 A\u200b"}, true, "leave conflict alike_sku", `like the SKU "A"`},
		{"alike, but it is a SKU itself", []string{"1 redlamp"}, false, "map mapped redlamp", "Its code"},
		{"two codes alike and no SKU", []string{"1 C", "2 c"}, true, "leave conflict alike_code; leave conflict alike_code", `like the code "c"`},
		{"an accent makes another code", []string{"1 Á"}, true, "create unmatched Á", "with the 5 listed"},
		{"nothing", nil, true, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var shop []shops.Shown
			for _, text := range test.shop {
				shop = append(shop, shown(text))
			}
			steps := Plan(shop, known("A", "B", "AUTO", "REDLAMP", "redlamp"), test.create)
			var got []string
			for _, s := range steps {
				got = append(got, strings.Join(strings.Fields(strings.Join([]string{s.Do, s.State, s.Conflict, s.SKU}, " ")), " "))
				if s.Sentence == "" || s.State == Mapped != (s.Do == DoMap || s.Do == DoKeep) {
					t.Errorf("%+v", s)
				}
			}
			if text := strings.Join(got, "; "); text != test.want {
				t.Errorf("got %q, want %q", text, test.want)
			}
			if len(steps) > 0 && !strings.Contains(steps[0].Sentence, test.says) {
				t.Errorf("it says %q, want %q in it", steps[0].Sentence, test.says)
			}
		})
	}
	none := shown("1 C")
	none.Quantity = 0
	if s := Plan([]shops.Shown{none}, known(), true)[0]; s.Do != DoLeave || !strings.Contains(s.Sentence, "lists none") {
		t.Errorf("a sold-out listing without a SKU: %+v", s)
	}
}

// An import says what nobody said, and takes back what nobody has said since.
func TestImportMapping(t *testing.T) {
	hand, auto, undo := Mapping(), ImportMapping(), Unmapping()
	ask := Imported{Map: Map{"k7", "A", "A"}, Number: 2}
	tests := []struct {
		name  string
		s     State
		maps  bool
		takes bool
	}{
		{"nobody said", State{}, true, false},
		{"a person said", State{SKU: "A"}, false, false},
		{"this import said", State{SKU: "A", Import: 2}, false, true},
		{"another import said", State{SKU: "A", Import: 1}, false, false},
	}
	for _, test := range tests {
		mapped, err := auto.Decide(test.s, ask)
		taken, err2 := undo.Decide(test.s, ask)
		if err != nil || err2 != nil || len(mapped) == 1 != test.maps || len(taken) == 1 != test.takes {
			t.Errorf("%s: maps %v, %v, takes back %v, %v", test.name, mapped, err, taken, err2)
		}
	}
	mine, err := hand.Decide(State{SKU: "A", Import: 2}, ask.Map)
	if err != nil || len(mine) != 1 || hand.Evolve(State{}, mine[0]) != (State{SKU: "A"}) {
		t.Errorf("a person's word over the same of an import: %v, %v", mine, err)
	}
	if _, err := auto.Decide(State{}, Imported{Map: Map{"k7", "", "A"}}); !errors.Is(err, ErrCode) {
		t.Errorf("no code: %v", err)
	}
}

func TestImports(t *testing.T) {
	begin, undo := Importing(), Undoing()
	s := Import{}
	tell := func(e ...any) {
		for _, e := range e {
			s = evolveImport(s, e.(interface{ EventName() string }))
		}
	}
	decided, err := begin.Decide(s, shops.ImportBegun{Connection: "k7", Create: true})
	if err != nil || decided[0] != (shops.ImportBegun{Connection: "k7", Number: 1, Create: true}) {
		t.Fatalf("the first import: %v, %v", decided, err)
	}
	tell(decided[0])
	if _, err := begin.Decide(s, shops.ImportBegun{}); !errors.Is(err, ErrImporting) {
		t.Errorf("a second one beside it: %v", err)
	}
	if _, err := undo.Decide(s, shops.UndoBegun{}); !errors.Is(err, ErrImporting) {
		t.Errorf("an undo beside it: %v", err)
	}
	tell(shops.ImportWentOn{Number: 1, Mapped: 3}, shops.ImportEnded{Number: 1, Mapped: 4})
	tell(shops.ImportBegun{Number: 2}, shops.ImportEnded{Number: 2}) // finds nothing new
	decided, err = undo.Decide(s, shops.UndoBegun{Connection: "k7"})
	if err != nil || decided[0] != (shops.UndoBegun{Connection: "k7", Number: 1}) {
		t.Fatalf("an undo takes back %v, %v; want the import that mapped something", decided, err)
	}
	tell(decided[0])
	if _, err := begin.Decide(s, shops.ImportBegun{}); !errors.Is(err, ErrImporting) {
		t.Errorf("an import beside the undo: %v", err)
	}
	tell(shops.ImportUndone{Number: 1})
	if _, err := undo.Decide(s, shops.UndoBegun{}); !errors.Is(err, ErrNoUndo) {
		t.Errorf("an undo twice: %v", err)
	}
}

// The first listing that is told apart is the one that a look at all of them finds.
func TestOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) told {
			return told{rapid.StringMatching("[1-9]").Draw(t, "listing"), rapid.StringMatching("[ab]|c").Draw(t, "by")}
		}), 0, 9, func(l told) string { return l.listing }).Draw(t, "listings")
		o := others{}
		for _, l := range list {
			o.add("x", l.listing, l.by)
		}
		for _, by := range []string{"a", "b", "c", "d"} {
			var want told
			for _, l := range list {
				if l.by != by && (want.listing == "" || l.listing < want.listing) {
					want = l
				}
			}
			if listing, other := o.than("x", by); (told{listing, other}) != want {
				t.Fatalf("of %v another than %s is %s %s, want %v", list, by, listing, other, want)
			}
		}
	})
}
