// Package problem is the one form of the gateway's errors: the problem details
// of RFC 9457, with a stable code.
package problem

import (
	"fmt"
	"net/http"
	"time"
)

// A Problem is an error as clients get it.
type Problem struct {
	Type       string `json:"type" doc:"Names the kind of problem, as a URN with the code."`
	Title      string `json:"title" doc:"The HTTP status in words."`
	Status     int    `json:"status" doc:"The HTTP status."`
	Detail     string `json:"detail" doc:"What is wrong and what to do, for a person."`
	Code       string `json:"code" doc:"What is wrong, as a stable word for programs."`
	Reason     string `json:"reason,omitempty" doc:"The closer cause, as a stable word."`
	RetryAfter int    `json:"retryAfter,omitempty" doc:"How many seconds to wait before trying again; also in the header Retry-After."`
	RequestID  string `json:"requestId,omitempty" doc:"Names the request in the gateway's log."`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// New makes a problem.
func New(status int, code, detail string) *Problem {
	return &Problem{Type: "urn:libwa-gateway:" + code, Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
}

// Newf is New with a format.
func Newf(status int, code, format string, values ...any) *Problem {
	return New(status, code, fmt.Sprintf(format, values...))
}

// Because adds the closer cause.
func (p *Problem) Because(reason string) *Problem {
	p.Reason = reason
	return p
}

// After adds how long to wait.
func (p *Problem) After(wait time.Duration) *Problem {
	if wait > 0 {
		p.RetryAfter = int((wait + time.Second - 1) / time.Second)
	}
	return p
}
