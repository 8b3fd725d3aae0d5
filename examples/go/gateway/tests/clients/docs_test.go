//go:build clients

package clients

import (
	"strings"
	"testing"
)

// The API's documentation shows all operations, and makes requests with the
// token that it is given, under the policy of the gateway.
func TestDocumentation(t *testing.T) {
	url := start(t)
	b := open(t, 1280, 1000, "light")
	b.visit(url + "/docs")
	count := "return document.querySelectorAll('.opblock').length"
	b.await("the operations", func() bool { n, _ := b.run(count).(float64); return n > 50 })
	for _, path := range []string{"/v1/sessions/{id}/methods/message.edit", "/v1/sessions/{id}/methods/group.create", "/api/v1/whatsapp/auth/phone"} {
		if b.run("return [...document.querySelectorAll('.opblock-summary-path')].some(e => e.textContent.replace(/\\u200b/g, '') === '"+path+"')") != true {
			t.Errorf("there is no %s", path)
		}
	}
	b.picture("d1-docs")
	b.click(".authorize")
	b.await("the field for the token", func() bool { return b.run("return !!document.querySelector('.auth-container input')") == true })
	b.fill(".auth-container input", secret)
	b.click(".auth-btn-wrapper .authorize")
	b.click(".auth-btn-wrapper .btn-done")
	b.run("document.querySelector('#operations-sessions-getSession .opblock-summary-control').click()")
	b.await("the operation", func() bool {
		return b.run("return !!document.querySelector('#operations-sessions-getSession .execute')") == true
	})
	b.fill("#operations-sessions-getSession tr[data-param-name='id'] input", "default")
	b.click("#operations-sessions-getSession .execute")
	b.await("the answer", func() bool {
		return strings.Contains(b.text("#operations-sessions-getSession .live-responses-table"), "unlinked")
	})
	b.picture("d2-answer")
	if kept := b.run("return localStorage.length + sessionStorage.length + document.cookie.length"); kept != 0.0 {
		t.Errorf("the page keeps %v", kept)
	}
	// Schemas of the events are there to be read.
	b.run("document.querySelector('#operations-events-listEvents .opblock-summary-control').click()")
	b.await("the schema of events", func() bool {
		return strings.Contains(b.text("#operations-events-listEvents"), "EventList") || strings.Contains(b.text("#operations-events-listEvents"), "events")
	})
	b.picture("d3-events")
	phone := open(t, 390, 844, "light")
	phone.visit(url + "/docs")
	phone.await("the operations", func() bool { n, _ := phone.run(count).(float64); return n > 50 })
	phone.picture("d4-phone")
}
