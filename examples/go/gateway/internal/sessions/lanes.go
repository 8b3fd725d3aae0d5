package sessions

import (
	"context"
	"log/slog"
	"slices"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
)

// load is what waits in a session.
type load struct{ messages, bytes int }

// A place is where a message stands in its lane.
type place struct {
	message Outgoing
	lane    *lane
	kept    bool // the message is in the store: before that it is not sent, nor what follows it
}

// A lane is what waits to be sent to one chat, in the order of the numbers.
type lane struct {
	waiting []*place
	running bool
	// woken says that there was another client since the goroutine last asked for one.
	woken bool
	// why is set when all of it is given up: aborted is closed then, and done when
	// all was told.
	why           *Refusal
	aborted, done chan struct{}
}

// first returns what is to be sent next; nil if nothing waits, or the first is not in
// the store yet.
func (l *lane) first() *place {
	if len(l.waiting) == 0 || !l.waiting[0].kept {
		return nil
	}
	return l.waiting[0]
}

// take gives a message its number and its place, if not too much waits in its
// session; nil if too much does. One alone always has a place. The message is sent
// when settle says that it is in the store.
func (o *outbox) take(message Outgoing, messages, bytes int) *place {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l := o.load[message.Session]; l != nil && (l.messages >= messages || l.bytes > bytes-message.size()) {
		return nil
	}
	o.last++
	message.Number = o.last
	return o.append(message)
}

// begin has the numbers that are given out follow one.
func (o *outbox) begin(last uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = max(o.last, last)
}

// restore gives a message that the store has its place. They come in the order of
// their numbers, before any other is taken.
func (o *outbox) restore(message Outgoing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = max(o.last, message.Number)
	p := o.append(message)
	p.kept = true
	o.run(p)
}

// append puts a message that has its number at the end of its lane. The caller
// holds mu.
func (o *outbox) append(message Outgoing) *place {
	all := o.load[message.Session]
	if all == nil {
		all = &load{}
		o.load[message.Session] = all
	}
	all.messages++
	all.bytes += message.size()
	lanes := o.lanes[message.Session]
	if lanes == nil {
		lanes = map[string]*lane{}
		o.lanes[message.Session] = lanes
	}
	l := lanes[message.Chat]
	if l == nil || l.why != nil {
		l = &lane{aborted: make(chan struct{}), done: make(chan struct{})}
		lanes[message.Chat] = l
	}
	p := &place{message: message, lane: l}
	l.waiting = append(l.waiting, p)
	o.places[message.Number] = p
	return p
}

// settle says of a message that was taken whether it is in the store. One that is
// not gives its place back.
func (o *outbox) settle(p *place, kept bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.kept = kept
	if !kept {
		o.leave(p)
		delete(o.places, p.message.Number)
	}
	o.run(p)
}

// leave takes a message out of its lane. The caller holds mu.
func (o *outbox) leave(p *place) {
	p.lane.waiting = slices.DeleteFunc(p.lane.waiting, func(other *place) bool { return other == p })
	l := o.load[p.message.Session]
	l.messages--
	l.bytes -= p.message.size()
	if l.messages <= 0 {
		delete(o.load, p.message.Session)
	}
}

// told notes that what came of a message is written, and the message is not in the
// store any more.
func (o *outbox) told(number uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.places, number)
}

// run gives the lane of a place its goroutine, if it has none. The caller holds mu.
func (o *outbox) run(p *place) { o.runLane(p.message.Session, p.message.Chat, p.lane) }

func (o *outbox) runLane(session, chat string, l *lane) {
	if l.running || o.m.ctx.Err() != nil {
		return
	}
	l.running, l.woken = true, false
	o.m.spawn(func() { o.send(session, chat, l) })
}

// wake has all lanes of a session go on, after its client was exchanged or is
// connected.
func (o *outbox) wake(session string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for chat, l := range o.lanes[session] {
		l.woken = true
		o.runLane(session, chat, l)
	}
}

// abort gives up what waits in a session, for a reason. What the library holds is
// told by what the library says of it. A lane's channel is closed when all of the
// lane was told.
func (o *outbox) abort(session, reason, text string) (done []<-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for chat, l := range o.lanes[session] {
		if l.why == nil {
			l.why = &Refusal{Refused, reason, text, 0}
			close(l.aborted)
			o.runLane(session, chat, l)
		}
		done = append(done, l.done)
	}
	return done
}

// rest ends a lane's goroutine, which settle or wake begin again, and the lane as
// well if nothing waits in it. The caller holds mu.
func (o *outbox) rest(session, chat string, l *lane) {
	l.running = false
	if len(l.waiting) > 0 {
		return
	}
	if o.lanes[session][chat] == l {
		delete(o.lanes[session], chat)
	}
	if len(o.lanes[session]) == 0 {
		delete(o.lanes, session)
	}
	if l.why != nil {
		close(l.done)
	}
}

// send sends what a lane holds, one after the other.
func (o *outbox) send(session, chat string, l *lane) {
	warned := ""
	for {
		o.mu.Lock()
		head := l.first()
		if head == nil {
			o.rest(session, chat, l)
			o.mu.Unlock()
			return
		}
		message := head.message
		if l.why != nil {
			o.leave(head)
			o.mu.Unlock()
			o.report(message, libwa.MessageSendResult{}, l.why)
			continue
		}
		l.woken = false
		o.mu.Unlock()

		result, err := o.deliver(message)
		if passes(err) {
			// The library may have it, and sends it once then: the id is the same.
			if warned != message.ID {
				o.m.trouble(slog.LevelWarn, err, "a message waits for what can pass", "session", session, "message", message.ID)
				warned = message.ID
			}
			select {
			case <-time.After(o.pause):
				continue
			case <-l.aborted:
				continue
			case <-o.m.ctx.Done():
				err = context.Canceled
			}
		}
		o.m.Events.Room(o.m.ctx)
		o.mu.Lock()
		if again(err) {
			// The client was closed, or its connection given up: wake goes on when
			// there is one again, unless it came while the lane still asked the old one.
			if (l.woken || l.why != nil) && o.m.ctx.Err() == nil {
				o.mu.Unlock()
				continue
			}
			l.running = false
			o.mu.Unlock()
			return
		}
		o.leave(head)
		if l.why != nil && isAny(err, libwa.ErrNotLinked, libwa.ErrLoggedOut) {
			err = l.why
		}
		o.mu.Unlock()
		o.report(message, result, err)
	}
}
