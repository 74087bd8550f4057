package access

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

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
func (q *asked) Resolve(ctx huma.Context) []error {
	q.r, _ = humago.Unwrap(ctx)
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

// Register registers what is asked of sessions, users and keys.
func (a *Access) Register(api huma.API) {
	op := func(method, path, id, summary string) huma.Operation {
		return huma.Operation{Method: method, Path: path, OperationID: id, Summary: summary, MaxBodyBytes: 16 << 10, Tags: []string{"session"}}
	}
	huma.Register(api, op(http.MethodGet, "/api/v1/session", "get-session", "Who is signed in"), a.session)
	huma.Register(api, op(http.MethodPost, "/api/v1/session", "sign-in", "Sign in with name and password"), a.signIn)
	huma.Register(api, op(http.MethodDelete, "/api/v1/session", "sign-out", "Sign out"), a.signOut)
	huma.Register(api, op(http.MethodPost, "/api/v1/setup", "setup", "Set a password with a one-time link"), a.setup)
	huma.Register(api, op(http.MethodGet, "/api/v1/sessions", "list-sessions", "One's own sessions"), a.sessions)
	huma.Register(api, op(http.MethodDelete, "/api/v1/sessions/{session}", "end-session", "End one of one's own sessions"), a.endSession)
	a.registerUsers(api)
	a.registerKeys(api)
}

func (a *Access) session(ctx context.Context, _ *struct{}) (*struct{ Body SessionBody }, error) {
	s := From(ctx)
	name := s.User
	if name == "" {
		name = s.Name
	}
	return &struct{ Body SessionBody }{SessionBody{User: name, Role: string(s.Role)}}, nil
}

func (a *Access) signIn(ctx context.Context, in *signInInput) (*sessionOutput, error) {
	from, user := place(a.o.Edge.Client(in.r)), accounts.UserName(in.Body.User)
	if wait := a.throttle.Take(from, user); wait > 0 {
		return nil, tooMany(ctx, wait)
	}
	out, err := a.begin(ctx, in.r, in.Body.User, vault.Secret(in.Body.Password))
	if errors.Is(err, accounts.ErrSignIn) {
		p := edge.NewProblem(http.StatusUnauthorized, "The name or the password is wrong.")
		p.RequestID = edge.RequestID(ctx)
		return nil, p
	}
	if err != nil {
		return nil, a.o.Answer(ctx, err)
	}
	a.throttle.Forgive(from, user)
	return out, nil
}

// begin signs in with a fresh token; the session that the browser had before is ended.
func (a *Access) begin(ctx context.Context, r *http.Request, user string, password vault.Secret) (*sessionOutput, error) {
	token, s, err := a.o.Accounts.SignIn(ctx, user, password, r.UserAgent())
	if err != nil {
		return nil, err
	}
	if before := From(ctx); before.Session != "" {
		if err := a.end(ctx, before.User, before.Session); err != nil {
			return nil, err
		}
	}
	a.o.Log.InfoContext(ctx, "signed in", "user", s.User, "session", s.ID, "request", edge.RequestID(ctx))
	return &sessionOutput{
		Cookie: a.cookie(string(token), int(accounts.SessionLife/time.Second)),
		Body:   SessionBody{User: s.User, Role: string(s.Role)},
	}, nil
}

func (a *Access) setup(ctx context.Context, in *setupInput) (*sessionOutput, error) {
	if wait := a.throttle.Take(place(a.o.Edge.Client(in.r)), ""); wait > 0 {
		return nil, tooMany(ctx, wait)
	}
	user, err := a.o.Accounts.UseLink(ctx, vault.Secret(in.Body.Token), in.Body.User, vault.Secret(in.Body.Password))
	if err != nil {
		return nil, a.o.Answer(ctx, err)
	}
	a.signOutEverywhere(user) // a new password ends what the old one began
	out, err := a.begin(ctx, in.r, user, vault.Secret(in.Body.Password))
	if err != nil {
		return nil, a.o.Answer(ctx, err)
	}
	return out, nil
}

type signOutOutput struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Clear  string      `header:"Clear-Site-Data"`
}

func (a *Access) signOut(ctx context.Context, _ *struct{}) (*signOutOutput, error) {
	if s := From(ctx); s.Session != "" {
		if err := a.end(ctx, s.User, s.Session); err != nil {
			return nil, a.o.Answer(ctx, err)
		}
	}
	return &signOutOutput{Cookie: a.cookie("", -1), Clear: `"cache", "storage"`}, nil
}

func (a *Access) sessions(ctx context.Context, _ *struct{}) (*struct{ Body SessionList }, error) {
	s := From(ctx)
	out := &struct{ Body SessionList }{SessionList{Items: []SessionItem{}}}
	all, err := a.o.Accounts.Sessions(ctx, s.User)
	if err != nil {
		return nil, a.o.Answer(ctx, err)
	}
	for _, one := range all {
		out.Body.Items = append(out.Body.Items, SessionItem{
			ID: one.ID, Agent: one.Agent, Current: one.ID == s.Session,
			Created: moment(one.Created), Seen: moment(one.Seen),
		})
	}
	return out, nil
}

func (a *Access) endSession(ctx context.Context, in *struct {
	Session string `path:"session" maxLength:"64"`
},
) (*struct{}, error) {
	s := From(ctx)
	all, err := a.o.Accounts.Sessions(ctx, s.User)
	if err != nil {
		return nil, a.o.Answer(ctx, err)
	}
	for _, one := range all {
		if one.ID == in.Session {
			if err := a.end(ctx, s.User, one.ID); err != nil {
				return nil, a.o.Answer(ctx, err)
			}
			return nil, nil
		}
	}
	return nil, a.refused(ctx, vault.ErrNotFound, "You have no such session.")
}

// end ends a session and the sockets that it opened.
func (a *Access) end(ctx context.Context, user, session string) error {
	err := a.o.Accounts.EndSession(ctx, session)
	if err == nil {
		a.o.SignOut("user:"+user, session)
	}
	return err
}

func (a *Access) signOutEverywhere(user string) { a.o.SignOut("user:"+user, "") }

func tooMany(ctx context.Context, wait time.Duration) *edge.Problem {
	seconds := int(wait/time.Second) + 1
	p := edge.NewProblem(http.StatusTooManyRequests, "Too many tries. Wait "+strconv.Itoa(seconds)+" seconds and try again.")
	p.RetryAfter, p.RequestID = seconds, edge.RequestID(ctx)
	return p
}
