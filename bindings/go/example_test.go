package libwa_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/libwa/libwa/bindings/go"
)

// show stands for the program's own way to its user.
func show(...any) {}

func ExampleOpen() {
	client, err := libwa.Open(
		libwa.WithStoreURL("memory:"),
		libwa.WithDeviceName("My program"),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println("linked:", client.Linked())
	// Output: linked: false
}

func ExampleClient_Pair() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	phone, err := sim.NewPhone(ctx, "15558880001", "Ada", nil)
	if err != nil {
		log.Fatal(err)
	}
	client, err := libwa.Open(sim.Option())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	for step, err := range client.Pair(ctx, "+15558880001") {
		var failed *libwa.Error
		if errors.As(err, &failed) {
			show(failed.UserText, failed.RetryAfter)
			return
		}
		if err != nil {
			log.Fatal(err) // the context ended
		}
		switch step := step.(type) {
		case *libwa.PairingCode:
			show(step.Display, "until", step.ExpiresAt)
			go phone.Enter(ctx, step.Code) // what the user does
		case *libwa.PairingSuccess:
			fmt.Println("linked to", step.Phone)
		case *libwa.Ready:
			fmt.Println("ready")
		}
	}
	// Output:
	// linked to 15558880001
	// ready
}

func ExampleClient_Events() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := libwa.Open(sim.Option())
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Connect(); err != nil {
		log.Fatal(err)
	}
	for event, err := range client.Events(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		switch event := event.(type) {
		case *libwa.Connection:
			if event.State == libwa.ConnectionStateConnected {
				fmt.Println("connected")
				client.Close() // which ends the loop
			}
		case *libwa.LoggedOut:
			show(event.UserText)
		}
	}
	// Output: connected
}

func ExampleRetryAfter() {
	client, err := libwa.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.ServerPing(context.Background())
	if wait, retryable := libwa.RetryAfter(err); retryable {
		show("again in", wait)
	}
	fmt.Println(errors.Is(err, libwa.ErrNotConnected))
	// Output: true
}

func ExampleFleet() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	fleet, err := libwa.NewFleet()
	if err != nil {
		log.Fatal(err)
	}
	defer fleet.Close()
	for _, session := range []string{"ada", "grace"} {
		client, err := fleet.Open(sim.Option(), libwa.WithSessionID(session))
		if err != nil {
			log.Fatal(err)
		}
		if err := client.Connect(); err != nil {
			log.Fatal(err)
		}
	}
	connected := map[string]bool{}
	for event, err := range fleet.Events(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if c, is := event.(*libwa.Connection); is && c.State == libwa.ConnectionStateConnected {
			connected[event.Client().Session()] = true
		}
		if len(connected) == 2 {
			break
		}
	}
	fmt.Println(connected)
	// Output: map[ada:true grace:true]
}
