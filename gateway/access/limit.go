package access

import (
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/creatorflow/creatorflow/gateway/edge"
)

// limit is how many requests one of its kind may send.
type limit struct {
	kind      string // in the headers
	who       string // in the sentence
	perMinute int
	burst     int
	buckets   *edge.Buckets
}

// limits hold back one key, browser or address that sends too much, before it holds up the others.
// Each kind has a table of its own, so that strange addresses push no key out of memory.
type limits struct{ key, session, address *limit }

// newLimits gives a key so many requests a minute, and browsers and addresses, which more people may
// share, twice as many; 0 is no limit.
func newLimits(clock func() time.Time, perMinute int) *limits {
	if perMinute == 0 {
		return nil
	}
	one := func(kind, who string, perMinute, seconds int) *limit {
		burst := max(perMinute*seconds/60, 1) // what comes in so many seconds may come at once
		return &limit{
			kind: kind, who: who, perMinute: perMinute, burst: burst,
			buckets: edge.NewBuckets(clock, time.Minute/time.Duration(perMinute), burst),
		}
	}
	return &limits{
		key:     one("key", "this API key", perMinute, 10),
		session: one("session", "this browser", 2*perMinute, 15),
		address: one("address", "this address", 2*perMinute, 15),
	}
}

// take counts a request and says in w's headers how its sender stands; it gives the refusal when
// there were too many.
func (l *limits) take(w http.ResponseWriter, s Subject, from netip.Addr) *edge.Problem {
	if l == nil {
		return nil
	}
	which, name := l.address, place(from)
	switch {
	case s.Session != "":
		which, name = l.session, s.User // of all their browsers: who signs in again gets no more
	case s.Name != "":
		which, name = l.key, s.Name
	}
	t := which.buckets.Take(name)
	// The bucket, in the words of the IETF's draft: a quota, the window in which it comes back, what
	// is left of it and the seconds until it is whole.
	w.Header().Set("RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=%d`, which.kind, which.burst, max(60*which.burst/which.perMinute, 1)))
	w.Header().Set("RateLimit", fmt.Sprintf(`"%s";r=%d;t=%d`, which.kind, t.Left, seconds(t.Full)))
	if t.Wait == 0 {
		return nil
	}
	wait := seconds(t.Wait)
	p := edge.NewProblem(http.StatusTooManyRequests, fmt.Sprintf(
		"Too many requests of %s: it may send %d a minute, %d of them at once. Come back in %d s.", which.who, which.perMinute, which.burst, wait))
	p.RetryAfter = wait
	return p
}

// place is what counts as one address: of IPv6 a whole network, which one household or machine has.
func place(a netip.Addr) string {
	if a.Is6() {
		if network, err := a.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return a.String()
}

// seconds rounds up: who comes back after them is let in.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
