package messages

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	interop "github.com/libwa/libwa/tests/interop/whatsmeow"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"
)

// meow is a peer of whatsmeow, in this process.
type meow struct {
	*interop.Peer
	t      testing.TB
	number string
	inbox  *Inbox

	mu    sync.Mutex
	polls map[string]poll // by id
}

// poll is what a program keeps of one to vote in it and to read votes: whatsmeow
// itself keeps the secret.
type poll struct {
	info    types.MessageInfo
	options []string
}

func linkWhatsmeow(t testing.TB, sim *interop.Sim, phone *interop.Phone, folder string) Peer {
	t.Helper()
	peer := &meow{Peer: interop.NewPeer(t, sim, folder), t: t, number: phone.Number(), inbox: NewInbox(), polls: map[string]poll{}}
	peer.AddEventHandler(peer.hear)
	if err := peer.Connect(); err != nil {
		t.Fatal(err)
	}
	qr := interop.Await[*events.QR](t, peer.Peer)
	outcome, err := phone.Scan(qr.Codes[0])
	if err != nil || outcome.Outcome != "linked" {
		t.Fatalf("phone says %+v, %v", outcome, err)
	}
	interop.Await[*events.Connected](t, peer.Peer)
	peer.appear()
	return peer
}

// appear does what whatsmeow leaves to the program: a name, and being available.
func (m *meow) appear() {
	if m.Store.PushName == "" {
		m.Store.PushName = "whatsmeow"
	}
	if err := m.SendPresence(context.Background(), types.PresenceAvailable); err != nil {
		m.t.Fatal(err)
	}
}

func (m *meow) Library() string { return "whatsmeow" }
func (m *meow) Number() string  { return m.number }
func (m *meow) Events() *Inbox  { return m.inbox }

// receipts are whatsmeow's types of the receipts that tests look at. Inactive is
// delivered, to somebody who is not there.
var receipts = map[types.ReceiptType]string{
	types.ReceiptTypeDelivered: "delivered",
	types.ReceiptTypeInactive:  "delivered",
	types.ReceiptTypeRead:      "read",
}

func (m *meow) hear(event any) {
	switch event := event.(type) {
	case *events.Message:
		m.inbox.Put(m.message(event))
	case *events.Receipt:
		kind := receipts[event.Type]
		for _, id := range event.MessageIDs {
			m.inbox.Put(Event{Kind: "receipt", Chat: numberOf(event.Chat.String()), From: numberOf(event.Sender.String()), ID: id, Type: kind})
		}
	}
}

// message sorts what a message says.
func (m *meow) message(event *events.Message) Event {
	heard := Event{
		Kind: "text",
		Chat: numberOf(event.Info.Chat.String()),
		From: numberOf(event.Info.Sender.String()),
		ID:   event.Info.ID,
	}
	content := event.Message
	change := content.GetProtocolMessage()
	for _, asked := range []*waE2E.PollCreationMessage{content.GetPollCreationMessage(), content.GetPollCreationMessageV3()} {
		if asked != nil {
			heard.Kind, heard.Text = "poll", asked.GetName()
			m.keep(event.Info, asked)
			return heard
		}
	}
	switch {
	case content.GetReactionMessage() != nil:
		heard.Kind, heard.Text = "reaction", content.GetReactionMessage().GetText()
		heard.Target = content.GetReactionMessage().GetKey().GetID()
	case change.GetType() == waE2E.ProtocolMessage_MESSAGE_EDIT && change != nil:
		heard.Kind, heard.Text, heard.Target = "edit", textOf(change.GetEditedMessage()), change.GetKey().GetID()
	case change != nil && change.Type != nil && change.GetType() == waE2E.ProtocolMessage_REVOKE:
		heard.Kind, heard.Target = "delete", change.GetKey().GetID()
	case content.GetPollUpdateMessage() != nil:
		heard.Kind, heard.Text = "vote", m.chosen(event)
		heard.Target = content.GetPollUpdateMessage().GetPollCreationMessageKey().GetID()
	case textOf(content) != "":
		heard.Text = textOf(content)
		heard.Target = content.GetExtendedTextMessage().GetContextInfo().GetStanzaID()
	default:
		heard.Kind = "other"
	}
	return heard
}

