package tests

import (
	"strings"
	"testing"
)

// A name that is used again shows nothing of who had it before: no event, no text,
// no delivery, no answer to a key that was used.
func TestANameUsedAgain(t *testing.T) {
	g := start(t)
	r := newReceiver(t)
	hook := g.register(r, "message")
	r.fail(func(int) int { return 500 })
	_, number := g.linked("shop", nil)
	g.linked("other", nil)
	friend, friendly := newPhone(t, nil)
	write(t, friend, number, "a secret of the first tenant")
	g.event("message", "text", "a secret of the first tenant")
	key := header{"Idempotency-Key", "order-1"}
	first := g.do("POST", "/v1/sessions/shop/messages", object{"to": friendly, "text": "hello"}, key).want(202)
	g.event("message.sent", "message_id", first.text("id"))
	g.await("a delivery that waits", func() bool { return r.tried() > 0 })
	others := len(g.events("session=other"))
	g.do("DELETE", "/v1/sessions/shop", nil).want(204)
	if left := g.events("session=shop"); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
	g.do("POST", "/v1/sessions", object{"id": "shop"}).want(201)
	phone, newNumber := newPhone(t, nil)
	enter(t, phone, g.pair("shop", newNumber), "linked")
	g.state("shop", "connected")
	token := g.do("POST", "/v1/tokens", object{"name": "second tenant", "scopes": []string{"events", "send", "pair"}, "sessions": []string{"shop"}}).want(201).text("token")
	tenant := g.as(token)
	for _, query := range []string{"", "&session=shop"} {
		all := string(tenant.do("GET", "/v1/events?limit=1000"+query, nil).want(200).is("gap", nil).Body)
		if strings.Contains(all, "secret") || strings.Contains(all, friend.Number) || strings.Contains(all, strings.TrimPrefix(number, "+")) {
			t.Errorf("the second tenant reads %s", all)
		}
	}
	if now := len(g.events("session=other")); now < others {
		t.Errorf("another session has %d events of %d", now, others)
	}
	again := g.do("POST", "/v1/sessions/shop/messages", object{"to": friendly, "text": "hello"}, key).want(202)
	if again.text("id") == first.text("id") || again.Header.Get("Idempotency-Replayed") != "" {
		t.Error("a key of the first tenant is answered")
	}
	r.fail(nil)
	g.do("POST", hook+"/redeliver", nil).want(202).is("count", float64(0))
	write(t, friend, newNumber, "for the second tenant")
	g.await("the new delivery", func() bool { return len(r.all()) > 0 })
	for _, delivery := range r.all() {
		if text := delivery.body["data"].(object)["text"]; text != "for the second tenant" {
			t.Errorf("the webhook gets %v", text)
		}
	}
}

// The session default cannot be deleted; what is kept of its past can.
func TestEventsAreRemoved(t *testing.T) {
	g := start(t)
	_, number := g.linked("default", nil)
	g.linked("other", nil)
	friend, _ := newPhone(t, nil)
	write(t, friend, number, "a secret")
	g.event("message", "text", "a secret")
	g.do("DELETE", "/v1/sessions/default/events", nil).want(204)
	if left := g.events("session=default"); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
	if left := g.events("session=other"); len(left) == 0 {
		t.Error("nothing is left of another session")
	}
	g.state("default", "connected")
	write(t, friend, number, "and on")
	g.event("message", "text", "and on")
}

// A session that is loud evicts its own events, and none of the others.
func TestALoudTenant(t *testing.T) {
	g := start(t, "--events-per-session=30")
	g.linked("quiet", nil)
	_, number := g.linked("loud", nil)
	quiet := g.events("session=quiet")
	friend, _ := newPhone(t, nil)
	write(t, friend, number, numbered("text", 40)...)
	g.event("message", "text", numbered("text", 40)[39])
	if loud := g.events("session=loud"); len(loud) > 30 {
		t.Errorf("the loud one has %d events", len(loud))
	}
	if now := g.events("session=quiet"); len(now) != len(quiet) {
		t.Errorf("the quiet one has %d events of %d", len(now), len(quiet))
	}
	if e := g.stream("?after=1&session=loud").next(); e.event != "gap" {
		t.Errorf("%+v", e)
	}
	if e := g.stream("?after=1&session=quiet").next(); e.event == "gap" {
		t.Errorf("%+v", e)
	}
}

