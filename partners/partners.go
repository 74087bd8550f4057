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

// Address is where a parcel comes from or goes to. It is personal data: no error quotes it.
type Address struct {
	Name       string `json:"name,omitempty"`
	Company    string `json:"company,omitempty"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	State      string `json:"state,omitempty"` // as the post of the country writes it, such as NY
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country"` // two letters of ISO 3166
	Phone      string `json:"phone,omitempty"`
	Email      string `json:"email,omitempty"`
}

// Parcel is how heavy and how large a parcel is: whole grams, and whole millimetres.
type Parcel struct{ Grams, Length, Width, Height int }

// Wish is which carrier shall take a parcel, and by which of its services; where a field is empty any will do, and of all that
// fit the cheapest is bought.
type Wish struct{ Carrier, Service string }

// Shipment is a parcel to be sent.
type Shipment struct {
	Order    string // ours, as it may be printed
	From, To Address
	Parcel   Parcel
	Wish     Wish
}

// Label is a bought label: where it is, how the parcel travels, and the file to print.
type Label struct {
	Number   string // the partner's, of the shipment
	Tracking string
	Carrier  string // by the name that people and channels know
	Service  string
	Type     string // of the file: "application/pdf" or "image/png"
	File     []byte
	Cost     money.Money
}

// Labels is who sells labels.
type Labels interface {
	// Buy buys the label of a parcel.
	Buy(ctx context.Context, key string, s Shipment) (Label, error)
	// Void gives back the label that was bought under a key, if any was.
	Void(ctx context.Context, key string) error
}

// Declined is a partner's no, in a sentence that may be shown: nothing was done. After any other error the outcome
// is not known, but for a Failure that says so.
type Declined string

// Error implements error.
func (d Declined) Error() string { return string(d) }

// Voided declines whatever is asked under a key by which something was taken back.
const Voided = Declined("This label was given back, and none is bought in its place.")
