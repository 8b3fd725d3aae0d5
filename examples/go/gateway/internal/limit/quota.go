package limit

import "sync"

// A Share hands out what there is a fixed number of, so that nobody has all of
// it.
type Share struct {
	all, each int

	mu    sync.Mutex
	given int
	of    map[string]int
}

// NewShare makes a share of so many things, of which each key has so many at
// most.
func NewShare(all, each int) *Share {
	return &Share{all: all, each: each, of: map[string]int{}}
}

// Take takes one for a key. If there is none, own says whether that is because
// the key has as many as it may.
func (s *Share) Take(key string) (own, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[key] >= s.each {
		return true, false
	}
	if s.given >= s.all {
		return false, false
	}
	s.given++
	s.of[key]++
	return false, true
}

// Give gives one back.
func (s *Share) Give(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given--
	if s.of[key]--; s.of[key] <= 0 {
		delete(s.of, key)
	}
}
