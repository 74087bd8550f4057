package dispatch

import (
	"testing"

	"github.com/creatorflow/creatorflow/channels"
)

// A parcel of which a channel shows one half stands only once it shows the other.
func TestParcelsThatHoldAll(t *testing.T) {
	of := func(units ...int64) (p channels.Parcel) {
		for i, n := range units {
			p.Items = append(p.Items, channels.ParcelItem{ListingID: string(rune('a' + i)), Quantity: n})
		}
		return p
	}
	for _, c := range []struct {
		name  string
		shown []channels.Parcel
		want  channels.Parcel
		holds bool
	}{
		{"nothing is shown", nil, of(2), false},
		{"all of it", []channels.Parcel{of(2, 1)}, of(2, 1), true},
		{"a half", []channels.Parcel{of(2)}, of(2, 1), false},
		{"two halves", []channels.Parcel{of(2), of(0, 1)}, of(2, 1), true},
		{"more than was asked for", []channels.Parcel{of(5)}, of(2, 1), true},
		{"a channel that shows no units", []channels.Parcel{of()}, of(2, 1), true},
		{"a number that is corrected names no units", []channels.Parcel{of(2)}, of(), true},
	} {
		if got := holds(c.shown, c.want); got != c.holds {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Who sells labels names a carrier otherwise than the channel does.
func TestCarrierOf(t *testing.T) {
	list := []channels.Carrier{{ID: "1", Name: "Royal Mail"}, {ID: "2", Name: "DHL"}, {ID: "3", Name: "DHL eCommerce"}, {ID: "4", Name: "UPS"}}
	for name, want := range map[string]string{
		"royal-mail": "1", "RoyalMail": "1", "DHL Express": "2", "DHL eCommerce": "3", "DHLeCommerce": "3", "ups": "4", "4": "4", "USPS": "", "Royal": "", "": "",
	} {
		if id, ok := carrierOf(list, name); id != want || ok != (want != "") {
			t.Errorf("%q is %q, want %q", name, id, want)
		}
	}
}
