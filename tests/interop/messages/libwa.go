package messages

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	interop "github.com/libwa/libwa/tests/interop/whatsmeow"
	_ "github.com/mattn/go-sqlite3" // for what a program never does: looking into the store
)

// own is a peer of this library, in this process.
type own struct {
	t      testing.TB
	sim    *interop.Sim
	number string
	store  string
	inbox  *Inbox

	mu      sync.Mutex
	senders map[string]string // of messages, by id: as a program has it from the event
	client  *libwa.Client
	ready   chan struct{}
	closed  chan struct{}
}

func linkLibwa(t testing.TB, sim *interop.Sim, phone *interop.Phone, folder string) Peer {
	t.Helper()
	peer := &own{t: t, sim: sim, number: phone.Number(), store: filepath.Join(folder, "libwa.db"), inbox: NewInbox(), senders: map[string]string{}}
	if err := peer.open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(peer.close)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for step, err := range peer.client.Pair(ctx, phone.Number()) {
		if err != nil {
			t.Fatal(err)
		}
		if code, ok := step.(*libwa.PairingCode); ok {
			go phone.Enter(code.Code)
		}
	}
	peer.listen()
	if err := peer.client.PresenceSet(ctx, libwa.PresenceSetParams{Available: true}); err != nil {
		t.Fatal(err)
	}
	return peer
}

func (o *own) open() error {
	client, err := libwa.Open(libwa.WithStoreURL("sqlite:"+o.store), libwa.WithServerURL(o.sim.WS), libwa.WithServerRootKey(o.sim.RootKey), libwa.WithPaceFirstContactsPerHour(0))
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.client, o.ready, o.closed = client, make(chan struct{}, 1), make(chan struct{})
	return nil
}

// listen puts what the client is told into the inbox.
func (o *own) listen() {
	client, ready, closed := o.client, o.ready, o.closed
	go func() {
		defer close(closed)
		for event, err := range client.Events(context.Background()) {
			if err != nil {
				return
			}
			switch event := event.(type) {
			case *libwa.Ready:
				select {
				case ready <- struct{}{}:
				default:
				}
			case *libwa.Message:
				if !event.FromMe {
					o.mu.Lock()
					o.senders[event.MessageID] = event.Sender
					o.mu.Unlock()
					o.inbox.Put(message(event))
				}
			case *libwa.Receipt:
				for _, id := range event.MessageIDs {
					o.inbox.Put(Event{Kind: "receipt", Chat: numberOf(event.Chat), From: numberOf(event.Sender), ID: id, Type: string(event.Receipt)})
				}
			}
		}
	}()
}

// message sorts what a message says.
func message(event *libwa.Message) Event {
	heard := Event{Kind: event.Kind, Chat: numberOf(event.Chat), From: numberOf(event.Sender), ID: event.MessageID, Text: event.Text}
	content := event.TypedContent()
	if vote, ok := content.(*libwa.PollVoteContent); ok {
		heard.Kind, heard.Text = "vote", choice(vote.Selected)
		if vote.Selected == nil {
			heard.Text = "sealed"
		}
	}
	if target := content.Common().Target; target != nil {
		heard.Target = target.MessageID
	} else if event.Quoted != nil {
		heard.Target = event.Quoted.MessageID
	}
	return heard
}

func (o *own) close() {
	o.client.Close()
	<-o.closed
}

func (o *own) Library() string { return "libwa" }
func (o *own) Number() string  { return o.number }
func (o *own) Events() *Inbox  { return o.inbox }

// sender is who sent a message, as its event said.
func (o *own) sender(message Ref) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if sender, ok := o.senders[message.ID]; ok {
		return sender
	}
	return addressOf(message.From)
}

func limited() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

func (o *own) SendText(chat, text string) (string, error) {
	ctx, cancel := limited()
	defer cancel()
	sent, err := o.client.SendText(ctx, addressOf(chat), text, "")
	return sent.MessageID, err
}

func (o *own) Quote(chat, text string, quoted Ref) (string, error) {
	ctx, cancel := limited()
	defer cancel()
	quote := map[string]string{"message_id": quoted.ID, "sender": o.sender(quoted), "text": quoted.Text}
	sent, err := o.client.MessageSend(ctx, libwa.MessageSendParams{Chat: addressOf(chat), Text: text, Quote: quote})
	return sent.MessageID, err
}

func (o *own) React(chat, emoji string, target Ref) error {
	ctx, cancel := limited()
	defer cancel()
	mine := target.From == o.number
	_, err := o.client.MessageReact(ctx, libwa.MessageReactParams{
		Chat: addressOf(chat), Target: target.ID, Emoji: emoji, Sender: o.sender(target), FromMe: &mine,
	})
	return err
}

func (o *own) Edit(chat, text string, target Ref) error {
	ctx, cancel := limited()
	defer cancel()
	_, err := o.client.MessageEdit(ctx, libwa.MessageEditParams{Chat: addressOf(chat), Target: target.ID, Text: text})
	return err
}

func (o *own) Delete(chat string, target Ref) error {
	ctx, cancel := limited()
	defer cancel()
	_, err := o.client.MessageDelete(ctx, libwa.MessageDeleteParams{Chat: addressOf(chat), Target: target.ID})
	return err
}

func (o *own) MarkRead(chat string, message Ref) error {
	ctx, cancel := limited()
	defer cancel()
	return o.client.MessageRead(ctx, libwa.MessageReadParams{
		Chat: addressOf(chat), MessageIDs: []string{message.ID}, Sender: o.sender(message),
	})
}

func (o *own) Poll(chat, question string, options []string) (string, error) {
	ctx, cancel := limited()
	defer cancel()
	unlimited := int64(0)
	sent, err := o.client.PollSend(ctx, libwa.PollSendParams{
		Chat: addressOf(chat), Question: question, Options: options, Selectable: &unlimited,
	})
	return sent.MessageID, err
}

func (o *own) Vote(chat string, poll Ref, options []string) error {
	ctx, cancel := limited()
	defer cancel()
	params := libwa.PollVoteParams{Chat: addressOf(chat), Target: poll.ID, Options: options}
	if poll.From != o.number {
		params.Sender = o.sender(poll)
	}
	_, err := o.client.PollVote(ctx, params)
	return err
}

func (o *own) CreateGroup(subject string, members []string) (string, error) {
	ctx, cancel := limited()
	defer cancel()
	group, err := o.client.GroupCreate(ctx, libwa.GroupCreateParams{Subject: subject, Members: members})
	return group.Chat, err
}

// ForgetSession takes the sessions out of the store, while nobody has it open.
func (o *own) ForgetSession(number string) error {
	o.close()
	db, err := sql.Open("sqlite3", o.store)
	if err != nil {
		return err
	}
	_, err = db.Exec("DELETE FROM item WHERE space IN (10, 11)")
	if err = errors.Join(err, db.Close(), o.open()); err != nil {
		return err
	}
	o.listen()
	return o.Online()
}

func (o *own) Offline() error {
	if err := o.client.Disconnect(); err != nil {
		return err
	}
	time.Sleep(100 * time.Millisecond)
	select {
	case <-o.ready: // of the time before
	default:
	}
	return nil
}

func (o *own) Online() error {
	if err := o.client.Connect(); err != nil {
		return err
	}
	select {
	case <-o.ready:
	case <-time.After(patience):
		return errors.New("libwa is not ready")
	}
	ctx, cancel := limited()
	defer cancel()
	return o.client.PresenceSet(ctx, libwa.PresenceSetParams{Available: true})
}
