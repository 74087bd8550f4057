package wire

import (
	"net/url"
	"slices"
)

// What a connection keeps beside its shop's id.
const (
	ExtraMarketplace = "marketplace"
	ExtraSeller      = "seller"
	ExtraQueue       = "queue_url"
	ExtraRegion      = "aws_region"
	ExtraKey         = "aws_key_id"
	ExtraSecret      = "aws_secret"
	ExtraQuantities  = "quantity_news" // not empty = the owner wants news of quantities
)

// Place is one of Amazon's stores.
type Place struct {
	ID, Country, Currency string
	Host                  string // of the API's region
	Ending                string // of the store's name on the web
}

// The hosts of the API's three regions.
const (
	America = "https://sellingpartnerapi-na.amazon.com"
	Europe  = "https://sellingpartnerapi-eu.amazon.com"
	FarEast = "https://sellingpartnerapi-fe.amazon.com"
)

// places are the stores that take orders, by region.
var places = []Place{
	{"ATVPDKIKX0DER", "US", "USD", America, "com"},
	{"A2EUQ1WTGCTBG2", "CA", "CAD", America, "ca"},
	{"A1AM78C64UM0Y8", "MX", "MXN", America, "com.mx"},
	{"A2Q3Y263D00KWC", "BR", "BRL", America, "com.br"},
	{"A1F83G8C2ARO7P", "GB", "GBP", Europe, "co.uk"},
	{"A1PA6795UKMFR9", "DE", "EUR", Europe, "de"},
	{"A13V1IB3VIYZZH", "FR", "EUR", Europe, "fr"},
	{"APJ6JRA9NG5V4", "IT", "EUR", Europe, "it"},
	{"A1RKKUPIHCS9HS", "ES", "EUR", Europe, "es"},
	{"A1805IZSGTT6HS", "NL", "EUR", Europe, "nl"},
	{"AMEN7PMS3EDWL", "BE", "EUR", Europe, "com.be"},
	{"A28R8C7NBKEWEA", "IE", "EUR", Europe, "ie"},
	{"A2NODRKZP88ZB9", "SE", "SEK", Europe, "se"},
	{"A1C3SOZRARQ6R3", "PL", "PLN", Europe, "pl"},
	{"A33AVAJ2PDY3EV", "TR", "TRY", Europe, "com.tr"},
	{"A17E79C6D8DWNP", "SA", "SAR", Europe, "sa"},
	{"A2VIGQ35RCS4UG", "AE", "AED", Europe, "ae"},
	{"ARBP9OOSHTCHU", "EG", "EGP", Europe, "eg"},
	{"A21TJRUUN4KGV", "IN", "INR", Europe, "in"},
	{"AE08WJ6YKNBMC", "ZA", "ZAR", Europe, "co.za"},
	{"A1VC38T7YXB528", "JP", "JPY", FarEast, "co.jp"},
	{"A39IBJ37TRP1C6", "AU", "AUD", FarEast, "com.au"},
	{"A19VAU5U5O7RUS", "SG", "SGD", FarEast, "sg"},
}

// PlaceOf finds a store by its marketplace id or by its country; one that is not known has the id alone, and is Europe's.
func PlaceOf(name string) Place {
	for _, p := range places {
		if p.ID == name || p.Country == name {
			return p
		}
	}
	return Place{ID: name, Host: Europe, Ending: "com"}
}

// Returns is where a seller answers the returns of an order in this store.
func (p Place) Returns(order string) string {
	return "https://sellercentral.amazon." + p.Ending + "/gp/returns/list?searchType=orderId&keywordSearch=" + url.QueryEscape(order)
}

// Countries lists the stores' countries.
func Countries() (list []string) {
	for _, p := range places {
		list = append(list, p.Country)
	}
	slices.Sort(list)
	return list
}
