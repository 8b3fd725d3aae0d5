package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

const secretPrefix = "whsec_"

// mostOld is how many former secrets may be valid at a time. More than one is
// for those who asked twice because the first answer was lost: the secret that
// their receiver has must not end by that.
const mostOld = 4

// An oldSecret is one that was exchanged, and is still signed with until its
// end, so that a receiver can be given the new one without haste.
type oldSecret struct {
	Secret string    `json:"secret"`
	Until  time.Time `json:"until"`
}

func newSecret() string {
	return secretPrefix + base64.StdEncoding.EncodeToString(random(32))
}

// Rotate gives a webhook a new secret, which is given back here and never
// again. Deliveries are signed with the former one as well for a time; without
// that it ends at once, and all those before it too.
func (h *Hooks) Rotate(id string, overlap time.Duration) (webhook Webhook, secret string, err error) {
	h.changing.Lock()
	defer h.changing.Unlock()
	now := time.Now()
	made := &kept{}
	err = h.db.Batch(func(tx *bbolt.Tx) error {
		*made = kept{}
		found, err := store.Get(tx, store.Webhooks, []byte(id), made)
		switch {
		case err != nil:
			return err
		case !found:
			return ErrUnknown
		}
		if overlap > 0 {
			made.Old = append(made.validOld(now), oldSecret{made.Secret, now.Add(overlap).UTC().Truncate(time.Millisecond)})
		} else {
			made.Old = nil
		}
		if len(made.Old) > mostOld {
			return ErrManySecrets
		}
		made.Secret = newSecret()
		return store.Put(tx, store.Webhooks, []byte(id), made)
	})
	if err != nil {
		return Webhook{}, "", err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.webhooks[id] == nil {
		return Webhook{}, "", ErrUnknown // deleted meanwhile
	}
	h.webhooks[id] = made
	return h.shown(made), made.Secret, nil
}

// validOld gives the former secrets that have not come to their end.
func (w *kept) validOld(now time.Time) []oldSecret {
	return slices.DeleteFunc(slices.Clone(w.Old), func(old oldSecret) bool { return !now.Before(old.Until) })
}

// shown gives the webhook as it is shown.
func (w *kept) shown() Webhook {
	webhook := w.Webhook
	for _, old := range w.validOld(time.Now()) {
		if old.Until.After(webhook.OldSecretUntil) {
			webhook.OldSecretUntil = old.Until
		}
	}
	return webhook
}

// signatures gives the header that a delivery is signed with: one signature
// for each secret that is valid, that of the newest first.
func (w *kept) signatures(id string, now time.Time, body []byte) string {
	all := []string{sign(w.Secret, id, now, body)}
	for _, old := range slices.Backward(w.validOld(now)) {
		all = append(all, sign(old.Secret, id, now, body))
	}
	return strings.Join(all, " ")
}

// sign makes a signature of the Standard Webhooks specification: an HMAC of
// id, time and body.
func sign(secret, id string, now time.Time, body []byte) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return ""
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", id, now.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
