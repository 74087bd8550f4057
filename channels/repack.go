package channels

import "context"

// Retracker is a SellerShipping whose channel lets the seller change the number of a parcel that it was told of.
type Retracker interface {
	// Retrack gives the parcel with one number another carrier and number. Parcels settles an unsure one.
	Retrack(ctx context.Context, order, tracking string, now Parcel) error
}

// Repacker is a Connector whose channel splits an order over packages, and puts several orders into one, while nothing is
// arranged. Packed settles an unsure Split or Combine.
type Repacker interface {
	// Packed are an order's packages as they are.
	Packed(ctx context.Context, order string) ([]Packed, error)
	// Split puts each unit of an order into one of several packages.
	Split(ctx context.Context, order string, groups [][]ParcelItem) error
	// Combinable are the other orders that may travel in one package with an order.
	Combinable(ctx context.Context, order string) ([]string, error)
	// Combine puts everything of several orders into one package.
	Combine(ctx context.Context, orders []string) error
}

// Packed is a package that the channel has made.
type Packed struct {
	Package string
	Orders  []string     // all whose units are in it
	Items   []ParcelItem // of the order that was asked about
}
