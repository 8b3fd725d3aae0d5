package api

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/problem"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// A call is a request on its way to an answer.
type call struct {
	api       *API
	w         *recorder
	r         *http.Request
	route     *route
	started   time.Time
	requestID string
	remote    string

	token     *tokens.Token
	sessionID string
	code      string // of the problem that was answered
	cause     string // why the disk did not do what was asked for; empty for anything else
	long      bool   // it waits for something to happen, and says nothing about how fast the gateway is
	trace     trace
}

func (c *call) tokenID() string {
	if c.token == nil {
		return ""
	}
	return c.token.ID
}

// headers sets what all answers have. Nothing that is answered here is for a
// cache: most of it is a secret, or old in a moment.
func (c *call) headers() {
	h := c.w.Header()
	h.Set("X-Request-Id", c.requestID)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	c.api.origins.share(h, c.r)
	if c.r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// session gives the session that the request is about.
func (c *call) session() (*sessions.Session, error) {
	return c.api.Sessions.Get(c.sessionID)
}

// reply answers with JSON.
func (c *call) reply(status int, body any) error {
	return c.write(status, "application/json", body)
}

func (c *call) write(status int, media string, body any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", media)
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		c.w.Write(append(encoded, '\n'))
	}
	return nil
}

// Sizes of what may be sent here.
const (
	bodyLimit    = 16 << 10
	messageLimit = 512 << 10
)

// decode reads the body, one JSON object and nothing that the type does not
// have. A body that may be left out is the zero value then.
func decode[T any](c *call) (value T, err error) {
	limit := int64(bodyLimit)
	if c.route.BodyLimit > 0 {
		limit = c.route.BodyLimit
	}
	body := http.MaxBytesReader(c.w, c.r.Body, limit)
	text, err := io.ReadAll(body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return value, problem.Newf(http.StatusRequestEntityTooLarge, "body_too_large", "A body may have %d bytes here.", limit)
	case err != nil:
		return value, problem.New(http.StatusBadRequest, "body_incomplete", "The body could not be read to its end.")
	case len(text) == 0 && c.route.Optional:
		return value, nil
	}
	if media, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return value, problem.New(http.StatusUnsupportedMediaType, "media_type_unsupported", "A body has to come with Content-Type: application/json.")
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		if quoted, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			if refusal := unknownIn(text, strings.Trim(quoted, `"`), reflect.TypeFor[T]()); refusal != nil {
				return value, refusal
			}
		}
		return value, malformed(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return value, problem.New(http.StatusBadRequest, "json_malformed", "The body has to be one JSON object, with nothing after it.")
	}
	if trimmed := strings.TrimSpace(string(text)); !strings.HasPrefix(trimmed, "{") {
		return value, problem.New(http.StatusBadRequest, "json_malformed", "The body has to be a JSON object.")
	}
	if err := wholeText(text); err != nil {
		return value, err
	}
	return value, withoutNulls(text)
}

// withoutNulls refuses fields that are null: one that is not wanted is left
// out. What an authenticator has made is not looked into.
func withoutNulls(text []byte) error {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return nil
	}
	for name, field := range fields {
		var inner any
		if string(field) == "null" || name != "assertion" && json.Unmarshal(field, &inner) == nil && holdsNull(inner) {
			return problem.Newf(http.StatusBadRequest, "field_type", "The field %q cannot hold null: leave out what is not wanted.", name)
		}
	}
	return nil
}

func holdsNull(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case []any:
		return slices.ContainsFunc(value, holdsNull)
	case map[string]any:
		for _, inner := range value {
			if holdsNull(inner) {
				return true
			}
		}
	}
	return false
}

func malformed(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var base64Error base64.CorruptInputError
	switch {
	case errors.As(err, &base64Error):
		return problem.New(http.StatusBadRequest, "field_type", "The field \"protobuf\" has to be in base64.").Because("protobuf")
	case errors.As(err, &syntax):
		return problem.Newf(http.StatusBadRequest, "json_malformed", "The body is not JSON: there is an error at byte %d.", syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return problem.Newf(http.StatusBadRequest, "field_type", "The field %q has to be of another type.", kind.Field)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return problem.Newf(http.StatusBadRequest, "field_unknown", "There is no field %s here.", strings.TrimPrefix(err.Error(), "json: unknown field "))
	}
	return problem.New(http.StatusBadRequest, "json_malformed", "The body has to be one JSON object.")
}

// parameter reads a parameter of the query, which may be given once.
func (c *call) parameter(name string) (text string, given bool, err error) {
	values := c.r.URL.Query()[name]
	if len(values) > 1 || len(values) == 1 && values[0] == "" {
		return "", true, badParameter(name, "given once, with a value")
	}
	if len(values) == 0 {
		return "", false, nil
	}
	return values[0], true, nil
}

var durationShape = regexp.MustCompile(waitPattern)

// duration reads a parameter such as 30s; a bare number is seconds.
func (c *call) duration(name string, most time.Duration) (time.Duration, error) {
	text, given, err := c.parameter(name)
	if err != nil || !given {
		return 0, err
	}
	if !durationShape.MatchString(text) {
		return 0, badParameter(name, "a duration such as 30s")
	}
	if !strings.HasSuffix(text, "s") && !strings.HasSuffix(text, "m") {
		text += "s"
	}
	duration, err := time.ParseDuration(text)
	if err != nil {
		return 0, badParameter(name, "a duration such as 30s")
	}
	return min(duration, most), nil
}

// number reads a parameter that is a whole number.
func (c *call) number(name string, otherwise, most uint64) (uint64, error) {
	text, given, err := c.parameter(name)
	if err != nil || !given {
		return otherwise, err
	}
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil || number > most {
		return 0, badParameter(name, "a whole number of at most "+strconv.FormatUint(most, 10))
	}
	return number, nil
}

func badParameter(name, wanted string) error {
	return problem.Newf(http.StatusBadRequest, "parameter_invalid", "The parameter %s has to be %s.", name, wanted).Because(name)
}

// extend gives the answer more time than others have.
func (c *call) extend(wait time.Duration) {
	deadline := time.Now().Add(wait + c.api.WriteTimeout)
	control := http.NewResponseController(c.w)
	control.SetWriteDeadline(deadline)
	control.SetReadDeadline(deadline)
}

// A recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	last   func() bool // whether the connection is closed behind the answer
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		if w.last() {
			w.Header().Set("Connection", "close")
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(bytes []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(bytes)
	w.bytes += int64(n)
	return n, err
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// captured takes what the mux answers to a request that it has no route for.
type captured struct {
	header http.Header
	status int
}

func (w *captured) Header() http.Header         { return w.header }
func (w *captured) WriteHeader(status int)      { w.status = status }
func (w *captured) Write(b []byte) (int, error) { return len(b), nil }

var requestShape = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// requestID names a request: as the client does, if that is harmless.
func requestID(r *http.Request) string {
	if given := r.Header.Get("X-Request-Id"); requestShape.MatchString(given) {
		return given
	}
	id := make([]byte, 8)
	rand.Read(id)
	return hex.EncodeToString(id)
}

// cleanPath says whether a path is written in its one form: no traversal, no
// empty parts, nothing encoded that need not be.
func cleanPath(r *http.Request) bool {
	given := r.URL.EscapedPath()
	return path.Clean(r.URL.Path) == r.URL.Path && !strings.Contains(strings.ToLower(given), "%2f") && !strings.ContainsAny(r.URL.Path, "\\\x00")
}

func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

func statusText(status int) string { return strconv.Itoa(status) }

func stack() string { return string(debug.Stack()) }
