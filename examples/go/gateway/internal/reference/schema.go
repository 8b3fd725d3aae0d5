package reference

import "slices"

// object is a JSON object.
type object = map[string]any

// schema returns the JSON schema of an item's value, null apart. One of a type
// that a newer library brings may be anything.
func (i *Item) schema() object {
	switch i.Kind {
	case "text":
		return object{"type": "string"}
	case "integer", "number", "boolean":
		return object{"type": i.Kind}
	case "array of text":
		return object{"type": "array", "items": object{"type": "string"}}
	case "object":
		return i.inside()
	case "array of objects":
		return object{"type": "array", "items": i.inside()}
	}
	return object{}
}

// inside returns the schema of the object that the value is, or has.
func (i *Item) inside() object {
	if len(i.Fields) == 0 {
		return object{"type": "object"}
	}
	return Answer(i.Fields)
}

// Request returns the schema of an object that a caller gives: optional items
// may be left out, and nothing else may be in it.
func Request(items []Item) object {
	properties, required := object{}, []string{}
	for _, item := range items {
		schema := item.schema()
		schema["description"] = item.Text
		if len(item.Values) > 0 {
			schema["enum"] = item.Values
		}
		properties[item.Name] = schema
		if !item.Optional {
			required = append(required, item.Name)
		}
	}
	schema := structure(properties, required)
	schema["additionalProperties"] = false
	return schema
}

// Answer returns the schema of an object that the library gives: optional
// items may be null or missing, and a later version may have more.
func Answer(items []Item) object {
	properties, required := object{}, []string{}
	for _, item := range items {
		schema := item.schema()
		schema["description"] = item.Text
		if item.Unit != "" {
			schema["description"] = item.Text + " In " + item.Unit + "."
		}
		if len(item.Values) > 0 {
			words := make([]any, 0, len(item.Values)+1)
			for _, word := range item.Values {
				words = append(words, word)
			}
			if item.Optional {
				words = append(words, nil)
			}
			schema["enum"] = words
		}
		if kind, ok := schema["type"].(string); ok && item.Optional {
			schema["type"] = []string{kind, "null"}
		}
		properties[item.Name] = schema
		if !item.Optional {
			required = append(required, item.Name)
		}
	}
	return structure(properties, required)
}

// Schema returns the schema of a content, with the fields that any content may
// have.
func (c *ContentRow) Schema(common []Item) object {
	schema := Answer(slices.Concat(common, c.Fields))
	schema["description"] = c.Text
	if len(c.Kinds) == 1 {
		schema["description"] = c.Text + " The kind of the message is " + c.Kinds[0].Name + "."
	}
	return schema
}

func structure(properties object, required []string) object {
	schema := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}
