package reference

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// The tables are there, and have no type of values that has no schema.
func TestTables(t *testing.T) {
	tables, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	if len(tables.Methods) < 30 || len(tables.Events) < 20 {
		t.Fatalf("%d methods, %d events", len(tables.Methods), len(tables.Events))
	}
	check := func(name string, items []Item) {
		for _, item := range items {
			if item.Text == "" || item.Kind != "json" && len(item.schema()) == 0 {
				t.Errorf("%s: %+v", name, item)
			}
		}
	}
	sending := 0
	for _, method := range tables.Methods {
		check(method.Name, slices.Concat(method.Params, method.Result))
		if method.Sends() {
			sending++
		}
	}
	for _, event := range tables.Events {
		check(event.Name, event.Fields)
	}
	if len(tables.Contents) < 20 || len(tables.ContentFields) < 5 {
		t.Fatalf("%d contents with %d fields", len(tables.Contents), len(tables.ContentFields))
	}
	for _, content := range tables.Contents {
		check(content.Name, slices.Concat(tables.ContentFields, content.Fields))
	}
	if sending < 8 {
		t.Errorf("only %d methods send", sending)
	}
}

func TestSchemas(t *testing.T) {
	items := []Item{
		{Name: "chat", Kind: "text", Text: "Where."}, {Name: "at_ms", Kind: "integer", Optional: true, Unit: "milliseconds", Text: "When."},
		{Name: "state", Kind: "text", Optional: true, Values: []string{"a", "b"}, Text: "What."}, {Name: "later", Kind: "tensor", Text: "Unknown."},
	}
	for wanted, schema := range map[string]map[string]any{
		`{"additionalProperties":false,"properties":{"at_ms":{"description":"When.","type":"integer"},"chat":{"description":"Where.","type":"string"},` +
			`"later":{"description":"Unknown."},"state":{"description":"What.","enum":["a","b"],"type":"string"}},"required":["chat","later"],"type":"object"}`: Request(items),
		`{"properties":{"at_ms":{"description":"When. In milliseconds.","type":["integer","null"]},"chat":{"description":"Where.","type":"string"},` +
			`"later":{"description":"Unknown."},"state":{"description":"What.","enum":["a","b",null],"type":["string","null"]}},"required":["chat","later"],"type":"object"}`: Answer(items),
	} {
		if got, err := json.Marshal(schema); err != nil || string(got) != wanted {
			t.Errorf("%s, %v", got, err)
		}
	}
	target := Item{Name: "target", Kind: "object", Optional: true, Text: "Which.", Fields: items[:1]}
	list := Item{Name: "list", Kind: "array of objects", Text: "All.", Fields: items[:1]}
	chat := `{"properties":{"chat":{"description":"Where.","type":"string"}},"required":["chat"],"type":%s`
	wanted := fmt.Sprintf(`{"description":"A pin. The kind of the message is pin.","properties":{"list":{"description":"All.","items":`+chat+`},"type":"array"},`+
		`"target":{"description":"Which.",`+chat[1:]+`}},"required":["list"],"type":"object"}`, `"object"`, `["object","null"]`)
	pin := ContentRow{Text: "A pin.", Fields: []Item{list}}
	pin.Kinds = append(pin.Kinds, struct {
		Name string `json:"name"`
	}{"pin"})
	if got, err := json.Marshal(pin.Schema([]Item{target})); err != nil || string(got) != wanted {
		t.Errorf("%s, not %s; %v", got, wanted, err)
	}
	if first, rest := Sentence("Sends a poll. It is kept."); first != "Sends a poll" || rest != "It is kept." {
		t.Errorf("%q, %q", first, rest)
	}
}
