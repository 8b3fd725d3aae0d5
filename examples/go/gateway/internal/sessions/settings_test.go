package sessions

import (
	"fmt"
	"maps"
	"sync"
	"testing"
)

// Changes that are made at once are all made.
func TestChangesAtOnce(t *testing.T) {
	m, _ := newTestManager(t, nil)
	if _, err := m.Create("shop"); err != nil {
		t.Fatal(err)
	}
	s, err := m.Get("shop")
	if err != nil {
		t.Fatal(err)
	}
	const changes = 32
	var all sync.WaitGroup
	for i := range changes {
		all.Go(func() {
			err := s.Change(func(settings Settings) Settings {
				changed := map[string]string{fmt.Sprintf("key-%d", i): "x"}
				maps.Copy(changed, settings.Metadata)
				settings.Metadata = changed
				return settings
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := len(s.Settings().Metadata); got != changes {
		t.Errorf("%d of %d changes were made", got, changes)
	}
	if got := len(s.Status().Metadata); got != changes {
		t.Errorf("%d of %d changes are shown", got, changes)
	}
	records, err := m.records()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.ID == "shop" && len(r.Metadata) != changes {
			t.Errorf("%d of %d changes are kept", len(r.Metadata), changes)
		}
	}
}

// A change that comes too late does not bring a removed session back.
func TestAChangeOfARemovedSession(t *testing.T) {
	m, _ := newTestManager(t, nil)
	if _, err := m.Create("shop"); err != nil {
		t.Fatal(err)
	}
	s, err := m.Get("shop")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Delete(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	err = s.Change(func(settings Settings) Settings {
		settings.Metadata = map[string]string{"k": "x"}
		return settings
	})
	if !refused(err, "session_unknown") {
		t.Errorf("%v", err)
	}
	records, err := m.records()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.ID == "shop" {
			t.Error("it is there again")
		}
	}
}
