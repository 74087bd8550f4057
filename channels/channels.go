// Package channels is the contract between the hub and the places it sells on: what a vendor's
// connector must be able to do, and the hub's own words for what the vendor says.
//
//	webhook body ─► Connector.Hints ─► ingest ─► Connector.Orders (the truth) ─► domain/orders
//	polls: Connector.Changed ─► the same path      effects: Arrange, Send, SetQuantity ─► the vendor
//
// A connector translates and nothing else: it holds no state but its token and its limiter, decides
// nothing and appends nothing. What a channel can do is a capability, not an if in the caller.
package channels

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/creatorflow/creatorflow/money"
)

// How a quantity is written to a channel.
const (
	WriteAbsolute       WriteKind = "absolute"         // overwrites; needs zero-first
	WriteCompareAndSwap WriteKind = "compare-and-swap" // refuses a stale base
	WriteNone           WriteKind = "none"             // the channel takes no quantities
	WriteCounter        WriteKind = "counter"          // its orders are entered here, so the hub itself keeps what may be sold
)

// WriteKind is how a quantity is written to a channel.
type WriteKind string

// Capabilities is what a channel can do.
type Capabilities struct {
	TakesOrders     bool
	CollectsMoney   bool      // payment is confirmed, not charged
	Labels          bool      // the channel makes the shipping label
	Write           WriteKind // how quantities are written
	AcceptsZero     bool      // false: a listing is deactivated instead
	RestocksCancels bool      // puts cancelled units back by itself
	MaxQuantity     int64     // ceiling of a listed quantity
	CancelAt        string    // where a seller cancels an order of a channel that is no Canceller, as in "in its app"; empty = at the channel
	AtOnce          int       // quantity writes that may be under way together, because they share calls; 0 = a few

	HidesCommitted bool          // Quantity.Committed is not told: a sale cannot be told from a hand's edit by the figures alone
	PollEvery      time.Duration // the list of changed orders may be read no more often; 0 = as often as the hub likes
	ListsAfter     time.Duration // that list lacks what changed so lately
	AnyCarrier     bool          // a parcel's carrier may be named that is none of Carriers
	OrdersAtOnce   int           // orders of one Orders that come without waiting for one another; 0 = any number
	NoHistory      string        // of a channel that is no Historian: why old orders cannot be read, a sentence
}

// App is one set of a vendor's credentials, shared by its connections.
type App struct {
	ID      string   // short, ours
	Channel string   // "tiktok"
	Key     string   // the vendor's app key
	BaseURL string   // of the API, without a trailing slash
	AuthURL string   // of the token endpoints, without a trailing slash
	Secrets []string // newest first; two are valid while one is rotated out
}

// Connection is one shop on a channel.
type Connection struct {
	ID      string // short, random, never reused
	App     string
	Channel string
	ShopID  string // the vendor's id, a string always
	Name    string
	Cipher  string            // TikTok's shop_cipher; empty elsewhere
	Extra   map[string]string `json:"-"` // what else the vendor's calls need, by names of the connector's; may hold secrets
}

// Token is what authorises calls, for one connection or for all that were authorised together.
type Token struct {
	Access         string
	AccessExpires  time.Time
	Refresh        string
	RefreshExpires time.Time
	Scopes         string // what it allows in the vendor's words, separated by spaces; empty = not told
}

// Tokens stores one token pair. Refreshed pairs are stored before they are used.
type Tokens interface {
	Token(ctx context.Context) (Token, error)
	SetToken(ctx context.Context, t Token) error
}

// Hint is what a webhook says, before the truth is fetched.
type Hint struct {
	Delivery string // the vendor's delivery id, or the documented fallback key
	Shop     string // empty = the only one of its app
	Kind     string // "order", "cancellation", "return", "package", "authorisation" (it ended), "expiring" (it will), "signal", "quantity", "test" (our own), "other"
	Type     string // the vendor's own name or number of the topic
	Order    string // the order's id at the channel, when the hint is about one
	Updated  time.Time
	Ends     time.Time // of the authorisation, when it is expiring
	Sold     []Line    // of an order that is new by what the hint says: codes and quantities, so that nobody lists them while it is read
	Unknown  bool      // a topic we do not know: kept and shown, nothing done
	Signal   Signal    // when Kind is KindSignal; Updated is when
	News     News      // when Kind is KindQuantity; Updated is when
}

