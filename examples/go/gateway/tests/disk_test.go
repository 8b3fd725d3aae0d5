package tests

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// disk mounts a small file system for the data, if that is possible here.
func disk(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if output, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=24m", "gateway-test", folder).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v %s", err, output)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", folder).Run() })
	return folder
}

// fill takes all the room that is left, and free gives it back.
func fill(t *testing.T, folder string) (free func()) {
	t.Helper()
	path := filepath.Join(folder, "filler")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, size := range []int{1 << 16, 1 << 12, 1} {
		for block := make([]byte, size); err == nil; {
			_, err = file.Write(block)
		}
		err = nil
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// A disk that is full: what cannot be kept is refused by name, the gateway is not
// ready and says why. When there is room, everything goes on by itself, and nothing
// was told as failed that is delivered.
func TestAFullDisk(t *testing.T) {
	folder := disk(t)
	g := startIn(t, folder, "--wa=reconnect.base_ms=50")
	_, number := g.linked("default", nil)
	friend, friendly := newPhone(t, nil)
	free := fill(t, folder)
	accepted := map[string]bool{}
	refused := 0
	// What room there is within the files is used up first.
	for n := 0; refused < 5; n++ {
		if n == 3000 {
			t.Fatal("it takes messages without end")
		}
		a := g.do("POST", messages, object{"to": friendly, "text": fmt.Sprintf("%04d %s", n, numbered("padding", 400))})
		switch a.Status {
		case 202:
			accepted[a.text("id")] = true
		case 503:
			if code := a.text("code"); code != "log_full" && code != "outbox_full" && code != "not_ready" {
				t.Fatalf("%s", a.Body)
			}
			if a.text("code") == "log_full" {
				refused++
			}
		default:
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	for _, a := range []answer{
		g.do("POST", "/v1/sessions", object{"id": "another"}), g.do("POST", "/v1/tokens", object{"name": "x", "scopes": []string{"send"}}),
		g.do("POST", "/v1/webhooks", object{"url": "https://example.com/"}),
	} {
		if a.Status != 503 && a.Status != 201 {
			t.Errorf("%s: %d %s", a.what, a.Status, a.Body)
		}
	}
	g.await("not ready", func() bool {
		code, text := g.readyz()
		return code == http.StatusServiceUnavailable && text != ""
	})
	write(t, friend, number, "while the disk is full")
	free()
	g.await("ready", func() bool {
		code, _ := g.readyz()
		return code == http.StatusOK
	})
	g.state("default", "connected")
	g.event("message", "text", "while the disk is full")
	g.await("the outbox", func() bool { return g.metric("gateway_outbox_pending") == 0 })
	// The fault is told once, and its end; each request has the cause in its own line.
	logs := g.logs.String()
	if began, ended := strings.Count(logs, `"level":"ERROR","msg":"the disk takes nothing; `), strings.Count(logs, `"msg":"the disk takes something again"`); began != 1 || ended != 1 {
		t.Errorf("the fault is told %d times, and its end %d times", began, ended)
	}
	for line := range strings.Lines(logs) {
		if strings.Contains(line, `"level":"ERROR"`) && !strings.Contains(line, "the disk takes nothing; ") && !strings.Contains(line, "session") {
			t.Errorf("beside the fault there is %s", line)
		}
		if strings.Contains(line, `"msg":"request"`) && strings.Contains(line, `"code":"log_full"`) && (!strings.Contains(line, `"level":"WARN"`) || !strings.Contains(line, `"error":"`)) {
			t.Errorf("%s", line)
		}
	}
	if failed := g.events("type=message.failed"); len(failed) > 0 {
		t.Errorf("%v", failed)
	}
	if got := heard(t, friend, len(accepted)); len(got) != len(accepted) {
		t.Errorf("%d messages arrive of %d", len(got), len(accepted))
	}
}