// A page of events is empty at the end only.
func TestPagesAreNotEmpty(t *testing.T) {
	g := start(t)
	_, number := g.linked("default", nil)
	friend, _ := newPhone(t, nil)
	write(t, friend, number, numbered("text", 20)...)
	g.event("message", "text", numbered("text", 20)[19])
	seen := 0
	for after := "0"; ; {
		page := g.do("GET", "/v1/events?type=message&limit=7&after="+after, nil).want(200)
		events := page.get("events").([]any)
		if seen += len(events); len(events) == 0 {
			break
		}
		after = page.text("next")
	}
	if seen != 20 {
		t.Errorf("%d of 20", seen)
	}
}

// A webhook stops when the token that made it is revoked, and says whose it was.
func TestAWebhookOfARevokedToken(t *testing.T) {
	g := start(t)
	_, number := g.linked("default", nil)
	friend, _ := newPhone(t, nil)
	made := g.do("POST", "/v1/tokens", object{"name": "a partner", "scopes": []string{"events"}}).want(201)
	r, own := newReceiver(t), newReceiver(t)
	path := g.as(made.text("token")).register(r, "message")
	g.register(own, "message")
	write(t, friend, number, "before")
	g.await("both deliveries", func() bool { return len(r.all()) == 1 && len(own.all()) == 1 })
	g.do("GET", path, nil).want(200).is("tokenId", made.text("id")).is("tokenName", "a partner").is("stopped", nil)
	g.do("DELETE", "/v1/tokens/"+made.text("id"), nil).want(204)
	g.do("GET", path, nil).want(200).is("stopped", true)
	write(t, friend, number, "after")
	g.await("the delivery to the other one", func() bool { return len(own.all()) == 2 })
	if got := r.all(); len(got) != 1 {
		t.Errorf("it gets %v", got[1:])
	}
}

// An admin of some sessions manages what is of them, and no token, webhook, dead
// letter or audit of others.
func TestAnAdminOfSomeSessions(t *testing.T) {
	g := start(t)
	for _, id := range []string{"shop-1", "other-1"} {
		g.do("POST", "/v1/sessions", object{"id": id}).want(201)
	}
	make := func(by *gateway, name string, scopes []string, sessions ...string) answer {
		return by.do("POST", "/v1/tokens", object{"name": name, "scopes": scopes, "sessions": sessions})
	}
	foreign := make(g, "foreign", []string{"events", "manage"}, "other-1").want(201)
	wide := make(g, "wide", []string{"events"}, "shop-*", "other-*").want(201)
	hook := g.as(foreign.text("token")).do("POST", "/v1/webhooks", object{"url": "https://example.com/", "sessions": []string{"other-1"}}).want(201).text("id")
	admin := make(g, "shop admin", []string{"admin"}, "shop-*").want(201)
	a := g.as(admin.text("token"))
	for _, sessions := range [][]string{{"*"}, {"other-1"}, {"shop-1", "other-*"}, {"sho*"}, {"*-1"}} {
		make(a, "mine", []string{"admin"}, sessions...).want(403).is("code", "session_forbidden")
		a.do("POST", "/v1/webhooks", object{"url": "https://example.com/", "sessions": sessions}).want(403).is("code", "session_forbidden")
	}
	a.do("POST", "/v1/tokens", object{"name": "mine", "scopes": []string{"admin"}}).want(403)
	a.do("POST", "/v1/webhooks", object{"url": "https://example.com/"}).want(403)
	own := make(a, "a shop", []string{"send", "admin"}, "shop-1", "shop-a*").want(201)
	for _, id := range []string{foreign.text("id"), wide.text("id")} {
		a.do("DELETE", "/v1/tokens/"+id, nil).want(404).is("code", "token_unknown")
	}
	list := string(a.do("GET", "/v1/tokens", nil).want(200).Body)
	for _, id := range []string{admin.text("id"), own.text("id")} {
		if !strings.Contains(list, id) {
			t.Errorf("%s is not listed: %s", id, list)
		}
	}
	for _, id := range []string{foreign.text("id"), wide.text("id"), `"*"`} {
		if strings.Contains(list, id) {
			t.Errorf("%s is listed: %s", id, list)
		}
	}
	for _, request := range [][2]string{{"GET", ""}, {"DELETE", ""}, {"POST", "/rotate-secret"}, {"GET", "/dead-letters"}, {"POST", "/redeliver"}} {
		a.do(request[0], "/v1/webhooks/"+hook+request[1], nil).want(404)
	}
	a.do("GET", "/v1/webhooks", nil).want(200)
	a.do("DELETE", "/v1/sessions/other-1", nil).want(403)
	a.do("POST", "/v1/sessions/shop-1/restart", nil).want(200)
	a.do("DELETE", "/v1/tokens/"+own.text("id"), nil).want(204)
	foreignly := g.as(foreign.text("token"))
	foreignly.do("POST", "/v1/sessions/other-1/restart", nil).want(403)
	foreignly.do("DELETE", "/v1/sessions/other-1", nil).want(204)
	var all, part string
	g.await("the audit", func() bool {
		all = string(g.do("GET", "/v1/audit?limit=1000", nil).want(200).Body)
		return strings.Contains(all, `"session_delete"`)
	})
	part = string(a.do("GET", "/v1/audit?limit=1000", nil).want(200).Body)
	for _, wanted := range []string{`"session":"shop-1"`, "done: " + own.text("id"), `"restart"`} {
		if !strings.Contains(all, wanted) || !strings.Contains(part, wanted) {
			t.Errorf("the audit does not have %s: %s", wanted, part)
		}
	}
	// What it was refused itself has its own session, or none.
	for _, foreign := range []string{"done: " + foreign.text("id"), foreign.text("id") + `","tokenName"`, hook, `"session_create","outcome":"done","session":"other-1"`} {
		if !strings.Contains(all, foreign) || strings.Contains(part, foreign) {
			t.Errorf("the audit has %s: %s", foreign, part)
		}
	}
}

