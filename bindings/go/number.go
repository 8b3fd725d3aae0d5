package libwa

import (
	"fmt"
	"strings"
)

// isSameNumber reports whether a phone number, as a person writes it, can be
// that of the account with these digits. Some countries write a digit in or
// out: 55 11 98765-4321 is the account 55 11 8765-4321. What stands around it
// is the same.
func isSameNumber(number, account string) bool {
	const head, tail = 2, 8
	wanted := digitsOf(number)
	if len(wanted) == len(account) || min(len(wanted), len(account)) < head+tail {
		return wanted == account
	}
	return wanted[:head] == account[:head] && wanted[len(wanted)-tail:] == account[len(account)-tail:]
}

func digitsOf(number string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
}

// checkAccount compares the number to link with that of the account that the
// session is linked to.
func checkAccount(op, phone, account string) error {
	if account == "" || isSameNumber(phone, account) {
		return nil
	}
	return &Error{
		Op: op, Status: ErrAlreadyLinked, Key: "phone",
		Text: fmt.Sprintf("the session is linked to +%s, and not to +%s: use the first number, "+
			"a session of its own for the second one, or log the session out first", account, digitsOf(phone)),
	}
}
