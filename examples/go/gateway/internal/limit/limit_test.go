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
	if _, empty := l.Empty("a"); empty {
		t.Error("one more after the wait")
	}
	if _, ok := l.Take("a"); !ok {
		t.Error("looking takes nothing")
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
