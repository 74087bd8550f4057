package schedule

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestQueue(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	start := time.Unix(1_000_000, 0)
	var q Queue[int]
	at := map[int]time.Time{}
	for i := range 2000 {
		at[i] = start.Add(time.Duration(rng.IntN(50)) * time.Second)
		q.Push(at[i], i)
	}
	if next, ok := q.Next(); !ok || next.Before(start) {
		t.Errorf("next %v %v", next, ok)
	}
	if _, due := q.PopDue(start.Add(-time.Second)); due {
		t.Error("something was due before its time")
	}
	last := -1
	for range 2000 {
		i, due := q.PopDue(start.Add(time.Hour))
		if !due {
			t.Fatal("the queue ended early")
		}
		if last >= 0 && (at[i].Before(at[last]) || at[i].Equal(at[last]) && i < last) {
			t.Fatalf("%d at %v came after %d at %v", i, at[i], last, at[last])
		}
		last = i
	}
	if _, due := q.PopDue(start.Add(time.Hour)); due || q.Len() != 0 {
		t.Errorf("%d left", q.Len())
	}
}
