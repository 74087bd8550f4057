// Package amazonsim is an Amazon to run on one's own machine: it speaks the Selling Partner API over HTTP, with the token
// endpoint and the SQS queue that belong to it, and shares no code with our connector.
//
//	request ─► gate (token, role, bucket, faults) ─► endpoint ─► market (the state)
//	PlaceOrder, hand edits, timers ─► market ─► ORDER_CHANGE, quantities ─► queue ─► signed ReceiveMessage, DeleteMessage
//
// Quantities take effect late and overwrite what was sold meanwhile, as the vendor's do. Every effect is counted by its key
// (Counts), so that "done twice" is read here and not in the tables of the program under test. One seed fixes ids and faults.
// Where the vendor's behaviour is not known, the choice made is said beside it. News of quantities go to an event bus alone, as they do
// at the vendor; of EventBridge there is no more than a rule that leads that bus to the queue.
//
// Not simulated: Orders v0 reads, label purchase, feeds other than order acknowledgements, reports other than
// that of returns. Those calls are answered 404 or InvalidInput, never half done.
package amazonsim

import (
	"cmp"
	"time"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
)

// Config is fixed for the life of a Sim; zero values are the vendor's defaults unless a field says otherwise.
type Config struct {
	ClientID, ClientSecret string           // of the app, at Login with Amazon
	Clock                  func() time.Time // default time.Now
	Seed                   uint64           // fixes ids, faults and their order
	ApplyDelay             time.Duration    // an accepted quantity takes effect this much later
	PendingFor             time.Duration    // a paid order stays PENDING so long
	FeedDelay              time.Duration    // a feed is carried out this much later
	ReportDelay            time.Duration    // a report is made this much later
	RefuseZero             bool             // a quantity of 0 is INVALID
	Restock                bool             // cancelled units go back on the listing by themselves
	SellBeyondListed       bool             // replay: PlaceOrder takes what is not listed; otherwise it refuses and counts
	Unlimited              bool             // no call is refused as too many, and the header says 1000
	PerSecond              float64          // of every call, burst of one second, in place of the table's rates; 0 = the table's
	SaysPerSecond          float64          // what the header says in place of the truth; 0 = the truth
	AccessLife             time.Duration    // of access tokens; default 1 h
	Roles                  []string         // what a new seller's consent includes; nil = all Roles
	AWSKey, AWSSecret      string           // who may read the queue; default AKIDSIM and sim-secret
	Region                 string           // of the queue; default eu-west-1
	Visibility             time.Duration    // how long a received message stays hidden; default 30 s
	Faults                 Faults
}

// The roles that a seller's consent may include; those of persons open BUYER and RECIPIENT.
const (
	RoleOrders    = "Inventory and Order Tracking"
	RoleListings  = "Product Listing"
	RolePersons   = "Direct-to-Consumer Shipping"
	RoleSettings  = "Selling Partner Insights"
	notifications = "sellingpartnerapi::notifications"
)

// Roles are all roles.
func Roles() []string { return []string{RoleOrders, RoleListings, RolePersons, RoleSettings} }

// Faults are probabilities from 0 to 1, drawn from the seed; durations are nanoseconds in JSON.
type Faults struct {
	Duplicate float64       `json:"duplicate"` // a notification is published twice, same notification id
	Delay     float64       `json:"delay"`     // a notification is published up to MaxDelay late
	Lose      float64       `json:"lose"`      // a notification is never published
	Garble    float64       `json:"garble"`    // a notification is published broken
	MaxDelay  time.Duration `json:"max_delay"` // default 5 s

	API5xx             float64       `json:"api_5xx"`              // 500 or 503, nothing was done
	APITimeoutAfter    float64       `json:"api_timeout_after"`    // done, then the connection is dropped
	APIGarbage         float64       `json:"api_garbage"`          // done, then the answer is unreadable
	AcceptedNotApplied float64       `json:"accepted_not_applied"` // a quantity is ACCEPTED and never applied
	Queue5xx           float64       `json:"queue_5xx"`            // the queue answers 503, nothing was done
	Latency            time.Duration `json:"latency"`              // before each answer
}

// What the market trades in, under the names callers use.
type (
	// Seller is one seller's account in one marketplace.
	Seller = market.NewSeller
	// Listing is an item for sale.
	Listing = market.NewListing
	// NewOrder is what a buyer orders.
	NewOrder = market.NewOrder
	// Line is a quantity of one SKU.
	Line = market.Line
	// Stock is a copy of one listing's quantities.
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

// OrderState is a copy of one order.
type OrderState struct {
	ID         string        `json:"id"`
	Status     string        `json:"status"`
	AFN        bool          `json:"afn,omitempty"`
	Lines      []Line        `json:"lines"`
	Sent       int           `json:"sent"` // units
	Parcels    []ParcelState `json:"parcels,omitempty"`
	CreateTime time.Time     `json:"create_time"`
	UpdateTime time.Time     `json:"update_time"`
	CancelBy   string        `json:"cancel_by,omitempty"`
	Reason     string        `json:"reason,omitempty"`
}

// ParcelState is a copy of one confirmed parcel.
type ParcelState struct {
	Reference string `json:"reference"`
	Carrier   string `json:"carrier"`
	Tracking  string `json:"tracking"`
	Units     int    `json:"units"`
}

// withDefaults fills what the vendor fixes.
func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Roles == nil {
		c.Roles = Roles()
	}
	c.AccessLife = cmp.Or(c.AccessLife, time.Hour)
	c.AWSKey, c.AWSSecret = cmp.Or(c.AWSKey, "AKIDSIM"), cmp.Or(c.AWSSecret, "sim-secret")
	c.Region, c.Visibility = cmp.Or(c.Region, "eu-west-1"), cmp.Or(c.Visibility, 30*time.Second)
	return c
}
