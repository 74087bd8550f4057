package gateway

import (
	"fmt"
	"net/http"

	"github.com/creatorflow/creatorflow/gateway/edge"
)

// registerOperations registers what the operator's tools ask.
func (g *Gateway) registerOperations() {
	g.handle("GET /healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // the client may be gone
	}))
	g.handle("GET /readyz", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.ready(); err != nil {
			edge.Write(w, r, edge.Busy(err.Error(), 2))
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ready\n")) // the client may be gone
	}))
	g.handle("GET /metrics", g.metrics.Handler())
}

// ready says why the process should get no requests.
func (g *Gateway) ready() error {
	if g.draining.Load() {
		return fmt.Errorf("CreatorFlow is stopping")
	}
	if err := g.o.Log.Err(); err != nil {
		return fmt.Errorf("the log takes nothing: %w", err)
	}
	if g.o.Ready != nil {
		return g.o.Ready()
	}
	return nil
}
