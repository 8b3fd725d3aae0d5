// Package messages lets unmodified clients of different libraries talk to each
// other through wa-sim: one-to-one, in groups, with everything that people do to
// messages, and with sessions lost on the way.
//
// A Peer is one linked device of one library; each library has a file of its
// own. The tests know peers only, so that a further library joins by one file
// and one line in the list of libraries.
package messages

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	interop "github.com/libwa/libwa/tests/interop/whatsmeow"
)

// patience bounds every wait for a peer. A retry of a loaded machine's Baileys
// takes its time.
const patience = 60 * time.Second

// Ref names a message that somebody wants to say something about.
type Ref struct {
	ID   string
	From string // number of its sender
	Text string
}

// Event is something a peer was told. Chats and people are numbers, whatever
// the library calls them; group chats are their JIDs.
type Event struct {
	Kind   string `json:"kind"` // text, reaction, edit, delete, poll, vote, receipt
	Chat   string `json:"chat"`
	From   string `json:"from"`
	ID     string `json:"id"`
	Text   string `json:"text,omitempty"`   // of a poll: the question; of a vote: what was chosen, see [choice]
	Target string `json:"target,omitempty"` // the message that is quoted, edited, deleted, reacted to or voted in
	Type   string `json:"type,omitempty"`   // of a receipt: delivered or read
}

// Peer is one linked device. All calls wait until the library is done with them;
// chats and people are numbers, groups are JIDs.
type Peer interface {
	// Library is its name, for the names of tests.
	Library() string
	// Number is that of its account.
	Number() string

	SendText(chat, text string) (id string, err error)
	Quote(chat, text string, quoted Ref) (id string, err error)
	React(chat, emoji string, target Ref) error
	Edit(chat, text string, target Ref) error
	Delete(chat string, target Ref) error
	MarkRead(chat string, message Ref) error
	// Poll asks a question of which any number of options may be chosen; Vote
	// chooses some, in a poll of its own or one that it was told of.
	Poll(chat, question string, options []string) (id string, err error)
	Vote(chat string, poll Ref, options []string) error
	CreateGroup(subject string, members []string) (group string, err error)

	// ForgetSession deletes the Signal sessions with all devices of an account,
	// as a client does that has lost its storage.
	ForgetSession(number string) error
	// Offline ends the connection; Online opens it again and waits for the login.
	Offline() error
	Online() error

	// Events is where everything it is told arrives.
	Events() *Inbox
}

// choice is the text of the event of a vote: the options, in the order of the poll.
func choice(options []string) string {
	return strings.Join(options, " + ")
}

// Library makes linked devices.
type Library struct {
	Name string
	// NeverReuses is its promise that no message key is used twice.
	NeverReuses bool
	Link        func(t testing.TB, sim *interop.Sim, phone *interop.Phone, folder string) Peer
}

// Libraries are all that take part.
var Libraries = []Library{
	{Name: "whatsmeow", Link: linkWhatsmeow},
	{Name: "baileys", Link: linkBaileys},
	{Name: "libwa", NeverReuses: true, Link: linkLibwa},
}

// Inbox keeps the events of a peer until a test takes them.
type Inbox struct {
	mu      sync.Mutex
	events  []Event
	arrived chan struct{}
}

// NewInbox makes an empty one.
func NewInbox() *Inbox {
	return &Inbox{arrived: make(chan struct{})}
}

// Put adds an event.
func (i *Inbox) Put(event Event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.events = append(i.events, event)
	close(i.arrived)
	i.arrived = make(chan struct{})
}

// Take removes the first event that matches, waiting for it if need be. Others
// stay for later calls.
func (i *Inbox) Take(t testing.TB, what string, match func(Event) bool) Event {
	t.Helper()
	timeout := time.After(patience)
	for {
		i.mu.Lock()
		next := i.arrived
		for n, event := range i.events {
			if match(event) {
				i.events = append(i.events[:n:n], i.events[n+1:]...)
				i.mu.Unlock()
				return event
			}
		}
		rest := fmt.Sprintf("%+v", i.events)
		i.mu.Unlock()
		select {
		case <-next:
		case <-timeout:
			t.Fatalf("no %s within %v; there were: %.2000s", what, patience, rest)
		}
	}
}

// Texts takes everything of that kind out of the inbox, in the order in which it
// came, without waiting.
func (i *Inbox) Texts(match func(Event) bool) (texts []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var rest []Event
	for _, event := range i.events {
		if event.Kind == "text" && match(event) {
			texts = append(texts, event.Text)
		} else {
			rest = append(rest, event)
		}
	}
	i.events = rest
	return
}
