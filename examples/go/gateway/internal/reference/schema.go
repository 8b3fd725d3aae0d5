package reference

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
	case "array of objects":
		return object{"type": "array", "items": object{"type": "object"}}
	}
	return object{}
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

func structure(properties object, required []string) object {
	schema := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}
