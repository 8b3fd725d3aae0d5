// Package limit rations what somebody may do in a time: each key has a bucket
// of tokens that fills by itself.
package limit

import (
	"sync"
	"time"
)

// A Limiter holds a bucket for each key.
type Limiter struct {
	rate  float64 // tokens in a second
	burst float64
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
	swept   time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

// New allows each key burst things at once, and from then on so many in each
// interval.
func New(burst, count int, interval time.Duration) *Limiter {
	return &Limiter{
		rate:    float64(count) / interval.Seconds(),
		burst:   float64(burst),
		now:     time.Now,
		buckets: map[string]*bucket{},
	}
}

// Take takes a token of a key. If there is none it says how long to wait for
// the next one.
func (l *Limiter) Take(key string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key)
	if b.tokens >= 1 {
		b.tokens--
		return 0, true
	}
	return time.Duration((1 - b.tokens) / l.rate * float64(time.Second)), false
}

func (l *Limiter) bucket(key string) *bucket {
	now := l.now()
	l.sweep(now)
	b := l.buckets[key]
	if b == nil {
		b = &bucket{tokens: l.burst, at: now}
		l.buckets[key] = b
	}
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens = min(l.burst, b.tokens+passed*l.rate)
		b.at = now
	}
	return b
}

// sweep forgets the buckets that are full again, now and then.
func (l *Limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if b.tokens+now.Sub(b.at).Seconds()*l.rate >= l.burst {
			delete(l.buckets, key)
		}
	}
}
