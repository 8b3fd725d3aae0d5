package limit

import (
	"fmt"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	now := time.Unix(1000, 0)
	l := New(2, 6, time.Minute)
	l.now = func() time.Time { return now }
	for i, wanted := range []bool{true, true, false} {
		if _, ok := l.Take("a"); ok != wanted {
			t.Errorf("take %d: %v", i, ok)
		}
	}
	if wait, ok := l.Take("a"); ok || wait != 10*time.Second {
		t.Errorf("%v, %v", wait, ok)
	}
	if _, ok := l.Take("b"); !ok {
		t.Error("another key has tokens of its own")
	}
	now = now.Add(10 * time.Second)
	if _, ok := l.Take("a"); !ok {
		t.Error("one more after the wait")
	}
	for i := range 1000 {
		l.Take(fmt.Sprint(i))
	}
	now = now.Add(time.Hour)
	l.Take("a")
	if len(l.buckets) > 1 {
		t.Errorf("%d full buckets are kept", len(l.buckets))
	}
}

func TestShare(t *testing.T) {
	s := NewShare(3, 2)
	take := func(key string, wantOwn, want bool) {
		t.Helper()
		if own, ok := s.Take(key); own != wantOwn || ok != want {
			t.Errorf("%s: %v, %v", key, own, ok)
		}
	}
	take("a", false, true)
	take("a", false, true)
	take("a", true, false)
	take("b", false, true)
	take("b", false, false)
	s.Give("a")
	take("b", false, true)
	s.Give("a")
	s.Give("b")
	s.Give("b")
	if s.given != 0 || len(s.of) != 0 {
		t.Errorf("%d are out", s.given)
	}
}