// Line is one SKU of an order, units already summed.
type Line struct {
	ListingID string // the channel's own id of the SKU
	ProductID string
	Code      string // the seller's code on the channel; matched to our SKU
	Name      string
	Quantity  int64
	Price     money.Money // of one unit
	Items     []string    // the vendor's line ids, one a unit
}

// Order is an order as the channel shows it now.
type Order struct {
	ID        string
	Status    Status
	Vendor    string // the vendor's own word for the status
	Created   time.Time
	Updated   time.Time // the vendor's state version; orders news
	Paid      time.Time // zero while unpaid
	Lines     []Line
	Total     money.Money
	Currency  string
	Buyer     string     // the vendor's id of the buyer; hashed before it enters an event
	Recipient *Recipient // personal data, nil while hidden; goes to the vault only
	Packages  []string
	Cancel    string // the vendor's cancel reason code, empty unless cancelled
	CancelBy  string // who cancelled it: BySeller, ByBuyer or ByChannel; empty = not told
	ShipBy    time.Time
	SelfShips bool // the channel or its warehouse ships; the hub must not

	BilledElsewhere bool // the channel says that the bill goes to another address; told with the recipient alone

	Owed bool // the money is only reserved although the order was sent; see Capturer

	Claims []Claim // that the order itself shows, of a channel that lists none

	Refunded money.Money // what has gone back to the buyer so far; zero where nothing has, or the channel does not tell

	SellerShips bool // the seller's own carrier takes it: the channel makes no label and is told the tracking number

	Payment *Payment // of an order that was entered at the hub: nothing but this is told of it, and ID is the payment's
}

// Recipient is personal data: it goes to the vault and nowhere else.
type Recipient struct {
	Name, Phone, Email string
	Address            string // as printed
	PostalCode         string
	Region             string
	Message            string // free text by the buyer

	// The parts of the address, where the channel tells them; Region is the country then, in two letters.
	Company, Line1, Line2, City, State string `json:",omitempty"`
}

// Destination is where an order goes, as the channel showed it last. What the vault keeps of a person is these, by the channel's
// ids of their orders.
type Destination struct {
	Updated   time.Time `json:"updated"` // of the order that showed it
	Recipient Recipient `json:"recipient"`
}

// Who cancelled an order.
const (
	BySeller  = "seller"
	ByBuyer   = "buyer"
	ByChannel = "channel"
)

// Status is an order's state in the hub's words.
type Status string

// The states of an order at a channel.
const (
	StatusUnpaid     Status = "unpaid"
	StatusAuthorised Status = "authorised" // the money is reserved at the buyer's bank and not taken; see Capturer
	StatusOnHold     Status = "on_hold"
	StatusReady      Status = "ready"    // may be shipped
	StatusPartial    Status = "partial"  // partly shipped
	StatusArranged   Status = "arranged" // label made, waiting for collection
	StatusTransit    Status = "in_transit"
	StatusDelivered  Status = "delivered"
	StatusCompleted  Status = "completed"
	StatusCancelled  Status = "cancelled"
	StatusUnknown    Status = "unknown" // a word we do not know; kept in Order.Vendor
)

// Invalid is one broken field of a record: the record is quarantined, its neighbours go on.
type Invalid struct {
	Record string // which order or listing, as far as it can be told
	Field  string // e.g. "line_items[2].sale_price"
	Rule   string // e.g. "must be a decimal number"
	Sample string // the value, cut short; empty when the field may hold personal data
}

// Error implements error.
func (i Invalid) Error() string {
	return fmt.Sprintf("%s: %s %s (got %q)", i.Record, i.Field, i.Rule, i.Sample)
}

// Page is one page of changed orders; broken records come beside the good ones.
type Page struct {
	Orders  []Order
	Invalid []Invalid
	Next    string // empty at the end
}

// Quantity is what a channel lists for one SKU.
type Quantity struct {
	ListingID, ProductID, Code string
	Available                  int64 // still to be sold
	Committed                  int64 // sold, not yet shipped
}

// ListingStatus is a listing's state in the hub's words.
type ListingStatus string

// The states of a listing.
const (
	ListingLive    ListingStatus = "live"    // buyers can order it
	ListingOff     ListingStatus = "off"     // the seller or the channel took it down
	ListingDraft   ListingStatus = "draft"   // not yet for sale: unfinished, in review or refused
	ListingUnknown ListingStatus = "unknown" // a word we do not know; kept in Listing.Vendor
)

