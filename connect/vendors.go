package connect

import (
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon"
	"github.com/creatorflow/creatorflow/channels/direct"
	"github.com/creatorflow/creatorflow/channels/instagram"
	pacing "github.com/creatorflow/creatorflow/channels/pace"
	"github.com/creatorflow/creatorflow/channels/shopify"
	"github.com/creatorflow/creatorflow/channels/tiktok"
)

// Vendors are the channels there are; a new channel is a line here.
var Vendors = []channels.Vendor{
	tiktok.Vendor,
	amazon.Vendor,
	instagram.Vendor,
	shopify.Vendor,
	direct.Vendor,
}

// Vendors lists the channels that this registry can speak to.
func (r *Registry) Vendors() []channels.Vendor { return r.o.Vendors }

// Pace is how fast a connection is called and whether it is called at all.
type Pace struct {
	Read, Write float64       // requests a second that the slowest endpoint in use allows; 0 = none was called yet
	Breaker     string        // "closed", "open" or "half-open"
	Failures    int           // calls without a sensible answer, in a row
	Waiting     int           // calls that wait for quota
	Pause       time.Duration // the longest that the channel asked for and that is not over
	Left        float64       // of what may be sent at once, the least share that is left; below 0 = nothing was called yet
	Tally       pacing.Tally  // how calls ended in the last hour
}

func pace(c channels.Connector) Pace {
	paced, ok := c.(channels.Paced)
	if !ok {
		return Pace{Left: -1}
	}
	s := paced.State()
	p := Pace{Breaker: s.Breaker, Failures: s.Failures, Left: -1, Tally: s.Tally}
	for name, r := range s.Rates {
		slowest := &p.Read
		if strings.HasPrefix(name, "write") || strings.HasPrefix(name, "ship") {
			slowest = &p.Write
		}
		if *slowest == 0 || r.PerSecond < *slowest {
			*slowest = r.PerSecond
		}
		p.Waiting += r.Waiting
		if p.Left < 0 || r.Left < p.Left {
			p.Left = r.Left
		}
		p.Pause = max(p.Pause, r.Pause)
	}
	return p
}
