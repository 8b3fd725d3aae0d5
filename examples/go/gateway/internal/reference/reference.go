// Package reference reads the tables of the library that the gateway runs
// with: its methods and its events. Routes and schemas are made of them, so
// that a new method of the library is a new route here.
package reference

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	libwa "github.com/libwa/libwa/bindings/go"
)

// An Item is a parameter of a method, a field of its result, or a field of an
// event.
type Item struct {
	Name     string   `json:"name"`
	Kind     string   `json:"type"`
	Optional bool     `json:"optional"`
	Values   []string `json:"values"`
	Unit     string   `json:"unit"`
	Text     string   `json:"text"`

	// Fields are those of the object, or of the objects in the array, if the
	// table lists them.
	Fields []Item `json:"fields"`
}

// A Method is a row of the table of methods.
type Method struct {
	Name       string `json:"name"`
	Params     []Item `json:"params"`
	Result     []Item `json:"result"`
	NeedsLogin bool   `json:"needs_login"`
	Text       string `json:"text"`
}

// An Event is a row of the table of events.
type Event struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	Fields []Item `json:"fields"`
}

// A ContentRow is a row of the table of the contents of messages.
type ContentRow struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	Fields []Item `json:"fields"`
	Kinds  []struct {
		Name string `json:"name"`
	} `json:"kinds"`
}

// Tables are the library's.
type Tables struct {
	Methods  []Method     `json:"methods"`
	Events   []Event      `json:"events"`
	Contents []ContentRow `json:"contents"`

	// ContentFields are those that any content may have.
	ContentFields []Item `json:"content_fields"`
}

// Read returns the tables. They do not change while the program runs.
var Read = sync.OnceValues(func() (*Tables, error) {
	tables := &Tables{}
	if err := json.Unmarshal(libwa.Reference(), tables); err != nil {
		return nil, fmt.Errorf("the library's tables: %w", err)
	}
	for i := range tables.Methods {
		tables.Methods[i].Text = withoutC(tables.Methods[i].Text)
	}
	return tables, nil
})

// withoutC returns a text without the sentences that name functions of C, which
// nobody has here.
func withoutC(text string) string {
	sentences := strings.SplitAfter(text, ". ")
	return strings.TrimSpace(strings.Join(slices.DeleteFunc(sentences, func(sentence string) bool { return strings.Contains(sentence, "wa_") }), ""))
}

// messageID is the parameter with which all methods that send a message let
// the caller choose its id.
const messageID = "message_id"

// Sends says whether the method sends a message to a chat.
func (m *Method) Sends() bool {
	return m.param("chat") != nil && m.param(messageID) != nil
}

func (m *Method) param(name string) *Item {
	for i := range m.Params {
		if m.Params[i].Name == name {
			return &m.Params[i]
		}
	}
	return nil
}

// Asked returns the parameters that a caller of the gateway gives: all but the
// id of a message, which the gateway chooses.
func (m *Method) Asked() []Item {
	return slices.DeleteFunc(slices.Clone(m.Params), func(item Item) bool { return m.Sends() && item.Name == messageID })
}

// Sentence returns the first sentence of a text, without its full stop, and
// what follows it.
func Sentence(text string) (first, rest string) {
	first, rest, _ = strings.Cut(text, ". ")
	return strings.TrimSuffix(first, "."), rest
}
