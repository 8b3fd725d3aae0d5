package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/libwa/libwa/examples/go/gateway/internal/openapi"
	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/reference"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

const (
	methodsBase = "/v1/sessions/{id}/methods/"

	// methodLimit is the size that parameters may have: contact cards are the
	// largest, with 1 MiB.
	methodLimit = 1<<20 + bodyLimit
)

// reserved are the methods that have routes of another form, which see to what
// the gateway keeps beside the library, and to whose sessions they are.
var reserved = map[string]string{
	"session.erase": "DELETE /v1/sessions/{id}",
	"session.list":  "GET /v1/sessions",
}

// ofTheOperator are the methods that are not about one session, or that follow
// from what was done with the store.
var ofTheOperator = []string{"session.restored", "version.latest"}

// A CallRequest calls a method by its name.
type CallRequest struct {
	Method string          `json:"method" doc:"The name of the method, as METHODS.md has it." example:"group.list" minlen:"1" maxlen:"64"`
	Params json.RawMessage `json:"params,omitempty" doc:"Its parameters, one object."`
}

// methodRoutes makes a route of each method in the library's table, and one
// for all of them.
func (a *API) methodRoutes(tables *reference.Tables) []*route {
	var routes []*route
	for i := range tables.Methods {
		if row := &tables.Methods[i]; reserved[row.Name] == "" {
			routes = append(routes, a.methodRoute(row))
		}
	}
	anything := openapi.Named{Name: "CallResult", Schema: map[string]any{"type": "object", "description": "What the method gives."}}
	return append(routes, &route{
		Operation: with(op("POST", "/v1/sessions/{id}/call", "call", "Call any method by its name",
			"The same as the route of that method, with its parameters in params: a method that sends a message is answered 202, others 200 with what they give."),
			CallRequest{}, map[int]openapi.Answer{200: {Doc: "It is done.", Body: anything}, 202: accepted()}, keyParameter),
		Scope: tokens.Send, BodyLimit: methodLimit, Refusals: []int{404, 409, 422, 502}, handle: func(c *call) error { return a.callAny(c, tables) },
	})
}

// accepted is the answer to a request that sends a message.
func accepted() openapi.Answer {
	return openapi.Answer{Doc: "It is taken.", Body: MessageAnswer{}, Headers: map[string]string{"Idempotency-Replayed": "true for a request that was taken before."}}
}

var keyParameter = openapi.Parameter{Name: "Idempotency-Key", In: "header", Doc: "A name of the request that no other has: it is taken once, for a day.",
	Schema: map[string]any{"type": "string", "minLength": 1, "maxLength": 128, "pattern": `^[\x21-\x7e]+$`}}

func (a *API) methodRoute(row *reference.Method) *route {
	summary, doc := reference.Sentence(row.Text)
	name := component(row.Name)
	o := op("POST", methodsBase+row.Name, strings.ToLower(name[:1])+name[1:], summary, doc)
	o.Tag = "methods"
	asked := row.Asked()
	o.Request = openapi.Named{Name: name + "Params", Schema: reference.Request(asked)}
	o.Optional = !slices.ContainsFunc(asked, func(item reference.Item) bool { return !item.Optional })
	r := &route{Scope: tokens.Send, BodyLimit: methodLimit, Refusals: []int{409, 422, 502}}
	if slices.Contains(ofTheOperator, row.Name) {
		r.Scope = tokens.Admin
	}
	if row.Sends() {
		o.Doc = strings.TrimSpace(doc + " The message is kept and sent when there is a connection, across restarts too; message.sent or message.failed tells what came of it.")
		o.Answers = map[int]openapi.Answer{202: accepted()}
		o.Parameters = []openapi.Parameter{keyParameter}
	} else {
		o.Answers = answers(200, openapi.Named{Name: name + "Result", Schema: reference.Answer(row.Result)}, "It is done.")
	}
	r.Operation = o
	r.handle = func(c *call) error {
		given, err := decode[map[string]json.RawMessage](c)
		if err != nil {
			return err
		}
		return a.callMethod(c, row, given)
	}
	return r
}

// callAny calls the method that the body names.
func (a *API) callAny(c *call, tables *reference.Tables) error {
	request, err := decode[CallRequest](c)
	if err != nil {
		return err
	}
	if path := reserved[request.Method]; path != "" {
		return problem.Newf(http.StatusUnprocessableEntity, "method_reserved", "The gateway has a route of its own for this: %s.", path)
	}
	at := slices.IndexFunc(tables.Methods, func(row reference.Method) bool { return row.Name == request.Method })
	if at < 0 {
		return unknownMethod(http.StatusUnprocessableEntity, "method_unknown", request.Method, tables)
	}
	if slices.Contains(ofTheOperator, request.Method) && !c.token.May(tokens.Admin) {
		return errScope
	}
	given := map[string]json.RawMessage{}
	if len(request.Params) > 0 && json.Unmarshal(request.Params, &given) != nil {
		return problem.New(http.StatusBadRequest, "field_type", "The field \"params\" has to be an object.").Because("params")
	}
	return a.callMethod(c, &tables.Methods[at], given)
}

// callMethod calls a method with parameters that are not checked yet. One that
// sends a message goes through the outbox, as all messages do.
func (a *API) callMethod(c *call, row *reference.Method, given map[string]json.RawMessage) error {
	params, err := arguments(row, given)
	if err != nil {
		return err
	}
	s, err := c.session()
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(params)
	if err != nil {
		return err
	}
	if row.Sends() {
		if err := a.Sessions.Check(c.r.Context(), row.Name, encoded); err != nil {
			return err
		}
		to, _ := params["chat"].(string)
		return a.accept(c, s, sessions.Outgoing{Chat: to, Method: row.Name, Params: encoded}, to, []any{row.Name, params})
	}
	if row.NeedsLogin {
		if err := s.Usable(); err != nil {
			return err
		}
	}
	ctx, cancel := c.waiting(a.WaitMax)
	defer cancel()
	result, err := s.Call(ctx, row.Name, encoded)
	if err != nil {
		return err
	}
	if len(result) == 0 || string(result) == "null" {
		result = json.RawMessage("{}")
	}
	return c.reply(http.StatusOK, result)
}
