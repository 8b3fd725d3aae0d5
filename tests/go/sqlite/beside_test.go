// Package sqlite tests that a program's own SQLite and the one inside of libwa
// leave each other alone.
package sqlite

import (
	"database/sql"
	"testing"

	"github.com/libwa/libwa/bindings/go"
	sqlite3 "github.com/mattn/go-sqlite3"
)

func TestTwoSQLites(t *testing.T) {
	client, err := libwa.Open(libwa.WithStoreURL("sqlite:" + t.TempDir() + "/sessions.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	database, err := sql.Open("sqlite3", t.TempDir()+"/own.db")
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()

	// JSON is left out of the library's.
	var version string
	var number int
	row := database.QueryRow(`select sqlite_version(), json_extract('{"a":7}', '$.a')`)
	if err := row.Scan(&version, &number); err != nil || number != 7 {
		t.Fatal(number, err)
	}
	if wanted, _, _ := sqlite3.Version(); version != wanted {
		t.Errorf("SQLite %s answers, go-sqlite3 brings %s", version, wanted)
	}
}
