package messages

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	interop "github.com/libwa/libwa/tests/interop/whatsmeow"
)

// child is a peer of Baileys, in a Node process of its own that takes commands
// and tells events as lines of JSON (../baileys/messages.js).
type child struct {
	t      testing.TB
	number string
	inbox  *Inbox
	stdin  io.WriteCloser

	mu      sync.Mutex
	next    int
	waiting map[int]chan answer
}

// answer is what a command came to.
type answer struct {
	Value string `json:"value"`
	Error string `json:"error"`
}

// line is one line from the child: an event, or an answer.
type line struct {
	answer
	Answers int    `json:"answers"`
	Event   *Event `json:"event"`
}

func linkBaileys(t testing.TB, sim *interop.Sim, phone *interop.Phone, folder string) Peer {
	t.Helper()
	process := exec.Command("node", filepath.Join("..", "baileys", "messages.js"), folder)
	process.Env = append(os.Environ(), "SIM_WSS="+sim.WSS, "SIM_ROOT="+sim.RootKey, "SIM_CA="+sim.CAPEM)
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	peer := &child{t: t, number: phone.Number(), inbox: NewInbox(), stdin: stdin, waiting: map[int]chan answer{}}
	read := make(chan struct{})
	go peer.read(stdout, read)
	t.Cleanup(func() {
		stdin.Close()
		timer := time.AfterFunc(5*time.Second, func() { process.Process.Kill() })
		defer timer.Stop()
		<-read
		process.Wait()
	})
	qr, err := peer.call("qr", nil)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := phone.Scan(qr)
	if err != nil || outcome.Outcome != "linked" {
		t.Fatalf("phone says %+v, %v", outcome, err)
	}
	if _, err := peer.call("open", nil); err != nil {
		t.Fatal(err)
	}
	return peer
}

func (c *child) read(from io.Reader, done chan<- struct{}) {
	defer close(done)
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var got line
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			fmt.Fprintln(os.Stderr, lines.Text())
			continue
		}
		if got.Event != nil {
			got.Event.Chat, got.Event.From = numberOf(got.Event.Chat), numberOf(got.Event.From)
			c.inbox.Put(*got.Event)
			continue
		}
		c.mu.Lock()
		waiting := c.waiting[got.Answers]
		delete(c.waiting, got.Answers)
		c.mu.Unlock()
		if waiting != nil {
			waiting <- got.answer
		}
	}
}

// call lets the child do something and waits for what comes of it.
func (c *child) call(do string, with map[string]any) (string, error) {
	command := map[string]any{"do": do}
	for key, value := range with {
		command[key] = value
	}
	done := make(chan answer, 1)
	c.mu.Lock()
	c.next++
	command["id"] = c.next
	c.waiting[c.next] = done
	text, err := json.Marshal(command)
	if err == nil {
		_, err = c.stdin.Write(append(text, '\n'))
	}
	c.mu.Unlock()
	if err != nil {
		return "", err
	}
	select {
	case got := <-done:
		if got.Error != "" {
			return "", errors.New(got.Error)
		}
		return got.Value, nil
	case <-time.After(patience):
		return "", fmt.Errorf("Baileys: %s took longer than %v", do, patience)
	}
}

func (c *child) Library() string { return "baileys" }
func (c *child) Number() string  { return c.number }
func (c *child) Events() *Inbox  { return c.inbox }

// target is a message as Baileys' keys name it.
func (c *child) target(ref Ref) map[string]any {
	return map[string]any{"id": ref.ID, "from": lidOf(ref.From), "mine": ref.From == c.number, "text": ref.Text}
}

func (c *child) SendText(chat, text string) (string, error) {
	return c.call("text", map[string]any{"chat": lidOf(chat), "text": text})
}

func (c *child) Quote(chat, text string, quoted Ref) (string, error) {
	return c.call("quote", map[string]any{"chat": lidOf(chat), "text": text, "target": c.target(quoted)})
}

func (c *child) React(chat, emoji string, target Ref) error {
	_, err := c.call("react", map[string]any{"chat": lidOf(chat), "text": emoji, "target": c.target(target)})
	return err
}

func (c *child) Edit(chat, text string, target Ref) error {
	_, err := c.call("edit", map[string]any{"chat": lidOf(chat), "text": text, "target": c.target(target)})
	return err
}

func (c *child) Delete(chat string, target Ref) error {
	_, err := c.call("delete", map[string]any{"chat": lidOf(chat), "target": c.target(target)})
	return err
}

func (c *child) MarkRead(chat string, message Ref) error {
	_, err := c.call("read", map[string]any{"chat": lidOf(chat), "target": c.target(message)})
	return err
}

func (c *child) Poll(chat, question string, options []string) (string, error) {
	return c.call("poll", map[string]any{"chat": lidOf(chat), "text": question, "options": options})
}

func (c *child) Vote(chat string, poll Ref, options []string) error {
	_, err := c.call("vote", map[string]any{"chat": lidOf(chat), "target": c.target(poll), "options": options})
	return err
}

func (c *child) CreateGroup(subject string, members []string) (string, error) {
	addresses := make([]string, len(members))
	for n, number := range members {
		addresses[n] = lidOf(number)
	}
	return c.call("group", map[string]any{"text": subject, "members": addresses})
}

func (c *child) ForgetSession(number string) error {
	_, err := c.call("forget", map[string]any{"chat": lidOf(number)})
	return err
}

func (c *child) Offline() error {
	_, err := c.call("offline", nil)
	return err
}

func (c *child) Online() error {
	_, err := c.call("online", nil)
	return err
}
