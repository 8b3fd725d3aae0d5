package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/phonenumber"
	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// A MessageRequest sends a text or a reaction.
type MessageRequest struct {
	To       string    `json:"to" doc:"A phone number with + and country code, or the chat of an event: a person's or a group's JID." example:"+1234567890" maxlen:"128"`
	Text     string    `json:"text,omitempty" doc:"The text, at most 65,536 characters."`
	Quote    *Quote    `json:"quote,omitempty" doc:"The message that the text answers."`
	Mentions []string  `json:"mentions,omitempty" doc:"JIDs of those who are mentioned; the text has @ and the number of each."`
	Reaction *Reaction `json:"reaction,omitempty" doc:"A reaction, in place of a text."`
	Protobuf []byte    `json:"protobuf,omitempty" doc:"A serialised Message of WhatsApp's protocol in base64, in place of a text, for what no method sends. It is sent as it is."`
}

// A Quote names a message that is answered.
type Quote struct {
	MessageID string `json:"messageId" minlen:"1" maxlen:"128"`
	Sender    string `json:"sender" doc:"Whose message it is: the sender of its event." maxlen:"128"`
	Text      string `json:"text,omitempty" doc:"Its text, which is shown above the answer."`
}

// A Reaction is an emoji at a message.
type Reaction struct {
	MessageID string `json:"messageId" minlen:"1" maxlen:"128"`
	Emoji     string `json:"emoji" doc:"One emoji; empty takes an earlier reaction back." maxlen:"64"`
	Sender    string `json:"sender,omitempty" doc:"Whose message it is; needed in groups, unless it is an own one." maxlen:"128"`
	FromMe    bool   `json:"fromMe,omitempty" doc:"Whether it is an own message."`
}

// A MessageAnswer says that a message was taken.
type MessageAnswer struct {
	ID      string `json:"id" doc:"The message's id: events message.sent, message.failed and receipt name it."`
	Session string `json:"session"`
	To      string `json:"to"`
	Status  string `json:"status" enum:"accepted"`
}

// taken is what is kept of a request with an Idempotency-Key.
type taken struct {
	Hash   string        `json:"hash"`
	Answer MessageAnswer `json:"answer"`
	At     time.Time     `json:"at"`
}

