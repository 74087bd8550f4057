package hub_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/domain/events/flows"
	letterevents "github.com/creatorflow/creatorflow/domain/events/letters"
	"github.com/creatorflow/creatorflow/domain/letters"
	"github.com/creatorflow/creatorflow/domain/workspace"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// TestMain looks for goroutines that were left. centrifuge sleeps a second before it leaves an empty
// topic, also after its end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/centrifugal/centrifuge.(*Node).unsubscribeFromBrokerWhenEmpty.func1"))
}

func options(data string) hub.Options {
	return hub.Options{Data: data, Clock: time.Now, Log: slog.New(slog.DiscardHandler)}
}

// Randomness that is given fixes what is drawn: the ids of shops, and the spread of retries.
func TestRandIsFixed(t *testing.T) {
	app := func(seed byte) string {
		o := options(t.TempDir())
		o.Rand = rand.NewChaCha8([32]byte{seed})
		h, err := hub.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = h.Close() }()
		app, err := h.Shops.AddApp(t.Context(), channels.App{Channel: "tiktok", Key: "key", Secrets: []string{"secret"}})
		if err != nil {
			t.Fatal(err)
		}
		return app.ID
	}
	if a, b, c := app(1), app(1), app(2); a != b || a == c {
		t.Errorf("ids %s and %s of one seed, %s of another", a, b, c)
	}
	o := options(t.TempDir())
	o.Rand = strings.NewReader("too short to seed all parts")
	if _, err := hub.Open(t.Context(), o); err == nil {
		t.Error("opened with too little randomness")
	}
}

// TestRestart runs one hub after another on a folder, in one process.
func TestRestart(t *testing.T) {
	data := t.TempDir()
	for life := range 2 {
		h, err := hub.Open(t.Context(), options(data))
		if err != nil {
			t.Fatal(err)
		}
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx, listener) }()
		if err := h.Ready(ctx); err != nil {
			t.Fatal(err)
		}
		if keys := makeKey(t, data); len(keys) != 1+2*life {
			t.Errorf("life %d: keys %v", life, keys)
		}
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("life %d ended with %v", life, err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		if keys := makeKey(t, data); len(keys) != 2+2*life { // nobody holds the folder now
			t.Errorf("after life %d: keys %v", life, keys)
		}
	}
}

// makeKey makes a key in the way of the owner's commands and lists all.
func makeKey(t *testing.T, data string) []accounts.APIKey {
	t.Helper()
	admin, err := hub.Reach(t.Context(), options(data))
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin.Key(t.Context(), hub.MakeKey{Name: "test", Role: accounts.Viewer, Days: 1})
	if err != nil {
		t.Error(err)
	}
	keys, err := admin.Keys(t.Context())
	if err := errors.Join(err, admin.Close()); err != nil {
		t.Error(err)
	}
	return keys
}

// TestOpenFails: what was opened before the failure is closed again, the folder included.
func TestOpenFails(t *testing.T) {
	o := options(t.TempDir())
	o.TLS = [2]string{filepath.Join(o.Data, "none"), filepath.Join(o.Data, "none")}
	if _, err := hub.Open(t.Context(), o); err == nil {
		t.Fatal("a hub without its certificate was opened")
	}
	o.TLS = [2]string{}
	h, err := hub.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("after the failure: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// TestReplayOfATime asks for letters of a time to be tried again: the hub works it off.
func TestReplayOfATime(t *testing.T) {
	h, err := hub.Open(t.Context(), options(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, listener) }()
	defer func() {
		stop()
		if err := errors.Join(<-ended, h.Close()); !errors.Is(err, context.Canceled) {
			t.Errorf("the hub ended with %v", err)
		}
	}()
	if err := h.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	id := letters.OrderID("k7:1") // of a shop that is not connected, so it opens again
	begun := time.Now()
	for _, w := range []eventlog.Write{
		{Stream: letterevents.Stream(workspace.Main, id), Events: []eventlog.Event{letterevents.Opened{Letter: id, Reason: "r"}}},
		{Stream: h.Fulfilment.Stream("k7:2"), Events: []eventlog.Event{
			flows.Started{Kind: "fulfilment", Flow: "k7:2", At: begun}, flows.Stuck{Flow: "k7:2", Step: "label", Reason: "r"},
		}},
		{Stream: letterevents.Replays(workspace.Main), Events: []eventlog.Event{letterevents.ReplayBegun{From: begun.Add(-time.Hour), To: begun.Add(time.Hour)}}},
	} {
		if _, err := h.Log.Append(ctx, w); err != nil {
			t.Fatal(err)
		}
	}
	waiting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for position := eventlog.Position(0); ; {
		s, err := letters.FindReplay(ctx, h.Log, workspace.Main)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Running {
			if s.Replayed < 2 || s.Skipped > 0 {
				t.Errorf("got %+v, want 2 replayed", s)
			}
			return
		}
		if position, err = h.Log.Wait(waiting, position); err != nil {
			t.Fatalf("the replay does not end: %v, %+v", err, s)
		}
	}
}
