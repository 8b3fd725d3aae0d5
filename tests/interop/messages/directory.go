package messages

import (
	"strings"
	"sync"

	interop "github.com/libwa/libwa/tests/interop/whatsmeow"
)

// directory knows which number is behind a LID, and names the LID of a number:
// libraries name people by either.
var directory, lids sync.Map

// know learns the LID of a phone.
func know(phone *interop.Phone) error {
	lid, err := phone.LID()
	if err == nil {
		directory.Store(userOf(lid), phone.Number())
		lids.Store(phone.Number(), userOf(lid)+"@lid")
	}
	return err
}

// numberOf is the number behind the address of a person; groups keep their address.
func numberOf(jid string) string {
	user := userOf(jid)
	if strings.HasSuffix(jid, "@lid") {
		if number, ok := directory.Load(user); ok {
			return number.(string)
		}
		return jid
	}
	if strings.HasSuffix(jid, "@s.whatsapp.net") {
		return user
	}
	return jid
}

// userOf is what stands before device and server.
func userOf(jid string) string {
	user, _, _ := strings.Cut(jid, "@")
	user, _, _ = strings.Cut(user, ":")
	return user
}

// addressOf is where a library sends to: a number's address, or the group's.
func addressOf(chat string) string {
	if strings.Contains(chat, "@") {
		return chat
	}
	return chat + "@s.whatsapp.net"
}

// lidOf is where a library sends to that has to be told the LID itself, as
// accounts do whose chats are addressed by it.
func lidOf(chat string) string {
	if lid, ok := lids.Load(chat); ok {
		return lid.(string)
	}
	return addressOf(chat)
}

// isGroup tells a group's address from a number.
func isGroup(chat string) bool {
	return strings.HasSuffix(chat, "@g.us")
}
