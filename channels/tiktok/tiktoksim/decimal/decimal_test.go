package decimal

import (
	"strings"
	"testing"
)

// FuzzDecimal checks that what is read as a price is written back as the same number.
func FuzzDecimal(f *testing.F) {
	for _, text := range []string{"0", "19.99", "007.5", "1234567890.1234", ".5", "5.", "-1", "1e3", "", "12345678901"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		amount, places, ok := Parse(text)
		if !ok {
			return
		}
		whole, fraction, point := strings.Cut(text, ".")
		want := strings.TrimLeft(whole, "0")
		if want == "" {
			want = "0"
		}
		if point {
			want += "." + fraction
		}
		if got := Format(amount, places); got != want {
			t.Errorf("%q came back as %q, wanted %q", text, got, want)
		}
	})
}
