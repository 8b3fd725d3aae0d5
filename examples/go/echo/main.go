// Command echo answers every text with the same text. Link its session first,
// with the command pair, and run it in the same folder.
//
//	go run .
package main

import (
	"context"
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
	if _, err := client.WaitReady(ctx); err != nil {
		log.Fatal(err)
	}

	ended := "the client was closed"
	for event, err := range client.Events(ctx) {
		if err != nil {
			return // interrupted
		}
		switch event := event.(type) {
		case *libwa.Connection:
			if event.IsFinal {
				log.Fatal("Given up: ", event.Text) // no other attempt is made by itself
			}
		case *libwa.LoggedOut:
			if !event.Redelivered {
				ended = event.UserText
			}
		case *libwa.Message:
			if event.Kind != "text" || event.FromMe {
				continue
			}
			if _, err := client.SendText(ctx, event.Chat, event.Text, ""); err != nil {
				log.Print(err)
			}
		}
	}
	log.Fatal("The session ended: ", ended)
}
