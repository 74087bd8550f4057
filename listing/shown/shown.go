// Package shown has what others may know of listings: per SKU, per listing and per shop.
package shown

import (
	"time"

	events "github.com/creatorflow/creatorflow/domain/events/listings"
	"github.com/creatorflow/creatorflow/domain/exposure"
)

// SKU is what is known of a SKU's listings now.
type SKU struct {
	State    exposure.State
	Outage   int // of ours, in minutes, that was said for it; 0 = it goes as the others
	Others   int // that was said for all that have none of their own; 0 = nobody said
	Listings []Listing
}

// Listing is one listing of a SKU; its figures are the State's connection of that id.
type Listing struct {
	ID         string // in the State
	Connection string
	Listing    string // the channel's id
	Code       string
	Pushing    bool
	Differs    time.Time // since when it lists something else than it should; zero = it does not
	Trouble    string    // why the last write was not made, a sentence
}

// Shop is how a connection's listings fare.
type Shop struct {
	Pushing bool
	Drift   int       // listings that differ
	Since   time.Time // since when the oldest of them does
	Trouble string    // why nothing is written, a sentence
}

// Drift counts what was found and is not mended, by shop.
func Drift(shops map[string]Shop, open map[string]events.Differed) {
	for _, d := range open {
		h := shops[d.Connection]
		h.Drift++
		if h.Since.IsZero() || d.At.Before(h.Since) {
			h.Since = d.At
		}
		shops[d.Connection] = h
	}
}
