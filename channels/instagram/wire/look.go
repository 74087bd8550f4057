package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// Look is a line to examine with: it waits for no limiter, asks also while the breaker lets nobody through, and listens to
// the vendor's clock. It is used by one goroutine.
type Look struct {
	wire
	tokens *channels.Keeper
	ahead  time.Duration
	dated  bool
}

// Look opens one.
func (l *Line) Look() *Look {
	k := &Look{wire: l.wire, tokens: l.tokens}
	k.heard = func(r *http.Response) {
		if date, err := http.ParseTime(r.Header.Get("Date")); err == nil { // cut to seconds: half a second later is the best guess
			k.ahead, k.dated = k.clock().Sub(date.Add(time.Second/2)), true
		}
	}
	return k
}

// Ahead is how much our clock is ahead of the vendor's, by the last answer; known is false before any.
func (k *Look) Ahead() (ahead time.Duration, known bool) { return k.ahead, k.dated }

// Token is the token that Ask uses, renewed when that is due.
func (k *Look) Token(ctx context.Context) (channels.Token, error) { return k.tokens.Current(ctx) }

// Ask sends a request.
func (k *Look) Ask(ctx context.Context, q Request) (json.RawMessage, error) {
	token := k.app.Key + "|" + first(k.app.Secrets)
	if !q.AsApp {
		t, err := k.tokens.Current(ctx)
		if err != nil {
			return nil, err
		}
		token = t.Access
	}
	data, _, err := k.send(ctx, q, token)
	return data, err
}

// What a failure is about.
const (
	AboutToken   = "token"   // the vendor does not take the token
	AboutScope   = "scope"   // the seller did not grant this
	AboutShop    = "shop"    // the token does not show the account or catalogue
	AboutNetwork = "network" // no answer, or one of somebody else
	AboutVendor  = "vendor"  // the vendor has trouble, or is too busy
	AboutCall    = "call"    // the call itself is refused
)

// About says what a failed call tells of the connection.
func About(err error) string {
	var f *channels.Failure
	switch {
	case !errors.As(err, &f):
		return AboutVendor // our own store of tokens, or a caller that left
	case f.Class == channels.Expired, f.Class == channels.Auth && f.Code == "190", f.Class == channels.Auth && f.Code == "":
		return AboutToken
	case f.Class == channels.Auth:
		return AboutScope
	case f.Class == channels.Rejected && f.Code == "100":
		return AboutShop
	case f.Code == "" && f.Class != channels.Throttled:
		return AboutNetwork
	case f.Class == channels.Retry, f.Class == channels.Throttled, f.Class == channels.Unsure:
		return AboutVendor
	}
	return AboutCall
}
