package tests

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/libwa/libwa/examples/go/gateway/internal/cli"
)

// copied returns the files of libwa's store in a data folder, by their paths.
func copied(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "sessions.db*"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		if files[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// A sessions.db that is an older copy is made safe before the gateway starts with
// it: no key is used a second time, and messages arrive.
func TestRestored(t *testing.T) {
	folder := t.TempDir()
	run := func() (string, error) {
		var out bytes.Buffer
		err := cli.Run(limited(t), []string{"restored", "--data=" + folder}, &out, io.Discard)
		return out.String(), err
	}
	if _, err := run(); err == nil || !strings.Contains(err.Error(), "there is no gateway in") {
		t.Error(err)
	}
	g := startIn(t, folder)
	g.linked("default", nil)
	friend, number := newPhone(t, nil)
	said := 0
	say := func(g *gateway, count int) {
		for range count {
			said++
			g.do("POST", messages, object{"to": number, "text": fmt.Sprint(said)}).want(202)
		}
		if got := heard(t, friend, said); len(got) != said {
			t.Fatalf("%d messages arrived of %d", len(got), said)
		}
	}
	say(g, 1)
	if _, err := run(); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Error(err)
	}
	stop := func(g *gateway) {
		if err := g.stop(); err != nil {
			t.Fatal(err)
		}
	}
	stop(g)
	copies := copied(t, folder)
	g = startIn(t, folder)
	say(g, 40)
	stop(g)
	for path := range copied(t, folder) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for path, file := range copies {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := run(); err != nil || !strings.HasSuffix(out, "go on with new keys: 1.\n") {
		t.Fatal(out, err)
	}
	g = startIn(t, folder)
	say(g, 40)
	g.do("POST", "/v1/sessions/default/methods/session.restored", nil).want(200)
	say(g, 2)
	var seen struct{ Reused int }
	if err := sim.Do(limited(t), "GET", "/ciphertexts", nil, &seen); err != nil || seen.Reused != 0 {
		t.Error(seen, err)
	}
}
