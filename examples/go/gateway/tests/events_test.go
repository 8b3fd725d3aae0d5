package tests

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A streamed event, as it stands on the wire.
type streamed struct {
	id, event string
	data      object
}

// A stream reads server-sent events.
type stream struct {
	t      testing.TB
	cancel context.CancelFunc
	lines  *bufio.Scanner
	beats  int
}

func (g *gateway) stream(query string, headers ...header) *stream {
	g.t.Helper()
	ctx, cancel := context.WithCancel(limited(g.t))
	request := g.request("GET", "/v1/events"+query, nil, append(headers, header{"Accept", "text/event-stream"})...).WithContext(ctx)
	response, err := g.http.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		g.t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	g.t.Cleanup(func() { cancel(); response.Body.Close() })
	return &stream{t: g.t, cancel: cancel, lines: bufio.NewScanner(response.Body)}
}

// next gives the next event.
func (s *stream) next() (e streamed) {
	s.t.Helper()
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "id":
			e.id = value
		case "event":
			e.event = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e.data); err != nil {
				s.t.Fatal(err)
			}
		case "":
			if strings.HasPrefix(s.lines.Text(), ":") {
				s.beats++
			} else if e.event != "" {
				return e
			}
		}
	}
	s.t.Fatalf("the stream ended: %v", s.lines.Err())
	return e
}

