package libwa

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// reachedOtherwise are functions that are not called, since Go has what they
// give from elsewhere.
var reachedOtherwise = map[string]string{
	"wa_error_name": "Error.Status.Name",
	"wa_event_name": "EventInfo.Type",
}

// accessorFields are the accessors whose field has another name than their
// own, by the event type; the others are found by their names.
var accessorFields = map[string]string{
	"connection is_final":       "IsFinal",
	"connection retry_after_ms": "RetryIn",
	"restricted expires_at_ms":  "EndsAt",
	"restricted reason":         "Kind",
}

var (
	declaration = regexp.MustCompile(`(?m)^(?:WA_MUST_USE\s+)?[a-z_0-9]+(?: [a-z_0-9]+)* \*?(wa_\w+)\(`)
	documented  = regexp.MustCompile(`(?s)Event types: ((?:[^\n]|\n \* )*?)\n \*\n(?:[^*]|\*[^/])*?\*/\s*[^/;(]*?(wa_\w+)\(`)
	parentheses = regexp.MustCompile(`\([^)]*\)`)
)

// TestEveryFunctionIsReachable reads wa.h: every function is called by this
// package, or is an accessor of event fields that the event types have.
func TestEveryFunctionIsReachable(t *testing.T) {
	header := read(t, filepath.Join("..", "..", "include", "wa.h"))
	called := read(t, "glue.h")
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			called += read(t, file)
		}
	}
	names := declaration.FindAllStringSubmatch(header, -1)
	symbols := strings.Fields(read(t, filepath.Join("..", "..", "include", "wa.symbols")))
	if len(names) != len(symbols) {
		t.Fatalf("found %d functions in wa.h, and the library exports %d", len(names), len(symbols))
	}
	accessors := served(header)
	for _, name := range names {
		function := name[1]
		if regexp.MustCompile(`\b` + function + `\(`).MatchString(called) {
			continue
		}
		if reachedOtherwise[function] != "" {
			continue
		}
		types := accessors[function]
		if types == nil {
			t.Errorf("%s is not called from Go, and wa.h does not say which event types it serves", function)
		}
		for _, kind := range types {
			checkField(t, strings.TrimPrefix(function, "wa_event_"), kind)
		}
	}
}

// served gives the event types that the header says an accessor serves.
func served(header string) map[string][]string {
	all := map[string][]string{}
	for _, match := range documented.FindAllStringSubmatch(header, -1) {
		list := parentheses.ReplaceAllString(strings.ReplaceAll(match[1], "\n * ", " "), "")
		list, _, _ = strings.Cut(list, ";")
		for kind := range strings.SplitSeq(strings.TrimSuffix(list, "."), ",") {
			all[match[2]] = append(all[match[2]], strings.TrimSpace(kind))
		}
	}
	return all
}

// checkField looks for the field of an event type that an accessor gives.
func checkField(t *testing.T, accessor, kind string) {
	event := eventOfType(kind)
	if event == nil {
		t.Errorf("%s serves %q, which is no event type", accessor, kind)
		return
	}
	_, last, _ := strings.Cut(accessor, "_")
	wanted := []string{goName(accessor), goName(last), accessorFields[kind+" "+accessor]}
	for _, field := range reflect.VisibleFields(reflect.TypeOf(event).Elem()) {
		if field.IsExported() && slices.Contains(wanted, field.Name) {
			return
		}
	}
	t.Errorf("no field of %T is what wa_event_%s gives; if it has another name, add it to accessorFields", event, accessor)
}

// eventOfType makes an event by its dotted name.
func eventOfType(kind string) Event {
	for number := range uint32(1000) {
		if event := newEvent(number); event != nil {
			name := strings.TrimPrefix(reflect.TypeOf(event).String(), "*libwa.")
			if strings.EqualFold(name, strings.NewReplacer(".", "", "_", "").Replace(kind)) {
				return event
			}
		}
	}
	return nil
}

// goName is how the name of a field is written in Go, without its unit.
func goName(name string) string {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "is_"), "_ms")
	var words strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		if slices.Contains([]string{"jid", "qr", "id", "lid", "url"}, word) {
			words.WriteString(strings.ToUpper(word))
		} else if word != "" {
			words.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return words.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestWhatSendsIsKnown reads wa.h: every function that hands over a message, and
// every such method, ends when the connection is given up.
func TestWhatSendsIsKnown(t *testing.T) {
	header := read(t, filepath.Join("..", "..", "include", "wa.h"))
	found := 0
	for _, name := range declaration.FindAllStringSubmatch(header, -1) {
		if !strings.HasPrefix(name[1], "wa_send_") {
			continue
		}
		found++
		if op := camel(strings.TrimPrefix(name[1], "wa_")); !sends(op) {
			t.Errorf("%s hands over a message: add %s to sends", name[1], op)
		}
	}
	if found == 0 || !sends("message.send") || !sends("poll.vote") || sends("message.read") || sends("session.status") {
		t.Errorf("%d functions, and the methods %v", found, sendingMethods())
	}
}
