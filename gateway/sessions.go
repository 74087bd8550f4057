package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// SessionBody says who is signed in.
type SessionBody struct {
	User string `json:"user"`
	Role string `json:"role" enum:"owner,operator,viewer"`
	CSRF string `json:"csrf" doc:"always empty: requests from other sites are told apart by their origin"`
}

type sessionOutput struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   SessionBody
}

// asked is the part of a request that sign-in needs beyond its body.
type asked struct{ r *http.Request }

// Resolve implements huma.Resolver.
func (a *asked) Resolve(ctx huma.Context) []error {
	a.r, _ = unwrap(ctx)
	return nil
}

type signInInput struct {
	asked
	Body struct {
		User     string `json:"user" maxLength:"256"`
		Password string `json:"password" maxLength:"1024"`
	}
}

type setupInput struct {
	asked
	Body struct {
		Token    string `json:"token" maxLength:"256"`
		User     string `json:"user" maxLength:"256"`
		Password string `json:"password" maxLength:"1024"`
	}
}

// SessionList are a user's living sessions.
type SessionList struct {
	Items []SessionItem `json:"items"`
}

// SessionItem is one signed-in browser.
type SessionItem struct {
	ID      string `json:"id"`
	Agent   string `json:"agent"`
	Current bool   `json:"current"`
	Created string `json:"created_at"`
	Seen    string `json:"seen_at"`
}

func (g *Gateway) registerSessions() {
	op := func(method, path, id, summary string) huma.Operation {
		return huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary, MaxBodyBytes: 16 << 10, Tags: []string{"session"}}
	}
	huma.Register(g.api, op(http.MethodGet, "/api/v1/session", "get-session", "Who is signed in"), g.session)
	huma.Register(g.api, op(http.MethodPost, "/api/v1/session", "sign-in", "Sign in with name and password"), g.signIn)
	huma.Register(g.api, op(http.MethodDelete, "/api/v1/session", "sign-out", "Sign out"), g.signOut)
	huma.Register(g.api, op(http.MethodPost, "/api/v1/setup", "setup", "Set a password with a one-time link"), g.setup)
	huma.Register(g.api, op(http.MethodGet, "/api/v1/sessions", "list-sessions", "One's own sessions"), g.sessions)
	huma.Register(g.api, op(http.MethodDelete, "/api/v1/sessions/{session}", "end-session", "End one of one's own sessions"), g.endSession)
}

func (g *Gateway) session(ctx context.Context, _ *struct{}) (*struct{ Body SessionBody }, error) {
	s := subject(ctx)
	name := s.User
	if name == "" {
		name = s.Name
	}
	return &struct{ Body SessionBody }{SessionBody{User: name, Role: string(s.Role)}}, nil
}

func (g *Gateway) signIn(ctx context.Context, in *signInInput) (*sessionOutput, error) {
	if wait := g.throttle.Take(g.edge.Client(in.r).String(), in.Body.User); wait > 0 {
		return nil, tooMany(ctx, wait)
	}
	out, err := g.begin(ctx, in.r, in.Body.User, vault.Secret(in.Body.Password))
	if errors.Is(err, accounts.ErrSignIn) {
		p := edge.NewProblem(http.StatusUnauthorized, "The name or the password is wrong.")
		p.RequestID = edge.RequestID(ctx)
		return nil, p
	}
	if err != nil {
		return nil, g.answer(ctx, err)
	}
	g.throttle.Forgive(in.Body.User)
	return out, nil
}

// begin signs in with a fresh token; the session that the browser had before is ended.
func (g *Gateway) begin(ctx context.Context, r *http.Request, user string, password vault.Secret) (*sessionOutput, error) {
	token, s, err := g.o.Accounts.SignIn(ctx, user, password, r.UserAgent())
	if err != nil {
		return nil, err
	}
	if before := subject(ctx); before.Session != "" {
		if err := g.end(ctx, before.User, before.Session); err != nil {
			return nil, err
		}
	}
	g.o.Slog.InfoContext(ctx, "signed in", "user", s.User, "session", s.ID, "request", edge.RequestID(ctx))
	return &sessionOutput{
		Cookie: g.cookie(string(token), int(accounts.SessionLife/time.Second)),
		Body:   SessionBody{User: s.User, Role: string(s.Role)},
	}, nil
}

func (g *Gateway) setup(ctx context.Context, in *setupInput) (*sessionOutput, error) {
	if wait := g.throttle.Take(g.edge.Client(in.r).String(), ""); wait > 0 {
		return nil, tooMany(ctx, wait)
	}
	user, err := g.o.Accounts.UseLink(ctx, vault.Secret(in.Body.Token), in.Body.User, vault.Secret(in.Body.Password))
	if err != nil {
		return nil, g.answer(ctx, err)
	}
	g.signOutEverywhere(user) // a new password ends what the old one began
	out, err := g.begin(ctx, in.r, user, vault.Secret(in.Body.Password))
	if err != nil {
		return nil, g.answer(ctx, err)
	}
	return out, nil
}

type signOutOutput struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Clear  string      `header:"Clear-Site-Data"`
}

func (g *Gateway) signOut(ctx context.Context, _ *struct{}) (*signOutOutput, error) {
	if s := subject(ctx); s.Session != "" {
		if err := g.end(ctx, s.User, s.Session); err != nil {
			return nil, g.answer(ctx, err)
		}
	}
	return &signOutOutput{Cookie: g.cookie("", -1), Clear: `"cache", "storage"`}, nil
}

func (g *Gateway) sessions(ctx context.Context, _ *struct{}) (*struct{ Body SessionList }, error) {
	s := subject(ctx)
	out := &struct{ Body SessionList }{SessionList{Items: []SessionItem{}}}
	all, err := g.o.Accounts.Sessions(ctx, s.User)
	if err != nil {
		return nil, g.answer(ctx, err)
	}
	for _, one := range all {
		out.Body.Items = append(out.Body.Items, SessionItem{
			ID: one.ID, Agent: one.Agent, Current: one.ID == s.Session,
			Created: one.Created.Format(time.RFC3339), Seen: one.Seen.Format(time.RFC3339),
		})
	}
	return out, nil
}

func (g *Gateway) endSession(ctx context.Context, in *struct {
	Session string `path:"session" maxLength:"64"`
},
) (*struct{}, error) {
	s := subject(ctx)
	all, err := g.o.Accounts.Sessions(ctx, s.User)
	if err != nil {
		return nil, g.answer(ctx, err)
	}
	for _, one := range all {
		if one.ID == in.Session {
			if err := g.end(ctx, s.User, one.ID); err != nil {
				return nil, g.answer(ctx, err)
			}
			return nil, nil
		}
	}
	p := edge.NewProblem(http.StatusNotFound, "You have no such session.")
	p.RequestID = edge.RequestID(ctx)
	return nil, p
}

// end ends a session and the sockets that it opened.
func (g *Gateway) end(ctx context.Context, user, session string) error {
	err := g.o.Accounts.EndSession(ctx, session)
	if err == nil && g.o.Live != nil {
		g.o.Live.SignOut("user:"+user, session)
	}
	return err
}

func (g *Gateway) signOutEverywhere(user string) {
	if g.o.Live != nil {
		g.o.Live.SignOut("user:"+user, "")
	}
}

func tooMany(ctx context.Context, wait time.Duration) *edge.Problem {
	seconds := int(wait/time.Second) + 1
	p := edge.NewProblem(http.StatusTooManyRequests, "Too many tries. Wait "+strconv.Itoa(seconds)+" seconds and try again.")
	p.RetryAfter, p.RequestID = seconds, edge.RequestID(ctx)
	return p
}
