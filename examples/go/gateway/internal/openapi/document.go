package openapi

import (
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// A Parameter is one of an operation's, beside those in its path.
type Parameter struct {
	Name, In, Doc string
	Schema        map[string]any
	Required      bool
}

// An Answer is what an operation answers with one status.
type Answer struct {
	Doc string

	// Body is a value of the type that is answered, nil for none.
	Body any

	// Media is what it is written as, application/json if not given; for
	// others than JSON the body is text or bytes.
	Media []string

	// Headers names the headers that say something, with what they say.
	Headers map[string]string
}

// An Operation is what one method does at one path.
type Operation struct {
	Method, Path string
	ID, Tag      string
	Summary      string
	Doc          string
	Parameters   []Parameter
	Request      any // a value of the type that is asked with, nil for none
	Optional     bool
	Answers      map[int]Answer
	Public       bool
}

// An Info says what the document is about.
type Info struct {
	Title, Version, Doc string
	Tags                [][2]string

	// Components are schemas that others refer to, beside those of Go types.
	Components []Named

	// Types are the schemas of Go types that are not made of their fields.
	Types map[reflect.Type]Named

	// Webhooks names what is delivered, with a value of its type.
	Webhooks map[string]any
}

var inPath = regexp.MustCompile(`\{(\w+)\}`)

// Document makes the document.
func Document(info Info, operations []Operation, pathParameters map[string]Parameter) map[string]any {
	s := &schemas{components: object{}, types: info.Types}
	for _, named := range info.Components {
		s.named(named)
	}
	paths := object{}
	for _, operation := range operations {
		item, _ := paths[operation.Path].(object)
		if item == nil {
			item = object{}
			paths[operation.Path] = item
		}
		item[strings.ToLower(operation.Method)] = s.operation(operation, pathParameters)
	}
	webhooks := object{}
	for name, body := range info.Webhooks {
		webhooks[name] = object{"post": object{
			"summary":     "What is posted to a webhook",
			"requestBody": object{"required": true, "content": object{"application/json": object{"schema": s.value(body)}}},
			"responses":   object{"2XX": object{"description": "It was taken."}},
		}}
	}
	tags := []object{}
	for _, tag := range info.Tags {
		tags = append(tags, object{"name": tag[0], "description": tag[1]})
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": info.Title, "version": info.Version, "description": info.Doc,
			"license": object{"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
		},
		"servers":  []object{{"url": "/"}},
		"tags":     tags,
		"security": []object{{"bearer": []string{}}},
		"paths":    paths,
		"webhooks": webhooks,
		"components": object{
			"schemas":         s.components,
			"securitySchemes": object{"bearer": object{"type": "http", "scheme": "bearer", "description": "A token of the gateway."}},
		},
	}
}

func (s *schemas) operation(operation Operation, pathParameters map[string]Parameter) object {
	made := object{"operationId": operation.ID, "summary": operation.Summary, "tags": []string{operation.Tag}}
	if operation.Doc != "" {
		made["description"] = operation.Doc
	}
	if operation.Public {
		made["security"] = []object{}
	}
	parameters := []object{}
	for _, name := range inPath.FindAllStringSubmatch(operation.Path, -1) {
		p := pathParameters[name[1]]
		p.Name, p.In, p.Required = name[1], "path", true
		parameters = append(parameters, p.object())
	}
	for _, p := range operation.Parameters {
		parameters = append(parameters, p.object())
	}
	if len(parameters) > 0 {
		made["parameters"] = parameters
	}
	if operation.Request != nil {
		made["requestBody"] = object{
			"required": !operation.Optional,
			"content":  object{"application/json": object{"schema": s.value(operation.Request)}},
		}
	}
	responses := object{}
	for status, answer := range operation.Answers {
		responses[strconv.Itoa(status)] = s.answer(status, answer)
	}
	made["responses"] = responses
	return made
}

func (p Parameter) object() object {
	schema := p.Schema
	if schema == nil {
		schema = object{"type": "string"}
	}
	return object{"name": p.Name, "in": p.In, "required": p.Required, "description": p.Doc, "schema": schema}
}

func (s *schemas) answer(status int, answer Answer) object {
	doc := answer.Doc
	if doc == "" {
		doc = http.StatusText(status)
	}
	made := object{"description": doc}
	if len(answer.Headers) > 0 {
		headers := object{}
		for name, doc := range answer.Headers {
			headers[name] = object{"description": doc, "schema": object{"type": "string"}}
		}
		made["headers"] = headers
	}
	content := object{}
	media := answer.Media
	if answer.Body != nil && len(media) == 0 {
		media = []string{"application/json"}
	}
	for _, name := range media {
		schema := object{"type": "string"}
		if answer.Body != nil && strings.HasSuffix(name, "json") {
			schema = s.value(answer.Body)
		}
		content[name] = object{"schema": schema}
	}
	if len(content) > 0 {
		made["content"] = content
	}
	return made
}
