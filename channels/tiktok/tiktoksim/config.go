// Package tiktoksim is a TikTok Shop to run on one's own machine: it speaks the vendor's Open API over HTTP
// and shares no code with our connector.
//
//	signed request → gate (signature, clock, token, cipher, limit, faults) → endpoint → market (the state)
//	PlaceOrder, hand edits, timers → market → hooks → signed POST, retried on the vendor's schedule
//
// Writes to stock may take effect late and overwrite what was sold meanwhile, as the vendor's do. Every effect is
// counted by its key (Counts), so that "done twice" is read here and not in the tables of the program under test.
// One seed fixes ids and faults. Where the vendor's behaviour is not known, the choice made is said beside it.
//
// Packages that the seller's own carrier takes exist once they are marked as shipped, as in the US and EMEA; in a shop of
// SEA or LATAM they exist after payment and are shipped with the seller's number.
//
// Not simulated: labels bought in the US, whose packages appear only when shipped, undoing a combination, partial refunds, several warehouses to sell from. In those a call is refused or unknown, never half done.
package tiktoksim

import (
	"cmp"
	"net/http"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/api"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/hooks"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/market"
)

// Config is fixed for the life of a Sim; zero values are the vendor's defaults unless a field says otherwise.
type Config struct {
	AppKey, AppSecret, ServiceID string
	RedirectURL                  string           // where /open/authorize sends the seller back; "" = no consent page
	Clock                        func() time.Time // default time.Now
	Seed                         uint64           // fixes ids, faults and their order
	RemorseHold                  time.Duration    // length of ON_HOLD after payment; 0 = orders skip it (the vendor's is 1 h)
	RequestsPerSecond            float64          // per endpoint and shop, burst of one second; 0 = unlimited
	RefuseZero                   bool             // quantity 0 is refused in data.errors[] (range 1..99999)
	ApplyDelay                   time.Duration    // an inventory write takes effect this much later, absolute
	LabelNotReady                int              // answers 11034037 before a package's first label is ready
	Restock                      bool             // cancelled units go back on the listing by themselves
	Reship                       bool             // a second ship takes effect again and is counted (a vendor without the guard)
	SellBeyondListed             bool             // replay: PlaceOrder takes what is not listed; otherwise it refuses and counts
	AccessLife, RefreshLife      time.Duration    // of tokens; default 7 and 180 days
	Scopes                       []string         // what the app asks every seller for; default api.Scopes
	WebhookURL                   string           // every topic of a new shop is subscribed to it; "" = none
	RetrySchedule                []time.Duration  // after the first attempt; default 2 m, 30 m, 3 h, 12 h
	TimeScale                    float64          // divides RetrySchedule; 0 = 1
	Look                         time.Duration    // the longest sleep, after which a clock that was set is noticed; default 1 s
	Client                       *http.Client     // sends webhooks; default a client of its own
	Faults                       Faults
}

// Faults are probabilities from 0 to 1, drawn from the seed; durations are nanoseconds in JSON.
type Faults struct {
	Duplicate    float64       `json:"duplicate"`     // a webhook is sent twice, same notification id
	Delay        float64       `json:"delay"`         // a webhook is sent up to MaxDelay late
	Reorder      float64       `json:"reorder"`       // a webhook is sent after the one that follows it
	Lose         float64       `json:"lose"`          // a webhook is never sent
	Garble       float64       `json:"garble"`        // a webhook is sent broken, but validly signed
	BadSignature float64       `json:"bad_signature"` // a forged webhook is sent beside the true one, once
	MaxDelay     time.Duration `json:"max_delay"`     // default 5 s

	API5xx             float64       `json:"api_5xx"`              // 500 or 503, nothing was done
	APITimeoutAfter    float64       `json:"api_timeout_after"`    // done, then the connection is dropped or hangs
	APIGarbage         float64       `json:"api_garbage"`          // done, then the answer is unreadable
	AcceptedNotApplied float64       `json:"accepted_not_applied"` // an inventory write is accepted and never applied
	ShipNotApplied     float64       `json:"ship_not_applied"`     // a ship is accepted and never applied
	ShipLate           float64       `json:"ship_late"`            // a ship is carried out ShipLateBy later; answered then, or dropped at once
	ShipLateBy         time.Duration `json:"ship_late_by"`         // also after the client gave up; until then the package shows nothing
	Latency            time.Duration `json:"latency"`              // before each answer
}

func (f Faults) hooks() hooks.Faults {
	return hooks.Faults{
		Duplicate: f.Duplicate, Delay: f.Delay, Reorder: f.Reorder, Lose: f.Lose, Garble: f.Garble,
		BadSignature: f.BadSignature, MaxDelay: f.MaxDelay,
	}
}

// What the market trades in, under the names callers use.
type (
	// Shop is one seller's shop in one market.
	Shop = market.Shop
	// Product is a listing with its SKUs.
	Product = market.NewProduct
	// SKU is one variant with its price and quantity.
	SKU = market.SKU
	// NewOrder is what a buyer orders.
	NewOrder = market.NewOrder
	// Line is a quantity of one SKU.
	Line = market.Line
	// Stock is a copy of one SKU's quantities.
	Stock = market.Stock
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
	ID         string         `json:"id"`
	Status     string         `json:"status"`
	BuyerID    string         `json:"buyer_id"`
	Lines      []Line         `json:"lines"`  // as they were ordered
	Wanted     []Line         `json:"wanted"` // as they are now, without what was cancelled out
	Items      []string       `json:"items"`  // ids of the line items, one a unit, that were not cancelled out of it
	Packages   []PackageState `json:"packages"`
	CreateTime time.Time      `json:"create_time"`
	UpdateTime time.Time      `json:"update_time"`
	CancelBy   string         `json:"cancel_by,omitempty"`
	Reason     string         `json:"reason,omitempty"`
}

// PackageState is a copy of one package.
type PackageState struct {
	ID       string   `json:"id"`
	Status   string   `json:"status"`
	Tracking string   `json:"tracking,omitempty"`
	Carrier  string   `json:"carrier,omitempty"` // the seller's own, by name
	Orders   []string `json:"orders"`            // several when it is combined
	Units    int      `json:"units"`
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
		c.RetrySchedule = []time.Duration{2 * time.Minute, 30 * time.Minute, 3 * time.Hour, 12 * time.Hour}
	}
	scaled := make([]time.Duration, len(c.RetrySchedule))
	for i, d := range c.RetrySchedule {
		scaled[i] = time.Duration(float64(d) / cmp.Or(c.TimeScale, 1))
	}
	c.RetrySchedule = scaled
	c.Look = cmp.Or(c.Look, time.Second)
	c.AccessLife = cmp.Or(c.AccessLife, 7*24*time.Hour)
	c.RefreshLife = cmp.Or(c.RefreshLife, 180*24*time.Hour)
	return c
}
