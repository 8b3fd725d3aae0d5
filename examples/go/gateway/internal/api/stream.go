package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
)

// An EventList is a part of the log.
type EventList struct {
	Events []events.View `json:"events"`
	Next   string        `json:"next" doc:"The cursor to go on from."`
	Oldest string        `json:"oldest" doc:"The cursor of the oldest event that is kept."`
	Gap    bool          `json:"gap,omitempty" doc:"Whether events may be missing behind the cursor: those that followed are not kept any more, or the log was restored from an older copy, and is given from its beginning."`
}

// listEvents gives a part of the log, or all of it as a stream.
func (a *API) listEvents(c *call) error {
	wanted, err := a.eventFilter(c)
	if err != nil {
		return err
	}
	after, err := a.cursor(c)
	if err != nil {
		return err
	}
	if strings.HasPrefix(c.r.Header.Get("Accept"), "text/event-stream") {
		return a.stream(c, after, wanted)
	}
	limit, err := c.number("limit", 100, 1000)
	if err != nil {
		return err
	}
	wait, err := c.duration("wait", a.WaitMax)
	if err != nil {
		return err
	}
	ctx, cancel := c.waiting(wait)
	defer cancel()
	after, gap := a.Events.Resume(after, wanted.reads)
	found, next, err := wanted.read(a.Events, after, max(1, int(limit)))
	for err == nil && len(found) == 0 && wait > 0 && ctx.Err() == nil {
		select {
		case <-a.Events.Changed(next):
			found, next, err = wanted.read(a.Events, next, max(1, int(limit)))
		case <-ctx.Done():
		}
	}
	if err == nil && wait > 0 {
		err = c.recheck() // it may have been revoked meanwhile
	}
	if err != nil {
		return err
	}
	oldest, _ := a.Events.Bounds()
	list := EventList{Events: make([]events.View, len(found)), Next: text(next), Oldest: text(oldest), Gap: gap}
	for i := range found {
		list.Events[i] = found[i].View()
	}
	return c.reply(http.StatusOK, list)
}

var typeShape = regexp.MustCompile(typePattern)

// A filter says which events are wanted: of sessions that the token is for, and
// of those that the parameters name.
type filter struct {
	session string // empty for all
	kind    string // empty for all
	reaches func(session string) bool
}

// reads says whether any event of a session may be wanted.
func (f *filter) reads(session string) bool {
	return (f.session == "" || f.session == session) && f.reaches(session)
}

func (f *filter) wants(event *events.Event) bool {
	if !f.reads(event.Session) {
		return false
	}
	matched, err := path.Match(f.kind, event.Type)
	return f.kind == "" || matched && err == nil
}

// read reads the next events that are wanted.
func (f *filter) read(log *events.Log, after uint64, limit int) ([]events.Event, uint64, error) {
	if f.session != "" {
		return log.ReadOf(f.session, after, limit, f.wants)
	}
	return log.Read(after, limit, f.wants)
}

// eventFilter reads the filter of a request.
func (a *API) eventFilter(c *call) (*filter, error) {
	session, _, err := c.parameter("session")
	if err != nil {
		return nil, err
	}
	kind, given, err := c.parameter("type")
	if err != nil {
		return nil, err
	}
	if session != "" && !c.token.Reaches(session) {
		return nil, errSession
	}
	if given && !typeShape.MatchString(kind) {
		return nil, badParameter("type", "a type of events, or a pattern with *")
	}
	return &filter{session, kind, c.token.Reaches}, nil
}

// cursor gives where to go on from: the header Last-Event-ID, which a browser
// sends by itself, goes before the parameter after. The word "now" stands for
// the end of the log.
func (a *API) cursor(c *call) (uint64, error) {
	after, _, err := c.parameter("after")
	if err != nil {
		return 0, err
	}
	cursor := uint64(0)
	for _, text := range []string{after, c.r.Header.Get("Last-Event-ID")} {
		if text == "" {
			continue
		}
		var ok bool
		if cursor, ok = a.position(text); !ok {
			return 0, badParameter("after", "the cursor of an event, or now")
		}
	}
	return cursor, nil
}

func (a *API) position(text string) (cursor uint64, ok bool) {
	if text == "now" {
		_, newest := a.Events.Bounds()
		return newest, true
	}
	cursor, err := strconv.ParseUint(text, 10, 63)
	return cursor, err == nil
}

