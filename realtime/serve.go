package realtime

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/creatorflow/creatorflow/projection"
)

const (
	// maxMessage is the size of one frame from a client: they only connect and subscribe.
	maxMessage = 16 << 10
	// writeTimeout cuts a client off that does not take a frame.
	writeTimeout = 5 * time.Second
	// forever is how long the newest value of a topic would be kept; forget removes it before.
	forever = 10 * 365 * 24 * time.Hour
	// readTimeout bounds the reading of a value for a new subscriber.
	readTimeout = 5 * time.Second
)

// errNotReady tells a client to try again by itself.
var errNotReady = &centrifuge.Error{Code: http.StatusServiceUnavailable, Message: "not ready yet", Temporary: true}

type sessionKey struct{}

// WithUser names the signed-in user and session of a request to Handler. Without a user it is
// refused.
func WithUser(ctx context.Context, user, session string) context.Context {
	ctx = context.WithValue(ctx, sessionKey{}, session)
	return centrifuge.SetCredentials(ctx, &centrifuge.Credentials{UserID: user})
}

// Handler is the WebSocket endpoint.
func (l *Live) Handler() http.Handler { return l.handler }

// SignOut ends a user's connections for good; of one session only, if it is named.
func (l *Live) SignOut(user, session string) {
	l.disconnect(user, session, centrifuge.DisconnectForceNoReconnect)
}

// Recheck makes a user's connections come back and have every topic authorised again.
func (l *Live) Recheck(user string) { l.disconnect(user, "", centrifuge.DisconnectForceReconnect) }

// Reconnect makes the connections of all browsers come back, wherever they are led then.
func (l *Live) Reconnect() {
	for _, client := range l.node.Hub().Connections() {
		if session, _ := client.Context().Value(sessionKey{}).(string); session != "" {
			client.Disconnect(centrifuge.DisconnectForceReconnect)
		}
	}
}

func (l *Live) disconnect(user, session string, why centrifuge.Disconnect) {
	for _, client := range l.node.Hub().UserConnections(user) {
		if its, _ := client.Context().Value(sessionKey{}).(string); session == "" || its == session {
			client.Disconnect(why)
		}
	}
}

// serve connects the node's callbacks.
func (l *Live) serve() {
	l.node.OnConnecting(func(ctx context.Context, _ centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		if who, ok := centrifuge.GetCredentials(ctx); !ok || who.UserID == "" {
			return centrifuge.ConnectReply{}, centrifuge.DisconnectInvalidToken
		}
		return centrifuge.ConnectReply{}, nil
	})
	l.node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(e centrifuge.SubscribeEvent, answer centrifuge.SubscribeCallback) {
			answer(l.subscribe(client, e.Channel))
		})
	})
	l.node.OnCacheEmpty(func(e centrifuge.CacheEmptyEvent) (centrifuge.CacheEmptyReply, error) {
		return l.fill(e.Channel)
	})
	sockets := centrifuge.NewWebsocketHandler(l.node, centrifuge.WebsocketConfig{
		CheckOrigin: l.options.Origin, MessageSizeLimit: maxMessage, WriteTimeout: writeTimeout, UseWriteBufferPool: true,
		ProcessCommandsOffReadLoop: true, // most connections are idle: keep their stacks small
	})
	l.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch who, ok := centrifuge.GetCredentials(r.Context()); {
		case !ok || who.UserID == "":
			http.Error(w, "sign in first", http.StatusUnauthorized)
		case !l.isRunning() || l.node.Hub().NumClients() >= l.options.Clients:
			w.Header().Set("Retry-After", "2")
			http.Error(w, "no connection is free at the moment", http.StatusServiceUnavailable)
		default:
			sockets.ServeHTTP(w, r)
		}
	})
}