func (m *meow) keep(info types.MessageInfo, asked *waE2E.PollCreationMessage) {
	kept := poll{info: info}
	for _, option := range asked.GetOptions() {
		kept.options = append(kept.options, option.GetOptionName())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.polls[info.ID] = kept
}

func (m *meow) kept(id string) poll {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.polls[id]
}

// chosen opens a vote.
func (m *meow) chosen(event *events.Message) string {
	vote, err := m.DecryptPollVote(context.Background(), event)
	if err != nil {
		return err.Error()
	}
	options := m.kept(event.Message.GetPollUpdateMessage().GetPollCreationMessageKey().GetID()).options
	var chosen []string
	for n, hash := range whatsmeow.HashPollOptions(options) {
		if slices.ContainsFunc(vote.GetSelectedOptions(), func(one []byte) bool { return bytes.Equal(one, hash) }) {
			chosen = append(chosen, options[n])
		}
	}
	return choice(chosen)
}

func textOf(message *waE2E.Message) string {
	if text := message.GetConversation(); text != "" {
		return text
	}
	return message.GetExtendedTextMessage().GetText()
}

func (m *meow) send(chat string, message *waE2E.Message) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	sent, err := m.SendMessage(ctx, m.jid(chat), message)
	return sent.ID, err
}

func (m *meow) jid(chat string) types.JID {
	jid, err := types.ParseJID(addressOf(chat))
	if err != nil {
		m.t.Fatal(err)
	}
	return jid
}

// author is the sender of a message as whatsmeow's builders want it: in a group, by LID.
func (m *meow) author(chat string, ref Ref) types.JID {
	if ref.From == m.number {
		return types.EmptyJID
	}
	jid := m.jid(ref.From)
	if lid, err := m.Store.LIDs.GetLIDForPN(context.Background(), jid); isGroup(chat) && err == nil && !lid.IsEmpty() {
		return lid
	}
	return jid
}

func (m *meow) SendText(chat, text string) (string, error) {
	return m.send(chat, &waE2E.Message{Conversation: proto.String(text)})
}

func (m *meow) Quote(chat, text string, quoted Ref) (string, error) {
	return m.send(chat, &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{
		Text: proto.String(text),
		ContextInfo: &waE2E.ContextInfo{
			StanzaID:      proto.String(quoted.ID),
			Participant:   proto.String(addressOf(quoted.From)),
			QuotedMessage: &waE2E.Message{Conversation: proto.String(quoted.Text)},
		},
	}})
}

func (m *meow) React(chat, emoji string, target Ref) error {
	_, err := m.send(chat, m.BuildReaction(m.jid(chat), m.author(chat, target), target.ID, emoji))
	return err
}

func (m *meow) Edit(chat, text string, target Ref) error {
	_, err := m.send(chat, m.BuildEdit(m.jid(chat), target.ID, &waE2E.Message{Conversation: proto.String(text)}))
	return err
}

func (m *meow) Delete(chat string, target Ref) error {
	_, err := m.send(chat, m.BuildRevoke(m.jid(chat), types.EmptyJID, target.ID))
	return err
}

func (m *meow) MarkRead(chat string, message Ref) error {
	return m.Client.MarkRead(context.Background(), []string{message.ID}, time.Now(), m.jid(chat), m.author(chat, message))
}

func (m *meow) Poll(chat, question string, options []string) (string, error) {
	message := m.BuildPollCreation(question, options, 0)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	sent, err := m.SendMessage(ctx, m.jid(chat), message)
	source := types.MessageSource{Chat: m.jid(chat), Sender: sent.Sender, IsFromMe: true, IsGroup: isGroup(chat)}
	m.keep(types.MessageInfo{ID: sent.ID, MessageSource: source}, message.GetPollCreationMessage())
	return sent.ID, err
}

func (m *meow) Vote(chat string, poll Ref, options []string) error {
	info := m.kept(poll.ID).info
	vote, err := m.BuildPollVote(context.Background(), &info, options)
	if err == nil {
		_, err = m.send(chat, vote)
	}
	return err
}

func (m *meow) CreateGroup(subject string, members []string) (string, error) {
	request := whatsmeow.ReqCreateGroup{Name: subject}
	for _, number := range members {
		request.Participants = append(request.Participants, m.jid(number))
	}
	group, err := m.Client.CreateGroup(context.Background(), request)
	if err != nil {
		return "", err
	}
	return group.JID.String(), nil
}

func (m *meow) ForgetSession(number string) error {
	ctx := context.Background()
	names := []string{number}
	if lid, err := m.Store.LIDs.GetLIDForPN(ctx, m.jid(number)); err == nil && !lid.IsEmpty() {
		names = append(names, lid.SignalAddress().Name())
	}
	for _, name := range names {
		if err := m.Store.Sessions.DeleteAllSessions(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (m *meow) Offline() error {
	m.Disconnect()
	return nil
}

func (m *meow) Online() error {
	for interop.Saw[*events.Connected](m.Peer) {
		// From earlier logins.
	}
	if err := m.Connect(); err != nil {
		return err
	}
	interop.Await[*events.Connected](m.t, m.Peer)
	m.appear()
	return nil
}
