package recent

import "testing"

func TestMap(t *testing.T) {
	m := New[int, string](2)
	m.Put(1, "one")
	m.Put(2, "two")
	m.Put(3, "three")
	if _, ok := m.Get(1); !ok {
		t.Error("an entry went before Trim")
	}
	m.Trim() // 1, 2 and 3 are old now
	m.Put(4, "four")
	if v, ok := m.Peek(1); !ok || v != "one" {
		t.Error("Peek does not see the old generation")
	}
	if v, ok := m.Get(2); !ok || v != "two" { // used, so it stays
		t.Error("Get does not see the old generation")
	}
	m.Trim()
	for k, want := range map[int]bool{1: false, 2: true, 3: false, 4: true} {
		if _, ok := m.Peek(k); ok != want {
			t.Errorf("entry %d there: %v, want %v", k, ok, want)
		}
	}
	m.Put(2, "zwei")
	m.Drop(4)
	if v, _ := m.Get(2); v != "zwei" {
		t.Errorf("entry 2 is %q after it was replaced", v)
	}
	if _, ok := m.Get(4); ok {
		t.Error("a dropped entry is there")
	}
	m.Clear()
	if _, ok := m.Get(2); ok {
		t.Error("an entry outlived Clear")
	}
}
