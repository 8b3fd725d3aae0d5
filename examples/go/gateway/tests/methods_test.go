package tests

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/libwa/libwa/bindings/go/watest"
	"github.com/libwa/libwa/examples/go/gateway/internal/reference"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

const methods = "/v1/sessions/default/methods/"

// Every method of the library is in the document, with its parameters and what
// it gives; the two that are not have routes of another form.
func TestEveryMethodHasARoute(t *testing.T) {
	tables, err := reference.Read()
	if err != nil {
		t.Fatal(err)
	}
	d, err := theDocument()
	if err != nil {
		t.Fatal(err)
	}
	paths, schemas := d.root["paths"].(object), d.root["components"].(object)["schemas"].(object)
	others := map[string][2]string{"session.erase": {"/v1/sessions/{id}", "delete"}, "session.list": {"/v1/sessions", "get"}}
	if len(tables.Methods) < 30 {
		t.Errorf("only %d methods", len(tables.Methods))
	}
	for _, method := range tables.Methods {
		if other, is := others[method.Name]; is {
			if paths[other[0]].(object)[other[1]] == nil {
				t.Errorf("%s: there is no %v", method.Name, other)
			}
			continue
		}
		path, found := paths["/v1/sessions/{id}/methods/"+method.Name].(object)
		if !found {
			t.Errorf("%s has no route", method.Name)
			continue
		}
		operation := path["post"].(object)
		body := operation["requestBody"].(object)["content"].(object)["application/json"].(object)["schema"].(object)["$ref"].(string)
		properties, _ := schemas[body[strings.LastIndex(body, "/")+1:]].(object)["properties"].(object)
		for _, param := range method.Params {
			if _, found := properties[param.Name]; found == (method.Sends() && param.Name == "message_id") {
				t.Errorf("%s: %s", method.Name, param.Name)
			}
		}
		status := "200"
		if method.Sends() {
			status = "202"
		}
		if operation["responses"].(object)[status] == nil {
			t.Errorf("%s: there is no answer %s", method.Name, status)
		}
	}
	for _, name := range []string{"Event", "MessageEvent", "ReceiptEvent", "GroupUpdateEvent", "CallEvent", "SessionStateEvent", "MessageSentEvent", "OtherEvent"} {
		if schemas[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
}

// hears waits until a phone has heard something, and gives it.
func (g *gateway) hears(phone *watest.Phone, what string) string {
	g.t.Helper()
	var text []byte
	_, err := phone.WaitAllHeard(limited(g.t), func(all []watest.Heard) bool {
		text, _ = json.Marshal(all)
		return strings.Contains(string(text), what)
	})
	if err != nil {
		g.t.Fatalf("the phone has not heard %s: %s: %v", what, text, err)
	}
	return string(text)
}

// All kinds of messages are accepted as texts are, sent in their order, and
// reported on.
func TestMethodsThatSend(t *testing.T) {
	g := start(t)
	g.linked("default", nil)
	friend, number := newPhone(t, watest.Switches{"echoes": true})
	first := g.do("POST", messages, object{"to": number, "text": "first"}).want(202).text("id")
	g.event("message.sent", "message_id", first)
	echo := g.event("message", "text", "first")

	sends := []struct {
		method string
		params object
		heard  string
	}{
		{"message.send", object{"chat": number, "text": "hello", "quote": object{"message_id": echo["message_id"], "sender": number, "text": "first"}}, "hello"},
		{"message.edit", object{"chat": number, "target": first, "text": "first, edited"}, "first, edited"},
		{"message.react", object{"chat": number, "target": echo["message_id"], "emoji": "\u2764"}, "\u2764"},
		{"location.send", object{"chat": number, "latitude": 52.5, "longitude": 13, "name": "Here"}, "location"},
		{"contact.send", object{"chat": number, "contacts": []object{{"name": "Grace", "vcard": "BEGIN:VCARD\nVERSION:3.0\nFN:Grace\nEND:VCARD"}}}, "contact"},
		{"poll.send", object{"chat": number, "question": "Tea?", "options": []string{"yes", "no"}, "selectable": 1.0}, "poll"},
		{"message.delete", object{"chat": number, "target": first}, "delete"},
	}
	ids := map[string]string{}
	for _, send := range sends {
		answer := g.do("POST", methods+send.method, send.params).want(202).is("status", "accepted").is("session", "default")
		ids[send.method] = answer.text("id")
	}
	for _, send := range sends {
		sent := g.event("message.sent", "message_id", ids[send.method])
		if sent["chat"] != friend.Number+"@s.whatsapp.net" {
			t.Errorf("%s went to %v", send.method, sent["chat"])
		}
		if heard := g.hears(friend, ids[send.method]); !strings.Contains(heard, send.heard) {
			t.Errorf("%s: there is no %s in %s", send.method, send.heard, heard)
		}
	}
	if failed := g.events("type=message.failed"); len(failed) > 0 {
		t.Errorf("%v", failed)
	}
	// What no method sends can be given as it is: here Message{conversation: "raw"}.
	raw := g.do("POST", messages, object{"to": number, "protobuf": "CgNyYXc="}).want(202).text("id")
	g.event("message.sent", "message_id", raw)
	if heard := g.hears(friend, raw); !strings.Contains(heard, `"text":"raw"`) {
		t.Errorf("the friend has %s", heard)
	}
	// An Idempotency-Key goes for all of them, and for the call by name.
	key, poll := header{"Idempotency-Key", "poll-1"}, object{"chat": number, "question": "Again?", "options": []string{"a", "b"}}
	taken := g.do("POST", methods+"poll.send", poll, key).want(202).text("id")
	again := g.do("POST", "/v1/sessions/default/call", object{"method": "poll.send", "params": poll}, key).want(202).is("id", taken)
	if again.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("it is a repetition")
	}
	g.event("message.sent", "message_id", taken)
}

// What asks or changes something is answered with what the library gives.
func TestMethodsThatAnswer(t *testing.T) {
	g := start(t)
	g.do("POST", methods+"group.list", nil).want(409).is("code", "not_linked")
	g.do("POST", methods+"server.ping", nil).want(409).is("code", "not_linked")
	g.do("POST", methods+"session.status", object{}).want(200).is("linked", false)
	phone, _ := g.linked("default", nil)
	friend, number := newPhone(t, watest.Switches{"echoes": true})
	g.do("POST", methods+"session.status", nil).want(200).is("linked", true).is("phone", phone.Number)

	checked := g.do("POST", methods+"contacts.check", object{"numbers": []string{"+1 (555) " + friend.Number[4:], "+15559999999"}}).want(200)
	contacts := checked.get("contacts").([]any)
	if len(contacts) != 2 || contacts[0].(object)["registered"] != true || contacts[1].(object)["registered"] != false {
		t.Errorf("%v", contacts)
	}
	made := g.do("POST", methods+"group.create", object{"subject": "Tea", "members": []string{number}}).want(200)
	group := made.text("chat")
	g.do("POST", methods+"group.subject", object{"chat": group, "subject": "Coffee"}).want(200)
	g.do("POST", methods+"group.settings", object{"chat": group, "announcement": true}).want(200)
	g.do("POST", methods+"group.info", object{"chat": group}).want(200).is("subject", "Coffee").is("announcement", true).is("size", 2.0)
	g.do("POST", methods+"group.settings", object{"chat": group, "announcement": false}).want(200)
	g.do("POST", methods+"group.info", object{"chat": group}).want(200).is("announcement", false)
	if members := g.do("POST", methods+"group.promote", object{"chat": group, "members": []string{number}}).want(200).get("members").([]any); len(members) != 1 {
		t.Errorf("%v", members)
	}
	if groups := g.do("POST", "/v1/sessions/default/call", object{"method": "group.list"}).want(200).get("groups").([]any); len(groups) != 1 {
		t.Errorf("%v", groups)
	}
	g.do("POST", methods+"presence.set", object{"available": true}).want(200)
	g.do("POST", methods+"presence.subscribe", object{"user": number}).want(200)
	g.do("POST", methods+"chat.activity", object{"chat": number, "activity": "typing"}).want(200)
	sent := g.do("POST", messages, object{"to": number, "text": "hello"}).want(202).text("id")
	g.event("message.sent", "message_id", sent)
	echo := g.event("message", "text", "hello")
	g.do("POST", methods+"message.read", object{"chat": echo["chat"], "message_ids": []any{echo["message_id"]}}).want(200)
	g.do("POST", methods+"restrictions.get", nil).want(200).is("time_locked", false)
	if g.do("POST", methods+"server.ping", nil).want(200).get("round_trip_ms") == nil {
		t.Error("there is no time")
	}
}

// A wrong call is refused at once, and by name: nothing is accepted to fail
// later.
func TestWrongCalls(t *testing.T) {
	g := start(t)
	g.linked("default", nil)
	const to = "+15551234567"
	long := strings.Repeat("x", 70000)
	for _, w := range []struct {
		method       string
		params       object
		status       int
		code, reason string
	}{
		{"message.edit", object{"chat": to, "target": "A"}, 400, "field_missing", "text"},
		{"message.edit", object{"chat": to, "target": "A", "text": "x", "colour": "red"}, 400, "field_unknown", ""},
		{"message.edit", object{"chat": to, "target": 7, "text": "x"}, 400, "field_type", "target"},
		{"message.edit", object{"chat": to, "target": "A", "text": nil}, 400, "field_type", ""},
		{"message.edit", object{"chat": to, "target": "A", "text": "x", "message_id": "B"}, 400, "field_unknown", ""},
		{"poll.send", object{"chat": to, "question": "?", "options": []string{"a", "b"}, "selectable": 1.5}, 400, "field_type", "selectable"},
		{"poll.send", object{"chat": to, "question": "?", "options": "a"}, 400, "field_type", "options"},
		{"contact.send", object{"chat": to, "contacts": []string{"a"}}, 400, "field_type", "contacts"},
		{"message.send", object{"chat": to, "text": "x", "quote": "A"}, 400, "field_type", "quote"},

		{"poll.send", object{"chat": to, "question": "?", "options": []string{"a"}}, 422, "invalid_message", ""},
		{"poll.send", object{"chat": to, "question": "?", "options": []string{"a", "a"}}, 422, "invalid_message", ""},
		{"location.send", object{"chat": to, "latitude": 91, "longitude": 0}, 422, "invalid_message", ""},
		{"contact.send", object{"chat": to, "contacts": []object{{"name": "x"}}}, 422, "invalid_message", ""},
		{"message.edit", object{"chat": to, "target": "A", "text": ""}, 422, "", ""},
		{"message.edit", object{"chat": to, "target": "A", "text": long}, 422, "", ""},
		{"chat.activity", object{"chat": to, "activity": "dancing"}, 422, "invalid_parameter", ""},
		{"message.edit", object{"chat": "Ada", "target": "A", "text": "x"}, 422, "phone_number_invalid", "not_digits"},
		{"message.edit", object{"chat": "+44 (0)20 7946 0018", "target": "A", "text": "x"}, 422, "phone_number_invalid", "trunk_prefix"},
		{"contacts.check", object{"numbers": []string{"015551234567"}}, 422, "phone_number_invalid", "missing_country_code"},
		{"message.react", object{"chat": to, "target": "A", "emoji": "x", "sender": "Ada"}, 422, "phone_number_invalid", "not_digits"},
		{"message.send", object{"chat": to, "text": "x", "mentions": []string{"Ada"}}, 422, "phone_number_invalid", "not_digits"},
		{"message.send", object{"chat": to, "text": "x", "quote": object{"message_id": "A", "sender": "Ada", "text": ""}}, 422, "phone_number_invalid", "not_digits"},
		{"presence.subscribe", object{"user": "a@evil.example"}, 422, "recipient_invalid", ""},
		{"group.info", object{"chat": "1234@newsletter"}, 422, "recipient_unsupported", ""},
		{"chat.activity", object{"chat": "status@broadcast", "activity": "typing"}, 422, "recipient_unsupported", ""},
		{"message.send", object{"chat": "status@broadcast", "text": "x"}, 422, "recipient_unsupported", ""},
	} {
		a := g.do("POST", methods+w.method, w.params).want(w.status)
		if w.code != "" {
			a.is("code", w.code)
		}
		if w.reason != "" {
			a.is("reason", w.reason)
		}
		g.do("POST", "/v1/sessions/default/call", object{"method": w.method, "params": w.params}).want(w.status)
	}
	for body, code := range map[string]string{
		`{"method":"session.erase"}`: "method_reserved", `{"method":"session.list"}`: "method_reserved", `{"method":"no.such"}`: "method_unknown", `{}`: "method_unknown",
	} {
		g.do("POST", "/v1/sessions/default/call", body).want(422).is("code", code)
	}
	for path, hint := range map[string]string{"methods/group.lists": "Near to it: group.list.", "methods/x": "has no method \"x\""} {
		if a := g.do("POST", "/v1/sessions/default/"+path, object{}).want(404).is("code", "path_unknown"); !strings.Contains(a.text("detail"), hint) {
			t.Error(a.text("detail"))
		}
	}
	for path, fields := range map[string]string{"methods/group.leave": "the request takes chat.", "methods/group.list": "takes none", "messages": "text, "} {
		if a := g.do("POST", "/v1/sessions/default/"+path, object{"colour": "red"}).want(400).is("code", "field_unknown"); !strings.Contains(a.text("detail"), fields) {
			t.Error(a.text("detail"))
		}
	}
	g.do("POST", messages, object{"to": to, "protobuf": "/////w=="}).want(422).is("code", "invalid_message")
	g.do("POST", messages, object{"to": to, "protobuf": "no base64"}).want(400).is("reason", "protobuf")
	g.do("POST", messages, object{"to": to, "text": "x", "protobuf": "CgNyYXc="}).want(422).is("code", "message_ambiguous")
	g.do("POST", "/v1/sessions/default/call", `{"method":"group.list","params":[]}`).want(400).is("code", "field_type")
	for _, to := range []string{"status@broadcast", "120363000000000001@newsletter", "1234@broadcast"} {
		g.do("POST", messages, object{"to": to, "text": "x"}).want(422).is("code", "recipient_unsupported")
	}
	if all := append(g.events("type=message.failed"), g.events("type=message.sent")...); len(all) > 0 {
		t.Errorf("something was accepted: %v", all)
	}
}

// The list of sessions comes in parts, and has only those of the token.
func TestSessionListIsPaged(t *testing.T) {
	folder := t.TempDir()
	some := newToken(t, folder, []tokens.Scope{tokens.Pair}, "shop-*")
	g := startIn(t, folder)
	for i := range 5 {
		g.do("POST", "/v1/sessions", object{"id": fmt.Sprintf("shop-%d", i)}).want(201)
	}
	pages := func(g *gateway, limit string) (names, all []string) {
		query := "?limit=" + limit
		for {
			page := g.do("GET", "/v1/sessions"+query, nil).want(200)
			list := page.get("sessions").([]any)
			for _, one := range list {
				names = append(names, one.(object)["id"].(string))
			}
			all = append(all, strconv.Itoa(len(list)))
			if page.text("next") == "" {
				return names, all
			}
			query = "?limit=" + limit + "&after=" + page.text("next")
		}
	}
	for _, c := range []struct {
		g                   *gateway
		limit, names, sizes string
	}{
		{g, "4", "default shop-0 shop-1 shop-2 shop-3 shop-4", "4 2"},
		{g, "3", "default shop-0 shop-1 shop-2 shop-3 shop-4", "3 3"},
		{g, "100", "default shop-0 shop-1 shop-2 shop-3 shop-4", "6"},
		{g.as(some), "2", "shop-0 shop-1 shop-2 shop-3 shop-4", "2 2 1"},
	} {
		names, sizes := pages(c.g, c.limit)
		if strings.Join(names, " ") != c.names || strings.Join(sizes, " ") != c.sizes {
			t.Errorf("%s at a time: %v in parts of %v", c.limit, names, sizes)
		}
	}
	g.do("GET", "/v1/sessions?limit=1001", nil).want(400).is("reason", "limit")
	g.do("GET", "/v1/sessions?after="+strings.Repeat("x", 65), nil).want(400).is("reason", "after")
}
