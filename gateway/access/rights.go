package access

import (
	"slices"

	"github.com/creatorflow/creatorflow/vault/accounts"
)

// Action is what a route needs the right to.
type Action string

// The actions.
const (
	Open        Action = "open"         // anybody
	Read        Action = "read"         // figures, orders, stock, events: no personal data
	ReadPrivate Action = "read.private" // raw webhooks and labels: may hold personal data
	Operate     Action = "operate"      // stock, mappings, retries, dead letters
	Configure   Action = "configure"    // the workspace's name, zone and currency
	Administer  Action = "administer"   // users and API keys
	Account     Action = "account"      // one's own sessions
	Measure     Action = "measure"      // metrics; on a loopback listener anybody
)

// rights is what each role may do.
var rights = map[accounts.Role][]Action{
	accounts.Owner:    {Read, ReadPrivate, Operate, Configure, Administer, Account, Measure},
	accounts.Operator: {Read, ReadPrivate, Operate, Account, Measure},
	accounts.Viewer:   {Read, Account, Measure},
}

// Subject is who makes a request.
type Subject struct {
	Name    string // "user:ana" or "key:cf_1a2b3c4d"; empty = nobody
	User    string // the user's own name, empty for keys
	Session string // public id of the session, empty for keys
	Role    accounts.Role
	Scopes  []string // of a key: the only actions it has; none = all of its role
}

// Can is the one place where rights are decided. A key with scopes never administers: who makes users
// and keys could give itself the rest.
func Can(s Subject, action Action) bool {
	if action == Open {
		return true
	}
	scoped := len(s.Scopes) > 0
	return s.Name != "" && slices.Contains(rights[s.Role], action) &&
		(!scoped || action != Administer && slices.Contains(s.Scopes, string(action)))
}
