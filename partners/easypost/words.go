package easypost

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/partners"
)

// wireRate is what a carrier asks for a parcel.
type wireRate struct {
	ID       channels.Text `json:"id"`
	Carrier  channels.Text `json:"carrier"`
	Service  channels.Text `json:"service"`
	Rate     channels.Text `json:"rate"`
	Currency channels.Text `json:"currency"`
}

func (r wireRate) price() (money.Money, error) {
	return money.Parse(string(r.Rate), string(r.Currency))
}

// carriers are the names that people and channels know the vendor's carriers by, where they differ from the vendor's word.
var carriers = map[string]string{
	"amazonshipping": "Amazon Shipping", "australiapost": "Australia Post", "canadapost": "Canada Post", "chronopost": "Chronopost",
	"colissimo": "Colissimo", "correos": "Correos", "deutschepost": "Deutsche Post", "deutschepostuk": "Deutsche Post", "dhlecs": "DHL eCommerce",
	"dhlexpress": "DHL Express", "dhlparcel": "DHL", "dhlpaket": "DHL", "dpd": "DPD", "dpdlocal": "DPD", "dpduk": "DPD", "fedexdefault": "FedEx",
	"fedexsmartpost": "FedEx", "gls": "GLS", "hermes": "Hermes", "japanpost": "Japan Post", "laposte": "La Poste", "parcelforce": "Parcelforce",
	"posteitaliane": "Poste Italiane", "postnl": "PostNL", "royalmail": "Royal Mail", "seur": "SEUR", "tntexpress": "TNT", "upsdap": "UPS",
	"upsmailinnovations": "UPS", "upssurepost": "UPS", "yodel": "Yodel",
}

// CarrierName is the name by which people know one of the vendor's carriers.
func CarrierName(vendors string) string {
	if name, ok := carriers[plain(vendors)]; ok {
		return name
	}
	return vendors
}

// plain leaves the letters and digits of a name, in lower case: that is how two spellings of it are compared.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
}

// choose picks the cheapest of the rates that fit the wish; of equal ones the first. Its refusal is final for this shipment.
func choose(s wireShipment, w partners.Wish) (wireRate, error) {
	var best wireRate
	var least money.Money
	for _, r := range s.Rates {
		price, err := r.price()
		switch {
		case err != nil || !channels.IsID(string(r.ID)),
			w.Carrier != "" && plain(w.Carrier) != plain(string(r.Carrier)) && plain(w.Carrier) != plain(CarrierName(string(r.Carrier))),
			w.Service != "" && plain(w.Service) != plain(string(r.Service)),
			best.ID != "" && (price.Currency != least.Currency || price.Minor >= least.Minor):
		default:
			best, least = r, price
		}
	}
	if best.ID != "" {
		return best, nil
	}
	return best, nothing(s, w)
}

// nothing says why no rate will do.
func nothing(s wireShipment, w partners.Wish) error {
	if len(s.Rates) > 0 {
		wish := strings.TrimSpace(w.Carrier + " " + w.Service)
		return partners.Declined(fmt.Sprintf("EasyPost offers no label of %s for this parcel, only of others. Choose another carrier in the settings, or the cheapest.", wish))
	}
	for _, m := range s.Messages {
		if text := sentences(m.Message); text != "" {
			return partners.Declined(fmt.Sprintf("No carrier takes this parcel. %s says: %s.", CarrierName(string(m.Carrier)), strings.TrimSuffix(channels.Short(text, maxSaid), ".")))
		}
	}
	return partners.Declined("No carrier takes this parcel: EasyPost offers no label for it.")
}

// created is the body that makes a shipment. The vendor wants ounces and inches.
func created(reference string, s partners.Shipment) map[string]any {
	parcel := map[string]any{"weight": tenths(float64(s.Parcel.Grams) / 28.349523125)}
	if p := s.Parcel; p.Length > 0 && p.Width > 0 && p.Height > 0 {
		parcel["length"], parcel["width"], parcel["height"] = tenths(float64(p.Length)/25.4), tenths(float64(p.Width)/25.4), tenths(float64(p.Height)/25.4)
	}
	return map[string]any{"shipment": map[string]any{
		"reference": reference, "to_address": address(s.To), "from_address": address(s.From), "parcel": parcel,
		"options": map[string]any{"label_format": "PDF", "print_custom_1": channels.Short(s.Order, 30)},
	}}
}

// about is the client that shows nobody what it is told of a parcel's addresses: what the vendor says is kept where addresses
// must not stand.
func (c *Client) about(s partners.Shipment) *Client {
	own := *c
	own.private = nil
	for _, a := range []partners.Address{s.To, s.From} {
		fields := append([]string{a.Name, a.Company, a.Line1, a.Line2, a.City, a.PostalCode, a.Phone, a.Email}, strings.Fields(a.Name)...)
		for _, field := range fields {
			if len(field) > 2 { // less tells nothing, and stands in half of all words
				own.private = append(own.private, field)
			}
		}
	}
	slices.SortStableFunc(own.private, func(a, b string) int { return len(b) - len(a) }) // a name may be a word of the street's
	return &own
}

// discreet leaves the key and what is private out of a sentence, in whatever case it is written there.
func (c *Client) discreet(said string) string {
	for _, field := range append([]string{c.o.Key}, c.private...) {
		said = regexp.MustCompile("(?i)"+regexp.QuoteMeta(field)).ReplaceAllLiteralString(said, "…")
	}
	return said
}

// tenths rounds up to one decimal, which is what the vendor takes: too little would be billed later.
func tenths(x float64) float64 { return math.Ceil(math.Round(x*1000)/100) / 10 }

func address(a partners.Address) map[string]string {
	all := map[string]string{
		"name": a.Name, "company": a.Company, "street1": a.Line1, "street2": a.Line2, "city": a.City, "state": a.State, "zip": a.PostalCode,
		"country": a.Country, "phone": a.Phone, "email": a.Email,
	}
	for field, value := range all {
		if value == "" {
			delete(all, field)
		}
	}
	return all
}
