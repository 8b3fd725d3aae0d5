// Command pair links this program to the WhatsApp account of a phone number,
// and prints what happens from then on. Run again, it is linked already.
//
//	go run . +15551234567      in a checkout, after cargo build --release
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/libwa/libwa/bindings/go"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client, err := libwa.Open(libwa.WithStoreURL("sqlite:session.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	for step, err := range client.Pair(ctx, os.Args[1]) {
		if err != nil {
			log.Fatal(err)
		}
		switch step := step.(type) {
		case *libwa.PairingCode:
			fmt.Println("Settings > Linked devices > Link with phone number:", step.Display)
		case *libwa.Connection:
			fmt.Println("Not connected:", step.Text)
		case *libwa.Ready:
			fmt.Println("Linked as", step.JID)
		}
	}
	ended := "the client was closed"
	for event, err := range client.Events(ctx) {
		if err != nil {
			return // interrupted
		}
		fmt.Println(event)
		switch event := event.(type) {
		case *libwa.Connection:
			if event.IsFinal {
				log.Fatal("Given up: ", event.Text) // no other attempt is made by itself
			}
		case *libwa.LoggedOut:
			if !event.Redelivered {
				ended = event.UserText
			}
		}
	}
	log.Fatal("The session ended: ", ended)
}
