package sessions

import (
	"errors"
	"maps"
	"net/url"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Settings are what a session has of its own; what is empty is the gateway's.
type Settings struct {
	Proxy      string            `json:"proxy,omitempty"`
	DeviceName string            `json:"deviceName,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
}

// Bounds of the metadata.
const (
	metadataKeys  = 32
	metadataKey   = 64
	metadataValue = 512
)

// options are those of the session's client beside the gateway's.
func (s Settings) options() []libwa.Option {
	var options []libwa.Option
	if s.Proxy != "" {
		options = append(options, libwa.WithProxyURL(s.Proxy))
	}
	if s.DeviceName != "" {
		options = append(options, libwa.WithDeviceName(s.DeviceName))
	}
	return options
}

// check refuses what the library does not take, before anything is kept.
func (s Settings) check() error {
	if err := tryOptions("proxy_invalid", Settings{Proxy: s.Proxy}); err != nil {
		return err
	}
	if err := tryOptions("device_name_invalid", Settings{DeviceName: s.DeviceName}); err != nil {
		return err
	}
	if len(s.Metadata) > metadataKeys {
		return refuse(Invalid, "metadata_invalid", "A session has at most 32 entries of metadata.")
	}
	for key, value := range s.Metadata {
		if key == "" || len(key) > metadataKey || len(value) > metadataValue || !utf8.ValidString(key+value) {
			return refuse(Invalid, "metadata_invalid", "A key of the metadata has 1 to 64 bytes, a value at most 512.")
		}
	}
	return nil
}

// tryOptions refuses, for the reason, settings of which the library makes no client.
func tryOptions(reason string, own Settings) error {
	options := own.options()
	if len(options) == 0 {
		return nil
	}
	client, err := libwa.Open(append(options, libwa.WithStoreURL("memory:"))...)
	if err == nil {
		client.Close()
		return nil
	}
	var fault *libwa.Error
	if errors.As(err, &fault) && notTaken(fault.Status) {
		return refuse(Invalid, reason, fault.Text)
	}
	return err
}

// notTaken reports whether a status says that a value, and nothing else, is the fault.
func notTaken(status libwa.Status) bool {
	return status == libwa.ErrBadValue || status == libwa.ErrInvalidArgument || status == libwa.ErrInvalidUTF8
}

// masked returns an address without its password.
func masked(proxy string) string {
	parsed, err := url.Parse(proxy)
	if err != nil {
		return "(set)"
	}
	return parsed.Redacted()
}

// show has the status tell the settings.
func (s Settings) show(status *Status) {
	status.Proxy, status.DeviceName, status.Metadata = "", s.DeviceName, s.Metadata
	if s.Proxy != "" {
		status.Proxy = masked(s.Proxy)
	}
}

// Settings returns what the session has of its own.
func (s *Session) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record.Settings
}

// Change changes what the session has of its own: changed makes the new settings
// of those that are there. One change is made after the other, so that none is
// lost. Another proxy or device name needs another client: the session is closed
// and opened again, as by Restart.
func (s *Session) Change(changed func(Settings) Settings) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	now := s.Settings()
	wanted := changed(now)
	if err := wanted.check(); err != nil {
		return err
	}
	if now.Proxy != wanted.Proxy {
		if err := s.m.checkProxy(wanted.Proxy); err != nil {
			return err
		}
	}
	if now.Proxy == wanted.Proxy && now.DeviceName == wanted.DeviceName {
		if maps.Equal(now.Metadata, wanted.Metadata) {
			return nil
		}
		return s.keep(wanted)
	}
	return s.exclusively(func() error {
		if err := s.keep(wanted); err != nil {
			return err
		}
		s.close()
		return s.reopen()
	})
}

// keep writes settings down, and shows them. A session that is removed meanwhile
// does not come back by that.
func (s *Session) keep(wanted Settings) error {
	// The record is changed before it is written: others write it as it is then.
	s.mu.Lock()
	before := s.record.Settings
	s.record.Settings = wanted
	s.mu.Unlock()
	err := s.m.DB.Batch(func(tx *bbolt.Tx) error {
		s.mu.Lock()
		r, removed := s.record, s.removed
		s.mu.Unlock()
		if removed {
			return errUnknown()
		}
		return store.Put(tx, store.Sessions, []byte(s.id), r)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.record.Settings = before
		return err
	}
	s.set(func(status *Status) { wanted.show(status) })
	return nil
}
