package storagetest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/eventlog/eventlogtest"
	"github.com/creatorflow/creatorflow/storage/storagetest"
	"github.com/creatorflow/creatorflow/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(storagetest.With(m)) }

func TestPlacesKeepWhatIsTheirs(t *testing.T) {
	place := storagetest.New(t)
	open := func() (*vault.Vault, vault.Store) {
		store := place.Vault()
		v, err := vault.Open(store, vault.Master{1}, vault.Options{Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		return v, store
	}
	v, store := open()
	if err := v.SetCursor(t.Context(), "c", "kept"); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if v, _ = open(); true {
		if value, err := v.Cursor(t.Context(), "c"); err != nil || value != "kept" {
			t.Errorf("opened again: %q, %v", value, err)
		}
	}
	place = storagetest.New(t)
	v, _ = open()
	if value, err := v.Cursor(t.Context(), "c"); err != nil || value != "" {
		t.Errorf("another place: %q, %v", value, err)
	}
}

type said struct{ N int }

func (said) EventName() string { return "said" }

// In a bubble a log commits for real, and time stands still meanwhile.
func TestBubbleLog(t *testing.T) {
	store := storagetest.New(t).BubbleLog()
	synctest.Test(t, func(t *testing.T) {
		log, stop := eventlogtest.Start(t, store, eventlog.Options{
			Decode: func(string, int, []byte) (eventlog.Event, error) { return said{}, nil }, Clock: time.Now,
		})
		defer stop()
		before := time.Now()
		for n := range 20 {
			if _, err := log.Append(t.Context(), eventlog.Write{Stream: eventlog.Stream{Workspace: "main", Kind: "x", ID: "1"}, Events: []eventlog.Event{said{n}}, Expected: eventlog.Version(n)}); err != nil {
				t.Fatal(err)
			}
		}
		if passed := time.Since(before); passed != 0 {
			t.Errorf("%v passed in the bubble, want none", passed)
		}
		<-time.After(time.Hour)
		if records, err := log.ReadAll(t.Context(), 0, 100); err != nil || len(records) != 20 {
			t.Errorf("%d records, %v; want 20", len(records), err)
		}
	})
}
