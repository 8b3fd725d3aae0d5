package audit

import (
	"log/slog"
	"testing"

	"github.com/libwa/libwa/examples/go/gateway/internal/store"
)

// The last entries are kept, also when fewer are to be than before.
func TestKeep(t *testing.T) {
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, keep := range []int{10, 3} {
		l := Open(db, slog.New(slog.DiscardHandler), keep)
		for range 20 {
			l.Write(Entry{Action: "restart"})
		}
		l.Close()
		entries, err := l.Read(0, 100)
		if err != nil || len(entries) != keep {
			t.Fatalf("%d entries are kept, %v", len(entries), err)
		}
		if newest := entries[keep-1].Number; entries[0].Number != newest-uint64(keep)+1 {
			t.Errorf("they go from %d to %d", entries[0].Number, newest)
		}
	}
}
