// Package excerpt reads the demo's order log: an ordered list of real orders and cancellations.
//
// The log is made by scripts/excerpt from the data set Online Retail and ships inside the binary (demo/data). Read turns
// its lines into entries and derives what the file does not say: which orders are cancelled later, and the products with
// the stock the demo starts with. Prices are whole pence, times are the data set's local times kept as UTC, customers are
// numbers; the data set has no names.
//
//	orders.jsonl.gz ── Read ──►  Entries (order, order, cancel, …)  ──►  replayed in this order
//	                        └──►  Products (SKU, title, price, starting stock)
package excerpt

import (
	"bytes"
	"time"

	"github.com/creatorflow/creatorflow/demo/data"
	"github.com/creatorflow/creatorflow/money"
)

// Excerpt is the whole log. Entries stand in the order they happened, products in the order they were first sold.
type Excerpt struct {
	Attribution   string // must be shown where the data is shown
	Currency      string // ISO 4217, of every price
	Entries       []Entry
	Products      []Product
	Orders        int // orders among the entries, cancelled ones included
	Cancellations int // cancellations among the entries
	LeftOut       LeftOut
}

// LeftOut counts what the making of the excerpt dropped by its rules.
type LeftOut struct {
	Lines         int `json:"lines"`
	Orders        int `json:"orders"`        // without a line that was kept
	Cancellations int `json:"cancellations"` // that found no order of their customer
	Others        int `json:"others"`        // neither order nor cancellation
}

// Entry is one thing that happened: an order placed, or an earlier order cancelled.
type Entry struct {
	Time   time.Time
	Order  *Order // nil in a cancellation
	Cancel string // id of the order that is cancelled, whole; empty in an order
}

// Order is one sale of one or more lines, no two of them with the same SKU.
type Order struct {
	ID        string
	Time      time.Time
	Customer  string // a number, or empty where the data set has none
	Country   string
	Lines     []Line
	Cancelled bool // a later entry cancels it
}

// Buyer is a made-up id for the buyer: equal for two orders of one customer, of its own for an order without one.
func (o Order) Buyer() string {
	if o.Customer == "" {
		return "guest-" + o.ID
	}
	return "buyer-" + o.Customer
}

// Total is the sum of the order's lines, or an overflow.
func (o Order) Total() (total money.Money, err error) {
	for _, l := range o.Lines {
		sum, err := l.Price.Mul(int64(l.Quantity))
		if err != nil {
			return money.Money{}, err
		}
		if total, err = total.Add(sum); err != nil {
			return money.Money{}, err
		}
	}
	return total, nil
}

// Line is 1 to 20 units of one SKU at one price.
type Line struct {
	SKU      string
	Title    string
	Quantity int
	Price    money.Money // of one unit
}

// Product is a SKU the log sells.
type Product struct {
	SKU   string
	Title string
	Price money.Money // what its first order paid for one unit
	Stock int         // units the demo starts with: nine tenths of what is sold and not cancelled, rounded down, at least 1
}

// Load reads the log that ships with the program.
func Load() (Excerpt, error) {
	return Read(bytes.NewReader(data.Orders))
}