// A stream brings what happens, and one that is taken up again misses nothing
// and repeats nothing.
func TestStream(t *testing.T) {
	g := start(t)
	g.linked("default", nil)
	friend, _ := newPhone(t, nil)
	write := func(i int) {
		if err := sim.Do(limited(t), "POST", "/phones/"+friend.Number+"/send", object{"to": g.do("GET", guide+"/status", nil).text("data.phoneNumber")[1:], "text": fmt.Sprint("text ", i)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	s := g.stream("?after=now&type=message")
	write(0)
	first := s.next()
	if first.event != "message" || first.data["data"].(object)["text"] != "text 0" || first.data["cursor"] != first.id || first.data["session"] != "default" {
		t.Errorf("%+v", first)
	}
	s.cancel()
	// Both ways to take it up again; the header goes first.
	write(1)
	write(2)
	for _, again := range []*stream{
		g.stream("?type=message&after=" + first.id),
		g.stream("?type=message", header{"Last-Event-ID", first.id}),
		g.stream("?type=message&after=0", header{"Last-Event-ID", first.id}),
	} {
		for _, wanted := range []string{"text 1", "text 2"} {
			if e := again.next(); e.data["data"].(object)["text"] != wanted || e.data["id"] == first.data["id"] {
				t.Errorf("%+v, wanted %s", e, wanted)
			}
		}
	}
	// From the beginning come the states of the session, in their order.
	all := g.stream("?type=session.state")
	states := []string{}
	for len(states) == 0 || states[len(states)-1] != "connected" {
		e := all.next()
		states = append(states, e.data["data"].(object)["state"].(string))
	}
	if states[0] != "pairing" {
		t.Errorf("the states are %v", states)
	}
	// Signs of life come when nothing happens.
	quiet := g.stream("?after=now&type=nothing")
	for quiet.beats < 2 && quiet.lines.Scan() {
		if strings.HasPrefix(quiet.lines.Text(), ":") {
			quiet.beats++
		}
	}
}

// The log goes on after a restart, with cursors that only grow, and says what
// it does not hold any more.
func TestLogIsBounded(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder, "--events-keep=5")
	g.linked("default", nil)
	g.do("POST", guide+"/restart", nil).want(200)
	g.state("default", "connected")
	g.await("five events", func() bool { return len(g.events("")) == 5 })
	last := g.events("")[4]["cursor"].(string)
	if e := g.stream("?after=1").next(); e.event != "gap" || e.data["after"] != "1" || e.data["oldest"] == "" {
		t.Errorf("%+v", e)
	}
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	again := startIn(t, folder, "--events-keep=5")
	again.state("default", "connected")
	events := again.events("after=" + last)
	if len(events) == 0 {
		t.Fatal("nothing follows")
	}
	for _, e := range events {
		if number(t, e["cursor"].(string)) <= number(t, last) {
			t.Errorf("%v follows %s", e, last)
		}
	}
}

func number(t testing.TB, text string) uint64 {
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// A cursor of a log that came further than this one, which was restored from an
// older copy, is a gap: all that there is comes again.
func TestCursorPastTheEnd(t *testing.T) {
	g := start(t)
	g.linked("default", nil)
	s := g.stream("?after=999999")
	if gap := s.next(); gap.event != "gap" || gap.data["after"] != "999999" || gap.data["oldest"] != "1" {
		t.Errorf("%+v", gap)
	}
	if first := s.next(); first.id != "1" {
		t.Errorf("%+v", first)
	}
	list := g.do("GET", "/v1/events?after=999999&limit=1", nil).want(200).is("gap", true).is("next", "1")
	if len(list.get("events").([]any)) != 1 {
		t.Errorf("%s", list.Body)
	}
	g.do("GET", "/v1/events?after=now", nil).want(200).is("gap", nil)
	g.do("GET", "/v1/events", nil).want(200).is("gap", nil)
}

// A stream does not outlive its token, nor does a wait for events.
func TestStreamOfARevokedToken(t *testing.T) {
	g := start(t)
	made := g.do("POST", "/v1/tokens", object{"name": "x", "scopes": []string{"events"}}).want(201)
	short := g.do("POST", "/v1/tokens", object{"name": "y", "scopes": []string{"events"}, "expiresAt": time.Now().Add(5 * time.Second).UTC()}).want(201)
	var streams []*stream
	for _, token := range []answer{made, short} {
		streams = append(streams, g.as(token.text("token")).stream("?after=now"))
	}
	waiting := make(chan answer, 1)
	go func() { waiting <- g.as(made.text("token")).do("GET", "/v1/events?wait=5s&after=now", nil) }()
	g.do("DELETE", "/v1/tokens/"+made.text("id"), nil).want(204)
	for _, s := range streams {
		time.AfterFunc(time.Minute, s.cancel)
		for s.lines.Scan() {
		}
		if err := s.lines.Err(); err != nil {
			t.Errorf("the stream goes on: %v", err)
		}
	}
	(<-waiting).want(401)
}

// Events can be waited for without a stream, too.
func TestLongPoll(t *testing.T) {
	g := start(t)
	newest := g.do("GET", "/v1/events?after=now", nil).want(200).text("next")
	came := make(chan answer)
	go func() { came <- g.do("GET", "/v1/events?wait=30s&after="+newest, nil) }()
	select {
	case a := <-came:
		t.Fatalf("%s came at once", a.Body)
	case <-time.After(50 * time.Millisecond):
	}
	_, phone := newPhone(t, nil)
	g.pair("default", phone)
	if events := (<-came).want(200).get("events").([]any); len(events) == 0 {
		t.Error("nothing came")
	}
}

// One token does not have all streams.
func TestStreamsAreShared(t *testing.T) {
	g := start(t, "--max-streams=3", "--streams-per-token=2")
	g.stream("")
	last := g.stream("")
	g.do("GET", "/v1/events", nil, header{"Accept", "text/event-stream"}).want(429).is("code", "too_many_streams")
	other := g.as(g.do("POST", "/v1/tokens", object{"name": "x", "scopes": []string{"events"}}).want(201).text("token"))
	other.stream("")
	other.do("GET", "/v1/events", nil, header{"Accept", "text/event-stream"}).want(503).is("code", "too_many_streams")
	last.cancel()
	other.await("a free stream", func() bool {
		ctx, cancel := context.WithCancel(limited(t))
		defer cancel()
		response, err := g.http.Do(other.request("GET", "/v1/events", nil, header{"Accept", "text/event-stream"}).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// Streams end with the gateway, and there are not more than allowed.
func TestStreamsAreBounded(t *testing.T) {
	g := start(t, "--max-streams=1")
	s := g.stream("")
	g.do("GET", "/v1/events", nil, header{"Accept", "text/event-stream"}).want(503).is("code", "too_many_streams")
	ended := make(chan bool)
	go func() {
		for s.lines.Scan() {
		}
		ended <- true
	}()
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	<-ended
}
