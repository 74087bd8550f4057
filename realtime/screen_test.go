package realtime_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/centrifugal/fdelta"
	"github.com/gorilla/websocket"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/realtime"
)

// frame is what a client got: a value, or an event such as "subscribed" or "refused 103".
type frame struct {
	topic string
	event string
	shown
}

// screen is a client of the wire protocol that comes back by itself, as a browser does. Every
// second topic is taken with deltas.
type screen struct {
	*testing.T
	url    string
	header http.Header
	frames chan frame       // in the order of arrival
	latest map[string]frame // the last value of each topic, as far as frames were read

	mu     sync.Mutex
	conn   *websocket.Conn
	closed bool
	asked  int
	topics map[string]*watching
}

// watching is what a client keeps of a topic, to come back where it was.
type watching struct {
	ask    int
	live   bool // subscribed on this connection; what comes before is of an earlier subscription
	delta  bool
	known  bool // has been subscribed before
	epoch  string
	offset uint64
	data   []byte
}

// reply is anything the server sends.
type reply struct {
	ID    int `json:"id"`
	Error struct {
		Code      int  `json:"code"`
		Temporary bool `json:"temporary"`
	} `json:"error"`
	Connect   json.RawMessage `json:"connect"`
	Subscribe *struct {
		Epoch        string        `json:"epoch"`
		Offset       uint64        `json:"offset"`
		Publications []publication `json:"publications"`
	} `json:"subscribe"`
	Push struct {
		Channel string       `json:"channel"`
		Pub     *publication `json:"pub"`
	} `json:"push"`
}

type publication struct {
	Data   json.RawMessage `json:"data"`
	Offset uint64          `json:"offset"`
	Delta  bool            `json:"delta"`
}

func (w *world) open(user string, header ...string) *screen {
	s := &screen{
		T: w.T, url: w.url, header: http.Header{"X-User": {user}}, frames: make(chan frame, 1<<14),
		latest: map[string]frame{}, topics: map[string]*watching{},
	}
	for i := 0; i+1 < len(header); i += 2 {
		s.header.Set(header[i], header[i+1])
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for s.connected() {
		}
	}()
	w.Cleanup(func() {
		s.mu.Lock()
		s.closed = true
		if s.conn != nil {
			_ = s.conn.Close()
		}
		s.mu.Unlock()
		<-ended
	})
	return s
}

// connected lives through one connection and says whether to come back.
func (s *screen) connected() bool {
	conn, response, err := websocket.DefaultDialer.Dial(s.url, s.header)
	if err != nil {
		if response != nil && response.StatusCode == http.StatusServiceUnavailable && s.Context().Err() == nil {
			return true
		}
		s.frames <- frame{event: fmt.Sprintf("not connected: %v", err)}
		return false
	}
	defer func() { _ = conn.Close() }()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return false
	}
	s.conn = conn
	s.send(`{"id":1,"connect":{}}`)
	s.asked = 1
	for topic := range s.topics {
		s.subscribe(topic)
	}
	s.mu.Unlock()
	for {
		_, message, err := conn.ReadMessage()
		if err != nil {
			code := 0
			var closing *websocket.CloseError
			if errors.As(err, &closing) {
				code = closing.Code
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.conn = nil
			s.frames <- frame{event: fmt.Sprintf("disconnected %d", code)}
			return !s.closed && code < 3500
		}
		for line := range bytes.Lines(message) {
			s.take(line)
		}
	}
}

// send writes to the connection; mu must be held. An error shows when reading.
func (s *screen) send(command string) {
	if s.conn != nil {
		_ = s.conn.WriteMessage(websocket.TextMessage, []byte(command))
	}
}

func (s *screen) subscribe(topic string) {
	s.asked++
	t := s.topics[topic]
	t.ask, t.live = s.asked, false
	command := map[string]any{"channel": topic}
	if t.delta {
		command["delta"] = "fossil"
	}
	if t.known {
		command["recover"], command["epoch"], command["offset"] = true, t.epoch, t.offset
	}
	text, err := json.Marshal(map[string]any{"id": t.ask, "subscribe": command})
	if err != nil {
		s.Error(err)
	}
	s.send(string(text))
}

