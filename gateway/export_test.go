package gateway

import (
	"maps"
	"net/http"
	"slices"
)

// Routes lists the patterns that are served.
func (g *Gateway) Routes() []string { return slices.Sorted(maps.Keys(g.served)) }

// Unserved lists the patterns of the table that are not served.
func Unserved(g *Gateway) (missing []string) {
	for pattern := range routes {
		if _, ok := g.served[pattern]; !ok {
			missing = append(missing, pattern)
		}
	}
	return missing
}

// Register tries to serve one more route.
func Register(g *Gateway, pattern string) { g.handle(pattern, http.NotFoundHandler()) }
