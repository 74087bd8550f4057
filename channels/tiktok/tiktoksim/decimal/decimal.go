// Package decimal reads and writes the prices of the simulated shop.
package decimal

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse reads a decimal string of at most four places into ten-thousandths and its number of places.
func Parse(text string) (amount int64, places int, ok bool) {
	whole, fraction, point := strings.Cut(text, ".")
	places = len(fraction)
	digits := strings.Trim(whole+fraction, "0123456789") == "" && whole != ""
	if !digits || places > 4 || len(whole) > 10 || point && places == 0 {
		return 0, 0, false
	}
	amount, err := strconv.ParseInt(whole+fraction+"0000"[places:], 10, 64)
	return amount, places, err == nil
}

// Format writes ten-thousandths with a number of places.
func Format(amount int64, places int) string {
	text := fmt.Sprintf("%05d", amount)
	point := len(text) - 4
	return strings.TrimSuffix(text[:point]+"."+text[point:point+places], ".")
}
