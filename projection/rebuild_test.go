package projection_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

func (w *world) verify(projections ...projection.Projection) projection.Report {
	w.Helper()
	report, err := projection.Verify(w.ctx, w.log, w.views, projections, projection.Options{MaxBatch: 64})
	if err != nil {
		w.Fatal(err)
	}
	return report
}

func (w *world) change(statement string) {
	w.Helper()
	err := w.views.Write(w.ctx, func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
		return nil, tx.Exec(w.ctx, statement)
	})
	if err != nil {
		w.Fatal(err)
	}
}

func TestVerifyFindsChangedRows(t *testing.T) {
	w := newWorld(t)
	a, b := newBalances("a", 1), newBalances("b", 1)
	r, stop := w.run(projection.Options{}, a, b)
	end := w.pay(200)
	w.wait(r, end)
	first := w.verify(a, b)
	if !first.Equal || first.Position != end || len(first.Differ) != 0 {
		t.Errorf("got %+v, want equal at %d", first, end)
	}
	_ = stop()
	w.pay(20) // not folded: verify compares at the views' own position
	w.change(`update b_v1 set sum = sum + 1 where account = 'a3'`)
	spoiled := w.verify(a, b)
	if spoiled.Equal || !slices.Equal(spoiled.Differ, []string{"b_v1"}) || spoiled.Hash == first.Hash || spoiled.Position != end {
		t.Errorf("got %+v, want b_v1 to differ at %d", spoiled, end)
	}
	w.change(`update b_v1 set sum = sum - 1 where account = 'a3'`)
	if again := w.verify(a, b); again.Hash != first.Hash || !again.Equal {
		t.Errorf("got %+v, want as at first: %+v", again, first)
	}
	if missing := w.verify(a, b, newBalances("c", 4)); missing.Equal || !slices.Equal(missing.Differ, []string{"c_v4 (not built)"}) {
		t.Errorf("got %+v, want c to be missing", missing)
	}
	w.change(`delete from a_v1`)
	if err := projection.Rebuild(w.ctx, w.log, w.views, []projection.Projection{a, b}, projection.Options{}); err != nil {
		t.Fatal(err)
	}
	w.shows(a, end)
	if mended := w.verify(a, b); !mended.Equal || mended.Hash != first.Hash {
		t.Errorf("got %+v, want as at first: %+v", mended, first)
	}
}

func TestVerifyWithAProjectionThatStopped(t *testing.T) {
	w := newWorld(t)
	a, b := newBalances("a", 1), newBalances("b", 1)
	b.at = func(r eventlog.Record) error {
		if r.Position == 51 {
			return errors.New("cannot fold this")
		}
		return nil
	}
	r, _ := w.run(projection.Options{MaxBatch: 8}, a, b)
	end := w.pay(100)
	w.wait(r, end)
	if report := w.verify(a, b); !report.Equal || report.Position != end {
		t.Errorf("got %+v, want equal: each as far as it stands", report)
	}
	err := projection.Rebuild(w.ctx, w.log, w.views, []projection.Projection{a, b}, projection.Options{})
	if err == nil {
		t.Error("a rebuild that cannot fold took the place")
	}
	w.shows(a, end)
	w.shows(b, 50)
}

func TestVerifyRefusesAnotherLog(t *testing.T) {
	w := newWorld(t)
	a := newBalances("a", 1)
	r, stop := w.run(projection.Options{}, a)
	w.wait(r, w.pay(10))
	_ = stop()
	w.newLog()
	w.pay(10)
	if report, err := projection.Verify(w.ctx, w.log, w.views, []projection.Projection{a}, projection.Options{}); err == nil {
		t.Errorf("got %+v, want an error", report)
	}
}

func TestRebuildUnderLoadIsNotNoticed(t *testing.T) {
	w := newWorld(t)
	a, b := newBalances("a", 1), newBalances("b", 2)
	all := make(chan projection.Notice, 16)
	r, _ := w.run(projection.Options{MaxBatch: 50, Notify: func(n projection.Notice) {
		if n.All {
			all <- n
		}
	}}, a, b)
	w.wait(r, w.pay(500))
	ctx, cancel := context.WithCancel(w.ctx)
	var busy sync.WaitGroup
	busy.Go(func() {
		for ctx.Err() == nil {
			w.wait(r, w.pay(10))
		}
	})
	for range 3 {
		busy.Go(func() {
			last := eventlog.Position(0)
			for ctx.Err() == nil {
				err := w.views.Read(w.ctx, func(q projection.Reader) error {
					rows, err := a.table.Select(w.ctx, q, "")
					entries := 0
					for _, row := range rows {
						entries += row.Entries
					}
					if eventlog.Position(entries) != q.Position() || q.Position() < last {
						t.Errorf("%d entries at position %d, after %d", entries, q.Position(), last)
					}
					last = q.Position()
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 3 {
		if err := r.Rebuild(w.ctx); err != nil {
			t.Fatal(err)
		}
		if n := <-all; n.Position < 500 {
			t.Errorf("announced %+v", n)
		}
		if report := w.verify(a, b); !report.Equal {
			t.Errorf("while folding on: %+v", report)
		}
	}
	cancel()
	busy.Wait()
	end := w.pay(1)
	w.wait(r, end)
	w.shows(a, end)
	w.shows(b, end)
	if s := r.Status(); s[0].Stopped != "" || s[1].Stopped != "" {
		t.Errorf("status %+v", s)
	}
}

func TestRebuildTakesAStoppedProjectionAlong(t *testing.T) {
	w := newWorld(t)
	a := newBalances("a", 1)
	r, stop := w.run(projection.Options{}, a)
	w.wait(r, w.pay(20))
	_ = stop()
	w.change(`drop table a_v1`) // nothing can be folded any more
	stopped := make(chan struct{}, 10)
	r, _ = w.run(projection.Options{Log: logs("projection stopped", stopped)}, a)
	end := w.pay(20)
	<-stopped
	if err := r.Rebuild(w.ctx); err != nil {
		t.Fatal(err)
	}
	deadline, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	end = max(end, w.pay(5))
	if err := r.WaitFor(deadline, end); err != nil {
		t.Fatal(err)
	}
	w.shows(a, end)
}
