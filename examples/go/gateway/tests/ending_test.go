package tests

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// end asks for the end of a session, by DELETE or by logout.
func (g *gateway) end(how, id string) answer {
	g.t.Helper()
	if how == "delete" {
		return g.do("DELETE", "/v1/sessions/"+id, nil)
	}
	return g.do("POST", "/v1/sessions/"+id+"/logout", nil)
}

// ended waits until a session is deleted, or unlinked.
func (g *gateway) ended(how, id string) {
	g.t.Helper()
	g.await("the end of "+id, func() bool {
		a := g.do("GET", "/v1/sessions/"+id, nil)
		return a.Status == http.StatusNotFound && how == "delete" || a.Status == http.StatusOK && a.text("state") == "unlinked"
	})
}

// A session that is deleted or unlinked while the disk is full keeps what waits to
// be sent until it is erased: nothing is told as failed that is delivered, and what
// was asked for is done as soon as there is room, also after a restart.
func TestAnEndOnAFullDisk(t *testing.T) {
	for _, how := range []string{"delete", "logout"} {
		t.Run(how, func(t *testing.T) {
			folder := disk(t)
			g := startIn(t, folder)
			g.linked("shop", nil)
			g.linked("other", nil)
			friend, friendly := newPhone(t, nil)
			if err := g.stop(); err != nil {
				t.Fatal(err)
			}
			// Nothing can be sent: nobody listens there.
			offline := "--wa=server.url=ws://" + unused(t) + "/ws/chat"
			g = startIn(t, folder, offline)
			for n := range 10 {
				g.do("POST", "/v1/sessions/shop/messages", object{"to": friendly, "text": fmt.Sprint("m", n)}).want(202)
			}
			free := fill(t, folder)
			refused := g.end(how, "shop").want(503)
			if code := refused.text("code"); code != "session_not_erased" && code != "log_full" || refused.Header.Get("Retry-After") == "" {
				t.Errorf("%s", refused.Body)
			}
			if waiting := g.metric("gateway_outbox_pending"); waiting != 10 {
				t.Errorf("%v messages wait, though the session is not erased", waiting)
			}
			if refused.text("code") == "session_not_erased" {
				status := g.state("shop", "stopped").is("reason", map[string]string{"delete": "delete_pending", "logout": "unlink_pending"}[how])
				if status.text("cause") == "" || status.text("detail") == "" {
					t.Errorf("%s", status.Body)
				}
				g.do("POST", "/v1/sessions/shop/messages", object{"to": friendly, "text": "late"}).want(409).is("code", "not_linked")
				g.do("POST", "/v1/sessions/shop/restart", nil).want(503).is("code", "session_not_erased")
				g.do("POST", "/v1/sessions/shop/pairing", object{"method": "qr"}).want(503).is("code", "session_not_erased")
			}
			// It is known after a restart, too.
			if err := g.stop(); err != nil {
				t.Fatal(err)
			}
			free()
			g = startIn(t, folder)
			if refused.text("code") == "log_full" {
				g.state("shop", "connected")
				if got := heard(t, friend, 10); len(got) != 10 {
					t.Errorf("%d messages arrive of 10", len(got))
				}
				return
			}
			g.ended(how, "shop")
			g.state("other", "connected")
			g.await("the outbox", func() bool { return g.metric("gateway_outbox_pending") == 0 })
			if got := heard(t, friend, 0); len(got) > 0 {
				t.Errorf("%v was sent by a session that is not there any more", got)
			}
			failed := g.events("session=shop&type=message.failed")
			for _, event := range failed {
				if event["data"].(object)["reason"] != "logged_out" {
					t.Errorf("%v", event)
				}
			}
			if wanted := map[string]int{"delete": 0, "logout": 10}[how]; len(failed) != wanted {
				t.Errorf("%d messages are told as failed, wanted %d", len(failed), wanted)
			}
		})
	}
}

// The same of sessions that are connected: WhatsApp unlinks them at once, and they
// are erased when there is room. It is the operator's wish that ended them, not the
// phone's, and none stays stopped.
func TestAnEndOfConnectedSessionsOnAFullDisk(t *testing.T) {
	folder := disk(t)
	g := startIn(t, folder)
	_, friendly := newPhone(t, nil)
	how := map[string]string{"one": "delete", "two": "logout", "three": "delete", "four": "logout"}
	for id := range how {
		g.linked(id, nil)
		for n := range 10 {
			g.do("POST", "/v1/sessions/"+id+"/messages", object{"to": friendly, "text": fmt.Sprint(id, n)}).want(202)
		}
	}
	free := fill(t, folder)
	again := map[string]bool{}
	for id, how := range how {
		switch a := g.end(how, id); {
		case a.Status == 503 && a.text("code") == "log_full":
			again[id] = true
		case a.Status != 503 && a.Status != 204 && a.Status != 200:
			t.Errorf("%s: %d %s", id, a.Status, a.Body)
		}
	}
	free()
	for id, how := range how {
		if again[id] {
			g.await("room for "+id, func() bool {
				status := g.end(how, id).Status
				return status == 204 || status == 200
			})
		}
		g.ended(how, id)
	}
	g.await("the outbox", func() bool { return g.metric("gateway_outbox_pending") == 0 })
	if strings.Contains(g.logs.String(), `"reason":"by_phone"`) {
		t.Error("the phone is told to have unlinked what was ended by request")
	}
	if told := strings.Count(g.logs.String(), `"level":"ERROR","msg":"a session could not be erased`); told > 1 {
		t.Errorf("one fault of the disk is told %d times", told)
	}
	for id := range how {
		if how[id] == "logout" {
			phone, number := newPhone(t, nil)
			enter(t, phone, g.pair(id, number), "linked")
			g.state(id, "connected")
		}
	}
}

// What is sent while a session is restarted is accepted, and sent.
func TestSendsBesideRestarts(t *testing.T) {
	g := start(t)
	g.linked("shop", nil)
	friend, friendly := newPhone(t, nil)
	stop, sent := make(chan struct{}), make(chan int)
	go func() {
		accepted := 0
		defer func() { sent <- accepted }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			a := g.do("POST", "/v1/sessions/shop/messages", object{"to": friendly, "text": fmt.Sprint("m", accepted)})
			switch {
			case a.Status == 202:
				accepted++
			case a.Status == 503 && a.Header.Get("Retry-After") != "":
			default:
				t.Errorf("%d %s", a.Status, a.Body)
				return
			}
			if a := g.do("POST", "/v1/sessions/shop/methods/chat.activity", object{"chat": friendly, "activity": "typing"}); a.Status != 200 && a.Status != 503 {
				t.Errorf("%d %s", a.Status, a.Body)
				return
			}
		}
	}()
	for range 15 {
		g.do("POST", "/v1/sessions/shop/restart", nil).want(200)
	}
	close(stop)
	accepted := <-sent
	if accepted == 0 {
		t.Fatal("nothing was sent")
	}
	if got := heard(t, friend, accepted); len(got) != accepted {
		t.Errorf("%d messages arrive of %d", len(got), accepted)
	}
}

// unused gives an address at which nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
