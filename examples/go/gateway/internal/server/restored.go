package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/config"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// restoredLimit is how long one session may take. Nothing waits for WhatsApp.
const restoredLimit = time.Minute

// Restored makes all sessions of a data folder safe to use whose sessions.db is an
// older copy, and returns how many there are. It refuses while a gateway uses the
// folder: that would send with the old keys meanwhile.
func Restored(ctx context.Context, c *config.Config) (int, error) {
	if _, err := os.Stat(filepath.Join(c.Data, "sessions.db")); errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("there is no sessions.db in %s", c.Data)
	}
	db, err := store.Open(c.Data)
	if errors.Is(err, store.ErrInUse) {
		return 0, fmt.Errorf("%w: stop it first", err)
	}
	if err != nil {
		return 0, err
	}
	defer db.Close()
	// A session that there is not leaves nothing in the store.
	lister, err := libwa.Open(append(clientOptions(c), libwa.WithSessionID("gateway.store."+rand.Text()))...)
	if err != nil {
		return 0, err
	}
	defer lister.Close()
	list, err := lister.SessionList(ctx)
	if err != nil {
		return 0, err
	}
	for _, id := range list.Sessions {
		if err := sessionRestored(ctx, c, id); err != nil {
			return 0, fmt.Errorf("session %s: %w; call the command again before the gateway is started", id, err)
		}
	}
	return len(list.Sessions), nil
}

func sessionRestored(ctx context.Context, c *config.Config, id string) error {
	client, err := libwa.Open(append(clientOptions(c), libwa.WithSessionID(id))...)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, restoredLimit)
	defer cancel()
	return client.SessionRestored(ctx)
}
