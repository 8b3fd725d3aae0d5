package sessions

import (
	"fmt"
	"syscall"
	"testing"

	libwa "github.com/libwa/libwa/bindings/go"
)

// A session whose store fails is told as that, and not as one whose disk is full:
// the status of the error says which it is, and not its text.
func TestTheStatusNamesTheTrouble(t *testing.T) {
	m, _ := newTestManager(t, nil)
	text := "the log could not be written: " + syscall.EIO.Error() + ", " + syscall.ENOSPC.Error()
	n := 0
	for code, wanted := range map[libwa.Status][2]string{
		libwa.ErrStore: {"store", "store_error"}, libwa.ErrStoreFull: {"store_full", "store_full"}, libwa.ErrStoreCorrupt: {"store_corrupt", "store_corrupt"},
	} {
		n++
		id := fmt.Sprintf("shop-%d", n)
		if _, err := m.Create(id); err != nil {
			t.Fatal(err)
		}
		s, err := m.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.stopped(&libwa.Error{Op: "Open", Status: code, Text: text})
		stopped := s.status.Reason
		s.lost(&libwa.Connection{State: libwa.ConnectionStateDisconnected, Status: code, Text: text, Reason: "store_error", IsFinal: true})
		lost := s.status.Reason
		s.mu.Unlock()
		if stopped != wanted[0] || lost != wanted[1] {
			t.Errorf("%v is told as %s and %s, wanted %v", code, stopped, lost, wanted)
		}
	}
}
