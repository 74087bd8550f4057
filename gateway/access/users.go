package access

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/vault"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// UserList is everybody who may sign in or was invited, by name.
type UserList struct {
	Items []UserItem `json:"items"`
}

// UserItem is one of them.
type UserItem struct {
	Name     string `json:"name"`
	Role     string `json:"role" enum:"owner,operator,viewer"`
	Current  bool   `json:"current" doc:"this is who asks"`
	Invited  bool   `json:"invited" doc:"no password was set yet: the link is still to be used"`
	Disabled bool   `json:"disabled"`
	Sessions int    `json:"sessions" doc:"signed-in browsers"`
	Created  string `json:"created_at"`
	Seen     string `json:"seen_at" doc:"the last use of such a browser; empty when there is none"`
}

// LinkBody is a one-time link; it is shown this once.
type LinkBody struct {
	User string `json:"user"`
	Link string `json:"link" doc:"a path at the hub's own address"`
	Ends string `json:"ends_at"`
}

type linkOutput struct{ Body LinkBody }

type userInput struct {
	User string `path:"user" maxLength:"256"`
}

func (a *Access) registerUsers(api huma.API) {
	op := ownerOperation("user")
	huma.Register(api, op(http.MethodGet, "/api/v1/users", "list-users", "Everybody who may sign in"), a.users)
	huma.Register(api, op(http.MethodPost, "/api/v1/users", "invite-user", "Make a user and a one-time link"), a.invite)
	huma.Register(api, op(http.MethodPost, "/api/v1/users/{user}/link", "link-user", "Make a new one-time link for a user"), a.relink)
	huma.Register(api, op(http.MethodPost, "/api/v1/users/{user}/role", "set-role", "Give a user another role"), a.setRole)
	huma.Register(api, op(http.MethodDelete, "/api/v1/users/{user}", "remove-user", "Remove a user, at once"), a.remove)
}

// ownerOperation describes an operation on what only owners may see.
func ownerOperation(tag string) func(method, path, id, summary string) huma.Operation {
	return func(method, path, id, summary string) huma.Operation {
		return huma.Operation{
			Method: method, Path: path, OperationID: id, Summary: summary, MaxBodyBytes: 16 << 10, Tags: []string{tag},
			Security: []map[string][]string{{"session": {}}, {"key": {}}}, Errors: []int{http.StatusConflict, http.StatusUnprocessableEntity},
		}
	}
}

func (a *Access) users(ctx context.Context, _ *struct{}) (*struct{ Body UserList }, error) {
	all, err := a.o.Accounts.Users(ctx)
	if err != nil {
		return nil, a.o.Answer(ctx, err)
	}
	out := &struct{ Body UserList }{UserList{Items: make([]UserItem, 0, len(all))}}
	for _, u := range all {
		out.Body.Items = append(out.Body.Items, UserItem{
			Name: u.Name, Role: string(u.Role), Current: u.Name == From(ctx).User, Invited: !u.Password, Disabled: u.Disabled,
			Sessions: u.Sessions, Created: moment(u.Created), Seen: moment(u.Seen),
		})
	}
	return out, nil
}

func (a *Access) invite(ctx context.Context, in *struct {
	Body struct {
		Name string `json:"name" maxLength:"256"`
		Role string `json:"role" enum:"owner,operator,viewer"`
	}
},
) (*linkOutput, error) {
	token, u, err := a.o.Accounts.Invite(ctx, in.Body.Name, accounts.Role(in.Body.Role), accounts.LinkLife)
	if err != nil {
		return nil, a.o.Answer(ctx, err)
	}
	a.done(ctx, "user invited", "user", u.Name, "role", u.Role)
	return a.link(u.Name, token), nil
}

func (a *Access) relink(ctx context.Context, in *userInput) (*linkOutput, error) {
	token, err := a.o.Accounts.Relink(ctx, in.User, accounts.LinkLife)
	if err != nil {
		return nil, a.refused(ctx, err, noUser)
	}
	a.done(ctx, "link made", "user", in.User)
	return a.link(in.User, token), nil
}

func (a *Access) link(user string, token vault.Secret) *linkOutput {
	return &linkOutput{Body: LinkBody{
		User: user, Link: "/setup?" + url.Values{"token": {string(token)}, "user": {user}}.Encode(), Ends: moment(a.o.Clock().Add(accounts.LinkLife)),
	}}
}

func (a *Access) setRole(ctx context.Context, in *struct {
	User string `path:"user" maxLength:"256"`
	Body struct {
		Role string `json:"role" enum:"owner,operator,viewer"`
	}
},
) (*struct{}, error) {
	changed, err := a.o.Accounts.SetRole(ctx, in.User, accounts.Role(in.Body.Role))
	if err != nil {
		return nil, a.refused(ctx, err, noUser)
	}
	if changed {
		a.signOutEverywhere(in.User)
		a.done(ctx, "role changed", "user", in.User, "role", in.Body.Role)
	}
	return nil, nil
}

func (a *Access) remove(ctx context.Context, in *userInput) (*struct{}, error) {
	if err := a.o.Accounts.Remove(ctx, in.User); err != nil {
		return nil, a.refused(ctx, err, noUser)
	}
	a.signOutEverywhere(in.User)
	a.done(ctx, "user removed", "user", in.User)
	return nil, nil
}

const noUser = "There is no such user. GET /api/v1/users lists them."

// refused answers what cannot be done, with a sentence for what is not there.
func (a *Access) refused(ctx context.Context, err error, missing string) error {
	if errors.Is(err, vault.ErrNotFound) {
		p := edge.NewProblem(http.StatusNotFound, missing)
		p.RequestID = edge.RequestID(ctx)
		return p
	}
	return a.o.Answer(ctx, err)
}

// done logs a change of who may do what.
func (a *Access) done(ctx context.Context, what string, about ...any) {
	a.o.Log.InfoContext(ctx, what, append(about, "actor", From(ctx).Name, "request", edge.RequestID(ctx))...)
}

// moment is a time as bodies have it, empty when there is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
