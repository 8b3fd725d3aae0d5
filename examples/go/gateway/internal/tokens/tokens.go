// Package tokens knows who may ask the gateway for what. A token is a random
// secret that its holder sends as "Authorization: Bearer TOKEN"; the gateway
// keeps only its hash.
package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// A Scope is a group of things that a token allows.
type Scope string

const (
	Pair   Scope = "pair"   // pair, verify, look at, restart and unlink sessions
	Send   Scope = "send"   // send messages
	Events Scope = "events" // read events, and have them delivered to webhooks
	Manage Scope = "manage" // make, change and delete sessions
	Admin  Scope = "admin"  // all of these, tokens and the audit: of the token's sessions
)

// Scopes are all there are.
var Scopes = []Scope{Pair, Send, Events, Manage, Admin}

// A Token is what is kept of one.
type Token struct {
	ID      string    `json:"id" doc:"Names the token in the audit and in logs."`
	Name    string    `json:"name" doc:"Whose it is, in words."`
	Scopes  []Scope   `json:"scopes" doc:"What it allows."`
	Allowed []string  `json:"sessions" doc:"The sessions it is for: names, or patterns with *."`
	Created time.Time `json:"createdAt" doc:"When it was made."`
	Expires time.Time `json:"expiresAt,omitzero" doc:"When it stops being accepted, if ever."`
}

// May says whether the token has a scope.
func (t *Token) May(scope Scope) bool {
	return slices.Contains(t.Scopes, scope) || slices.Contains(t.Scopes, Admin)
}

// Reaches says whether the token is for a session.
func (t *Token) Reaches(session string) bool {
	return t.ReachesAll() || slices.ContainsFunc(t.Allowed, func(pattern string) bool {
		matched, err := path.Match(pattern, session)
		return matched && err == nil
	})
}

// ReachesAll says whether the token is for every session.
func (t *Token) ReachesAll() bool {
	return slices.Contains(t.Allowed, "*")
}

// Covers says whether the token is for every session that patterns name: a
// holder may see and change only what reaches no further than the token does.
// In a pattern of the token, * alone matches the * of another one, so that
// shop-* covers shop-1 and shop-a*, and not *.
func (t *Token) Covers(patterns []string) bool {
	return t.ReachesAll() || len(patterns) > 0 && !slices.ContainsFunc(patterns, func(pattern string) bool { return !t.Reaches(pattern) })
}

// kept is a token as it is written, with the hash of its secret.
type kept struct {
	Token
	Hash string `json:"hash"`
}

var (
	// ErrUnknown says that a token is not known, or not any more.
	ErrUnknown = errors.New("the token is not valid")

	// ErrBad says that a token cannot be made as asked for.
	ErrBad = errors.New("bad token")
)

const (
	prefix = "wagw"
	// rootID names the token that the operator gives by the environment.
	rootID = "operator"
)

// Tokens are all that are accepted.
type Tokens struct {
	db   *store.DB
	root atomic.Pointer[[sha256.Size]byte] // nil if there is no such token
	now  func() time.Time
}

// Open reads the tokens from the store. root is one more, with all rights, if
// it is not empty.
func Open(db *store.DB, root string) (*Tokens, error) {
	t := &Tokens{db: db, now: time.Now}
	if root == "" {
		return t, nil
	}
	return t, t.SetOperator(root)
}

// SetOperator puts another token with all rights in the place of the former one.
func (t *Tokens) SetOperator(root string) error {
	if len(root) < 24 || strings.ContainsAny(root, " \t\r\n") {
		return fmt.Errorf("%w: the operator's token needs at least 24 characters and no spaces", ErrBad)
	}
	hash := sha256.Sum256([]byte(root))
	t.root.Store(&hash)
	return nil
}

// Any says whether there is a token at all.
func (t *Tokens) Any() bool {
	return t.root.Load() != nil || len(t.List()) > 0
}

