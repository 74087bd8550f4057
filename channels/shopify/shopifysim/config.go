// Package shopifysim is a Shopify to run on one's own machine: it speaks the vendor's Admin GraphQL API 2026-07 over HTTP
// and shares no code with our connector.
//
//	request → gate (token, shop's state, cost bucket, faults) → graph (parse, check, price) → api → market (the state)
//	PlaceOrder, hand edits, timers → market → hooks → signed POST, retried on the vendor's schedule
//
// Documents are checked against schema.graphql, a part of the vendor's own schema. Every effect is counted by its key
// (Counts), so that "done twice" is read here and not in the tables of the program under test. One seed fixes ids and
// faults. Where the vendor's behaviour is not known, the choice made is said beside it.
//
// One address serves all shops: the Host header names the shop, as the vendor's own host does; without one that is known it
// is the only shop. Not simulated: the REST API, bulk operations, exchanges, store credit, several currencies in one shop.
package shopifysim

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/api"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/hooks"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim/market"
)

// Version is the one that is spoken.
const Version = "2026-07"

// Config is fixed for the life of a Sim; zero values are the vendor's defaults unless a field says otherwise.
type Config struct {
	ClientID, ClientSecret  string
	RedirectURL             string           // where the consent page may send the seller back; "" = no consent page
	Clock                   func() time.Time // default time.Now
	Seed                    uint64           // fixes ids, faults and their order
	Hold                    time.Duration    // fulfillment orders are ON_HOLD that long after payment
	ApplyDelay              time.Duration    // a quantity write takes effect this much later
	JobDelay                time.Duration    // a cancellation's job is done, and a slow bank pays, this much later
	RefuseZero              bool             // quantity 0 is refused
	PointsPerSecond         float64          // of each shop's bucket; 0 = unlimited (Standard is 100, Advanced 200, Plus 1000)
	Bucket                  float64          // its size; default 20 seconds' worth
	ThrottleStatus          int              // of a throttled answer: 200 or 429; 0 = each in turn
	SellBeyondListed        bool             // replay: PlaceOrder takes what is not listed; otherwise it refuses and counts
	HidesBuyers             bool             // the app has no access to protected customer data
	AccessLife, RefreshLife time.Duration    // of offline tokens; default 1 hour and 90 days
	Scopes                  []string         // what the app asks every seller for; default api.Scopes
	WebhookURL              string           // every topic of WebhookTopics is subscribed to it; "" = none
	RetrySchedule           []time.Duration  // after the first attempt; default hooks.Schedule
	TimeScale               float64          // divides RetrySchedule; 0 = 1
	Look                    time.Duration    // the longest sleep, after which a clock that was set is noticed; default 1 s
	Client                  *http.Client     // sends webhooks; default a client of its own
	Faults                  Faults
}

// WebhookTopics are those that Config.WebhookURL is subscribed to.
var WebhookTopics = []string{
	"ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_PAID", "ORDERS_CANCELLED", "ORDERS_EDITED", "ORDERS_FULFILLED", "ORDERS_PARTIALLY_FULFILLED",
	"REFUNDS_CREATE", "RETURNS_REQUEST", "RETURNS_APPROVE", "RETURNS_DECLINE", "RETURNS_CANCEL", "RETURNS_CLOSE", "RETURNS_REOPEN", "FULFILLMENTS_CREATE",
	"FULFILLMENTS_UPDATE", "INVENTORY_LEVELS_UPDATE", "PRODUCTS_UPDATE", "APP_UNINSTALLED",
}

