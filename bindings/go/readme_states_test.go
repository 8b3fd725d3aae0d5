package libwa_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/bindings/go/watest"
)

// A run is what a program did until it ended, or was interrupted.
type run struct {
	lines  []string
	stderr string
	status int
}

// runUntil runs a program until it ends, or prints a line that begins with one of
// the words, and interrupts it then. The phone enters each code that it prints.
func runUntil(t *testing.T, path string, phone *watest.Phone, environment string, words ...string) run {
	t.Helper()
	return runWith(t, path, phone, environment, func(line string, interrupt func()) {
		for _, word := range words {
			if strings.HasPrefix(line, word) {
				interrupt()
			}
		}
	})
}

// runWith runs a program until it ends, and calls seen with each line that it
// prints. The phone enters each code.
func runWith(t *testing.T, path string, phone *watest.Phone, environment string, seen func(line string, interrupt func())) run {
	t.Helper()
	ctx, cancel := context.WithCancel(limited(t))
	defer cancel()
	command := exec.CommandContext(ctx, path)
	command.Dir = filepath.Dir(path)
	command.Env = append(os.Environ(), environment)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var result run
	interrupt := sync.OnceFunc(func() { command.Process.Signal(syscall.SIGINT) })
	for lines := bufio.NewScanner(output); lines.Scan(); {
		line := lines.Text()
		result.lines = append(result.lines, line)
		if code := line[strings.LastIndexByte(line, ' ')+1:]; strings.Contains(line, "Linked devices") {
			if outcome, err := phone.Enter(ctx, code); err != nil || outcome.Outcome != "linked" {
				t.Errorf("%s: %+v, %v", line, outcome, err)
			}
		}
		seen(line, interrupt)
	}
	err = command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatalf("the program neither ended nor said what it should: %q %s", result.lines, stderr.String())
	}
	result.stderr, result.status = stderr.String(), command.ProcessState.ExitCode()
	return result
}

// toDevice sends a stanza to the device of a phone, once it is logged in.
func toDevice(t *testing.T, phone *watest.Phone, stanza map[string]any) {
	t.Helper()
	of := func(c watest.Connection) bool { return c.Number == phone.Number && c.Stage == "device" }
	all, err := sim.WaitConnections(limited(t), func(all []watest.Connection) bool { return slices.ContainsFunc(all, of) })
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/connections/%d/send", all[slices.IndexFunc(all, of)].ID)
	if err := sim.Do(limited(t), "POST", path, map[string]any{"stanza": stanza}, nil); err != nil {
		t.Fatal(err)
	}
}

// said says whether a line begins with a word.
func (r *run) said(word string) bool {
	for _, line := range r.lines {
		if strings.HasPrefix(line, word) {
			return true
		}
	}
	return false
}

