// Package amount is money as the simulated Shopify writes it.
package amount

import (
	"strconv"
	"strings"
)

// Amount is money in thousandths of a currency's unit, the most decimals any has.
type Amount int64

const thousand = 1000

// Parse reads a decimal string with at most three decimals, not below 0.
func Parse(s string) (Amount, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > 12 || len(fraction) > 3 || point && fraction == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+fraction+"000"[len(fraction):], 10, 63)
	return Amount(n), err == nil
}

// Decimal writes it as the vendor's Decimal does: no more decimals than needed, and one at least ("10.0").
func (a Amount) Decimal() string {
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	fraction := strings.TrimRight(strconv.FormatInt(int64(a%thousand)+thousand, 10)[1:], "0")
	if fraction == "" {
		fraction = "0"
	}
	return sign + strconv.FormatInt(int64(a/thousand), 10) + "." + fraction
}

// Fixed writes it with two decimals, as the vendor's REST payloads and Money scalar do, or three where it has a third.
func (a Amount) Fixed() string {
	s := a.Decimal()
	if len(s)-strings.IndexByte(s, '.') == 2 {
		s += "0"
	}
	return s
}
