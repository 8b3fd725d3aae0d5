package sessions

import (
	"context"
	"slices"
	"sync"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/events"
)

// A Session is one device: linked, being linked, or not.
type Session struct {
	m  *Manager
	id string

	// turn holds a token while something exchanges the client: a restart, an
	// unlinking. Only one can.
	turn chan struct{}

	changing sync.Mutex   // held while the settings are changed
	sending  sync.RWMutex // held for reading while a message is accepted

	mu         sync.Mutex
	record     record
	moving     bool // somebody has the turn: no pairing begins
	removed    bool // nothing is kept of it any more
	tries      int  // to get over trouble with the store, since it was connected
	client     *libwa.Client
	former     *libwa.Client // that was closed last
	foreign    bool          // client may have another account than the record: only its end is taken note of
	unlinkedBy uint64        // the number of client's event that told of the end of its link; 0 for none
	opening    chan struct{} // closed when it is settled whose account the next client has; nil while none is opened
	status     Status
	changed    chan struct{}
	telling    *account // the link whose pairing.success waits to be written
	attempt    *attempt // the pairing that is under way
	last       *attempt // the pairing before it, whose code verify still knows
	closed     chan struct{}
}

func newSession(m *Manager, r record) *Session {
	s := &Session{
		m: m, id: r.ID, record: r, turn: make(chan struct{}, 1), changed: make(chan struct{}),
		status: Status{ID: r.ID, State: Unlinked, Created: r.Created, Since: r.Created, Version: 1},
	}
	r.show(&s.status)
	return s
}

// Status gives the session's status.
func (s *Session) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Changed gives the status, and a channel that is closed when it changes.
func (s *Session) Changed() (Status, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status, s.changed
}

// Wait waits until the status has another version than the given one, or ctx
// ends.
func (s *Session) Wait(ctx context.Context, version uint64) Status {
	for {
		status, changed := s.Changed()
		if status.Version != version {
			return status
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return status
		}
	}
}

// set changes the status; what is new of it is posted as an event. The caller
// holds mu.
func (s *Session) set(change func(*Status)) {
	before := s.status
	change(&s.status)
	if s.status.sameAs(before) {
		return
	}
	s.status.Version++
	if s.status.State != before.State {
		defer s.keepOutcome()
		s.status.Since = time.Now().UTC().Truncate(time.Millisecond)
	}
	close(s.changed)
	s.changed = make(chan struct{})
	if s.status.State != before.State || s.status.Stage != before.Stage || s.status.Reason != before.Reason || s.status.GivenUp != before.GivenUp {
		s.post("session.state", map[string]any{
			"state": s.status.State, "stage": s.status.Stage, "reason": s.status.Reason, "detail": s.status.Detail,
			"phone": s.status.Phone, "jid": s.status.JID, "cause": s.status.Cause, "given_up": s.status.GivenUp,
		})
	}
}

// post posts an event of the gateway's own.
func (s *Session) post(kind string, data map[string]any) {
	s.m.Events.Post(events.Event{Type: kind, Session: s.id, Data: encode(data)}, nil)
}

// holdEvents has take wait with the events of the client that is opened next,
// until release is called, which may be repeated: by then the session knows the
// client, and whether its account is the session's own. libwa tells what an earlier
// run left as soon as a client is opened, and only once.
func (s *Session) holdEvents() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	opening := make(chan struct{})
	s.opening = opening
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.opening == opening {
			s.opening = nil
		}
		close(opening)
	})
}

// awaitOpening waits while a client is opened that the event may be of, and says
// whether that came to its end. The caller holds mu.
func (s *Session) awaitOpening(event libwa.Event) bool {
	for s.opening != nil && event.Client() != s.former {
		opening := s.opening
		s.mu.Unlock()
		select {
		case <-opening:
		case <-s.m.ctx.Done():
		}
		s.mu.Lock()
		if s.m.ctx.Err() != nil {
			return false
		}
	}
	return true
}

