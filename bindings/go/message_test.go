package libwa_test

import (
	"errors"
	"testing"

	"github.com/libwa/libwa/bindings/go"
)

// Two clients write to each other, one by a loop that answers.
func TestMessages(t *testing.T) {
	ada, grace := newPhone(t, nil), newPhone(t, nil)
	writer, bot := open(t), open(t)
	pair(t, writer, ada)
	pair(t, bot, grace)

	ctx := limited(t)
	answering := make(chan error, 1)
	go func() {
		for event, err := range bot.Events(ctx) {
			if err != nil {
				answering <- err
				return
			}
			if message, is := event.(*libwa.Message); is {
				_, err := bot.SendText(ctx, message.Chat, "You wrote: "+message.Text, "")
				answering <- errors.Join(err, message.Ack())
				return
			}
		}
	}()

	sent, err := writer.SendText(ctx, grace.Number, "hello\nthere \u2713", "")
	if err != nil {
		t.Fatal(err)
	}
	if sent.MessageID == "" || sent.Chat == "" || sent.SentAt.IsZero() {
		t.Errorf("%+v", sent)
	}
	if err := <-answering; err != nil {
		t.Fatal(err)
	}
	answer := await[*libwa.Message](t, writer)
	if answer.Text != "You wrote: hello\nthere \u2713" || answer.FromMe || answer.IsGroup || answer.SenderPhone != grace.Number {
		t.Errorf("%+v", answer)
	}
	if _, err := writer.MessageReact(ctx, libwa.MessageReactParams{Chat: answer.Chat, Target: answer.MessageID, Emoji: "\u2764"}); err != nil {
		t.Error(err)
	}
	if err := writer.MessageRead(ctx, libwa.MessageReadParams{Chat: answer.Chat, MessageIDs: []string{answer.MessageID}}); err != nil {
		t.Error(err)
	}
	for _, chat := range []string{"", "nobody at all"} {
		if _, err := writer.SendText(ctx, chat, "x", ""); !errors.Is(err, libwa.ErrInvalidJID) {
			t.Errorf("%q: %v", chat, err)
		}
	}
}
