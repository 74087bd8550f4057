package realtime_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/creatorflow/creatorflow/projection"
	"github.com/creatorflow/creatorflow/realtime"
)

func TestNewestOnSubscribeThenWhatMoves(t *testing.T) {
	w := newWorld(t)
	w.commit("kpis", "orders/k7:1")
	live, _ := w.serve()
	s := w.open("ana")
	s.watch(realtime.Clock, "kpis", "orders/k7:1")
	s.shows("kpis", 1)
	s.shows("orders/k7:1", 1)
	live.Notify(w.commit("kpis"))
	s.shows("kpis", 2)
	s.clock(2)
	if f := s.latest[realtime.Clock]; f.Log != logID || !f.At.Equal(w.options.Clock()) {
		t.Errorf("clock frame %+v, want the log and the time", f)
	}
	live.Notify(w.commit("orders/k7:1", "orders/other"))
	s.shows("orders/k7:1", 3)
	s.clock(3)
	if n := w.readsOf("orders/other"); n != 0 {
		t.Errorf("a topic that nobody watches was read %d times", n)
	}
	late := w.open("ben")
	late.watch("kpis", realtime.Clock)
	late.until("the newest value", func(f frame) bool { return f.topic == "kpis" && f.event == "" && f.Value == 2 })
	late.clock(3)
	if c := live.Counts(); c.Clients != 2 || c.Users != 2 || c.Subscriptions != 5 || c.Topics != 2 || c.Frames != 4 || c.Failed != 0 {
		t.Errorf("counts %+v", c)
	}
}

func TestAllValuesBeforeAClockFrameAreOfItsPosition(t *testing.T) {
	w := newWorld(t)
	topics := []string{"kpis", "stock/critical", "stock/a", "stock/b", "orders/1", "orders/2"}
	w.commit(topics...)
	live, _ := w.serve()
	s := w.open("ana")
	watched := append(topics, realtime.Clock)
	s.watch(watched...)
	for range watched { // in any order; one that is still to come would be filled ahead of the clock
		s.told("subscribed")
	}
	live.Notify(w.commit(topics...))
	s.clock(2)
	var writer sync.WaitGroup
	writer.Go(func() {
		for range 300 {
			live.Notify(w.commit(topics...))
		}
	})
	latest := map[string]frame{}
	ticks := 0
	for at := int64(0); at < 302; {
		for _, f := range s.until("a clock frame", func(f frame) bool { return f.topic == realtime.Clock && f.event == "" }) {
			if f.event != "" {
				continue
			}
			if f.topic != realtime.Clock {
				latest[f.topic] = f
				continue
			}
			ticks++
			at = int64(f.Position)
			for topic, shows := range latest {
				if shows.Value != at || shows.Position != f.Position {
					t.Fatalf("at clock %d %s shows %d of position %d", at, topic, shows.Value, shows.Position)
				}
			}
			if len(latest) != len(topics) {
				t.Fatalf("at clock %d there are %d values, want %d", at, len(latest), len(topics))
			}
		}
	}
	writer.Wait()
	t.Logf("%d ticks for 300 commits", ticks)
}

func TestAThousandNoticesAreAFewFrames(t *testing.T) {
	w := newWorld(t)
	w.commit("kpis")
	live, _ := w.serve()
	s := w.open("ana")
	s.watch("kpis", realtime.Clock)
	s.shows("kpis", 1)
	s.clock(1)

	reading := make(chan struct{}, 10)
	wait, release := gate(t)
	w.set(func() {
		w.on = func(string) error {
			select {
			case reading <- struct{}{}:
			default:
			}
			wait()
			return nil
		}
	})
	live.Notify(w.commit("kpis"))
	<-reading // a tick is under way at position 2
	before := live.Counts()
	for range 1000 {
		live.Notify(w.commit("kpis"))
	}
	release()
	seen := append(s.shows("kpis", 1002), s.clock(1002)...)
	after := live.Counts()
	if values := count(seen, "kpis"); values > 3 || after.Frames-before.Frames > 3 || after.Clocks-before.Clocks > 4 {
		t.Errorf("%d values at the client, counts %+v then %+v; want at most 3 for 1,000 notices", values, before, after)
	}
}

