package gateway

import "github.com/creatorflow/creatorflow/gateway/access"

// The actions by their short names, so that a route stays one line.
const (
	Open        = access.Open
	Read        = access.Read
	ReadPrivate = access.ReadPrivate
	Operate     = access.Operate
	Configure   = access.Configure
	Administer  = access.Administer
	Account     = access.Account
	Measure     = access.Measure
)

// routes says what each route needs. A route that is not here cannot be registered, and one that
// is here must be (TestRoutes).
var routes = map[string]access.Action{
	"GET /api/v1/kpis":                      Read,
	"GET /api/v1/series":                    Read,
	"GET /api/v1/stock":                     Read,
	"GET /api/v1/stock/{sku}":               Read,
	"GET /api/v1/stock/{sku}/ledger":        Read,
	"GET /api/v1/orders":                    Read,
	"GET /api/v1/orders/{id}":               Read,
	"GET /api/v1/connections":               Read,
	"GET /api/v1/connections/{id}/doctor":   Operate, // it asks the channel, and sends the hub a test
	"GET /api/v1/connections/{id}/listings": Read,
	"GET /api/v1/connections/{id}/import":   Read,
	"GET /api/v1/flows":                     Read,
	"GET /api/v1/deadletters":               Read,
	"GET /api/v1/events":                    Read,
	"GET /api/v1/inbox/{number}":            ReadPrivate,
	"GET /api/v1/labels/{id}":               ReadPrivate,
	"GET /live":                             Read,
	"GET /api/v1/session":                   Account,
	"POST /api/v1/session":                  Open,
	"DELETE /api/v1/session":                Open, // signing out twice is no error
	"GET /api/v1/sessions":                  Account,
	"DELETE /api/v1/sessions/{session}":     Account,
	"POST /api/v1/setup":                    Open, // the link's token is the right

	"GET /api/v1/users":              Administer,
	"POST /api/v1/users":             Administer,
	"POST /api/v1/users/{user}/link": Administer,
	"POST /api/v1/users/{user}/role": Administer,
	"DELETE /api/v1/users/{user}":    Administer,
	"POST /api/v1/apps":              Administer,
	"POST /api/v1/connections":       Administer,
	"GET /api/v1/keys":               Administer,
	"POST /api/v1/keys":              Administer,
	"DELETE /api/v1/keys/{prefix}":   Administer,

	"POST /api/v1/commands/receive-stock":        Operate,
	"POST /api/v1/commands/adjust-stock":         Operate,
	"POST /api/v1/commands/map-sku":              Operate,
	"POST /api/v1/commands/import-listings":      Operate,
	"POST /api/v1/commands/undo-import":          Operate,
	"POST /api/v1/commands/push-quantities":      Configure,
	"POST /api/v1/commands/set-listing-policy":   Configure,
	"POST /api/v1/commands/retry-step":           Operate,
	"POST /api/v1/commands/skip-step":            Operate,
	"POST /api/v1/commands/take-back":            Operate,
	"POST /api/v1/commands/replay-deadletter":    Operate,
	"POST /api/v1/commands/replay-deadletters":   Operate,
	"POST /api/v1/commands/discard-deadletter":   Operate,
	"POST /api/v1/commands/put-back":             Operate,
	"POST /api/v1/commands/configure-workspace":  Configure,
	"POST /api/v1/commands/cancel-order":         Operate,
	"POST /api/v1/commands/approve-cancellation": Operate,
	"POST /api/v1/commands/reject-cancellation":  Operate,
	"POST /api/v1/commands/approve-return":       Operate,
	"POST /api/v1/commands/reject-return":        Operate,
	"POST /api/v1/commands/receive-return":       Operate,

	"POST /webhooks/{channel}/{app}": Open, // the vendor's signature is the right
	"GET /healthz":                   Open,
	"GET /readyz":                    Open,
	"GET /metrics":                   Measure,
	"GET /api/openapi.json":          Open,
	"/api/":                          Open, // 404 and 405
	"/webhooks/":                     Open,
	"/":                              Open, // the web app holds no data
}

// unlimited are the routes that no request is counted for: the intake has bounds of its own and a
// vendor's orders come in bursts, the operator's tools must see a hub that is busy, and the app's
// files cost nothing.
var unlimited = []string{"POST /webhooks/{channel}/{app}", "GET /healthz", "GET /readyz", "GET /metrics", "/"}
