package interop

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store/sqlstore"
	waLog "go.mau.fi/whatsmeow/util/log"
)

// eventTimeout bounds every wait for an event of whatsmeow.
const eventTimeout = 2 * time.Minute

// TrustRoot makes every whatsmeow of this process trust certificates under
// this root instead of WhatsApp's.
func TrustRoot(rootKey string) error {
	key, err := hex.DecodeString(rootKey)
	if err == nil && len(key) != len(whatsmeow.WACertPubKey) {
		err = errors.New("wrong length")
	}
	if err != nil {
		return fmt.Errorf("root key %q: %w", rootKey, err)
	}
	copy(whatsmeow.WACertPubKey[:], key)
	return nil
}

// Peer is a whatsmeow client with a store of its own, pointed at a simulator.
type Peer struct {
	*whatsmeow.Client
	Container *sqlstore.Container

	mu      sync.Mutex
	events  []any
	arrived chan struct{}
}

// NewPeer opens the store in folder and makes a client from it: a fresh one if
// the store is empty, else the device that was linked before.
func NewPeer(t testing.TB, sim *Sim, folder string) *Peer {
	t.Helper()
	ctx := context.Background()
	container, err := sqlstore.New(ctx, "sqlite3", "file:"+folder+"/whatsmeow.db?_foreign_keys=on&_busy_timeout=5000", nil)
	if err != nil {
		t.Fatal(err)
	}
	device, err := container.GetFirstDevice(ctx)
	if err != nil {
		t.Fatal(err)
	}
	level := "ERROR"
	if testing.Verbose() {
		level = "DEBUG"
	}
	peer := &Peer{
		Client:    whatsmeow.NewClient(device, waLog.Stdout(t.Name(), level, false)),
		Container: container,
		arrived:   make(chan struct{}),
	}
	client, err := httpClient(sim)
	if err != nil {
		t.Fatal(err)
	}
	peer.SetPreLoginHTTPClient(client)
	peer.SetWebsocketHTTPClient(client)
	peer.AddEventHandler(peer.record)
	t.Cleanup(peer.Stop)
	return peer
}

// Stop disconnects and closes the store, as the end of a program would.
func (p *Peer) Stop() {
	p.Disconnect()
	p.Container.Close()
}

func (p *Peer) record(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, event)
	close(p.arrived)
	p.arrived = make(chan struct{})
}

// take removes the first recorded event of type T; if there is none, it
// returns the channel that closes when the next event is recorded.
func take[T any](p *Peer) (event T, found bool, next <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, candidate := range p.events {
		if event, found = candidate.(T); found {
			p.events = append(p.events[:i:i], p.events[i+1:]...)
			return
		}
	}
	return event, false, p.arrived
}

// Await takes the first event of type T, waiting for it if need be. Events of
// other types stay for later calls.
func Await[T any](t testing.TB, p *Peer) T {
	t.Helper()
	timeout := time.After(eventTimeout)
	for {
		event, found, next := take[T](p)
		if found {
			return event
		}
		select {
		case <-next:
		case <-timeout:
			t.Fatalf("no %T within %v; other events: %T", event, eventTimeout, p.events)
		}
	}
}

// Saw tells whether an event of type T has been recorded, and takes it.
func Saw[T any](p *Peer) bool {
	_, found, _ := take[T](p)
	return found
}

// httpClient opens every WebSocket at the simulator, whatever host is asked
// for, and trusts the simulator's CA alone.
func httpClient(sim *Sim) (*http.Client, error) {
	address, err := url.Parse(sim.WSS)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(sim.CAPEM)) {
		return nil, errors.New("wa-sim printed no usable CA certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	return &http.Client{Transport: redirect{address.Host, transport}}, nil
}

type redirect struct {
	host string
	next http.RoundTripper
}

func (r redirect) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Host, request.URL.Host = request.URL.Host, r.host
	return r.next.RoundTrip(request)
}