func TestNothingIsReadOrSentForTopicsNobodyWatches(t *testing.T) {
	w := newWorld(t)
	w.commit("kpis", "stock/a")
	live, _ := w.serve()
	s := w.open("ana")
	s.watch(realtime.Clock, "kpis", "stock/a")
	s.shows("kpis", 1)
	s.shows("stock/a", 1)
	s.leave("stock/a")
	s.watch("orders/none") // its answer comes after the server has done what was asked before
	s.told("refused 102")
	live.Notify(w.commit("stock/a", "kpis"))
	s.shows("kpis", 2)
	s.clock(2)
	reads, frames := w.readsOf("stock/a"), live.Counts().Frames
	live.Notify(w.commit("stock/a"))
	s.clock(3)
	if n := w.readsOf("stock/a"); n != reads || live.Counts().Frames != frames {
		t.Errorf("an unwatched topic was read %d times and %d frames were sent", n-reads, live.Counts().Frames-frames)
	}
	s.watch("stock/a") // the old value must not come back
	for _, f := range s.shows("stock/a", 3) {
		if f.topic == "stock/a" && f.event == "" && f.Value != 3 {
			t.Errorf("a stale value came: %+v", f)
		}
	}
	s.leave("stock/a")
	s.watch("orders/nope")
	s.told("refused 102")
	for range 100 { // ticks; what nobody watches is looked for from time to time
		live.Notify(w.commit("kpis"))
		s.clock(w.position)
		if live.Counts().Topics == 1 {
			return
		}
	}
	t.Errorf("%d topics are held for one that is watched", live.Counts().Topics)
}

func TestAnEqualValueIsNotSentAgain(t *testing.T) {
	w := newWorld(t)
	w.commit("kpis", "stock/a")
	live, _ := w.serve()
	s := w.open("ana")
	s.watch(realtime.Clock, "kpis", "stock/a")
	s.shows("kpis", 1)
	s.shows("stock/a", 1)
	moved := w.commit("stock/a")
	moved.Topics = []string{"kpis", "stock/a"} // kpis is as it was, but for its position
	live.Notify(moved)
	seen := append(s.shows("stock/a", 2), s.clock(2)...)
	if count(seen, "kpis") != 0 {
		t.Errorf("an equal value came again: %+v", seen)
	}
	if c := live.Counts(); c.Unchanged == 0 || c.Frames != 3 {
		t.Errorf("counts %+v, want 3 frames", c)
	}
}

func TestTopicsThatMoveWithoutTheLog(t *testing.T) {
	w := newWorld(t)
	w.commit("kpis", "stock/a")
	live, _ := w.serve()
	s := w.open("ana")
	s.watch("kpis", "stock/a")
	s.shows("kpis", 1)
	s.shows("stock/a", 1)
	w.set(func() { w.pad = "later" })
	live.Dirty("kpis")
	live.Dirty("unwatched")
	s.until("the later kpis", func(f frame) bool { return f.topic == "kpis" && f.Pad == "later" })
	w.set(func() { w.pad = "rebuilt" })
	live.Notify(projection.Notice{Position: 1, All: true})
	s.until("all anew", func(f frame) bool { return f.topic == "stock/a" && f.Pad == "rebuilt" })
}

func TestComingBackGivesTheNewest(t *testing.T) {
	w := newWorld(t)
	w.commit("kpis", "stock/a")
	live, _ := w.serve()
	s := w.open("ana")
	s.watch(realtime.Clock, "kpis", "stock/a")
	s.shows("kpis", 1)
	s.shows("stock/a", 1)
	for round := int64(1); round < 20; round++ {
		live.Recheck("ana")
		s.told("disconnected 3011")
		live.Notify(w.commit("kpis"))
		s.shows("kpis", round+1)
		s.clock(w.position)
	}
}

func TestARestartedServerGivesTheNewest(t *testing.T) {
	w := newWorld(t)
	w.commit("kpis", "orders/1")
	_, stop := w.serve()
	s := w.open("ana")
	s.watch(realtime.Clock, "kpis", "orders/1")
	s.shows("kpis", 1)
	s.shows("orders/1", 1)
	stop()
	s.told("disconnected 3001") // told to come back
	w.commit("kpis")            // while nobody serves
	live, _ := w.serve()
	s.shows("kpis", 2)
	s.clock(2)
	live.Notify(w.commit("orders/1"))
	s.shows("orders/1", 3)
}

