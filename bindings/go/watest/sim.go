// Package watest runs wa-sim, a simulated WhatsApp, for tests of programs that
// use libwa: a server that speaks the real protocol, and phones that link
// devices, or refuse to, as the test wants it.
//
//	func TestBot(t *testing.T) {
//		sim := watest.Start(t)
//		phone, err := sim.NewPhone(t.Context(), "15550001234", "Ada", nil)
//		...
//		client, err := libwa.Open(sim.Option())
//		...
//		outcome, err := phone.Enter(t.Context(), code.Code)
//	}
package watest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/libwa/libwa/bindings/go"
)

// A Sim is a running wa-sim.
type Sim struct {
	// WS and WSS are the addresses of the server, plain and with TLS.
	WS  string `json:"ws"`
	WSS string `json:"wss"`

	// Control is the address of the control interface; opened in a browser it
	// shows the simulated phones.
	Control string `json:"control"`

	// RootKey is what the certificates of the server lead to, in hexadecimal.
	RootKey string `json:"root_key"`

	// VersionPage is the page that tells the newest version of the web client.
	VersionPage string `json:"version_page"`

	// CAPEM is the authority that the server's TLS certificate is from.
	CAPEM string `json:"ca_pem"`

	process *exec.Cmd
	stdin   io.Closer
	folder  string
	stop    sync.Once
}

// Start runs a simulator that is stopped when the test ends. The arguments are
// those of the command wa-sim.
func Start(tb testing.TB, arguments ...string) *Sim {
	tb.Helper()
	sim, err := Run(arguments...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		sim.Stop()
		if sim.Violated() {
			tb.Error("watest: a client has sent what the official one does not; wa-sim has said what")
		}
	})
	return sim
}

// Run runs a simulator until it is stopped, or this process ends. It runs the
// program that the environment variable WA_SIM names, else the wa-sim in PATH,
// else the one of the checkout that this package is part of, which it builds
// if need be.
func Run(arguments ...string) (*Sim, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	process := exec.Command(path, append([]string{"--exit-with-stdin"}, arguments...)...)
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "watest")
	if err != nil {
		return nil, err
	}
	sim := &Sim{process: process, stdin: stdin, folder: folder}
	if err := process.Start(); err != nil {
		os.RemoveAll(folder)
		return nil, err
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, sim)
	}
	if err == nil {
		err = os.WriteFile(sim.caFile(), []byte(sim.CAPEM), 0o600)
	}
	if err != nil {
		sim.Stop()
		return nil, fmt.Errorf("watest: wa-sim did not print its addresses: %w", err)
	}
	// With --verbose it prints more, which must not fill the pipe.
	go io.Copy(io.Discard, lines)
	return sim, nil
}

func find() (string, error) {
	if path := os.Getenv("WA_SIM"); path != "" {
		return path, nil
	}
	if path, err := exec.LookPath("wa-sim"); err == nil {
		return path, nil
	}
	_, file, _, _ := runtime.Caller(0)
	checkout := filepath.Join(filepath.Dir(file), "..", "..", "..")
	if _, err := os.Stat(filepath.Join(checkout, "tests", "sim", "Cargo.toml")); err != nil {
		return "", errors.New("watest: there is no wa-sim: install libwa, which brings it, or name it in WA_SIM")
	}
	for _, profile := range []string{"release", "debug"} {
		path := filepath.Join(checkout, "target", profile, "wa-sim")
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	// cargo build --release builds the library and not the simulator.
	build := exec.Command("cargo", "build", "--release", "--locked", "-p", "wa-sim")
	build.Dir, build.Stderr = checkout, os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("watest: wa-sim could not be built: %w", err)
	}
	return filepath.Join(checkout, "target", "release", "wa-sim"), nil
}

// Stop ends the simulator. It may be called again.
func (s *Sim) Stop() {
	s.stop.Do(func() {
		s.stdin.Close()
		timer := time.AfterFunc(5*time.Second, func() { s.process.Process.Kill() })
		s.process.Wait()
		timer.Stop()
		os.RemoveAll(s.folder)
	})
}

// Violated tells, once the simulator is stopped, whether it ran with
// --check-shapes and a client has sent a stanza that the official web client
// does not send. wa-sim has said which on standard error.
func (s *Sim) Violated() bool {
	const status = 3
	return s.process.ProcessState != nil && s.process.ProcessState.ExitCode() == status
}

