package libwa

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// batch is how many events are brought into a queue at once.
const batch = 500

// fill has events come that nobody waits for: answers to calls.
func fill(b *testing.B, client *Client) {
	b.Helper()
	for range batch {
		request, err := client.start("status", &caller{in: newInbox()}, startCall("session.status", ""))
		if err != nil {
			b.Fatal(err)
		}
		client.forget(request)
	}
}

// drain measures how long it takes to take b.N events.
func drain(b *testing.B, take func(client *Client) bool) {
	client, err := Open()
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	waiting := 0
	b.ReportAllocs()
	b.ResetTimer()
	for taken := 0; taken < b.N; {
		if waiting == 0 {
			b.StopTimer()
			fill(b, client)
			waiting = batch
			b.StartTimer()
		}
		if take(client) {
			taken++
			waiting--
			continue
		}
		// The library is not ready with them yet.
		b.StopTimer()
		time.Sleep(time.Millisecond)
		b.StartTimer()
	}
}

// BenchmarkEventBare is the floor: the call into C that takes an event and
// copies its text.
func BenchmarkEventBare(b *testing.B) {
	drain(b, func(client *Client) bool { return client.queue.poller.poll() == 0 })
}

// BenchmarkEvent is one event from the queue into a Go value.
func BenchmarkEvent(b *testing.B) {
	drain(b, func(client *Client) bool {
		q := client.queue
		if q.poller.poll() != 0 {
			return false
		}
		q.dispatch()
		return q.pop(&q.main) != nil
	})
}

// BenchmarkNext is the same by Next, with its context and its waiting.
func BenchmarkNext(b *testing.B) {
	drain(b, func(client *Client) bool {
		event, err := client.Next(b.Context())
		return err == nil && event != nil
	})
}

// BenchmarkCall is a whole call and its answer, there and back.
func BenchmarkCall(b *testing.B) {
	client, err := Open()
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.SessionStatus(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkThousandClients is a call of each of a thousand clients of one
// fleet, at once; the figure is for one client.
func BenchmarkThousandClients(b *testing.B) {
	const count = 1000
	fleet, err := NewFleet()
	if err != nil {
		b.Fatal(err)
	}
	defer fleet.Close()
	var clients []*Client
	for i := range count {
		client, err := fleet.Open(WithSessionID(fmt.Sprint(i)))
		if err != nil {
			b.Fatal(err)
		}
		clients = append(clients, client)
	}
	b.ReportAllocs()
	for b.Loop() {
		var calls sync.WaitGroup
		for _, client := range clients {
			calls.Add(1)
			go func() {
				defer calls.Done()
				if _, err := client.SessionStatus(b.Context()); err != nil {
					b.Error(err)
				}
			}()
		}
		calls.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/client")
}
