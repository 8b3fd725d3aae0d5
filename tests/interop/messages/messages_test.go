package messages

import (
	"fmt"
	"os"
	"slices"
	"testing"

	interop "github.com/libwa/libwa/tests/interop/whatsmeow"
)

// sim serves all tests of the package: each uses numbers of its own.
var sim *interop.Sim

func TestMain(m *testing.M) {
	var err error
	// Baileys does not compute the token for people who do not know it.
	if sim, err = interop.StartSim("--no-tokens"); err == nil {
		err = interop.TrustRoot(sim.RootKey)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := audit(); err != nil {
		fmt.Fprintln(os.Stderr, "the ledger of message keys:", err)
		code = 1
	}
	sim.Stop()
	os.Exit(code)
}

// audit reads the ledger of message keys. Who uses one twice is named; for a
// library that promises not to, it is a failure.
func audit() error {
	seen, err := sim.Ciphertexts()
	if err != nil {
		return err
	}
	fmt.Printf("wa-sim took %d messages, %d ciphertexts for devices and %d for groups\n", seen.Messages, seen.Pairwise, seen.Group)
	if seen.Unreadable > 0 {
		return fmt.Errorf("%d unreadable ciphertexts", seen.Unreadable)
	}
	for _, found := range seen.Findings {
		library := libraryOf[userOf(found.Sender)]
		fmt.Printf("%s used message key %d of chain %.16s… twice, in %s\n", library.Name, found.Counter, found.Chain, found.ID)
		if library.NeverReuses {
			err = fmt.Errorf("%s used a message key twice", library.Name)
		}
	}
	return err
}

// libraryOf is the library of each account.
var libraryOf = map[string]Library{}

// phoneOf is the phone of each account.
var phoneOf = map[string]*interop.Phone{}

// lastNumber makes numbers that no other test uses.
var lastNumber = 15550004000

// link makes a phone and links a device of that library to it.
func link(t *testing.T, library Library) Peer {
	t.Helper()
	lastNumber++
	// The phones hold their tongues: whatever is said about a message comes from the libraries.
	phone, err := sim.NewPhone(fmt.Sprint(lastNumber), library.Name, interop.Switches{"silent": true})
	if err == nil {
		err = know(phone)
	}
	if err != nil {
		t.Fatal(err)
	}
	libraryOf[phone.Number()] = library
	phoneOf[phone.Number()] = phone
	return library.Link(t, sim, phone, t.TempDir())
}

// pairs runs a test for every two different libraries, each in both roles.
func pairs(t *testing.T, test func(t *testing.T, a, b Peer)) {
	for _, one := range Libraries {
		for _, other := range Libraries {
			if one.Name != other.Name {
				t.Run(one.Name+" and "+other.Name, func(t *testing.T) { test(t, link(t, one), link(t, other)) })
			}
		}
	}
}

func must[T any](t *testing.T) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// text is sent by one and heard by the others; its reference.
func text(t *testing.T, from Peer, chat, text string, to ...Peer) Ref {
	t.Helper()
	id := must[string](t)(from.SendText(chat, text))
	for _, peer := range to {
		heard(t, peer, "text", from, text)
	}
	return Ref{ID: id, From: from.Number(), Text: text}
}

// heard waits until a peer was told that by another one.
func heard(t *testing.T, peer Peer, kind string, from Peer, text string) Event {
	t.Helper()
	what := fmt.Sprintf("%s %q from %s at %s", kind, text, from.Library(), peer.Library())
	return peer.Events().Take(t, what, func(event Event) bool {
		return event.Kind == kind && event.From == from.Number() && event.Text == text
	})
}

// Two people talk: each text is answered. Nothing is lost, changed or heard twice.
func TestConversation(t *testing.T) {
	const count = 200
	pairs(t, func(t *testing.T, a, b Peer) {
		for n := range count {
			text(t, a, b.Number(), fmt.Sprint("question ", n), b)
			text(t, b, a.Number(), fmt.Sprint("answer ", n), a)
		}
		silent(t, a, b)
	})
}

// silent checks that nobody was told a text that no test has taken.
func silent(t *testing.T, peers ...Peer) {
	t.Helper()
	for _, peer := range peers {
		if more := peer.Events().Texts(func(event Event) bool { return event.From != peer.Number() }); len(more) > 0 {
			t.Errorf("%s heard too much: %q", peer.Library(), more)
		}
	}
}

// Three people, each with another library if there are so many, in one group.
func TestGroup(t *testing.T) {
	const count = 50
	for n, library := range Libraries {
		next := Libraries[(n+1)%len(Libraries)]
		third := Libraries[(n+2)%len(Libraries)]
		t.Run("made by "+library.Name, func(t *testing.T) {
			a, b, c := link(t, library), link(t, next), link(t, third)
			group := must[string](t)(a.CreateGroup("Three", []string{b.Number(), c.Number()}))
			for n := range count {
				for _, from := range []Peer{a, b, c} {
					others := slices.DeleteFunc([]Peer{a, b, c}, func(peer Peer) bool { return peer == from })
					text(t, from, group, fmt.Sprint("to all ", n), others...)
				}
			}
			silent(t, a, b, c)
			// All know the same devices as the server, and hash them as it does.
			for _, peer := range []Peer{a, b, c} {
				if count := must[int](t)(phoneOf[peer.Number()].PhashMismatches()); count > 0 {
					t.Errorf("%d messages of %s were meant for other devices", count, peer.Library())
				}
			}
		})
	}
}

// Everything that is done to a message, one-to-one and in a group.
func TestWhatIsDoneToMessages(t *testing.T) {
	pairs(t, func(t *testing.T, a, b Peer) {
		group := must[string](t)(a.CreateGroup("Two", []string{b.Number()}))
		for _, chats := range []struct{ name, a, b string }{
			{"one-to-one", b.Number(), a.Number()},
			{"group", group, group},
		} {
			t.Run(chats.name, func(t *testing.T) {
				said := text(t, a, chats.a, "said", b)
				about := func(kind, text string) {
					t.Helper()
					if event := heard(t, a, kind, b, text); event.Target != said.ID {
						t.Errorf("%s is about %q, not %q", kind, event.Target, said.ID)
					}
				}
				check(t, b.React(chats.b, "\U0001F44D", said))
				about("reaction", "\U0001F44D")
				check(t, b.React(chats.b, "", said))
				about("reaction", "")
				must[string](t)(b.Quote(chats.b, "quoting", said))
				about("text", "quoting")

				mine := text(t, b, chats.b, "mistake", a)
				check(t, b.Edit(chats.b, "correction", mine))
				if event := heard(t, a, "edit", b, "correction"); event.Target != mine.ID {
					t.Errorf("the edit is about %q, not %q", event.Target, mine.ID)
				}
				check(t, b.Delete(chats.b, mine))
				if event := heard(t, a, "delete", b, ""); event.Target != mine.ID {
					t.Errorf("the deletion is about %q, not %q", event.Target, mine.ID)
				}
			})
		}
	})
}

// A poll, one-to-one and in a group: the other one votes, changes the vote and
// takes it back, then its author votes too. Each reads what the other has chosen.
func TestPolls(t *testing.T) {
	options := []string{"red", "green", "blue \U0001F499"}
	pairs(t, func(t *testing.T, a, b Peer) {
		group := must[string](t)(a.CreateGroup("Two", []string{b.Number()}))
		for _, chats := range []struct{ name, a, b string }{
			{"one-to-one", b.Number(), a.Number()},
			{"group", group, group},
		} {
			t.Run(chats.name, func(t *testing.T) {
				// Each has written before, so that names and sessions are known.
				text(t, a, chats.a, "said", b)
				text(t, b, chats.b, "said", a)
				poll := Ref{ID: must[string](t)(a.Poll(chats.a, "Which?", options)), From: a.Number(), Text: "Which?"}
				heard(t, b, "poll", a, "Which?")
				for _, chosen := range [][]string{options[:1], {options[0], options[2]}, {}} {
					check(t, b.Vote(chats.b, poll, chosen))
					if event := heard(t, a, "vote", b, choice(chosen)); event.Target != poll.ID {
						t.Errorf("the vote is in %q, not %q", event.Target, poll.ID)
					}
				}
				check(t, a.Vote(chats.a, poll, options[1:]))
				heard(t, b, "vote", a, choice(options[1:]))
			})
		}
	})
}

// Who sends learns that it has arrived and that it was read.
func TestReceipts(t *testing.T) {
	pairs(t, func(t *testing.T, a, b Peer) {
		group := must[string](t)(a.CreateGroup("Two", []string{b.Number()}))
		for _, chats := range []struct{ a, b string }{{b.Number(), a.Number()}, {group, group}} {
			said := text(t, a, chats.a, "said", b)
			receipt := func(kind string) {
				t.Helper()
				a.Events().Take(t, kind+" receipt", func(event Event) bool {
					return event.Kind == "receipt" && event.Type == kind && event.ID == said.ID && event.From == b.Number()
				})
			}
			receipt("delivered")
			check(t, b.MarkRead(chats.b, said))
			receipt("read")
		}
	})
}

// A session is lost, on the side that receives or on the side that sends. What is
// sent next arrives all the same, once, and so does the rest.
func TestLostSession(t *testing.T) {
	pairs(t, func(t *testing.T, a, b Peer) {
		talk := func(round string) {
			t.Helper()
			for n := range 3 {
				text(t, a, b.Number(), fmt.Sprint(round, " to and ", n), b)
				text(t, b, a.Number(), fmt.Sprint(round, " fro ", n), a)
			}
		}
		talk("before,")
		check(t, b.ForgetSession(a.Number()))
		talk("lost by the receiver,")
		check(t, a.ForgetSession(b.Number()))
		talk("lost by the sender,")
		group := must[string](t)(a.CreateGroup("Two", []string{b.Number()}))
		text(t, a, group, "group before", b)
		check(t, b.ForgetSession(a.Number()))
		text(t, a, group, "group after", b)
		text(t, b, group, "group answer", a)
		silent(t, a, b)
	})
}

// What is sent while a device is away waits for it.
func TestAway(t *testing.T) {
	const count = 20
	pairs(t, func(t *testing.T, a, b Peer) {
		text(t, a, b.Number(), "before", b)
		text(t, b, a.Number(), "before", a)
		check(t, b.Offline())
		for n := range count {
			text(t, a, b.Number(), fmt.Sprint("waits ", n))
		}
		check(t, b.Online())
		for n := range count {
			event := b.Events().Take(t, "what waited", func(event Event) bool { return event.Kind == "text" && event.From == a.Number() })
			if want := fmt.Sprint("waits ", n); event.Text != want {
				t.Errorf("%q came in place of %q", event.Text, want)
			}
		}
		text(t, b, a.Number(), "after", a)
		silent(t, a, b)
	})
}