func TestWhoMayWatchWhat(t *testing.T) {
	w := newWorld(t)
	w.commit("kpis", "stock/critical", "stock/a/b", "orders/1")
	w.allowed = func(user, topic string) bool { return user == "owner" || !strings.HasPrefix(topic, "orders/") }
	live, _ := w.serve()

	stranger := w.open("")
	stranger.told("not connected")
	if response, err := http.Get("http" + strings.TrimPrefix(w.url, "ws")); err != nil || response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a user: %v, %v; want 401", response, err)
	} else {
		_ = response.Body.Close()
	}
	if _, response, err := websocket.DefaultDialer.Dial(w.url, http.Header{"X-User": {"ana"}, "Origin": {"https://evil.example"}}); err == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("from a foreign page: %v, %v; want 403", response, err)
	}

	s := w.open("ana")
	s.watch("kpis", "stock/a/b", "orders/1", "no/such", "orders/", "stock/none")
	want := map[string]string{"kpis": "subscribed", "stock/a/b": "subscribed", "orders/1": "refused 103", "no/such": "refused 102", "orders/": "refused 102", "stock/none": "refused 102"}
	for range want {
		seen := s.until("an answer", func(f frame) bool {
			return strings.HasPrefix(f.event, "subscribed") || strings.HasPrefix(f.event, "refused")
		})
		f := seen[len(seen)-1]
		if !strings.HasPrefix(f.event, want[f.topic]) {
			t.Errorf("%s: got %s, want %s", f.topic, f.event, want[f.topic])
		}
	}
	for _, command := range []string{
		`"publish":{"channel":"kpis","data":{}}`, `"history":{"channel":"kpis","limit":1}`, `"presence":{"channel":"kpis"}`, `"rpc":{"method":"x"}`,
	} {
		s.ask(command)
		s.told("refused 10")
	}
	w.set(func() { w.allowed = func(_, topic string) bool { return topic == "stock/a/b" } })
	live.Recheck("ana")
	s.until("kpis to be refused", func(f frame) bool { return f.topic == "kpis" && strings.HasPrefix(f.event, "refused 103") })
}

func TestSignOutEndsOneSession(t *testing.T) {
	w := newWorld(t)
	w.commit("kpis")
	live, _ := w.serve()
	phone, laptop, ben := w.open("ana", "X-Session", "s1"), w.open("ana", "X-Session", "s2"), w.open("ben", "X-Session", "s1")
	for _, s := range []*screen{phone, laptop, ben} {
		s.watch("kpis")
		s.shows("kpis", 1)
	}
	live.SignOut("ana", "s1")
	phone.told("disconnected 3503") // and does not come back
	live.Notify(w.commit("kpis"))
	laptop.shows("kpis", 2)
	ben.shows("kpis", 2)
	live.SignOut("ana", "")
	laptop.told("disconnected 3503")
	live.Notify(w.commit("kpis"))
	ben.shows("kpis", 3)
}

func TestWhatIsNotReadyIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.commit("kpis", "stock/a")
	live, _ := w.serve()
	s := w.open("ana")
	s.watch("stock/a", realtime.Clock)
	s.shows("stock/a", 1)
	building := errors.New("rebuilding, 40 %")
	w.set(func() { w.on = func(string) error { return building } })
	s.watch("kpis")
	s.told("refused 503")
	s.told("refused 503")
	live.Notify(w.commit("stock/a"))
	s.clock(2) // the clock goes on
	w.set(func() { w.on = func(string) error { panic("boom") } })
	s.told("refused 503")
	w.set(func() { w.on = func(string) error { return nil } })
	s.shows("kpis", 1)
	s.shows("stock/a", 2)
}

func TestCaps(t *testing.T) {
	w := newWorld(t, func(o *realtime.Options) { o.Subscriptions, o.Clients = 2, 2 })
	w.commit("kpis", "stock/a", "stock/b")
	w.serve()
	s := w.open("ana")
	s.watch("kpis", "stock/a")
	s.shows("kpis", 1)
	s.shows("stock/a", 1)
	s.watch("stock/b")
	s.told("refused 106")

	raw := dial(t, w)
	if err := raw.WriteMessage(websocket.TextMessage, []byte(`{"id":1,"connect":{"name":"`+strings.Repeat("x", 20_000)+`"}}`)); err != nil {
		t.Fatal(err)
	}
	if _, message, err := raw.ReadMessage(); err == nil {
		t.Errorf("an oversized message was answered: %s", message)
	}
	second := w.open("ben")
	second.told("connected")
	if _, response, err := websocket.DefaultDialer.Dial(w.url, http.Header{"X-User": {"cem"}}); err == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a third connection: %v, %v; want 503", response, err)
	}
}

