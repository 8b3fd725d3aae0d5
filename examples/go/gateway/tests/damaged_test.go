package tests

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// breakRecord overwrites the first byte of the first record of a bucket, and gives
// its key.
func breakRecord(t *testing.T, folder string, bucket []byte) (key []byte) {
	t.Helper()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucket).Cursor()
		first, value := c.First()
		for first != nil && bytes.Equal(bucket, store.Meta) && len(value) != 8 {
			first, value = c.Next() // the others are no record of anything that goes on
		}
		if first == nil {
			t.Fatalf("there is nothing in %s", bucket)
		}
		key = bytes.Clone(first)
		return tx.Bucket(bucket).Put(key, append([]byte{'!'}, value[min(1, len(value)):]...))
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// aFullStore makes a data folder that has something in every bucket: sessions, a
// message that waits, a dead letter and a delivery that waits.
func aFullStore(t *testing.T) (folder, number string) {
	t.Helper()
	folder = t.TempDir()
	g := startIn(t, folder, "--webhook-attempts=1")
	g.linked("another", nil)
	_, number = g.linked("shop", nil)
	g.do("POST", "/v1/sessions", object{"id": "gone"}).want(201)
	r := newReceiver(t)
	r.fail(func(int) int { return 500 })
	g.register(r, "message")
	friend, friendly := newPhone(t, nil)
	write(t, friend, number, "given up")
	g.await("a dead letter", func() bool {
		return strings.Contains(g.scrape("/metrics"), "gateway_webhook_dead_letters{webhook=") && g.deadLetters() == 1
	})
	sent := g.do("POST", "/v1/sessions/shop/messages", object{"to": friendly, "text": "before"}, header{"Idempotency-Key", "key"}).want(202)
	g.event("message.sent", "message_id", sent.text("id"))
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder, "--webhook-retry-first=1h", "--webhook-retry-max=1h", "--events-per-session=12")
	g.state("shop", "connected")
	write(t, friend, number, numbered("waits", 9)...)
	g.event("message", "text", "waits 08")
	g.await("a failure", func() bool { return strings.Contains(g.scrape("/metrics"), `outcome="failed"} 1`) })
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	g = startIn(t, folder, "--wa=server.url=ws://127.0.0.1:1", "--webhook-retry-first=1h", "--webhook-retry-max=1h")
	g.do("POST", "/v1/sessions/another/messages", object{"to": friendly, "text": "it waits"}).want(202)
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	return folder, number
}

func (g *gateway) deadLetters() (count int) {
	g.t.Helper()
	for line := range strings.Lines(g.scrape("/metrics")) {
		if strings.HasPrefix(line, "gateway_webhook_dead_letters{") && !strings.HasSuffix(strings.TrimSpace(line), " 0") {
			count++
		}
	}
	return count
}

// A record that cannot be read, whatever it is of, keeps nothing else from being
// done: it is named in the log with what to do, told at readyz and in the figures,
// and set aside as it was, so that the next start finds nothing.
func TestADamagedRecordOfEachBucket(t *testing.T) {
	folder, number := aFullStore(t)
	friend, friendly := newPhone(t, nil)
	// sessions.db goes on: an older copy of it would use keys again.
	path := filepath.Join(folder, "gateway.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		bucket []byte
		told   bool // whether what it holds can be checked
	}{
		"tokens": {store.Tokens, true}, "sessions": {store.Sessions, true}, "events": {store.Events, true}, "audit": {store.Audit, true}, "webhooks": {store.Webhooks, true},
		"queue": {store.Queue, true}, "dead": {store.Dead, true}, "outbox": {store.Outbox, true}, "sent": {store.Sent, true},
		"eventsby": {store.EventsBy, false}, "evicted": {store.Evicted, false}, "meta": {store.Meta, false}, "due": {store.Due, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			key := breakRecord(t, folder, c.bucket)
			g := startNotReady(t, folder, "--webhook-retry-first=1h", "--webhook-retry-max=1h")
			g.state("shop", "connected")
			code, ready := g.readyz()
			told := strings.Contains(g.logs.String(), `"a record of gateway.db is damaged, and was set aside","bucket":"`+name+`"`) &&
				strings.Contains(g.logs.String(), `"remedy":"`)
			if code != http.StatusOK || told != c.told || strings.Contains(ready, "set aside since the start: 1") != c.told || (g.metric("gateway_damaged_records") == 1) != c.told {
				t.Errorf("readyz: %d %s, log: %v", code, ready, told)
			}
			r := newReceiver(t)
			g.register(r, "message")
			text := "behind " + name
			write(t, friend, number, text)
			g.event("message", "text", text)
			g.await("a delivery", func() bool { return len(r.all()) >= 1 })
			sent := g.do("POST", "/v1/sessions/shop/messages", object{"to": friendly, "text": "before"}, header{"Idempotency-Key", "key"}).want(202)
			g.event("message.sent", "message_id", sent.text("id"))
			for _, path := range []string{"/v1/events?limit=1000", "/v1/events?limit=1000&session=shop", "/v1/events?limit=1000&session=another", "/v1/audit?limit=1000", "/v1/webhooks", "/v1/tokens", "/v1/sessions"} {
				g.do("GET", path, nil).want(200)
			}
			if hook := g.failingHook(); hook != "" {
				g.do("GET", "/v1/webhooks/"+hook+"/dead-letters", nil).want(200)
				g.do("POST", "/v1/webhooks/"+hook+"/redeliver", nil).want(202)
			}
			g.do("DELETE", "/v1/sessions/shop/events", nil).want(204)
			if err := g.stop(); err != nil {
				t.Fatal(err)
			}
			if c.told {
				asideHas(t, folder, name, key)
			}
			g = startNotReady(t, folder)
			g.state("shop", "connected")
			if strings.Contains(g.logs.String(), "was set aside") {
				t.Error("it is found again")
			}
			if err := g.stop(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// failingHook gives the id of the first webhook of the list; empty if it is gone.
func (g *gateway) failingHook() string {
	g.t.Helper()
	var list struct {
		Webhooks []struct{ ID, LastError string }
	}
	if err := json.Unmarshal(g.do("GET", "/v1/webhooks", nil).want(200).Body, &list); err != nil {
		g.t.Fatal(err)
	}
	for _, hook := range list.Webhooks {
		if hook.LastError != "" {
			return hook.ID
		}
	}
	return ""
}

// asideHas expects one damaged record, as it was.
func asideHas(t *testing.T, folder, bucket string, key []byte) {
	t.Helper()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		var record store.DamagedRecord
		_, err := store.Get(tx, store.Damaged, store.Number(1), &record)
		if record.Bucket != bucket || !bytes.Equal(record.Key, key) || !bytes.HasPrefix(record.Value, []byte("!")) || record.Error == "" || store.Last(tx, store.Damaged) != 1 {
			t.Errorf("%+v", record)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