// Option has a client connect to the simulator in place of WhatsApp, where nobody minds being written to: there is no limit to
// first contacts.
func (s *Sim) Option() libwa.Option {
	return libwa.Options(
		libwa.WithServerURL(s.WS),
		libwa.WithServerRootKey(s.RootKey),
		libwa.WithClientVersionURL(s.VersionPage),
		libwa.WithPaceFirstContactsPerHour(0),
	)
}

// TLSOption is Option by TLS, as WhatsApp itself is reached.
func (s *Sim) TLSOption() libwa.Option {
	return libwa.Options(
		libwa.WithServerURL(s.WSS),
		libwa.WithServerRootKey(s.RootKey),
		libwa.WithClientVersionURL(s.VersionPage),
		libwa.WithServerCAFile(s.caFile()),
		libwa.WithPaceFirstContactsPerHour(0),
	)
}

func (s *Sim) caFile() string {
	return filepath.Join(s.folder, "ca.pem")
}

// A Connection is a device, or one that wants to be linked, at the server.
type Connection struct {
	ID int64 `json:"id"`

	// Stage is "handshake", "unpaired" or "device".
	Stage  string `json:"stage"`
	Number string `json:"number"`
	JID    string `json:"jid"`
}

func (s *Sim) connections(ctx context.Context) ([]Connection, error) {
	var all struct {
		Connections []Connection `json:"connections"`
	}
	err := s.Do(ctx, "GET", "/connections", nil, &all)
	return all.Connections, err
}

// WaitConnections waits until the open connections meet the condition, and
// lists them.
func (s *Sim) WaitConnections(ctx context.Context, condition func([]Connection) bool) ([]Connection, error) {
	return wait(ctx, s.connections, condition)
}

// Settle waits until every client has answered a ping and every person has
// received what was sent to them, so that all that clients wrote before is
// handled. A test that asserts that something has not happened, or a count that
// is final, settles first. What a client was told to do counts once it has said
// that it is done, by an event.
//
// It fails if a client does not answer before the context's deadline, or within
// a minute if there is none. Connections that were silenced, or are amid their
// handshake, are passed over.
func (s *Sim) Settle(ctx context.Context) error {
	limit := map[string]any{}
	if deadline, ok := ctx.Deadline(); ok {
		limit["wait_ms"] = max(0, time.Until(deadline).Milliseconds())
	}
	return s.Do(ctx, http.MethodPost, "/settle", limit, nil)
}

// pause is how long a wait rests between two looks.
const pause = 10 * time.Millisecond

// wait looks again and again until the condition is met or the context ends.
func wait[T any](ctx context.Context, look func(context.Context) (T, error), condition func(T) bool) (T, error) {
	for {
		found, err := look(ctx)
		if err != nil || condition(found) {
			return found, err
		}
		select {
		case <-ctx.Done():
			return found, fmt.Errorf("watest: the simulator did not come to that: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
}

// Cut ends the connections of a device without a word, as a bad network does.
// It waits until there is one.
func (s *Sim) Cut(ctx context.Context, jid string) error {
	of := func(connection Connection) bool { return connection.JID == jid }
	connections, err := s.WaitConnections(ctx, func(all []Connection) bool { return slices.ContainsFunc(all, of) })
	if err != nil {
		return err
	}
	for _, connection := range connections {
		if !of(connection) {
			continue
		}
		err := s.Do(ctx, "POST", fmt.Sprintf("/connections/%d/cut", connection.ID), struct{}{}, nil)
		if gone := (*refusal)(nil); errors.As(err, &gone) && gone.status == http.StatusNotFound {
			continue // it has ended meanwhile
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A Fault is a rule for how the server misbehaves; the README of wa-sim says
// what When and Do can be.
type Fault struct {
	When map[string]any `json:"when"`
	Do   any            `json:"do"`

	// Times is how often it applies, once if it is 0; -1 is without end.
	Times int `json:"times"`
}

// AddFault adds a rule.
func (s *Sim) AddFault(ctx context.Context, fault Fault) error {
	switch fault.Times {
	case 0:
		fault.Times = 1
	case -1:
		fault.Times = 0
	}
	return s.Do(ctx, "POST", "/faults", fault, nil)
}

// ClearFaults removes all rules.
func (s *Sim) ClearFaults(ctx context.Context) error {
	return s.Do(ctx, "DELETE", "/faults", nil, nil)
}
