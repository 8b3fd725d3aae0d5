package libwa_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/bindings/go/watest"
)

const here = "github.com/libwa/libwa/bindings/go"

// program builds Go source as a user would who has this checkout, but for
// the address of the server.
func program(t *testing.T, source string) string {
	t.Helper()
	const store = `libwa.Open(libwa.WithStoreURL("sqlite:session.db")`
	if !strings.Contains(source, store) {
		t.Fatalf("it does not open its session with %s", store)
	}
	// It links more often than a user would.
	source = strings.Replace(source, store, fmt.Sprintf("%s, libwa.WithServerURL(or(os.Getenv(\"SERVER\"), %q)), libwa.WithServerRootKey(%q), "+
		"libwa.WithPairingLimitBurst(10), libwa.WithPairingLimitPerHour(60)",
		store, sim.WS, sim.RootKey), 1)
	source += "\nfunc or(a, b string) string {\n\tif a == \"\" {\n\t\treturn b\n\t}\n\treturn a\n}\n"
	binding, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	module := fmt.Sprintf("module program\n\ngo 1.24\n\nrequire %s v0.0.0\n\nreplace %s => %s\n", here, here, binding)
	for name, text := range map[string]string{"main.go": source, "go.mod": module} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tags := "-tags="
	if libwa.Linkage == "dynamic" {
		tags += "dynamic"
	}
	for _, arguments := range [][]string{{"vet", tags, "."}, {"build", tags, "-o", "program", "."}} {
		command := exec.CommandContext(limited(t), "go", arguments...)
		command.Dir = folder
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", arguments[0], err, output)
		}
	}
	return filepath.Join(folder, "program")
}

// linksAPhone runs a program until it has linked a phone, and interrupts it.
func linksAPhone(t *testing.T, path string, phone *watest.Phone, arguments ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(limited(t))
	defer cancel()
	command := exec.CommandContext(ctx, path, arguments...)
	command.Dir = filepath.Dir(path)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	linked := false
	for lines := bufio.NewScanner(output); !linked && lines.Scan(); {
		words := strings.Fields(lines.Text())
		last := words[len(words)-1]
		switch linked = strings.HasPrefix(lines.Text(), "Linked as "); {
		case linked:
			if !strings.HasPrefix(last, phone.Number+":") {
				t.Error(lines.Text())
			}
		case len(last) == 9:
			if outcome, err := phone.Enter(ctx, last); err != nil || outcome.Outcome != "linked" {
				t.Fatalf("%s: %+v, %v", lines.Text(), outcome, err)
			}
		}
	}
	if !linked {
		t.Error("it ended without a link")
	}
	if err := command.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("interrupted, it ended with: %v", err)
	}
}

// readmeProgram gives the README's listing in Go.
func readmeProgram(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "\n```go\n")
	listing, _, ends := strings.Cut(rest, "\n```")
	if !found || !ends {
		t.Fatal("the README has no listing in Go")
	}
	return listing
}

func TestReadmeProgram(t *testing.T) {
	listing := readmeProgram(t)
	// The listing has a number in it.
	phone, err := sim.NewPhone(limited(t), "15551234567", "Ada", nil)
	if err != nil {
		t.Fatal(err)
	}
	path := program(t, listing)
	linksAPhone(t, path, phone)
	readmeStates(t, path, phone)
}

func TestPairExample(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "examples", "go", "pair", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	phone := newPhone(t, nil)
	linksAPhone(t, program(t, string(source)), phone, "+"+phone.Number)
}
