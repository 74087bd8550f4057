package sheet_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	placeevents "github.com/creatorflow/creatorflow/domain/events/places"
	events "github.com/creatorflow/creatorflow/domain/events/stock"
	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/domain/places"
	"github.com/creatorflow/creatorflow/domain/sheet"
	"github.com/creatorflow/creatorflow/eventlog"
)

func parse(text string) sheet.Parsed {
	return sheet.Parse(strings.Split(text, "\n"), strings.TrimSpace)
}

func n(v int64) *int64 { return &v }

// TestParse reads what spreadsheets and people write.
func TestParse(t *testing.T) {
	for name, text := range map[string]string{
		"commas":        "sku,counted,reason\nA-1,7,shelf 3",
		"semicolons":    "SKU;Counted;Reason\nA-1;7;shelf 3",
		"tabs":          "sku\tcounted\treason\nA-1\t7\tshelf 3",
		"a mark":        "\ufeffsku,counted,reason\nA-1,7,shelf 3",
		"quotes":        "\"sku\",\"counted\",\"reason\"\n\"A-1\",\"7\",\"shelf 3\"",
		"line ends":     "sku,counted,reason\r\nA-1,7,shelf 3\r\n",
		"other order":   "reason,counted,sku\nshelf 3,7,A-1",
		"what is given": "sku,name,on hand,available,counted,received,reason\nA-1,,,,7,,shelf 3",
	} {
		p := parse(text)
		if len(p.Faults) > 0 || len(p.Rows) != 1 || len(p.Ignored) > 0 {
			t.Fatalf("%s: %+v", name, p)
		}
		r := p.Rows[0]
		if r.Line != 2 || r.SKU != "A-1" || *r.Counted != 7 || r.Reason != "shelf 3" || r.Received != nil || r.OnHand != nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestFaults names the line, the column and the rule, and reads on.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{"Line 1: The first line is empty"}},
		{"sku,quanity\nA,1", []string{"Line 1: The first line must name the columns"}},
		{"sku,counted,counted\nA,1,2", []string{"Line 1: counted must be the name of one column only"}},
		{"sku,counted\nA,1.5\nB,-1\nC,1 000\nD,x\nE,4", []string{"Line 2: counted", "Line 3: counted", "Line 4: counted", "Line 5: counted"}},
		{"sku,counted\n,3", []string{"Line 2: sku must be 1 to 100 bytes"}},
		{"sku,counted\nA,3\nB,1\nA,4", []string{"Line 4: sku must stand on one line only; it stands on line 2 already"}},
		{"sku,counted,received\nA,3,2", []string{"Line 2: received must be empty where counted is not"}},
		{"sku,counted\nA,3\n\"B,4\nC,5", []string{"Line 3: A quotation mark"}},
		{"sku,counted\nA\xff,3", []string{"Line 2: This line is not UTF-8"}},
	} {
		p := parse(c.text)
		if len(p.Faults) != len(c.want) {
			t.Errorf("%q: %+v", c.text, p.Faults)
			continue
		}
		for i, f := range p.Faults {
			if !strings.HasPrefix(f.Said(), c.want[i]) {
				t.Errorf("%q: %q, want %q", c.text, f.Said(), c.want[i])
			}
		}
	}
	if p := parse("sku,counted,colour,available\nA,1,red,9\nB,,,\n,,"); !slices.Equal(p.Ignored, []string{"colour"}) || p.Blank != 1 || len(p.Rows) != 1 || len(p.Faults) > 0 {
		t.Errorf("%+v", p)
	}
	many := "sku,counted" + strings.Repeat("\n", 1)
	for i := range sheet.MaxRows + 1 {
		many += fmt.Sprintf("S%d,1\n", i)
	}
	if p := parse(many); len(p.Rows) != sheet.MaxRows || len(p.Faults) != 1 || p.Faults[0].Line != sheet.MaxRows+2 {
		t.Errorf("%d rows, %+v", len(p.Rows), p.Faults)
	}
}

