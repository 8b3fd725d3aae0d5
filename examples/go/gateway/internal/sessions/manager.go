// Package sessions holds the linked devices: it opens their libwa clients,
// pairs them, follows their state, sends what waits in the outbox, and posts
// whatever happens to the log of events.
//
// Events flow one way. All clients share one fleet; one loop takes its events,
// each session notes what changes its state, and everything goes on to the
// log, whose commit is what acknowledges an event to libwa. When the log cannot
// take more, the loop waits, and with it libwa; nothing waits for the log under
// a lock.
package sessions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/metrics"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Default is the session of the guide's paths. It is always there.
const Default = "default"

// Options are what a Manager is made of.
type Options struct {
	Client []libwa.Option // of every client
	DB     *store.DB
	Events *events.Log
	Log    *slog.Logger

	CodeTimeout time.Duration // how long a code may take to come
	StartPause  time.Duration // between the starts of two sessions
	MaxSessions int
	MaxPending  int // messages that wait, for each session

	MaxPendingBytes int // and how large they are

	// ResumeAfter is the pause before a connection that WhatsApp has ended for
	// good is tried again; 0 for never.
	ResumeAfter time.Duration

	// CodeSettled is told what came of a code that was out when the gateway ended:
	// linked or code_lost.
	CodeSettled func(session, phone, outcome string)

	// Forget removes what others keep of a session that is removed.
	Forget func(session string) error

	// Release ends what was made for a session of that name, before it was deleted,
	// and for no other: the next of that name is another owner's.
	Release func(session string, deleted time.Time) error

	// ProxyForbidden says of the host of a session's own proxy, a name or an
	// address, that it may not be used; nil for none.
	ProxyForbidden func(host string) bool

	// Room says whether the process may open the files of one more connection; nil
	// for always.
	Room func() bool

	Metrics *metrics.Set
}

// A Manager holds all sessions.
type Manager struct {
	Options
	fleet  *libwa.Fleet
	ctx    context.Context
	stop   context.CancelFunc
	tasks  sync.WaitGroup
	outbox *outbox
	looped chan struct{}

	// checker is a client that is never linked, for Check.
	checker *libwa.Client

	// codeKey is what the hashes of codes are made with.
	codeKey []byte
	counts  counts

	// full says that it was logged that the disk takes nothing, and that no session
	// has written anything since.
	full atomic.Bool

	// fault says how libwa's store as such is damaged; nil if it is not.
	fault atomic.Pointer[string]

	// adopts says that the records do not know their accounts yet.
	adopts bool

	mu        sync.Mutex
	sessions  map[string]*Session
	starting  *Session        // that Start opens just now
	strangers map[string]bool // sessions of libwa's store that the gateway does not know; nil before it was looked at
	ready     bool
	stopping  bool
}

// record is what is kept of a session beside what libwa keeps.
type record struct {
	ID      string    `json:"id"`
	Created time.Time `json:"createdAt"`
	Code    *keptCode `json:"code,omitempty"`
	Ending  ending    `json:"ending,omitempty"`
	Account *account  `json:"account,omitempty"`
	Pairing bool      `json:"pairing,omitempty"` // it may have been linked by a pairing, which no event has told yet
	Outcome *outcome  `json:"outcome,omitempty"`
	Settings
}

