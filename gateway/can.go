package gateway

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
	Account     Action = "account"      // one's own sessions
	Measure     Action = "measure"      // metrics; on a loopback listener anybody
)

// rights is what each role may do.
var rights = map[accounts.Role][]Action{
	accounts.Owner:    {Read, ReadPrivate, Operate, Configure, Account, Measure},
	accounts.Operator: {Read, ReadPrivate, Operate, Account, Measure},
	accounts.Viewer:   {Read, Account, Measure},
}

// routes says what each route needs. A route that is not here cannot be registered, and one that
// is here must be (TestRoutes).
var routes = map[string]Action{
	"GET /api/v1/kpis":                    Read,
	"GET /api/v1/series":                  Read,
	"GET /api/v1/stock":                   Read,
	"GET /api/v1/stock/{sku}":             Read,
	"GET /api/v1/stock/{sku}/ledger":      Read,
	"GET /api/v1/orders":                  Read,
	"GET /api/v1/orders/{id}":             Read,
	"GET /api/v1/connections":             Read,
	"GET /api/v1/connections/{id}/doctor": Operate, // it asks the channel, and sends the hub a test
	"GET /api/v1/flows":                   Read,
	"GET /api/v1/deadletters":             Read,
	"GET /api/v1/events":                  Read,
	"GET /api/v1/inbox/{number}":          ReadPrivate,
	"GET /api/v1/labels/{id}":             ReadPrivate,
	"GET /live":                           Read,
	"GET /api/v1/session":                 Account,
	"POST /api/v1/session":                Open,
	"DELETE /api/v1/session":              Open, // signing out twice is no error
	"GET /api/v1/sessions":                Account,
	"DELETE /api/v1/sessions/{session}":   Account,
	"POST /api/v1/setup":                  Open, // the link's token is the right

	"POST /api/v1/commands/receive-stock":       Operate,
	"POST /api/v1/commands/adjust-stock":        Operate,
	"POST /api/v1/commands/map-sku":             Operate,
	"POST /api/v1/commands/retry-step":          Operate,
	"POST /api/v1/commands/replay-deadletter":   Operate,
	"POST /api/v1/commands/replay-deadletters":  Operate,
	"POST /api/v1/commands/discard-deadletter":  Operate,
	"POST /api/v1/commands/put-back":            Operate,
	"POST /api/v1/commands/configure-workspace": Configure,

	"POST /webhooks/{channel}/{app}": Open, // the vendor's signature is the right
	"GET /healthz":                   Open,
	"GET /readyz":                    Open,
	"GET /metrics":                   Measure,
	"GET /api/openapi.json":          Open,
	"/api/":                          Open, // 404 and 405
	"/webhooks/":                     Open,
	"/":                              Open, // the web app holds no data
}

// Subject is who makes a request.
type Subject struct {
	Name    string // "user:ana" or "key:cf_1a2b3c4d"; empty = nobody
	User    string // the user's own name, empty for keys
	Session string // public id of the session, empty for keys
	Role    accounts.Role
	Scopes  []string // of a key: the only actions it has; none = all of its role
}

// can is the one place where rights are decided.
func can(s Subject, action Action) bool {
	if action == Open {
		return true
	}
	return s.Name != "" && slices.Contains(rights[s.Role], action) &&
		(len(s.Scopes) == 0 || slices.Contains(s.Scopes, string(action)))
}
