package tests

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// raw opens a connection and writes what it is given.
func (g *gateway) raw(text string) net.Conn {
	g.t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { connection.Close() })
	connection.SetDeadline(time.Now().Add(90 * time.Second))
	if _, err := io.WriteString(connection, text); err != nil {
		g.t.Fatal(err)
	}
	return connection
}

// Clients that send slowly, or never finish, are let go.
func TestSlowClients(t *testing.T) {
	g := start(t, "--read-timeout=2s", "--write-timeout=2s")
	for name, text := range map[string]string{
		"half a header": "POST " + guidePhone + " HTTP/1.1\r\nHost: x\r\nAuth",
		"half a body": "POST " + guidePhone + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + g.token +
			"\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{\"phone",
	} {
		connection := g.raw(text)
		if _, err := io.Copy(io.Discard, connection); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A long wait is longer than these times, and is answered all the same.
	version := g.do("GET", "/v1/sessions/default", nil).want(200).get("version").(float64)
	g.do("GET", "/v1/sessions/default?wait=3s&version="+itoa(version), nil).want(200)
	g.do("GET", guide+"/status", nil).want(200)
}

// What is no HTTP, or too much of it, is refused before it costs anything.
func TestStrangeRequests(t *testing.T) {
	g := start(t)
	for want, text := range map[string]string{
		"400": "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"431": "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
		"501": "POST " + guidePhone + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
		"505": "GET / HTTP/3.0\r\nHost: x\r\n\r\n",
	} {
		response, err := http.ReadResponse(bufio.NewReader(g.raw(text)), nil)
		if err != nil {
			t.Errorf("%.40q: %v", text, err)
			continue
		}
		response.Body.Close()
		if got := fmt.Sprint(response.StatusCode); got != want {
			t.Errorf("%.40q: %s, wanted %s", text, got, want)
		}
	}
	// Two tokens are none; a path is not cleaned for anybody.
	two := "GET " + guide + "/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + g.token + "\r\nAuthorization: Bearer x\r\n\r\n"
	for text, want := range map[string]int{two: 401, "GET /v1/sessions/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n": 404, "GET /..%5c..%5cetc HTTP/1.1\r\nHost: x\r\n\r\n": 404} {
		response, err := http.ReadResponse(bufio.NewReader(g.raw(text)), nil)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%.40q: %d, wanted %d", text, response.StatusCode, want)
		}
	}
}

// A client that does not read its stream is let go, and holds nobody up.
func TestClientThatDoesNotRead(t *testing.T) {
	g := start(t, "--write-timeout=2s", "--max-streams=1")
	phone, _ := g.linked("default", nil)
	friend, _ := newPhone(t, nil)
	// The stream is there before anybody asks whether it is: who asks takes a place, too.
	stream := g.raw("GET /v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer " + g.token + "\r\n\r\n")
	if line, err := bufio.NewReader(stream).ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") {
		t.Fatalf("%q, %v", line, err)
	}
	if freed(g) {
		t.Fatal("there is room beside the stream")
	}
	// More than fits into the buffers on the way.
	load := object{"to": phone.Number, "from": []string{friend.Number}, "count": 150, "length": 60000}
	if err := sim.Do(limited(t), "POST", "/loads", load, nil); err != nil {
		t.Fatal(err)
	}
	g.await("the end of the stream", func() bool { return freed(g) })
	g.do("GET", guide+"/status", nil).want(200).is("data.state", "connected")
}

// freed says whether there is room for another stream.
func freed(g *gateway) bool {
	request := g.request("GET", "/v1/events?after=now", nil, header{"Accept", "text/event-stream"})
	response, err := g.http.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

var sampleShape = regexp.MustCompile(`^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? (\+Inf|-?[0-9.e+-]+)$`)

// The figures are in the form that Prometheus reads, and say what is so.
func TestMetrics(t *testing.T) {
	g := start(t)
	g.linked("default", nil)
	g.do("GET", "/nothing", nil).want(404)
	for path, want := range map[string]string{"/livez": "alive\n", "/readyz": "ready\n"} {
		if got := g.scrape(path); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
	text := g.scrape("/metrics")
	typed := map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if name, is := strings.CutPrefix(line, "# TYPE "); is {
			typed[strings.Fields(name)[0]] = true
			continue
		}
		if strings.HasPrefix(line, "# HELP ") {
			continue
		}
		name, _, _ := strings.Cut(strings.Fields(line)[0], "{")
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if !sampleShape.MatchString(line) || !typed[name] && !typed[base] {
			t.Errorf("%q", line)
		}
	}
	for _, wanted := range []string{
		`gateway_session_connected{session="default"} 1`, `gateway_sessions{state="connected"} 1`, `gateway_pairings_total{method="code",outcome="linked"} 1`,
		`gateway_http_requests_total{route="none",method="GET",status="404"} 1`, `gateway_outbox_pending 0`,
		`gateway_http_request_seconds_count{route="/v1/sessions/{id}/pairing"} 1`,
	} {
		if !strings.Contains(text, wanted+"\n") {
			t.Errorf("there is no %s in %s", wanted, text)
		}
	}
	// They are on a port of their own.
	g.do("GET", "/metrics", nil).want(404)
}

func (g *gateway) scrape(path string) string {
	g.t.Helper()
	response, err := g.http.Get(g.ops + path)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		g.t.Fatalf("%s: %d %v", path, response.StatusCode, err)
	}
	return string(text)
}

// A gateway that has ended leaves nothing behind.
func TestNoGoroutineIsLeft(t *testing.T) {
	http.DefaultClient.CloseIdleConnections()
	before := runtime.NumGoroutine()
	t.Run("gateway", func(t *testing.T) {
		g := start(t)
		r := newReceiver(t)
		g.register(r)
		phone, number := newPhone(t, nil)
		g.link(phone, number)
		friend, to := newPhone(t, nil)
		g.do("POST", messages, object{"to": to, "text": "x"}).want(202)
		heard(t, friend, 1)
		s := g.stream("?after=now")
		g.do("POST", guide+"/restart", nil).want(200)
		s.next()
		s.cancel()
		g.do("POST", "/v1/sessions", object{"id": "qr"}).want(201)
		g.do("POST", "/v1/sessions/qr/pairing", object{"method": "qr"}).want(200)
	})
	http.DefaultClient.CloseIdleConnections()
	var left int
	for range 300 {
		if left = runtime.NumGoroutine(); left <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines are left of %d:\n%s", left, before, stacks[:runtime.Stack(stacks, true)])
}