// subscribe says whether a client may watch a topic, and how.
func (l *Live) subscribe(client *centrifuge.Client, name string) (centrifuge.SubscribeReply, error) {
	if _, _, ok := l.find(name); !ok && name != Clock {
		return centrifuge.SubscribeReply{}, centrifuge.ErrorUnknownChannel
	}
	if !l.options.Authorize(client.Context(), client.UserID(), name) {
		return centrifuge.SubscribeReply{}, centrifuge.ErrorPermissionDenied
	}
	return centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{
		EnableRecovery:    true,
		RecoveryMode:      centrifuge.RecoveryModeCache,
		AutoCacheRecover:  true, // the newest value, on every subscribe
		AllowedDeltaTypes: []centrifuge.DeltaType{centrifuge.DeltaTypeFossil},
	}}, nil
}

// fill reads and sends the value of a topic that somebody has just begun to watch. The topic is
// watched from before the read, so a notice that comes meanwhile marks it.
func (l *Live) fill(name string) (reply centrifuge.CacheEmptyReply, err error) {
	if name == Clock { // before the first tick
		l.mark("", true)
		return reply, nil
	}
	w := l.watch(name)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sent { // by another subscriber's call
		return centrifuge.CacheEmptyReply{Populated: true}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	var v value
	err = l.options.Views.Read(ctx, func(r projection.Reader) error {
		v = l.read(ctx, r, name)
		return v.err
	})
	if err == nil {
		err = l.send(w, v)
	}
	switch {
	case errors.Is(err, ErrNoTopic):
		err = centrifuge.ErrorUnknownChannel
	case err != nil:
		l.failed(ctx, w, name, err)
		err = errNotReady
	default:
		l.mark("", false) // a clock frame follows, if the position is a new one
		return centrifuge.CacheEmptyReply{Populated: true}, nil
	}
	l.mark(name, false) // the next tick forgets it
	return reply, err
}

// watch makes a topic one that notices mark.
func (l *Live) watch(name string) *watched {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.watched[name]
	if !ok {
		w = &watched{}
		l.watched[name] = w
	}
	return w
}

// forget drops topics that nobody watches any more; stale says that their values are not the
// newest. Who begins to watch one meanwhile either finds no value, and has it read anew, or is seen
// here.
func (l *Live) forget(names []string, stale bool) {
	for _, name := range names {
		if l.node.Hub().NumSubscribers(name) > 0 {
			if stale {
				l.mark(name, false)
			}
			continue
		}
		l.mu.Lock()
		w := l.watched[name]
		l.mu.Unlock()
		if w == nil {
			continue
		}
		w.mu.Lock()
		if err := l.node.RemoveHistory(name); err != nil {
			l.options.Log.Error("topic cannot be forgotten", "topic", name, "error", err)
		}
		w.sent = false
		w.mu.Unlock()
		l.mu.Lock()
		if l.node.Hub().NumSubscribers(name) > 0 {
			l.dirty[name] = max(l.dirty[name], 0)
			l.signal()
		} else {
			delete(l.watched, name)
			delete(l.dirty, name)
		}
		l.mu.Unlock()
	}
}

func (l *Live) isRunning() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running
}

// logged passes the library's own messages on.
func (l *Live) logged(e centrifuge.LogEntry) {
	args := []any{"about", e.Message}
	for name, value := range e.Fields {
		args = append(args, name, value)
	}
	l.options.Log.Warn("websocket", args...)
}

// Counts are figures for the metrics.
type Counts struct {
	Clients, Users, Subscriptions int    // now
	Topics                        int    // watched now
	Ticks, Frames, Clocks         uint64 // since the start; Frames are values, each once for all its subscribers
	Unchanged, Failed             uint64 // values that were not sent: equal to the last one, or not readable
}

type counts struct{ ticks, frames, clocks, unchanged, failed atomic.Uint64 }

// Counts reads the figures.
func (l *Live) Counts() Counts {
	l.mu.Lock()
	topics := len(l.watched)
	l.mu.Unlock()
	hub, c := l.node.Hub(), &l.counts
	return Counts{
		Clients: hub.NumClients(), Users: hub.NumUsers(), Subscriptions: hub.NumSubscriptions(), Topics: topics,
		Ticks: c.ticks.Load(), Frames: c.frames.Load(), Clocks: c.clocks.Load(),
		Unchanged: c.unchanged.Load(), Failed: c.failed.Load(),
	}
}
