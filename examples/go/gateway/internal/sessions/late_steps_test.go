package sessions

import (
	"testing"

	libwa "github.com/libwa/libwa/bindings/go"
)

// The steps of a pairing and the events of the fleet come by two ways. A step that is
// read after the end of the link it tells of does not bring the link back.
func TestALateStepDoesNotBringBackALinkThatEnded(t *testing.T) {
	m, _ := newTestManager(t, nil)
	if _, err := m.Create("late"); err != nil {
		t.Fatal(err)
	}
	s, err := m.Get("late")
	if err != nil {
		t.Fatal(err)
	}
	at := func(id uint64) libwa.EventInfo { return libwa.EventInfo{ID: id} }
	linked := &libwa.PairingSuccess{EventInfo: at(7), Phone: "15557000021", JID: "15557000021:1@s.whatsapp.net"}
	ready := &libwa.Ready{EventInfo: at(8), Phone: linked.Phone, JID: linked.JID}
	end := &libwa.LoggedOut{EventInfo: at(9), Reason: libwa.LogoutReasonAccountLocked}

	var outcomes []string
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &attempt{method: ByCode, number: "+15557000021", report: func(outcome string) { outcomes = append(outcomes, outcome) }}
	s.attempt = a
	s.step(a, linked)
	if s.record.Account == nil {
		t.Error("the link was not kept")
	}
	s.loggedOut(end)
	for _, late := range []libwa.Event{linked, ready} {
		s.step(a, late)
		if s.record.Account != nil || s.status.State != LoggedOut {
			t.Errorf("%s brought the link back: %v, %s", late.Type(), s.record.Account, s.status.State)
		}
	}
	if len(outcomes) != 1 || outcomes[0] != "linked" {
		t.Errorf("the attempt ended with %v", outcomes)
	}
}
