package config

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Usage is the top of what --help writes.
const Usage = `gateway: a REST API that links phones to a platform, and sends and receives their messages.
An unofficial client of WhatsApp: accounts that use one can be banned.

  gateway [FLAGS]                      serves until SIGTERM or SIGINT
  gateway token create --name NAME     makes a token and prints it, once
      [--scopes pair,send,events,manage,admin] [--sessions default,shop-*] [--data FOLDER]
  gateway token list                   lists the tokens
  gateway token revoke ID              revokes one
  gateway restored [--data FOLDER]     makes a sessions.db safe that is an older copy, before the
      [--wa KEY=VALUE]                 gateway is started with it
  gateway health [--ready]             asks the one that runs here whether it is alive, or ready
      [--ops-listen ADDRESS]
  gateway openapi                      prints the OpenAPI document
  gateway version                      prints the versions of the gateway and of libwa

The commands for tokens work while the gateway is stopped; while it runs, /v1/tokens does the same.
They take its data folder by --data too, and make a new one only if create names it.
Each flag can be given as an environment variable too: --data as WA_GATEWAY_DATA.
`

// Help writes all that can be set.
func Help(out io.Writer) {
	fmt.Fprint(out, Usage)
	group := ""
	for _, s := range new(Config).settings() {
		if s.group != group {
			group = s.group
			fmt.Fprintf(out, "\n%s\n", group)
		}
		name := "--" + s.name
		if s.hidden {
			name = Variable(s.name)
		}
		if s.value != "" {
			name += " " + s.value
		}
		fmt.Fprintf(out, "  %-34s %s%s\n", name, s.doc, s.note())
	}
}

// note says what a setting is when it is not set.
func (s *setting) note() string {
	if text := s.text(); text != "" && text != "false" && text != "0s" {
		return " [" + text + "]"
	}
	return ""
}

func (s *setting) text() string {
	switch otherwise := s.otherwise.(type) {
	case nil:
		return ""
	case time.Duration:
		text := otherwise.String()
		if strings.HasSuffix(text, "m0s") {
			text = strings.TrimSuffix(text, "0s")
		}
		return text
	default:
		return fmt.Sprint(otherwise)
	}
}

// Table writes the settings as the README has them.
func Table(out io.Writer) {
	fmt.Fprint(out, "| flag | variable | default | what it sets |\n|---|---|---|---|\n")
	for _, s := range new(Config).settings() {
		flag := "`--" + s.name + "`"
		if s.hidden {
			flag = ""
		}
		value := s.text()
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(out, "| %s | `%s` | %s | %s |\n", flag, Variable(s.name), value, s.doc)
	}
}
