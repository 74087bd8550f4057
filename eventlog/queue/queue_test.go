package queue

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

func TestOrderAndBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](3)
		written := make(chan int, 100)
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range 10 {
				if err := q.Put(context.Background(), i); err != nil {
					t.Error(err)
				}
				written <- i
			}
		})
		synctest.Wait()
		if len(written) != 3 {
			t.Errorf("%d items went into a queue of 3", len(written))
		}
		var got []int
		for len(got) < 10 {
			<-q.Ready()
			got = q.Take(got)
			synctest.Wait()
		}
		wg.Wait()
		if !slices.IsSorted(got) || len(got) != 10 {
			t.Errorf("got %v, want 0 to 9", got)
		}
	})
}

func TestGiveUpAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New[int](1)
		if err := q.Put(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		go func() { errs <- q.Put(ctx, 2) }()
		synctest.Wait()
		cancel()
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		go func() { errs <- q.Put(context.Background(), 3) }()
		synctest.Wait()
		reason := errors.New("stopped")
		if left := q.Close(reason); !slices.Equal(left, []int{1}) {
			t.Errorf("close left %v, want what waited, 1", left)
		}
		if err := <-errs; !errors.Is(err, reason) {
			t.Errorf("a waiting writer got %v, want the reason", err)
		}
		if err := q.Put(t.Context(), 4); !errors.Is(err, reason) {
			t.Errorf("got %v, want the reason", err)
		}
	})
}
