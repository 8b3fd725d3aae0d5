package libwa

import (
	"encoding/json"
	"strconv"
	"time"
)

// A reader reads one JSON object, key by key, into typed values. Text without
// escapes is not copied. A value of another type than expected is read as the
// zero value, so that a newer library does not break an older program.
type reader struct {
	rest string

	// key is the key whose value comes next.
	key string
}

// next goes on to the next key, and says whether there is one.
func (r *reader) next() bool {
	if c := r.peek(); c != '{' && c != ',' {
		r.rest = ""
		return false
	}
	r.rest = r.rest[1:]
	if r.peek() != '"' {
		r.rest = ""
		return false
	}
	r.key = r.text()
	if r.peek() != ':' {
		r.rest = ""
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// peek skips white space and gives the byte after it, 0 at the end.
func (r *reader) peek() byte {
	for r.rest != "" {
		switch c := r.rest[0]; c {
		case ' ', '\t', '\r', '\n':
			r.rest = r.rest[1:]
		default:
			return c
		}
	}
	return 0
}

// value takes the next value as it is written.
func (r *reader) value() string {
	r.peek()
	n := valueLength(r.rest)
	value := r.rest[:n]
	r.rest = r.rest[n:]
	return value
}

// valueLength gives the length of the JSON value that text begins with.
func valueLength(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += stringLength(text[i:]) - 1
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(text)
}

// stringLength gives the length of the JSON string that text begins with, with
// its quotes.
func stringLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// skip leaves the next value out.
func (r *reader) skip() {
	r.value()
}

// raw gives the next value as JSON, nil for null.
func (r *reader) raw() json.RawMessage {
	value := r.value()
	if value == "null" {
		return nil
	}
	return json.RawMessage(value)
}

// text gives the next value if it is a text, else "".
func (r *reader) text() string {
	if r.peek() != '"' {
		r.skip()
		return ""
	}
	for i := 1; i < len(r.rest); i++ {
		switch r.rest[i] {
		case '"':
			text := r.rest[1:i]
			r.rest = r.rest[i+1:]
			return text
		case '\\':
			return unescaped(r.value())
		}
	}
	r.rest = ""
	return ""
}

// unescaped is the slow way, for texts with escapes in them.
func unescaped(quoted string) (text string) {
	if json.Unmarshal([]byte(quoted), &text) != nil {
		return ""
	}
	return text
}

// integer gives the next value if it is a whole number, else 0.
func (r *reader) integer() int64 {
	number, err := strconv.ParseInt(r.value(), 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// number gives the next value if it is a number, else 0.
func (r *reader) number() float64 {
	number, err := strconv.ParseFloat(r.value(), 64)
	if err != nil {
		return 0
	}
	return number
}

// each calls item for each value of the next array, to read it; not at all if
// that is none.
func (r *reader) each(item func()) {
	if r.peek() != '[' {
		r.skip()
		return
	}
	for r.rest = r.rest[1:]; ; {
		switch r.peek() {
		case ',':
			r.rest = r.rest[1:]
		case ']':
			r.rest = r.rest[1:]
			return
		default:
			before := len(r.rest)
			if item(); len(r.rest) == before {
				// No JSON: nothing of it can be read.
				r.rest = ""
				return
			}
		}
	}
}

// texts gives the next value if it is an array of texts, nil for null.
func (r *reader) texts() (texts []string) {
	r.each(func() { texts = append(texts, r.text()) })
	return texts
}

// readable is a pointer to what reads itself from a JSON object.
type readable[T any] interface {
	*T
	read(*reader)
}

// object gives the next value if it is an object, else nil.
func object[T any, P readable[T]](r *reader) *T {
	if r.peek() != '{' {
		r.skip()
		return nil
	}
	read := new(T)
	P(read).read(&reader{rest: r.value()})
	return read
}

// objects gives the next value if it is an array of objects, nil for null.
func objects[T any, P readable[T]](r *reader) (list []T) {
	r.each(func() {
		var one T
		if read := object[T, P](r); read != nil {
			one = *read
		}
		list = append(list, one)
	})
	return list
}

// boolean tells whether the next value is true.
func (r *reader) boolean() bool {
	return r.value() == "true"
}

// time gives the next value, milliseconds since 1970, as a time; the zero time
// for null.
func (r *reader) time() time.Time {
	if number, err := strconv.ParseInt(r.value(), 10, 64); err == nil {
		return time.UnixMilli(number)
	}
	return time.Time{}
}

// duration gives the next value, milliseconds, as a duration; 0 for null.
func (r *reader) duration() time.Duration {
	return time.Duration(r.integer()) * time.Millisecond
}

// optional gives what read reads, nil for null.
func optional[T any](r *reader, read func() T) *T {
	if r.peek() == 'n' {
		r.skip()
		return nil
	}
	value := read()
	return &value
}
