package tests

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every attempt is in the audit, refused ones too, with the id of its request.
func TestAuditOfRefusals(t *testing.T) {
	g := start(t)
	_, number := newPhone(t, nil)
	weak := g.as(g.do("POST", "/v1/tokens", object{"name": "weak", "scopes": []string{"events"}, "sessions": []string{"shop"}}).want(201).text("token"))
	foreign := g.as(g.do("POST", "/v1/tokens", object{"name": "foreign", "scopes": []string{"pair", "manage"}, "sessions": []string{"shop"}}).want(201).text("token"))
	wanted := map[string]string{}
	attempt := func(a answer, action, code string) {
		t.Helper()
		if a.Status < 400 {
			t.Fatalf("%s is answered %d", a.what, a.Status)
		}
		wanted[a.Header.Get("X-Request-Id")] = action + " refused: " + code
	}
	attempt(weak.do("POST", guidePhone, object{"phoneNumber": number}), "pair_by_code", "scope_missing")
	attempt(foreign.do("POST", "/v1/sessions/default/pairing", object{"method": "qr"}), "pair", "session_forbidden")
	attempt(foreign.do("DELETE", "/v1/sessions/default", nil), "session_delete", "session_forbidden")
	attempt(g.as("wagw_000000000000_wrong").do("POST", "/v1/tokens", object{"name": "x", "scopes": []string{"admin"}}), "token_create", "token_invalid")
	attempt(g.do("POST", guidePhone, object{"phoneNumber": "+1"}), "pair_by_code", "too_short")
	attempt(g.do("POST", "/v1/webhooks", object{"url": "ftp://example.com"}), "webhook_create", "webhook_invalid")
	attempt(g.do("DELETE", "/v1/tokens/nothing", nil), "token_revoke", "token_unknown")
	attempt(g.do("DELETE", "/v1/sessions/default/pairing", nil), "pair_cancel", "no_pairing")
	attempt(g.do("DELETE", "/v1/sessions/default", nil), "session_delete", "session_permanent")
	var entries []struct{ RequestID, Action, Outcome, TokenName, Session, PhoneNumber string }
	g.await("the audit", func() bool {
		var list struct{ Entries json.RawMessage }
		if err := json.Unmarshal(g.do("GET", "/v1/audit?limit=1000", nil).want(200).Body, &list); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(list.Entries, &entries); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, entry := range entries {
			if wanted[entry.RequestID] != "" {
				found++
			}
		}
		return found >= len(wanted)
	})
	seen := map[string]int{}
	for _, entry := range entries {
		if entry.RequestID == "" {
			t.Errorf("%+v has no request", entry)
		}
		seen[entry.RequestID]++
		if want := wanted[entry.RequestID]; want != "" && entry.Action+" "+entry.Outcome != want {
			t.Errorf("%s %s, wanted %s", entry.Action, entry.Outcome, want)
		}
		if strings.Contains(entry.PhoneNumber, strings.TrimPrefix(number, "+")) {
			t.Errorf("%+v tells the number", entry)
		}
	}
	for id, count := range seen {
		if count != 1 && wanted[id] != "" {
			t.Errorf("%s is there %d times", wanted[id], count)
		}
	}
}

// The figures tell messages, connections, the log, the disk and the webhooks; the
// log tells who comes and goes; what waits is in no histogram of latencies.
func TestFigures(t *testing.T) {
	g := start(t)
	phone, number := g.linked("default", nil)
	r := newReceiver(t)
	g.register(r, "message")
	r.fail(func(int) int { return 500 })
	friend, friendly := newPhone(t, nil)
	write(t, friend, number, "in")
	g.event("message", "text", "in")
	sent := g.do("POST", messages, object{"to": friendly, "text": "out"}).want(202)
	g.event("message.sent", "message_id", sent.text("id"))
	version := g.do("GET", "/v1/sessions/default", nil).get("version").(float64)
	before := g.scrape("/metrics")
	g.do("GET", "/v1/events?after=now&wait=1s&type=nothing", nil).want(200)
	g.do("GET", "/v1/sessions/default?wait=1s&version="+itoa(version), nil).want(200)
	after := g.scrape("/metrics")
	slow := regexp.MustCompile(`(?m)^gateway_http_request_seconds_count\{route="/v1/(?:events|sessions/\{id\})"\} .*$`)
	if a, b := slow.FindAllString(before, -1), slow.FindAllString(after, -1); len(a) == 0 || strings.Join(a, "\n") != strings.Join(b, "\n") {
		t.Errorf("%v, then %v", a, b)
	}
	for _, wanted := range []string{
		`gateway_messages_total\{outcome="received"\} 1`, `gateway_messages_total\{outcome="sent"\} 1`, `gateway_session_connects_total [1-9]`,
		`gateway_events_oldest_age_seconds [0-9.e+-]+`, `gateway_events_kept [1-9]`, `gateway_disk_free_bytes [1-9]`, `gateway_disk_size_bytes [1-9]`, `gateway_data_bytes [1-9]`,
		`gateway_webhook_lag_seconds\{webhook="[0-9a-f]+"\} [0-9.e+-]+`,
	} {
		if !regexp.MustCompile(`(?m)^` + wanted).MatchString(after) {
			t.Errorf("%s is not in the figures:\n%s", wanted, after)
		}
	}
	if err := phone.UnlinkAll(limited(t)); err != nil {
		t.Fatal(err)
	}
	g.state("default", "logged_out")
	if !strings.Contains(g.scrape("/metrics"), `gateway_session_unlinks_total{reason="by_phone"} 1`) {
		t.Error("the unlinking is not counted")
	}
	for _, wanted := range []string{`"a session is connected","session":"default"`, `"a session was unlinked","session":"default","reason":"by_phone"`} {
		if !strings.Contains(g.logs.String(), wanted) {
			t.Errorf("%s is not in the log", wanted)
		}
	}
}

// metric gives the value of a figure that has no labels.
func (g *gateway) metric(name string) float64 {
	g.t.Helper()
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(g.scrape("/metrics"))
	if found == nil {
		g.t.Fatalf("there is no %s", name)
	}
	value, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		g.t.Fatal(err)
	}
	return value
}
