package edge

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxBuckets bounds the memory; when it is reached those that are full again are dropped, and if
// none are, all: what comes under so many names is not held up by this anyway.
const maxBuckets = 10_000

// Buckets hold tokens by name: each begins full, gets a token in each so much time and gives one for
// each Take.
type Buckets struct {
	clock func() time.Time
	every time.Duration
	burst int

	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

// NewBuckets makes buckets of so many tokens, which get one in each so much time.
func NewBuckets(clock func() time.Time, every time.Duration, burst int) *Buckets {
	return &Buckets{clock: clock, every: every, burst: burst, limiters: map[string]*rate.Limiter{}}
}

// Taken says how a bucket stands after a Take.
type Taken struct {
	Left int           // tokens
	Full time.Duration // until it is full again
	Wait time.Duration // until there is a token; 0 = one was given
}

// Take takes a token out of a bucket, when there is one.
func (b *Buckets) Take(name string) Taken {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock()
	l := b.limiters[name]
	if l == nil {
		b.makeRoom(now)
		l = rate.NewLimiter(rate.Every(b.every), b.burst)
		b.limiters[name] = l
	}
	given := l.AllowN(now, 1)
	tokens := max(l.TokensAt(now), 0)
	t := Taken{Left: int(tokens), Full: time.Duration((float64(b.burst) - tokens) * float64(b.every))}
	if !given {
		t.Wait = max(time.Duration((1-tokens)*float64(b.every)), 1)
	}
	return t
}

func (b *Buckets) makeRoom(now time.Time) {
	if len(b.limiters) < maxBuckets {
		return
	}
	for name, l := range b.limiters {
		if l.TokensAt(now) >= float64(b.burst) {
			delete(b.limiters, name)
		}
	}
	if len(b.limiters) >= maxBuckets {
		clear(b.limiters)
	}
}

// Forget fills a bucket.
func (b *Buckets) Forget(name string) {
	b.mu.Lock()
	delete(b.limiters, name)
	b.mu.Unlock()
}
