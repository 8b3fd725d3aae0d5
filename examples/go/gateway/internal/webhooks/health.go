package webhooks

import (
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Health is how deliveries to a webhook go.
type Health struct {
	Delivered, Failed, GivenUp uint64 // attempts since the start, by what came of them
	Skipped                    uint64 // events since the start that it did not get as it was stopped
	FailingSince               time.Time
	LastError                  string
}

// health is what is known of a webhook's deliveries. It is failing as long as the
// newest attempt of any lane failed; a lane whose delivery was given up counts
// until the next delivery of any is taken.
type health struct {
	Health
	lanes map[lane]bool // those that fail; whether their delivery was given up
}

// failed notes an attempt that failed, and says whether it is the first.
func (h *health) failed(l lane, at time.Time, failure string, givenUp bool) (first bool) {
	first = len(h.lanes) == 0
	if first {
		h.FailingSince = at
	}
	if h.lanes == nil {
		h.lanes = map[lane]bool{}
	}
	h.lanes[l], h.LastError = givenUp, failure
	return first
}

// delivered notes a delivery that was taken, and says since when the webhook was
// failing, if it is not any more.
func (h *health) delivered(l lane) (since time.Time) {
	if len(h.lanes) == 0 {
		return time.Time{}
	}
	delete(h.lanes, l)
	for other, givenUp := range h.lanes {
		if givenUp {
			delete(h.lanes, other)
		}
	}
	if len(h.lanes) > 0 {
		return time.Time{}
	}
	since = h.FailingSince
	h.FailingSince, h.LastError = time.Time{}, ""
	return since
}

// forgotten notes that a lane's deliveries were removed.
func (h *health) forgotten(l lane) {
	if _, failing := h.lanes[l]; failing {
		h.lanes[l] = true
	}
}

// changeHealth does something with the health of a webhook, if there is one.
func (h *Hooks) changeHealth(id string, do func(*health)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if known := h.health[id]; known != nil {
		do(known)
	}
}

// Health gives how deliveries go, by webhook.
func (h *Hooks) Health() map[string]Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := map[string]Health{}
	for id, known := range h.health {
		all[id] = known.Health
	}
	return all
}

// outcome notes and logs what came of an attempt.
func (h *Hooks) outcome(id string, delivery Delivery, failure string, wait time.Duration) {
	attempts, now := delivery.Attempts+1, time.Now()
	givenUp := attempts >= h.Attempts
	log := h.log.With("webhook", id, "event", delivery.Event.ID)
	if failure == "" {
		var since time.Time
		h.changeHealth(id, func(known *health) {
			known.Delivered++
			since = known.delivered(delivery.lane)
		})
		if !since.IsZero() {
			log.Info("a webhook takes deliveries again", "failing_since", since, "attempts", attempts)
		}
		return
	}
	first := false
	h.changeHealth(id, func(known *health) {
		if givenUp {
			known.GivenUp++
		} else {
			known.Failed++
		}
		first = known.failed(delivery.lane, now, failure, givenUp)
	})
	if first {
		log.Warn("a webhook fails; what it is to get waits", "error", failure, "wait", wait)
	}
	if givenUp {
		log.Warn("a delivery was given up", "attempts", attempts, "error", failure)
	} else {
		log.Debug("a delivery failed", "attempts", attempts, "error", failure, "wait", wait)
	}
}

// readHealth reads which webhooks failed when the gateway ended: the first
// delivery of each lane tells.
func (h *Hooks) readHealth(tx *bbolt.Tx) error {
	newest := map[string]time.Time{}
	return h.eachFirst(tx, func(id string, delivery Delivery) error {
		known := h.health[id]
		if known == nil || delivery.Attempts == 0 || delivery.Failing.IsZero() {
			return nil
		}
		last := known.LastError
		known.failed(delivery.lane, delivery.Failing, delivery.Error, false)
		if delivery.Failing.Before(known.FailingSince) {
			known.FailingSince = delivery.Failing
		}
		if delivery.Next.Before(newest[id]) {
			known.LastError = last
		} else {
			newest[id] = delivery.Next
		}
		return nil
	})
}

// eachFirst calls do for the first delivery of each lane.
func (h *Hooks) eachFirst(tx *bbolt.Tx, do func(id string, delivery Delivery) error) error {
	c := tx.Bucket(store.Due).Cursor()
	for key, _ := c.First(); key != nil; key, _ = c.Next() {
		id, l := dueLane(key)
		delivery, found := h.first(tx, id, l)
		if !found {
			continue
		}
		if err := do(id, delivery); err != nil {
			return err
		}
	}
	return nil
}
