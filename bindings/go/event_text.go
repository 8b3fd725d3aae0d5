package libwa

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// shown are the fields that the text of an event shows, in this order. Fields
// that hold a code, a number, a name or what people write are not among them.
var shown = map[string][]string{
	"connection":         {"state", "is_final", "text"},
	"logged_out":         {"reason", "user_text", "text"},
	"restricted":         {"kind", "scope", "user_text"},
	"closed":             {"reason", "text"},
	"overflow":           {"count"},
	"log":                {"level", "target", "text"},
	"pairing.progress":   {"stage"},
	"pairing.expired":    {"outcome", "user_text"},
	"pairing.error":      {"outcome", "user_text", "text"},
	"pairing.passkey":    {"step"},
	"result":             {"method", "name"},
	"message":            {"kind"},
	"message.unreadable": {"reason"},
	"message.waiting":    {"reason"},
	"receipt":            {"receipt"},
	"chat.activity":      {"activity"},
	"group.update":       {"change"},
	"call":               {"stage"},
}

// said gives the values of those fields of the event that are set.
func (e *EventInfo) said(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	values := make([]string, len(fields))
	for r := (reader{rest: e.json}); r.next(); {
		if at := slices.Index(fields, r.key); at >= 0 {
			values[at] = e.value(&r)
		} else {
			r.skip()
		}
	}
	return strings.Join(slices.DeleteFunc(values, func(value string) bool { return value == "" }), ", ")
}

// value gives a field as people read it, in one line; empty for what says
// nothing.
func (e *EventInfo) value(r *reader) string {
	key := r.key
	switch r.peek() {
	case '"':
		return inOneLine(inGo(r.text()))
	case 't', 'f':
		if r.boolean() && key == "is_final" {
			return "given up"
		}
		return ""
	}
	number := r.integer()
	if number == 0 {
		return ""
	}
	return key + " " + strconv.FormatInt(number, 10)
}

// inOneLine replaces what would end a line of a log.
func inOneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text)
}
