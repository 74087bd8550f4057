package edge

import "time"

// Throttle slows guessing of passwords down, by address and by account: an account takes ten tries from an
// address and then one in ten seconds, an address thirty and then one in two seconds. Nobody can use up the
// tries that somebody has at another address.
type Throttle struct {
	addresses, accounts *Buckets
}

// NewThrottle counts from nothing.
func NewThrottle(clock func() time.Time) *Throttle {
	return &Throttle{addresses: NewBuckets(clock, 2*time.Second, 30), accounts: NewBuckets(clock, 10*time.Second, 10)}
}

// Take counts a try and says how long to wait when there were too many.
func (t *Throttle) Take(address, account string) time.Duration {
	wait := t.addresses.Take(address).Wait
	if account != "" && wait == 0 {
		wait = t.accounts.Take(at(address, account)).Wait
	}
	return wait
}

// Forgive forgets an account's tries at an address after a right one.
func (t *Throttle) Forgive(address, account string) { t.accounts.Forget(at(address, account)) }

func at(address, account string) string { return address + " " + account }