// readmeStates runs a program that is linked in all states that an account, its
// store and its network can be in. Each ends with a word that tells what it is,
// and the program works again when the cause is gone.
func readmeStates(t *testing.T, path string, phone *watest.Phone) {
	works := func(t *testing.T) {
		t.Helper()
		if again := runUntil(t, path, phone, "", "Linked as"); !again.said("Linked as") || again.said("Settings") || again.status != 0 {
			t.Errorf("the cause is gone: %+v", again)
		}
	}
	t.Run("linked", works)
	for name, state := range map[string]struct {
		fault  any
		wanted string
	}{
		"version refused": {map[string]any{"failure": map[string]any{"reason": "405"}}, "WA_ERROR_CLIENT_OUTDATED"},
		"banned":          {map[string]any{"failure": map[string]any{"reason": "402", "code": "101", "expire": "1"}}, "WA_ERROR_TEMPORARILY_BANNED"},
	} {
		t.Run(name, func(t *testing.T) {
			fault(t, map[string]any{"point": "login"}, state.fault)
			refused := runUntil(t, path, phone, "")
			if refused.status != 1 || !strings.Contains(refused.stderr, state.wanted) {
				t.Errorf("%+v", refused)
			}
			if says := strings.Contains(refused.stderr, "banned until 2"); says != (name == "banned") {
				t.Errorf("the end of the ban: %+v", refused)
			}
			works(t)
		})
	}
	t.Run("replaced", func(t *testing.T) {
		fault(t, map[string]any{"point": "out", "tag": "success"}, map[string]any{"stream_error": map[string]any{"conflict": "replaced"}})
		replaced := runUntil(t, path, phone, "")
		if replaced.status != 1 || !strings.Contains(replaced.stderr, "WA_ERROR_REPLACED") {
			t.Errorf("%+v", replaced)
		}
		works(t)
	})
	t.Run("replaced while it runs", func(t *testing.T) {
		replaced := runWith(t, path, phone, "", func(line string, _ func()) {
			if strings.HasPrefix(line, "Linked as") {
				conflict := map[string]any{"tag": "conflict", "attrs": map[string]any{"type": "replaced"}}
				toDevice(t, phone, map[string]any{"tag": "stream:error", "attrs": map[string]any{}, "children": []any{conflict}})
			}
		})
		if replaced.status != 1 || !replaced.said("connection #") || !strings.Contains(replaced.stderr, "Given up: the same device connected elsewhere") {
			t.Errorf("%+v", replaced)
		}
		works(t)
	})
	t.Run("store locked", func(t *testing.T) {
		holder, err := libwa.Open(libwa.WithStoreURL("sqlite:" + filepath.Join(filepath.Dir(path), "session.db")))
		if err != nil {
			t.Fatal(err)
		}
		locked := runUntil(t, path, phone, "")
		if locked.status != 1 || !strings.Contains(locked.stderr, "WA_ERROR_STORE_LOCKED") {
			t.Errorf("%+v", locked)
		}
		holder.Close()
		works(t)
	})
	t.Run("no network", func(t *testing.T) {
		// Nobody listens at an address that was just given back.
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		offline := runUntil(t, path, phone, "SERVER=ws://"+listener.Addr().String()+"/ws/chat", "Not connected: ")
		if !offline.said("Not connected: ") || offline.said("Linked as") {
			t.Errorf("%+v", offline)
		}
		works(t)
	})
	t.Run("unlinked while it runs", func(t *testing.T) {
		unlinked := runWith(t, path, phone, "", func(line string, _ func()) {
			if strings.HasPrefix(line, "Linked as") {
				if err := phone.UnlinkAll(limited(t)); err != nil {
					t.Error(err)
				}
			}
		})
		if unlinked.status != 1 || !strings.Contains(unlinked.stderr, "The session ended: This device was unlinked on the phone.") {
			t.Errorf("%+v", unlinked)
		}
		again := runUntil(t, path, phone, "", "Linked as")
		if !again.said("Settings") || !again.said("Linked as") {
			t.Errorf("it does not link again: %+v", again)
		}
		works(t)
	})
	t.Run("unlinked while stopped", func(t *testing.T) {
		if err := phone.UnlinkAll(limited(t)); err != nil {
			t.Fatal(err)
		}
		unlinked := runUntil(t, path, phone, "")
		if unlinked.status != 1 || !strings.Contains(unlinked.stderr, "WA_ERROR_LOGGED_OUT") {
			t.Errorf("%+v", unlinked)
		}
		again := runUntil(t, path, phone, "", "Linked as")
		if !again.said("Settings") || !again.said("Linked as") {
			t.Errorf("it does not link again: %+v", again)
		}
		works(t)
	})
}

// fault has the simulator misbehave once, for the devices of this test only.
func fault(t *testing.T, when map[string]any, do any) {
	t.Helper()
	if err := sim.AddFault(limited(t), watest.Fault{When: when, Do: do}); err != nil {
		t.Fatal(err)
	}
}
