// Package phonenumber reads phone numbers as people write them, and masks them for
// logs.
package phonenumber

import (
	"fmt"
	"regexp"
	"strings"
)

// An Error says what is wrong with a number, as a stable word and in a
// sentence for the person who typed it.
type Error struct {
	Reason string
	Text   string
}

func (e *Error) Error() string { return e.Text }

// Reasons that an Error can have.
const (
	Missing            = "missing"
	MissingCountryCode = "missing_country_code"
	NotDigits          = "not_digits"
	UnknownCountryCode = "unknown_country_code"
	TooShort           = "too_short"
	TooLong            = "too_long"
	TrunkPrefix        = "trunk_prefix"
)

// trunk is how people write the digit that is dialled in place of the country
// code. Some countries have it in the number all the same, so it is not guessed
// here whether it belongs.
var trunk = regexp.MustCompile(`\([\s\x{a0}\x{202f}]*0[\s\x{a0}\x{202f}]*\)`)

// Parse gives a number in its one form, "+" and 7 to 15 digits, without the
// spaces and signs that people put between them.
func Parse(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", &Error{Missing, "A phone number is needed, with its country code: +1234567890."}
	}
	if len(text) > 64 {
		return "", &Error{TooLong, "A phone number has at most 15 digits."}
	}
	if trunk.MatchString(text) {
		return "", &Error{TrunkPrefix, "Leave out the (0): +44 20 7946 0018, not +44 (0)20 7946 0018. Where the 0 belongs to the number, as in Italy, write it without brackets."}
	}
	plus := strings.HasPrefix(text, "+")
	digits := make([]byte, 0, len(text))
	for _, c := range strings.TrimPrefix(text, "+") {
		switch {
		case c >= '0' && c <= '9':
			digits = append(digits, byte(c))
		case strings.ContainsRune(" -.()\u00a0\u202f/", c):
		default:
			return "", &Error{NotDigits, "A phone number has nothing but digits after the +."}
		}
	}
	switch {
	case !plus:
		return "", &Error{MissingCountryCode, "The country code is missing: begin with + and the country code, such as +1 or +44."}
	case len(digits) == 0:
		return "", &Error{TooShort, "A phone number has at least 7 digits."}
	case digits[0] == '0':
		return "", &Error{MissingCountryCode, "A country code does not begin with 0: write +49, not +049 or 0049."}
	case len(digits) < 7:
		return "", &Error{TooShort, "A phone number has at least 7 digits."}
	case len(digits) > 15:
		return "", &Error{TooLong, "A phone number has at most 15 digits."}
	case !hasCountry(string(digits)):
		return "", &Error{UnknownCountryCode, fmt.Sprintf("No country has the code that +%s begins with.", digits[:3])}
	}
	return "+" + string(digits), nil
}

// The country codes that the ITU has assigned (Recommendation E.164, annex):
// one digit, two, and for each further beginning the third digits.
var (
	oneDigit    = "1 7"
	twoDigits   = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98"
	threeDigits = map[string]string{
		"21": "12368", "22": "0123456789", "23": "0123456789", "24": "0123456789", "25": "012345678", "26": "0123456789",
		"29": "01789", "35": "0123456789", "37": "0123456789", "38": "01235679", "42": "013", "50": "0123456789",
		"59": "0123456789", "67": "023456789", "68": "0123456789", "69": "012", "80": "08", "85": "02356", "87": "08",
		"88": "012368", "96": "012345678", "97": "012345679", "99": "234568",
	}
)

func hasCountry(digits string) bool {
	return strings.Contains(oneDigit, digits[:1]) ||
		strings.Contains(" "+twoDigits+" ", " "+digits[:2]+" ") ||
		strings.Contains(threeDigits[digits[:2]], digits[2:3])
}

// Mask hides the middle of a number, for logs and the audit: +1234567890
// becomes +12*****890.
func Mask(text string) string {
	if len(text) < 8 {
		return strings.Repeat("*", len(text))
	}
	return text[:3] + strings.Repeat("*", len(text)-6) + text[len(text)-3:]
}
