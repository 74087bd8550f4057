package excerpt_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/demo/data"
	"github.com/creatorflow/creatorflow/demo/excerpt"
	"github.com/creatorflow/creatorflow/money"
)

func mini(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/mini.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func packed(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadMini(t *testing.T) {
	for name, log := range map[string][]byte{"plain": mini(t), "gzip": packed(t, mini(t))} {
		x, err := excerpt.Read(bytes.NewReader(log))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if x.Orders != 7 || x.Cancellations != 2 || len(x.Entries) != 9 || x.LeftOut.Cancellations != 2 || x.LeftOut.Lines != 3 {
			t.Errorf("%s: %d orders, %d cancellations, %d entries, left out %+v", name, x.Orders, x.Cancellations, len(x.Entries), x.LeftOut)
		}
		pence := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: "GBP"} }
		want := []excerpt.Product{
			{SKU: "10001", Title: "MUG", Price: pence(100), Stock: 13},       // 4 + 8 + 3 = 15 units, not the 5 and 9 cancelled
			{SKU: "10002B", Title: "BLUE BOWL", Price: pence(250), Stock: 1}, // 2 units
			{SKU: "10003", Title: "CLOCK", Price: pence(75), Stock: 2},       // 3 units
			{SKU: "10004", Title: "DOORMAT", Price: pence(675), Stock: 1},    // no unit, but at least one
		}
		for i, p := range x.Products {
			if p != want[i] {
				t.Errorf("%s: product %+v, want %+v", name, p, want[i])
			}
		}
		var cancelled []string
		for _, e := range x.Entries {
			if e.Order != nil && e.Order.Cancelled {
				cancelled = append(cancelled, e.Order.ID)
			}
			if (e.Order == nil) == (e.Cancel == "") {
				t.Errorf("%s: an entry must be an order or a cancellation: %+v", name, e)
			}
		}
		if got := strings.Join(cancelled, " "); got != "501 506" {
			t.Errorf("%s: cancelled in the end: %s, want 501 506", name, got)
		}
		second, fourth := x.Entries[1].Order, x.Entries[3].Order
		if total, err := second.Total(); err != nil || total != pence(650) {
			t.Errorf("%s: order 502 is %v, %v, want 6.50 GBP", name, total, err)
		}
		if second.Buyer() != x.Entries[5].Order.Buyer() || second.Buyer() == fourth.Buyer() || fourth.Buyer() == "" {
			t.Errorf("%s: buyers %q, %q, %q", name, second.Buyer(), x.Entries[5].Order.Buyer(), fourth.Buyer())
		}
		if l := second.Lines[1]; l != (excerpt.Line{SKU: "10002B", Title: "BLUE BOWL", Quantity: 1, Price: pence(250)}) {
			t.Errorf("%s: line %+v", name, l)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	swap := func(old, with string) []byte { return bytes.Replace(mini(t), []byte(old), []byte(with), 1) }
	tests := []struct {
		name string
		log  []byte
		want string // part of the error
	}{
		{name: "nothing", log: nil, want: "0 orders"},
		{name: "no head", log: swap(`"excerpt"`, `"note"`), want: "line 1: no head"},
		{name: "an unknown currency", log: swap("GBP", "XXX"), want: "currency"},
		{name: "broken JSON", log: swap(`"cancel":"501"`, `"cancel":501`), want: "line 10"},
		{name: "an order twice", log: swap(`"order":"502"`, `"order":"501"`), want: "order 501 is there twice"},
		{name: "a product twice", log: swap(`"product":"10002B"`, `"product":"10001"`), want: "product 10001 is there twice"},
		{name: "an unknown product", log: swap(`["10003",2,75]`, `["99999",2,75]`), want: `"99999"`},
		{name: "too many units", log: swap(`["10003",2,75]`, `["10003",21,75]`), want: "21 units"},
		{name: "no units", log: swap(`["10003",2,75]`, `["10003",0,75]`), want: "0 units"},
		{name: "no price", log: swap(`["10003",2,75]`, `["10003",2,0]`), want: "0 minor units"},
		{name: "half a unit", log: swap(`["10003",2,75]`, `["10003",0.5,75]`), want: "line 9"},
		{name: "a short line", log: swap(`["10003",2,75]`, `["10003",2]`), want: "2 parts"},
		{name: "one SKU on two lines", log: swap(`["10002B",1,250]`, `["10001",1,250]`), want: "two lines"},
		{name: "cancelled twice", log: swap(`"cancel":"506"`, `"cancel":"501"`), want: "second time"},
		{name: "cancelled before it came", log: swap(`"cancel":"501"`, `"cancel":"507"`), want: "not above it"},
		{name: "back in time", log: swap("2010-12-01T08:30", "2009-12-01T08:30"), want: "before the entry above it"},
		{name: "a line lost", log: swap(`{"order":"505"`, `{"product":"x"}`+"\n"+`{"order":"505"`), want: "no order sells x"},
		{name: "another count", log: swap(`"orders":7`, `"orders":8`), want: "its head says 8"},
		{name: "cut short", log: packed(t, mini(t))[:200], want: "unexpected EOF"},
		{name: "an endless line", log: packed(t, bytes.Repeat([]byte{' '}, 2<<20)), want: "token too long"},
	}
	for _, tt := range tests {
		x, err := excerpt.Read(bytes.NewReader(tt.log))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
		if x.Entries != nil {
			t.Errorf("%s: a log beside its error", tt.name)
		}
	}
}

func TestLoad(t *testing.T) {
	if len(data.Orders) > 700_000 {
		t.Errorf("the packed log has %d bytes, more than the 700,000 it may have", len(data.Orders))
	}
	x, err := excerpt.Load()
	if err != nil {
		t.Fatal(err)
	}
	if x.Orders < 5000 || x.Cancellations < 500 || x.Currency != "GBP" || !strings.Contains(x.Attribution, "Daqing Chen") {
		t.Errorf("%d orders, %d cancellations, %s, %q", x.Orders, x.Cancellations, x.Currency, x.Attribution)
	}
	first := x.Entries[0]
	if want := time.Date(2010, 12, 1, 8, 26, 0, 0, time.UTC); !first.Time.Equal(want) || first.Order.ID != "536365" || len(first.Order.Lines) != 7 {
		t.Errorf("the first entry is %+v at %v", first.Order, first.Time)
	}
	for _, e := range x.Entries {
		if e.Order == nil {
			continue
		}
		if strings.Trim(e.Order.ID, "0123456789") != "" {
			t.Errorf("order %s is no numeric invoice", e.Order.ID)
		}
		for _, l := range e.Order.Lines {
			if len(l.SKU) < 5 || strings.Trim(l.SKU[:5], "0123456789") != "" || l.SKU != strings.ToUpper(l.SKU) || l.Title == "" {
				t.Errorf("order %s: line %+v", e.Order.ID, l)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(mini(f))
	f.Add(packed(f, mini(f)))
	f.Add([]byte("{\"excerpt\":\"x\",\"currency\":\"GBP\"}\n{\"product\":\"1\"}\n{\"order\":\"1\",\"lines\":[[\"1\",1,1]]}\n"))
	f.Fuzz(func(t *testing.T, log []byte) {
		x, err := excerpt.Read(bytes.NewReader(log))
		if err != nil {
			return
		}
		if x.Orders+x.Cancellations != len(x.Entries) || x.Cancellations > x.Orders {
			t.Errorf("%d orders, %d cancellations, %d entries", x.Orders, x.Cancellations, len(x.Entries))
		}
		for _, p := range x.Products {
			if p.Stock < 1 || p.Price.Minor < 1 {
				t.Errorf("product %+v", p)
			}
		}
	})
}
