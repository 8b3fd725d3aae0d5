package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/libwa/libwa/examples/go/gateway/internal/files"
)

const (
	// certificateLimit is how large a certificate chain, or a key, may be.
	certificateLimit = 1 << 20
	// certificateLook is the time between two looks at the files.
	certificateLook = time.Second
)

// A certificate comes from files, and is read again when they change, so that
// a renewal needs no restart.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex // never held while files are read
	current *tls.Certificate
	stamps  stamps
	looking bool
	looked  time.Time
	failed  string // why the last look failed
}

// stamps are those of the certificate's file and of its key's.
type stamps [2]files.Stamp

func newCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, looked: time.Now()}
	var err error
	c.current, c.stamps, err = c.read()
	return c, err
}

func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

// get returns the certificate of a handshake. One handshake at a time looks
// whether there is another one; meanwhile the others get the current one.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	current, known := c.current, c.stamps
	look := !c.looking && time.Since(c.looked) >= certificateLook
	if look {
		c.looking = true
	}
	c.mu.Unlock()
	if !look {
		return current, nil
	}
	if now, err := c.stampsNow(); err == nil && now == known {
		c.took(current, known, nil)
		return current, nil
	}
	read, now, err := c.read()
	if err != nil {
		read, now = current, known
	}
	c.took(read, now, err)
	return read, nil
}

func (c *certificate) stampsNow() (now stamps, err error) {
	for i, file := range []string{c.certFile, c.keyFile} {
		if now[i], err = files.StampOf(file); err != nil {
			return now, err
		}
	}
	return now, nil
}

func (c *certificate) read() (*tls.Certificate, stamps, error) {
	var now stamps
	var content [2][]byte
	for i, file := range []string{c.certFile, c.keyFile} {
		var err error
		if content[i], now[i], err = files.Read(file, certificateLimit); err != nil {
			return nil, now, fmt.Errorf("%s: %w", [2]string{"--tls-cert", "--tls-key"}[i], err)
		}
	}
	pair, err := tls.X509KeyPair(content[0], content[1])
	if err != nil {
		return nil, now, fmt.Errorf("--tls-cert and --tls-key: %w", err)
	}
	return &pair, now, nil
}

// took notes what a look has found. A file that is half written is read at the
// next look; one that stays wrong would be noticed when the current certificate
// has expired, so it is told, once.
func (c *certificate) took(current *tls.Certificate, now stamps, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current, c.stamps, c.looking, c.looked = current, now, false, time.Now()
	failed := ""
	if err != nil {
		failed = err.Error()
	}
	if failed != c.failed && err != nil {
		c.log.Warn("the certificate could not be read again; the former one is used", "error", err)
	}
	c.failed = failed
}
