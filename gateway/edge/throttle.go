package edge

import "time"

// Throttle slows guessing of passwords down, by address and by account: an account takes ten tries
// and then one in ten seconds, an address thirty and then one in two seconds.
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
	if account != "" {
		wait = max(wait, t.accounts.Take(account).Wait)
	}
	return wait
}

// Forgive forgets an account's tries after a right one.
func (t *Throttle) Forgive(account string) { t.accounts.Forget(account) }
