package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const columns = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

// cut runs the whole program over rows and returns the lines after the head, products apart.
func cut(t *testing.T, rows string, args ...string) (head string, products, entries []string) {
	t.Helper()
	in, to := filepath.Join(t.TempDir(), "in.csv.gz"), filepath.Join(t.TempDir(), "out.gz")
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(columns + rows)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if err := run(append([]string{"-in", in, "-out", to}, args...), &said); err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	for _, l := range lines[1:] {
		if strings.HasPrefix(l, `{"product"`) {
			products = append(products, l)
		} else {
			entries = append(entries, l)
		}
	}
	return lines[0], products, entries
}

func TestRules(t *testing.T) {
	const uk = ",17850,United Kingdom\n"
	const at = ",2010-12-01 08:26:00,"
	tests := []struct {
		name, rows string
		want       []string // entries, without what is the same in all
		left       string   // of the head
	}{
		{
			name: "a plain order", rows: "1,85123A,HEART,6" + at + "2.55" + uk,
			want: []string{`1 [["85123A",6,255]]`}, left: `{"lines":0,"orders":0,"cancellations":0,"others":0}`,
		},
		{
			name: "lines that are left out",
			rows: "1,85123A,HEART,0" + at + "2.55" + uk + "1,85123A,HEART,-2" + at + "2.55" + uk + "1,85123A,HEART,1" + at + "0" + uk +
				"1,85123A,HEART,1" + at + "-1.5" + uk + "1,85123A,HEART,1" + at + "0.001" + uk + "1,POST,POSTAGE,1" + at + "18" + uk +
				"1,1234,FOUR,1" + at + "1" + uk + "1,71053,LANTERN,1" + at + "3" + uk,
			want: []string{`1 [["71053",1,300]]`}, left: `{"lines":7,"orders":0,"cancellations":0,"others":0}`,
		},
		{
			name: "an order of nothing", rows: "1,POST,POSTAGE,1" + at + "18" + uk + "A2,B,Adjust,1" + at + "5" + uk,
			want: nil, left: `{"lines":1,"orders":1,"cancellations":0,"others":1}`,
		},
		{
			name: "equal codes are added, then capped, at the first price",
			rows: "1,85123a,HEART,8" + at + "2.5" + uk + "1,71053,LANTERN,21" + at + "3" + uk + "1,85123A,HEART,9" + at + "2" + uk + "1,85123A,HEART,9" + at + "9" + uk,
			want: []string{`1 [["85123A",20,250],["71053",20,300]]`}, left: `{"lines":0,"orders":0,"cancellations":0,"others":0}`,
		},
		{
			name: "a line that is left out neither adds nor sets the price",
			rows: "1,85123A,HEART,-5" + at + "2.5" + uk + "1,85123A,HEART,3" + at + "0.001" + uk + "1,85123A,HEART,4" + at + "2" + uk,
			want: []string{`1 [["85123A",4,200]]`}, left: `{"lines":2,"orders":0,"cancellations":0,"others":0}`,
		},
		{
			name: "the latest order that holds a code is cancelled",
			rows: "1,85123A,HEART,1" + at + "2" + uk + "2,85123A,HEART,1" + at + "2" + uk + "3,71053,LANTERN,1" + at + "2" + uk +
				"C4,85123a,HEART,-1" + at + "2" + uk,
			want: []string{`1 [["85123A",1,200]]`, `2 [["85123A",1,200]]`, `3 [["71053",1,200]]`, "cancel 2"},
			left: `{"lines":0,"orders":0,"cancellations":0,"others":0}`,
		},
		{
			name: "the next one cancels the order before",
			rows: "1,85123A,HEART,1" + at + "2" + uk + "2,85123A,HEART,1" + at + "2" + uk + "C4,85123A,HEART,-1" + at + "2" + uk +
				"C5,85123A,HEART,-1" + at + "2" + uk + "C6,85123A,HEART,-1" + at + "2" + uk,
			want: []string{`1 [["85123A",1,200]]`, `2 [["85123A",1,200]]`, "cancel 2", "cancel 1"},
			left: `{"lines":0,"orders":0,"cancellations":1,"others":0}`,
		},
		{
			name: "one of several codes is enough, whatever its quantity and price",
			rows: "1,85123A,HEART,1" + at + "2" + uk + "1,71053,LANTERN,1" + at + "2" + uk + "C4,22222,BELL,-1" + at + "2" + uk + "C4,71053,LANTERN,3" + at + "0" + uk,
			want: []string{`1 [["85123A",1,200],["71053",1,200]]`, "cancel 1"}, left: `{"lines":0,"orders":0,"cancellations":0,"others":0}`,
		},
		{
			name: "another customer, nobody, a later order, a code that is no good",
			rows: "C2,85123A,HEART,-1" + at + "2" + uk + "1,85123A,HEART,1" + at + "2" + uk + "1,M,Manual,1" + at + "2" + uk +
				"C3,85123A,HEART,-1" + at + "2,13047,France\n" + "C4,M,Manual,-1" + at + "2" + uk +
				"5,71053,LANTERN,1" + at + "2,,France\n" + "C6,71053,LANTERN,-1" + at + "2,,France\n",
			want: []string{`1 [["85123A",1,200]]`, `5 [["71053",1,200]]`}, left: `{"lines":1,"orders":0,"cancellations":4,"others":0}`,
		},
		{
			name: "an invoice in two parts stands where it began",
			rows: "1,85123A,HEART,1" + at + "2" + uk + "2,71053,LANTERN,1" + at + "2" + uk + "1,22222,BELL,1,2010-12-01 08:27:00,2" + uk,
			want: []string{`1 [["85123A",1,200],["22222",1,200]]`, `2 [["71053",1,200]]`}, left: `{"lines":0,"orders":0,"cancellations":0,"others":0}`,
		},
	}
	for _, tt := range tests {
		head, _, entries := cut(t, tt.rows)
		if !strings.Contains(head, `"left_out":`+tt.left) {
			t.Errorf("%s: head %s, want left out %s", tt.name, head, tt.left)
		}
		if len(entries) != len(tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, entries, tt.want)
			continue
		}
		for i, want := range tt.want {
			id, lines, isOrder := strings.Cut(want, " ")
			start, end := `{"order":"`+id+`","time":"2010-12-01T08:26:00Z",`, `,"lines":`+lines+`}`
			if id == "cancel" && isOrder {
				start, end = `{"cancel":"`+lines+`","time":"2010-12-01T08:26:00Z"}`, ""
			}
			if !strings.HasPrefix(entries[i], start) || !strings.HasSuffix(entries[i], end) {
				t.Errorf("%s: entry %d is %s, want %s", tt.name, i, entries[i], want)
			}
		}
	}
}

