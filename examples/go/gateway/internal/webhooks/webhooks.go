// Package webhooks delivers events to webhooks: at least once, in order for each
// chat, with retries, and signed as the Standard Webhooks specification says.
//
// An event is put into the queues of the webhooks that want it in the same
// commit that puts it into the log, so that none is lost between the two.
package webhooks

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/events"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// A Webhook is an address that wants events.
type Webhook struct {
	ID       string    `json:"id" doc:"Names the webhook."`
	URL      string    `json:"url" doc:"Where events are sent, by POST."`
	Sessions []string  `json:"sessions" doc:"The sessions whose events it gets: names, or patterns with *."`
	Types    []string  `json:"types" doc:"The types of events it gets: names, or patterns with *."`
	Created  time.Time `json:"createdAt"`

	TokenID    string `json:"tokenId,omitempty" doc:"Whose token made it."`
	TokenName  string `json:"tokenName,omitempty" doc:"The name of that token."`
	Stopped    bool   `json:"stopped,omitempty" doc:"Whether it gets nothing any more: stopReason says why."`
	StopReason string `json:"stopReason,omitempty" doc:"Why it is stopped: its token was revoked or has expired (token_ended), or its address begins with http:// and the gateway runs without --webhook-http (http_forbidden)." enum:"token_ended,http_forbidden"`

	TokenExpires time.Time `json:"tokenExpiresAt,omitzero" doc:"When that token expires, and the webhook stops with it, if ever."`
	FailingSince time.Time `json:"failingSince,omitzero" doc:"Since when deliveries fail, if they do: it answers otherwise than 2xx, or cannot be reached."`
	LastError    string    `json:"lastError,omitempty" doc:"How the newest of these failed."`

	OldSecretUntil time.Time `json:"oldSecretUntil,omitzero" doc:"Until when deliveries are signed with a former secret as well, if one was exchanged."`
}

// kept is a webhook as it is written. The secrets are needed to sign with, and
// so cannot be hashed. One that is in use is never changed, only replaced.
type kept struct {
	Webhook
	Secret string      `json:"secret"`
	Old    []oldSecret `json:"oldSecrets,omitempty"`
}

func (w *kept) wants(event *events.Event) bool {
	return matches(w.Sessions, event.Session) && matches(w.Types, event.Type)
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matched, err := path.Match(pattern, name)
		return matched && err == nil
	})
}

// Options say how deliveries are made.
type Options struct {
	Attempts   int           // before a delivery is given up
	RetryFirst time.Duration // the wait after the first failure; each further one doubles it
	RetryMax   time.Duration
	Timeout    time.Duration // for one attempt
	Private    bool          // whether addresses of this machine and of private networks are allowed
	HTTP       bool          // whether http:// is allowed
	Most       int           // how many webhooks there may be
	Keep       int           // how many deliveries may wait for a webhook, and how many dead letters it may have

	// Valid says whether the token of an id is accepted still; nil for always.
	Valid func(tx *bbolt.Tx, tokenID string) bool

	// Expires gives when the token of an id expires, the zero time for never; nil
	// for never.
	Expires func(tx *bbolt.Tx, tokenID string) time.Time

	// Post puts an event about a webhook into the log; nil for nowhere.
	Post func(events.Event)
}

// An Owner is the token that a webhook is made with, and stops with.
type Owner struct{ ID, Name string }

// Hooks are all webhooks.
type Hooks struct {
	Options
	db     *store.DB
	log    *slog.Logger
	client *http.Client
	tasks  sync.WaitGroup
	ending

	changing sync.Mutex // held while a webhook is made, or its secret exchanged

	mu       sync.Mutex
	webhooks map[string]*kept
	workers  map[string]*worker
	counts   map[string]*count
	health   map[string]*health
}

var (
	// ErrUnknown says that there is no such webhook or delivery.
	ErrUnknown = errors.New("there is no such webhook, or no such dead letter")

	// ErrBad says that a webhook cannot be made as asked for.
	ErrBad = errors.New("bad webhook")

	// ErrTooMany says that there are as many webhooks as there may be.
	ErrTooMany = errors.New("too many webhooks")

	// ErrManySecrets says that too many former secrets are still valid.
	ErrManySecrets = errors.New("too many former secrets")
)

