package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
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
func (c *Line) Look() *Look {
	k := &Look{wire: c.wire, tokens: c.tokens}
	k.heard = func(r *http.Response, _ time.Time) {
		if ahead, dated := aheadOf(r, k.clock()); dated {
			k.ahead, k.dated = ahead, true
		}
	}
	return k
}

// aheadOf is how much our clock is ahead of the vendor's by an answer. The date is cut to seconds: half a second later is the
// best guess.
func aheadOf(r *http.Response, now time.Time) (ahead time.Duration, dated bool) {
	date, err := http.ParseTime(r.Header.Get("Date"))
	return now.Sub(date.Add(time.Second / 2)), err == nil
}

// Ahead is how much our clock is ahead of the vendor's, by the last answer; known is false before any.
func (k *Look) Ahead() (ahead time.Duration, known bool) { return k.ahead, k.dated }

// Token is the pair that Ask uses, refreshed when it is due.
func (k *Look) Token(ctx context.Context) (channels.Token, error) { return k.tokens.Current(ctx) }

// Ask sends a request. A token that has expired is refreshed once.
func (k *Look) Ask(ctx context.Context, q Request) (json.RawMessage, error) {
	t, err := k.tokens.Current(ctx)
	if err != nil {
		return nil, err
	}
	data, err := k.send(ctx, q, t.Access)
	if err == nil || channels.ClassOf(err) != channels.Expired {
		return data, err
	}
	if err := k.tokens.Replace(ctx, t.Access); err != nil {
		return nil, err
	}
	if t, err = k.tokens.Current(ctx); err != nil {
		return nil, err
	}
	return k.send(ctx, q, t.Access)
}

// Shops lists the shops that the token opens; none is no error.
func (k *Look) Shops(ctx context.Context) ([]channels.Connection, error) {
	data, err := k.Ask(ctx, listShops)
	if err != nil {
		return nil, err
	}
	return k.readShops(data)
}

// What a failure is about.
const (
	AboutCredentials = "credentials" // the vendor does not take the app's key or secret
	AboutAddress     = "address"     // the vendor takes no calls of the app from this machine
	AboutToken       = "token"       // the authorisation has ended
	AboutScope       = "scope"       // the authorisation does not include this call
	AboutClock       = "clock"       // the time of the call
	AboutShop        = "shop"        // the token does not open this shop
	AboutNetwork     = "network"     // no answer, or one of somebody else
	AboutVendor      = "vendor"      // the vendor has trouble, or is too busy
	AboutCall        = "call"        // the call itself is refused
)

// About says what a failed call of a Look tells of the connection.
func About(err error) string {
	var f *channels.Failure
	if !errors.As(err, &f) {
		return AboutVendor // our own store of tokens, or a caller that left
	}
	text := strings.ToLower(f.Message)
	switch {
	case f.Code == "36009033":
		return AboutAddress
	case f.Code == "106001",
		f.Code == "36009004" && (strings.Contains(text, "app_key") || strings.Contains(text, "app key") || strings.Contains(text, "app_secret")):
		return AboutCredentials
	case f.Code == "36009004" && strings.Contains(text, "timestamp"):
		return AboutClock
	case f.Code == "105005":
		return AboutScope
	case f.Code == "101000":
		return AboutShop
	case f.Class == channels.Auth, f.Class == channels.Expired:
		return AboutToken
	case f.Code == "" && f.Class != channels.Throttled:
		return AboutNetwork
	case f.Class == channels.Retry, f.Class == channels.Throttled, f.Class == channels.Unsure:
		return AboutVendor
	}
	return AboutCall
}
