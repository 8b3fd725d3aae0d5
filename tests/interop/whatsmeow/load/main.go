// The whatsmeow host of the benchmarks in tests/benches/messages; host.c there
// says what it does. Its store is SQLite with a write-ahead log and
// synchronous=FULL, so that what it has acknowledged survives as ours does.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"

	interop "github.com/libwa/libwa/tests/interop/whatsmeow"
	_ "github.com/mattn/go-sqlite3"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"
)

// plain sends every request to the simulator, without TLS: as the others of the
// benchmark.
type plain struct{ host string }

func (p plain) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Host, request.URL.Host, request.URL.Scheme = request.URL.Host, p.host, "http"
	return http.DefaultTransport.RoundTrip(request)
}

func main() {
	ctx := context.Background()
	address, err := url.Parse(os.Getenv("WA_URL"))
	check(err)
	check(interop.TrustRoot(os.Getenv("WA_ROOT")))
	file := "file:" + os.Getenv("WA_FOLDER") + "/whatsmeow.db?_foreign_keys=on&_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL"
	container, err := sqlstore.New(ctx, "sqlite3", file, nil)
	check(err)
	device, err := container.GetFirstDevice(ctx)
	check(err)
	client := whatsmeow.NewClient(device, nil)
	client.SetPreLoginHTTPClient(&http.Client{Transport: plain{address.Host}})
	client.SetWebsocketHTTPClient(&http.Client{Transport: plain{address.Host}})

	texts := make(chan struct{}, 1<<20)
	connected := make(chan struct{}, 16)
	client.AddEventHandler(func(event any) {
		switch event := event.(type) {
		case *events.QR:
			fmt.Println("qr", event.Codes[0])
		case *events.Connected:
			connected <- struct{}{}
		case *events.Message:
			if event.Message.GetConversation() != "" && !event.Info.Sender.IsEmpty() {
				texts <- struct{}{}
			}
		}
	})
	check(client.Connect())
	<-connected
	client.Store.PushName = "whatsmeow"
	check(client.SendPresence(ctx, types.PresenceAvailable))
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); fmt.Println("done") {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "receive":
			for range integer(words[1]) {
				<-texts
			}
		case "send":
			send(ctx, client, integer(words[1]), integer(words[2]), words[3:])
		case "offline":
			client.Disconnect()
		case "online":
			check(client.Connect())
		}
	}
	client.Disconnect()
	container.Close()
}

func send(ctx context.Context, client *whatsmeow.Client, count, at int, chats []string) {
	var senders sync.WaitGroup
	for first := range at {
		senders.Go(func() {
			for number := first; number < count; number += at {
				chat, err := types.ParseJID(chats[number%len(chats)])
				check(err)
				text := fmt.Sprintf("#%d a text of thirty-two bytes", number)
				_, err = client.SendMessage(ctx, chat, &waE2E.Message{Conversation: proto.String(text)})
				check(err)
			}
		})
	}
	senders.Wait()
}

func integer(word string) int {
	number, err := strconv.Atoi(word)
	check(err)
	return number
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
