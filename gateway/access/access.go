// Package access says who may do what over HTTP: it recognises the subject of a request by session
// cookie or API key, holds it against the rights of its role and against how much it may ask, and
// signs people in and out.
//
//	request ─► Allow(action) ─► who? (cookie, key) ─► limits ─► Can (role, scopes) ─► the route, which asks From
//
// Which action a route needs stands in package gateway's table of routes.
package access

import (
	"context"
	"log/slog"
	"time"

	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// Options are what Access needs.
type Options struct {
	Accounts *accounts.Accounts
	Clock    func() time.Time
	Edge     edge.Options // how requests arrive
	Log      *slog.Logger
	// Answer turns an error of the inside into what the client gets.
	Answer func(ctx context.Context, err error) *edge.Problem
	// SignOut ends the open screens of a subject's name, of one session only when it is named.
	SignOut func(name, session string)
	// Requests is how many one API key may send a minute; browsers and addresses get twice as many.
	// 0 is no limit.
	Requests int
}

// Access recognises subjects and holds them against what they may do.
type Access struct {
	o        Options
	throttle *edge.Throttle
	limits   *limits
}

// New begins with nobody held back. It starts nothing.
func New(o Options) *Access {
	return &Access{o: o, throttle: edge.NewThrottle(o.Clock), limits: newLimits(o.Clock, o.Requests)}
}