var (
	nameShape    = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$`)
	patternShape = regexp.MustCompile(`^[A-Za-z0-9._*-]{1,64}$`)
)

// New makes a token. The secret is given back here and never again.
func (t *Tokens) New(name string, scopes []Scope, sessions []string, expires time.Time) (token Token, secret string, err error) {
	switch {
	case !nameShape.MatchString(name):
		return token, "", fmt.Errorf("%w: a name has 1 to 64 letters, digits, spaces and . _ @ -", ErrBad)
	case len(scopes) == 0:
		return token, "", fmt.Errorf("%w: it needs at least one scope out of %v", ErrBad, Scopes)
	case len(sessions) == 0 || len(sessions) > 100:
		return token, "", fmt.Errorf("%w: it needs 1 to 100 sessions; * is all", ErrBad)
	case !expires.IsZero() && expires.Before(t.now()):
		return token, "", fmt.Errorf("%w: its end is in the past", ErrBad)
	}
	for _, scope := range scopes {
		if !slices.Contains(Scopes, scope) {
			return token, "", fmt.Errorf("%w: there is no scope %q; there are %v", ErrBad, string(scope), Scopes)
		}
	}
	for _, pattern := range sessions {
		if !patternShape.MatchString(pattern) {
			return token, "", fmt.Errorf("%w: a session has letters, digits and . _ -, and * for any of them", ErrBad)
		}
	}
	token = Token{
		ID: hex.EncodeToString(random(6)), Name: name, Scopes: scopes, Allowed: sessions,
		Created: t.now().UTC().Truncate(time.Second), Expires: expires.UTC(),
	}
	secret = prefix + "_" + token.ID + "_" + base64.RawURLEncoding.EncodeToString(random(32))
	hash := sha256.Sum256([]byte(secret))
	err = t.db.Batch(func(tx *bbolt.Tx) error {
		return store.Put(tx, store.Tokens, []byte(token.ID), kept{token, hex.EncodeToString(hash[:])})
	})
	return token, secret, err
}

// Check finds the token of a secret. How long it takes says nothing about the
// secret: whole hashes are compared, in constant time.
func (t *Tokens) Check(secret string) (*Token, error) {
	if len(secret) > 256 {
		return nil, ErrUnknown
	}
	hash := sha256.Sum256([]byte(secret))
	if root := t.root.Load(); root != nil && subtle.ConstantTimeCompare(hash[:], root[:]) == 1 {
		return &Token{ID: rootID, Name: rootID, Scopes: []Scope{Admin}, Allowed: []string{"*"}}, nil
	}
	parts := strings.SplitN(secret, "_", 3)
	if len(parts) != 3 || parts[0] != prefix {
		return nil, ErrUnknown
	}
	var found kept
	err := t.db.View(func(tx *bbolt.Tx) error {
		if _, err := store.Get(tx, store.Tokens, []byte(parts[1]), &found); err != nil {
			t.db.Unreadable(store.Tokens, []byte(parts[1]))
			return errDamaged
		}
		if found.damaged() {
			return errDamaged
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	wanted, err := hex.DecodeString(found.Hash)
	if err != nil || subtle.ConstantTimeCompare(hash[:], wanted) != 1 {
		return nil, ErrUnknown
	}
	if !found.Expires.IsZero() && !t.now().Before(found.Expires) {
		return nil, ErrUnknown
	}
	return &found.Token, nil
}

// Valid says whether the token of an id is accepted, as a commit sees it.
func (t *Tokens) Valid(tx *bbolt.Tx, id string) bool {
	if id == rootID {
		return t.root.Load() != nil
	}
	var found kept
	known, err := store.Get(tx, store.Tokens, []byte(id), &found)
	return err == nil && known && !found.damaged() && (found.Expires.IsZero() || t.now().Before(found.Expires))
}

// Expires gives when the token of an id expires, as a commit sees it: the zero
// time for one that never does, or is not known.
func (t *Tokens) Expires(tx *bbolt.Tx, id string) time.Time {
	var found kept
	if known, err := store.Get(tx, store.Tokens, []byte(id), &found); err != nil || !known {
		return time.Time{}
	}
	return found.Expires
}

// List gives all tokens that were made here.
func (t *Tokens) List() []Token {
	all := []Token{}
	t.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(store.Tokens).ForEach(func(key, value []byte) error {
			var token kept
			if json.Unmarshal(value, &token) == nil {
				all = append(all, token.Token)
			} else {
				t.db.Unreadable(store.Tokens, key)
			}
			return nil
		})
	})
	return all
}

// ListFor gives the tokens that a token covers.
func (t *Tokens) ListFor(by *Token) []Token {
	return slices.DeleteFunc(t.List(), func(token Token) bool { return !by.Covers(token.Allowed) })
}

// Revoke removes a token, and says whether there was one that the token by
// covers; nil covers all.
func (t *Tokens) Revoke(id string, by *Token) (found bool, err error) {
	err = t.db.Batch(func(tx *bbolt.Tx) error {
		var token kept
		known, err := store.Get(tx, store.Tokens, []byte(id), &token)
		if err != nil && by != nil && !by.ReachesAll() {
			return err
		}
		if found = known && (by == nil || by.Covers(token.Allowed)); !found {
			return nil
		}
		return tx.Bucket(store.Tokens).Delete([]byte(id))
	})
	return found, err
}

func random(n int) []byte {
	bytes := make([]byte, n)
	rand.Read(bytes)
	return bytes
}
