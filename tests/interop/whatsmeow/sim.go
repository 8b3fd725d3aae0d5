// Package interop links an unmodified whatsmeow to wa-sim, the simulated
// WhatsApp of this repository. Only the address, the root key and the trusted
// CA differ from production, and they are changed from outside the client.
//
// This file speaks to wa-sim; peer.go wraps whatsmeow.
package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// controlTimeout bounds one control request. Entering a code waits for the
// whole linking, which ends after 60 s at the latest.
const controlTimeout = 75 * time.Second

// Sim is a running wa-sim process.
type Sim struct {
	WS      string `json:"ws"`
	WSS     string `json:"wss"`
	Control string `json:"control"`
	RootKey string `json:"root_key"`
	CAPEM   string `json:"ca_pem"`

	process *exec.Cmd
	stdin   io.Closer
}

// StartSim starts the binary named by WA_SIM, or the one cargo built, with
// these options, and waits for the line with its addresses.
func StartSim(options ...string) (*Sim, error) {
	path := os.Getenv("WA_SIM")
	if path == "" {
		path = filepath.Join("..", "..", "..", "target", "debug", "wa-sim")
	}
	// A pinned whatsmeow presents the version of its day, which WhatsApp refuses some months later.
	process := exec.Command(path, append(options, "--exit-with-stdin", "--version-life-days=0")...)
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("%w (build it with `cargo build -p wa-sim`)", err)
	}
	sim := &Sim{process: process, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, sim)
	}
	if err != nil {
		sim.Stop()
		return nil, fmt.Errorf("wa-sim did not print its addresses: %w", err)
	}
	return sim, nil
}

// Stop closes wa-sim's standard input, which ends it, and kills it if it lingers.
func (s *Sim) Stop() {
	s.stdin.Close()
	timer := time.AfterFunc(5*time.Second, func() { s.process.Process.Kill() })
	defer timer.Stop()
	s.process.Wait()
}

// Phone is a simulated phone, known by its number.
type Phone struct {
	sim    *Sim
	number string
}

// Outcome is what the phone shows after a code was entered or a QR scanned.
type Outcome struct {
	Outcome string `json:"outcome"`
	Device  string `json:"device"`
}

// phoneState is what the phone's list of linked devices shows.
type phoneState struct {
	LID        string `json:"lid"`
	Companions []struct {
		Device int    `json:"device"`
		JID    string `json:"jid"`
		Online bool   `json:"online"`
		// PhashMismatches counts its messages for other devices than there were.
		PhashMismatches int `json:"phash_mismatches"`
	} `json:"companions"`
}

// Switches change how a phone behaves; wa-sim's README lists them.
type Switches map[string]any

// NewPhone creates a phone with a WhatsApp account.
func (s *Sim) NewPhone(number, name string, switches Switches) (*Phone, error) {
	body := map[string]any{"number": number, "name": name}
	maps.Copy(body, switches)
	return &Phone{s, number}, s.call(http.MethodPost, "/phones", body, nil)
}

// Cut ends the connection of a linked device without a word, as a bad network does.
func (s *Sim) Cut(device string) error {
	var all struct {
		Connections []struct {
			ID  int    `json:"id"`
			JID string `json:"jid"`
		} `json:"connections"`
	}
	if err := s.call(http.MethodGet, "/connections", nil, &all); err != nil {
		return err
	}
	for _, connection := range all.Connections {
		if connection.JID == device {
			return s.call(http.MethodPost, fmt.Sprintf("/connections/%d/cut", connection.ID), map[string]any{}, nil)
		}
	}
	return fmt.Errorf("%s is not connected", device)
}

// Ciphertexts is what wa-sim has seen of the messages' encryption.
type Ciphertexts struct {
	Messages   int `json:"messages"`
	Pairwise   int `json:"pairwise"`
	Group      int `json:"group"`
	Reused     int `json:"reused"`
	Unreadable int `json:"unreadable"`
	Findings   []struct {
		Sender  string `json:"sender"`
		Counter int    `json:"counter"`
		Chain   string `json:"chain"`
		ID      string `json:"id"`
	} `json:"findings"`
}

// Ciphertexts reads it once everything that was sent has been heard.
func (s *Sim) Ciphertexts() (seen Ciphertexts, err error) {
	if err = s.call(http.MethodPost, "/settle", map[string]any{}, nil); err == nil {
		err = s.call(http.MethodGet, "/ciphertexts", nil, &seen)
	}
	return
}

// Enter types a pairing code and waits for what the phone says to it.
func (p *Phone) Enter(code string) (outcome Outcome, err error) {
	err = p.call(http.MethodPost, "/enter", map[string]any{"code": code}, &outcome)
	return
}

// Scan points the phone's camera at a QR code and waits for what it says to it.
func (p *Phone) Scan(qr string) (outcome Outcome, err error) {
	err = p.call(http.MethodPost, "/scan", map[string]any{"qr": qr}, &outcome)
	return
}

// Number is the phone's number.
func (p *Phone) Number() string {
	return p.number
}

// UnlinkAll logs all companions out from the phone's list of linked devices.
func (p *Phone) UnlinkAll() error {
	return p.call(http.MethodPost, "/unlink", map[string]any{"all": true}, nil)
}

// LID is the account's other name, which never changes.
func (p *Phone) LID() (string, error) {
	state, err := p.state()
	return state.LID, err
}

// WaitCompanions waits until these devices, given by their JIDs, are linked and
// no others.
func (p *Phone) WaitCompanions(want ...string) error {
	for until := time.Now().Add(controlTimeout); ; time.Sleep(10 * time.Millisecond) {
		state, err := p.state()
		if err != nil {
			return err
		}
		var got []string
		for _, companion := range state.Companions {
			got = append(got, companion.JID)
		}
		if slices.Equal(got, want) {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("the phone lists %v, not %v", got, want)
		}
	}
}

// PhashMismatches counts the messages that the companions sent to other devices
// than wa-sim knew.
func (p *Phone) PhashMismatches() (count int, err error) {
	state, err := p.state()
	for _, companion := range state.Companions {
		count += companion.PhashMismatches
	}
	return count, err
}

func (p *Phone) state() (state phoneState, err error) {
	err = p.call(http.MethodGet, "", nil, &state)
	return
}

func (p *Phone) call(method, path string, body, answer any) error {
	return p.sim.call(method, "/phones/"+p.number+path, body, answer)
}

func (s *Sim) call(method, path string, body, answer any) error {
	ctx, cancel := context.WithTimeout(context.Background(), controlTimeout)
	defer cancel()
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, s.Control+path, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s %s", method, path, response.Status, strings.TrimSpace(string(text)))
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// NewGroup makes a group on the phone of creator; its address.
func (s *Sim) NewGroup(creator, subject string, members []string) (string, error) {
	var group struct {
		ID string `json:"id"`
	}
	body := map[string]any{"creator": creator, "subject": subject, "members": members}
	err := s.call(http.MethodPost, "/groups", body, &group)
	return group.ID + "@g.us", err
}
