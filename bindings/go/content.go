package libwa

import (
	"strconv"
	"time"
)

// A MessageContent is what belongs to the kind of a message: one of the content
// types of this package, always as a pointer, to be told apart by a type switch.
//
//	switch content := message.TypedContent().(type) {
//	case *libwa.PollVoteContent:
//		fmt.Println(content.Selected)
//	case *libwa.LocationContent:
//		fmt.Println(content.Latitude, content.Longitude)
//	}
//
// Leave types out that you do not need: later versions bring more.
type MessageContent interface {
	// Common gives what the content of a message of any kind may have.
	Common() *CommonContent

	read(*reader)
}

// Common gives what the content of a message of any kind may have.
func (c *CommonContent) Common() *CommonContent {
	return c
}

// read reads a content that has no keys of its own.
func (c *CommonContent) read(r *reader) {
	for r.next() {
		c.readKey(r)
	}
}

// TypedContent gives Content as one of the content types. It is an
// [OtherContent] for a kind that this version of the package does not know, and
// for a content that lacks what its type always has: one that is too large, or
// that could not be read. Keys that this version does not know are left out;
// Content has them.
func (e *Message) TypedContent() MessageContent {
	text := string(e.Content)
	content, needed := newContent(e.Kind)
	if !hasKeys(text, needed) {
		content = new(OtherContent)
	}
	content.read(&reader{rest: text})
	return content
}

// hasKeys says whether a JSON object has all of these keys, with values that
// are not null.
func hasKeys(text string, keys []string) bool {
	found := 0
	for r := (reader{rest: text}); found < len(keys) && r.next(); {
		for _, key := range keys {
			if r.key == key && r.peek() != 'n' {
				found++
			}
		}
		r.skip()
	}
	return found == len(keys)
}

// list gives the next value if it is an array of texts, nil if it is none. An
// empty array is not nil.
func (r *reader) list() []string {
	if r.peek() != '[' {
		r.skip()
		return nil
	}
	return append([]string{}, r.texts()...)
}

// seconds gives the next value, seconds, as a duration; 0 for null.
func (r *reader) seconds() time.Duration {
	return time.Duration(r.integer()) * time.Second
}

// timeOfSeconds gives the next value, seconds since 1970, as a time; the zero
// time for null.
func (r *reader) timeOfSeconds() time.Time {
	if number, err := strconv.ParseInt(r.value(), 10, 64); err == nil {
		return time.Unix(number, 0)
	}
	return time.Time{}
}
