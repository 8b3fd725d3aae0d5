// The Go host of the benchmarks of messages; ../host.c says what it does.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"

	libwa "github.com/libwa/libwa/bindings/go"
)

func main() {
	ctx := context.Background()
	client, err := libwa.Open(
		libwa.WithStoreURL("sqlite:"+os.Getenv("WA_FOLDER")+"/libwa.db"),
		libwa.WithServerURL(os.Getenv("WA_URL")),
		libwa.WithServerRootKey(os.Getenv("WA_ROOT")),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for step, err := range client.PairQR(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if qr, is := step.(*libwa.PairingQR); is {
			fmt.Println("qr", qr.Payload)
		}
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); fmt.Println("done") {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "receive":
			receive(ctx, client, integer(words[1]))
		case "send":
			send(ctx, client, integer(words[1]), integer(words[2]), words[3:])
		case "offline":
			err = client.Disconnect()
		case "online":
			err = client.Connect()
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

func integer(word string) int {
	number, err := strconv.Atoi(word)
	if err != nil {
		log.Fatal(err)
	}
	return number
}

func receive(ctx context.Context, client *libwa.Client, count int) {
	got := 0
	for event, err := range client.Events(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		text, is := event.(*libwa.Message)
		if is && text.Kind == "text" && text.Text != "" && text.Chat != "" && text.Sender != "" {
			got++
		}
		if got == count {
			event.Ack()
			return
		}
	}
}

// send has goroutines with one message on its way each, and one that takes the
// receipts.
func send(ctx context.Context, client *libwa.Client, count, at int, chats []string) {
	listening, stop := context.WithCancel(ctx)
	var listener, senders sync.WaitGroup
	listener.Go(func() {
		for _, err := range client.Events(listening) {
			if err != nil {
				return
			}
		}
	})
	for first := range at {
		senders.Go(func() {
			for number := first; number < count; number += at {
				text := fmt.Sprintf("#%d a text of thirty-two bytes", number)
				if _, err := client.SendText(ctx, chats[number%len(chats)], text, ""); err != nil {
					log.Fatal(err)
				}
			}
		})
	}
	senders.Wait()
	stop()
	listener.Wait()
}