// Listing is one SKU as a channel lists it. Committed is not told here.
type Listing struct {
	Quantity
	Title   string // of the product
	Variant string // what tells it from the product's other SKUs, where the list says so
	Price   money.Money
	Status  ListingStatus
	Vendor  string // the vendor's own word for the status
}

// ListingPage is one page of listings; broken ones come beside the good ones.
type ListingPage struct {
	Listings []Listing
	Invalid  []Invalid
	Next     string // empty at the end
}

// Shipment is the arranged shipment of one package.
type Shipment struct {
	Package  string
	Tracking string
	Carrier  string
	Already  bool // it had been arranged before this call
}

// Label is a file that opens.
type Label struct {
	Type     string // "application/pdf"
	File     []byte
	Tracking string
}

// Class sorts a vendor's failure by what to do about it.
type Class string

// What to do about a failure.
const (
	Retry     Class = "retry"     // passing: back off and try again
	Throttled Class = "throttled" // slow down, honour Retry-After
	Expired   Class = "expired"   // refresh the token once, then try again
	Auth      Class = "auth"      // a person must authorise again
	Gone      Class = "gone"      // the order was cancelled or is closed at the channel
	Done      Class = "done"      // it had been done before: success after a re-read
	Claimed   Class = "claimed"   // a cancellation or return of the order is open and must be answered first
	Held      Class = "held"      // the order is on hold at the channel, which ends without us
	Rejected  Class = "rejected"  // the vendor refuses; a person must look
	Bug       Class = "bug"       // we sent something wrong: no retry
	Unsure    Class = "unsure"    // sent, no answer: re-read before trying again
	Awaited   Class = "awaited"   // taken on and not decided yet: look again later, ask again only once it has failed
	Stale     Class = "stale"     // the quantity is not the one that was named: read it, decide anew
)

// Failure is a vendor's "no" with what it means.
type Failure struct {
	Class      Class
	Call       string // e.g. "ship package"
	Code       string // the vendor's
	Message    string
	RequestID  string
	RetryAfter time.Duration // zero when not given
	Away       bool          // the vendor was not asked, is too busy or is down: it says nothing of the request
	Err        error         // the cause, when it was not the vendor's answer
}

// Error implements error.
func (f *Failure) Error() string {
	s := fmt.Sprintf("%s: %s", f.Call, f.Message)
	if f.Code != "" {
		s += " (code " + f.Code + ")"
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// ClassOf sorts any error of a connector; what is not a Failure may be retried.
func ClassOf(err error) Class {
	var f *Failure
	if errors.As(err, &f) {
		return f.Class
	}
	return Retry
}

// ErrSignature refuses a webhook whose signature is wrong.
var ErrSignature = errors.New("channels: wrong webhook signature")

// Webhooks reads a vendor's webhooks; it needs an app's secrets but no token.
type Webhooks interface {
	// Verify checks the signature over the raw body in constant time against each secret.
	Verify(app App, header http.Header, body []byte) error
	// Keep is what the inbox keeps of a verified delivery: the body, with what of the header Hints needs.
	Keep(header http.Header, body []byte) []byte
	// Hints reads what was kept. An Invalid error means signed but unreadable; a hint beside it holds the shop alone.
	Hints(kept []byte) ([]Hint, error)
}

// Connector speaks to one shop.
type Connector interface {
	Capabilities() Capabilities
	// Orders fetches orders by id, at most 50; missing ones are simply absent.
	Orders(ctx context.Context, ids []string) (Page, error)
	// Changed lists orders updated at or after since, oldest first, page by page.
	Changed(ctx context.Context, since, until time.Time, page string) (Page, error)
	// Quantities reads listed quantities; at most 600 listings.
	Quantities(ctx context.Context, listings []string) ([]Quantity, error)
	// SetQuantity writes an absolute quantity, whatever is listed; the answer means accepted, not in effect.
	SetQuantity(ctx context.Context, product, listing string, quantity int64) error
	// Listings pages through the shop's SKUs.
	Listings(ctx context.Context, page string) (ListingPage, error)
}

// VariantNamer is a Connector whose Listings do not name what tells a product's SKUs apart.
type VariantNamer interface {
	// Variants names them, by listing; a product without variants has none.
	Variants(ctx context.Context, product string) (map[string]string, error)
}

// Clocked is a Connector that knows how far the clocks are apart.
type Clocked interface {
	// Ahead is by how much ours is ahead of the vendor's, below 0 when it is behind, within about a second; 0 while that is not known.
	Ahead() time.Duration
}
