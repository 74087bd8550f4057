package excerpt

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/money"
)

const (
	longest = 1 << 20       // bytes of a line
	largest = 64 << 20      // bytes of an unpacked log: a gzip of a few KB can unpack to gigabytes
	most    = 20            // units of a line
	dearest = 1_000_000_000 // minor units of one unit, so that no sum of the log can overflow
)

// Read reads a log, packed with gzip or plain, and derives products, stock and which orders are cancelled.
// An error names the line. A log that cancels an order which is not there or is already cancelled is an error.
func Read(from io.Reader) (Excerpt, error) {
	plain := bufio.NewReader(from)
	if magic, err := plain.Peek(2); err == nil && bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(plain)
		if err != nil {
			return Excerpt{}, fmt.Errorf("unpack the order log: %w", err)
		}
		plain = bufio.NewReader(unpacked)
	}
	r := reader{orders: map[string]*Order{}, products: map[string]int{}, units: map[string]int{}}
	counted := &io.LimitedReader{R: plain, N: largest + 1}
	lines := bufio.NewScanner(counted)
	lines.Buffer(nil, longest)
	number := 0
	for lines.Scan() {
		number++
		if err := r.line(number, lines.Bytes()); err != nil {
			if lines.Err() != nil { // the line is only what could be read of it
				err = lines.Err()
			}
			return Excerpt{}, fmt.Errorf("read the order log, line %d: %w", number, err)
		}
	}
	switch {
	case lines.Err() != nil:
		return Excerpt{}, fmt.Errorf("read the order log after line %d: %w", number, lines.Err())
	case counted.N <= 0:
		return Excerpt{}, fmt.Errorf("read the order log: more than %d MB", largest>>20)
	}
	return r.finish()
}

// reader holds what has been read so far.
type reader struct {
	x        Excerpt
	want     struct{ orders, cancellations int } // what the head promises
	orders   map[string]*Order
	products map[string]int // SKU → index in x.Products
	units    map[string]int // SKU → units sold and not cancelled
}

// heading is the first line.
type heading struct {
	Excerpt       string  `json:"excerpt"`
	Attribution   string  `json:"attribution"`
	Currency      string  `json:"currency"`
	Orders        int     `json:"orders"`
	Cancellations int     `json:"cancellations"`
	LeftOut       LeftOut `json:"left_out"`
}

// parsed is any later line: it has a product, an order or a cancel.
type parsed struct {
	Product  string    `json:"product"`
	Title    string    `json:"title"`
	Order    string    `json:"order"`
	Cancel   string    `json:"cancel"`
	Time     time.Time `json:"time"`
	Customer string    `json:"customer"`
	Country  string    `json:"country"`
	Lines    []packed  `json:"lines"`
}

// packed is a line of an order as it is stored: ["85123A",6,255].
type packed struct {
	sku      string
	quantity int
	minor    int64
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *packed) UnmarshalJSON(text []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	if len(parts) != 3 {
		return fmt.Errorf("an order line of %d parts, not code, units and unit price", len(parts))
	}
	return errors.Join(json.Unmarshal(parts[0], &p.sku), json.Unmarshal(parts[1], &p.quantity), json.Unmarshal(parts[2], &p.minor))
}

func (r *reader) line(number int, text []byte) error {
	if number == 1 {
		return r.head(text)
	}
	var p parsed
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	switch {
	case p.Product != "":
		return r.product(p)
	case p.Order != "":
		return r.order(p)
	case p.Cancel != "":
		return r.cancel(p)
	default:
		return errors.New("neither product, order nor cancel")
	}
}

func (r *reader) head(text []byte) error {
	var p heading
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	if p.Excerpt == "" {
		return errors.New("no head: an object with \"excerpt\" comes first")
	}
	if _, ok := money.Exponent(p.Currency); !ok {
		return fmt.Errorf("currency %q is not an ISO 4217 code", p.Currency)
	}
	r.x.Attribution, r.x.Currency, r.x.LeftOut = p.Attribution, p.Currency, p.LeftOut
	r.want.orders, r.want.cancellations = p.Orders, p.Cancellations
	return nil
}

