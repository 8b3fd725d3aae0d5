package api

import (
	"encoding/json"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/reference"
)

// unknownField refuses a field, and names those that there are.
func unknownField(name string, known []string) error {
	text := "takes none"
	if len(known) > 0 {
		text = "takes " + strings.Join(known, ", ")
	}
	return problem.Newf(http.StatusBadRequest, "field_unknown", "There is no field %q here; the request %s.", name, text).Because(name)
}

// unknownIn is unknownField for a body of a type, nil if the field is not one of
// the body itself: a field deeper within has others beside it.
func unknownIn(body []byte, name string, of reflect.Type) error {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields[name] == nil || of.Kind() != reflect.Struct {
		return nil
	}
	var known []string
	for _, field := range reflect.VisibleFields(of) {
		if tag, _, _ := strings.Cut(field.Tag.Get("json"), ","); field.IsExported() && tag != "" && tag != "-" {
			known = append(known, tag)
		}
	}
	return unknownField(name, known)
}

// unknownMethod refuses a method that the library does not have, and names those
// that its name is near to.
func unknownMethod(status int, code, name string, tables *reference.Tables) error {
	var all []string
	for _, row := range tables.Methods {
		if reserved[row.Name] == "" {
			all = append(all, row.Name)
		}
	}
	hint := ""
	if found := near(name, all); len(found) > 0 {
		hint = " Near to it: " + strings.Join(found, ", ") + "."
	}
	return problem.Newf(status, code, "The library has no method %q.%s /openapi.json lists all there are.", name, hint)
}

// methodOf returns the method that a path names, empty for another path.
func methodOf(of string) string {
	if named, err := path.Match(strings.Replace(methodsBase, "{id}", "*", 1)+"?*", of); err == nil && named {
		return path.Base(of)
	}
	return ""
}

// nearMost is how many names are told.
const nearMost = 3

// near returns the names that are most like a name, the nearest first.
func near(name string, all []string) []string {
	name = strings.ToLower(name)
	limit := max(2, len(name)/3)
	distances := map[string]int{}
	for _, one := range all {
		if _, last, _ := strings.Cut(one, "."); last == name {
			distances[one] = 0
		} else if d := distance(name, one); d <= limit {
			distances[one] = d
		}
	}
	found := slices.DeleteFunc(slices.Clone(all), func(one string) bool { _, is := distances[one]; return !is })
	slices.SortStableFunc(found, func(a, b string) int { return distances[a] - distances[b] })
	return found[:min(len(found), nearMost)]
}

// distance counts the letters that have to be put in, left out or exchanged to
// make one name of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
