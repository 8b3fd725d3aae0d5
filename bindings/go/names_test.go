package libwa

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestTextsSpeakGo: no text that the library gives names what only C has.
func TestTextsSpeakGo(t *testing.T) {
	for c, wanted := range map[string]string{
		"call wa_client_connect first":                  "call Client.Connect first",
		"closed by wa_client_disconnect().":             "closed by Client.Disconnect.",
		"see wa_send_text() and WA_ERROR_INVALID_UTF8":  "see Client.SendText and ErrInvalidUTF8",
		"make one with wa_queue_new; it may be NULL":    "make one with NewFleet; it may be nil",
		"WA_OK or WA_TIMEOUT":                           "StatusOK or StatusTimeout",
		"a text about nothing of the kind, nor of wawa": "a text about nothing of the kind, nor of wawa",
	} {
		if got := inGo(c); got != wanted {
			t.Errorf("%q, not %q", got, wanted)
		}
	}
	for status := range Status(1000) {
		if text := status.Error(); strings.Contains(text, "wa_") {
			t.Errorf("%d: %s", status, text)
		}
	}
	// Whatever function a text may name is one of Go.
	symbols, err := os.ReadFile(filepath.Join("..", "..", "include", "wa.symbols"))
	if err != nil {
		t.Fatal(err)
	}
	client, fleet := reflect.TypeFor[*Client](), reflect.TypeFor[*Fleet]()
	for _, symbol := range strings.Fields(string(symbols)) {
		name := inGo(symbol)
		if after, is := strings.CutPrefix(name, "Client."); is {
			if _, exists := client.MethodByName(after); !exists && !strings.Contains(symbol, "_event_") && !strings.Contains(symbol, "_error_") &&
				!strings.Contains(symbol, "_status_") {
				t.Errorf("%s is called %s, which there is not", symbol, name)
			}
		}
		if after, is := strings.CutPrefix(name, "Fleet."); is {
			if _, exists := fleet.MethodByName(after); !exists {
				t.Errorf("%s is called %s, which there is not", symbol, name)
			}
		}
	}
}
