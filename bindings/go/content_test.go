package libwa

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
	"time"
)

// typed makes the content of a message of its kind and its JSON.
func typed(kind, content string) MessageContent {
	event := &Message{Kind: kind, Content: json.RawMessage(content)}
	return event.TypedContent()
}

// Every example that the library was tested with has its type, and what stands
// in its JSON stands in it.
func TestTypedContents(t *testing.T) {
	file, err := os.ReadFile("../../tests/vectors/message-contents.json")
	if err != nil {
		t.Fatal(err)
	}
	var examples []struct {
		Name, Kind string
		Content    json.RawMessage
	}
	if err := json.Unmarshal(file, &examples); err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Contents []struct {
			Name   string
			Kinds  []struct{ Name string }
			Fields []struct {
				Name     string
				Optional bool
			}
		}
	}
	if err := json.Unmarshal(Reference(), &reference); err != nil {
		t.Fatal(err)
	}
	types, needed := map[string]string{}, map[string][]string{}
	for _, row := range reference.Contents {
		for _, kind := range row.Kinds {
			types[kind.Name] = row.Name
		}
		for _, field := range row.Fields {
			if !field.Optional {
				needed[row.Name] = append(needed[row.Name], field.Name)
			}
		}
	}
	seen := map[string]bool{}
	for _, example := range examples {
		wanted := types[example.Kind]
		if !hasKeys(string(example.Content), needed[wanted]) {
			wanted = "OtherContent"
		}
		content := typed(example.Kind, string(example.Content))
		name := reflect.TypeOf(content).Elem().Name()
		if name != wanted {
			t.Errorf("%s: %s, not %s", example.Name, name, wanted)
		}
		var keys map[string]any
		if err := json.Unmarshal(example.Content, &keys); err != nil {
			t.Fatal(err)
		}
		for key, value := range keys {
			if list, ok := value.([]any); value == false || value == 0.0 || value == "" || ok && len(list) == 0 {
				delete(keys, key)
			}
		}
		if set := countSet(reflect.ValueOf(content).Elem()); name == wanted && set != len(keys) {
			t.Errorf("%s: %d fields of %+v are set, of %s", example.Name, set, content, example.Content)
		}
		seen[name] = true
	}
	for _, row := range reference.Contents {
		if !seen[row.Name] {
			t.Errorf("no example is a %s", row.Name)
		}
	}
}

// countSet counts the fields that say something: empty lists do not.
func countSet(v reflect.Value) (set int) {
	for i := range v.NumField() {
		switch field := v.Field(i); {
		case v.Type().Field(i).Anonymous:
			set += countSet(field)
		case !field.IsZero() && (field.Kind() != reflect.Slice || field.Len() > 0):
			set++
		}
	}
	return set
}

func TestContents(t *testing.T) {
	vote, _ := typed("poll_vote", `{"selected":["red"],"target":{"message_id":"A","from_me":true,"sender":"1@lid","sender_phone":null}}`).(*PollVoteContent)
	if vote == nil || !reflect.DeepEqual(vote.Selected, []string{"red"}) || vote.Common() != &vote.CommonContent ||
		*vote.Target != (MessageTarget{MessageID: "A", FromMe: true, Sender: "1@lid"}) {
		t.Errorf("%+v", vote)
	}
	for content, wanted := range map[string][]string{`{"selected":[]}`: {}, `{}`: nil} {
		if vote, _ := typed("poll_vote", content).(*PollVoteContent); vote == nil || !reflect.DeepEqual(vote.Selected, wanted) {
			t.Errorf("%s: %#v", content, vote)
		}
	}
	image, _ := typed("image", `{"media":"image","width":640,"view_once":true,"expires_in_s":60}`).(*ImageContent)
	if image == nil || *image.Width != 640 || image.Height != nil || !image.ViewOnce || *image.ExpiresIn != time.Minute {
		t.Errorf("%+v", image)
	}
	place, _ := typed("location", `{"latitude":1.5,"longitude":-2,"live":false}`).(*LocationContent)
	if place == nil || place.Latitude != 1.5 || place.Longitude != -2 || place.Live {
		t.Errorf("%+v", place)
	}
	cards, _ := typed("contacts", `{"contacts":[{"name":"Ada","vcard":"BEGIN:VCARD"}]}`).(*ContactsContent)
	if cards == nil || !reflect.DeepEqual(cards.Contacts, []SharedContact{{Name: "Ada", Vcard: "BEGIN:VCARD"}}) {
		t.Errorf("%+v", cards)
	}
	event, _ := typed("event", `{"cancelled":true,"starts_at":1767225600}`).(*EventContent)
	if event == nil || !event.StartsAt.Equal(time.Unix(1_767_225_600, 0)) || !event.EndsAt.IsZero() || !event.Cancelled {
		t.Errorf("%+v", event)
	}
}

// A content that this version does not know, or that could not be read, has a
// type nevertheless.
func TestOtherContents(t *testing.T) {
	for kind, content := range map[string]string{
		"image": `{"too_large":true}`, "poll": `{"options":null,"selectable":1,"too_large":true}`,
		"of_a_later_version": `{"latitude":1.5,"too_large":true}`,
	} {
		if other, _ := typed(kind, content).(*OtherContent); other == nil || !other.TooLarge {
			t.Errorf("%s: %+v", kind, other)
		}
	}
	text, _ := typed("text", `{"later":{"than":["this"]},"link":"https://a.example"}`).(*TextContent)
	if text == nil || text.Link != "https://a.example" {
		t.Errorf("%+v", text)
	}
	for _, content := range []string{"", "null", "[]", "{", `{"link"`, `{"link":7,"target":[]}`} {
		if text, _ := typed("text", content).(*TextContent); text == nil || text.Link != "" || text.Target != nil {
			t.Errorf("%q: %+v", content, text)
		}
	}
}