var (
	errKeyReused = problem.New(http.StatusUnprocessableEntity, "idempotency_key_reused", "The Idempotency-Key was used for another message.")
	errRepeated  = errors.New("the request was taken before")
	keyShape     = regexp.MustCompile(`^[\x21-\x7e]{1,128}$`)
	jidShape     = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._:-]{0,63}@(s\.whatsapp\.net|lid|g\.us|newsletter|broadcast)$`)
)

const textLimit = 65536

func (a *API) sendMessage(c *call) error {
	request, err := decode[MessageRequest](c)
	if err != nil {
		return err
	}
	message, err := request.outgoing()
	if err != nil {
		return err
	}
	s, err := c.session()
	if err != nil {
		return err
	}
	if len(message.Protobuf) > 0 {
		if err := a.Sessions.CheckProtobuf(c.r.Context(), message); err != nil {
			return err
		}
	}
	return a.accept(c, s, message, request.To, request)
}

// accept takes a message to be sent, and answers 202. The request is what one
// with the same Idempotency-Key has to be equal to.
func (a *API) accept(c *call, s *sessions.Session, message sessions.Outgoing, to string, request any) error {
	message.ID = sessions.NewMessageID()
	answer := MessageAnswer{ID: message.ID, Session: c.sessionID, To: to, Status: "accepted"}
	keys := c.r.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		if err := s.Send(message, nil); err != nil {
			return err
		}
		return c.reply(http.StatusAccepted, answer)
	}
	if len(keys) > 1 || !keyShape.MatchString(keys[0]) {
		return problem.New(http.StatusBadRequest, "idempotency_key_invalid", "An Idempotency-Key has 1 to 128 printable characters without spaces.")
	}
	return a.sendOnce(c, s, message, answer, keys[0], request)
}

// sendOnce takes the first of all requests with the same key.
func (a *API) sendOnce(c *call, s *sessions.Session, message sessions.Outgoing, answer MessageAnswer, key string, request any) error {
	encoded, err := json.Marshal(request)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(encoded)
	now := taken{Hash: hex.EncodeToString(sum[:]), Answer: answer, At: time.Now().UTC()}
	id := []byte(c.token.ID + "\x00" + c.sessionID + "\x00" + key)
	var before taken
	look := func(tx *bbolt.Tx) error {
		found, err := store.Get(tx, store.Sent, id, &before)
		switch {
		case err != nil:
			a.DB.Unreadable(store.Sent, id)
			before = taken{}
		case found && before.Hash != now.Hash:
			return errKeyReused
		case found:
			return errRepeated
		}
		return nil
	}
	// What was taken is answered as it was, also when the session could take
	// nothing new. Two that come at once meet in the commit.
	if err = a.DB.View(look); err == nil {
		err = s.Send(message, func(tx *bbolt.Tx) error {
			if err := look(tx); err != nil {
				return err
			}
			return store.Put(tx, store.Sent, id, now)
		})
	}
	if errors.Is(err, errRepeated) {
		c.w.Header().Set("Idempotency-Replayed", "true")
		return c.reply(http.StatusAccepted, before.Answer)
	}
	if err != nil {
		return err
	}
	return c.reply(http.StatusAccepted, answer)
}

// forgetLimit is how many keys ForgetKeys looks at before it lets others have
// the store.
const forgetLimit = 1000

// ForgetKeys forgets the Idempotency-Keys of requests before a time.
func ForgetKeys(db *store.DB, before time.Time) error {
	for next := []byte{}; next != nil; {
		var old [][]byte
		err := db.View(func(tx *bbolt.Tx) error {
			old, next = oldKeys(tx, next, before)
			return nil
		})
		if err == nil && len(old) > 0 {
			err = db.Update(func(tx *bbolt.Tx) error {
				for _, key := range old {
					if err := tx.Bucket(store.Sent).Delete(key); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ForgetSession forgets the Idempotency-Keys of a session.
func ForgetSession(db *store.DB, session string) error {
	return db.Update(func(tx *bbolt.Tx) error {
		var keys [][]byte
		err := tx.Bucket(store.Sent).ForEach(func(key, _ []byte) error {
			if parts := bytes.SplitN(key, []byte{0}, 3); len(parts) == 3 && string(parts[1]) == session {
				keys = append(keys, bytes.Clone(key))
			}
			return nil
		})
		for _, key := range keys {
			if err == nil {
				err = tx.Bucket(store.Sent).Delete(key)
			}
		}
		return err
	})
}

// oldKeys gives those of the next keys that are to be forgotten, and the key to
// go on from, nil at the end.
func oldKeys(tx *bbolt.Tx, from []byte, before time.Time) (old [][]byte, next []byte) {
	c := tx.Bucket(store.Sent).Cursor()
	looked := 0
	for key, value := c.Seek(from); key != nil; key, value = c.Next() {
		if looked++; looked > forgetLimit {
			return old, bytes.Clone(key)
		}
		var request taken
		if json.Unmarshal(value, &request) != nil || request.At.Before(before) {
			old = append(old, bytes.Clone(key))
		}
	}
	return old, nil
}

// outgoing checks a request, and gives what is to be sent.
func (r *MessageRequest) outgoing() (message sessions.Outgoing, err error) {
	if message.Chat, err = chat(r.To); err != nil {
		return message, err
	}
	wrong := func(code, detail string) (sessions.Outgoing, error) {
		return message, problem.New(http.StatusUnprocessableEntity, code, detail)
	}
	if len(r.Protobuf) > 0 {
		if r.Reaction != nil || r.Text != "" || r.Quote != nil || len(r.Mentions) > 0 {
			return wrong("message_ambiguous", "A message is a text, a reaction or protobuf.")
		}
		message.Protobuf = r.Protobuf
		return message, nil
	}
	if r.Reaction != nil {
		switch {
		case r.Text != "" || r.Quote != nil || len(r.Mentions) > 0:
			return wrong("message_ambiguous", "A message is a text, a reaction or protobuf.")
		case !fits(r.Reaction.MessageID, 1, 128):
			return wrong("message_id_invalid", "A reaction names the message by its messageId.")
		case len(r.Reaction.Emoji) > 64 || len(r.Reaction.Sender) > 128:
			return wrong("reaction_invalid", "A reaction is one emoji.")
		}
		message.Target, message.Emoji, message.FromMe = r.Reaction.MessageID, r.Reaction.Emoji, r.Reaction.FromMe
		if r.Reaction.Sender != "" {
			message.Sender, err = chat(r.Reaction.Sender)
		}
		return message, err
	}
	switch {
	case strings.TrimSpace(r.Text) == "":
		return wrong("text_missing", "A message needs a text, or a reaction.")
	case utf8.RuneCountInString(r.Text) > textLimit:
		return wrong("text_too_long", "A text has at most 65,536 characters.")
	case strings.ContainsRune(r.Text, 0):
		return wrong("text_invalid", "A text cannot hold a NUL character.")
	case len(r.Mentions) > 1024:
		return wrong("mentions_invalid", "At most 1,024 people can be mentioned.")
	}
	message.Text = r.Text
	for _, person := range r.Mentions {
		jid, err := chat(person)
		if err != nil {
			return wrong("mentions_invalid", "Those who are mentioned are named by their JIDs, or phone numbers with + and country code.")
		}
		message.Mentions = append(message.Mentions, jid)
	}
	if r.Quote != nil {
		sender, err := chat(r.Quote.Sender)
		if err != nil || !fits(r.Quote.MessageID, 1, 128) || utf8.RuneCountInString(r.Quote.Text) > textLimit {
			return wrong("quote_invalid", "A quote has the messageId, the sender's JID and the text of the message that is answered.")
		}
		message.Quote, err = json.Marshal(map[string]string{"message_id": r.Quote.MessageID, "sender": sender, "text": r.Quote.Text})
		return message, err
	}
	return message, nil
}

func fits(text string, least, most int) bool {
	return len(text) >= least && len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// chat gives the chat of an address: that of a phone number, or a JID. Status
// posts and channels are refused until they can be sent to.
func chat(to string) (string, error) {
	if strings.Contains(to, "@") {
		switch match := jidShape.FindStringSubmatch(to); {
		case match == nil:
			return "", problem.New(http.StatusUnprocessableEntity, "recipient_invalid", "This is not the JID of a person or a group.")
		case match[1] == "newsletter" || match[1] == "broadcast":
			return "", problem.New(http.StatusUnprocessableEntity, "recipient_unsupported", "Messages cannot be sent to status posts, broadcast lists and channels yet; send to a person or to a group.")
		}
		return to, nil
	}
	parsed, err := phonenumber.Parse(to)
	if err != nil {
		return "", err
	}
	return strings.TrimPrefix(parsed, "+") + "@s.whatsapp.net", nil
}
