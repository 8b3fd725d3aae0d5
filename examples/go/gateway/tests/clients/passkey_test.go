//go:build clients

package clients

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/libwa/libwa/bindings/go/watest"
)

// The account's passkey has to confirm, and the user does not want to.
func TestPasskeyIsCancelled(t *testing.T) {
	phone := newPhone(t, watest.Switches{"passkey": "before_finish"})
	b := open(t, 390, 844, "light")
	b.login(start(t))
	code := b.code("+" + phone.Number)
	go phone.Enter(t.Context(), code)
	b.awaitView("passkey")
	b.picture("p1-passkey")
	b.click("[data-view=passkey] [data-cancel]")
	b.awaitView("start")
}

// The account's passkey confirms: the platform's program hands the challenge
// to a page of the domain that the passkey is for, the browser's authenticator
// signs it, and the user compares the codes on the gateway's page.
func TestPasskey(t *testing.T) {
	phone := newPhone(t, watest.Switches{"passkey": "before_finish", "passkey_ask": true})
	whatsapp := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html><title>A page of the passkey's domain</title>")
	}))
	t.Cleanup(whatsapp.Close)
	key := sha256.Sum256(whatsapp.Certificate().RawSubjectPublicKeyInfo)
	b := open(t, 390, 844, "light",
		"--host-resolver-rules=MAP web.whatsapp.com "+whatsapp.Listener.Addr().String(),
		"--ignore-certificate-errors-spki-list="+base64.StdEncoding.EncodeToString(key[:]))
	url := start(t)
	b.login(url)
	enter(t, phone, b.code("+"+phone.Number), "linked")
	b.awaitView("passkey")
	if b.run("return document.querySelector('#passkey-required').hidden") == true {
		t.Error("the page does not say what is wanted")
	}

	var status struct {
		Passkey struct {
			Options struct{ Challenge string }
		}
	}
	raw := call(t, "GET", url+"/v1/sessions/default", nil, &status)
	var options struct {
		Passkey struct{ Options json.RawMessage }
	}
	if err := json.Unmarshal(raw, &options); err != nil || status.Passkey.Options.Challenge == "" {
		t.Fatalf("%s: %v", raw, err)
	}
	assertion := b.elsewhere("https://web.whatsapp.com/", func() json.RawMessage {
		b.authenticator("whatsapp.com")
		return b.sign(options.Passkey.Options)
	})
	var signed struct {
		Response struct{ ClientDataJSON string }
	}
	if err := json.Unmarshal(assertion, &signed); err != nil {
		t.Fatal(err)
	}
	client, err := base64.RawURLEncoding.DecodeString(signed.Response.ClientDataJSON)
	if err != nil || !strings.Contains(string(client), strings.TrimRight(status.Passkey.Options.Challenge, "=")) {
		t.Errorf("the authenticator has signed %s, %v", client, err)
	}
	call(t, "POST", url+"/v1/sessions/default/pairing/passkey", object{"assertion": assertion}, nil)

	b.await("the code to compare", func() bool { return b.text("#passkey-code") != "" })
	b.picture("p2-compare")
	shown := func(state watest.PhoneState) bool {
		return strings.Contains(string(state.Screen), `"`+b.text("#passkey-code")+`"`)
	}
	if state, err := phone.Wait(limited(t), shown); err != nil {
		t.Fatalf("the phone shows %s: %v", state.Screen, err)
	}
	b.click("#passkey-same")
	if err := phone.Confirm(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	b.awaitView("done")
	b.await("connected", func() bool { return b.text("#done-title") == "Connected" })
}

// call asks the gateway over REST, and gives what it says.
func call(t testing.TB, method, url string, body, answer any) json.RawMessage {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(string(encoded)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	request.Header.Set("Content-Type", "application/json")
	var raw json.RawMessage
	decode(t, request, &raw)
	if answer != nil {
		if err := json.Unmarshal(raw, answer); err != nil {
			t.Fatal(err)
		}
	}
	return raw
}

// elsewhere does something on another page in a tab of its own, and comes back.
func (b *browser) elsewhere(url string, do func() json.RawMessage) json.RawMessage {
	b.t.Helper()
	var here string
	b.call("GET", "/window", nil, &here)
	var tab struct{ Handle string }
	b.call("POST", "/window/new", object{"type": "tab"}, &tab)
	b.call("POST", "/window", object{"handle": tab.Handle}, nil)
	b.visit(url)
	got := do()
	b.call("DELETE", "/window", nil, nil)
	b.call("POST", "/window", object{"handle": here}, nil)
	return got
}

// authenticator gives the browser an authenticator with a passkey in it.
func (b *browser) authenticator(domain string) {
	b.t.Helper()
	var id string
	b.call("POST", "/webauthn/authenticator", object{
		"protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true,
	}, &id)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	b.call("POST", "/webauthn/authenticator/"+id+"/credential", object{
		"credentialId": text([]byte("passkey")), "isResidentCredential": true, "rpId": domain,
		"privateKey": text(encoded), "userHandle": text([]byte("ada")), "signCount": 0,
	}, nil)
}

// sign has the authenticator sign a challenge.
func (b *browser) sign(options json.RawMessage) json.RawMessage {
	b.t.Helper()
	var signed struct {
		Assertion json.RawMessage
		Failure   string
	}
	b.call("POST", "/execute/async", object{"args": []any{options}, "script": `
		const [options, done] = arguments;
		navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
			.then((credential) => done({ assertion: credential.toJSON() }), (failure) => done({ failure: String(failure) }));`}, &signed)
	if signed.Failure != "" {
		b.t.Fatal(signed.Failure)
	}
	return signed.Assertion
}
