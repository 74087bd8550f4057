// Package partners says what the hub asks of those who move its money and its parcels where the channel
// does not, without any vendor's words.
//
// A request carries a key and has at most one effect under it: the same key again, also while the first
// request is still under way, answers as the first does. So whoever does not know the outcome of a
// request repeats it. Taking back is by the key of what was done, and final: afterwards nothing can be
// done under that key any more, also not by a request that arrives late. So whoever turns around without
// knowing the outcome takes back.
package partners

import (
	"context"

	"github.com/creatorflow/creatorflow/money"
)

// Payments is who collects the buyer's money.
type Payments interface {
	// Capture takes an order's money.
	Capture(ctx context.Context, key, order string, amount money.Money) error
	// Refund gives back what was captured under a key, if anything was.
	Refund(ctx context.Context, key string) error
}

// Label is a bought label: where it is, and how the parcel travels.
type Label struct{ Number, Tracking, Carrier string }

// Labels is who sells labels.
type Labels interface {
	// Buy buys the label of an order's parcel.
	Buy(ctx context.Context, key, order string) (Label, error)
	// Void gives back the label that was bought under a key, if any was.
	Void(ctx context.Context, key string) error
}

// Declined is a partner's final no, in a sentence that may be shown. After any other error the outcome
// is not known.
type Declined string

// Error implements error.
func (d Declined) Error() string { return string(d) }
