package api

import (
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/openapi"
	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/reference"
)

// describe makes the OpenAPI document of the table of routes.
func (a *API) describe(tables *reference.Tables) map[string]any {
	event, components := describeEvents(tables)
	operations := make([]openapi.Operation, 0, len(a.routes))
	for _, r := range a.routes {
		operation := r.Operation
		for status, answer := range r.Answers {
			if answer.Headers == nil {
				answer.Headers = map[string]string{}
			}
			answer.Headers["X-Request-Id"] = "Names the request in the gateway's log."
			r.Answers[status] = answer
		}
		for _, status := range r.refusals() {
			answer := openapi.Answer{Body: problem.Problem{}, Media: []string{"application/problem+json"}}
			if r.Guide {
				answer = openapi.Answer{Body: GuideFailure{}}
			}
			answer.Headers = map[string]string{"X-Request-Id": "Names the request in the gateway's log."}
			switch status {
			case 401:
				answer.Headers["WWW-Authenticate"] = "Bearer."
			case 429, 503:
				answer.Headers["Retry-After"] = "How many seconds to wait."
			}
			operation.Answers[status] = answer
		}
		operations = append(operations, operation)
	}
	return openapi.Document(openapi.Info{
		Title: "libwa gateway", Version: a.Version,
		Doc: "Links phones to this platform by pairing code, and sends and receives their messages. " +
			"Errors are problem details (RFC 9457) with a stable code; at the paths of the guide they are inside its success:false envelope. " +
			"The limits are those of the token; an answer 429 says in Retry-After how long to wait.",
		Tags: [][2]string{
			{"guide", "The paths of the platform's guide, which use the session default."},
			{"sessions", "Many sessions: each is one device, linked to one account."},
			{"methods", "All that a session can do, as libwa's own tables have it."},
			{"pairing", "Linking a session to a phone."},
			{"events", "What happens: as a log, as a stream, and by webhook."},
			{"administration", "Tokens and the audit."},
			{"public", "What needs no token."},
		},
		Components: components, Types: eventTypes(event), Webhooks: map[string]any{"event": events.View{}},
	}, operations, map[string]openapi.Parameter{"id": {
		Doc: "The name of the session, webhook or token.", Schema: map[string]any{"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"},
	}})
}
