package lanes

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func jobs(from, to int64) (list []*Job) {
	for n := from; n <= to; n++ {
		list = append(list, &Job{Number: n, Orders: []string{fmt.Sprint(n)}, Received: time.Unix(n, 0)})
	}
	return list
}

// What does not fit is left in the vault and counted, and nothing behind it gets before it.
func TestLaneIsBoundedAndKeepsItsOrder(t *testing.T) {
	l := New()
	all := jobs(1, size+10)
	for _, j := range all {
		if fits := l.Put(j); fits != (j.Number <= size) {
			t.Fatalf("item %d: %v", j.Number, fits)
		}
	}
	if left := l.Hungry(); left != 0 {
		t.Errorf("hungry for %d while full", left)
	}
	if s := l.State(); s.Backlog != size+10 || !s.Oldest.Equal(all[0].Received) {
		t.Errorf("state %+v", s)
	}
	for taken := 0; taken < size; {
		batch := l.Take(50)
		if len(batch) != 50 || batch[0].Number != int64(taken+1) {
			t.Fatalf("took %d from %d", len(batch), batch[0].Number)
		}
		taken += len(batch)
		l.Done(time.Unix(5000, 0), batch, nil, false)
		if l.Put(all[size+9]) {
			t.Fatal("a later item got before one that was left")
		}
	}
	if left := l.Hungry(); left != size+1 {
		t.Errorf("hungry for %d, want %d", left, size+1)
	}
	l.Fill(all[size:size+4], size+5)
	if left, s := l.Hungry(), l.State(); left != size+5 || s.Backlog != 10 {
		t.Errorf("hungry for %d, %+v", left, s)
	}
	l.Fill(all[size+4:], 0)
	if s := l.State(); l.Hungry() != 0 || s.Backlog != 10 || !l.Put(jobs(size+11, size+11)[0]) {
		t.Errorf("there is room again, %+v", s)
	}
}

func about(numbers string) (list []*Job) {
	for n, order := range strings.Split(numbers, " ") {
		list = append(list, &Job{Number: int64(n + 1), Orders: strings.Split(order, "+"), Received: time.Unix(int64(n), 0)})
	}
	return list
}

func numbers(jobs []*Job) (s string) {
	for _, j := range jobs {
		s += fmt.Sprint(j.Number)
	}
	return s
}

// Several rounds are under way at once, never two about one order, and an order's items keep their turn.
func TestTakeNeverHandsOutOneOrderTwice(t *testing.T) {
	l := New()
	for _, j := range about("a a b a+c c d b") {
		l.Put(j)
	}
	first, second := l.Take(1), l.Take(2)
	third := l.Take(9)
	if numbers(first) != "12" || numbers(second) != "367" || numbers(third) != "" {
		t.Fatalf("took %s, %s and %s", numbers(first), numbers(second), numbers(third))
	}
	l.Done(time.Unix(9, 0), second, second[:1], false)
	if got := numbers(l.Take(9)); got != "3" {
		t.Errorf("took %s, but a is worked on and c stays behind it", got)
	}
	if s := l.State(); s.Backlog != 5 || !s.Oldest.Equal(time.Unix(0, 0)) || s.Took != 3*time.Second {
		t.Errorf("state %+v", s)
	}
	l.Done(time.Unix(9, 0), first, nil, false)
	if got := numbers(l.Take(9)); got != "45" {
		t.Errorf("took %s", got)
	}
}

// What failed together is read in smaller parts, and what is put back is last.
func TestTakeReadsInPartsWhatFailed(t *testing.T) {
	l := New()
	for _, j := range about("a b c d e f") {
		l.Put(j)
	}
	failed := l.Take(4)
	for _, j := range failed {
		j.Most = 2
	}
	l.Done(time.Unix(9, 0), failed, failed, false)
	for _, want := range []string{"12", "34"} {
		if got := numbers(l.Take(50)); got != want {
			t.Errorf("took %s, want %s", got, want)
		}
	}
	rest := l.Take(50)
	l.Done(time.Unix(9, 0), rest, rest[:1], true)
	l.Put(about("x")[0])
	if !l.Remove(rest[0]) || l.Remove(rest[0]) {
		t.Error("removed not once")
	}
}

// What went to the back while nobody knew whose fault it was has its turn again, and an order's items keep theirs.
func TestSortGivesTheTurnBack(t *testing.T) {
	l := New()
	for _, j := range about("a b c b d") {
		l.Put(j)
	}
	for range 3 {
		failed := l.Take(1)
		l.Done(time.Unix(9, 0), failed, failed, true)
	}
	if l.Sort(); numbers(l.Take(50)) != "12345" {
		t.Error("the queue is not in its order")
	}
}

// Items whose reads always fail get their turn back once: what waits behind them is not held up by each of them again and again.
func TestSortGivesTheTurnBackOnce(t *testing.T) {
	const bad, good = 20, 40
	l := New()
	for n := range int64(bad + good) {
		l.Put(&Job{Number: n + 1, Orders: []string{fmt.Sprint(n)}})
	}
	failures, failed, done := 0, false, ""
	for done == "" {
		taken := l.Take(1)
		if taken[0].Number <= bad {
			l.Done(time.Unix(9, 0), taken, taken, true)
			failures, failed = failures+1, true
			continue
		}
		if l.Done(time.Unix(9, 0), taken, nil, false); failed {
			l.Sort()
			failed = false
		}
		if taken[0].Number == bad+good {
			done = "all that can be read"
		}
	}
	if failures > 2*bad {
		t.Errorf("%d reads failed before %s was read", failures, done)
	}
	late := &Job{Number: 1000, Orders: []string{"late"}}
	l.Put(late)
	for n := range bad {
		taken := l.Take(1)
		if taken[0] == late {
			t.Errorf("what came last was read after %d of %d", n, bad)
		}
		l.Done(time.Unix(9, 0), taken, taken, true)
	}
	if l.Sort(); l.Take(1)[0] != late {
		t.Error("what always fails stays before what came after it")
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
		w.Put(Due{At: time.Unix(n*7919%maxWaiting, 0), Number: n, Shop: []string{"a", "b"}[n%2]}, time.Unix(maxWaiting, 0))
	}
	if w.Put(Due{}, time.Time{}) || w.HalfEmpty() || w.Of("a") != maxWaiting/2 {
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

// Pauses that a clock made which was ahead are over when it is right again, and only those.
func TestWaitingSurvivesAClockSetBack(t *testing.T) {
	var w Waiting
	now := time.Unix(1_000_000, 0)
	ahead := now.Add(24 * time.Hour)
	w.Pop(ahead)
	w.Put(Due{At: ahead.Add(time.Minute), Number: 1}, ahead)
	w.Put(Due{At: now.Add(time.Minute), Number: 2}, now)
	w.Put(Due{At: ahead.Add(time.Hour), Number: 3}, now)
	over := map[int64]bool{}
	for d, due := w.Pop(now); due; d, due = w.Pop(now) {
		over[d.Number] = true
	}
	if len(over) != 2 || !over[1] || !over[3] {
		t.Errorf("over are the pauses of %v, want 1 and 3", over)
	}
}
