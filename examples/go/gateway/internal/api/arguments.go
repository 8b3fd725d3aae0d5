package api

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"slices"

	"github.com/libwa/libwa/examples/go/gateway/internal/phonenumber"
	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/reference"
)

// addresses are the parameters that name people and groups, by JIDs or phone
// numbers. Their numbers are read as everywhere in the gateway.
var addresses = []string{"chat", "user", "sender", "members", "mentions"}

// arguments checks the parameters of a method against its table, and returns
// them as the library takes them.
func arguments(row *reference.Method, given map[string]json.RawMessage) (map[string]any, error) {
	asked := row.Asked()
	for name := range given {
		if !slices.ContainsFunc(asked, func(item reference.Item) bool { return item.Name == name }) {
			var known []string
			for _, item := range asked {
				known = append(known, item.Name)
			}
			return nil, unknownField(name, known)
		}
	}
	params := map[string]any{}
	for _, item := range asked {
		text, found := given[item.Name]
		if !found {
			if !item.Optional {
				return nil, problem.Newf(http.StatusBadRequest, "field_missing", "The field %q is needed.", item.Name).Because(item.Name)
			}
			continue
		}
		value, ok := valueOf(item.Kind, text)
		if !ok {
			return nil, problem.Newf(http.StatusBadRequest, "field_type", "The field %q has to be of the type %s.", item.Name, item.Kind).Because(item.Name)
		}
		value, err := addressed(item.Name, value)
		if err != nil {
			return nil, err
		}
		params[item.Name] = value
	}
	return params, nil
}

// valueOf reads a value of one of the kinds of the library's tables.
func valueOf(kind string, text json.RawMessage) (any, bool) {
	switch kind {
	case "text":
		return read[string](text)
	case "boolean":
		return read[bool](text)
	case "number":
		return read[float64](text)
	case "integer":
		// 2.0 is an integer, too.
		var n float64
		err := json.Unmarshal(text, &n)
		return int64(n), err == nil && n == math.Trunc(n) && math.Abs(n) < 1<<53
	case "array of text":
		return read[[]string](text)
	case "array of objects":
		return read[[]map[string]any](text)
	}
	return text, true
}

func read[T any](text json.RawMessage) (any, bool) {
	var value T
	if bytes.Equal(bytes.TrimSpace(text), []byte("null")) {
		return nil, false
	}
	err := json.Unmarshal(text, &value)
	return value, err == nil
}

// addressed has phone numbers in a parameter in their one form.
func addressed(name string, value any) (any, error) {
	one := chat
	switch {
	case name == "numbers":
		one = phonenumber.Parse
	case name == "quote":
		return quoted(value)
	case !slices.Contains(addresses, name):
		return value, nil
	}
	switch value := value.(type) {
	case string:
		return one(value)
	case []string:
		made := make([]string, len(value))
		for i, text := range value {
			var err error
			if made[i], err = one(text); err != nil {
				return nil, err
			}
		}
		return made, nil
	}
	return value, nil
}

// quoted is addressed for the message that a text answers.
func quoted(value any) (any, error) {
	var quote map[string]any
	text, _ := value.(json.RawMessage)
	if json.Unmarshal(text, &quote) != nil {
		return nil, problem.New(http.StatusBadRequest, "field_type", "The field \"quote\" has to be an object.").Because("quote")
	}
	if sender, ok := quote["sender"].(string); ok {
		var err error
		if quote["sender"], err = chat(sender); err != nil {
			return nil, err
		}
	}
	return quote, nil
}
