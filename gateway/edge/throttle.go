package edge

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Throttle slows guessing of passwords down, by address and by account: an account takes ten tries
// and then one in ten seconds, an address thirty and then one in two seconds.
type Throttle struct {
	clock func() time.Time

	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

// maxLimiters bounds the memory; when it is reached those that are full again are dropped, and if
// none are, all: guessing from so many addresses is not held up by this anyway.
const maxLimiters = 10_000

// NewThrottle counts from nothing.
func NewThrottle(clock func() time.Time) *Throttle {
	return &Throttle{clock: clock, limiters: map[string]*rate.Limiter{}}
}

// Take counts a try and says how long to wait when there were too many.
func (t *Throttle) Take(address, account string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	wait := t.one("address:"+address, 2*time.Second, 30)
	if account != "" {
		wait = max(wait, t.one("account:"+account, 10*time.Second, 10))
	}
	return wait
}

func (t *Throttle) one(key string, every time.Duration, burst int) time.Duration {
	now := t.clock()
	l := t.limiters[key]
	if l == nil {
		t.makeRoom(now)
		l = rate.NewLimiter(rate.Every(every), burst)
		t.limiters[key] = l
	}
	if l.AllowN(now, 1) {
		return 0
	}
	return every
}

func (t *Throttle) makeRoom(now time.Time) {
	if len(t.limiters) < maxLimiters {
		return
	}
	for key, l := range t.limiters {
		if l.TokensAt(now) >= float64(l.Burst()) {
			delete(t.limiters, key)
		}
	}
	if len(t.limiters) >= maxLimiters {
		clear(t.limiters)
	}
}

// Forgive forgets an account's tries after a right one.
func (t *Throttle) Forgive(account string) {
	t.mu.Lock()
	delete(t.limiters, "account:"+account)
	t.mu.Unlock()
}