func dial(t *testing.T, w *world) *websocket.Conn {
	t.Helper()
	raw, response, err := websocket.DefaultDialer.Dial(w.url, http.Header{"X-User": {"raw"}})
	if err != nil {
		t.Fatalf("%v: %v", response, err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	return raw
}

func TestASlowClientIsCutOffAndTheOthersGoOn(t *testing.T) {
	w := newWorld(t, func(o *realtime.Options) { o.QueueBytes = 128 << 10 })
	w.commit("kpis")
	w.pad = strings.Repeat("x", 64<<10)
	live, _ := w.serve()
	s := w.open("ana")
	s.watch("kpis")
	s.shows("kpis", 1)
	slow := dial(t, w)
	for _, command := range []string{`{"id":1,"connect":{}}`, `{"id":2,"subscribe":{"channel":"kpis"}}`} {
		if err := slow.WriteMessage(websocket.TextMessage, []byte(command)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := slow.ReadMessage(); err != nil {
			t.Fatal(err)
		}
	}
	cut := int64(0)
	for n := int64(2); cut == 0; n++ {
		w.set(func() { w.pad = strings.Repeat(string(rune('a'+n%26)), 64<<10) })
		live.Notify(w.commit("kpis"))
		s.shows("kpis", n)
		if live.Counts().Clients == 1 {
			cut = n
		}
	}
	t.Logf("cut off after %d frames of 64 KiB", cut)
	live.Notify(w.commit("kpis"))
	s.shows("kpis", cut+1)
}

func TestIdleClock(t *testing.T) {
	w := newWorld(t, func(o *realtime.Options) { o.Idle = time.Millisecond })
	w.commit("kpis")
	w.serve()
	s := w.open("ana")
	s.watch(realtime.Clock)
	for range 3 {
		s.until("a clock frame", func(f frame) bool { return f.event == "" }) // no notice, but time passes
	}
}

// TestNobodyIsLeftWithAStaleValue has screens come and go while values move, and at the end asks
// each for the last value.
func TestNobodyIsLeftWithAStaleValue(t *testing.T) {
	w := newWorld(t)
	topics := []string{"kpis", "stock/a", "stock/b", "orders/1"}
	w.commit(topics...)
	live, _ := w.serve()
	var screens sync.WaitGroup
	ended := make(chan struct{})
	for i := range 6 {
		s := w.open(fmt.Sprintf("user%d", i))
		random := rand.New(rand.NewPCG(1, uint64(i)))
		screens.Go(func() {
			held := map[string]bool{}
			for {
				select {
				case <-ended:
					for _, topic := range topics {
						if !held[topic] {
							s.watch(topic)
						}
					}
					return
				default:
				}
				topic := topics[random.IntN(len(topics))]
				if held[topic] {
					s.leave(topic)
				} else {
					s.watch(topic)
					s.until("an answer", func(f frame) bool { return f.topic == topic && f.event == "subscribed" })
				}
				held[topic] = !held[topic]
			}
		})
		defer func() {
			for _, topic := range topics {
				s.shows(topic, int64(w.position))
			}
		}()
	}
	for range 400 {
		live.Notify(w.commit(topics[:1+w.position%4]...))
	}
	close(ended)
	screens.Wait()
	live.Notify(w.commit(topics...))
}

func TestMistakesAreRefused(t *testing.T) {
	w := newWorld(t)
	topic := func(pattern string) realtime.Topic { return realtime.Topic{Pattern: pattern, Value: w.value(pattern)} }
	for name, topics := range map[string][]realtime.Topic{
		"no name":        {topic("")},
		"the clock":      {topic(realtime.Clock)},
		"no value":       {{Pattern: "kpis"}},
		"twice":          {topic("kpis"), topic("kpis")},
		"a family twice": {topic("orders/{id}"), topic("orders/{order}")},
		"key in front":   {topic("{id}/orders")},
		"key inside":     {topic("orders/{id}/lines")},
		"only a key":     {topic("{id}")},
		"two keys":       {topic("a/{b}{c}")},
	} {
		o := w.options
		o.Topics = topics
		if _, err := realtime.New(o); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	if _, err := realtime.New(realtime.Options{}); err == nil {
		t.Error("without views: want an error")
	}
}
