package money_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/money"
)

func TestParse(t *testing.T) {
	tests := []struct {
		decimal, currency string
		minor             int64
		text              string
		err               error
	}{
		{decimal: "12.50", currency: "GBP", minor: 1250, text: "12.50 GBP"},
		{decimal: "12.5", currency: "GBP", minor: 1250, text: "12.50 GBP"},
		{decimal: "12", currency: "USD", minor: 1200, text: "12.00 USD"},
		{decimal: "0.05", currency: "EUR", minor: 5, text: "0.05 EUR"},
		{decimal: "-0.05", currency: "EUR", minor: -5, text: "-0.05 EUR"},
		{decimal: "-0", currency: "EUR", minor: 0, text: "0.00 EUR"},
		{decimal: "1500", currency: "JPY", minor: 1500, text: "1500 JPY"},
		{decimal: "1500.00", currency: "JPY", minor: 1500, text: "1500 JPY"},
		{decimal: "1.234", currency: "KWD", minor: 1234, text: "1.234 KWD"},
		{decimal: "0.001", currency: "BHD", minor: 1, text: "0.001 BHD"},
		{decimal: "1.2345", currency: "CLF", minor: 12345, text: "1.2345 CLF"},
		{decimal: "12.5000", currency: "GBP", minor: 1250, text: "12.50 GBP"},
		{decimal: "007.10", currency: "GBP", minor: 710, text: "7.10 GBP"},
		{decimal: "92233720368547758.07", currency: "GBP", minor: math.MaxInt64, text: "92233720368547758.07 GBP"},
		{decimal: "-92233720368547758.08", currency: "GBP", minor: math.MinInt64, text: "-92233720368547758.08 GBP"},
		{decimal: "92233720368547758.08", currency: "GBP", err: money.ErrOverflow},
		{decimal: "-92233720368547758.09", currency: "GBP", err: money.ErrOverflow},
		{decimal: "99999999999999999999999", currency: "GBP", err: money.ErrOverflow},
		{decimal: "0.001", currency: "GBP", err: money.ErrDecimals},
		{decimal: "0.5", currency: "JPY", err: money.ErrDecimals},
		{decimal: "", currency: "GBP", err: money.ErrNumber},
		{decimal: ".", currency: "GBP", err: money.ErrNumber},
		{decimal: "1.", currency: "GBP", err: money.ErrNumber},
		{decimal: ".5", currency: "GBP", err: money.ErrNumber},
		{decimal: "+1", currency: "GBP", err: money.ErrNumber},
		{decimal: "--1", currency: "GBP", err: money.ErrNumber},
		{decimal: "1.2.3", currency: "GBP", err: money.ErrNumber},
		{decimal: "1,50", currency: "GBP", err: money.ErrNumber},
		{decimal: "1e3", currency: "GBP", err: money.ErrNumber},
		{decimal: " 1", currency: "GBP", err: money.ErrNumber},
		{decimal: "NaN", currency: "GBP", err: money.ErrNumber},
		{decimal: "٣", currency: "GBP", err: money.ErrNumber},
		{decimal: strings.Repeat("0", 65), currency: "GBP", err: money.ErrNumber},
		{decimal: "1", currency: "gbp", err: money.ErrCurrency},
		{decimal: "1", currency: "ZZZ", err: money.ErrCurrency},
		{decimal: "1", currency: "", err: money.ErrCurrency},
	}
	for _, tt := range tests {
		got, err := money.Parse(tt.decimal, tt.currency)
		if !errors.Is(err, tt.err) {
			t.Errorf("Parse(%q, %q): error %v, want %v", tt.decimal, tt.currency, err, tt.err)
			continue
		}
		if tt.err != nil {
			if got != (money.Money{}) {
				t.Errorf("Parse(%q, %q) = %v beside its error", tt.decimal, tt.currency, got)
			}
			continue
		}
		if got.Minor != tt.minor || got.Currency != tt.currency || got.String() != tt.text {
			t.Errorf("Parse(%q, %q) = %+v %q, want %d %q", tt.decimal, tt.currency, got, got, tt.minor, tt.text)
		}
	}
}

