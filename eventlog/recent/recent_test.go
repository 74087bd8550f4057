package recent

import (
	"sync"
	"testing"
)

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

// TestShared changes what entries hold while others look; the race detector judges.
func TestShared(t *testing.T) {
	s := NewShared[int, *[]int](2)
	for i := range 3 {
		s.Put(i, &[]int{i})
	}
	has := func(n int) func(*[]int) bool {
		return func(v *[]int) bool { return len(*v) == n }
	}
	var looking sync.WaitGroup
	for range 4 {
		looking.Go(func() {
			for i := range 300 {
				s.Look(i%4, has(2))
			}
		})
	}
	for i := range 3 {
		v := s.Get(i)
		s.Change(func() { *v = append(*v, i) })
	}
	looking.Wait()
	if !s.Look(1, has(2)) || s.Look(1, has(1)) {
		t.Error("a change is not seen")
	}
	if s.Get(9) != nil || s.Look(9, func(*[]int) bool { return true }) {
		t.Error("an entry that was never put is there")
	}
	s.Trim()
	s.Get(0)
	s.Put(5, &[]int{})
	s.Drop(5)
	s.Put(6, &[]int{})
	s.Trim()
	for k, want := range map[int]bool{0: true, 1: false, 5: false, 6: true} {
		if got := s.Look(k, func(*[]int) bool { return true }); got != want {
			t.Errorf("entry %d there: %t, want %t", k, got, want)
		}
	}
	if s.Clear(); s.Get(0) != nil {
		t.Error("an entry outlived Clear")
	}
}
