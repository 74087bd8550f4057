package realtime

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/projection"
)

const (
	// sweepEvery is the number of ticks after which topics that nobody watches are forgotten.
	sweepEvery = 40
	// goodbye is how long closing the connections may take.
	goodbye = 5 * time.Second
)

// Run serves connections and sends what moved until ctx ends; then it tells clients to come back.
func (l *Live) Run(ctx context.Context) error {
	if err := l.begin(ctx); err != nil {
		return fmt.Errorf("realtime: %w", err)
	}
	defer l.end()
	idle := time.NewTimer(0)
	defer idle.Stop()
	for {
		forced := false
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.wake:
		case <-idle.C:
			forced = true
		}
		l.tick(ctx, forced)
		idle.Reset(l.options.Idle)
		pause(ctx, l.options.Tick)
	}
}

func (l *Live) begin(ctx context.Context) error {
	err := l.options.Views.Read(ctx, func(r projection.Reader) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.noticed = max(l.noticed, r.Position()) // nobody watches yet, so nothing is missed
		return nil
	})
	if err != nil {
		return err
	}
	if err := l.node.Run(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = true
	return nil
}

func (l *Live) end() {
	l.mu.Lock()
	l.running = false
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if err := l.node.Shutdown(ctx); err != nil {
		l.options.Log.Warn("connections were not closed in time", "error", err)
	}
}

// value is what a topic shows at a position.
type value struct {
	name     string
	data     []byte
	position eventlog.Position
	err      error
}

// tick reads all dirty topics in one read transaction, sends them and ends with a clock frame.
func (l *Live) tick(ctx context.Context, forced bool) {
	var values []value
	var idle []string
	var marks map[string]eventlog.Position
	var shows eventlog.Position
	err := l.options.Views.Read(ctx, func(r projection.Reader) error {
		// The clock frame promises all that is in the log up to its position, so every notice up
		// to there must have marked its topics.
		shows = min(r.Position(), l.noticedUpTo(ctx, r.Position()))
		forced = l.takeForced() || forced
		marks = l.takeDirty()
		for name := range marks {
			if l.node.Hub().NumSubscribers(name) == 0 {
				idle = append(idle, name)
				continue
			}
			values = append(values, l.read(ctx, r, name))
		}
		return nil
	})
	l.failed(ctx, &l.reading, "", err)
	if err != nil {
		l.again(marks)
		return
	}
	for _, v := range values {
		l.publish(ctx, v)
		if errors.Is(v.err, ErrNoTopic) || (v.err == nil && marks[v.name] <= v.position) {
			delete(marks, v.name)
		}
	}
	for _, name := range idle {
		delete(marks, name)
	}
	l.again(marks)
	l.tell(ctx, shows, forced)
	l.forget(idle, true)
	if l.counts.ticks.Add(1)%sweepEvery == 0 || forced {
		l.forget(l.all(), false)
	}
}

// read makes the value of one topic.
func (l *Live) read(ctx context.Context, r projection.Reader, name string) (v value) {
	v = value{name: name, position: r.Position()}
	defer func() {
		if cause := recover(); cause != nil {
			v.err = fmt.Errorf("panic: %v", cause)
		}
	}()
	topic, key, ok := l.find(name)
	if !ok {
		v.err = ErrNoTopic
		return v
	}
	made, err := topic.Value(ctx, r, key)
	if err != nil {
		v.err = err
		return v
	}
	v.data, v.err = encode(made)
	return v
}

// publish sends a value to the topic's subscribers, unless it is the one they have.
func (l *Live) publish(ctx context.Context, v value) {
	w := l.watch(v.name)
	w.mu.Lock()
	defer w.mu.Unlock()
	if v.err == nil {
		v.err = l.send(w, v)
	}
	if !errors.Is(v.err, ErrNoTopic) { // it was there before: the last value stays
		l.failed(ctx, w, v.name, v.err)
	}
}

// failed counts a failure and logs the first one in a row; w.mu must be held.
func (l *Live) failed(ctx context.Context, w *watched, name string, err error) {
	if err != nil && ctx.Err() == nil {
		l.counts.failed.Add(1)
		if !w.failing {
			l.options.Log.WarnContext(ctx, "topic cannot be read and is tried again", "topic", name, "error", err)
		}
	}
	w.failing = err != nil
}

// send gives a value to the broker; w.mu must be held.
func (l *Live) send(w *watched, v value) error {
	content := contentOf(v.data)
	if w.sent && (w.position > v.position || w.content == content) {
		l.counts.unchanged.Add(1)
		return nil
	}
	_, err := l.node.Publish(v.name, v.data, centrifuge.WithHistory(1, forever), centrifuge.WithDelta(true))
	if err != nil {
		return err
	}
	l.counts.frames.Add(1)
	w.sent, w.position, w.content = true, v.position, content
	return nil
}

// tell sends a clock frame when the position moved or one is due anyway.
func (l *Live) tell(ctx context.Context, shows eventlog.Position, forced bool) {
	l.mu.Lock()
	moved := shows > l.shown
	l.shown = max(l.shown, shows)
	frame := clockFrame{Position: l.shown, At: l.options.Clock().UTC(), Log: l.options.LogID}
	l.mu.Unlock()
	if !moved && !forced {
		return
	}
	data, err := encode(frame)
	if err == nil {
		_, err = l.node.Publish(Clock, data, centrifuge.WithHistory(1, forever), centrifuge.WithDelta(true))
	}
	if err != nil {
		l.options.Log.WarnContext(ctx, "clock cannot be sent", "error", err)
		return
	}
	l.counts.clocks.Add(1)
}

// noticedUpTo waits a moment for the notices up to a position, and says up to where they came. In
// process they are microseconds behind; one that is lost costs the wait, and a clock that lags.
func (l *Live) noticedUpTo(ctx context.Context, position eventlog.Position) eventlog.Position {
	late := time.NewTimer(l.options.Late)
	defer late.Stop()
	for {
		l.mu.Lock()
		noticed, news := l.noticed, l.news
		l.mu.Unlock()
		if noticed >= position {
			return noticed
		}
		select {
		case <-news:
		case <-late.C:
			return noticed
		case <-ctx.Done():
			return noticed
		}
	}
}

// mark makes a tick due, for a topic if one is named, with a clock frame if it is forced.
func (l *Live) mark(name string, forced bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if name != "" {
		l.dirty[name] = max(l.dirty[name], 0)
	}
	l.forced = l.forced || forced
	l.signal()
}

func (l *Live) takeForced() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	forced := l.forced
	l.forced = false
	return forced
}

// takeDirty hands over the marks; what is marked from now on is for the next tick.
func (l *Live) takeDirty() map[string]eventlog.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.dirty
	l.dirty = map[string]eventlog.Position{}
	return taken
}

// again puts marks back for the next tick.
func (l *Live) again(marks map[string]eventlog.Position) {
	if len(marks) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, position := range marks {
		l.dirty[name] = max(l.dirty[name], position)
	}
	l.signal()
}

func (l *Live) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	names := make([]string, 0, len(l.watched))
	for name := range l.watched {
		names = append(names, name)
	}
	return names
}

// encode is JSON as it is on the wire.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	if err := to.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// contentOf tells values apart by what they say: not by the position and time they were read at.
func contentOf(data []byte) [32]byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) == nil {
		delete(fields, "position")
		delete(fields, "at")
		if plain, err := json.Marshal(fields); err == nil {
			data = plain
		}
	}
	return sha256.Sum256(data)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
