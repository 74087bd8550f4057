package projectiontest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/creatorflow/creatorflow/projection"
)

func beside(t *testing.T, store projection.Store) projection.Store {
	t.Helper()
	fresh, err := store.Beside(t.Context())
	must(t, err)
	t.Cleanup(func() { _ = fresh.Close() })
	must(t, fresh.Create(t.Context(), one))
	return fresh
}

func switches(t *testing.T, p Place) {
	store := opened(t, p)
	write(t, store, 1, "old", 1)
	fresh := beside(t, store)
	shows(t, fresh, 0)
	write(t, fresh, 5, "new", 5)
	shows(t, store, 1, "old=1")

	reading, release, late := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() { // a reader that began before the switch keeps what it sees
		late <- store.Read(t.Context(), func(r projection.Reader) error {
			close(reading)
			<-release
			got, err := amounts(t.Context(), r)
			if err == nil && (!slices.Equal(got, []string{"old=1"}) || r.Position() != 1) {
				t.Errorf("a reader from before the switch sees %v at %d", got, r.Position())
			}
			return err
		})
	}()
	<-reading
	switched, inLast := make(chan error, 1), make(chan struct{})
	go func() {
		runs := 0
		switched <- store.Switch(t.Context(), fresh, func(ctx context.Context) error {
			shows(t, store, 1, "old=1") // readers go on
			err := fresh.Write(ctx, func(tx projection.Tx, _ []projection.Checkpoint) ([]projection.Checkpoint, error) {
				return at(6), put(ctx, tx, "new", 6)
			})
			if runs++; runs <= projection.Closer {
				write(t, store, 1, "old", 1) // the writer is not held back yet
			} else {
				close(inLast)
			}
			return err
		})
	}()
	<-inLast
	write(t, store, 7, "more", 7) // waits for the switch, then goes to the new rows
	shows(t, store, 7, "more=7", "new=6")
	close(release)
	must(t, <-late)
	must(t, <-switched)
	must(t, fresh.Close()) // takes nothing away
	shows(t, store, 7, "more=7", "new=6")

	again := beside(t, store) // and once more
	write(t, again, 8, "third", 8)
	must(t, store.Switch(t.Context(), again, func(context.Context) error { return nil }))
	shows(t, store, 8, "third=8")
	must(t, store.Close())
	later := p.Open(t)
	t.Cleanup(func() { _ = later.Close() })
	shows(t, later, 8, "third=8")
}

func switchFails(t *testing.T, p Place) {
	store := opened(t, p)
	write(t, store, 1, "old", 1)
	fresh := beside(t, store)
	broken := errors.New("broken")
	if err := store.Switch(t.Context(), fresh, func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of last", err)
	}
	write(t, store, 2, "old", 2)
	shows(t, store, 2, "old=2")
	if err := store.Switch(t.Context(), store, func(context.Context) error { return nil }); err == nil {
		t.Error("a store took its own place")
	}
	must(t, fresh.Close())
	if err := store.Switch(t.Context(), fresh, func(context.Context) error { return nil }); err == nil {
		t.Error("a closed store took the place")
	}
	shows(t, store, 2, "old=2")
}

func besideGone(t *testing.T, p Place) {
	store := opened(t, p)
	write(t, store, 1, "old", 1)
	fresh := beside(t, store)
	write(t, fresh, 9, "new", 9)
	must(t, fresh.Close())
	lost := beside(t, store) // as after a crash: filled, never switched, never closed
	write(t, lost, 9, "new", 9)
	must(t, store.Close())
	again := p.Open(t)
	t.Cleanup(func() { _ = again.Close() })
	shows(t, again, 1, "old=1")
}

func closed(t *testing.T, p Place) {
	store := opened(t, p)
	must(t, store.Close())
	must(t, store.Close())
	err := store.Read(t.Context(), func(projection.Reader) error { return nil })
	if err == nil {
		t.Error("a closed store can be read")
	}
	err = store.Write(t.Context(), func(projection.Tx, []projection.Checkpoint) ([]projection.Checkpoint, error) { return nil, nil })
	if err == nil {
		t.Error("a closed store can be written")
	}
	if _, err := store.Beside(t.Context()); err == nil {
		t.Error("a closed store has one beside")
	}
}
