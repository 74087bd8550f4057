package wire

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/money"
)

// Page is a page of a connection, as the vendor calls its lists.
type Page struct {
	Info struct {
		More bool          `json:"hasNextPage"`
		End  channels.Text `json:"endCursor"`
	} `json:"pageInfo"`
	Nodes []json.RawMessage `json:"nodes"`
}

// Next is where the next page begins, "" at the end.
func (p Page) Next() string {
	if !p.Info.More {
		return ""
	}
	return string(p.Info.End)
}

// Cursors are the places from which one list was read on. A vendor that names one of them again would be read for ever.
type Cursors map[string]bool

// Again notes a place, and says whether it was read from before.
func (c Cursors) Again(at string) bool {
	before := c[at]
	c[at] = true
	return before
}

// Window is the search for what has a time of its own, such as updated_at, between two times; either may be zero. Stamps are whole
// seconds: it is widened to them.
func Window(by string, since, until time.Time) string {
	var terms []string
	if !since.IsZero() {
		terms = append(terms, by+":>='"+since.UTC().Truncate(time.Second).Format(time.RFC3339)+"'")
	}
	if !until.IsZero() {
		terms = append(terms, by+":<'"+until.UTC().Add(time.Second-1).Truncate(time.Second).Format(time.RFC3339)+"'")
	}
	return strings.Join(terms, " AND ")
}

// ID reads a name of the vendor's that must be there, and gives its tail.
func ID(r *channels.Reading, field string, raw json.RawMessage) string {
	gid := r.Text(field, raw)
	tail := Tail(gid)
	if !channels.IsID(tail) {
		r.Fail(field, "must be an id such as gid://shopify/Order/1", gid)
		return ""
	}
	return tail
}

// Time reads a time that may be absent.
func Time(r *channels.Reading, field string, raw json.RawMessage) time.Time {
	text := r.Text(field, raw)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 || at.Year() > 9999 {
		r.Fail(field, "must be a time such as 2026-01-01T00:00:00Z", text)
		return time.Time{}
	}
	return at.UTC()
}

// Amount reads money in the shop's currency. The vendor writes one decimal at least, also where the currency has none.
func Amount(r *channels.Reading, field string, raw json.RawMessage, currency string) money.Money {
	var bag struct {
		Shop struct {
			Amount   json.RawMessage `json:"amount"`
			Currency json.RawMessage `json:"currencyCode"`
		} `json:"shopMoney"`
	}
	if !r.Object(field, raw, &bag) {
		return money.Money{}
	}
	field += ".shopMoney.amount"
	text := r.Text(field, bag.Shop.Amount)
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return r.Amount(field, json.RawMessage(strconv.Quote(text)), cmp.Or(r.Text("currencyCode", bag.Shop.Currency), currency))
}

// Variant is what a line of an order names as sold, and its product; empty when it names none.
func Variant(raw json.RawMessage) (variant, product string) {
	var v struct {
		ID      channels.Text `json:"id"`
		Product struct {
			ID channels.Text `json:"id"`
		} `json:"product"`
	}
	if json.Unmarshal(raw, &v) != nil {
		return "", ""
	}
	if variant = Tail(string(v.ID)); !channels.IsID(variant) {
		return "", ""
	}
	return variant, Tail(string(v.Product.ID))
}

// LineListing is the listing of a line without a variant: sold without a product, or its product was deleted since. It is matched to
// no SKU, and shown.
func LineListing(line string) string { return "line-" + line }
