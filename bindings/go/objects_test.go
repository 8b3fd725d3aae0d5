package libwa_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/bindings/go/watest"
)

// Objects within an array have types, and are the same as those that are asked
// for alone.
func TestObjectsHaveTypes(t *testing.T) {
	phone, member := newPhone(t, nil), newPhone(t, nil)
	client := open(t)
	pair(t, client, phone)
	ctx := limited(t)
	made, err := client.GroupCreate(ctx, libwa.GroupCreateParams{Subject: "Objects", Members: []string{member.Number, "15559999999"}})
	if err != nil {
		t.Fatal(err)
	}
	ranks := map[string]string{}
	for _, one := range made.Members {
		ranks[one.Phone] = one.Rank
	}
	if !reflect.DeepEqual(ranks, map[string]string{phone.Number: "super_admin", member.Number: "member"}) {
		t.Errorf("%+v", made.Members)
	}
	if len(made.NotAdded) != 1 || made.NotAdded[0].Outcome != "not_found" || made.NotAdded[0].Code == nil || made.NotAdded[0].JID == "" {
		t.Errorf("%+v", made.NotAdded)
	}
	alone, err := client.GroupInfo(ctx, libwa.GroupInfoParams{Chat: made.Chat})
	if err != nil {
		t.Fatal(err)
	}
	all, err := client.GroupList(ctx)
	if err != nil || len(all.Groups) != 1 || !reflect.DeepEqual(all.Groups[0], alone) || alone.CreatedAt.IsZero() {
		t.Errorf("%v: %+v, not %+v", err, all.Groups, alone)
	}
	var called libwa.GroupInfoResult
	if err := client.Call(ctx, "group.info", map[string]any{"chat": made.Chat}, &called); err != nil || !reflect.DeepEqual(called, alone) {
		t.Errorf("%v: %+v, not %+v", err, called, alone)
	}
	// Kept as JSON, nothing of it is lost.
	var kept libwa.GroupInfoResult
	text, err := json.Marshal(alone)
	if err != nil || json.Unmarshal(text, &kept) != nil || !kept.CreatedAt.Equal(alone.CreatedAt) || !reflect.DeepEqual(kept.Members, alone.Members) {
		t.Errorf("%v: %+v, not %+v", err, kept, alone)
	}
	added, err := client.GroupAdd(ctx, libwa.GroupAddParams{Chat: made.Chat, Members: []string{member.Number}})
	if err != nil || len(added.Members) != 1 || added.Members[0].Outcome != "already_so" {
		t.Errorf("%+v, %v", added, err)
	}
	checked, err := client.ContactsCheck(ctx, libwa.ContactsCheckParams{Numbers: []string{member.Number, "15559999999"}})
	if err != nil || len(checked.Contacts) != 2 || !checked.Contacts[0].Registered || checked.Contacts[0].JID == "" || checked.Contacts[1] != (libwa.CheckedContact{Number: "15559999999"}) {
		t.Errorf("%+v, %v", checked, err)
	}
}

// An answer says which message it is to.
func TestQuotedMessage(t *testing.T) {
	phone, friend := newPhone(t, nil), newPhone(t, nil)
	client := open(t)
	pair(t, client, phone)
	ctx := limited(t)
	sent, err := client.SendText(ctx, friend.Number, "question", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := friend.WaitHeard(ctx, func(heard watest.Heard) bool { return heard.ID == sent.MessageID }); err != nil {
		t.Fatal(err)
	}
	quote := map[string]any{"id": sent.MessageID, "from": phone.Number, "text": "question"}
	path := "/phones/" + friend.Number + "/send"
	for _, answer := range []map[string]any{{"to": phone.Number, "text": "answer", "quote": quote}, {"to": phone.Number, "text": "no answer"}} {
		if err := sim.Do(ctx, "POST", path, answer, nil); err != nil {
			t.Fatal(err)
		}
		message := await[*libwa.Message](t, client)
		switch quoted := message.Quoted; {
		case answer["quote"] == nil && quoted != nil:
			t.Errorf("%+v", quoted)
		case answer["quote"] != nil && (quoted == nil || quoted.MessageID != sent.MessageID || !quoted.FromMe || quoted.Text != "question"):
			t.Errorf("%+v", quoted)
		}
	}
}
