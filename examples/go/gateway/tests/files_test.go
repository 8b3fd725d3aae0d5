package tests

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// fifo puts a FIFO in the place of a file.
func fifo(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A file of the settings that is no file, or never ends, is refused by name.
func TestFilesThatAreNone(t *testing.T) {
	folder, files := t.TempDir(), t.TempDir()
	newToken(t, folder, []tokens.Scope{tokens.Admin})
	writeCertificate(t, files, "gateway.example")
	at := func(name string) string { return filepath.Join(files, name) }
	fifo(t, at("fifo"))
	large, err := os.Create(at("large"))
	if err != nil {
		t.Fatal(err)
	}
	if err := large.Truncate(1 << 40); err != nil {
		t.Fatal(err)
	}
	large.Close()
	for path, wanted := range map[string]string{at("fifo"): "is not a regular file but a FIFO", "/dev/zero": "is not a regular file but a device", at("large"): "is too large", files: "is not a regular file but a folder"} {
		for flag, more := range map[string]string{"--admin-token-file=": "", "--tls-cert=": "--tls-key=" + at("key.pem"), "--tls-key=": "--tls-cert=" + at("cert.pem"), "--wa=server.ca_file=": ""} {
			arguments := []string{"--listen=127.0.0.1:0", "--ops-listen=", "--data=" + folder, flag + path}
			if more != "" {
				arguments = append(arguments, more)
			}
			child := process(t, arguments...)
			var out bytes.Buffer
			child.Stderr = &out
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			hung := time.AfterFunc(20*time.Second, func() { child.Process.Kill() })
			err := child.Wait()
			name := strings.Trim(strings.TrimPrefix(flag, "--wa="), "=")
			if !hung.Stop() || err == nil || !strings.Contains(out.String(), name+": "+path+" "+wanted) {
				t.Errorf("%s%s: %v, %s", flag, path, err, out.String())
			}
		}
	}
}

// A certificate or key that becomes a FIFO, or too large, holds no handshake up:
// the former one is used, which is told once, and a good one is taken again.
func TestACertificateThatBecomesAFIFO(t *testing.T) {
	certificates := t.TempDir()
	first := writeCertificate(t, certificates, "first.example")
	g := start(t, "--tls-cert="+certificates+"/cert.pem", "--tls-key="+certificates+"/key.pem")
	served := func() []byte {
		transport := insecure()
		defer transport.CloseIdleConnections()
		response, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Do(g.request("GET", "/info", nil))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.TLS.PeerCertificates[0].Raw
	}
	warnings := func() int { return strings.Count(g.logs.String(), "the certificate could not be read again") }
	for n, name := range []string{"cert.pem", "key.pem"} {
		path := filepath.Join(certificates, name)
		fifo(t, path)
		g.await("a word about the FIFO", func() bool {
			if !bytes.Equal(served(), first) {
				t.Fatal("another certificate is served")
			}
			return warnings() == 2*n+1
		})
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/dev/zero", path); err != nil {
			t.Fatal(err)
		}
		g.await("a word about the device", func() bool {
			served()
			return warnings() == 2*n+2
		})
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		first = writeCertificate(t, certificates, "next.example")
		g.await("the next certificate", func() bool { return bytes.Equal(served(), first) })
	}
	if !strings.Contains(g.logs.String(), `"level":"WARN","msg":"the certificate could not be read again`) {
		t.Error("it is no warning")
	}
}

// The operator's token is read again when its file changes; as long as that is no
// token, the former one holds.
func TestTheOperatorsTokenIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		t.Helper()
		os.Remove(path)
		if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first, second := strings.Repeat("a", 24), strings.Repeat("b", 24)
	write(first)
	g := start(t, "--admin-token-file="+path)
	status := func(token string) int { return g.as(token).do("GET", "/v1/tokens", nil).Status }
	if status(first) != 200 || status(second) != 401 {
		t.Error("the first token does not hold")
	}
	for _, bad := range []func(){func() { fifo(t, path) }, func() { write("short") }, func() { write("") }} {
		before := strings.Count(g.logs.String(), "the operator's token could not be read again")
		bad()
		g.await("a word about it", func() bool {
			return strings.Count(g.logs.String(), "the operator's token could not be read again") > before
		})
		if status(first) != 200 {
			t.Error("the former token does not hold")
		}
	}
	write(second)
	g.await("the second token", func() bool { return status(second) == 200 })
	if status(first) != 401 {
		t.Error("the first token still holds")
	}
	if text := g.logs.String(); strings.Contains(text, first) || strings.Contains(text, second) {
		t.Error("a token is in the log")
	}
}
