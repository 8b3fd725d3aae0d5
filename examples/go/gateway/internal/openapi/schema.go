// Package openapi makes an OpenAPI 3.1 document from Go types and a list of
// operations, so that what is served and what is described are one thing.
package openapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// object is a JSON object.
type object = map[string]any

// A Named is a schema that is given, and not made of a Go type, with the name
// that it has among the components.
type Named struct {
	Name   string
	Schema map[string]any
}

// schemas makes schemas of Go types; those of structs go into components.
type schemas struct {
	components object
	types      map[reflect.Type]Named // those that are not made of their fields
}

// value gives the schema of a value's type, or the one that the value is.
func (s *schemas) value(value any) object {
	if named, ok := value.(Named); ok {
		return s.named(named)
	}
	return s.of(reflect.TypeOf(value))
}

func (s *schemas) named(named Named) object {
	s.components[named.Name] = named.Schema
	return Reference(named.Name)
}

// Reference refers to a component.
func Reference(name string) map[string]any {
	return object{"$ref": "#/components/schemas/" + name}
}

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
)

// of gives the schema of a type: of a struct a reference.
func (s *schemas) of(t reflect.Type) object {
	switch {
	case t == timeType:
		return object{"type": "string", "format": "date-time"}
	case t == rawType:
		return object{}
	}
	if named, found := s.types[t]; found {
		return s.named(named)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Int32:
		return object{"type": "integer"}
	case reflect.Uint64, reflect.Uint:
		return object{"type": "integer", "minimum": 0}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		if _, known := s.components[t.Name()]; !known {
			s.components[t.Name()] = object{} // for types that hold themselves
			s.components[t.Name()] = s.structure(t)
		}
		return Reference(t.Name())
	}
	return object{}
}

func (s *schemas) structure(t reflect.Type) object {
	properties, required := object{}, []string{}
	for field := range fields(t) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		schema := s.of(field.Type)
		annotate(schema, field.Tag)
		properties[name] = schema
		if options == "" {
			required = append(required, name)
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// annotate adds what the tags of a field say.
func annotate(schema object, tag reflect.StructTag) {
	if doc := tag.Get("doc"); doc != "" {
		schema["description"] = doc
	}
	if words := tag.Get("enum"); words != "" {
		schema["enum"] = strings.Split(words, ",")
	}
	if pattern := tag.Get("pattern"); pattern != "" {
		schema["pattern"] = pattern
	}
	if example := tag.Get("example"); example != "" {
		schema["examples"] = []string{example}
	}
	for tagged, key := range map[string]string{"minlen": "minLength", "maxlen": "maxLength"} {
		var n int
		if json.Unmarshal([]byte(tag.Get(tagged)), &n) == nil {
			schema[key] = n
		}
	}
}

// fields gives the fields of a struct that are written, those of embedded
// structs among them.
func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, field := range reflect.VisibleFields(t) {
			if field.Anonymous || !field.IsExported() || slices.Contains([]string{"", "-"}, field.Tag.Get("json")) {
				continue
			}
			if !yield(field) {
				return
			}
		}
	}
}

// SchemaOf gives the schema of a struct, in place and not as a component.
func SchemaOf(value any) map[string]any {
	return (&schemas{components: object{}}).structure(reflect.TypeOf(value))
}
