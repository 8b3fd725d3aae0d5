//go:build clients

package clients

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go/watest"
)

// guideClient runs the JavaScript client of the guide, and gives what it
// prints; with the code that it shows something is done.
func guideClient(t *testing.T, url, number string, with func(code string)) (out string, succeeded bool) {
	t.Helper()
	client := exec.Command("node", "../../../../js/pair.mjs", number)
	client.Env = append(os.Environ(), "GATEWAY_URL="+url, "GATEWAY_TOKEN="+secret, "GATEWAY_INTERVAL_MS=100")
	var errors bytes.Buffer
	client.Stderr = &errors
	pipe, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatalf("node is needed: %v", err)
	}
	timer := time.AfterFunc(time.Minute, func() { client.Process.Kill() })
	defer timer.Stop()
	var all strings.Builder
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if code, is := strings.CutPrefix(lines.Text(), "The code: "); is && with != nil {
			with(code)
		}
	}
	err = client.Wait()
	return all.String() + errors.String(), err == nil
}

// The guide's client, to success, to expiry, and to failures.
func TestGuideClient(t *testing.T) {
	phone := newPhone(t, nil)
	out, ok := guideClient(t, start(t), "+"+phone.Number, func(code string) { enter(t, phone, code, "linked") })
	if !ok || !strings.Contains(out, "Phone verification successful") {
		t.Errorf("success: %s", out)
	}
	late := newPhone(t, nil)
	out, ok = guideClient(t, start(t, "--wa=pairing.code_ttl_ms=1000"), "+"+late.Number, nil)
	if ok || !strings.Contains(out, "The code was not entered in time") {
		t.Errorf("expiry: %s", out)
	}
	refused := newPhone(t, watest.Switches{"refuse_code": object{"code": 429}})
	out, ok = guideClient(t, start(t), "+"+refused.Number, nil)
	if ok || !strings.Contains(out, "Too many attempts") || !strings.Contains(out, "try again in 3600 s") {
		t.Errorf("refusal: %s", out)
	}
	out, ok = guideClient(t, start(t), "030123456", nil)
	if ok || !strings.Contains(out, "The country code is missing") {
		t.Errorf("wrong number: %s", out)
	}
}
