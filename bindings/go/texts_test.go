package libwa_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/libwa/libwa/bindings/go"
)

// A text that C or JSON would cut or change is refused by the name of its
// parameter, wherever in the parameters it stands.
func TestTextsThatCannotBeCarried(t *testing.T) {
	client := open(t)
	ctx := limited(t)
	for key, call := range map[string]func(bad string) error{
		"text": func(bad string) error {
			_, err := client.SendText(ctx, "15550001234", bad, "")
			return err
		},
		"chat": func(bad string) error {
			_, err := client.MessageSend(ctx, libwa.MessageSendParams{Chat: bad, Text: "x"})
			return err
		},
		"numbers": func(bad string) error {
			_, err := client.ContactsCheck(ctx, libwa.ContactsCheckParams{Numbers: []string{"15550001234", bad}})
			return err
		},
		"contacts": func(bad string) error {
			_, err := client.ContactSend(ctx, libwa.ContactSendParams{Chat: "15550001234", Contacts: []map[string]any{{"name": "Ada", "vcard": bad}}})
			return err
		},
		"quote": func(bad string) error {
			_, err := client.MessageSend(ctx, libwa.MessageSendParams{Chat: "15550001234", Text: "x", Quote: struct{ Text *string }{&bad}})
			return err
		},
		"raw": func(bad string) error {
			encoded, _ := json.Marshal(bad)
			return client.Call(ctx, "message.send", map[string]any{"raw": json.RawMessage(encoded)}, nil)
		},
		"params": func(bad string) error {
			return client.Call(ctx, "message.send", struct{ Chat string }{bad}, nil)
		},
		"method": func(bad string) error { return client.Call(ctx, bad, nil, nil) },
	} {
		for bad, wanted := range map[string]error{"a\x00b": libwa.ErrInvalidArgument, "a\xffb": libwa.ErrInvalidUTF8} {
			if key == "raw" && wanted == libwa.ErrInvalidUTF8 {
				continue // encoding/json has replaced it
			}
			var e *libwa.Error
			if err := call(bad); !errors.Is(err, wanted) || !errors.As(err, &e) || e.Key != key || e.Op == "call" {
				t.Errorf("%s %q: %v", key, bad, err)
			}
		}
	}
	if _, err := libwa.Open(libwa.WithDeviceName("a\x00b")); !errors.Is(err, libwa.ErrInvalidArgument) {
		t.Error(err)
	}
}

// Parameters without an end are refused, and end no program.
func TestParametersWithoutAnEnd(t *testing.T) {
	client := open(t)
	endless := map[string]any{}
	endless["quote"] = endless
	if err := client.Call(limited(t), "message.send", endless, nil); !errors.Is(err, libwa.ErrInvalidParameter) {
		t.Error(err)
	}
}
