package gateway

import (
	"github.com/creatorflow/creatorflow/gateway/access"
	"github.com/creatorflow/creatorflow/gateway/connecting"
)

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
var routes = connecting.Routed(map[string]access.Action{
	"GET /api/v1/kpis":                      Read,
	"GET /api/v1/series":                    Read,
	"GET /api/v1/stock":                     Read,
	"GET /api/v1/stock/{sku}":               Read,
	"GET /api/v1/stock/{sku}/ledger":        Read,
	"GET /api/v1/locations":                 Read,
	"GET /api/v1/sheets/stock":              Read,
	"POST /api/v1/sheets/stock":             Operate, // a preview of what operators may do
	"GET /api/v1/orders":                    Read,
	"GET /api/v1/orders/{id}":               Read,
	"GET /api/v1/orders/{id}/shipping":      Operate, // it asks the channel
	"GET /api/v1/connections":               Read,
	"GET /api/v1/connections/{id}":          Read,
	"GET /api/v1/connections/{id}/doctor":   Operate, // it asks the channel, and sends the hub a test
	"GET /api/v1/connections/{id}/listings": Read,
	"GET /api/v1/connections/{id}/import":   Read,
	"GET /api/v1/flows":                     Read,
	"GET /api/v1/signals":                   Read,
	"GET /api/v1/signals/days":              Read,
	"GET /api/v1/risk":                      Read,
	"GET /api/v1/shortage":                  Read,
	"GET /api/v1/deadletters":               Read,
	"GET /api/v1/events":                    Read,
	"GET /api/v1/events/{position}/changes": Read,
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
	"GET /api/v1/keys":               Administer,
	"POST /api/v1/keys":              Administer,
	"DELETE /api/v1/keys/{prefix}":   Administer,

	"POST /api/v1/commands/receive-stock":        Operate,
	"POST /api/v1/commands/adjust-stock":         Operate,
	"POST /api/v1/commands/count-stock":          Operate,
	"POST /api/v1/commands/transfer-stock":       Operate,
	"POST /api/v1/commands/choose-location":      Operate,
	"POST /api/v1/commands/set-location":         Configure,
	"POST /api/v1/commands/order-locations":      Configure,
	"POST /api/v1/commands/close-location":       Configure,
	"POST /api/v1/commands/define-bundle":        Operate,
	"POST /api/v1/commands/dissolve-bundle":      Operate,
	"POST /api/v1/commands/repair-listing":       Operate,
	"POST /api/v1/commands/import-stock":         Operate,
	"POST /api/v1/commands/map-sku":              Operate,
	"POST /api/v1/commands/import-listings":      Operate,
	"POST /api/v1/commands/undo-import":          Operate,
	"POST /api/v1/commands/back-fill":            Operate,
	"POST /api/v1/commands/stop-back-fill":       Operate,
	"POST /api/v1/commands/push-quantities":      Configure,
	"POST /api/v1/commands/set-listing-policy":   Configure,
	"POST /api/v1/commands/count-visits":         Operate,
	"POST /api/v1/commands/retry-step":           Operate,
	"POST /api/v1/commands/skip-step":            Operate,
	"POST /api/v1/commands/take-back":            Operate,
	"POST /api/v1/commands/replay-deadletter":    Operate,
	"POST /api/v1/commands/replay-deadletters":   Operate,
	"POST /api/v1/commands/correct-deadletter":   Operate,
	"POST /api/v1/commands/discard-deadletter":   Operate,
	"POST /api/v1/commands/put-back":             Operate,
	"POST /api/v1/commands/configure-workspace":  Configure,
	"POST /api/v1/commands/configure-risk":       Configure,
	"POST /api/v1/commands/set-shortage-path":    Configure,
	"POST /api/v1/commands/backorder-first":      Configure,
	"POST /api/v1/commands/leave-backorders":     Configure,
	"POST /api/v1/commands/approve-orders":       Operate,
	"POST /api/v1/commands/reject-orders":        Operate,
	"POST /api/v1/commands/cancel-order":         Operate,
	"POST /api/v1/commands/place-order":          Operate,
	"POST /api/v1/commands/pay-order":            Operate,
	"POST /api/v1/commands/send-payment-link":    Operate,
	"POST /api/v1/commands/set-outage":           Configure,
	"POST /api/v1/commands/approve-cancellation": Operate,
	"POST /api/v1/commands/reject-cancellation":  Operate,
	"POST /api/v1/commands/approve-return":       Operate,
	"POST /api/v1/commands/reject-return":        Operate,
	"POST /api/v1/commands/receive-return":       Operate,
	"POST /api/v1/commands/ship-order":           Operate,
	"POST /api/v1/commands/correct-tracking":     Operate,
	"POST /api/v1/commands/split-order":          Operate,
	"POST /api/v1/commands/combine-orders":       Operate,

	"GET /webhooks/{channel}/{app}":  Open, // the vendor's question whether the address is ours
	"POST /webhooks/{channel}/{app}": Open, // the vendor's signature is the right
	"GET /healthz":                   Open,
	"GET /readyz":                    Open,
	"GET /metrics":                   Measure,
	"GET /api/openapi.json":          Open,
	"/api/":                          Open, // 404 and 405
	"/webhooks/":                     Open,
	"/":                              Open, // the web app holds no data
})

// unlimited are the routes that no request is counted for: the intake has bounds of its own and a
// vendor's orders come in bursts, the operator's tools must see a hub that is busy, and the app's
// files cost nothing.
var unlimited = []string{"POST /webhooks/{channel}/{app}", "GET /healthz", "GET /readyz", "GET /metrics", "/"}