func TestArithmetic(t *testing.T) {
	pound := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: "GBP"} }
	tests := []struct {
		name string
		got  func() (money.Money, error)
		want money.Money
		err  error
	}{
		{name: "add", got: func() (money.Money, error) { return pound(250).Add(pound(-50)) }, want: pound(200)},
		{name: "add nothing", got: func() (money.Money, error) { return pound(250).Add(money.Money{}) }, want: pound(250)},
		{name: "add to nothing", got: func() (money.Money, error) { return money.Money{}.Add(pound(250)) }, want: pound(250)},
		{name: "add zero pounds", got: func() (money.Money, error) { return pound(250).Add(pound(0)) }, want: pound(250)},
		{name: "add zero yen", got: func() (money.Money, error) { return pound(250).Add(money.Money{Currency: "JPY"}) }, err: money.ErrCurrency},
		{name: "two currencies", got: func() (money.Money, error) { return pound(1).Add(money.Money{Minor: 1, Currency: "EUR"}) }, err: money.ErrCurrency},
		{name: "add past the top", got: func() (money.Money, error) { return pound(math.MaxInt64).Add(pound(1)) }, err: money.ErrOverflow},
		{name: "add past the bottom", got: func() (money.Money, error) { return pound(math.MinInt64).Add(pound(-1)) }, err: money.ErrOverflow},
		{name: "multiply", got: func() (money.Money, error) { return pound(255).Mul(20) }, want: pound(5100)},
		{name: "multiply by nothing", got: func() (money.Money, error) { return pound(-255).Mul(0) }, want: pound(0)},
		{name: "multiply past the top", got: func() (money.Money, error) { return pound(math.MaxInt64).Mul(2) }, err: money.ErrOverflow},
		{name: "the lowest, negated", got: func() (money.Money, error) { return pound(math.MinInt64).Mul(-1) }, err: money.ErrOverflow},
		{name: "the lowest, kept", got: func() (money.Money, error) { return pound(math.MinInt64).Mul(1) }, want: pound(math.MinInt64)},
	}
	for _, tt := range tests {
		got, err := tt.got()
		if !errors.Is(err, tt.err) || got != tt.want {
			t.Errorf("%s: got %v, %v, want %v, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
}

func TestJSON(t *testing.T) {
	const want = `{"minor":1234,"currency":"GBP"}`
	got, err := json.Marshal(money.Money{Minor: 1234, Currency: "GBP"})
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	var back money.Money
	if err := json.Unmarshal([]byte(want), &back); err != nil || back != (money.Money{Minor: 1234, Currency: "GBP"}) {
		t.Errorf("got %+v, %v", back, err)
	}
}

var currencies = []string{"GBP", "JPY", "KWD", "BHD", "CLF", "USD"}

// TestProperties holds Add and Mul against arbitrary-precision integers, and Decimal against Parse.
func TestProperties(t *testing.T) {
	amount := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-100_000, 100_000), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, 0, -1, 1}))
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom(currencies).Draw(t, "currency")
		a := money.Money{Minor: amount.Draw(t, "a"), Currency: currency}
		b := money.Money{Minor: amount.Draw(t, "b"), Currency: currency}
		if back, err := money.Parse(a.Decimal(), currency); err != nil || back != a {
			t.Fatalf("%v read back as %v, %v", a, back, err)
		}
		same := func(what string, got money.Money, err error, want *big.Int) {
			switch {
			case want.IsInt64() && (err != nil || got != money.Money{Minor: want.Int64(), Currency: currency}):
				t.Fatalf("%s: got %v, %v, want %v", what, got, err, want)
			case !want.IsInt64() && !errors.Is(err, money.ErrOverflow):
				t.Fatalf("%s: got %v, %v, want an overflow of %v", what, got, err, want)
			}
		}
		x, y := big.NewInt(a.Minor), big.NewInt(b.Minor)
		sum, err := a.Add(b)
		same("add", sum, err, new(big.Int).Add(x, y))
		product, err := a.Mul(b.Minor)
		same("multiply", product, err, new(big.Int).Mul(x, y))
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"12.50", "-0", "0.001", "1e3", "92233720368547758.08", "1.", "", "٣"} {
		f.Add(seed, "GBP")
	}
	f.Add("1500.00", "JPY")
	f.Fuzz(func(t *testing.T, decimal, currency string) {
		m, err := money.Parse(decimal, currency)
		if err != nil {
			return
		}
		// Exactness: the text as a rational equals minor units over ten to the exponent.
		exponent, _ := money.Exponent(currency)
		want, ok := new(big.Rat).SetString(decimal)
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)
		if got := new(big.Rat).SetFrac(big.NewInt(m.Minor), unit); !ok || got.Cmp(want) != 0 {
			t.Errorf("Parse(%q, %q) = %v", decimal, currency, m)
		}
	})
}
