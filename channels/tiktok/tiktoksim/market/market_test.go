package market

import (
	"strings"
	"testing"
)

// FuzzDecimal checks that what is read as a price is written back as the same number.
func FuzzDecimal(f *testing.F) {
	for _, text := range []string{"0", "19.99", "007.5", "1234567890.1234", ".5", "5.", "-1", "1e3", "", "12345678901"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		amount, places, ok := parseDecimal(text)
		if !ok {
			return
		}
		whole, fraction, point := strings.Cut(text, ".")
		want := strings.TrimLeft(whole, "0")
		if want == "" {
			want = "0"
		}
		if point {
			want += "." + fraction
		}
		if got := formatDecimal(amount, places); got != want {
			t.Errorf("%q came back as %q, wanted %q", text, got, want)
		}
	})
}

// FuzzToken checks that a page token is read back or refused, never guessed.
func FuzzToken(f *testing.F) {
	f.Add("")
	f.Add(writeToken(Mark{1, 2}, 3))
	f.Add("6AsPQ+sUMv/H3Rk==")
	f.Fuzz(func(t *testing.T, token string) {
		m, total, err := readToken(token)
		if err != nil {
			return
		}
		if m2, total2, err := readToken(writeToken(m, total)); err != nil || m2 != m || total2 != total {
			t.Errorf("%q: %v %d, then %v %d %v", token, m, total, m2, total2, err)
		}
	})
}

func TestTimelineSweeps(t *testing.T) {
	type thing struct{ at Mark }
	line := Timeline[*thing]{current: func(x *thing) Mark { return x.at }}
	a, b := &thing{Mark{5, 1}}, &thing{Mark{3, 2}} // b is dated back
	line.put(a)
	line.put(b)
	for tick := int64(3); tick < 5000; tick++ {
		a.at = Mark{5 + tick, tick}
		line.moved(a)
	}
	if len(line.entries) > 200 {
		t.Errorf("%d entries for two things", len(line.entries))
	}
	got, next, total, err := line.Page(Window{Size: 1}, func(*thing) bool { return true })
	if err != nil || len(got) != 1 || got[0] != b || next == "" || total != 2 {
		t.Errorf("%v %q %d %v", got, next, total, err)
	}
	got, next, _, err = line.Page(Window{Size: 1, Token: next}, func(*thing) bool { return true })
	if err != nil || len(got) != 1 || got[0] != a || next != "" {
		t.Errorf("%v %q %v", got, next, err)
	}
}