// Sizes of what a stream sends at once, and of what its connection holds back.
const (
	streamPage   = 100
	streamBuffer = 128 << 10
	// behindBy is how many events a stream is behind before it takes its turn with
	// others that are.
	behindBy = 2 * streamPage
)

// stream sends events as they come, until the client goes, is too slow, its
// token is not valid any more, or the gateway ends. Whoever comes back goes on from the last cursor.
func (a *API) stream(c *call, after uint64, wanted *filter) error {
	own, ok := a.streams.Take(c.token.ID)
	switch {
	case own:
		return problem.New(http.StatusTooManyRequests, "too_many_streams", "Too many streams of events are open with this token.").After(10 * time.Second)
	case !ok:
		return problem.New(http.StatusServiceUnavailable, "too_many_streams", "Too many streams of events are open.").After(10 * time.Second)
	}
	defer a.streams.Give(c.token.ID)
	c.long = true
	limitBuffer(c.r.Context())
	control := http.NewResponseController(c.w)
	control.SetReadDeadline(time.Time{})
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.Header().Set("X-Accel-Buffering", "no")
	c.w.WriteHeader(http.StatusOK)
	write := func(text []byte) error {
		control.SetWriteDeadline(time.Now().Add(a.WriteTimeout))
		c.w.Write(text)
		return control.Flush()
	}
	if write([]byte("retry: 2000\n\n")) != nil {
		return nil
	}
	from, gap := a.Events.Resume(after, wanted.reads)
	if gap {
		oldest, _ := a.Events.Bounds()
		if write(fmt.Appendf(nil, "event: gap\ndata: {\"after\":\"%d\",\"oldest\":\"%d\"}\n\n", after, oldest)) != nil {
			return nil
		}
	}
	after = from
	heartbeat := time.NewTicker(a.Heartbeat)
	defer heartbeat.Stop()
	for {
		page, next, err := a.page(c, after, wanted)
		if err != nil {
			a.Log.Error("the log of events cannot be read", "error", err)
			return nil
		}
		if err := c.recheck(); err != nil {
			c.code = problemOf(err).Code
			return nil
		}
		after = next
		if len(page) > 0 && write(page) != nil {
			return nil
		}
		select {
		case <-a.Events.Changed(after):
		case <-heartbeat.C:
			if write([]byte(": still here\n\n")) != nil {
				return nil
			}
		case <-c.r.Context().Done():
			return nil
		case <-a.ending:
			return nil
		}
	}
}

// page reads the next events of a stream, as they are sent. Streams that are far
// behind take turns, and rest as long as they have worked: what they have missed
// can wait, and what is sent and received now cannot.
func (a *API) page(c *call, after uint64, wanted *filter) (page []byte, next uint64, err error) {
	if a.Events.Last() > after+behindBy {
		select {
		case a.catching <- struct{}{}:
		case <-c.r.Context().Done():
			return nil, after, nil
		case <-a.ending:
			return nil, after, nil
		}
		started := time.Now()
		defer func() {
			time.Sleep(min(time.Since(started), 50*time.Millisecond))
			<-a.catching
		}()
	}
	found, next, err := wanted.read(a.Events, after, streamPage)
	if err != nil {
		return nil, after, err
	}
	for i := range found {
		encoded, err := json.Marshal(found[i].View())
		if err != nil {
			return nil, after, err
		}
		page = fmt.Appendf(page, "id: %d\nevent: %s\ndata: %s\n\n", found[i].Cursor, found[i].Type, encoded)
	}
	return page, next, nil
}

// connectionKey is where WithConnection keeps the connection of a request.
type connectionKey struct{}

// WithConnection has requests know their connection; it is for http.Server.
func WithConnection(ctx context.Context, connection net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, connection)
}

// limitBuffer bounds what the system holds back of a stream whose reader stalls:
// by itself it takes megabytes for each.
func limitBuffer(ctx context.Context) {
	connection, _ := ctx.Value(connectionKey{}).(net.Conn)
	for {
		wrapped, is := connection.(interface{ NetConn() net.Conn })
		if !is {
			break
		}
		connection = wrapped.NetConn()
	}
	if plain, is := connection.(*net.TCPConn); is {
		plain.SetWriteBuffer(streamBuffer)
	}
}

func text(cursor uint64) string { return strconv.FormatUint(cursor, 10) }