// What was made for a session of a name, by that name alone, is not good for the
// next session of that name: its tokens, its streams and its webhooks. What names
// others besides loses the name, and patterns stay.
func TestWhatAFormerTenantHas(t *testing.T) {
	g := start(t)
	g.linked("shop", nil)
	g.linked("cafe", nil)
	token := func(sessions ...string) *gateway {
		return g.as(g.do("POST", "/v1/tokens", object{"name": "tenant", "scopes": []string{"events", "send", "pair"}, "sessions": sessions}).want(201).text("token"))
	}
	only, both, pattern := token("shop"), token("shop", "cafe"), token("sho*")
	gone, kept, wide := newReceiver(t), newReceiver(t), newReceiver(t)
	hook := func(by *gateway, r *receiver, sessions ...string) string {
		made := by.do("POST", "/v1/webhooks", object{"url": r.server.URL, "types": []string{"message"}, "sessions": sessions}).want(201)
		r.know(made.text("secret"))
		return made.text("id")
	}
	goneID, keptID := hook(only, gone, "shop"), hook(both, kept, "shop", "cafe")
	hook(g, wide, "sho*")
	stream := both.stream("?after=now")
	g.do("DELETE", "/v1/sessions/shop", nil).want(204)
	_, number := g.linked("shop", nil)
	friend, _ := newPhone(t, nil)
	write(t, friend, number, "a secret of the new tenant")
	g.await("the delivery to the pattern", func() bool { return len(wide.all()) == 1 })
	only.do("GET", "/v1/sessions/shop", nil).want(401)
	both.do("GET", "/v1/sessions/shop", nil).want(403)
	both.do("GET", "/v1/sessions/cafe", nil).want(200)
	both.do("GET", "/v1/events?session=shop", nil).want(403)
	if got := both.events("type=message"); len(got) > 0 {
		t.Errorf("the former tenant reads %v", got)
	}
	pattern.do("GET", "/v1/sessions/shop", nil).want(200)
	g.do("GET", "/v1/webhooks/"+goneID, nil).want(404)
	g.do("GET", "/v1/webhooks/"+keptID, nil).want(200)
	if len(gone.all())+len(kept.all()) > 0 {
		t.Errorf("the former tenant's webhooks get %v %v", gone.all(), kept.all())
	}
	for stream.lines.Scan() { // it has ended
		if strings.Contains(stream.lines.Text(), "a secret") {
			t.Errorf("the former tenant's stream gets %s", stream.lines.Text())
		}
	}
	// What is made for the new one stays.
	token("shop").do("GET", "/v1/sessions/shop", nil).want(200)
}
