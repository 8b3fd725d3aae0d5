//go:build clients

package clients

import (
	"encoding/json"
	"net/http"
	"testing"
)

// decode makes a request and reads its JSON.
func decode(t testing.TB, request *http.Request, value any) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(value); err != nil {
		t.Fatal(err)
	}
}
