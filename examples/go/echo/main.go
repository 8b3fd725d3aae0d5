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

	for event, err := range client.Events(ctx) {
		if err != nil {
			break // interrupted
		}
		if lost, is := event.(*libwa.Connection); is && lost.IsFinal {
			log.Fatal("Given up: ", lost.Text) // no other attempt is made by itself
		}
		message, is := event.(*libwa.Message)
		if !is || message.Kind != "text" || message.FromMe {
			continue
		}
		if _, err := client.SendText(ctx, message.Chat, message.Text, ""); err != nil {
			log.Print(err)
		}
	}
}
