//go:build clients

package clients

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// foreign serves a page that asks for a code as the guide's page does, from
// another origin than the gateway's.
func foreign(t testing.TB, gateway, number string) *httptest.Server {
	page := fmt.Sprintf(`<!doctype html><title>A platform</title><p id="said"></p><script>
		fetch(%q, { method: "POST", headers: { "Content-Type": "application/json", Authorization: "Bearer %s" }, body: JSON.stringify({ phoneNumber: %q }) })
			.then((response) => response.json()).then((answer) => { said.textContent = answer.message; }, (error) => { said.textContent = "refused: " + error; });
	</script>`, gateway+"/api/v1/whatsapp/auth/phone", secret, number)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, page)
	}))
	t.Cleanup(server.Close)
	return server
}

// A page on another host uses the API if its origin is trusted, in a browser
// that asks the gateway first.
func TestPageOnAnotherHost(t *testing.T) {
	phone := newPhone(t, nil)
	closed := foreign(t, start(t), "+"+phone.Number)
	b := open(t, 390, 844, "light")
	b.visit(closed.URL)
	b.await("a refusal", func() bool { return strings.HasPrefix(b.text("#said"), "refused: ") })
	b.forget() // the browser's own refusal

	// The address of the page is known before that of the gateway.
	var page http.Handler
	trusted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { page.ServeHTTP(w, r) }))
	t.Cleanup(trusted.Close)
	page = foreign(t, start(t, "--trusted-origins="+trusted.URL), "+"+phone.Number).Config.Handler
	b.visit(trusted.URL)
	b.await("a code", func() bool { return strings.HasPrefix(b.text("#said"), "Pairing code generated successfully") })
}

// The gateway's own page works behind a proxy that changes the header Host, on
// an address that browsers do not call trustworthy, so that they say nothing
// but the origin.
func TestPageBehindARewritingProxy(t *testing.T) {
	phone := newPhone(t, nil)
	var proxy *httputil.ReverseProxy
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { proxy.ServeHTTP(w, r) }))
	t.Cleanup(front.Close) // behind the gateways, whose requests it waits for
	address, err := url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	origin := "http://gateway.test:" + address.Port()
	for _, trusted := range []bool{false, true} {
		arguments := []string{}
		if trusted {
			arguments = append(arguments, "--trusted-origins="+origin)
		}
		behind, err := url.Parse(start(t, arguments...))
		if err != nil {
			t.Fatal(err)
		}
		proxy = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind) }}
		b := open(t, 390, 844, "light", "--host-resolver-rules=MAP gateway.test 127.0.0.1")
		b.login(origin)
		b.awaitView("start")
		b.fill("#number", "+"+phone.Number)
		b.click("#panel-code button.main")
		if trusted {
			b.awaitView("code")
		} else {
			b.await("a refusal", func() bool { return strings.Contains(b.text("#number-error"), "origins") })
		}
		b.forget() // the browser ignores a header on such an address, and says so
	}
}
