package libwa

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestEventText(t *testing.T) {
	for text, wanted := range map[string]string{
		`{"type":"connection","state":"disconnected","is_final":true,"status":206,"text":"it runs twice: wa_client_connect()"}`: "connection #9: disconnected, given up, it runs twice: Client.Connect",
		`{"type":"connection","state":"online","is_final":false,"text":null}`:                                                   "connection #9: online",
		`{"type":"logged_out","reason":"account_locked","user_text":"Locked.","text":null}`:                                     "logged_out #9: account_locked, Locked.",
		`{"type":"restricted","kind":"time_lock","scope":"account","user_text":"A\n2026 level=ERROR"}`:                          "restricted #9: time_lock, account, A 2026 level=ERROR",
		`{"type":"overflow","count":3}`:                                                                         "overflow #9: count 3",
		`{"type":"pairing.code","code":"ABCD1234","display":"ABCD-1234"}`:                                       "pairing.code #9",
		`{"type":"ready","jid":"15550001234:1@s.whatsapp.net","phone":"15550001234","name":"Ada"}`:              "ready #9",
		`{"type":"message","kind":"text","chat":"15550001234@s.whatsapp.net","text":"hello","push_name":"Ada"}`: "message #9: text",
	} {
		event := &EventInfo{ID: 9, json: text}
		if event.String() != wanted || event.LogValue().String() != wanted {
			t.Errorf("%q, not %q", event, wanted)
		}
	}
}

// The text of an event shows fields that its type has, and none that names a
// person or holds a secret.
func TestShownFields(t *testing.T) {
	var reference struct {
		Events []struct {
			Name   string
			Fields []struct{ Name string }
		}
	}
	if err := json.Unmarshal(Reference(), &reference); err != nil {
		t.Fatal(err)
	}
	fields := map[string][]string{}
	for _, event := range reference.Events {
		fields[event.Name] = []string{}
		for _, field := range event.Fields {
			fields[event.Name] = append(fields[event.Name], field.Name)
		}
	}
	private := []string{
		"code", "display", "payload", "options", "jid", "lid", "phone", "chat", "chat_phone", "sender", "sender_phone", "push_name",
		"content", "raw", "quoted", "mentions", "members", "member_phones", "message_id", "message_ids", "business_name", "result",
	}
	for name, list := range shown {
		for _, field := range list {
			if !slices.Contains(fields[name], field) || slices.Contains(private, field) {
				t.Errorf("%s shows %s; its fields are %q", name, field, fields[name])
			}
		}
	}
}
