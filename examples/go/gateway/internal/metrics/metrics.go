// Package metrics counts what happens and writes it in the text format of
// Prometheus.
package metrics

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Set holds figures.
type Set struct {
	mu       sync.Mutex
	families []*family
	collect  []func(*Writer)
}

// family is one metric with the values of all its labels.
type family struct {
	name, kind, help string
	labels           []string
	bounds           []float64
	values           map[string]*value
}

type value struct {
	labels []string
	sum    float64
	counts []uint64 // of a histogram, one more than it has bounds
}

// A Counter only grows.
type Counter struct {
	set *Set
	*family
}

// A Histogram counts values in ranges.
type Histogram struct {
	set *Set
	*family
}

// Counter adds a counter.
func (s *Set) Counter(name, help string, labels ...string) Counter {
	return Counter{s, s.add(&family{name: name, kind: "counter", help: help, labels: labels})}
}

// Histogram adds a histogram with upper bounds.
func (s *Set) Histogram(name, help string, bounds []float64, labels ...string) Histogram {
	return Histogram{s, s.add(&family{name: name, kind: "histogram", help: help, labels: labels, bounds: bounds})}
}

// Collect has a function called for each Write, for figures that are known
// somewhere else.
func (s *Set) Collect(collect func(*Writer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collect = append(s.collect, collect)
}

func (s *Set) add(f *family) *family {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.values = map[string]*value{}
	s.families = append(s.families, f)
	return f
}

func (f *family) value(labels []string) *value {
	key := strings.Join(labels, "\x00")
	v := f.values[key]
	if v == nil {
		v = &value{labels: labels, counts: make([]uint64, len(f.bounds)+1)}
		f.values[key] = v
	}
	return v
}

// Begin has a value be there at 0: a rule sees how much a figure has grown only if
// it saw it before.
func (c Counter) Begin(labels ...string) {
	c.set.mu.Lock()
	defer c.set.mu.Unlock()
	c.value(labels)
}

// Inc adds one.
func (c Counter) Inc(labels ...string) {
	c.set.mu.Lock()
	defer c.set.mu.Unlock()
	c.value(labels).sum++
}

// Observe adds a value.
func (h Histogram) Observe(observed float64, labels ...string) {
	h.set.mu.Lock()
	defer h.set.mu.Unlock()
	v := h.value(labels)
	v.sum += observed
	i, _ := slices.BinarySearch(h.bounds, observed)
	v.counts[i]++
}

// Write writes everything. It is put together before: who reads slowly holds
// nobody up.
func (s *Set) Write(out io.Writer) error {
	w := &Writer{}
	s.mu.Lock()
	for _, f := range s.families {
		w.family(f)
	}
	collect := slices.Clone(s.collect)
	s.mu.Unlock()
	for _, c := range collect {
		c(w)
	}
	_, err := w.text.WriteTo(out)
	return err
}

// A Writer takes samples.
type Writer struct {
	text bytes.Buffer
}

func (w *Writer) printf(format string, values ...any) {
	fmt.Fprintf(&w.text, format, values...)
}

// Head begins a metric: its samples follow.
func (w *Writer) Head(name, kind, help string) {
	w.printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// Sample writes one value; labels are names and values in turn.
func (w *Writer) Sample(name string, sample float64, labels ...string) {
	var text strings.Builder
	for i := 0; i+1 < len(labels); i += 2 {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString(labels[i] + `="` + escape.Replace(labels[i+1]) + `"`)
	}
	if text.Len() > 0 {
		name += "{" + text.String() + "}"
	}
	w.printf("%s %s\n", name, number(sample))
}

// Gauge writes a metric of one value.
func (w *Writer) Gauge(name, help string, sample float64) {
	w.Head(name, "gauge", help)
	w.Sample(name, sample)
}

func (w *Writer) family(f *family) {
	w.Head(f.name, f.kind, f.help)
	keys := make([]string, 0, len(f.values))
	for key := range f.values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		v := f.values[key]
		labels := make([]string, 0, 2*len(f.labels)+2)
		for i, name := range f.labels {
			labels = append(labels, name, v.labels[i])
		}
		if f.kind != "histogram" {
			w.Sample(f.name, v.sum, labels...)
			continue
		}
		total := uint64(0)
		for i, count := range v.counts {
			total += count
			bound := math.Inf(1)
			if i < len(f.bounds) {
				bound = f.bounds[i]
			}
			w.Sample(f.name+"_bucket", float64(total), append(labels, "le", number(bound))...)
		}
		w.Sample(f.name+"_sum", v.sum, labels...)
		w.Sample(f.name+"_count", float64(total), labels...)
	}
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func number(n float64) string {
	if math.IsInf(n, 1) {
		return "+Inf"
	}
	return strconv.FormatFloat(n, 'g', -1, 64)
}
