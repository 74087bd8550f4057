package timeline

import "testing"

// FuzzToken checks that a page token is read back or refused, never guessed.
func FuzzToken(f *testing.F) {
	f.Add("")
	f.Add(writeToken(Mark{1, 2}, 3))
	f.Add("6AsPQ+sUMv/H3Rk==")
	f.Fuzz(func(t *testing.T, token string) {
		m, total, ok := readToken(token)
		if !ok {
			return
		}
		if m2, total2, ok := readToken(writeToken(m, total)); !ok || m2 != m || total2 != total {
			t.Errorf("%q: %v %d, then %v %d %t", token, m, total, m2, total2, ok)
		}
	})
}

func TestTimelineSweeps(t *testing.T) {
	type thing struct{ at Mark }
	line := New(nil, func(x *thing) Mark { return x.at })
	a, b := &thing{Mark{5, 1}}, &thing{Mark{3, 2}} // b is dated back
	line.Put(a)
	line.Put(b)
	for tick := int64(3); tick < 5000; tick++ {
		a.at = Mark{5 + tick, tick}
		line.Moved(a)
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
