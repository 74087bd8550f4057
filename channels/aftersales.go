package channels

import (
	"context"
	"time"

	"github.com/creatorflow/creatorflow/money"
)

// The kinds of claims.
const (
	Cancellation ClaimKind = "cancellation"
	Return       ClaimKind = "return"
)

// ClaimKind says what a claim wants.
type ClaimKind string

// The states of a claim, in the hub's words.
const (
	ClaimPending   ClaimState = "pending"   // the seller must say yes or no
	ClaimApproved  ClaimState = "approved"  // agreed, being carried out
	ClaimAwaited   ClaimState = "awaited"   // agreed, the buyer has still to send the goods
	ClaimSent      ClaimState = "sent_back" // the goods are on their way, the seller must look at them
	ClaimRejected  ClaimState = "rejected"
	ClaimWithdrawn ClaimState = "withdrawn" // it came to nothing
	ClaimCompleted ClaimState = "completed"
	ClaimUnknown   ClaimState = "unknown" // a word we do not know; kept in Claim.Vendor
)

// ClaimState is where a claim stands.
type ClaimState string

// What a return is to end with.
const (
	Refund      = "refund" // the buyer keeps the goods
	Goods       = "return" // the goods come back
	Replacement = "replacement"
)

// Claim is a cancellation or a return of an order, whoever asks for it, as the channel shows it now.
type Claim struct {
	Kind     ClaimKind
	ID       string // the channel's, unique within its kind
	Order    string // the order's id at the channel
	State    ClaimState
	Vendor   string // the vendor's own word for the state
	Wants    string // of a return: Refund, Goods, Replacement, or the vendor's own word
	By       string // who asked: "buyer", "seller", "channel", or the vendor's own word
	Reason   string // the vendor's reason code; what a person wrote stays at the channel
	Lines    []ClaimLine
	Refund   money.Money // zero when not told
	Tracking string      // of the parcel that comes back
	Created  time.Time
	Updated  time.Time // the vendor's state version; orders news
	DecideBy time.Time // then the channel decides by itself; zero when nobody waits for the seller

	Untracked bool   // of a return: the channel does not tell when the goods are under way, so they may come while they are awaited
	Elsewhere string // an address: the channel takes no answer to this from here, and the seller gives it there
}

// ClaimLine is so many units of a listing.
type ClaimLine struct {
	ListingID string
	Code      string
	Quantity  int64
	Restocked int64 // of a return, those that somebody put back on sale at the channel itself
}

// ClaimPage is one page of claims; broken ones come beside the good ones.
type ClaimPage struct {
	Claims  []Claim
	Invalid []Invalid // Record is the order, as far as it can be told
	Next    string    // empty at the end
}

// Verdict is a seller's answer to a claim.
type Verdict struct {
	Approve bool
	Reason  string // of a no, one of RejectReasons
	Key     string // the same for every try of one answer

	Came []ClaimLine // of a return whose goods were received: all that came so far. Nil = the answer is about the whole of it
}

// Why a seller cancels, and why one says no, in the hub's words.
var (
	CancelReasons = []string{"out_of_stock", "wrong_price", "undeliverable", "buyer_asked"}
	RejectReasons = []string{"packed", "not_eligible", "agreed_otherwise", "not_as_sent"}
)

// AfterSales is a connector whose channel knows cancellations and returns.
type AfterSales interface {
	// ClaimsChanged lists claims of a kind updated at or after since, oldest first, page by page.
	ClaimsChanged(ctx context.Context, kind ClaimKind, since, until time.Time, page string) (ClaimPage, error)
	// ClaimsOf lists every claim of a kind on orders, at most 50, page by page.
	ClaimsOf(ctx context.Context, kind ClaimKind, orders []string, page string) (ClaimPage, error)
	// Claim reads one claim; false when the channel does not show it.
	Claim(ctx context.Context, kind ClaimKind, id string) (Claim, bool, error)
	// Answer carries the seller's answer to a claim that was just read: what yes or no mean there follows from its state. Of an Untracked
	// return that is completed, yes to what Came asks whether all of that was refunded: Rejected where it was not.
	Answer(ctx context.Context, c Claim, v Verdict) error
}

// Canceller is a connector whose channel lets a seller cancel orders.
type Canceller interface {
	// Cancel cancels a whole order in the seller's name, for one of CancelReasons; what the buyer has paid goes back with it. Awaited
	// while the channel has taken it on and not carried it out.
	Cancel(ctx context.Context, order Order, reason string) error
}
