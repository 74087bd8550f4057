package stripe

import (
	"fmt"
	"math"
	"strings"

	"github.com/stripe/stripe-go/v82"

	"github.com/creatorflow/creatorflow/money"
	"github.com/creatorflow/creatorflow/partners"
)

// per says how the vendor counts a currency of which its unit is not ISO 4217's: one of ours is times of its units, or one of
// its is over of ours. Of króna and shilling it still counts hundredths that there are none of, of ariary whole ones.
var per = map[string]struct{ times, over int64 }{"ISK": {times: 100, over: 1}, "UGX": {times: 100, over: 1}, "MGA": {times: 1, over: 100}}

// units is an amount as the vendor counts it, or a no where it takes only a coarser one.
func units(m money.Money) (int64, error) {
	n := m.Minor
	if p, differs := per[m.Currency]; differs {
		switch {
		case n%p.over != 0:
			return 0, coarse(m, "whole units")
		case n > math.MaxInt64/p.times:
			return 0, partners.Declined(fmt.Sprintf("Stripe takes no payment as large as %s", m))
		}
		n = n / p.over * p.times
	}
	if decimals, _ := money.Exponent(m.Currency); decimals == 3 && n%10 != 0 {
		return 0, coarse(m, "two decimals")
	}
	return n, nil
}

func coarse(m money.Money, by string) error {
	return partners.Declined(fmt.Sprintf("Stripe takes %s by %s only, and the order comes to %s", m.Currency, by, m))
}

// counted is what the vendor calls n units of a currency.
func counted(n int64, currency stripe.Currency) money.Money {
	m := money.Money{Minor: n, Currency: strings.ToUpper(string(currency))}
	if p, differs := per[m.Currency]; differs {
		m.Minor = n / p.times * p.over
	}
	return m
}
