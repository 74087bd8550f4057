// Package money is an amount of one currency in whole minor units.
//
// A channel sends prices as decimal strings; Parse turns them into int64 minor units exactly or not at all, and every
// later sum is integer arithmetic that refuses to overflow or to mix currencies. Nothing here rounds and nothing
// converts: figures of two currencies are never added up.
//
//	"12.50", "GBP"  ── Parse ──►  Money{1250, "GBP"}  ── Mul, Add ──►  Money  ── Decimal ──►  "37.50"
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

var (
	// ErrNumber says that a text is not a plain decimal number such as 12.50.
	ErrNumber = errors.New("not a decimal number")
	// ErrDecimals says that a text has more decimals than its currency has.
	ErrDecimals = errors.New("too many decimals")
	// ErrOverflow says that an amount does not fit into 64 bits of minor units.
	ErrOverflow = errors.New("amount too large")
	// ErrCurrency says that a currency is not an ISO 4217 code, or that two amounts are of different currencies.
	ErrCurrency = errors.New("wrong currency")
)

// longest is the most bytes Parse reads; an int64 needs 20, so more is zeros or nonsense.
const longest = 64

// Money is Minor minor units (pence, cents, yen) of the ISO 4217 Currency; the zero Money is the sum of nothing.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

// Parse reads a decimal such as "12.5" or "-0.99" as an amount of currency, exactly. Decimals the currency does not have
// are accepted only when they are zeros ("1500.00" of JPY). Errors are ErrCurrency, ErrNumber, ErrDecimals, ErrOverflow.
func Parse(decimal, currency string) (Money, error) {
	exponent, ok := Exponent(currency)
	if !ok {
		return Money{}, fmt.Errorf("parse amount: %w: %.16q is not an ISO 4217 code", ErrCurrency, currency)
	}
	fail := func(err error) (Money, error) {
		return Money{}, fmt.Errorf("parse %.32q as %s: %w", decimal, currency, err)
	}
	if len(decimal) > longest {
		return fail(ErrNumber)
	}
	text, negative := strings.CutPrefix(decimal, "-")
	whole, fraction, point := strings.Cut(text, ".")
	if !digits(whole) || point && !digits(fraction) {
		return fail(ErrNumber)
	}
	if len(fraction) > exponent {
		if strings.Trim(fraction[exponent:], "0") != "" {
			return fail(fmt.Errorf("%w: %s has %d", ErrDecimals, currency, exponent))
		}
		fraction = fraction[:exponent]
	}
	size, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", exponent-len(fraction)), 10, 64)
	switch {
	case err != nil: // only digits reach here, so it is out of range
		return fail(ErrOverflow)
	case negative && size == 1<<63:
		return Money{Minor: math.MinInt64, Currency: currency}, nil
	case size > math.MaxInt64:
		return fail(ErrOverflow)
	}
	minor := int64(size)
	if negative {
		minor = -minor
	}
	return Money{Minor: minor, Currency: currency}, nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Decimal is the amount with the currency's decimals and without the code, such as "12.50"; Parse reads it back.
func (m Money) Decimal() string {
	exponent, _ := Exponent(m.Currency)
	size, sign := magnitude(m.Minor), ""
	if m.Minor < 0 {
		sign = "-"
	}
	text := strconv.FormatUint(size, 10)
	if exponent == 0 {
		return sign + text
	}
	if short := exponent + 1 - len(text); short > 0 {
		text = strings.Repeat("0", short) + text
	}
	point := len(text) - exponent
	return sign + text[:point] + "." + text[point:]
}

// String is the amount for people and logs, such as "12.50 GBP"; an unknown code is shown with bare minor units.
func (m Money) String() string {
	return strings.TrimSpace(m.Decimal() + " " + m.Currency)
}

// Add is m + n. The zero Money adds to any currency; otherwise two currencies are ErrCurrency, too large is ErrOverflow.
func (m Money) Add(n Money) (Money, error) {
	switch {
	case m == Money{}:
		return n, nil
	case n == Money{}:
		return m, nil
	case m.Currency != n.Currency:
		return Money{}, fmt.Errorf("add %s to %s: %w", n, m, ErrCurrency)
	}
	sum := m.Minor + n.Minor
	if (sum > m.Minor) != (n.Minor > 0) {
		return Money{}, fmt.Errorf("add %s to %s: %w", n, m, ErrOverflow)
	}
	return Money{Minor: sum, Currency: m.Currency}, nil
}

// Mul is m × quantity, or ErrOverflow.
func (m Money) Mul(quantity int64) (Money, error) {
	negative := (m.Minor < 0) != (quantity < 0)
	high, low := bits.Mul64(magnitude(m.Minor), magnitude(quantity))
	limit := uint64(math.MaxInt64)
	if negative {
		limit++
	}
	if high != 0 || low > limit {
		return Money{}, fmt.Errorf("multiply %s by %d: %w", m, quantity, ErrOverflow)
	}
	if negative {
		low = -low
	}
	return Money{Minor: int64(low), Currency: m.Currency}, nil //nolint:gosec // within the limit above, or its two's complement
}

// magnitude is |n|, right for MinInt64 too.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n) //nolint:gosec // two's complement
	}
	return uint64(n)
}
