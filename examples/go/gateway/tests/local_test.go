package tests

import (
	"net/http"
	"testing"
)

// Without tokens the gateway answers under names of this machine only, and no page
// of another origin, by whatever method.
func TestWithoutTokens(t *testing.T) {
	g := start(t, "--auth=off", "--trusted-origins=https://app.example.com")
	ask := func(method, path string, headers ...header) answer {
		t.Helper()
		return g.do(method, path, nil, append(headers, header{"Authorization", ""})...)
	}
	status := "/v1/sessions/default"
	ask("GET", status).want(200)
	for _, host := range []string{"localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1", "127.1.2.3:9", "[::1]:8080", "app.example.com"} {
		ask("GET", status, header{"Host", host}).want(200)
	}
	for _, host := range []string{"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "169.254.169.254"} {
		for _, path := range []string{status, "/", "/openapi.json"} {
			ask("GET", path, header{"Host", host}).want(403).is("code", "host_forbidden")
		}
	}
	own := g.url
	for _, method := range []string{"GET", "POST"} {
		path := map[string]string{"GET": status, "POST": status + "/restart"}[method]
		ask(method, path, header{"Origin", own}).want(200)
		for _, origin := range []string{"https://evil.example", "null", "http://localhost:1", "http://127.0.0.1:1"} {
			ask(method, path, header{"Origin", origin}).want(403).is("code", "cross_origin")
		}
		ask(method, path, header{"Origin", "https://app.example.com"}).want(200)
	}
	// What a browser does with an image or a link sends no Origin.
	for _, site := range []string{"cross-site", "same-site"} {
		ask("GET", status, header{"Sec-Fetch-Site", site}).want(403).is("code", "cross_origin")
	}
	ask("GET", status, header{"Sec-Fetch-Site", "same-origin"}).want(200)
	ask("GET", "/", header{"Sec-Fetch-Site", "cross-site"}, header{"Sec-Fetch-Mode", "navigate"}).want(200)
}

// A page that has its own name resolve to this machine reads no figures.
func TestHostsOfTheOperations(t *testing.T) {
	g := start(t, "--ops-hosts=ops.example.com")
	for host, wanted := range map[string]int{"evil.example:9090": 403, "ops.example.com": 200, "gateway:9090": 200} {
		for _, path := range []string{"/readyz", "/metrics", "/livez"} {
			request, err := http.NewRequestWithContext(limited(t), "GET", g.ops+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = host
			response, err := g.http.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			// Whether it is alive is no secret, and whoever asks restarts it.
			if response.StatusCode != wanted && (path != "/livez" || response.StatusCode != 200) {
				t.Errorf("%s of %s is answered %d", path, host, response.StatusCode)
			}
		}
	}
}

// No GET has an effect: a browser that follows an address starts no pairing.
func TestAGetStartsNothing(t *testing.T) {
	g := start(t, "--auth=off")
	plain := header{"Authorization", ""}
	g.do("GET", guide+"/qr", nil, plain).want(409).is("error.code", "pairing_not_started")
	g.do("GET", "/v1/sessions/default", nil, plain).want(200).is("state", "unlinked")
	shown := g.do("POST", guide+"/qr", nil, plain).want(200).text("data.qrCode")
	if again := g.do("GET", guide+"/qr", nil, plain).want(200).text("data.qrCode"); shown == "" || again == "" {
		t.Errorf("%q, %q", shown, again)
	}
	g.do("DELETE", "/v1/sessions/default/pairing", nil, plain).want(204)
	g.do("GET", guide+"/qr", nil, plain).want(409).is("error.code", "pairing_not_started")
	g.do("GET", guide+"/qr", nil, plain, header{"X-Requested-With", "a client"}).want(200)
}