// Open reads the webhooks from the store; deliveries begin with Start.
func Open(db *store.DB, log *slog.Logger, options Options) (*Hooks, error) {
	h := &Hooks{
		Options: options, db: db, log: log, client: newClient(options), ending: newEnding(),
		webhooks: map[string]*kept{}, workers: map[string]*worker{}, counts: map[string]*count{}, health: map[string]*health{},
	}
	err := db.View(func(tx *bbolt.Tx) error {
		err := tx.Bucket(store.Webhooks).ForEach(func(key, value []byte) error {
			var webhook kept
			if json.Unmarshal(value, &webhook) != nil {
				db.Unreadable(store.Webhooks, key)
				return nil
			}
			h.webhooks[webhook.ID], h.counts[webhook.ID], h.health[webhook.ID] = &webhook, &count{}, &health{}
			return nil
		})
		if err != nil {
			return err
		}
		h.countAll(tx)
		return h.readHealth(tx)
	})
	return h, err
}

// Start begins to deliver.
func (h *Hooks) Start() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tasks.Add(1)
	go h.watch()
	for _, webhook := range h.webhooks {
		h.startWorker(webhook.ID)
	}
}

var patternShape = regexp.MustCompile(`^[A-Za-z0-9._*-]{1,64}$`)

// New makes a webhook. The secret is given back here and never again.
func (h *Hooks) New(owner Owner, address string, sessions, types []string) (Webhook, string, error) {
	parsed, err := url.Parse(address)
	switch {
	case err == nil && parsed.Scheme == "http" && !h.HTTP:
		return Webhook{}, "", bad("its address has to begin with https://, for events would go over the network unencrypted; see --webhook-http")
	case err != nil || parsed.Hostname() == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || len(address) > 2048:
		return Webhook{}, "", bad("its address has to begin with https:// or http://")
	case parsed.User != nil || parsed.Fragment != "":
		return Webhook{}, "", bad("its address cannot hold a user, a password or a fragment")
	case !goodPort(parsed):
		return Webhook{}, "", bad("the port of its address has to be 1 to 65535")
	case !h.Private && forbiddenHost(parsed.Hostname()):
		return Webhook{}, "", bad("its address is of this machine or of a private network; see --webhook-private")
	}
	if len(sessions) == 0 {
		sessions = []string{"*"}
	}
	if len(types) == 0 {
		types = []string{"*"}
	}
	for _, pattern := range append(slices.Clone(sessions), types...) {
		if !patternShape.MatchString(pattern) {
			return Webhook{}, "", bad("sessions and types have letters, digits and . _ -, and * for any of them")
		}
	}
	webhook := &kept{
		Webhook: Webhook{ID: hex.EncodeToString(random(6)), URL: address, Sessions: sessions, Types: types, Created: time.Now().UTC().Truncate(time.Second), TokenID: owner.ID, TokenName: owner.Name},
		Secret:  newSecret(),
	}
	h.changing.Lock()
	defer h.changing.Unlock()
	if len(h.List()) >= h.Most {
		return Webhook{}, "", ErrTooMany
	}
	err = h.db.Batch(func(tx *bbolt.Tx) error { return store.Put(tx, store.Webhooks, []byte(webhook.ID), webhook) })
	if err != nil {
		return Webhook{}, "", err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.webhooks[webhook.ID], h.counts[webhook.ID], h.health[webhook.ID] = webhook, &count{}, &health{}
	h.startWorker(webhook.ID)
	return webhook.Webhook, webhook.Secret, nil
}

// goodPort says whether a port, if there is one, is one that can be connected to.
func goodPort(parsed *url.URL) bool {
	if parsed.Port() == "" {
		return true
	}
	port, err := strconv.ParseUint(parsed.Port(), 10, 16)
	return err == nil && port > 0
}

type badWebhook struct{ text string }

func (e badWebhook) Error() string { return "A webhook cannot be made so: " + e.text + "." }
func (e badWebhook) Unwrap() error { return ErrBad }

func bad(text string) error { return badWebhook{text} }

// List gives all webhooks, in the order of their making.
func (h *Hooks) List() []Webhook {
	h.mu.Lock()
	list := []Webhook{}
	for _, webhook := range h.webhooks {
		list = append(list, h.shown(webhook))
	}
	h.mu.Unlock()
	list = h.marked(list)
	slices.SortFunc(list, func(a, b Webhook) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// Get gives a webhook.
func (h *Hooks) Get(id string) (Webhook, error) {
	h.mu.Lock()
	webhook := h.webhooks[id]
	if webhook == nil {
		h.mu.Unlock()
		return Webhook{}, ErrUnknown
	}
	shown := h.shown(webhook)
	h.mu.Unlock()
	return h.marked([]Webhook{shown})[0], nil
}

// shown gives a webhook as it is shown, with how its deliveries go. The caller
// holds mu.
func (h *Hooks) shown(webhook *kept) Webhook {
	shown := webhook.shown()
	if known := h.health[webhook.ID]; known != nil {
		shown.FailingSince, shown.LastError = known.FailingSince.UTC().Truncate(time.Millisecond), known.LastError
	}
	return shown
}

// Delete removes a webhook, and what was to be delivered to it.
func (h *Hooks) Delete(id string) error {
	h.mu.Lock()
	webhook, worker := h.webhooks[id], h.workers[id]
	delete(h.webhooks, id)
	delete(h.workers, id)
	delete(h.counts, id)
	delete(h.health, id)
	h.mu.Unlock()
	if webhook == nil {
		return ErrUnknown
	}
	if worker != nil {
		worker.end()
	}
	return h.erase(id)
}

// erase removes a webhook, and what was to be delivered to it, from the store.
func (h *Hooks) erase(id string) error {
	return h.db.Batch(func(tx *bbolt.Tx) error {
		prefix := store.Prefix(id)
		for _, bucket := range [][]byte{store.Queue, store.Due, store.Dead} {
			c := tx.Bucket(bucket).Cursor()
			for key, _ := c.Seek(prefix); bytes.HasPrefix(key, prefix); key, _ = c.Seek(prefix) {
				if err := c.Delete(); err != nil {
					return err
				}
			}
		}
		return tx.Bucket(store.Webhooks).Delete([]byte(id))
	})
}

// Forget removes what waits, or was given up, of the events of a session.
func (h *Hooks) Forget(session string) error {
	for {
		removed := 0
		err := h.db.Update(func(tx *bbolt.Tx) error {
			removed = 0
			var err error
			removed, err = h.forget(tx, session)
			return err
		})
		if err != nil || removed == 0 {
			return err
		}
	}
}

// forgetLimit is how many deliveries one commit removes at most.
const forgetLimit = 1000

func (h *Hooks) forget(tx *bbolt.Tx, session string) (removed int, err error) {
	type found struct {
		bucket, key []byte
		id          string
		delivery    Delivery
	}
	var all []found
	for _, bucket := range [][]byte{store.Queue, store.Dead} {
		c := tx.Bucket(bucket).Cursor()
		for key, value := c.First(); key != nil && len(all) < forgetLimit; key, value = c.Next() {
			delivery, err := read(key, value)
			if err != nil {
				h.db.Unreadable(bucket, key)
				continue
			}
			if delivery.Event.Session == session {
				id, _, _ := bytes.Cut(key, []byte{0})
				all = append(all, found{bucket, bytes.Clone(key), string(id), delivery})
			}
		}
	}
	for _, f := range all {
		if bytes.Equal(f.bucket, store.Dead) {
			if err := tx.Bucket(store.Dead).Delete(f.key); err != nil {
				return 0, err
			}
			tx.OnCommit(func() { h.counted(f.id, count{dead: -1}) })
			continue
		}
		err := h.change(tx, f.id, f.delivery.lane, func(queue *bbolt.Bucket) error { return queue.Delete(f.key) })
		if err != nil {
			return 0, err
		}
		tx.OnCommit(func() {
			h.counted(f.id, count{queued: -1})
			h.changeHealth(f.id, func(known *health) { known.forgotten(f.delivery.lane) })
		})
	}
	return len(all), nil
}

func random(n int) []byte {
	bytes := make([]byte, n)
	rand.Read(bytes)
	return bytes
}
