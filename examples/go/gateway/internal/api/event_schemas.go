package api

import (
	"reflect"
	"slices"
	"strings"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/openapi"
	"github.com/libwa/libwa/examples/go/gateway/internal/reference"
	"github.com/libwa/libwa/examples/go/gateway/internal/webhooks"
)

// A stateData is the data of session.state.
type stateData struct {
	State  string `json:"state" doc:"Where the session stands; see Status."`
	Stage  string `json:"stage" doc:"How far a pairing is."`
	Reason string `json:"reason" doc:"Why, as a stable word; empty if there is nothing to say."`
	Detail string `json:"detail" doc:"What to tell the user about it."`
	Phone  string `json:"phone" doc:"The number that is linked, or is to be."`
	JID    string `json:"jid" doc:"The address of the linked device."`
	Cause  string `json:"cause" doc:"What went wrong with the connection or the store, in a sentence for whoever runs the gateway; empty if nothing did."`

	GivenUp bool `json:"given_up" doc:"Whether the connection was given up, and is not made again by itself."`
}

// A lostData is the data of pairing.lost.
type lostData struct {
	Method string `json:"method" enum:"code"`
	Phone  string `json:"phone" doc:"The number that the code was for."`
	Reason string `json:"reason" enum:"code_lost"`
}

// A startedData is the data of pairing.started.
type startedData struct {
	Method    string `json:"method" enum:"code,qr"`
	Phone     string `json:"phone" doc:"The number that the code is for; empty for a QR code."`
	ExpiresAt string `json:"expires_at" doc:"Until when the code is good."`
}

// A passkeyData is the data of pairing.passkey.
type passkeyData struct {
	Step string `json:"step" enum:"required,confirm" doc:"What is wanted of the user; the session's status has the rest."`
}

// A successData is the data of pairing.success.
type successData struct {
	Phone    string `json:"phone" doc:"The number that was linked."`
	JID      string `json:"jid" doc:"The address of the linked device."`
	Platform string `json:"platform" doc:"What the phone says it is."`
	Method   string `json:"method" enum:"code,qr"`
}

// A sentData is the data of message.sent.
type sentData struct {
	MessageID string `json:"message_id" doc:"The id that the request was answered with."`
	Chat      string `json:"chat" doc:"Where it went."`
	SentAt    int64  `json:"sent_at_ms" doc:"The server's time for it, in milliseconds since 1970 UTC."`
}

// A failedData is the data of message.failed.
type failedData struct {
	MessageID  string `json:"message_id" doc:"The id that the request was answered with."`
	Chat       string `json:"chat" doc:"Where it was to go."`
	Reason     string `json:"reason" doc:"Why, as a stable word."`
	Text       string `json:"text" doc:"Why, in a sentence."`
	RetryAfter int    `json:"retry_after,omitempty" doc:"How many seconds to wait before trying again."`
}

// ownEvents are the events of the gateway's own, with the types of their data.
var ownEvents = []struct {
	name, doc string
	data      any
}{
	{"session.state", "A session changed its state, or how far its pairing is.", stateData{}},
	{"pairing.started", "A code or a QR code was shown.", startedData{}},
	{"pairing.lost", "A code was out when the gateway ended, and is of no use any more.", lostData{}},
	{"pairing.passkey", "The account wants its passkey to confirm the device.", passkeyData{}},
	{"pairing.success", "The phone linked the session.", successData{}},
	{"message.sent", "WhatsApp has a message that was sent here.", sentData{}},
	{"message.failed", "A message that was sent here was given up.", failedData{}},
	{webhooks.StoppedEvent, "A webhook gets nothing any more; told at each start, too.", webhooks.Notice{}},
	{webhooks.ResumedEvent, "A webhook that was stopped gets its events again.", webhooks.Notice{}},
	{webhooks.ExpiringEvent, "The token of a webhook expires within a day, and the webhook stops with it.", webhooks.Notice{}},
}

// keptBack are the events of the library that do not go into the log: they are
// told as session.state, or in the answers of requests.
var keptBack = []string{"connection", "ready", "result", "overflow", "log", "closed"}

// describeEvents returns the schema of an event, which is one of those of all
// types, and the components that it refers to.
func describeEvents(tables *reference.Tables) (event openapi.Named, components []openapi.Named) {
	names, variants, mapping := []string{}, []any{}, map[string]string{}
	add := func(name, doc string, data map[string]any) {
		variant := openapi.Named{Name: component(name) + "Event", Schema: envelope(map[string]any{"const": name}, doc, data)}
		components = append(components, variant)
		names = append(names, name)
		variants = append(variants, openapi.Reference(variant.Name))
		mapping[name] = "#/components/schemas/" + variant.Name
	}
	for _, own := range ownEvents {
		add(own.name, own.doc, openapi.SchemaOf(own.data))
	}
	for _, row := range tables.Events {
		if !slices.Contains(keptBack, row.Name) && !slices.Contains(names, row.Name) && !strings.HasPrefix(row.Name, "pairing.") {
			data := reference.Answer(row.Fields)
			if row.Name == "message" {
				components = append(components, describeContents(tables, data)...)
			}
			add(row.Name, row.Text, data)
		}
	}
	other := openapi.Named{Name: "OtherEvent", Schema: envelope(
		map[string]any{"type": "string", "not": map[string]any{"enum": names}}, "An event of a type that this document does not have: skip what you do not know.", map[string]any{"type": "object"})}
	components = append(components, other)
	variants = append(variants, openapi.Reference(other.Name))
	return openapi.Named{Name: "Event", Schema: map[string]any{
		"description": "What happened. The type says what data holds.",
		"oneOf":       variants, "discriminator": map[string]any{"propertyName": "type", "mapping": mapping},
	}}, components
}

// describeContents says of the data of a message what its content can be, each
// as a component.
func describeContents(tables *reference.Tables, data map[string]any) (components []openapi.Named) {
	var variants []any
	for _, row := range tables.Contents {
		components = append(components, openapi.Named{Name: row.Name, Schema: row.Schema(tables.ContentFields)})
		variants = append(variants, openapi.Reference(row.Name))
	}
	if content, ok := data["properties"].(map[string]any)["content"].(map[string]any); ok && len(variants) > 0 {
		content["anyOf"] = variants
	}
	return components
}

// envelope returns the schema of an event with this type and data; the rest is
// that of all events.
func envelope(kind map[string]any, doc string, data map[string]any) map[string]any {
	schema := openapi.SchemaOf(events.View{})
	schema["description"] = doc
	properties := schema["properties"].(map[string]any)
	properties["type"], properties["data"] = kind, data
	return schema
}

// component makes a name of a component: group.update becomes GroupUpdate.
func component(name string) string {
	var made strings.Builder
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '.' || r == '_' }) {
		made.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return made.String()
}

// eventTypes has the Go type of an event described by its schema.
func eventTypes(event openapi.Named) map[reflect.Type]openapi.Named {
	return map[reflect.Type]openapi.Named{reflect.TypeFor[events.View](): event}
}
