package tests

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every figure that a rule names is there, and each label that a rule uses is one
// of its own.
func TestAlertsNameWhatIsThere(t *testing.T) {
	g := start(t)
	_, number := g.linked("default", nil)
	r := newReceiver(t)
	g.register(r)
	friend, _ := newPhone(t, nil)
	write(t, friend, number, "hello")
	g.event("message", "text", "hello")
	figures := g.scrape("/metrics")
	names := []string{"up"}
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(figures, -1) {
		names = append(names, found[1])
	}
	// Words of the language, and labels' names.
	words := []string{"and", "sum", "rate", "increase", "time", "job", "reason", "outcome", "status"}
	rules, labels := 0, 0
	for line := range strings.Lines(read(t, "deploy/alerts.yaml")) {
		_, expression, found := strings.Cut(line, "expr: ")
		if !found {
			continue
		}
		rules++
		plain := regexp.MustCompile(`"[^"]*"|\[\d+[smhd]\]`).ReplaceAllString(expression, "")
		for _, name := range regexp.MustCompile(`[a-z_]+`).FindAllString(plain, -1) {
			if !slices.Contains(names, name) && !slices.Contains(words, name) {
				t.Errorf("there is no %s: %s", name, expression)
			}
		}
		for _, use := range regexp.MustCompile(`(gateway_\w+)\{(\w+)=`).FindAllStringSubmatch(expression, -1) {
			labels++
			source := read(t, "internal/server/hook_figures.go") + read(t, "internal/sessions/trouble.go") + read(t, "internal/api/api.go")
			if !regexp.MustCompile(`"` + use[1] + `".*"` + use[2] + `"`).MatchString(source) {
				t.Errorf("%s has no label %s", use[1], use[2])
			}
		}
	}
	if rules < 10 || labels < 3 {
		t.Errorf("%d rules, %d labels", rules, labels)
	}
	for _, name := range []string{"gateway_session_linked", "gateway_session_connected"} {
		if !strings.Contains(figures, name+`{session="default"} 1`) {
			t.Errorf("%s is not 1", name)
		}
	}
}

// The age of what waits is told, of messages that waited before a restart too.
func TestOutboxAge(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	g.linked("default", nil)
	_, friendly := newPhone(t, nil)
	if age := g.metric("gateway_outbox_oldest_age_seconds"); age != 0 {
		t.Errorf("nothing waits for %v s", age)
	}
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder, "--wa=server.url=ws://127.0.0.1:1")
	g.do("POST", messages, object{"to": friendly, "text": "it waits"}).want(202)
	g.await("an age", func() bool { return g.metric("gateway_outbox_oldest_age_seconds") > 0.05 })
	before := g.metric("gateway_outbox_oldest_age_seconds")
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder, "--wa=server.url=ws://127.0.0.1:1")
	g.await("the message after the restart", func() bool { return g.metric("gateway_outbox_pending") == 1 })
	if after := g.metric("gateway_outbox_oldest_age_seconds"); after <= before {
		t.Errorf("it is %v s old, and was %v before the restart", after, before)
	}
}
