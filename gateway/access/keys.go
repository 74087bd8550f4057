package access

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/creatorflow/creatorflow/gateway/edge"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// KeyList is all API keys, oldest first, the expired ones too.
type KeyList struct {
	Items  []KeyItem           `json:"items"`
	Rights map[string][]string `json:"rights" doc:"by role, what a key of it may be narrowed to"`
}

// KeyItem is one of them, without the key itself.
type KeyItem struct {
	Prefix  string   `json:"prefix" doc:"the key's first eleven characters, which name it"`
	Name    string   `json:"name" doc:"what it is for"`
	Role    string   `json:"role" enum:"owner,operator,viewer"`
	Scopes  []string `json:"scopes" doc:"the only rights it has; none = all of its role"`
	Current bool     `json:"current" doc:"this is who asks"`
	Created string   `json:"created_at"`
	Used    string   `json:"used_at" doc:"to the minute; empty when it never was"`
	Ends    string   `json:"ends_at" doc:"empty when it does not end"`
}

// MadeKey is a new key; it is shown this once.
type MadeKey struct {
	Key  string  `json:"key"`
	Item KeyItem `json:"item"`
}

func (a *Access) registerKeys(api huma.API) {
	op := ownerOperation("key")
	huma.Register(api, op(http.MethodGet, "/api/v1/keys", "list-keys", "The API keys"), a.keys)
	huma.Register(api, op(http.MethodPost, "/api/v1/keys", "make-key", "Make an API key"), a.makeKey)
	huma.Register(api, op(http.MethodDelete, "/api/v1/keys/{prefix}", "revoke-key", "End an API key, at once"), a.revokeKey)
}

func (a *Access) keys(ctx context.Context, _ *struct{}) (*struct{ Body KeyList }, error) {
	all, err := a.o.Accounts.Keys(ctx)
	if err != nil {
		return nil, a.o.Answer(ctx, err)
	}
	out := &struct{ Body KeyList }{KeyList{Items: make([]KeyItem, 0, len(all)), Rights: map[string][]string{}}}
	for role := range rights {
		out.Body.Rights[string(role)] = scopesOf(role)
	}
	for _, k := range all {
		out.Body.Items = append(out.Body.Items, keyItem(ctx, k))
	}
	return out, nil
}

func keyItem(ctx context.Context, k accounts.APIKey) KeyItem {
	return KeyItem{
		Prefix: k.Prefix, Name: k.Name, Role: string(k.Role), Scopes: append([]string{}, k.Scopes...), Current: From(ctx).Name == "key:"+k.Prefix,
		Created: moment(k.Created), Used: moment(k.Used), Ends: moment(k.Ends),
	}
}

func (a *Access) makeKey(ctx context.Context, in *struct {
	Body struct {
		Name   string   `json:"name" maxLength:"256"`
		Role   string   `json:"role" enum:"owner,operator,viewer"`
		Scopes []string `json:"scopes,omitempty" maxItems:"20" doc:"limits the key to these rights of its role; none = all of them"`
		Days   int      `json:"days,omitempty" minimum:"1" maximum:"3650" default:"365" doc:"how long it lives"`
	}
},
) (*struct{ Body MadeKey }, error) {
	role := accounts.Role(in.Body.Role)
	if faults := badScopes(role, in.Body.Scopes); len(faults) > 0 {
		return nil, a.o.Answer(ctx, edge.Invalid(faults...))
	}
	key, k, err := a.o.Accounts.MakeKey(ctx, in.Body.Name, role, in.Body.Scopes, a.o.Clock().AddDate(0, 0, in.Body.Days))
	if err != nil {
		return nil, a.o.Answer(ctx, err)
	}
	a.done(ctx, "key made", "key", k.Prefix, "name", k.Name, "role", k.Role, "scopes", k.Scopes)
	return &struct{ Body MadeKey }{MadeKey{Key: string(key), Item: keyItem(ctx, k)}}, nil
}

// scopesOf are what a key of a role may be narrowed to.
func scopesOf(role accounts.Role) (may []string) {
	for _, action := range rights[role] {
		if action != Administer {
			may = append(may, string(action))
		}
	}
	return may
}

// badScopes finds scopes that would give the key nothing.
func badScopes(role accounts.Role, scopes []string) (faults []edge.Fault) {
	may := scopesOf(role)
	for i, scope := range scopes {
		if !slices.Contains(may, scope) {
			faults = append(faults, edge.Fault{Field: fmt.Sprintf("scopes[%d]", i), Rule: "of this role must be one of " + strings.Join(may, ", ")})
		}
	}
	return faults
}

func (a *Access) revokeKey(ctx context.Context, in *struct {
	Prefix string `path:"prefix" maxLength:"64"`
},
) (*struct{}, error) {
	if err := a.o.Accounts.RevokeKey(ctx, in.Prefix); err != nil {
		return nil, a.refused(ctx, err, "There is no API key of this prefix. GET /api/v1/keys lists them.")
	}
	a.o.SignOut("key:"+in.Prefix, "")
	a.done(ctx, "key revoked", "key", in.Prefix)
	return nil, nil
}
