package channels

// KindQuantity is the Kind of a webhook that tells of a quantity which a shop lists.
const KindQuantity = "quantity"

// News is what a webhook tells of a listed quantity: that the listing may have changed. It is read before anything is done about it.
type News struct {
	Seller   string // the vendor's id of the seller, where it does not tell in which of their shops; the hint's Shop is empty then
	Item     string // the vendor's id of what is listed
	Place    string // the vendor's id of where the units lie; empty = it tells of no places
	Quantity int64  // still to be sold
}

// Newsy is a Connector whose shop tells of quantities that changed.
type Newsy interface {
	// Concerns finds the listing that news are about; ok is false when it is none that the hub keeps: of another seller, at
	// another place, or one that was not read yet.
	Concerns(n News) (listing string, ok bool)
}
