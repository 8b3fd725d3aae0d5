package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
)

// wholeText refuses a body with text that is no Unicode: half of a surrogate pair,
// or bytes that are no UTF-8. Go's decoder would put U+FFFD in its place.
func wholeText(body []byte) error {
	if whole(body) {
		return nil
	}
	path, found := broken(body)
	if !found || path == "" {
		return problem.New(http.StatusBadRequest, "text_invalid", "The body holds a name that is no Unicode text: half of a surrogate pair, or bytes that are no UTF-8.")
	}
	return problem.Newf(http.StatusBadRequest, "text_invalid", "The field %q is no Unicode text: it holds half of a surrogate pair, or bytes that are no UTF-8.", path).Because(path)
}

// whole says whether all strings in JSON are Unicode.
func whole(text []byte) bool {
	if !utf8.Valid(text) {
		return false
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		unit, is := escaped(text[i:])
		switch {
		case !is:
			i++ // what follows belongs to it
		case !utf16.IsSurrogate(unit):
			i += 5
		default:
			second, paired := escaped(text[min(i+6, len(text)):])
			if !paired || utf16.DecodeRune(unit, second) == utf8.RuneError {
				return false
			}
			i += 11
		}
	}
	return true
}

// escaped reads an escape of the form \uXXXX.
func escaped(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(unit), err == nil
}

// broken finds a string that is no Unicode, and gives the names that lead to it;
// none if it is a name itself.
func broken(text json.RawMessage) (path string, found bool) {
	if whole(text) {
		return "", false
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) == nil {
		for name, field := range fields {
			if inner, found := broken(field); found {
				if inner != "" {
					name += "." + inner
				}
				return name, true
			}
		}
		return "", true
	}
	var items []json.RawMessage
	if json.Unmarshal(text, &items) == nil {
		for n, item := range items {
			if inner, found := broken(item); found {
				path = strconv.Itoa(n)
				if inner != "" {
					path += "." + inner
				}
				return path, true
			}
		}
	}
	return "", true
}
