package config

import (
	"strings"
	"testing"
	"time"
)

func parse(t *testing.T, variables map[string]string, arguments ...string) (*Config, error) {
	t.Helper()
	return Parse(arguments, func(name string) (string, bool) {
		value, found := variables[name]
		return value, found
	})
}

// Flags go before variables, and those before what is set otherwise. A list
// is not made of both.
func TestOrder(t *testing.T) {
	variables := map[string]string{
		"WA_GATEWAY_MAX_SESSIONS": "7", "WA_GATEWAY_WAIT_MAX": "3s", "WA_GATEWAY_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1",
		"WA_GATEWAY_WA": "log.level=debug", "WA_GATEWAY_DATA": "", "WA_GATEWAY_ADMIN_TOKEN": "a secret",
	}
	c, err := parse(t, variables, "--max-sessions=9", "--wa=proxy.url=x", "--wa=client.version=1")
	if err != nil {
		t.Fatal(err)
	}
	if c.MaxSessions != 9 || c.WaitMax != 3*time.Second || c.Data != "gateway-data" || c.AdminToken != "a secret" {
		t.Errorf("%+v", c)
	}
	if c.TrustedProxies.String() != "10.0.0.0/8,192.0.2.1" || c.WA.String() != "proxy.url=x,client.version=1" {
		t.Errorf("the lists are %v and %v", c.TrustedProxies, c.WA)
	}
	_, err = parse(t, map[string]string{"WA_GATEWAY_MAX_SESSIONS": "many"})
	if err == nil || !strings.Contains(err.Error(), `WA_GATEWAY_MAX_SESSIONS: "many"`) {
		t.Errorf("%v", err)
	}
}

// What is no origin is refused before anything starts.
func TestTrustedOrigins(t *testing.T) {
	c, err := parse(t, nil, "--trusted-origins=https://app.example.com/, http://127.0.0.1:3000")
	if err != nil || len(c.TrustedOrigins) != 2 {
		t.Errorf("%v, %v", c, err)
	}
	for _, wrong := range []string{"app.example.com", "https://app.example.com/page", "*", "null", "https://app.example.com:0", "https://app.example.com:99999"} {
		if _, err := parse(t, nil, "--trusted-origins="+wrong); err == nil || !strings.Contains(err.Error(), "--trusted-origins takes origins such as") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
