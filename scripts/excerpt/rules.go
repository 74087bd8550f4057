package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// most is the highest number of units a line keeps: the shop was a wholesaler, the demo is not.
const most = 20

// excerpt is what is written: the head, then products in order of first sale, then orders and cancellations in order.
type excerpt struct {
	Head     head
	Products []product
	Entries  []any // order or cancellation
}

type head struct {
	Excerpt       string `json:"excerpt"`
	Attribution   string `json:"attribution"`
	Licence       string `json:"licence"`
	Currency      string `json:"currency"`
	First         string `json:"first"` // time of the first entry
	Last          string `json:"last"`
	Orders        int    `json:"orders"`
	Cancellations int    `json:"cancellations"`
	Lines         int    `json:"lines"`
	Units         int    `json:"units"`
	Products      int    `json:"products"`
	LeftOut       left   `json:"left_out"`
}

// left counts what the rules leave out.
type left struct {
	Lines         int `json:"lines"`         // lines of numeric invoices
	Orders        int `json:"orders"`        // numeric invoices without a line that is kept
	Cancellations int `json:"cancellations"` // C-invoices that find no order
	Others        int `json:"others"`        // invoices that are neither
}

type product struct {
	SKU   string `json:"product"`
	Title string `json:"title"`
}

type order struct {
	ID       string `json:"order"`
	Time     string `json:"time"`
	Customer string `json:"customer,omitempty"`
	Country  string `json:"country"`
	Lines    []line `json:"lines"`
}

type cancellation struct {
	Order string `json:"cancel"`
	Time  string `json:"time"`
}

// line is written as ["85123A",6,255]: code, units, unit price in pence.
type line struct {
	sku      string
	quantity int
	price    int64
}

// MarshalJSON implements json.Marshaler.
func (l line) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "[%q,%d,%d]", l.sku, l.quantity, l.price), nil
}

// build applies the rules to rows in the order of the data set. An invoice stands where its first row stands, with that
// row's time; a few carry rows of two minutes.
func build(rows []row) (excerpt, error) {
	x := excerpt{Head: head{
		Excerpt:     "Online Retail, 2015, a part of it, changed as demo/data/README.md says",
		Attribution: "Daqing Chen, UCI Machine Learning Repository, Online Retail, 2015",
		Licence:     "CC BY 4.0",
		Currency:    "GBP",
	}}
	var invoices [][]row
	place := map[string]int{}
	for _, r := range rows {
		i, known := place[r.invoice]
		if !known {
			i = len(invoices)
			place[r.invoice] = i
			invoices = append(invoices, nil)
		}
		invoices[i] = append(invoices[i], r)
	}
	titles := newTitles()
	var open []order // not cancelled yet, in order
	for _, rows := range invoices {
		at, err := stamp(rows[0].time)
		if err != nil {
			return x, fmt.Errorf("invoice %s: %w", rows[0].invoice, err)
		}
		number, cancels := strings.CutPrefix(rows[0].invoice, "C")
		switch {
		case !digits(number):
			x.Head.LeftOut.Others++
			continue
		case cancels:
			i := cancelled(open, rows)
			if i < 0 {
				x.Head.LeftOut.Cancellations++
				continue
			}
			x.Entries = append(x.Entries, cancellation{Order: open[i].ID, Time: at})
			x.Head.Cancellations++
			open = slices.Delete(open, i, i+1)
		default:
			lines, out, err := keep(rows, titles)
			if err != nil {
				return x, fmt.Errorf("invoice %s: %w", number, err)
			}
			x.Head.LeftOut.Lines += out
			if len(lines) == 0 {
				x.Head.LeftOut.Orders++
				continue
			}
			o := order{ID: number, Time: at, Customer: rows[0].customer, Country: rows[0].country, Lines: lines}
			open = append(open, o)
			x.Entries = append(x.Entries, o)
			x.Head.Orders++
			x.Head.Lines += len(lines)
			for _, l := range lines {
				x.Head.Units += l.quantity
			}
		}
		if x.Head.First == "" {
			x.Head.First = at
		}
		x.Head.Last = at
	}
	x.Products = titles.products()
	x.Head.Products = len(x.Products)
	return x, nil
}