// TestCheck decides each row as the command for one SKU would.
func TestCheck(t *testing.T) {
	known := inventory.State{Known: true, Received: 10, Shipped: 3, Adjusted: 1} // 8 on hand
	for _, c := range []struct {
		name  string
		row   sheet.Row
		state inventory.State
		will  int64
		rule  string
	}{
		{name: "a delivery", row: sheet.Row{Received: n(5)}, state: known, will: 13},
		{name: "a delivery of a new SKU", row: sheet.Row{Received: n(5), Name: "Mug"}, will: 5},
		{name: "a count against the ledger", row: sheet.Row{Counted: n(6)}, state: known, will: 6},
		{name: "a count against the file, two sold since", row: sheet.Row{Counted: n(9), OnHand: n(10)}, state: known, will: 7},
		{name: "a count that finds what was said", row: sheet.Row{Counted: n(10), OnHand: n(10)}, state: known, will: 8},
		{name: "corrected since", row: sheet.Row{Counted: n(9), OnHand: n(10), Corrections: n(0)}, state: known, rule: "Somebody else corrected"},
		{name: "a count of nothing known", row: sheet.Row{Counted: n(9)}, rule: "There is no such SKU"},
		{name: "below nothing", row: sheet.Row{Counted: n(0), OnHand: n(20)}, state: known, rule: "Only 8 on hand"},
	} {
		c.row.SKU, c.row.Line = "A-1", 4
		changes, faults := sheet.Check([]sheet.Row{c.row}, []inventory.State{c.state}, places.State{})
		switch {
		case c.rule != "":
			if len(changes) > 0 || len(faults) != 1 || faults[0].Line != 4 || !strings.Contains(faults[0].Said(), c.rule) {
				t.Errorf("%s: %+v %+v", c.name, changes, faults)
			}
		case c.will == c.state.OnHand():
			if len(changes)+len(faults) > 0 {
				t.Errorf("%s: %+v %+v", c.name, changes, faults)
			}
		default:
			if len(faults) > 0 || len(changes) != 1 || changes[0].Will != c.will || changes[0].Was != c.state.OnHand() || changes[0].New == c.state.Known {
				t.Errorf("%s: %+v %+v", c.name, changes, faults)
			}
		}
	}
	changes, _ := sheet.Check([]sheet.Row{{SKU: "A-1", Received: n(5), Name: "Mug"}}, []inventory.State{{}}, places.State{})
	if e, ok := changes[0].Events[0].(events.Received); !ok || e.Name != "Mug" || e.Quantity != 5 {
		t.Errorf("%+v", changes[0].Events)
	}
}

// TestRoundTrip: what is given out comes back as it was, and a sheet nobody wrote in asks for nothing.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[=+@'",; a-zé-]{1,20}x`)
		var rows []inventory.Row
		for _, sku := range rapid.SliceOfNDistinct(rapid.Map(text, strings.TrimSpace), 1, 8, rapid.ID[string]).Draw(t, "skus") {
			if strings.HasPrefix(sku, "'") { // the mark itself cannot be told from a SKU that begins with it
				sku = "x" + sku
			}
			rows = append(rows, inventory.Row{SKU: sku, Name: text.Draw(t, "name"), OnHand: rapid.Int64Range(-5, 99).Draw(t, "on hand"), Adjusted: rapid.Int64Range(-9, 9).Draw(t, "adjusted")})
		}
		var file bytes.Buffer
		if err := sheet.Write(&file, rows, nil); err != nil {
			t.Fatal(err)
		}
		if p := parse(file.String()); len(p.Rows)+len(p.Faults)+len(p.Ignored) > 0 || p.Blank != len(rows) {
			t.Fatalf("%q: %+v", file.String(), p)
		}
		filled := strings.ReplaceAll(file.String(), ",,,\r\n", ",5,,\r\n")
		p := parse(filled)
		if len(p.Faults) > 0 || len(p.Rows) != len(rows) {
			t.Fatalf("%q: %+v", filled, p)
		}
		for i, r := range p.Rows {
			if r.SKU != rows[i].SKU || *r.OnHand != rows[i].OnHand || *r.Corrections != rows[i].Adjusted || *r.Counted != 5 {
				t.Fatalf("%+v of %+v in %q", r, rows[i], filled)
			}
		}
		for line := range strings.SplitSeq(file.String(), "\r\n") {
			if line != "" && strings.ContainsAny(line[:1], "=+-@") {
				t.Fatalf("a spreadsheet would take %q for a formula", line)
			}
		}
	})
}

