package dispatch

import (
	"context"

	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
)

// Seller sells labels of the seller's own carriers; *postage.Office is one.
type Seller interface {
	Buy(ctx context.Context, p outside.Parcel, key string) (outside.Bought, error)
	Void(ctx context.Context, key string) error
}

var _ outside.Buyer = (*Desk)(nil)

// From has labels of the seller's own carriers bought from s. It is called before the flows run.
func (d *Desk) From(s Seller) *Desk {
	d.seller = s
	return d
}

// Buy implements outside.Buyer.
func (d *Desk) Buy(ctx context.Context, p outside.Parcel, key string) (outside.Bought, error) {
	if d.seller == nil {
		return outside.Bought{}, outside.ErrNoPartner
	}
	return d.seller.Buy(ctx, p, key)
}

// Void implements outside.Buyer.
func (d *Desk) Void(ctx context.Context, key string) error {
	if d.seller == nil {
		return nil
	}
	return d.seller.Void(ctx, key)
}