func TestRangeAndTitles(t *testing.T) {
	rows := "1,85123A,OLD,1,2010-11-30 23:59:00,2,1,France\n" +
		"2,85123A,HEART,1,2010-12-01 00:00:00,2,1,France\n3,85123a,? CRUSHED,1,2010-12-01 10:00:00,2,1,France\n" +
		"4,85123A,LIGHT  & HEART ,1,2010-12-02 10:00:00,2,1,France\n5,85123A,LIGHT & HEART,1,2010-12-02 23:59:00,2,1,France\n" +
		"6,71053,NEW,1,2010-12-03 00:00:00,2,1,France\n"
	head, products, entries := cut(t, rows, "-until", "2010-12-03")
	if want := `"first":"2010-12-01T00:00:00Z","last":"2010-12-02T23:59:00Z","orders":4,"cancellations":0,"lines":4,"units":4,"products":1`; !strings.Contains(head, want) {
		t.Errorf("head %s, want %s", head, want)
	}
	if len(entries) != 4 || len(products) != 1 || products[0] != `{"product":"85123A","title":"LIGHT & HEART"}` {
		t.Errorf("products %q, entries %q", products, entries)
	}
}

func TestRunRefuses(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.csv")
	if err := os.WriteFile(other, []byte("a,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"-in", filepath.Join(t.TempDir(), "none")}, {"-in", other}, {"-nonsense"}} {
		if err := run(args, &bytes.Buffer{}); err == nil {
			t.Errorf("run %q: no error", args)
		}
	}
}