// FuzzParse: no text makes the reader fail, and each fault says where.
func FuzzParse(f *testing.F) {
	f.Add("sku,counted\nA,1")
	f.Add("sku;received\n\"A;1")
	f.Fuzz(func(t *testing.T, text string) {
		p := parse(text)
		for _, r := range p.Rows {
			if !inventory.ValidSKU(r.SKU) || r.Received == nil && r.Counted == nil || r.Line < 2 {
				t.Errorf("%q: %+v", text, r)
			}
		}
		for _, f := range p.Faults {
			if f.Rule == "" || f.Line < 0 {
				t.Errorf("%q: %+v", text, f)
			}
		}
	})
}

// TestLocations: with several locations a SKU has a line for each, which comes back as a count of what lies there.
func TestLocations(t *testing.T) {
	where := places.State{}.Evolve(placeevents.Set{Location: "stall", Name: "Market stall", Ships: true})
	state, rule := inventory.State{}, inventory.Receiving()
	for _, e := range []eventlog.Event{
		events.Received{SKU: "A-1", Quantity: 5}, events.Received{SKU: "A-1", Quantity: 3, Location: "stall"}, events.Adjusted{SKU: "A-1", Delta: -1, Location: "stall"},
	} {
		state = rule.Evolve(state, e)
	}
	var stands []places.Stand
	for _, l := range where.Open() {
		stands = append(stands, places.Stand{Location: l, Units: state.Units(l.ID), Adjusted: state.Corrected(l.ID)})
	}
	var file strings.Builder
	if err := sheet.Write(&file, []inventory.Row{{SKU: "A-1", OnHand: 7, Available: 7, Adjusted: -1}}, [][]places.Stand{stands}); err != nil {
		t.Fatal(err)
	}
	const want = "sku,name,on_hand,reserved,available,corrections,counted,received,reason,location\r\n" +
		"A-1,,5,0,7,0,,,,Main location\r\nA-1,,2,0,7,-1,,,,Market stall\r\n"
	if file.String() != want {
		t.Errorf("got %q, want %q", file.String(), want)
	}
	counted := strings.ReplaceAll(strings.ReplaceAll(file.String(), "7,0,,", "7,0,4,"), "7,-1,,", "7,-1,3,")
	parsed := parse(strings.TrimSpace(strings.ReplaceAll(counted, "\r", "")))
	changes, faults := sheet.Check(parsed.Rows, []inventory.State{state, state}, where)
	if len(parsed.Faults)+len(faults) > 0 || len(changes) != 2 || changes[0].Was != 5 || changes[0].Will != 4 || changes[1].Was != 2 || changes[1].Will != 3 {
		t.Fatalf("%+v, %+v, %+v", changes, parsed.Faults, faults)
	}
	for _, c := range changes {
		state = rule.Evolve(state, c.Events[0])
	}
	if state.Units("") != 4 || state.Units("stall") != 3 {
		t.Errorf("%d and %d lie there", state.Units(""), state.Units("stall"))
	}
	_, faults = sheet.Check(parse("sku,received,location\nA-1,2,cellar").Rows, []inventory.State{state}, where)
	if len(faults) != 1 || !strings.Contains(faults[0].Rule, "no such location") {
		t.Errorf("faults %+v", faults)
	}
	if twice := parse("sku,received,location\nA-1,2,stall\nA-1,2,Stall"); len(twice.Faults) != 1 {
		t.Errorf("twice at one location: %+v", twice.Faults)
	}
}