// Faults are probabilities from 0 to 1, drawn from the seed; durations are nanoseconds in JSON.
type Faults struct {
	Duplicate    float64       `json:"duplicate"`     // a webhook is sent twice, same webhook id
	Delay        float64       `json:"delay"`         // a webhook is sent up to MaxDelay late
	Reorder      float64       `json:"reorder"`       // a webhook is sent after the one that follows it
	Lose         float64       `json:"lose"`          // a webhook is never sent
	Garble       float64       `json:"garble"`        // a webhook is sent broken, but validly signed
	BadSignature float64       `json:"bad_signature"` // a forged webhook is sent beside the true one, once
	MaxDelay     time.Duration `json:"max_delay"`     // default 5 s

	API5xx             float64       `json:"api_5xx"`              // 500, 502 or 503, nothing was done
	APITimeoutAfter    float64       `json:"api_timeout_after"`    // done, then the connection is dropped or hangs
	APIGarbage         float64       `json:"api_garbage"`          // done, then the answer is unreadable
	InternalError      float64       `json:"internal_error"`       // HTTP 200 with INTERNAL_SERVER_ERROR, nothing was done
	SpoilKey           float64       `json:"spoil_key"`            // a keyed mutation fails, and its key with it
	AcceptedNotApplied float64       `json:"accepted_not_applied"` // a quantity write is accepted and never applied
	Neighbour          float64       `json:"neighbour"`            // another program of the same app spends all points just before
	Spare              []string      `json:"spare"`                // operations that the API's faults leave alone
	Latency            time.Duration `json:"latency"`              // before each answer; a keyed mutation is in progress meanwhile
}

func (f Faults) hooks() hooks.Faults {
	return hooks.Faults{
		Duplicate: f.Duplicate, Delay: f.Delay, Reorder: f.Reorder, Lose: f.Lose, Garble: f.Garble,
		BadSignature: f.BadSignature, MaxDelay: f.MaxDelay,
	}
}

// What the market trades in, under the names callers use.
type (
	// Shop is one seller's shop.
	Shop = market.Shop
	// Product is a product with its variants.
	Product = market.NewProduct
	// SKU is one variant with its price and quantity.
	SKU = market.SKU
	// NewOrder is what a buyer orders.
	NewOrder = market.NewOrder
	// Line is a quantity of one variant.
	Line = market.Line
	// Level is a copy of one variant's quantities.
	Level = market.Level
)

// What the control methods refuse; compare with errors.Is.
const (
	ErrUnknown   = market.ErrUnknown
	ErrExists    = market.ErrExists
	ErrInvalid   = market.ErrInvalid
	ErrNotListed = market.ErrNotListed
	ErrState     = market.ErrState
)

// Tokens are a shop's current pair.
type Tokens struct {
	AccessToken    string    `json:"access_token"`
	AccessExpires  time.Time `json:"access_expires"`
	RefreshToken   string    `json:"refresh_token"`
	RefreshExpires time.Time `json:"refresh_expires"`
}

// OrderState is a copy of one order.
type OrderState struct {
	ID         int64         `json:"id"`
	Name       string        `json:"name"`
	Financial  string        `json:"financial"`
	Fulfilment string        `json:"fulfilment"`
	Cancelled  bool          `json:"cancelled"`
	Reason     string        `json:"reason,omitempty"`
	StaffNote  string        `json:"staff_note,omitempty"`
	Refunded   string        `json:"refunded"` // what has gone back to the buyer
	Lines      []Line        `json:"lines"`    // as they are now
	Parcels    []ParcelState `json:"parcels"`
	Updated    time.Time     `json:"updated"`
}

// ParcelState is a copy of one fulfillment.
type ParcelState struct {
	ID       int64  `json:"id"`
	Status   string `json:"status"`
	Company  string `json:"company"`
	Tracking string `json:"tracking"`
	Units    int64  `json:"units"`
}

// withDefaults fills what the vendor fixes.
func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Client == nil {
		c.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}}
	}
	if c.Scopes == nil {
		c.Scopes = api.Scopes()
	}
	if c.RetrySchedule == nil {
		c.RetrySchedule = hooks.Schedule()
	}
	c.RetrySchedule = slices.Clone(c.RetrySchedule)
	for i, d := range c.RetrySchedule {
		c.RetrySchedule[i] = time.Duration(float64(d) / cmp.Or(c.TimeScale, 1))
	}
	c.Bucket = cmp.Or(c.Bucket, 20*c.PointsPerSecond)
	c.Look = cmp.Or(c.Look, time.Second)
	c.AccessLife = cmp.Or(c.AccessLife, time.Hour)
	c.RefreshLife = cmp.Or(c.RefreshLife, 90*24*time.Hour)
	return c
}
