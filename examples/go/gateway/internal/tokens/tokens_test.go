package tokens

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

func open(t *testing.T, root string) (*Tokens, string) {
	folder := t.TempDir()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	tokens, err := Open(db, root)
	if err != nil {
		t.Fatal(err)
	}
	return tokens, filepath.Join(folder, "gateway.db")
}

func TestTokens(t *testing.T) {
	tokens, file := open(t, "")
	if tokens.Any() {
		t.Error("there is none at first")
	}
	token, secret, err := tokens.New("shop backend", []Scope{Pair, Send}, []string{"default", "shop-*"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := tokens.Check(secret)
	if err != nil || found.ID != token.ID || found.Name != "shop backend" {
		t.Fatalf("%+v, %v", found, err)
	}
	if !found.May(Pair) || found.May(Events) || found.May(Admin) {
		t.Error("it has the scopes it was given")
	}
	if !found.Reaches("shop-17") || !found.Reaches("default") || found.Reaches("other") || found.ReachesAll() {
		t.Error("it reaches the sessions it was given")
	}
	for _, wrong := range []string{"", "x", secret + "x", secret[:len(secret)-1] + "!", "wagw_" + token.ID + "_", "wagw_000000000000_abc", strings.Repeat("x", 1000)} {
		if _, err := tokens.Check(wrong); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if kept, err := os.ReadFile(file); err != nil || strings.Contains(string(kept), secret) || strings.Contains(string(kept), secret[18:]) {
		t.Errorf("the secret is in the file: %v", err)
	}
	if found, err := tokens.Revoke(token.ID, nil); !found || err != nil {
		t.Error(found, err)
	}
	if _, err := tokens.Check(secret); !errors.Is(err, ErrUnknown) {
		t.Error("a revoked token is not valid")
	}
}

func TestExpiry(t *testing.T) {
	tokens, _ := open(t, "")
	_, secret, err := tokens.New("short", []Scope{Pair}, []string{"*"}, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Check(secret); err != nil {
		t.Error(err)
	}
	tokens.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	if _, err := tokens.Check(secret); !errors.Is(err, ErrUnknown) {
		t.Error("an old token is not valid")
	}
}

func TestOperatorsToken(t *testing.T) {
	tokens, _ := open(t, "0123456789abcdef0123456789")
	found, err := tokens.Check("0123456789abcdef0123456789")
	if err != nil || !found.May(Manage) || !found.ReachesAll() || !tokens.Any() {
		t.Errorf("%+v, %v", found, err)
	}
	for _, short := range []string{"short", "with spaces, and long enough otherwise"} {
		if _, err := Open(nil, short); !errors.Is(err, ErrBad) {
			t.Errorf("%q: %v", short, err)
		}
	}
}

func TestBadTokens(t *testing.T) {
	tokens, _ := open(t, "")
	for name, make := range map[string]func() error{
		"no name":  func() error { _, _, err := tokens.New("", []Scope{Pair}, []string{"*"}, time.Time{}); return err },
		"newline":  func() error { _, _, err := tokens.New("a\nb", []Scope{Pair}, []string{"*"}, time.Time{}); return err },
		"scope":    func() error { _, _, err := tokens.New("a", []Scope{"root"}, []string{"*"}, time.Time{}); return err },
		"no scope": func() error { _, _, err := tokens.New("a", nil, []string{"*"}, time.Time{}); return err },
		"session":  func() error { _, _, err := tokens.New("a", []Scope{Pair}, []string{"../x"}, time.Time{}); return err },
		"none":     func() error { _, _, err := tokens.New("a", []Scope{Pair}, nil, time.Time{}); return err },
		"past":     func() error { _, _, err := tokens.New("a", []Scope{Pair}, []string{"*"}, time.Unix(1, 0)); return err },
	} {
		if err := make(); !errors.Is(err, ErrBad) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
