package api

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	libwa "github.com/libwa/libwa/bindings/go"
	"github.com/libwa/libwa/examples/go/gateway/internal/reference"
	"github.com/libwa/libwa/examples/go/gateway/internal/sessions"
	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// Requests that wait for the same thing are refused with the same refusal.
func TestARefusalIsShared(t *testing.T) {
	refusal := &sessions.Refusal{Kind: sessions.Limited, Reason: "rate_limited", Text: "Later."}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if p := problemOf(refusal); p.Status != 429 || p.RetryAfter != 60 {
				t.Errorf("%+v", p)
			}
		})
	}
	all.Wait()
	if refusal.RetryAfter != 0 {
		t.Error("it was changed")
	}
}

// What the disk, or a session's store, has is told by its own name, whatever the
// text of the error says.
func TestTroubleOfTheDisk(t *testing.T) {
	text := syscall.EIO.Error() + ", " + syscall.ENOSPC.Error()
	for _, c := range []struct {
		err    error
		wanted string
	}{
		{syscall.ENOSPC, "log_full"}, {fmt.Errorf("x: %w", syscall.EROFS), "disk_read_only"}, {syscall.EIO, "disk_failing"},
		{&libwa.Error{Status: libwa.ErrStoreFull, Text: text}, "log_full"}, {&libwa.Error{Status: libwa.ErrStore, Text: text}, "disk_failing"},
		{&libwa.Error{Status: libwa.ErrStoreReadOnly, Text: text}, "disk_read_only"}, {&libwa.Error{Status: libwa.ErrStoreCorrupt, Text: text}, "internal"},
	} {
		if p := problemOf(c.err); p.Code != c.wanted {
			t.Errorf("%v is %s, wanted %s", c.err, p.Code, c.wanted)
		}
	}
}

// Old keys are forgotten, however many there are, and new ones stay.
func TestForgetKeys(t *testing.T) {
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := time.Now()
	const count = 2*forgetLimit + 10
	err = db.Update(func(tx *bbolt.Tx) error {
		for n := range count {
			at := now
			if n%3 != 0 {
				at = now.Add(-time.Hour)
			}
			if err := store.Put(tx, store.Sent, fmt.Appendf(nil, "%06d", n), taken{At: at}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ForgetKeys(db, now.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	db.View(func(tx *bbolt.Tx) error {
		if left := tx.Bucket(store.Sent).Stats().KeyN; left != (count+2)/3 {
			t.Errorf("%d are left", left)
		}
		return nil
	})
}

// Addresses by IPv6 are counted by network: a machine has as many as it likes.
func TestNetwork(t *testing.T) {
	for remote, wanted := range map[string]string{
		"192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64", "": "",
	} {
		if got := network(remote); got != wanted {
			t.Errorf("%s: %s", remote, got)
		}
	}
}

// Every parameter that the library's tables call an address is read as one.
func TestAddressesAreKnown(t *testing.T) {
	tables, err := reference.Read()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, method := range tables.Methods {
		for _, param := range method.Params {
			named := strings.Contains(param.Text, "JID") || strings.Contains(strings.ToLower(param.Text), "phone number")
			if !named || param.Kind != "text" && param.Kind != "array of text" {
				continue
			}
			found++
			if param.Name != "numbers" && !slices.Contains(addresses, param.Name) {
				t.Errorf("%s: %s is no address here: %s", method.Name, param.Name, param.Text)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d addresses", found)
	}
}
