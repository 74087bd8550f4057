package lanes

import (
	"fmt"
	"testing"
	"time"
)

func jobs(from, to int64) (list []*Job) {
	for n := from; n <= to; n++ {
		list = append(list, &Job{Number: n, Orders: []string{fmt.Sprint(n)}, Received: time.Unix(n, 0)})
	}
	return list
}

// What does not fit is left in the vault, and nothing behind it gets before it.
func TestLaneIsBoundedAndKeepsItsOrder(t *testing.T) {
	l := New()
	for _, j := range jobs(1, size+10) {
		if fits := l.Put(j); fits != (j.Number <= size) {
			t.Fatalf("item %d: %v", j.Number, fits)
		}
	}
	if left := l.Hungry(); left != 0 {
		t.Errorf("hungry for %d while full", left)
	}
	for taken := 0; taken < size; {
		batch := l.Take(50)
		if len(batch) != 50 || batch[0].Number != int64(taken+1) {
			t.Fatalf("took %d from %d", len(batch), batch[0].Number)
		}
		taken += len(batch)
		l.Done(time.Unix(5000, 0), nil, false)
		if l.Put(&Job{Number: size + 11, Orders: []string{"x"}}) {
			t.Fatal("a later item got before one that was left")
		}
	}
	if left := l.Hungry(); left != size+1 {
		t.Errorf("hungry for %d, want %d", left, size+1)
	}
	if !l.Put(jobs(size+1, size+1)[0]) || l.Hungry() != 0 {
		t.Error("there is room again")
	}
}

func TestTakeGathersOneOrdersItems(t *testing.T) {
	l := New()
	for n := range int64(6) {
		l.Put(&Job{Number: n + 1, Orders: []string{[]string{"a", "a", "b", "a", "c", "a"}[n]}})
	}
	if got := len(l.Take(1)); got != 2 {
		t.Errorf("took %d, want the two about a", got)
	}
	l.Done(time.Now(), nil, false)
	batch := l.Take(2)
	if len(batch) != 2 {
		t.Errorf("took %d", len(batch))
	}
	l.Done(time.Now(), batch[:1], true)
	if backlog, _ := l.State(time.Now()); backlog != 3 {
		t.Errorf("backlog %d", backlog)
	}
	rest := l.Take(50)
	if rest[len(rest)-1] != batch[0] {
		t.Error("what was put back is not last")
	}
	l.Done(time.Now(), rest, false)
	if !l.Remove(batch[0]) || l.Remove(batch[0]) {
		t.Error("removed not once")
	}
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	m := NewMemory[int](100)
	for n := range 1000 {
		m.Put(fmt.Sprint(n), n)
		if len(m.young)+len(m.old) > 200 {
			t.Fatalf("%d are kept", len(m.young)+len(m.old))
		}
		for back := n; back > max(n-99, 0); back-- {
			if v, ok := m.Get(fmt.Sprint(back)); !ok || v != back {
				t.Fatalf("after %d, %d is %d, %v", n, back, v, ok)
			}
		}
	}
}

func TestWaitingIsBoundedAndInOrder(t *testing.T) {
	var w Waiting
	for n := range int64(maxWaiting) {
		w.Put(Due{At: time.Unix(n*7919%maxWaiting, 0), Number: n, Shop: []string{"a", "b"}[n%2]})
	}
	if w.Put(Due{}) || w.HalfEmpty() || w.Of("a") != maxWaiting/2 {
		t.Error("it is not full")
	}
	if _, due := w.Pop(time.Unix(-1, 0)); due {
		t.Error("nothing is due yet")
	}
	last := time.Time{}
	for range maxWaiting {
		at, _ := w.Next()
		d, due := w.Pop(time.Unix(maxWaiting, 0))
		if !due || d.At.Before(last) || !d.At.Equal(at) {
			t.Fatalf("popped %v, %v after %v", d, due, last)
		}
		last = d.At
	}
	if _, ok := w.Next(); ok || !w.HalfEmpty() {
		t.Error("it is not empty")
	}
}
