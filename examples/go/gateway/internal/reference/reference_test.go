package reference

import (
	"encoding/json"
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
	if first, rest := Sentence("Sends a poll. It is kept."); first != "Sends a poll" || rest != "It is kept." {
		t.Errorf("%q, %q", first, rest)
	}
}