// open opens the session's client. A linked one is not connected by that. The
// caller holds the events back.
func (s *Session) open() error {
	if err := s.openClient(); err != nil {
		return err
	}
	s.mu.Lock()
	client := s.client
	s.mu.Unlock()
	var found libwa.SessionStatusResult
	if client.Linked() {
		ctx, cancel := context.WithTimeout(s.m.ctx, 10*time.Second)
		defer cancel()
		var err error
		if found, err = client.SessionStatus(ctx); err != nil {
			s.close()
			return err
		}
	}
	s.mu.Lock()
	err := s.compare(found)
	s.mu.Unlock()
	if err != nil {
		s.close()
	}
	return err
}

// openClient opens the session's client, whatever it holds. The caller holds the
// events back.
func (s *Session) openClient() error {
	options := slices.Concat([]libwa.Option{libwa.WithSessionID(s.id)}, s.m.Client, s.m.ownOptions(s.Settings()))
	client, err := s.m.fleet.Open(options...)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client, s.closed, s.foreign, s.unlinkedBy = client, make(chan struct{}), false, 0
	return nil
}

// fresh gives a status that has nothing but the state.
func (s *Session) fresh(state State) Status {
	fresh := Status{ID: s.id, State: state, Created: s.status.Created, Since: s.status.Since, Version: s.status.Version}
	s.record.show(&fresh)
	return fresh
}

// connect connects a linked session, and says whether it is one.
func (s *Session) connect() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil || !s.client.Linked() || s.attempt != nil || s.record.Ending != "" {
		return false
	}
	if !s.m.hasRoom() {
		s.hold()
		return false
	}
	if err := s.client.Connect(); err != nil {
		s.m.Log.Warn("a session could not be connected", "session", s.id, "error", err)
		return false
	}
	if s.status.State == Disconnected {
		s.set(func(status *Status) {
			status.State, status.Reason, status.Detail, status.GivenUp, status.ResumesAt, status.Retry = Connecting, "", "", false, time.Time{}, 0
		})
	}
	return true
}

// close closes the client.
func (s *Session) close() {
	s.mu.Lock()
	client := s.client
	s.client = nil
	if client != nil {
		s.former = client
	}
	s.mu.Unlock()
	if client != nil {
		client.Close()
	}
}

// exclusively runs what exchanges the client, if nothing else does; a pairing
// that is under way ends before.
func (s *Session) exclusively(run func() error) error {
	if s.m.Events.Full() {
		return errLogFull()
	}
	if !s.takeTurn() {
		return errBusy()
	}
	defer s.giveTurn()
	if wanted := s.ends(); wanted != "" {
		return errUnfinished(wanted)
	}
	s.cancel("cancelled")
	return run()
}

// takeTurn takes the turn, if nobody has it.
func (s *Session) takeTurn() bool {
	select {
	case s.turn <- struct{}{}:
	default:
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moving = true
	return true
}

func (s *Session) giveTurn() {
	s.mu.Lock()
	s.moving = false
	s.mu.Unlock()
	<-s.turn
}

func errBusy() *Refusal {
	return &Refusal{Busy, "session_busy", "The session is just being restarted or unlinked.", time.Second}
}

// errLogFull refuses what would make events while nothing can be written.
func errLogFull() *Refusal {
	return &Refusal{Unavailable, "log_full", "Nothing can be written at the moment: the gateway's disk is full or fails. It goes on by itself when that is mended.", 5 * time.Second}
}

// Restart closes the session and opens it again. It stays linked.
func (s *Session) Restart() error {
	return s.exclusively(func() error {
		s.close()
		return s.reopen()
	})
}

// reopen opens the session anew after it was closed, and connects it if it is
// linked. The status of one that is not stays.
func (s *Session) reopen() error {
	release := s.holdEvents()
	err := s.open()
	release()
	if err != nil {
		s.m.diagnose(err)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stopped(err)
		return &Refusal{Unavailable, "session_stopped", s.status.Detail, 5 * time.Second}
	}
	if !s.connect() {
		// What came for the former client hears that there is no account.
		s.m.outbox.wake(s.id)
	}
	return nil
}

// ForgetEvents removes what is kept of the session's past: its events, what waits
// for webhooks, and the keys of requests. It stays linked.
func (s *Session) ForgetEvents(ctx context.Context) error {
	if s.m.Events.Full() {
		return errLogFull()
	}
	if err := s.m.forgetEvents(ctx, s.id); err != nil {
		return err
	}
	s.m.Log.Info("the events of a session were removed", "session", s.id)
	return nil
}
