package server

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// A certificate comes from files, and is read again when they change, so that
// a renewal needs no restart.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	changed time.Time
	looked  time.Time
	failed  string // why the last look failed
}

func newCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	_, err := c.get(nil)
	return c, err
}

func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil && time.Since(c.looked) < time.Second {
		return c.current, nil
	}
	c.looked = time.Now()
	info, err := os.Stat(c.certFile)
	if err == nil && c.current != nil && info.ModTime().Equal(c.changed) {
		return c.current, nil
	}
	if err == nil {
		var read tls.Certificate
		if read, err = tls.LoadX509KeyPair(c.certFile, c.keyFile); err == nil {
			c.current, c.changed = &read, info.ModTime()
		}
	}
	if c.current == nil {
		return nil, err
	}
	// One that is half written is read at the next look; one that stays wrong
	// would be noticed when the current one has expired.
	failed := ""
	if err != nil {
		failed = err.Error()
	}
	if failed != c.failed && err != nil {
		c.log.Error("the certificate could not be read again; the former one is used", "error", err)
	}
	c.failed = failed
	return c.current, nil
}