// New makes a manager without opening a session yet.
func New(options Options) (*Manager, error) {
	fleet, err := libwa.NewFleet()
	if err != nil {
		return nil, err
	}
	checker, err := libwa.Open(libwa.WithStoreURL("memory:"))
	if err != nil {
		fleet.Close()
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	m := &Manager{
		Options: options, fleet: fleet, ctx: ctx, stop: stop, checker: checker,
		sessions: map[string]*Session{}, looped: make(chan struct{}),
	}
	m.outbox = newOutbox(m)
	m.counts = newCounts(options.Metrics)
	m.adopts, err = adopts(options.DB)
	if err == nil {
		m.codeKey, err = keyOfCodes(options.DB)
	}
	if err != nil {
		stop()
		checker.Close()
		fleet.Close()
		return nil, err
	}
	go m.loop()
	return m, nil
}

// Start opens the sessions that were there when the gateway ended, and
// connects those that are linked, one after the other, until ctx ends. One that
// cannot be opened is stopped, and does not keep the others down; a store that
// cannot be used at all is an error.
func (m *Manager) Start(ctx context.Context) error {
	records, err := m.records()
	if err != nil {
		return err
	}
	m.forgetAllPast(ctx)
	// What is wrong with the store, each session tells.
	found := m.survey()
	var unusable error
	opened := 0
	for _, r := range records {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s := newSession(m, r)
		if r.Ending != "" {
			s.pend("")
			m.mu.Lock()
			m.sessions[r.ID] = s
			m.mu.Unlock()
			continue
		}
		s.record.Pairing = s.record.Pairing || m.adopts
		// Its events are taken when it is among the sessions.
		release := s.holdEvents()
		m.mu.Lock()
		m.starting = s
		m.mu.Unlock()
		err := found
		if m.fault.Load() == nil {
			err = s.open()
		}
		switch {
		case err == nil:
			opened++
		case ofTheStore(err) && unusable == nil:
			unusable = fmt.Errorf("session %s: %w", r.ID, err)
		}
		s.mu.Lock()
		if err != nil {
			s.stopped(err)
		} else {
			s.recall()
			s.recallOutcome()
		}
		s.mu.Unlock()
		release()
		m.mu.Lock()
		m.sessions[r.ID], m.starting = s, nil
		m.mu.Unlock()
	}
	if opened == 0 && unusable != nil {
		return unusable
	}
	if err := m.adopted(); err != nil && !ofTheDisk(err) {
		return err // with no room, what was is believed at the next start
	}
	// A message that waits has its place before anything new is taken.
	if err := m.outbox.start(); err != nil {
		return err
	}
	m.mu.Lock()
	m.ready = true
	m.mu.Unlock()
	m.spawn(func() { m.connectAll(ctx) })
	m.spawn(m.finishAll)
	return nil
}

// records reads what is kept of the sessions. What cannot be read of one does
// not keep the others down.
func (m *Manager) records() (records []record, err error) {
	err = m.DB.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(store.Sessions).ForEach(func(key, value []byte) error {
			var r record
			if readRecord(key, value) != nil || json.Unmarshal(value, &r) != nil {
				m.DB.Unreadable(store.Sessions, key)
				r = m.newRecord(string(key))
			}
			records = append(records, r)
			return nil
		})
	})
	if !slices.ContainsFunc(records, func(r record) bool { return r.ID == Default }) {
		records = append(records, m.newRecord(Default))
	}
	return records, err
}

func (m *Manager) connectAll(ctx context.Context) {
	for _, s := range m.all() {
		if !s.connect() {
			continue
		}
		select {
		case <-time.After(m.StartPause):
		case <-ctx.Done():
			return
		case <-m.ctx.Done():
			return
		}
	}
}

// finishAll goes on with what was asked for sessions before the gateway ended.
func (m *Manager) finishAll() {
	for _, s := range m.all() {
		if s.ends() != "" && m.ctx.Err() == nil && s.takeTurn() {
			s.finish(m.ctx)
		}
	}
}

// Ready says whether all sessions are open and none is being closed.
func (m *Manager) Ready() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ready && !m.stopping
}

// Close ends pairings, closes all clients and waits for what is under way.
// Nothing is unlinked.
func (m *Manager) Close() {
	m.mu.Lock()
	m.stopping = true
	m.mu.Unlock()
	m.stop()
	m.checker.Close()
	m.fleet.Close()
	<-m.looped
	m.tasks.Wait()
}

// spawn runs a task that Close waits for.
func (m *Manager) spawn(task func()) {
	m.tasks.Add(1)
	go func() {
		defer m.tasks.Done()
		task()
	}()
}

// loop takes the events of all clients.
func (m *Manager) loop() {
	defer close(m.looped)
	for {
		event, err := m.fleet.Next(m.ctx)
		switch {
		case errors.Is(err, libwa.ErrWoken):
			continue
		case err != nil:
			return
		}
		if s := m.sessionOf(event); s != nil {
			m.Events.Room(m.ctx)
			s.take(event)
		}
	}
}

