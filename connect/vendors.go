package connect

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok"
)

// opening is what a vendor needs to open one of its connectors.
type opening struct {
	app     channels.App
	shop    channels.Connection
	tokens  *channels.Keeper
	client  *http.Client
	clock   func() time.Time
	timeout time.Duration // of one call; 0 = the connector's own
	rand    *rand.Rand    // the connector's own
	log     *slog.Logger
}

// vendor is how one channel is spoken to.
type vendor struct {
	webhooks  channels.Webhooks
	hosts     []string // reached when an app names no others
	keeper    func(opening, channels.Tokens) *channels.Keeper
	open      func(opening) channels.Connector
	consent   func(app channels.App, service, state string, us bool) string
	authorize func(ctx context.Context, o opening, code string) (channels.Token, []channels.Connection, error)
	pace      func(channels.Connector) Pace
}

// vendors has one entry a channel; a new channel is a new entry.
var vendors = map[string]vendor{
	"tiktok": {
		webhooks: tiktok.Webhooks{},
		hosts:    []string{tiktok.BaseURL, tiktok.AuthURL},
		keeper:   func(o opening, store channels.Tokens) *channels.Keeper { return tiktok.NewKeeper(o.tiktok(), store) },
		open:     func(o opening) channels.Connector { return tiktok.New(o.tiktok()) },
		consent:  tiktok.Consent,
		authorize: func(ctx context.Context, o opening, code string) (channels.Token, []channels.Connection, error) {
			return tiktok.Authorize(ctx, o.tiktok(), code)
		},
		pace: func(c channels.Connector) Pace { return pace(c.(*tiktok.Connector).State()) },
	},
}

func (o opening) tiktok() tiktok.Options {
	return tiktok.Options{
		App: o.app, Connection: o.shop, Tokens: o.tokens, Client: o.client, Clock: o.clock, Rand: o.rand, Log: o.log, Timeout: o.timeout,
	}
}

// Pace is how fast a connection is called and whether it is called at all.
type Pace struct {
	Read, Write float64       // requests a second that the slowest endpoint in use allows; 0 = none was called yet
	Breaker     string        // "closed", "open" or "half-open"
	Failures    int           // calls without a sensible answer, in a row
	Waiting     int           // calls that wait for quota
	Pause       time.Duration // the longest that the channel asked for and that is not over
}

func pace(s tiktok.State) Pace {
	p := Pace{Breaker: s.Breaker, Failures: s.Failures}
	for name, r := range s.Rates {
		slowest := &p.Read
		if strings.HasPrefix(name, "write") || strings.HasPrefix(name, "ship") {
			slowest = &p.Write
		}
		if *slowest == 0 || r.PerSecond < *slowest {
			*slowest = r.PerSecond
		}
		p.Waiting += r.Waiting
		p.Pause = max(p.Pause, r.Pause)
	}
	return p
}
