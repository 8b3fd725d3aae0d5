package tests

import (
	"strings"
	"testing"
)

// A page of a trusted origin may use the API, from another host or behind a
// proxy that changes the header Host; pages of other origins may not.
func TestTrustedOrigins(t *testing.T) {
	const page, other = "https://app.example.com", "https://evil.example"
	g := start(t, "--trusted-origins="+page+"/,http://127.0.0.1:3000")
	preflight := func(origin string) answer {
		return g.do("OPTIONS", guidePhone, nil, header{"Origin", origin}, header{"Access-Control-Request-Method", "POST"},
			header{"Access-Control-Request-Headers", "authorization,content-type"}, header{"Authorization", ""})
	}
	allowed := preflight(page).want(204)
	for name, wanted := range map[string]string{"Access-Control-Allow-Origin": page, "Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Authorization, Content-Type"} {
		if got := allowed.Header.Get(name); !strings.Contains(got, wanted) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if allowed.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("cookies are none of the gateway's")
	}
	preflight(other).want(405)

	// From another host; the same with the page's own address behind a proxy.
	body, cross := object{"phoneNumber": "+1"}, header{"Sec-Fetch-Site", "cross-site"}
	asked := g.do("POST", guidePhone, body, header{"Origin", page}, cross).want(422)
	if got := asked.Header.Get("Access-Control-Allow-Origin"); got != page || !strings.Contains(asked.Header.Get("Vary"), "Origin") {
		t.Errorf("the page may not read the answer: %q", got)
	}
	if !strings.Contains(asked.Header.Get("Access-Control-Expose-Headers"), "Retry-After") {
		t.Error("the page may not read Retry-After")
	}
	g.do("POST", guidePhone, body, header{"Origin", page}).want(422)
	// A refusal can be read, too, but no token is needed less.
	if got := g.do("GET", guide+"/status", nil, header{"Origin", page}, header{"Authorization", ""}).want(401).Header.Get("Access-Control-Allow-Origin"); got != page {
		t.Errorf("the page may not read the refusal: %q", got)
	}
	for _, headers := range [][]header{{{"Origin", other}}, {{"Origin", other}, cross}, {{"Origin", page + ".evil.example"}}, {{"Origin", "http://app.example.com"}}, {{"Origin", "null"}}} {
		refused := g.do("POST", guidePhone, body, headers...).want(403).is("error.code", "cross_origin")
		if got := refused.Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%v may read the answer", headers)
		}
	}
}
