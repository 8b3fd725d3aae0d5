package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/libwa/libwa/examples/go/gateway/internal/server"
)

// A document is the OpenAPI document, as an independent validator reads it.
type document struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	root     object
	compiled map[string]*jsonschema.Schema
}

const documentURL = "https://gateway.test/openapi.json"

var theDocument = sync.OnceValues(func() (*document, error) {
	text, err := server.Document()
	if err != nil {
		return nil, err
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(documentURL, parsed); err != nil {
		return nil, err
	}
	return &document{compiler: compiler, root: parsed.(object), compiled: map[string]*jsonschema.Schema{}}, nil
})

// find gives the path of the document that a path of a request belongs to.
func (d *document) find(method, path string) (string, object) {
	paths := d.root["paths"].(object)
	candidates := []string{}
	for template := range paths {
		shape := "^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(template), "[^/]+") + "$"
		if regexp.MustCompile(shape).MatchString(path) {
			candidates = append(candidates, template)
		}
	}
	slices.Sort(candidates)
	for _, template := range candidates {
		if operation, found := paths[template].(object)[strings.ToLower(method)].(object); found {
			return template, operation
		}
	}
	return "", nil
}

func (d *document) schema(pointer string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if schema := d.compiled[pointer]; schema != nil {
		return schema, nil
	}
	schema, err := d.compiler.Compile(documentURL + "#" + pointer)
	d.compiled[pointer] = schema
	return schema, err
}

// conforms has the test fail if an answer is not one that the document has.
func conforms(t testing.TB, method, path string, a answer) {
	t.Helper()
	d, err := theDocument()
	if err != nil {
		t.Fatal(err)
	}
	template, operation := d.find(method, path)
	if operation == nil {
		// There is no such operation: only these two say so.
		preflight := method == "OPTIONS" && a.Status == 204
		if a.Status != 404 && a.Status != 405 && a.Status != 400 && !preflight {
			t.Errorf("%s: %d, and the document does not know the path", a.what, a.Status)
		}
		return
	}
	if err := d.check(template, strings.ToLower(method), operation, a); err != nil {
		t.Errorf("%s: %d %s: %v", a.what, a.Status, a.Body, err)
	}
}

func (d *document) check(template, method string, operation object, a answer) error {
	responses := operation["responses"].(object)
	response, found := responses[strconv.Itoa(a.Status)].(object)
	if !found {
		return fmt.Errorf("the document does not have this status")
	}
	if a.Header.Get("X-Request-Id") == "" {
		return fmt.Errorf("there is no X-Request-Id")
	}
	content, _ := response["content"].(object)
	if len(content) == 0 {
		if len(a.Body) > 0 {
			return fmt.Errorf("the document has no body")
		}
		return nil
	}
	media := a.Header.Get("Content-Type")
	bare, _, err := mime.ParseMediaType(media)
	if err != nil {
		return err
	}
	for name := range content {
		if known, _, err := mime.ParseMediaType(name); err == nil && known == bare {
			if !strings.HasSuffix(bare, "json") {
				return nil
			}
			escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
			pointer := "/paths/" + escape.Replace(template) + "/" + method + "/responses/" + strconv.Itoa(a.Status) + "/content/" + escape.Replace(name) + "/schema"
			schema, err := d.schema(pointer)
			if err != nil {
				return err
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.Body))
			if err != nil {
				return err
			}
			return schema.Validate(value)
		}
	}
	return fmt.Errorf("the document does not have the media type %s", media)
}

// The document is served as it is printed, and holds what OpenAPI wants.
func TestDocument(t *testing.T) {
	g := start(t)
	served := g.do("GET", "/openapi.json", nil, header{"Authorization", ""}).want(200)
	printed, err := server.Document()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(served.Body, printed) {
		t.Error("another document is served than is printed")
	}
	served.is("openapi", "3.1.0")
	if found := regexp.MustCompile(`[^."]*\bwa_[a-z][^."]*`).Find(served.Body); found != nil {
		t.Errorf("it names a function of C: %s", found)
	}
	var d struct {
		Paths map[string]map[string]struct {
			ID        string `json:"operationId"`
			Summary   string
			Responses map[string]any
		}
	}
	if err := json.Unmarshal(served.Body, &d); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for path, methods := range d.Paths {
		for method, operation := range methods {
			if operation.ID == "" || ids[operation.ID] || operation.Summary == "" || len(operation.Responses) == 0 {
				t.Errorf("%s %s: %+v", method, path, operation)
			}
			ids[operation.ID] = true
			// What the document lists is there.
			real := strings.NewReplacer("{id}", "nobody").Replace(path)
			a := g.do(strings.ToUpper(method), real, nil, header{"Authorization", ""})
			if a.Status == 404 || a.Status == 405 {
				t.Errorf("%s %s: %d", method, path, a.Status)
			}
		}
	}
	if len(ids) < 25 {
		t.Errorf("only %d operations", len(ids))
	}
}
