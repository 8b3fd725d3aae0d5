package interop

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types/events"
)

// sim serves all tests of the package: each uses a number of its own.
var sim *Sim

func TestMain(m *testing.M) {
	var err error
	if sim, err = StartSim(); err == nil {
		err = TrustRoot(sim.RootKey)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	sim.Stop()
	os.Exit(code)
}

func newPhone(t *testing.T, number string, switches Switches) *Phone {
	t.Helper()
	phone, err := sim.NewPhone(number, "Ada", switches)
	if err != nil {
		t.Fatal(err)
	}
	return phone
}

func connect(t *testing.T, peer *Peer) {
	t.Helper()
	if err := peer.Connect(); err != nil {
		t.Fatal(err)
	}
}

// requestCode connects an unpaired peer and asks for a code as whatsmeow's
// documentation says: after the first QR event.
func requestCode(t *testing.T, peer *Peer, number string) string {
	t.Helper()
	connect(t, peer)
	Await[*events.QR](t, peer)
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	code, err := peer.PairPhone(ctx, number, true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func enter(t *testing.T, phone *Phone, code, want string) Outcome {
	t.Helper()
	outcome, err := phone.Enter(code)
	if err != nil || outcome.Outcome != want {
		t.Fatalf("phone says %+v, %v; want %s", outcome, err, want)
	}
	return outcome
}

func scan(t *testing.T, phone *Phone, qr, want string) Outcome {
	t.Helper()
	outcome, err := phone.Scan(qr)
	if err != nil || outcome.Outcome != want {
		t.Fatalf("phone says %+v, %v; want %s", outcome, err, want)
	}
	return outcome
}

// expectLinked checks both sides after a pairing: the peer has paired, come
// back after the restart and logged in; the phone lists exactly this device.
func expectLinked(t *testing.T, peer *Peer, phone *Phone, outcome Outcome) {
	t.Helper()
	paired := Await[*events.PairSuccess](t, peer)
	Await[*events.Connected](t, peer)
	if got := paired.ID.String(); got != outcome.Device {
		t.Errorf("peer is %s, phone linked %s", got, outcome.Device)
	}
	if paired.LID.IsEmpty() || paired.LID.Device != paired.ID.Device {
		t.Errorf("LID %s does not belong to %s", paired.LID, paired.ID)
	}
	if !peer.IsLoggedIn() {
		t.Error("not logged in")
	}
	expectCompanions(t, phone, outcome.Device)
}

func expectCompanions(t *testing.T, phone *Phone, want ...string) {
	t.Helper()
	if err := phone.WaitCompanions(want...); err != nil {
		t.Error(err)
	}
}

// expectAlive proves that the connection carries pings and was never lost.
func expectAlive(t *testing.T, peer *Peer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	for range 3 {
		if answered, _ := peer.DangerousInternals().SendKeepAlive(ctx); !answered {
			t.Fatal("ping not answered")
		}
	}
	if Saw[*events.Disconnected](peer) || Saw[*events.StreamError](peer) || !peer.IsConnected() {
		t.Error("connection was lost")
	}
}

func TestPairByCode(t *testing.T) {
	t.Parallel()
	const number = "15550002001"
	phone, folder := newPhone(t, number, nil), t.TempDir()
	peer := NewPeer(t, sim, folder)
	linked := enter(t, phone, requestCode(t, peer, number), "linked")
	expectLinked(t, peer, phone, linked)
	expectAlive(t, peer)

	// It comes back by itself when the network fails.
	if err := sim.Cut(linked.Device); err != nil {
		t.Fatal(err)
	}
	Await[*events.Disconnected](t, peer)
	Await[*events.Connected](t, peer)
	expectAlive(t, peer)

	// A new process with the same store logs in without pairing.
	peer.Stop()
	again := NewPeer(t, sim, folder)
	connect(t, again)
	Await[*events.Connected](t, again)
	expectAlive(t, again)

	if err := again.Logout(context.Background()); err != nil {
		t.Fatal(err)
	}
	expectCompanions(t, phone)
}

func TestPairByQR(t *testing.T) {
	t.Parallel()
	phone := newPhone(t, "15550002002", nil)
	peer := NewPeer(t, sim, t.TempDir())
	connect(t, peer)
	qr := Await[*events.QR](t, peer)
	if len(qr.Codes) != 6 {
		t.Errorf("%d codes, want 6", len(qr.Codes))
	}
	linked := scan(t, phone, qr.Codes[0], "linked")
	expectLinked(t, peer, phone, linked)
	expectAlive(t, peer)

	if err := phone.UnlinkAll(); err != nil {
		t.Fatal(err)
	}
	if gone := Await[*events.LoggedOut](t, peer); gone.OnConnect {
		t.Error("told at a login, not on the live connection")
	}
	expectCompanions(t, phone)
}

func TestWrongCodeThenRightCode(t *testing.T) {
	t.Parallel()
	const number = "15550002003"
	phone := newPhone(t, number, nil)
	peer := NewPeer(t, sim, t.TempDir())
	code := requestCode(t, peer, number)
	enter(t, phone, "1111-1111", "wrong_code")
	expectCompanions(t, phone)
	linked := enter(t, phone, code, "linked")
	expectLinked(t, peer, phone, linked)
}

// The phone fails once and asks for a QR with a new secret; only that one links.
func TestRefreshedQR(t *testing.T) {
	t.Parallel()
	phone := newPhone(t, "15550002005", Switches{"refresh_on_scan": 1})
	peer := NewPeer(t, sim, t.TempDir())
	connect(t, peer)
	code := Await[*events.QR](t, peer).Codes[0]
	scan(t, phone, code, "refresh_requested")
	rotated := Await[*events.RotateADVSecret](t, peer)
	scan(t, phone, code, "stale_qr")
	renewed := strings.Replace(code, rotated.OldSecret, rotated.NewSecret, 1)
	expectLinked(t, peer, phone, scan(t, phone, renewed, "linked"))
}

func TestUnlinkedWhileOffline(t *testing.T) {
	t.Parallel()
	const number = "15550002004"
	phone, folder := newPhone(t, number, nil), t.TempDir()
	peer := NewPeer(t, sim, folder)
	expectLinked(t, peer, phone, enter(t, phone, requestCode(t, peer, number), "linked"))
	peer.Stop()
	if err := phone.UnlinkAll(); err != nil {
		t.Fatal(err)
	}

	again := NewPeer(t, sim, folder)
	connect(t, again)
	gone := Await[*events.LoggedOut](t, again)
	if !gone.OnConnect || gone.Reason != events.ConnectFailureLoggedOut {
		t.Errorf("logged out with %+v", gone)
	}
}

// A client that trusts WhatsApp's own root must refuse the simulator: the
// tests above do not pass for want of a check.
func TestOtherRootIsRefused(t *testing.T) {
	simulated := whatsmeow.WACertPubKey
	defer func() { whatsmeow.WACertPubKey = simulated }()
	whatsmeow.WACertPubKey[0] ^= 1
	peer := NewPeer(t, sim, t.TempDir())
	err := peer.Connect()
	if err == nil || !strings.Contains(err.Error(), "failed to verify server cert") {
		t.Errorf("connecting to a server with a foreign root: %v", err)
	}
}