// sessionOf returns the session that an event is of, also while it is opened; nil
// if there is none.
func (m *Manager) sessionOf(event libwa.Event) *Session {
	id := event.Client().Session()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.starting != nil && m.starting.id == id {
		return m.starting
	}
	return m.sessions[id]
}

var idShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Create makes a session that is not linked yet.
func (m *Manager) Create(id string) (Status, error) {
	return m.CreateWith(id, Settings{})
}

// CreateWith makes a session that is not linked yet, with settings of its own.
func (m *Manager) CreateWith(id string, settings Settings) (Status, error) {
	if !idShape.MatchString(id) {
		return Status{}, refuse(Invalid, "session_id_invalid", "A session's name has 1 to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or digit.")
	}
	if err := settings.check(); err != nil {
		return Status{}, err
	}
	if err := m.checkProxy(settings.Proxy); err != nil {
		return Status{}, err
	}
	r := m.newRecord(id)
	r.Settings = settings
	s := newSession(m, r)
	// It can be found before it is open, and nothing else may open or remove it
	// until it is. One that was not made keeps its turn.
	s.takeTurn()
	s.changing.Lock()
	defer s.changing.Unlock()
	m.mu.Lock()
	switch {
	case m.sessions[id] != nil:
		m.mu.Unlock()
		return Status{}, refuse(Conflict, "session_exists", "There is a session of this name.")
	case len(m.sessions) >= m.MaxSessions:
		m.mu.Unlock()
		return Status{}, refuse(Limited, "too_many_sessions", fmt.Sprintf("This gateway holds %d sessions at most; delete some first.", m.MaxSessions))
	}
	m.sessions[id] = s
	m.mu.Unlock()
	release := s.holdEvents()
	defer release()
	var err error
	if m.hasPast(id) {
		err = m.forgetPast(m.ctx, id)
	}
	if err == nil {
		err = m.eraseStranger(m.ctx, id)
	}
	if err == nil {
		err = s.open()
		m.diagnose(err)
	}
	if errors.Is(err, errOtherAccount) {
		if err = m.eraseByName(m.ctx, id); err == nil {
			err = s.open()
		}
	}
	if err == nil {
		err = m.DB.Batch(func(tx *bbolt.Tx) error { return store.Put(tx, store.Sessions, []byte(id), r) })
	}
	if err != nil {
		s.mu.Lock()
		s.removed = true
		s.mu.Unlock()
		s.close()
		m.forget(id)
		m.trouble(slog.LevelError, err, "a session could not be made", "session", id)
		if m.fault.Load() != nil {
			return Status{}, &Refusal{Unavailable, "store_damaged", storeText, 5 * time.Second}
		}
		return Status{}, refusalOf(err)
	}
	release()
	s.giveTurn()
	m.Log.Info("a session was made", "session", id)
	return s.Status(), nil
}

func (m *Manager) newRecord(id string) record {
	return record{ID: id, Created: time.Now().UTC().Truncate(time.Second)}
}

// Get gives a session.
func (m *Manager) Get(id string) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sessions[id]; s != nil {
		return s, nil
	}
	return nil, errUnknown()
}

func errUnknown() *Refusal {
	return refuse(NotFound, "session_unknown", "There is no session of this name; POST /v1/sessions makes one.")
}

// all gives the sessions in the order of their names.
func (m *Manager) all() []*Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]*Session, 0, len(m.sessions))
	for _, s := range m.sessions {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Session) int { return strings.Compare(a.id, b.id) })
	return all
}

// List gives the status of all sessions, in the order of their names.
func (m *Manager) List() []Status {
	all := m.all()
	list := make([]Status, len(all))
	for i, s := range all {
		list[i] = s.Status()
	}
	return list
}

// Delete unlinks a session, if it is linked, and removes it.
func (m *Manager) Delete(ctx context.Context, id string) error {
	if id == Default {
		return refuse(Conflict, "session_permanent", "The session default cannot be deleted, only unlinked.")
	}
	s, err := m.Get(id)
	if err != nil {
		return err
	}
	return s.remove(ctx)
}

func (m *Manager) forget(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, id)
}
