package tests

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go/watest"
)

// signedBy has a phone write something, and says which of the receiver's
// secrets have signed its delivery.
func signedBy(g *gateway, r *receiver, phone *watest.Phone, number string) []bool {
	g.t.Helper()
	before := len(r.all())
	write(g.t, phone, number, fmt.Sprint("text ", before))
	g.await("the delivery", func() bool { return len(r.all()) > before })
	return r.all()[before].signed
}

// While two secrets are valid both have signed, as a library that knows one of
// them finds; after a restart too, and after the end of the former only the
// new one.
func TestSecretIsRotated(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	_, number := g.linked("default", nil)
	ada, _ := newPhone(t, nil)
	r := newReceiver(t)
	path := g.register(r, "message")
	if by := signedBy(g, r, ada, number); !slices.Equal(by, []bool{true}) {
		t.Errorf("at first: %v", by)
	}
	rotated := g.do("POST", path+"/rotate-secret", nil).want(200)
	r.know(rotated.text("secret"))
	until, err := time.Parse(time.RFC3339, rotated.text("oldSecretUntil"))
	if err != nil || time.Until(until) < 23*time.Hour || time.Until(until) > 24*time.Hour {
		t.Errorf("the former is valid until %v, %v", until, err)
	}
	if by := signedBy(g, r, ada, number); !slices.Equal(by, []bool{true, true}) {
		t.Errorf("both are valid: %v", by)
	}
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder)
	g.state("default", "connected")
	if by := signedBy(g, r, ada, number); !slices.Equal(by, []bool{true, true}) {
		t.Errorf("after the restart: %v", by)
	}
	// The third ends after the one that it follows, which is the first to go.
	r.know(g.do("POST", path+"/rotate-secret", object{"overlap": "700ms"}).want(200).is("oldSecretUntil", until.Format("2006-01-02T15:04:05.999Z07:00")).text("secret"))
	g.await("the end of the second", func() bool { return slices.Equal(signedBy(g, r, ada, number), []bool{true, false, true}) })
	// A secret that has leaked ends at once, and all before it.
	ended := g.do("POST", path+"/rotate-secret", object{"overlap": "0s"}).want(200)
	r.know(ended.text("secret"))
	if by := signedBy(g, r, ada, number); ended.get("oldSecretUntil") != nil || !slices.Equal(by, []bool{false, false, false, true}) {
		t.Errorf("after the end of all others: %v %s", by, ended.Body)
	}
}

// There are not many former secrets at a time, and none for longer than a week.
func TestSecretsAreBounded(t *testing.T) {
	g := start(t)
	r := newReceiver(t)
	path := g.register(r)
	for range 4 {
		g.do("POST", path+"/rotate-secret", object{"overlap": "168h"}).want(200)
	}
	g.do("POST", path+"/rotate-secret", nil).want(409).is("code", "too_many_secrets")
	for _, overlap := range []string{"169h", "-1s", "1", "tomorrow", "9999999h"} {
		g.do("POST", path+"/rotate-secret", object{"overlap": overlap}).want(422).is("code", "overlap_invalid")
	}
	g.do("POST", path+"/rotate-secret", object{"overlap": "0s"}).want(200)
	g.do("POST", path+"/rotate-secret", nil).want(200)
	g.do("POST", "/v1/webhooks/none/rotate-secret", nil).want(404).is("code", "webhook_unknown")
}

// There are not more webhooks than allowed.
func TestWebhooksAreBounded(t *testing.T) {
	g := start(t, "--max-webhooks=2")
	first := g.do("POST", "/v1/webhooks", object{"url": "https://example.com/1"}).want(201).text("id")
	g.do("POST", "/v1/webhooks", object{"url": "https://example.com/2"}).want(201)
	g.do("POST", "/v1/webhooks", object{"url": "https://example.com/3"}).want(429).is("code", "too_many_webhooks")
	g.do("DELETE", "/v1/webhooks/"+first, nil).want(204)
	g.do("POST", "/v1/webhooks", object{"url": "https://example.com/3"}).want(201)
}
