package tests

import (
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/libwa/libwa/examples/go/gateway/internal/tokens"
)

// After whole pairings that went well and badly, with the log at its most
// talkative, no code, no token and no number stands where it should not.
func TestNothingSecretIsWritten(t *testing.T) {
	folder := t.TempDir()
	shop := newToken(t, folder, []tokens.Scope{tokens.Pair})
	g := startIn(t, folder, "--log-level=debug", "--wa=log.level=trace")
	r := newReceiver(t)
	g.register(r)
	phone, number := newPhone(t, nil)
	var codes []string
	codes = append(codes, g.as(shop).do("POST", guidePhone, object{"phoneNumber": number}).want(200).text("data.pairingCode"))
	g.do("POST", guideVerify, object{"phoneNumber": number, "code": "ABCD1234"}).want(200)
	g.as(shop+"x").do("GET", guide+"/status", nil).want(401)
	g.do("POST", guide+"/clear-auth", nil).want(200)
	codes = append(codes, g.link(phone, number))
	made := g.do("POST", "/v1/tokens", object{"name": "made", "scopes": []string{"pair"}}).want(201).text("token")
	g.do("POST", guide+"/clear-auth", nil).want(200)
	qr := g.do("GET", guide+"/qr", nil).want(200).text("data.qrCode")
	g.do("POST", guide+"/clear-auth", nil).want(200)

	response, err := http.Get(g.ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	var audit string
	g.await("the end of the audit", func() bool {
		audit = string(g.do("GET", "/v1/audit?limit=1000", nil).want(200).Body)
		return strings.Count(audit, `"unlink"`) == 3
	})
	events := string(g.do("GET", "/v1/events?limit=1000", nil).want(200).Body)
	for _, outcome := range []string{`"code_issued"`, `"linked"`, `"cancelled"`, `"pair_by_qr"`, `"token_create"`, `"unlink"`} {
		if !strings.Contains(audit, outcome) {
			t.Errorf("the audit does not have %s: %s", outcome, audit)
		}
	}
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	places := map[string]string{"the log": g.logs.String(), "the metrics": string(metrics), "the audit": audit, "the events": events}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", entry.Name(), info.Mode())
		}
		text, err := os.ReadFile(path)
		// libwa's own file is not the gateway's, and is not looked into.
		if entry.Name() == "gateway.db" {
			places[entry.Name()] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(places) != 5 || len(places["the log"]) < 1000 || !strings.Contains(places["the log"], "audit") {
		t.Fatalf("something is missing: %d places", len(places))
	}
	secrets := map[string]string{"a token": shop, "the token": g.token, "a new token": made, "a QR code": qr, "the part of a token": shop[18:]}
	for _, code := range codes {
		secrets["a code "+code] = code
		secrets["a displayed code "+code] = code[:4] + "-" + code[4:]
	}
	for where, text := range places {
		for what, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %s", where, what)
			}
		}
		// Numbers belong to events and to the sessions, not to the others.
		if where == "the log" || where == "the metrics" || where == "the audit" {
			if strings.Contains(text, number[1:]) {
				t.Errorf("%s holds a number", where)
			}
		}
	}
	if masked := number[:3] + "******" + number[len(number)-3:]; !strings.Contains(audit, masked) {
		t.Errorf("the audit does not have the masked number %s: %s", masked, audit)
	}
}
