package interop

import (
	"net/http"
	"testing"

	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/types/events"
)

// TestHistory hands the past of a phone to whatsmeow, in files: it takes them
// as they are, finds in them what the phone knows, and has them deleted.
func TestHistory(t *testing.T) {
	t.Parallel()
	const number, friend = "15550002101", "15550002102"
	phone, folder := newPhone(t, number, nil), t.TempDir()
	newPhone(t, friend, nil)
	past := map[string]any{
		"chats": []any{map[string]any{
			"with": friend, "messages": 30, "token": true, "timer": 86400, "poll": true,
		}},
		"chunks": 2,
		"inline": false,
	}
	if err := phone.call(http.MethodPost, "/past", past, nil); err != nil {
		t.Fatal(err)
	}
	peer := NewPeer(t, sim, folder)
	client, err := httpClient(sim)
	if err != nil {
		t.Fatal(err)
	}
	peer.SetMediaHTTPClient(client)
	expectLinked(t, peer, phone, enter(t, phone, requestCode(t, peer, number), "linked"))

	var messages, names, chunks int
	var bootstrap *waHistorySync.HistorySync
	for range 5 {
		data := Await[*events.HistorySync](t, peer).Data
		names += len(data.GetPushnames())
		switch data.GetSyncType() {
		case waHistorySync.HistorySync_INITIAL_BOOTSTRAP:
			bootstrap = data
		case waHistorySync.HistorySync_RECENT:
			chunks++
		}
		for _, chat := range data.GetConversations() {
			messages += len(chat.GetMessages())
		}
	}
	if bootstrap == nil || len(bootstrap.GetConversations()) != 1 {
		t.Fatalf("the bootstrap has not the one chat: %v", bootstrap)
	}
	chat := bootstrap.GetConversations()[0]
	if len(chat.GetTcToken()) == 0 || chat.GetTcTokenTimestamp() == 0 || chat.GetEphemeralExpiration() != 86400 {
		t.Errorf("the chat lacks its token or its timer: %v", chat)
	}
	if len(bootstrap.GetNctSalt()) != 32 || bootstrap.GetCompanionMetaNonce() == "" {
		t.Error("the bootstrap lacks the salt or the nonce")
	}
	if messages < 30 || names == 0 || chunks != 2 {
		t.Errorf("%d messages, %d names, %d chunks", messages, names, chunks)
	}
}