// keep turns the rows of a numeric invoice into lines and says how many rows it left out. Rows of equal code become one
// line at the place and the price of the first, with the sum of their units, capped after adding.
func keep(rows []row, titles *titles) (lines []line, out int, err error) {
	for _, r := range rows {
		quantity, err := strconv.Atoi(r.quantity)
		if err != nil {
			return nil, 0, fmt.Errorf("quantity: %w", err)
		}
		price, ok := pence(r.price)
		if sku := strings.ToUpper(r.code); quantity > 0 && ok && coded(sku) {
			titles.saw(sku, r.title)
			i := slices.IndexFunc(lines, func(l line) bool { return l.sku == sku })
			if i < 0 {
				lines = append(lines, line{sku: sku, quantity: quantity, price: price})
				continue
			}
			lines[i].quantity += quantity
			continue
		}
		out++
	}
	for i := range lines {
		lines[i].quantity = min(lines[i].quantity, most)
	}
	return lines, out, nil
}

// cancelled finds which open order a C-invoice cancels: its customer's latest that holds one of its codes; −1 for none.
// Of a C-invoice only the code rule applies. Rows without a customer are nobody's: they cancel nothing.
func cancelled(open []order, rows []row) int {
	customer := rows[0].customer
	if customer == "" {
		return -1
	}
	codes := map[string]bool{}
	for _, r := range rows {
		if sku := strings.ToUpper(r.code); coded(sku) {
			codes[sku] = true
		}
	}
	for i, o := range slices.Backward(open) {
		if o.Customer == customer && slices.ContainsFunc(o.Lines, func(l line) bool { return codes[l.sku] }) {
			return i
		}
	}
	return -1
}

// coded says whether a code starts with five digits, as those of goods do (postage, fees and manual entries do not).
func coded(code string) bool { return len(code) >= 5 && digits(code[:5]) }

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// pence reads a price; ok is false when it is not above zero or has more than two decimals.
func pence(price string) (minor int64, ok bool) {
	whole, fraction, _ := strings.Cut(price, ".")
	if !digits(whole) || len(fraction) > 2 || strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	minor, err := strconv.ParseInt(whole+fraction+"00"[len(fraction):], 10, 64)
	return minor, err == nil && minor > 0
}

// stamp reads the data set's local time, which names no zone and is kept as if it were UTC.
func stamp(text string) (string, error) {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		return "", err
	}
	return t.Format(time.RFC3339), nil
}

// titles finds a title for each SKU: the text its kept rows carry most often, the earlier one of two as frequent.
type titles struct {
	skus  []string // in order of first sale
	seen  map[string][]string
	count map[[2]string]int
}

func newTitles() *titles {
	return &titles{seen: map[string][]string{}, count: map[[2]string]int{}}
}

func (t *titles) saw(sku, title string) {
	if _, known := t.seen[sku]; !known {
		t.skus = append(t.skus, sku)
		t.seen[sku] = nil
	}
	title = strings.Join(strings.Fields(title), " ")
	if t.count[[2]string{sku, title}]++; t.count[[2]string{sku, title}] == 1 && title != "" {
		t.seen[sku] = append(t.seen[sku], title)
	}
}

func (t *titles) products() []product {
	products := make([]product, 0, len(t.skus))
	for _, sku := range t.skus {
		best := sku // never met: a SKU without any text
		for i, title := range t.seen[sku] {
			if i == 0 || t.count[[2]string{sku, title}] > t.count[[2]string{sku, best}] {
				best = title
			}
		}
		products = append(products, product{SKU: sku, Title: best})
	}
	return products
}
