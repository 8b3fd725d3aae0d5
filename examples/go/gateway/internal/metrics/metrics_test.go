package metrics

import (
	"strings"
	"testing"
)

// A writer that counts while it is written to, as a request does while somebody
// reads the metrics slowly.
type counting struct {
	counter Counter
	text    strings.Builder
}

func (c *counting) Write(text []byte) (int, error) {
	c.counter.Inc("slow")
	return c.text.Write(text)
}

func TestASlowReaderHoldsNobodyUp(t *testing.T) {
	set := &Set{}
	out := &counting{counter: set.Counter("requests_total", "Requests.", "kind")}
	out.counter.Inc("quick")
	set.Collect(func(w *Writer) { w.Gauge("size", "A size.", 2) })
	if err := set.Write(out); err != nil {
		t.Fatal(err)
	}
	const wanted = "# HELP requests_total Requests.\n# TYPE requests_total counter\nrequests_total{kind=\"quick\"} 1\n" +
		"# HELP size A size.\n# TYPE size gauge\nsize 2\n"
	if got := out.text.String(); got != wanted {
		t.Errorf("%s", got)
	}
}
