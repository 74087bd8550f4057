package postage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/creatorflow/creatorflow/domain/fulfilment"
	"github.com/creatorflow/creatorflow/domain/fulfilment/outside"
	"github.com/creatorflow/creatorflow/partners"
)

// union are the countries between which goods cross no customs.
const union = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"

// outlying are, by country, how the postal codes begin, or the states are called, of its parts that customs treat as abroad, also
// when parcels come from the same country.
var outlying = map[string][]string{
	"DE": {"27498", "78266"},                                             // Heligoland, Büsingen
	"ES": {"35", "38", "51", "52"},                                       // the Canaries, Ceuta, Melilla
	"FI": {"22"},                                                         // Åland
	"FR": {"971", "972", "973", "974", "976", "975", "977", "978", "98"}, // overseas
	"GR": {"63086"},                                                      // Athos
	"IT": {"23041"},                                                      // Livigno
	"US": {"AA", "AE", "AP"},                                             // military post
}

// apart names where an address is for customs: its country, or the part of it that is treated as abroad.
func apart(a partners.Address) string {
	of := strings.ReplaceAll(a.PostalCode, " ", "")
	if a.Country == "US" {
		of = strings.ToUpper(a.State)
	}
	if at := slices.IndexFunc(outlying[a.Country], func(start string) bool { return strings.HasPrefix(of, start) }); at >= 0 {
		return a.Country + " " + outlying[a.Country][at]
	}
	return a.Country
}

// crosses refuses a parcel that needs customs papers: what is in it, where it was made and under which tariff nobody has told the hub.
func crosses(from, to partners.Address) error {
	here, there := apart(from), apart(to)
	if here == there || member(here) && member(there) {
		return nil
	}
	return &outside.Trouble{Wait: fulfilment.WaitTracking, Sentence: fmt.Sprintf(
		"No label is bought: this order goes from %s to %s and needs customs papers, which are made where you know what is in the parcel.", here, there)}
}

func member(country string) bool { return slices.Contains(strings.Fields(union), country) }
