package sessions

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"

	libwa "github.com/libwa/libwa/bindings/go"
)

// What to do about a store that no session can be opened in.
const storeText = "The store of all sessions, sessions.db, is damaged, and none can be opened. Stop the gateway, move sessions.db and the files " +
	"whose names begin with it out of the data folder, start the gateway, and pair each session anew. A copy is put back only with `gateway restored`."

// survey looks at libwa's store as such: whether it can be used, and which sessions
// it has that the gateway does not know. Their owners are not known either, so that
// nobody may use them.
func (m *Manager) survey() error {
	client, err := m.openStore()
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(m.ctx, endLimit)
	defer cancel()
	list, err := client.SessionList(ctx)
	if err != nil {
		m.damaged(err)
		return err
	}
	records, err := m.records()
	if err != nil {
		return err
	}
	strangers := map[string]bool{}
	for _, id := range list.Sessions {
		strangers[id] = true
	}
	for _, r := range records {
		delete(strangers, r.ID)
	}
	m.mu.Lock()
	m.strangers = strangers
	m.mu.Unlock()
	if len(strangers) > 0 {
		names := make([]string, 0, len(strangers))
		for id := range strangers {
			names = append(names, id)
		}
		slices.Sort(names)
		m.Log.Error("sessions.db has sessions that gateway.db does not know, as if gateway.db were lost or older; nobody can use them, and a new session of such a name erases the former one",
			"count", len(strangers), "sessions", strings.Join(names[:min(len(names), 20)], ", "))
	}
	return nil
}

// openStore opens a client of the store for a session that there is not, and that
// leaves nothing there.
func (m *Manager) openStore() (*libwa.Client, error) {
	client, err := m.fleet.Open(append([]libwa.Option{libwa.WithSessionID("gateway.store." + rand.Text())}, m.Client...)...)
	m.damaged(err)
	return client, err
}

// damaged notes whether libwa's store as such is damaged, as an error says that
// came of no session in particular.
func (m *Manager) damaged(err error) {
	switch {
	case err == nil:
		m.fault.Store(nil)
	case errors.Is(err, libwa.ErrStoreCorrupt):
		text := err.Error()
		if m.fault.Swap(&text) == nil {
			m.Log.Error("no session can be opened: the store of all sessions is damaged", "error", err, "remedy", storeText)
		}
	}
}

// diagnose finds out whether an error, with which a session could not be opened, is
// of the store as such.
func (m *Manager) diagnose(err error) {
	if !errors.Is(err, libwa.ErrStoreCorrupt) {
		return
	}
	if client, err := m.openStore(); err == nil {
		client.Close()
	}
}

// eraseStranger erases what libwa's store has of a session that the gateway does
// not know, before its name is used.
func (m *Manager) eraseStranger(ctx context.Context, id string) error {
	m.mu.Lock()
	surveyed, stranger := m.strangers != nil, m.strangers[id]
	m.mu.Unlock()
	if !surveyed {
		if err := m.survey(); err != nil {
			return err
		}
		m.mu.Lock()
		stranger = m.strangers[id]
		m.mu.Unlock()
	}
	if !stranger {
		return nil
	}
	if err := m.eraseByName(ctx, id); err != nil {
		return err
	}
	m.mu.Lock()
	delete(m.strangers, id)
	m.mu.Unlock()
	return nil
}

// Strangers counts the sessions of libwa's store that the gateway does not know.
func (m *Manager) Strangers() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.strangers)
}

// Trouble says why the gateway should not be sent requests, as far as the sessions
// know: the store is damaged, the disk is full, or no linked session can be used.
func (m *Manager) Trouble() string {
	if fault := m.fault.Load(); fault != nil {
		return "the store of all sessions is damaged: " + *fault + "\n" + storeText
	}
	linked, full := 0, false
	var down []string
	for _, s := range m.all() {
		s.mu.Lock()
		status, known, wanted := s.status, s.record.Account != nil, s.record.Ending
		s.mu.Unlock()
		full = full || status.Reason == "store_full"
		if wanted != "" || !known && !status.State.Linked() {
			continue
		}
		linked++
		if status.GivenUp || status.State == Stopped {
			down = append(down, status.ID+" ("+status.Reason+")")
		}
	}
	switch {
	case full:
		return "the disk is full: sessions wait for room"
	case len(down) > 0 && len(down) == linked:
		return "no linked session can be used: " + strings.Join(down[:min(len(down), 10)], ", ")
	}
	return ""
}
