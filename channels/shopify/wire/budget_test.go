package wire

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creatorflow/creatorflow/channels/pace"
)

// bucket counts points as the vendor does.
type bucket struct {
	mu                 sync.Mutex
	most, rate, points float64
	at                 time.Time
	throttled          int
}

// ask is a call that is reckoned at requested and costs actual.
func (b *bucket) ask(requested, actual float64) (said *cost, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.points = min(b.most, b.points+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
	said = &cost{Requested: requested}
	said.Throttle = &struct {
		Most    float64 `json:"maximumAvailable"`
		Now     float64 `json:"currentlyAvailable"`
		Restore float64 `json:"restoreRate"`
	}{b.most, b.points, b.rate}
	if ok = b.points >= requested; !ok {
		b.throttled++
		return said, false
	}
	b.points -= actual
	said.Throttle.Now, said.Actual = b.points, &actual
	return said, true
}

// TestBudgetSpendsWhatThereIs: sixty callers at once are never refused once the figures are known, and waste little.
func TestBudgetSpendsWhatThereIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendor := &bucket{most: 2000, rate: 100, points: 2000, at: time.Now()}
		b := newBudget(time.Now)
		began := time.Now()
		var wg sync.WaitGroup
		call := func(name string, requested, actual float64) {
			for {
				taken, err := b.wait(t.Context(), name, 0, false)
				if err != nil {
					t.Error(err)
					return
				}
				said, ok := vendor.ask(requested, actual)
				<-time.After(50 * time.Millisecond) // the answer's way back
				if ok {
					b.done(name, 0, taken, said)
					return
				}
				b.turned(name, 0, taken, said, 0)
			}
		}
		call("read", 150, 100) // what things cost is known
		call("write quantity", 10, 10)
		for range 60 {
			wg.Go(func() {
				for range 5 {
					call("read", 150, 100)
					call("write quantity", 10, 10)
				}
			})
		}
		wg.Wait()
		// 300 reads of 100 and 300 writes of 10 are 33,000 points; 1,890 were there, 100 come each second.
		least := time.Duration((33_000 - 1_890) / 100 * float64(time.Second))
		if took := time.Since(began); vendor.throttled > 0 || took > least*12/10 {
			t.Errorf("refused %d times, took %v where %v are the least", vendor.throttled, took, least)
		}
		if r := b.rates()["write quantity"]; r.PerSecond != 10 {
			t.Errorf("writes a second: %v", r.PerSecond)
		}
	})
}

// TestUrgentFirst: a call that closes a sale passes those that wait, and has points left for it.
func TestUrgentFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(time.Now)
		b.costs["x"] = 100
		var mu sync.Mutex
		var order []string
		for range 20 {
			go func() {
				if _, err := b.wait(t.Context(), "x", 0, false); err == nil {
					mu.Lock()
					order = append(order, "normal")
					mu.Unlock()
				}
			}()
		}
		synctest.Wait()
		if n := len(order); n != 9 { // 1,000 points, a tenth of which is kept
			t.Errorf("%d passed at once, want 9", n)
		}
		go func() {
			if _, err := b.wait(t.Context(), "x", 0, true); err == nil {
				mu.Lock()
				order = append(order, "urgent")
				mu.Unlock()
			}
		}()
		<-time.After(time.Minute)
		synctest.Wait()
		if i := slices.Index(order, "urgent"); i != 9 || len(order) != 21 {
			t.Errorf("urgent came %d of %d", i, len(order))
		}
	})
}

// TestBudgetTurnsAway: a long pause and a full line are said at once, and nobody is waited for who left.
func TestBudgetTurnsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(time.Now)
		b.turned("x", 0, ticket{}, nil, time.Hour*5)
		if _, err := b.wait(t.Context(), "x", 0, true); !errors.Is(err, pace.ErrBusy) || b.pauseNow() != time.Hour {
			t.Errorf("a pause of %v: %v", b.pauseNow(), err)
		}
		b = newBudget(time.Now)
		b.turned("x", 0, ticket{}, nil, 0) // nobody says how long
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if _, err := b.wait(ctx, "x", 0, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that left: %v", err)
		}
		if n := b.share("orders", 150, 50); n != 3 {
			t.Errorf("%d orders a call while nothing is known, want 3", n)
		}
		b.done("orders", 3, ticket{}, &cost{Requested: 60})
		if n := b.share("orders", 150, 50); n != 25 {
			t.Errorf("%d orders a call at 20 points each, want 25", n)
		}
		b.dearer("orders", 25)
		if n := b.share("orders", 150, 50); n > 12 {
			t.Errorf("%d orders a call after 25 were too dear", n)
		}
	})
}

// TestBudgetOfNonsense: a bucket that is told to be smaller than a call costs keeps nobody waiting for ever.
func TestBudgetOfNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendor := &bucket{most: 1.5, rate: 50, points: 1.5, at: time.Now()}
		b := newBudget(time.Now)
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			taken, err := b.wait(ctx, "read", 0, false)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			said, _ := vendor.ask(150, 1)
			b.done("read", 0, taken, said)
		}
	})
}

// TestBudgetOfARateOfNonsense: a rate that is told to be next to nothing, or a bucket far below empty, keeps nobody waiting for hours.
func TestBudgetOfARateOfNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendor := &bucket{most: 2000, rate: 100, points: 100, at: time.Now()}
		b := newBudget(time.Now)
		for n := range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			taken, err := b.wait(ctx, "read", 0, false)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			said, _ := vendor.ask(150, 100)
			said.Throttle.Restore = 0.001
			if n > 0 {
				said.Throttle.Now = -1e9
			}
			b.done("read", 0, taken, said)
		}
	})
}
