package plans

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/creatorflow/creatorflow/domain/inventory"
	"github.com/creatorflow/creatorflow/gateway/edge"
)

// SKUText brings a SKU that somebody typed into the one form in which SKUs are compared.
func SKUText(s string) string { return norm.NFC.String(strings.TrimSpace(s)) }

// SKU is SKUText for commands. What can be no SKU has no stream to decide on, so it is bad input;
// with the mark of broken text in it, it is not what somebody meant.
func SKU(s string) (string, error) {
	sku := SKUText(s)
	if !inventory.ValidSKU(sku) || strings.ContainsRune(sku, utf8.RuneError) {
		p := edge.Invalid(edge.Fault{Field: "sku", Rule: "must be 1 to 100 bytes of text without control characters"})
		p.Detail = inventory.ErrSKU.Error()
		if edge.Short(s) {
			p.Errors[0].Value = s
		}
		return "", p
	}
	return sku, nil
}
