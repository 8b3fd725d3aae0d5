package webhooks

import (
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
)

// Why a webhook is stopped.
const (
	tokenEnded    = "token_ended"
	httpForbidden = "http_forbidden"
)

// The types of events about webhooks.
const (
	StoppedEvent  = "webhook.stopped"
	ResumedEvent  = "webhook.resumed"
	ExpiringEvent = "webhook.expiring"
)

// Notice is the data of an event about a webhook.
type Notice struct {
	Webhook   string    `json:"webhook" doc:"The webhook's id."`
	Reason    string    `json:"reason,omitempty" doc:"Why it is stopped; left out if it is not." enum:"token_ended,http_forbidden"`
	TokenID   string    `json:"token_id,omitempty" doc:"The token that made it."`
	TokenName string    `json:"token_name,omitempty" doc:"The name of that token."`
	ExpiresAt time.Time `json:"expires_at,omitzero" doc:"When that token expires, if ever."`
}

// stopReason says why a webhook gets nothing any more; empty for one that gets
// its events.
func (h *Hooks) stopReason(tx *bbolt.Tx, webhook *kept) string {
	switch {
	case h.Valid != nil && webhook.TokenID != "" && !h.Valid(tx, webhook.TokenID):
		return tokenEnded
	case !h.HTTP && unencrypted(webhook.URL):
		return httpForbidden
	}
	return ""
}

func (h *Hooks) stopped(tx *bbolt.Tx, webhook *kept) bool { return h.stopReason(tx, webhook) != "" }

func unencrypted(address string) bool {
	parsed, err := url.Parse(address)
	return err != nil || parsed.Scheme != "https"
}

func (h *Hooks) isStopped(webhook *kept) bool {
	stopped := false
	h.db.View(func(tx *bbolt.Tx) error {
		stopped = h.stopped(tx, webhook)
		return nil
	})
	return stopped
}

// marked says of webhooks whether they are stopped, and why, and until when
// their tokens hold.
func (h *Hooks) marked(list []Webhook) []Webhook {
	h.db.View(func(tx *bbolt.Tx) error {
		for i := range list {
			list[i].StopReason = h.stopReason(tx, &kept{Webhook: list[i]})
			list[i].Stopped = list[i].StopReason != ""
			if h.Expires != nil {
				list[i].TokenExpires = h.Expires(tx, list[i].TokenID)
			}
		}
		return nil
	})
	return list
}

const (
	// lookPause is the time between two looks at which webhooks are stopped.
	lookPause = time.Second
	// expiringBefore is how long before a token expires its webhooks are told of.
	expiringBefore = 24 * time.Hour
)

// A watch tells of webhooks that stop, go on, or will stop soon.
type watch struct {
	h       *Hooks
	stopped map[string]string    // by webhook: the reason that was told
	warned  map[string]time.Time // by webhook: the end of its token that was told
}

func (h *Hooks) watch() {
	defer h.tasks.Done()
	w := &watch{h: h, stopped: map[string]string{}, warned: map[string]time.Time{}}
	w.plain()
	ticker := time.NewTicker(lookPause)
	defer ticker.Stop()
	for {
		w.look(time.Now())
		select {
		case <-ticker.C:
		case <-h.closed:
			return
		}
	}
}

// plain tells in one line of the webhooks that were made when plain HTTP was
// allowed.
func (w *watch) plain() {
	var ids []string
	for _, webhook := range w.h.List() {
		if webhook.StopReason == httpForbidden {
			ids = append(ids, webhook.ID)
		}
	}
	if len(ids) > 0 {
		slices.Sort(ids)
		w.h.log.Warn("webhooks whose address begins with http:// are stopped: make them anew with https://, or start with --webhook-http", "webhooks", ids)
	}
}

// look tells what is new. Webhooks that are stopped when the gateway starts are
// told of once more.
func (w *watch) look(now time.Time) {
	known := map[string]bool{}
	for _, webhook := range w.h.List() {
		known[webhook.ID] = true
		log := w.h.log.With("webhook", webhook.ID, "token", webhook.TokenID, "token_name", webhook.TokenName)
		before := w.stopped[webhook.ID]
		w.stopped[webhook.ID] = webhook.StopReason
		switch {
		case webhook.StopReason == before:
		case webhook.StopReason == "":
			log.Info("a webhook goes on")
			w.tell(ResumedEvent, webhook)
		default:
			if webhook.StopReason == tokenEnded {
				log.Warn("a webhook is stopped: its token "+ended(webhook, now)+"; make it anew with a token that holds", "reason", webhook.StopReason)
			}
			w.tell(StoppedEvent, webhook)
		}
		end := webhook.TokenExpires
		if webhook.Stopped || end.IsZero() || end.Sub(now) > expiringBefore || w.warned[webhook.ID].Equal(end) {
			continue
		}
		w.warned[webhook.ID] = end
		log.Warn("a webhook stops soon: its token expires; make it anew with another token", "expires_at", end)
		w.tell(ExpiringEvent, webhook)
	}
	for id := range w.stopped {
		if !known[id] {
			delete(w.stopped, id)
			delete(w.warned, id)
		}
	}
}

// ended says how the token of a webhook ended.
func ended(webhook Webhook, now time.Time) string {
	if webhook.TokenExpires.IsZero() || webhook.TokenExpires.After(now) {
		return "was revoked"
	}
	return "expired at " + webhook.TokenExpires.Format(time.RFC3339)
}

func (w *watch) tell(kind string, webhook Webhook) {
	if w.h.Post == nil {
		return
	}
	data, err := json.Marshal(Notice{
		Webhook: webhook.ID, Reason: webhook.StopReason, TokenID: webhook.TokenID, TokenName: webhook.TokenName, ExpiresAt: webhook.TokenExpires,
	})
	if err != nil {
		return
	}
	w.h.Post(events.Event{Type: kind, Session: events.OfNoSession, Data: data})
}
