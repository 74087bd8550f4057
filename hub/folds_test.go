package hub_test

import (
	"cmp"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/events/shops"
	"github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
)

// TestFolds holds what snapshots of some events are. Whoever changes what these events make of a state has
// to give its codec another Schema: stored snapshots would be taken for right.
func TestFolds(t *testing.T) {
	happened := []eventlog.Event{
		shops.Connected{Connection: "k7", Channel: "tiktok", App: "a1", ShopID: "99", Name: "Schöner <Laden>"},
		shops.Failing{Connection: "k7", Reason: "It does not answer.", Mend: "Wait."},
		shops.Recovered{Connection: "k7"},
		shops.Failing{Connection: "k7", Reason: "Its token has ended.", Mend: "Connect it."},
		shops.Drifted{Connection: "k7"},
		shops.Mapped{Connection: "k7", Code: "A", SKU: "B"},
		shops.InventoryChanged{Connection: "k7", From: 1, To: 2},
		shops.Mapped{Connection: "k7", Code: "A", SKU: "C"},
		stock.Received{SKU: "C", Quantity: 3},
		stock.Reserved{SKU: "C", Order: "k7:1", Attempt: 1, Quantity: 2},
		listings.PolicySet{SKU: "C", Policy: "mirror", Buffer: 2},
		listings.Sent{SKU: "C", Connection: "k7", Listing: "9", Number: 4, Write: "zero", Why: "w", At: time.Unix(9, 0).UTC()},
		listings.Answered{SKU: "C", Connection: "k7", Listing: "9", Number: 4, Answer: "lost"},
	}
	want := map[string]string{
		"stock":      "\x02\x06\x00\x00\x00\x00\x04\x02\bk7:1\x02\x04",
		"demand":     `{"k7":2}`,
		"connection": `{"Connected":{"connection":"k7","channel":"tiktok","app":"a1","shop_id":"99","name":"Schöner <Laden>"},"Failing":true,"Reason":"Its token has ended."}`,
		"listing":    `{"SKU":"C"}`,
		"listings": `{"policies":{"":{"policy":"mirror","buffer":2}},"writes":{"k7/9":{"sent":{"sku":"C","connection":"k7",` +
			`"listing":"9","number":4,"write":"zero","why":"w","at":"1970-01-01T00:00:09Z"},"answer":"lost"}}}`,
	}
	schemas := map[string]int{"demand": 2} // of the others 1
	folds := hub.Folds(eventlog.Stream{Workspace: "main", Kind: "any", ID: "k7"})
	if len(folds) != len(want) {
		t.Errorf("%d folds have snapshots, want %d", len(folds), len(want))
	}
	for _, f := range folds {
		state := f.Zero()
		for _, e := range happened {
			state = f.Evolve(state, e)
		}
		data, err := f.Keep.Encode(state)
		if err != nil || string(data) != want[f.Name] || f.Keep.Schema != cmp.Or(schemas[f.Name], 1) {
			t.Errorf("%s: a snapshot of schema %d is %q, %v; want %q of its schema", f.Name, f.Keep.Schema, data, err, want[f.Name])
		}
		again, err := f.Keep.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if copied, err := f.Keep.Encode(again); err != nil || string(copied) != string(data) {
			t.Errorf("%s: read again it is %q, %v; want %q", f.Name, copied, err, data)
		}
	}
}