func (r *reader) product(p parsed) error {
	if _, known := r.products[p.Product]; known {
		return fmt.Errorf("product %s is there twice", p.Product)
	}
	r.products[p.Product] = len(r.x.Products)
	r.x.Products = append(r.x.Products, Product{SKU: p.Product, Title: p.Title})
	return nil
}

func (r *reader) order(p parsed) error {
	if r.orders[p.Order] != nil {
		return fmt.Errorf("order %s is there twice", p.Order)
	}
	if len(p.Lines) == 0 {
		return fmt.Errorf("order %s has no lines", p.Order)
	}
	o := &Order{ID: p.Order, Time: p.Time, Customer: p.Customer, Country: p.Country, Lines: make([]Line, 0, len(p.Lines))}
	seen := make(map[string]bool, len(p.Lines))
	for _, l := range p.Lines {
		i, known := r.products[l.sku]
		switch {
		case !known:
			return fmt.Errorf("order %s sells %q, which is no product above it", p.Order, l.sku)
		case seen[l.sku]:
			return fmt.Errorf("order %s has %s on two lines", p.Order, l.sku)
		case l.quantity < 1 || l.quantity > most:
			return fmt.Errorf("order %s sells %d units of %s: 1 to %d are right", p.Order, l.quantity, l.sku, most)
		case l.minor < 1 || l.minor > dearest:
			return fmt.Errorf("order %s sells %s at %d minor units: 1 to %d are right", p.Order, l.sku, l.minor, dearest)
		}
		seen[l.sku] = true
		price := money.Money{Minor: l.minor, Currency: r.x.Currency}
		product := &r.x.Products[i]
		if product.Price == (money.Money{}) {
			product.Price = price
		}
		r.units[l.sku] += l.quantity
		o.Lines = append(o.Lines, Line{SKU: l.sku, Title: product.Title, Quantity: l.quantity, Price: price})
	}
	r.orders[o.ID] = o
	r.x.Orders++
	return r.entry(Entry{Time: o.Time, Order: o})
}

func (r *reader) cancel(p parsed) error {
	o := r.orders[p.Cancel]
	switch {
	case o == nil:
		return fmt.Errorf("cancels order %q, which is not above it", p.Cancel)
	case o.Cancelled:
		return fmt.Errorf("cancels order %s a second time", p.Cancel)
	}
	o.Cancelled = true
	for _, l := range o.Lines {
		r.units[l.SKU] -= l.Quantity
	}
	r.x.Cancellations++
	return r.entry(Entry{Time: p.Time, Cancel: p.Cancel})
}

// entry appends e. Entries stand in order of time, so that a replay never has to go back.
func (r *reader) entry(e Entry) error {
	if n := len(r.x.Entries); n > 0 && e.Time.Before(r.x.Entries[n-1].Time) {
		return fmt.Errorf("%s is before the entry above it", e.Time.Format(time.RFC3339))
	}
	r.x.Entries = append(r.x.Entries, e)
	return nil
}

func (r *reader) finish() (Excerpt, error) {
	if r.x.Orders != r.want.orders || r.x.Cancellations != r.want.cancellations || r.x.Orders == 0 {
		return Excerpt{}, fmt.Errorf("read the order log: %d orders and %d cancellations where its head says %d and %d",
			r.x.Orders, r.x.Cancellations, r.want.orders, r.want.cancellations)
	}
	var unsold []string
	for i := range r.x.Products {
		p := &r.x.Products[i]
		p.Stock = max(1, r.units[p.SKU]*9/10)
		if p.Price == (money.Money{}) {
			unsold = append(unsold, p.SKU)
		}
	}
	if unsold != nil {
		return Excerpt{}, fmt.Errorf("read the order log: no order sells %s", strings.Join(unsold[:min(3, len(unsold))], ", "))
	}
	return r.x, nil
}
