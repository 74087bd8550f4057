package changes

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
)

// Changes stands between a client and a vendor and, while it is on, changes one thing in each answer that is JSON, as the vendor's
// next version may. The zero value is off.
type Changes struct {
	next http.RoundTripper

	Spare []string // members that stay as they are

	mu  sync.Mutex // guards all below
	rng *rand.Rand // nil = off
	did []Mutation // since it was switched on
	how string     // the only way in which it changes answers; empty = any
}

// Into puts it in a client's way; of a nil one nothing is there.
func (c *Changes) Into(client *http.Client) {
	if c != nil {
		c.next, client.Transport = client.Transport, c
	}
}

// On has it change answers, each seed others.
func (c *Changes) On(seed uint64, how string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rng, c.did, c.how = rand.New(rand.NewPCG(seed, 83)), nil, how //nolint:gosec // no secret
}

// Off lets answers pass, and tells what was changed.
func (c *Changes) Off() []Mutation {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rng = nil
	return c.did
}

// RoundTrip implements http.RoundTripper.
func (c *Changes) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(c.change(body)))
	response.ContentLength = -1
	response.Header.Del("Content-Length")
	return response, nil
}

// tries is how often a change of the wanted kind is drawn for one answer.
const tries = 50

func (c *Changes) change(body []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rng == nil {
		return body
	}
	for range tries {
		changed, did, err := mutate(body, c.rng.IntN)
		if err != nil {
			return body // not JSON
		}
		if (c.how == "" || did.How == c.how) && !slices.Contains(c.Spare, did.Key) {
			c.did = append(c.did, did)
			return changed
		}
	}
	return body
}

// CloseIdleConnections lets http.Client end what is kept open.
func (c *Changes) CloseIdleConnections() {
	if next, ok := c.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}
