package libwa

import (
	"regexp"
	"strings"
)

// inGoNames are functions of the library whose name in Go does not follow from
// their own.
var inGoNames = map[string]string{
	"wa_call":              "Client.Call",
	"wa_cancel":            "the end of the context",
	"wa_client_close":      "Client.Shutdown",
	"wa_client_connect":    "Client.Connect",
	"wa_client_disconnect": "Client.Disconnect",
	"wa_client_free":       "Client.Close",
	"wa_client_id":         "Client.ID",
	"wa_client_is_linked":  "Client.Linked",
	"wa_client_new":        "Open",
	"wa_client_queue":      "Fleet",
	"wa_config_free":       "Option",
	"wa_config_get":        "Option",
	"wa_config_new":        "Option",
	"wa_config_set":        "With",
	"wa_event_ack":         "Event.Ack",
	"wa_poll_event":        "Client.Next",
	"wa_queue_fd":          "Fleet.Next",
	"wa_queue_free":        "Fleet.Close",
	"wa_queue_new":         "NewFleet",
	"wa_queue_poll":        "Fleet.Next",
	"wa_queue_wake":        "Fleet.Wake",
	"wa_reference_json":    "Reference",
	"wa_request_pairing":   "Client.Pair",
	"wa_request_qr":        "Client.PairQR",
	"wa_version_number":    "Version",
	"wa_version_string":    "Version",
}

var cName = regexp.MustCompile(`\b(?:wa_[a-z0-9_]+|WA_[A-Z0-9_]+|NULL)\b(?:\(\))?`)

// inGo says a text of the library, which speaks of C, in the terms of this
// package.
func inGo(text string) string {
	if !strings.Contains(text, "wa_") && !strings.Contains(text, "WA_") && !strings.Contains(text, "NULL") {
		return text
	}
	return cName.ReplaceAllStringFunc(text, func(name string) string {
		name = strings.TrimSuffix(name, "()")
		switch {
		case name == "NULL":
			return "nil"
		case inGoNames[name] != "":
			return inGoNames[name]
		case strings.HasPrefix(name, "WA_ERROR_"):
			return "Err" + camel(strings.ToLower(strings.TrimPrefix(name, "WA_ERROR_")))
		case strings.HasPrefix(name, "WA_"):
			return "Status" + camel(strings.ToLower(strings.TrimPrefix(name, "WA_")))
		}
		return "Client." + camel(strings.TrimPrefix(name, "wa_"))
	})
}

// camel writes a name of several words as Go does.
func camel(name string) string {
	var text strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		switch word {
		case "":
		case "id", "qr", "jid", "json", "ok", "url", "utf8", "dns", "tls", "iq", "lid", "http":
			text.WriteString(strings.ToUpper(word))
		default:
			text.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return text.String()
}
