package server

import (
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/metrics"
)

// hookFigures writes the figures of the webhooks.
func (s *Server) hookFigures(w *metrics.Writer) {
	oldest, all, health := s.hooks.Oldest(), s.hooks.List(), s.hooks.Health()
	queued, dead := s.hooks.Pending()
	w.Head("gateway_webhook_lag_seconds", "gauge", "How long ago the oldest event happened that waits for a webhook.")
	for _, webhook := range all {
		lag := 0.0
		if at, waits := oldest[webhook.ID]; waits {
			lag = time.Since(at).Seconds()
		}
		w.Sample("gateway_webhook_lag_seconds", lag, "webhook", webhook.ID)
	}
	w.Head("gateway_webhook_queued", "gauge", "Deliveries that wait, by webhook.")
	for _, webhook := range all {
		w.Sample("gateway_webhook_queued", float64(queued[webhook.ID]), "webhook", webhook.ID)
	}
	w.Head("gateway_webhook_dead_letters", "gauge", "Deliveries that were given up and are kept, by webhook.")
	for _, webhook := range all {
		w.Sample("gateway_webhook_dead_letters", float64(dead[webhook.ID]), "webhook", webhook.ID)
	}
	w.Head("gateway_webhook_attempts_total", "counter", "Attempts to deliver, by webhook and what came of them.")
	for _, webhook := range all {
		of := health[webhook.ID]
		w.Sample("gateway_webhook_attempts_total", float64(of.Delivered), "webhook", webhook.ID, "outcome", "delivered")
		w.Sample("gateway_webhook_attempts_total", float64(of.Failed), "webhook", webhook.ID, "outcome", "failed")
		w.Sample("gateway_webhook_attempts_total", float64(of.GivenUp), "webhook", webhook.ID, "outcome", "given_up")
	}
	w.Head("gateway_webhook_failing", "gauge", "Whether deliveries to a webhook fail.")
	for _, webhook := range all {
		failing := 0.0
		if !health[webhook.ID].FailingSince.IsZero() {
			failing = 1
		}
		w.Sample("gateway_webhook_failing", failing, "webhook", webhook.ID)
	}
	w.Head("gateway_webhook_stopped", "gauge", "Webhooks that get nothing any more, with the reason.")
	for _, webhook := range all {
		if webhook.Stopped {
			w.Sample("gateway_webhook_stopped", 1, "webhook", webhook.ID, "reason", webhook.StopReason)
		}
	}
	w.Head("gateway_webhook_skipped_total", "counter", "Events that a webhook did not get as it was stopped.")
	for _, webhook := range all {
		w.Sample("gateway_webhook_skipped_total", float64(health[webhook.ID].Skipped), "webhook", webhook.ID)
	}
	w.Head("gateway_webhook_token_expiry_timestamp_seconds", "gauge", "When the token of a webhook expires, and the webhook stops with it, in seconds since 1970 UTC.")
	for _, webhook := range all {
		if !webhook.TokenExpires.IsZero() {
			w.Sample("gateway_webhook_token_expiry_timestamp_seconds", float64(webhook.TokenExpires.Unix()), "webhook", webhook.ID)
		}
	}
}