// take handles one thing that the server said.
func (s *screen) take(line []byte) {
	var r reply
	if err := json.Unmarshal(line, &r); err != nil {
		s.Errorf("not JSON: %s", line)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.TrimSpace(string(line)) == "{}" {
		s.send("{}") // a ping
	}
	if r.Connect != nil {
		s.frames <- frame{event: "connected"}
	}
	if t := s.topics[r.Push.Channel]; t != nil && t.live && r.Push.Pub != nil {
		s.show(r.Push.Channel, t, *r.Push.Pub)
	}
	for topic, t := range s.topics {
		if r.ID != t.ask || r.ID == 0 {
			continue
		}
		if r.Subscribe == nil {
			s.frames <- frame{topic: topic, event: fmt.Sprintf("refused %d", r.Error.Code)}
			if r.Error.Temporary {
				s.subscribe(topic)
			} else {
				delete(s.topics, topic)
			}
			continue
		}
		t.live, t.known, t.epoch, t.offset = true, true, r.Subscribe.Epoch, max(t.offset, r.Subscribe.Offset)
		s.frames <- frame{topic: topic, event: "subscribed"}
		for _, p := range r.Subscribe.Publications {
			s.show(topic, t, p)
		}
	}
}

func (s *screen) show(topic string, t *watching, p publication) {
	data := []byte(p.Data)
	if t.delta {
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			s.Errorf("%s: %s is not a text", topic, data)
		}
		data = []byte(text)
	}
	if p.Delta {
		whole, err := fdelta.Apply(t.data, data)
		if err != nil {
			s.Errorf("%s: delta %q on %q: %v", topic, data, t.data, err)
		}
		data = whole
	}
	t.data, t.offset = data, p.Offset
	f := frame{topic: topic}
	if err := json.Unmarshal(data, &f.shown); err != nil {
		s.Errorf("%s: %s: %v", topic, data, err)
	}
	s.frames <- f
}

func (s *screen) watch(topics ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, topic := range topics {
		s.topics[topic] = &watching{delta: i%2 == 0}
		s.subscribe(topic)
	}
}

func (s *screen) leave(topic string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.topics, topic)
	s.asked++
	s.send(fmt.Sprintf(`{"id":%d,"unsubscribe":{"channel":%q}}`, s.asked, topic))
}

// ask sends any command and gives the code of the error that answers it.
func (s *screen) ask(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	name := fmt.Sprintf("answer %d", s.asked)
	s.topics[name] = &watching{ask: s.asked}
	s.send(fmt.Sprintf(`{"id":%d,%s}`, s.asked, command))
}

// until reads frames up to the first that fits, and returns all of them.
func (s *screen) until(what string, fits func(frame) bool) (seen []frame) {
	s.Helper()
	timeout := time.NewTimer(time.Minute)
	defer timeout.Stop()
	for {
		select {
		case f := <-s.frames:
			seen = append(seen, f)
			if f.event == "" {
				s.latest[f.topic] = f
			}
			if fits(f) {
				return seen
			}
		case <-timeout.C:
			s.Fatalf("no %s; got %+v", what, seen)
		}
	}
}

// shows waits until a topic shows a value, and returns the frames that came meanwhile.
func (s *screen) shows(topic string, value int64) (seen []frame) {
	s.Helper()
	if f, ok := s.latest[topic]; ok && f.Value == value {
		return nil
	}
	return s.until(fmt.Sprintf("%s = %d", topic, value), func(f frame) bool {
		return f.topic == topic && f.event == "" && f.Value == value
	})
}

// clock waits until the clock has come to a position.
func (s *screen) clock(position eventlog.Position) (seen []frame) {
	s.Helper()
	if f, ok := s.latest[realtime.Clock]; ok && f.Position >= position {
		return nil
	}
	return s.until(fmt.Sprintf("clock frame from %d", position), func(f frame) bool {
		return f.topic == realtime.Clock && f.event == "" && f.Position >= position
	})
}

// told waits for an event that begins so.
func (s *screen) told(event string) (seen []frame) {
	s.Helper()
	return s.until(event, func(f frame) bool { return strings.HasPrefix(f.event, event) })
}

func count(seen []frame, topic string) (n int) {
	for _, f := range seen {
		if f.topic == topic && f.event == "" {
			n++
		}
	}
	return n
}
