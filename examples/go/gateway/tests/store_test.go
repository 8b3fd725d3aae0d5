package tests

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// files gives those of the data folder that begin with a name.
func files(t *testing.T, folder, name string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, name+"*"))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	return found
}

// lose removes files of the data folder that begin with a name.
func lose(t *testing.T, folder, name string) {
	t.Helper()
	for _, path := range files(t, folder, name) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// A store that is damaged as such is not told as damage of each session: the
// gateway is not ready and says why and what to do, and what needs the store is
// refused as what waits for a person. The advice works.
func TestADamagedStore(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	g.linked("default", nil)
	g.linked("shop", nil)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	for _, path := range files(t, folder, "sessions.db") {
		if err := os.WriteFile(path, []byte(strings.Repeat("not a store ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g = startNotReady(t, folder)
	g.await("why it is not ready", func() bool {
		code, text := g.readyz()
		return code == http.StatusServiceUnavailable && strings.Contains(text, "sessions.db") && strings.Contains(text, "pair each session anew")
	})
	for _, id := range []string{"default", "shop"} {
		status := g.state(id, "stopped").is("reason", "store_damaged").is("givenUp", true)
		if !strings.Contains(status.text("detail"), "move sessions.db") || status.text("cause") == "" {
			t.Errorf("%s", status.Body)
		}
		if !strings.Contains(g.scrape("/metrics"), `gateway_session_given_up{session="`+id+`",reason="store_damaged"} 1`) {
			t.Errorf("%s is not in the figures", id)
		}
	}
	if told := strings.Count(g.logs.String(), `"level":"ERROR"`); told != 1 {
		t.Errorf("%d errors are logged:\n%s", told, g.logs)
	}
	g.do("POST", "/v1/sessions", object{"id": "new"}).want(503).is("code", "store_damaged")
	g.do("POST", "/v1/sessions/shop/restart", nil).want(503).is("code", "session_stopped")
	g.do("POST", "/v1/sessions/shop/messages", object{"to": "+15550000001", "text": "x"}).want(503).is("code", "session_stopped")
	g.do("POST", "/v1/sessions/shop/methods/contacts.check", object{"numbers": []string{"+15550000001"}}).want(503).is("code", "session_stopped")
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	// The advice is followed.
	lose(t, folder, "sessions.db")
	g = startNotReady(t, folder)
	for _, id := range []string{"default", "shop"} {
		g.state(id, "unlinked").is("reason", "store_lost")
		phone, number := newPhone(t, nil)
		enter(t, phone, g.pair(id, number), "linked")
		g.state(id, "connected").is("reason", nil).is("cause", nil)
	}
	if code, text := g.readyz(); code != http.StatusOK {
		t.Errorf("%d %s", code, text)
	}
}

// Sessions that were linked and are not in libwa's store any more are told by the
// status, an event, the log, the figures and readyz, until they are paired anew or
// unlinked.
func TestALostStore(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	_, number := g.linked("shop", nil)
	g.do("POST", "/v1/sessions", object{"id": "never"}).want(201)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	lose(t, folder, "sessions.db")
	for range 2 { // it is told after another restart, too
		g = startNotReady(t, folder)
		status := g.state("shop", "unlinked").is("reason", "store_lost").is("phoneNumber", number).is("givenUp", true)
		if status.text("cause") == "" || status.text("detail") == "" || status.text("jid") == "" {
			t.Errorf("%s", status.Body)
		}
		g.state("never", "unlinked").is("reason", nil)
		g.event("session.state", "reason", "store_lost")
		figures := g.scrape("/metrics")
		for _, wanted := range []string{`gateway_session_given_up{session="shop",reason="store_lost"} 1`, `gateway_session_unlinks_total{reason="store_lost"} 1`} {
			if !strings.Contains(figures, wanted) {
				t.Errorf("%s is not in the figures", wanted)
			}
		}
		if code, text := g.readyz(); code != http.StatusServiceUnavailable || !strings.Contains(text, "shop (store_lost)") {
			t.Errorf("%d %s", code, text)
		}
		if !strings.Contains(g.logs.String(), `"level":"ERROR","msg":"the keys of a linked session are lost`) {
			t.Error("it is not in the log")
		}
		if err := g.stop(); err != nil {
			t.Fatal(err)
		}
	}
	g = startNotReady(t, folder)
	g.do("POST", "/v1/sessions/shop/logout", nil).want(200).is("state", "unlinked").is("reason", nil)
	if code, text := g.readyz(); code != http.StatusOK {
		t.Errorf("%d %s", code, text)
	}
}

// A session that its phone has unlinked is not told as lost, and how it ended is
// told after restarts, too.
func TestTheOutcomeIsToldAfterRestarts(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	phone, _ := g.linked("gone", nil)
	if err := phone.UnlinkAll(limited(t)); err != nil {
		t.Fatal(err)
	}
	g.state("gone", "logged_out").is("reason", "logged_out_by_phone")
	_, number := newPhone(t, nil)
	g.do("POST", "/v1/sessions", object{"id": "waiting"}).want(201)
	g.pair("waiting", number)
	for range 3 {
		if err := g.stop(); err != nil {
			t.Fatal(err)
		}
		g = startIn(t, folder)
		g.state("gone", "logged_out").is("reason", "logged_out_by_phone")
		g.state("waiting", "failed").is("reason", "code_lost").is("phoneNumber", number)
	}
	g.do("POST", "/v1/sessions/gone/logout", nil).want(200).is("state", "unlinked").is("reason", nil)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder)
	g.state("gone", "unlinked").is("reason", nil)
}

// Sessions of libwa's store that the gateway does not know, as when gateway.db was
// lost, are told, and nobody gets the account of the former owner: neither who uses
// the name again, nor the session that is always there.
func TestALostGatewayStore(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	_, former := g.linked("default", nil)
	g.linked("shop", nil)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	lose(t, folder, "gateway.db")
	g = startNotReady(t, folder)
	if !strings.Contains(g.logs.String(), `"count":1,"sessions":"shop"`) {
		t.Errorf("it is not in the log:\n%s", g.logs)
	}
	if unknown := g.metric("gateway_sessions_unknown"); unknown != 1 {
		t.Errorf("%v sessions are unknown", unknown)
	}
	g.state("default", "stopped").is("reason", "account_mismatch").is("phoneNumber", nil)
	g.do("POST", "/v1/sessions/default/restart", nil).want(503)
	g.do("POST", "/v1/sessions", object{"id": "shop"}).want(201).is("state", "unlinked").is("phoneNumber", nil)
	g.do("POST", "/v1/sessions/shop/restart", nil).want(200).is("state", "unlinked")
	if unknown := g.metric("gateway_sessions_unknown"); unknown != 0 {
		t.Errorf("%v sessions are unknown", unknown)
	}
	phone, number := newPhone(t, nil)
	enter(t, phone, g.pair("shop", number), "linked")
	g.state("shop", "connected").is("phoneNumber", number)
	g.do("POST", "/v1/sessions/default/logout", nil).want(200).is("state", "unlinked")
	if strings.Contains(string(g.do("GET", "/v1/sessions", nil).want(200).Body), former) {
		t.Error("the former account is shown")
	}
}

// A gateway.db that is older than sessions.db: a session of the same name that
// another owner has linked since is not given to the former one.
func TestAnOlderGatewayStore(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	g.linked("shop", nil)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	older, err := os.ReadFile(filepath.Join(folder, "gateway.db"))
	if err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder)
	g.do("DELETE", "/v1/sessions/shop", nil).want(204)
	g.linked("shop", nil)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "gateway.db"), older, 0o600); err != nil {
		t.Fatal(err)
	}
	g = startNotReady(t, folder)
	g.state("shop", "stopped").is("reason", "account_mismatch")
	g.do("POST", "/v1/sessions/shop/messages", object{"to": "+15550000001", "text": "x"}).want(503).is("code", "session_stopped")
	g.do("DELETE", "/v1/sessions/shop", nil).want(204)
	g.do("POST", "/v1/sessions", object{"id": "shop"}).want(201).is("state", "unlinked")
}

// A gateway.db of a version whose records do not know their accounts is taken over,
// once.
func TestRecordsWithoutAccounts(t *testing.T) {
	folder := t.TempDir()
	g := startIn(t, folder)
	_, number := g.linked("shop", nil)
	_, own := g.linked("default", nil)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	forgetAccounts(t, folder)
	for range 2 {
		g = startIn(t, folder)
		g.state("shop", "connected").is("phoneNumber", number)
		g.state("default", "connected").is("phoneNumber", own)
		if err := g.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// forgetAccounts makes a gateway.db as a version wrote it whose records do not know
// their accounts.
func forgetAccounts(t *testing.T, folder string) {
	t.Helper()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bbolt.Tx) error {
		records := map[string]object{}
		err := tx.Bucket(store.Sessions).ForEach(func(key, value []byte) error {
			var record object
			err := json.Unmarshal(value, &record)
			delete(record, "account")
			records[string(key)] = record
			return err
		})
		if err != nil {
			return err
		}
		for id, record := range records {
			if err := store.Put(tx, store.Sessions, []byte(id), record); err != nil {
				return err
			}
		}
		// The session that is always there had no record before it had settings.
		if err := tx.Bucket(store.Sessions).Delete([]byte("default")); err != nil {
			return err
		}
		return tx.Bucket(store.Meta).Delete([]byte("accounts"))
	})
	if err != nil {
		t.Fatal(err)
	}
}
