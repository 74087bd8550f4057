package catalogue

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/domain/events"
	"github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/storage/storagetest"
)

func TestMain(m *testing.M) { os.Exit(storagetest.With(m).Run()) }

func TestMapping(t *testing.T) {
	tests := []struct {
		name string
		sent []Map
		want string // the SKUs of the mappings, one after the other
		err  error  // of the last
	}{
		{"once", []Map{{"k7", "HEART", "85123A"}}, "85123A", nil},
		{"the same again", []Map{{"k7", "HEART", "85123A"}, {"k7", "HEART", "85123A"}}, "85123A", nil},
		{"to another SKU", []Map{{"k7", "HEART", "85123A"}, {"k7", "HEART", "84029G"}}, "85123A 84029G", nil},
		{"and back", []Map{{"k7", "HEART", "a"}, {"k7", "HEART", "b"}, {"k7", "HEART", "a"}}, "a b a", nil},
		{"to the SKU of the same spelling", []Map{{"k7", "85123A", "85123A"}}, "85123A", nil},
		{"a code with spaces and a colon", []Map{{"k7", " red: large ", "85123A"}}, "85123A", nil},
		{"the longest", []Map{{strings.Repeat("k", 100), strings.Repeat("c", 200), strings.Repeat("é", 50)}}, strings.Repeat("é", 50), nil},
		{"no connection", []Map{{"", "HEART", "85123A"}}, "", ErrShop},
		{"a connection that runs into the code", []Map{{"k7:HE", "ART", "85123A"}}, "", ErrShop},
		{"a connection that no stream can have", []Map{{"k7\x00", "HEART", "85123A"}}, "", ErrShop},
		{"an endless connection", []Map{{strings.Repeat("k", 101), "HEART", "85123A"}}, "", ErrShop},
		{"no code", []Map{{"k7", "", "85123A"}}, "", ErrCode},
		{"a code that no stream can have", []Map{{"k7", "HEART\x00", "85123A"}}, "", ErrCode},
		{"a code with a line break", []Map{{"k7", "HEART\nWHITE", "85123A"}}, "", ErrCode},
		{"a code that is no text", []Map{{"k7", "\xff", "85123A"}}, "", ErrCode},
		{"an endless code", []Map{{"k7", strings.Repeat("c", 201), "85123A"}}, "", ErrCode},
		{"no SKU", []Map{{"k7", "HEART", ""}}, "", ErrSKU},
		{"a SKU that ends in a space", []Map{{"k7", "HEART", "85123A "}}, "", ErrSKU},
		{"a SKU that begins with one that does not break", []Map{{"k7", "HEART", "\u00a085123A"}}, "", ErrSKU},
		{"a SKU with a tab", []Map{{"k7", "HEART", "8512\t3A"}}, "", ErrSKU},
		{"a SKU that is no text", []Map{{"k7", "HEART", "\xff"}}, "", ErrSKU},
		{"an endless SKU", []Map{{"k7", "HEART", strings.Repeat("s", 101)}}, "", ErrSKU},
		{"a refusal changes nothing", []Map{{"k7", "HEART", "85123A"}, {"k7", "HEART", ""}}, "85123A", ErrSKU},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			mapping, s := Mapping(), State{}
			var skus []string
			var last error
			for _, c := range test.sent {
				decided, err := mapping.Decide(s, c)
				last = err
				for _, e := range decided {
					if want := (shops.Mapped{Connection: c.Connection, Code: c.Code, SKU: c.SKU}); e != want {
						t.Errorf("got %+v, want %+v", e, want)
					}
					s = mapping.Evolve(s, e)
					skus = append(skus, s.SKU)
				}
			}
			if got := strings.Join(skus, " "); got != test.want || !errors.Is(last, test.err) {
				t.Errorf("got %q, %v; want %q, %v", got, last, test.want, test.err)
			}
		})
	}
}

// A listing's stream tells other things of it too; only mappings say what its code means, and each
// code of each shop has its own.
func TestFoldTellsTheMapping(t *testing.T) {
	log, stop := eventlogtest.Start(t, storagetest.New(t).Log(), eventlog.Options{Decode: events.Decode})
	defer stop()
	for _, c := range []Map{{"k7", "HEART", "85123A"}, {"k8", "HEART", "84029G"}, {"k7", "HEART:2", "71053"}} {
		if _, err := eventlog.Execute(t.Context(), log, shops.Listing("main", c.Connection, c.Code), Mapping(), c, eventlog.Meta{}); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
	}
	if _, err := log.Append(t.Context(), eventlog.Write{
		Stream: shops.Listing("main", "k7", "HEART"), Expected: 1,
		Events: []eventlog.Event{shops.InventoryChanged{Connection: "k7", Code: "HEART", From: 40, To: 35}},
	}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []Map{{"k7", "HEART", "85123A"}, {"k8", "HEART", "84029G"}, {"k7", "HEART:2", "71053"}, {"k8", "HEART:2", ""}} {
		if got, err := log.Fold(t.Context(), Fold("main", want.Connection, want.Code)); err != nil || got.Value != (State{SKU: want.SKU}) {
			t.Errorf("%s on %s means %+v, %v; want %q", want.Code, want.Connection, got.Value, err, want.SKU)
		}
	}
}
