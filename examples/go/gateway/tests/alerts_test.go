package tests

import (
	"os/exec"
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
	words := []string{"and", "or", "unless", "on", "by", "sum", "count", "rate", "increase", "delta", "absent", "time", "job", "instance", "webhook", "reason", "outcome", "class"}
	for _, found := range regexp.MustCompile(`record: (\S+)`).FindAllStringSubmatch(read(t, "deploy/alerts.yaml"), -1) {
		names = append(names, found[1])
	}
	rules, labels := 0, 0
	for line := range strings.Lines(read(t, "deploy/alerts.yaml")) {
		_, expression, found := strings.Cut(line, "expr: ")
		if !found {
			continue
		}
		rules++
		plain := regexp.MustCompile(`"[^"]*"|\[\d+[smhd]\]`).ReplaceAllString(expression, "")
		for _, name := range regexp.MustCompile(`[a-z_:]+`).FindAllString(plain, -1) {
			if !slices.Contains(names, name) && !slices.Contains(words, name) {
				t.Errorf("there is no %s: %s", name, expression)
			}
		}
		for _, use := range regexp.MustCompile(`(gateway_\w+)\{(\w+)!?=`).FindAllStringSubmatch(expression, -1) {
			labels++
			source := read(t, "internal/server/hook_figures.go") + read(t, "internal/server/session_figures.go") + read(t, "internal/sessions/trouble.go") + read(t, "internal/api/api.go")
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

// A rule sees how much a figure has grown only if it was there before: each that a
// rule asks so has its samples from the start, for every reason.
func TestWhatGrowsBeginsAtZero(t *testing.T) {
	g := start(t)
	g.register(newReceiver(t))
	figures := g.scrape("/metrics")
	grows := regexp.MustCompile(`(?:increase|rate|delta)\((\w+)(?:\{(\w+)(!?=)"([^"]*)"\})?\[`)
	uses := grows.FindAllStringSubmatch(read(t, "deploy/alerts.yaml"), -1)
	if len(uses) < 5 {
		t.Errorf("%v", uses)
	}
	for _, use := range uses {
		sample := use[1] + `(?:\{.*\})?`
		if use[3] == "=" {
			sample = use[1] + `\{.*` + use[2] + `="` + use[4] + `".*\}`
		}
		if !regexp.MustCompile(`(?m)^` + sample + ` [0-9]`).MatchString(figures) {
			t.Errorf("%s is not there before it grows", use[0])
		}
	}
	reasons := regexp.MustCompile(`(?m)^\s+LogoutReason\w+ LogoutReason = "(\w+)"`).FindAllStringSubmatch(read(t, "../../../bindings/go/words_gen.go"), -1)
	if len(reasons) < 6 {
		t.Errorf("%v", reasons)
	}
	for _, reason := range append(reasons, []string{"", "store_lost"}) {
		if wanted := `gateway_session_unlinks_total{reason="` + reason[1] + `"} 0`; !strings.Contains(figures, wanted+"\n") {
			t.Errorf("%s is not in the figures", wanted)
		}
	}
}

// Every session whose link has ended is told with the reason, also after a restart,
// until it is unlinked by request; how many are online is told.
func TestUnlinkedSessionsInTheFigures(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	phone, _ := g.linked("phone", nil)
	_, locked := g.linked("locked", nil)
	_, banned := g.linked("banned", nil)
	g.linked("fine", nil)
	if linked, online := g.metric("gateway_sessions_linked"), g.metric("gateway_sessions_online"); linked != 4 || online != 4 {
		t.Errorf("%v of %v are online", online, linked)
	}
	refuseLogin(t, locked, "403")
	refuseLogin(t, banned, "406")
	for _, id := range []string{"locked", "banned"} {
		g.do("POST", "/v1/sessions/"+id+"/restart", nil)
	}
	if err := phone.UnlinkAll(limited(t)); err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{"phone": "by_phone", "locked": "account_locked", "banned": "account_banned"}
	for id := range reasons {
		g.state(id, "logged_out")
	}
	for id, reason := range reasons {
		if wanted := `gateway_session_unlinks_total{reason="` + reason + `"} 1`; !strings.Contains(g.scrape("/metrics"), wanted+"\n") {
			t.Errorf("%s: %s is not in the figures", id, wanted)
		}
	}
	for range 2 {
		figures := g.scrape("/metrics")
		for id, reason := range reasons {
			if wanted := `gateway_session_logged_out{session="` + id + `",reason="` + reason + `"} 1`; !strings.Contains(figures, wanted) {
				t.Errorf("%s is not in the figures", wanted)
			}
		}
		if err := g.stop(); err != nil {
			t.Fatal(err)
		}
		g = startIn(t, folder)
		g.state("fine", "connected")
	}
	if linked, online := g.metric("gateway_sessions_linked"), g.metric("gateway_sessions_online"); linked != 1 || online != 1 {
		t.Errorf("%v of %v are online", online, linked)
	}
	for id := range reasons {
		g.do("POST", "/v1/sessions/"+id+"/logout", nil).want(200)
	}
	if figures := g.scrape("/metrics"); strings.Contains(figures, "gateway_session_logged_out{") {
		t.Error("what was unlinked by request is told still")
	}
}

// The rules do what deploy/alerts_test.yaml says, where promtool is there to look.
func TestAlertsByPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not there: it is part of the package prometheus")
	}
	for _, arguments := range [][]string{{"check", "rules", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}} {
		command := exec.Command(promtool, arguments...)
		command.Dir = "../deploy"
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", arguments, err, out)
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
